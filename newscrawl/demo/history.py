"""The past of a demo: moments at which the sample site is crawled, and a clock that shows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from newscrawl.demo.site import SampleSite
from newscrawl.store import clock
from newscrawl.text.china_time import CHINA

HOURS_BEFORE = (60, 24, 6)
"""When the site was crawled before its end: articles are found at different delays, and those that
were corrected in between are revisited."""


def end_of(day: date | None) -> datetime:
    """Return the end of a day in China; without one, the last full hour."""
    if day is None:
        return clock.clock().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(days=1)


def moments_before_end(site: SampleSite) -> list[datetime]:
    """Return when the site is crawled before its end, the earliest first: it has articles then."""
    first = site.published(site.numbers[0])
    moments = (site.end.astimezone(CHINA) - timedelta(hours=hours) for hours in HOURS_BEFORE)
    return [each for each in moments if each >= first]


@contextmanager
def clock_at(moment: datetime | None) -> Iterator[None]:
    """Stop the clock at a moment meanwhile; without one, leave it as it is."""
    kept = clock.clock
    if moment is not None:
        stopped = moment.astimezone(UTC)
        clock.clock = lambda: stopped
    try:
        yield
    finally:
        clock.clock = kept
