"""Parses printed times without guessing.

All sources print China time, so ``CST`` is China and never US Central, and a time without an offset
is +08:00.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from dateutil import parser as dateutil_parser

from newscrawl.text.china_time import CHINA
from newscrawl.text.evidence import SHIFTED

if TYPE_CHECKING:
    from newscrawl.items import Precision

BUILD_TIME = "section small, which is the time of the site's build: the post's front matter is lost"
"""The *where* of a time that is known to be wrong; read_published never uses it."""

MAX_DAYS_FROM_ID = 3
"""A time further from the id's day is not used (the two were equal in every post read)."""

FUTURE_SLACK = timedelta(hours=1)
"""Clocks differ by minutes; an hour or more means another time zone or a wrong time."""

MAX_CHARACTERS = 100
"""Of a printed time: the longest supported form has half of that, and dateutil is slow."""

_ZONE_PREFIX = re.compile(r"[(\[]\s*GMT\+8,\s*Asia/Shanghai,\s*CST\s*[)\]]\s*")
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]{1,6})?)? ?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
# dateutil reads GMT+8 as POSIX does, as eight hours behind UTC; pages mean eight hours ahead.
_GMT_OFFSET = re.compile(r"(?:GMT|UTC) ?([+-])([0-9]{1,2})(?::?([0-9]{2}))?(?![0-9])")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
# What stands around a time.
_LABELS = "发布时间|发表时间|更新时间|(?:发布|发表|更新|修改)于?|北京时间|时间"
_LABEL = re.compile(rf"(?:{_LABELS}) ?:? ?")
_MODIFIED = re.compile(r" ?[（(]?(?:更新时间|修改|更新).*")
# What follows a clock: the source, how often the page was read.
_BEHIND_CLOCK = re.compile(
    r"(?<=[0-9]:[0-9]{2}) (?![上下凌清早中午傍晚夜深])[（(|/]?[\u4e00-\u9fff].*"
)
_WEEKDAY = re.compile(r" ?[（(]?(?:星期|周)[一二三四五六日天][)）]?")
_CHINESE_CLOCK = re.compile(r"([0-9]{1,2})[时點点]([0-9]{1,2})分?(?:([0-9]{1,2})秒)?")
_BEFORE_NOON = ("凌晨", "清晨", "早上", "早间", "早晨", "上午")
_AFTER_NOON = ("下午", "午后", "傍晚", "晚上", "晚间", "夜间", "深夜")
_PARTS_OF_DAY = "|".join((*_BEFORE_NOON, *_AFTER_NOON, "中午", "午间"))
_PART_OF_DAY = re.compile(rf"({_PARTS_OF_DAY}) ?([0-9]{{1,2}})((?::[0-9]{{2}}){{1,2}})")
_EVENINGS = {"今早": "今天早上", "今晚": "今天晚上", "昨晚": "昨天晚上"}
_AGO = re.compile(r"([0-9]{1,4}) ?(秒钟?|分钟|小时|天)前")
_JUST_NOW, _HALF_AN_HOUR_AGO = ("刚刚", "刚才"), "半小时前"
_MONTH_DAY = re.compile(r"([0-9]{1,2})(?:[-/]([0-9]{1,2})|月([0-9]{1,2})日) ?([0-9:]*)")
_EPOCH = {10: 1, 13: 1_000, 16: 1_000_000}
_YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}")
_RELATIVE_DAYS = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2}

_DATE = (
    r"(?:[0-9]{4}[-/.年] ?[0-9]{1,2}[-/.月] ?[0-9]{1,2}日?|[0-9]{1,2}[-/][0-9]{1,2}"
    r"|[0-9]{1,2}月[0-9]{1,2}日|[今昨前][天日]|[今昨]晚|今早)"
)
_HOURS = (
    rf"(?:(?:{_PARTS_OF_DAY}) ?)?[0-9]{{1,2}}"
    r"(?:[:：][0-9]{2}(?:[:：][0-9]{2})?|[时點点][0-9]{1,2}分?)"
)
_ZONE = r"(?:\.[0-9]{1,6})?(?:Z| ?[+-][0-9]{2}:?[0-9]{2})?"
_BEGINS_AS_TIME = re.compile(
    rf"(?:(?:{_LABELS}) ?[:：]? ?){{0,3}}"
    rf"(?:{_DATE}(?:(?: ?[（(]?(?:星期|周).[）)]?)?[ T]?{_HOURS}{_ZONE})?|{_HOURS}"
    r"|刚[刚才]|半小时前|[0-9]{1,4} ?(?:秒钟?|分钟|小时|天)前)(?=$|[\s（(,，|])"
)


def time_and_rest(text: str) -> tuple[str, str]:
    """Return the time that a text begins with, as printed, and what stands behind it.

    The time is empty where it begins with none: 21:30财经 and 中国青年报 are names.
    """
    match = _BEGINS_AS_TIME.match(text)
    return (match[0], text[match.end() :].strip()) if match else ("", text)


