"""When to revisit an article that may be edited, and to check a listing that may have news.

Pure functions of times, so that the simulation in ``bench/polling.py`` runs what crawls run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from newscrawl.store.stored_times import is_future
from newscrawl.text.times import CHINA

HOME_SHOWS = 5
"""How many posts of a category the mirror's home page shows at most."""


@dataclass(frozen=True, slots=True)
class IntervalBounds:
    """The shortest and the longest time between two checks of a listing, in seconds."""

    shortest: float = 300
    longest: float = 43_200


def next_interval(interval: float | None, *, has_news: bool, bounds: IntervalBounds) -> float:
    """Return how long to wait for the next check of a listing, in seconds.

    A check that finds a new article halves the interval, one that finds none adds a half;
    a new listing begins at the shortest. News that the home page showed first does not count: as
    long as it shows all of them, the listing itself is only a safety net.
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
    """Whether a stored page is to be asked again, so many *hours* after it first said what it says.

    An article is edited soon or never, so revisits become rarer, and end. A time that lies in the
    future was written by a wrong clock: when the page was looked at is not known.
    """
    if is_future(max(observed_at, last_seen_at), now):
        return True
    since = _seconds(observed_at, now) / 3600
    looked = _seconds(observed_at, last_seen_at) / 3600
    return any(looked < each <= since for each in hours)


def next_try(first: str, now: str, hours: Sequence[float]) -> str | None:
    """Return when to retry what was first requested in vain at *first*; None for never."""
    waited = _seconds(first, now) / 3600
    left = [each for each in hours if each > waited]
    return _utc(datetime.fromisoformat(first) + timedelta(hours=min(left))) if left else None


def forgotten_until(now: str, days: int) -> str:
    """Return the time up to which a mirror has forgotten what it showed (UTC).

    It keeps the posts of so many *days* by their dates in China, and takes its own date from
    UTC (SOURCES.md 5.6).
    """
    first_kept = datetime.fromisoformat(now).astimezone(UTC).date() - timedelta(days=days - 1)
    return _utc(datetime(first_kept.year, first_kept.month, first_kept.day, tzinfo=CHINA))


def forgets_at(checked_at: str, days: int) -> str:
    """Return when a mirror may begin to drop what it published after *checked_at* (UTC)."""
    published: date = datetime.fromisoformat(checked_at).astimezone(CHINA).date()
    dropped = published + timedelta(days=days)
    return _utc(datetime(dropped.year, dropped.month, dropped.day, tzinfo=UTC))


def _seconds(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
