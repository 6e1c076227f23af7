"""The numbers of the front page."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta

from newscrawl.store.values import moment

DAYS = 30
TOP_SOURCES = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a plot."""

    label: str
    articles: int
    share: int
    """Of the longest bar, in hundredths."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many articles, of which days, by whom."""

    articles: int
    first_day: str | None
    last_day: str | None
    days: list[Bar]
    """The last :data:`DAYS` days up to the newest article, those without articles too."""
    sources: list[Bar]
    """In the same days."""

    @property
    def most(self) -> int:
        """Articles of the day that has most."""
        return max((each.articles for each in self.days), default=0)


def numbers(connection: sqlite3.Connection) -> Numbers:
    """Return the numbers of an archive."""
    articles = connection.execute("SELECT count(seq) FROM articles").fetchone()[0]
    first, last = (
        connection.execute(f"SELECT {which}(published_at) FROM articles").fetchone()[0]  # noqa: S608
        for which in ("min", "max")
    )
    if last is None:
        return Numbers(articles, None, None, [], [])
    newest = moment(last[:10]).date()
    since = (newest - timedelta(days=DAYS - 1)).isoformat()
    return Numbers(
        articles, first[:10], last[:10], _days(connection, since), _sources(connection, since)
    )


def _days(connection: sqlite3.Connection, since: str) -> list[Bar]:
    found = dict(
        connection.execute(
            "SELECT substr(published_at, 1, 10), count(*) FROM articles"
            " WHERE published_at >= ? GROUP BY 1",
            (since,),
        ).fetchall()
    )
    begin = date.fromisoformat(since)
    days = [(begin + timedelta(days=number)).isoformat() for number in range(DAYS)]
    return _bars([(day, found.get(day, 0)) for day in days])


def _sources(connection: sqlite3.Connection, since: str) -> list[Bar]:
    return _bars(
        connection.execute(
            "SELECT source, count(*) FROM articles WHERE published_at >= ? AND source IS NOT NULL"
            " GROUP BY source ORDER BY 2 DESC, 1 LIMIT ?",
            (since, TOP_SOURCES),
        ).fetchall()
    )


def _bars(rows: list[tuple[str, int]]) -> list[Bar]:
    most = max((articles for _, articles in rows), default=0)
    return [
        # What is there is seen, however little it is.
        Bar(label, articles, max(1, articles * 100 // most) if articles else 0)
        for label, articles in rows
    ]