class BadTime(ValueError):
    """A time that cannot be parsed without guessing; the message says what is wrong with it."""

    def __init__(self, raw: str, why: str):
        super().__init__(f"{raw[:80]!r} {why}; use YYYY-MM-DD HH:MM:SS")


class Published(NamedTuple):
    """When an article was published, and how that is known."""

    at: str | None
    """ISO 8601 with +08:00 and whole seconds; None if unknown."""
    raw: str | None
    """What the page printed."""
    precision: Precision | None
    source: str | None
    """Which element printed it, and each inference made."""


def parse_time(
    raw: str, *, day: date | None = None, now: datetime | None = None, zone: tzinfo = CHINA
) -> tuple[datetime, Precision]:
    """Return the time that *raw* prints, in China time, and its precision.

    A time without an offset is in *zone*.

    *day* completes a time of day (``14:27``), *now* (aware) a relative one (``昨天 16:25``). Ten,
    thirteen and sixteen digits are seconds, milliseconds and microseconds since 1970.

    :raises BadTime: the year, month or day is missing or ambiguous, or the time zone is unknown.
    """
    if len(raw) > MAX_CHARACTERS:
        raise BadTime(raw, f"is too long for a time: {len(raw):,} characters")
    text = _bare(" ".join(_ZONE_PREFIX.sub("", raw).split()))
    try:
        at, precision = _parse(text, raw, day, now)
        at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(CHINA)
    except BadTime:
        raise
    except (ValueError, ArithmeticError, OSError, TypeError) as error:
        # dateutil's message quotes the text unescaped.
        raise BadTime(raw, f"is not a time ({str(error)[:80]!r})") from None
    if not 1990 <= at.year <= 2100:
        raise BadTime(raw, f"is in the year {at.year}")
    return at, precision


