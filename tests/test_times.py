"""newscrawl/text/times.py: China time, never guessed."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newscrawl.text.times import (
    BUILD_TIME,
    CHINA,
    BadTime,
    Published,
    parse_time,
    read_published,
    time_and_rest,
)

DAY = date(2021, 12, 28)
NOW = datetime(2021, 12, 29, 2, 0, tzinfo=UTC)
FULL = "2021-12-28T14:27:35+08:00"

china_times = st.datetimes(
    datetime(1990, 1, 2), datetime(2099, 12, 30), timezones=st.just(CHINA)
).map(lambda at: at.replace(microsecond=0))


@pytest.mark.parametrize(
    ("raw", "at", "precision"),
    [
        ("2021-12-28 14:27:35 +0800", FULL, "second"),
        *(
            (printed, "2021-12-28T09:20:00+08:00", "minute")
            for printed in (
                "发布于 2021-12-28 09:20",
                "发布：2021-12-28 09:20",
                "更新：2021-12-28 09:20",
                "2021-12-28 09:20 更新于 2021-12-28 10:20",
                "北京时间2021-12-28 09:20",
                "发布时间：北京时间 2021-12-28 09:20",
                "2021-12-28 09:20 阅读 123",
                "2021-12-28 09:20 来源：甲",
                "2021-12-28 09:20（修改于12-29）",
                "2021年12月28日 星期二 上午09：20",
                "更新于2021-12-28 09:20",
            )
        ),
        ("2021-12-28 凌晨12:20", "2021-12-28T00:20:00+08:00", "minute"),
        ("2021-12-28 凌晨1:20", "2021-12-28T01:20:00+08:00", "minute"),
        ("2021-12-28 中午12:20", "2021-12-28T12:20:00+08:00", "minute"),
        ("2021-12-28 下午12:20", "2021-12-28T12:20:00+08:00", "minute"),
        ("2021-12-28 晚间8:20", "2021-12-28T20:20:00+08:00", "minute"),
        ("2021-12-28 傍晚6:20:30", "2021-12-28T18:20:30+08:00", "second"),
        # Of this night, or of the next.
        ("2021-12-28 晚上12:20", "2021-12-28T00:00:00+08:00", "day"),
        ("2021-12-28 深夜1:20", "2021-12-28T00:00:00+08:00", "day"),
        ("2021-12-28T14:27:35+08:00", FULL, "second"),
        ("2021-12-28T06:27:35Z", FULL, "second"),
        ("2021-12-28T06:27:35.250Z", "2021-12-28T14:27:35.250000+08:00", "second"),
        ("2021-12-28 14:27:35", FULL, "second"),
        ("(GMT+8, Asia/Shanghai, CST) 2021-12-28 14:27:35", FULL, "second"),
        ("[GMT+8, Asia/Shanghai, CST] 2021-12-28 14:27:35\N{NO-BREAK SPACE}", FULL, "second"),
        ("2021-12-28 14:27", "2021-12-28T14:27:00+08:00", "minute"),
        ("2021-12-28", "2021-12-28T00:00:00+08:00", "day"),
        ("2021年12月28日 14:27", "2021-12-28T14:27:00+08:00", "minute"),
        ("2021年1月8日 09:05:01", "2021-01-08T09:05:01+08:00", "second"),
        ("2021年12月28日", "2021-12-28T00:00:00+08:00", "day"),
        ("14:27", "2021-12-28T14:27:00+08:00", "minute"),
        ("今天 08:25", "2021-12-29T08:25:00+08:00", "minute"),
        ("昨天 16:25:03", "2021-12-28T16:25:03+08:00", "second"),
        ("1640672855000", FULL, "second"),
        ("1640672855", FULL, "second"),
        ("20211228142735", FULL, "second"),
        ("Tue, 28 Dec 2021 14:27:35 CST", FULL, "second"),
        ("Tue, 28 Dec 2021 06:27:35 GMT", FULL, "second"),
        ("2021/12/28 14:27:35 GMT+8", FULL, "second"),
        ("2021/12/28 01:27:35 -0500", FULL, "second"),
    ],
)
def test_parse(raw: str, at: str, precision: str) -> None:
    found, found_precision = parse_time(raw, day=DAY, now=NOW)
    assert (found.isoformat(), found_precision) == (at, precision)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "no four-digit year"),
        ("+0800", "no four-digit year"),
        ("14:27", "has no day"),
        ("昨天 16:25", "unknown day"),
        ("12-28 14:27", "no four-digit year"),
        ("21-12-28", "no four-digit year"),
        ("28 December", "no four-digit year"),
        ("Dec 2021", "is ambiguous"),
        ("2021-12", "is ambiguous"),
        ("2021", "is ambiguous"),
        ("01/02/2021 10:00", "is ambiguous"),
        ("2021-12-28 14", "has no minutes"),
        ("2021-02-30", "not a time"),
        ("2021-12-28 25:00", "not a time"),
        ("2021-12-28 14:27:35 PST", "unknown time zone PST"),
        ("9999999999999", "year"),
        ("0021-12-28", "year"),
        ("刚刚 2021", "not a time"),
    ],
)
def test_parse_guesses_nothing(raw: str, why: str) -> None:
    with pytest.raises(BadTime, match=why):
        parse_time(raw)


@given(st.text() | st.text("0123456789-:/., 年月日今天昨上午TZ+CSGMAPDec"))
def test_any_text_gives_china_time_or_bad_time(raw: str) -> None:
    try:
        at, _ = parse_time(raw, day=DAY, now=NOW)
    except BadTime:
        return
    assert at.utcoffset() == timedelta(hours=8)


@given(china_times, st.integers(-12, 14))
def test_every_offset_round_trips(at: datetime, offset: int) -> None:
    elsewhere = at.astimezone(timezone(timedelta(hours=offset)))
    assert parse_time(elsewhere.isoformat()) == (at, "second")
    assert parse_time(f"{at:%Y-%m-%d %H:%M:%S}") == (at, "second")
    assert parse_time(f"{at:%Y年%m月%d日 %H:%M}") == (at.replace(second=0), "minute")
    assert parse_time(f"{at:%a, %d %b %Y %H:%M:%S} CST") == (at, "second")


@pytest.mark.parametrize("zone", ["UTC", "America/Chicago", "Asia/Tokyo"])
def test_the_machines_zone_does_not_matter(zone: str) -> None:
    code = (
        "from newscrawl.text import times;"
        "print(*(times.parse_time(raw)[0].isoformat() for raw in ("
        "'2021-12-28 14:27:35', 'Tue, 28 Dec 2021 14:27:35 CST', '1640672855000')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [FULL] * 3


@pytest.mark.parametrize(
    ("given_", "at", "precision", "source"),
    [
        ({"raw": "2021-12-28 14:27:35"}, FULL, "second", "section small"),
        (
            {"raw": "2021-12-28 22:27:35", "shift": -8, "where": "section small, no footer"},
            FULL,
            "second",
            "section small, no footer; shifted by -8 hours",
        ),
        ({"raw": "14:27"}, "2021-12-28T14:27:00+08:00", "minute", "section small"),
        ({"raw": "2021-12-28", "shift": -8}, "2021-12-28T00:00:00+08:00", "day", "section small"),
        (
            {"raw": "2021-12-31 23:59:59", "now": NOW + timedelta(days=9)},
            "2021-12-31T23:59:59+08:00",
            "second",
            "section small",
        ),
        (
            {"raw": "2022-01-01 00:00:00", "now": NOW + timedelta(days=9)},
            "2021-12-28T00:00:00+08:00",
            "day",
            "day in the id (not believed: 2022-01-01 00:00:00 from section small, "
            "more than 3 days from the day in the id)",
        ),
        (
            {"raw": "2021-12-29 11:30:00"},
            "2021-12-28T00:00:00+08:00",
            "day",
            "day in the id (not believed: 2021-12-29 11:30:00 from section small, in the future)",
        ),
        ({"raw": "2021-12-29 10:59:00"}, "2021-12-29T10:59:00+08:00", "second", "section small"),
        (
            {"raw": "2021-12-28 14:27:35", "where": BUILD_TIME},
            "2021-12-28T00:00:00+08:00",
            "day",
            f"day in the id (not believed: 2021-12-28 14:27:35 from {BUILD_TIME})",
        ),
        (
            {"raw": "soon"},
            "2021-12-28T00:00:00+08:00",
            "day",
            "day in the id (not believed: 'soon' has no four-digit year; use YYYY-MM-DD HH:MM:SS)",
        ),
        (
            {"raw": None},
            "2021-12-28T00:00:00+08:00",
            "day",
            "day in the id (the page prints no time)",
        ),
        ({"raw": None, "info_code_date": None}, None, None, None),
        (
            {"raw": "2019-01-01 10:00", "info_code_date": None},
            "2019-01-01T10:00:00+08:00",
            "minute",
            "section small",
        ),
        (
            {"raw": "2031-01-01 10:00", "info_code_date": None},
            None,
            None,
            "not believed: 2031-01-01 10:00:00 from section small, in the future",
        ),
    ],
)
def test_published(
    given_: dict[str, object], at: str | None, precision: str | None, source: str | None
) -> None:
    arguments = {"where": "section small", "info_code_date": DAY, "now": NOW, **given_}
    found = read_published(**arguments)  # type: ignore[arg-type]
    assert found == Published(at, given_["raw"], precision, source)  # type: ignore[arg-type]


@given(st.none() | st.text() | china_times.map(str), st.dates(date(2000, 1, 1)) | st.none())
def test_published_always_answers(raw: str | None, day: date | None) -> None:
    found = read_published(raw, where="x", info_code_date=day, now=NOW)
    assert found.raw == raw
    assert (found.at is None) == (found.precision is None)
    if found.at is not None:
        assert found.at.endswith("+08:00")
        assert len(found.at) == len(FULL)
        assert found.source
        assert (
            datetime.fromisoformat(found.at) <= NOW + timedelta(hours=1) or found.precision == "day"
        )


@pytest.mark.parametrize(
    ("raw", "at", "precision"),
    [
        ("11-25 09:20", "2026-11-25T09:20:00+08:00", "minute"),
        ("11月25日 09:20", "2026-11-25T09:20:00+08:00", "minute"),
        ("11月25日09:20:05", "2026-11-25T09:20:05+08:00", "second"),
        ("12-31 23:59", "2025-12-31T23:59:00+08:00", "minute"),
        ("11月25日", "2026-11-25T00:00:00+08:00", "day"),
        ("下午2:20", "2026-11-25T14:20:00+08:00", "minute"),
        ("上午9:05", "2026-11-25T09:05:00+08:00", "minute"),
        ("中午12:30", "2026-11-25T12:30:00+08:00", "minute"),
        ("晚上11:10", "2026-11-25T23:10:00+08:00", "minute"),
        ("凌晨0:10", "2026-11-25T00:10:00+08:00", "minute"),
        ("2026年11月25日 下午2:20", "2026-11-25T14:20:00+08:00", "minute"),
        ("发布时间：2026-11-25 09:20", "2026-11-25T09:20:00+08:00", "minute"),
        (
            "发布时间: 2026-11-25 09:20 修改于 2026-11-25 11:00",
            "2026-11-25T09:20:00+08:00",
            "minute",
        ),
        ("修改于2026-11-25 11:00", "2026-11-25T11:00:00+08:00", "minute"),
        ("09时20分", "2026-11-25T09:20:00+08:00", "minute"),
        ("2026年11月25日09时20分30秒", "2026-11-25T09:20:30+08:00", "second"),
        ("09：20", "2026-11-25T09:20:00+08:00", "minute"),
        ("2026-11-25 09:20 星期三", "2026-11-25T09:20:00+08:00", "minute"),
        ("2026年11月25日（星期三）09:20", "2026-11-25T09:20:00+08:00", "minute"),
        ("24分钟前", "2026-11-25T13:36:00+08:00", "minute"),
        ("3小时前", "2026-11-25T00:00:00+08:00", "day"),
    ],
)
def test_times_that_lists_and_public_pages_print(raw: str, at: str, precision: str) -> None:
    day = date(2026, 1, 2) if raw.startswith("12-31") else date(2026, 11, 25)
    now = datetime(2026, 11, 25, 14, 0, 30, tzinfo=CHINA)
    found, how = parse_time(raw, day=day, now=now)
    assert (found.isoformat(), how) == (at, precision)


@pytest.mark.parametrize("raw", ["11-25 09:20", "24分钟前", "02-30 09:20", "13月1日 09:20"])
def test_times_that_need_more_than_they_print(raw: str) -> None:
    day = date(2026, 11, 25) if raw[:2] in ("02", "13") else None
    with pytest.raises(BadTime):
        parse_time(raw, day=day)


@pytest.mark.parametrize(
    ("raw", "at", "precision"),
    [
        ("12/28 09:20", "2021-12-28T09:20:00+08:00", "minute"),
        ("12月28日晚间8:20", "2021-12-28T20:20:00+08:00", "minute"),
        ("晚间8:20", "2021-12-28T20:20:00+08:00", "minute"),
        ("刚刚", "2021-12-29T10:00:00+08:00", "minute"),
        ("30秒前", "2021-12-29T09:59:00+08:00", "minute"),
        ("半小时前", "2021-12-29T09:30:00+08:00", "minute"),
        ("3天前", "2021-12-26T00:00:00+08:00", "day"),
        ("昨天", "2021-12-28T00:00:00+08:00", "day"),
        ("昨晚8:20", "2021-12-28T20:20:00+08:00", "minute"),
    ],
)
def test_times_that_need_a_day(raw: str, at: str, precision: str) -> None:
    found, found_precision = parse_time(raw, day=DAY, now=NOW)
    assert (found.isoformat(), found_precision) == (at, precision)


@pytest.mark.parametrize("text", ["", "21:30财经", "3月7日文化", "中国青年报", "来源：2021-12-28"])
def test_names_are_not_times(text: str) -> None:
    assert time_and_rest(text) == ("", text)


@pytest.mark.parametrize(
    ("text", "time", "rest"),
    [
        ("2021-12-28 09:20 来源：财联社", "2021-12-28 09:20", "来源：财联社"),
        ("2021-12-28T09:20:35Z", "2021-12-28T09:20:35Z", ""),
        ("发布时间：12月28日（周二） 上午9时20分", "发布时间：12月28日（周二） 上午9时20分", ""),
        ("24分钟前（修改于12-29）", "24分钟前", "（修改于12-29）"),
    ],
)
def test_a_time_and_what_stands_behind_it(text: str, time: str, rest: str) -> None:
    assert time_and_rest(text) == (time, rest)
