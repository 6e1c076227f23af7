"""Shows times: stored in UTC, shown in China's, where the news is from."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "+08:00")
"""China time: no summer time since 1991, and the sources begin later."""


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
