"""Tells the few times of the mirror that are eight hours late: posts written without an offset.

The site's build took their China time for UTC. The mirror's script wrote the offset from the
afternoon of its second week on, and rewrote earlier posts with it, so neither the footer nor the
day of a page shows whether its time is late. The article's id does: its last ten digits are a
counter that grows with time, so it is known when the id was given, and in 120 post files read, none
was published more than 25 minutes before or 35 minutes after that. A time that is hours after it is
late, if eight hours less are near it. Nothing else is corrected.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from newscrawl.sites.eastmoney.info_code import date_of_info_code, digits_of
from newscrawl.text.china_time import CHINA
from newscrawl.text.evidence import HOURS_LATE
from newscrawl.text.times import BadTime, parse_time

HOURS = -HOURS_LATE
"""To add to a time that is late."""
REASON = "written without offset: the id was given eight hours before"
REASON_OF_NOTICE = "written without offset: a notice of before 2021-12-08"

_FIRST_OFFSETS = datetime(2021, 12, 8, tzinfo=CHINA)
"""The day on which posts with an offset begin."""
_LAST_WITHOUT = 2_206_970_000
"""Counters of that day from which on each post has an offset: given after 13:15."""
# Two ids of that day whose time is known; in between the line is right to half an hour.
_COUNTER, _GIVEN = 2_206_704_122, _FIRST_OFFSETS.replace(hour=10, minute=19)
_PER_MINUTE = 1_473
_EARLIEST, _LATEST = timedelta(hours=-1), timedelta(hours=4)


def late_reason(article_id: str, printed: str) -> str | None:
    """Return why a page's printed time is eight hours late; None where nothing shows that it is."""
    digits = digits_of(article_id)
    if digits is None and date_of_info_code(article_id) is not None:
        return None
    if digits is not None and not _is_early(digits):
        return None
    try:
        at, _ = parse_time(printed)
    except BadTime:
        return None
    if digits is None:
        return REASON_OF_NOTICE if at < _FIRST_OFFSETS else None
    given = _GIVEN + timedelta(minutes=(int(digits[8:]) - _COUNTER) / _PER_MINUTE)
    return REASON if _EARLIEST <= at + timedelta(hours=HOURS) - given <= _LATEST else None


def _is_early(digits: str) -> bool:
    return digits.startswith("20211208") and int(digits[8:]) < _LAST_WITHOUT
