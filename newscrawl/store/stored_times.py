"""Corrects stored times that were written by a wrong clock."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from typing import NamedTuple

from newscrawl.text.times import FUTURE_SLACK

SAID = 600
"""Seconds of difference that are said; less is the usual drift, and an answer on its way."""
WRONG = 86_400
"""Seconds of difference from which on a run is degraded: its times are of another day."""
_LONGEST = timedelta(days=1)
"""How long a run lasts at most (CLOSESPIDER_TIMEOUT); of one that was killed no end is known, and
the end of one in which the clock was set right is wrong."""


class Span(NamedTuple):
    """The time that a run's clock showed while it was wrong."""

    begin: str
    run: int
    end: str
    difference: int
    """Seconds to add."""


class StoredTimes:
    """Puts the times right that a wrong clock has written, as far as the servers' clocks told."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Read which runs had a wrong clock."""
        rows = db.execute(
            "SELECT id, started_at, ended_at, clock_difference FROM runs"
            " WHERE abs(clock_difference) > ?",
            (WRONG,),
        )
        self.spans = sorted(_span(*row) for row in rows)

    def is_marked(self, time: str) -> bool:
        """Whether a time was written by a wrong clock, or may have been."""
        return self._span(time) is not None

    def true(self, time: str) -> str:
        """Return what a stored time means."""
        span = self._span(time)
        return shifted(time, span.difference) if span else time

    def _span(self, time: str) -> Span | None:
        """Return the span that has a time; of several, that of the last run.

        A machine without a clock of its own is in 1970 after each start, and a listing's last
        check was written by the last run of that time.
        """
        if not self.spans:
            return None
        # By bisection: a clock may have been wrong in thousands of runs.
        first = bisect_left(self.spans, shifted(time, -_LONGEST.total_seconds()), key=_begin)
        last = bisect_right(self.spans, time, key=_begin)
        found = (span for span in self.spans[first:last] if time <= span.end)
        return max(found, key=lambda span: span.run, default=None)


def _begin(span: Span) -> str:
    return span.begin


def _span(run: int, started_at: str, ended_at: str | None, difference: int) -> Span:
    latest = shifted(started_at, _LONGEST.total_seconds())
    is_end = ended_at is not None and started_at <= ended_at <= latest
    return Span(started_at, run, ended_at if is_end and ended_at else latest, difference)


def shifted(time: str, seconds: float) -> str:
    """Return a time so many seconds later; unchanged if the result is out of range."""
    try:
        moment = datetime.fromisoformat(time) + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return time
    return moment.isoformat(timespec="seconds")


def is_future(time: str, now: str) -> bool:
    """Whether a time lies in the future: then a clock was wrong, this one's or an earlier one's."""
    return time > now and time > present_at_most(now)


def present_at_most(now: str) -> str:
    """Return the latest time that does not yet lie in the future: clocks differ a little."""
    return shifted(now, FUTURE_SLACK.total_seconds())