def _parse(
    text: str, raw: str, day: date | None, now: datetime | None
) -> tuple[datetime, Precision]:
    if match := _ISO.fullmatch(text):
        # Reassembled because fromisoformat allows no space before an offset.
        ymd, clock, seconds, offset = match.groups(default="")
        precision: Precision = "second" if seconds else "minute" if clock else "day"
        return datetime.fromisoformat(f"{ymd}T{clock or '00:00'}{seconds}{offset}"), precision
    if text.isascii() and text.isdigit() and len(text) in _EPOCH:
        since = timedelta(seconds=int(text) // _EPOCH[len(text)])
        return datetime(1970, 1, 1, tzinfo=UTC) + since, "second"
    if text in (*_JUST_NOW, _HALF_AN_HOUR_AGO):
        return _ago(raw, 0 if text in _JUST_NOW else 30, "分钟", now)
    if match := _AGO.fullmatch(text):
        return _ago(raw, int(match[1]), match[2], now)
    if match := _MONTH_DAY.fullmatch(text):
        return _parse(_with_year(raw, match, day), raw, day, now)
    if match := _CLOCK.fullmatch(text):
        if day is None:
            raise BadTime(raw, "has no day")
        return _at_clock(day, match)
    word, rest = text[:2], text[2:].strip()
    match = _CLOCK.fullmatch(rest)
    if word in _RELATIVE_DAYS and (match or not rest):
        if now is None:
            raise BadTime(raw, "is relative to an unknown day")
        meant = now.astimezone(CHINA).date() - timedelta(days=_RELATIVE_DAYS[word])
        return _at_clock(meant, match) if match else (datetime.combine(meant, time(), CHINA), "day")
    return _by_dateutil(text, raw)


def _bare(text: str) -> str:
    """Return a time without what stands around it, its clock as digits and colons."""
    text = _MODIFIED.sub("", text.replace("：", ":")) or text.replace("：", ":")
    while label := _LABEL.match(text):
        text = text[label.end() :]
    for short, whole in _EVENINGS.items():
        text = text.replace(short, whole)
    text = _WEEKDAY.sub("", _CHINESE_CLOCK.sub(_digits, text))
    return _BEHIND_CLOCK.sub("", _PART_OF_DAY.sub(_hour, text)).strip()


def _digits(match: re.Match[str]) -> str:
    return ":".join(f"{int(each):02}" for each in match.groups() if each)


def _hour(match: re.Match[str]) -> str:
    """Return a clock of 24 hours; nothing where it may be of this night or of the next."""
    part, hour, rest = match[1], int(match[2]), match[3]
    is_late = part in _AFTER_NOON and part not in ("下午", "午后")
    if is_late and (hour == 12 or hour < 5):
        return ""
    if (part in _AFTER_NOON and hour < 12) or (part in ("中午", "午间") and hour < 3):
        hour += 12
    return f"{0 if part == '凌晨' and hour == 12 else hour:02}{rest}"


def _ago(raw: str, number: int, unit: str, now: datetime | None) -> tuple[datetime, Precision]:
    if now is None:
        raise BadTime(raw, "is relative to an unknown time")
    if unit == "分钟" or unit.startswith("秒"):
        before = timedelta(minutes=number) if unit == "分钟" else timedelta(seconds=number)
        return (now - before).replace(second=0, microsecond=0), "minute"
    before = timedelta(hours=number) if unit == "小时" else timedelta(days=number)
    day = (now - before).astimezone(CHINA).date()
    return datetime.combine(day, time(), CHINA), "day"


def _with_year(raw: str, match: re.Match[str], day: date | None) -> str:
    """Return a month and a day with the year in which they are nearest to a known day."""
    if day is None:
        raise BadTime(raw, "has no four-digit year")
    month, of_month = int(match[1]), int(match[2] or match[3])
    found = []
    for year in (day.year - 1, day.year, day.year + 1):
        try:
            found.append(date(year, month, of_month))
        except ValueError:  # no such day in that year
            continue
    if not found:
        raise BadTime(raw, "is not a day")
    nearest = min(found, key=lambda each: abs(each - day))
    clock = ":".join(f"{int(each):02}" for each in match[4].split(":") if each)
    return f"{nearest.isoformat()} {clock}".strip()


def _at_clock(day: date, match: re.Match[str]) -> tuple[datetime, Precision]:
    hour, minute, second = match.groups()
    clock = time(int(hour), int(minute), int(second or 0))
    return datetime.combine(day, clock, CHINA), "second" if second else "minute"


def _by_dateutil(text: str, raw: str) -> tuple[datetime, Precision]:
    plain = re.sub(r" ?年 ?| ?月 ?(?=[0-9])", "-", text)
    plain = re.sub(r" ?日 ?", " ", plain).strip()
    plain = _GMT_OFFSET.sub(lambda m: f"{m[1]}{int(m[2]):02}:{m[3] or '00'}", plain)
    if not _YEAR.search(plain):
        raise BadTime(raw, "has no four-digit year")
    # dateutil takes missing parts from its default and may swap day and month: only what two parses
    # with different defaults and orders agree on was printed.
    year_first = _YEAR.match(plain) is not None
    one = dateutil_parser.parse(plain, default=datetime(2000, 1, 1), tzinfos=_zone)
    two = dateutil_parser.parse(
        plain, default=datetime(2003, 2, 2, 1, 1, 1), tzinfos=_zone, dayfirst=not year_first
    )
    if one.date() != two.date():
        raise BadTime(raw, "has no year, month or day, or is ambiguous")
    if one.hour != two.hour:
        return one.replace(hour=0, minute=0, second=0), "day"
    if one.minute != two.minute:
        raise BadTime(raw, "has no minutes")
    return one, "second" if one.second == two.second else "minute"


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    """Return a time zone for dateutil: unlike its own rule, never the machine's and never none."""
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name is None or name == "CST":
        return CHINA
    if name in ("UTC", "GMT", "Z"):
        return UTC
    raise ValueError(f"unknown time zone {name}")


def read_published(
    raw: str | None,
    *,
    where: str | None,
    info_code_date: date | None,
    shift: int | None = None,
    now: datetime,
) -> Published:
    """Return when an article was published, from what its page prints.

    *where* names the element that printed *raw*, and the reason of a shift. *shift* is the number
    of hours to add (-8 for early posts of the mirror, whose China time was taken for UTC). *now*
    (aware) is when the page was fetched.

    A time more than three days from the info code's day, or after *now*, is replaced by that day,
    and ``source`` names both. If that day is in the future as well, the time is unknown.
    """
    if raw is None:
        return _day_of_id(None, info_code_date, "the page prints no time", now)
    try:
        at, precision = parse_time(raw, day=info_code_date, now=now)
    except BadTime as error:
        return _day_of_id(raw, info_code_date, f"not believed: {error}", now)
    source = where or "unknown"
    if shift and precision != "day":
        at += timedelta(hours=shift)
        source += f"{SHIFTED}{shift:+d} hours"
    if where == BUILD_TIME:
        doubt = ""
    elif info_code_date and abs((at.date() - info_code_date).days) > MAX_DAYS_FROM_ID:
        doubt = f", more than {MAX_DAYS_FROM_ID} days from the day in the id"
    elif at > now + FUTURE_SLACK:
        doubt = ", in the future"
    else:
        return Published(at.isoformat(timespec="seconds"), raw, precision, source)
    printed = f"not believed: {at:%Y-%m-%d %H:%M:%S} from {source}{doubt}"
    return _day_of_id(raw, info_code_date, printed, now)


def is_day_to_come(day: date, now: datetime) -> bool:
    """Whether a day in China is in the future, with a day of grace for clocks and early ids."""
    return day > (now + timedelta(days=1)).astimezone(CHINA).date()


def _day_of_id(raw: str | None, day: date | None, why: str, now: datetime) -> Published:
    if day is not None and is_day_to_come(day, now):
        day, why = None, f"{why}; nor is the day in the id, {day}, which is in the future"
    if day is None:
        return Published(None, raw, None, why if raw is not None else None)
    return Published(f"{day.isoformat()}T00:00:00+08:00", raw, "day", f"day in the id ({why})")
