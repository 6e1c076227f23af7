"""Times as people read and write them: stored in UTC, shown in China's, where the news is from."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "+08:00")
"""China time: no summer time since 1991, and the sources begin later."""
NOT_A_DAY = "{!r} is not a valid date; use YYYY-MM-DD, today, yesterday or 3d (three days ago)."
DAYS = {"today": 0, "今天": 0, "yesterday": 1, "昨天": 1}
"""Names of days, and how many days ago they are."""


def read_day(text: str, today: date | None = None) -> date:
    """Return the day that *text* names.

    It is as ``2022-06-13``, ``20220613``, ``2022/6/13``, ``today`` or ``3d`` (ago).

    *today* is that of China, unless it is given.

    :raises ValueError: it does not name a day.
    """
    printed = re.fullmatch(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})", text)
    with suppress(ValueError):  # 2022-02-30
        return date(*map(int, printed.groups())) if printed else date.fromisoformat(text)
    today = today or datetime.now(CHINA).date()
    if text in DAYS:
        return today - timedelta(days=DAYS[text])
    if ago := re.fullmatch(r"([0-9]{1,4})d", text):
        return today - timedelta(days=int(ago[1]))
    raise ValueError(NOT_A_DAY.format(text[:40]))


def in_china(time: str | None) -> str:
    """Return a stored time as it is shown, ``2021-12-28 14:27:35``; "" for None.

    A time of day that is not known is left out: a day stays as it is.
    """
    if not time:
        return ""
    if len(time) > 19 and not time.endswith("+08:00"):
        with suppress(ValueError, OverflowError):  # another program may have written it
            time = datetime.fromisoformat(time).astimezone(CHINA).isoformat()
    return time[:19].replace("T", " ")
