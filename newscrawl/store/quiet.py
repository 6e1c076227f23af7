"""Finds sources that publish less than usual, by comparison with the same hours of past weeks.

The history is the archive itself: the times at which its articles were published. So it is there
at once if old posts were loaded, and does not depend on when runs took place.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from newscrawl.text.china_time import CHINA

WEEKS = 8
"""Number of past weeks to compare with."""
ENOUGH_WEEKS = 2
"""Minimum number of weeks with articles to judge by."""
ENOUGH_ARTICLES = 10
"""Minimum number of expected articles: if fewer are expected, none is not unusual."""
HOURS = (3, 24)
"""The spans that are judged: a source that stops is seen in hours, a smaller one in a day."""
GRACE = timedelta(hours=1)
"""What was published later than this may not have reached the site yet."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A source, or one category of it, that has published far less than it used to."""

    category: str | None
    """None: all of them together."""
    hours: int
    """The span that was judged."""
    found: int
    expected: float
    """The median of the same hours in the weeks before."""
    weeks: int
    """How many weeks that is the median of."""

    def __str__(self) -> str:
        what = f"the category {self.category}" if self.category else "the source"
        return (
            f"{what} has {self.found} articles of the last {self.hours} hours; in the same hours "
            f"of the last {self.weeks} weeks it had {self.expected:g}"
        )


def find_quiet(db: sqlite3.Connection, now: str, *, share: float) -> list[Quiet]:
    """Return what has published less than *share* of what it used to, the whole source first.

    A source that is quiet as a whole is said once, and not for each of its categories.
    """
    end = datetime.fromisoformat(now) - GRACE
    for hours in HOURS:
        if whole := _far_below(_weeks_of(db, _WHOLE, end, hours), hours, share):
            return whole
    return _far_below(_weeks_of(db, _BY_CATEGORY, end, HOURS[-1]), HOURS[-1], share)


def _far_below(weeks: list[Mapping[str | None, int]], hours: int, share: float) -> list[Quiet]:
    present, *before = weeks
    covered = [week for week in before if week]
    if len(covered) < ENOUGH_WEEKS:
        return []
    found = []
    for category in {name for week in covered for name in week}:
        expected = median(week.get(category, 0) for week in covered)
        here = present.get(category, 0)
        if expected >= ENOUGH_ARTICLES and here < share * expected:
            found.append(Quiet(category, hours, here, expected, len(covered)))
    return sorted(found, key=lambda each: each.expected, reverse=True)


_PUBLISHED = "published_at >= ? AND published_at < ?"
_WHOLE = f"SELECT NULL, count(*) FROM articles WHERE {_PUBLISHED} GROUP BY NULL"  # noqa: S608
_BY_CATEGORY = (
    "SELECT category, count(*) FROM articles JOIN article_categories ON article_id = articles.id"  # noqa: S608
    f" WHERE {_PUBLISHED} GROUP BY category"
)


def _weeks_of(
    db: sqlite3.Connection, sql: str, end: datetime, hours: int
) -> list[Mapping[str | None, int]]:
    """Return the articles of each category in the span, in this week and in each before it."""
    found: list[Mapping[str | None, int]] = []
    for week in range(WEEKS + 1):
        last = end - timedelta(weeks=week)
        span = (_china(last - timedelta(hours=hours)), _china(last))
        found.append(dict(db.execute(sql, span).fetchall()))
    return found


def _china(moment: datetime) -> str:
    return moment.astimezone(CHINA).isoformat(timespec="seconds")
