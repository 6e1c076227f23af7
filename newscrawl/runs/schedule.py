"""Decides when a stored page is revisited, and when a listing is checked.

The functions are pure, so that the simulation in ``bench/polling.py`` runs what crawls run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from newscrawl.store.clock import utc_now
from newscrawl.store.stored_times import SAID, WRONG, StoredTimes, is_future, shifted

if TYPE_CHECKING:
    from newscrawl.runs.clocks import Clocks
    from newscrawl.store.known import KnownPage
    from newscrawl.store.listings import Listing


@dataclass(frozen=True, slots=True)
class IntervalBounds:
    """The shortest and the longest time between two checks of one listing, in seconds."""

    shortest: float = 300
    longest: float = 43_200


def next_interval(interval: float | None, *, has_news: bool, bounds: IntervalBounds) -> float:
    """Return how long to wait for the next check of a listing, in seconds.

    A check that finds a new article halves the interval, one that finds none adds a half; a new
    listing begins at the shortest. An article that the home page showed first does not count: as
    long as the home page shows everything, checking the listing itself is only a safety net.
    """
    if interval is None:
        return bounds.shortest
    return min(max(interval * (0.5 if has_news else 1.5), bounds.shortest), bounds.longest)


def is_listing_due(checked_at: str | None, interval: float | None, now: str) -> bool:
    """Whether a listing is due: a tenth of its interval early is not too early.

    The runs of a scheduler have jitter; without the tenth every second one would
    find nothing due.
    """
    if checked_at is None or interval is None:
        return True
    waited = _seconds(checked_at, now)
    return waited < 0 or waited >= 0.9 * interval  # below 0: the clock was set back


def is_page_due(observed_at: str, last_seen_at: str, now: str, hours: Sequence[float]) -> bool:
    """Whether a stored page is due for a revisit, *hours* after it first had its present content.

    An article is edited soon or never, so revisits grow rarer, and end. A time that lies in the
    future was written by a wrong clock: when the page was last fetched is not known.
    """
    if is_future(max(observed_at, last_seen_at), now):
        return True
    since = _seconds(observed_at, now) / 3600
    looked = _seconds(observed_at, last_seen_at) / 3600
    return any(looked < each <= since for each in hours)


class Schedule:
    """What is due in a run, by stored times that a wrong clock may have written."""

    def __init__(
        self, began_at: str, times: StoredTimes, clocks: Clocks, revisit_hours: Sequence[float],
        *, revisit: bool,
    ) -> None:  # fmt: skip
        self.began_at = began_at
        """When the run began (UTC)."""
        self.times = times
        """What stored times mean."""
        self._clocks = clocks
        self._revisit_hours = revisit_hours
        self._revisit = revisit

    @property
    def present(self) -> str:
        """The present time: by the servers' clocks where they all contradict ours."""
        difference = self._clocks.difference or 0
        return shifted(utc_now(), difference) if abs(difference) > SAID else utc_now()

    def is_due(self, known: KnownPage) -> bool:
        """Whether a stored page is due for a revisit."""
        is_clock_wrong = abs(self._clocks.difference or 0) > WRONG
        if self._revisit or (self.is_misdated(known) and not is_clock_wrong):
            return True
        first, last = known.shown
        if self.times.spans:
            first, last = self.times.true(first), self.times.true(last)
        return is_page_due(first, last, self.present, self._revisit_hours)

    def is_misdated(self, known: KnownPage) -> bool:
        """Whether a page was last seen by a clock that was wrong."""
        latest = max(known.observed_at, known.last_seen_at)
        is_marked = bool(self.times.spans) and self.times.is_marked(known.last_seen_at)
        return is_marked or is_future(latest, self.present)

    def is_listing_due(self, listing: Listing) -> bool:
        """Whether a listing is due for a check."""
        checked_at = self.times.true(listing.checked_at) if listing.checked_at else None
        return is_listing_due(checked_at, listing.interval, self.present)


def _seconds(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
