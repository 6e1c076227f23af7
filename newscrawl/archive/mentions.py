"""Counts the articles that mention securities, day by day."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from newscrawl.archive.filters import Filters, several
from newscrawl.archive.plots import days_of, within
from newscrawl.archive.securities import find_securities
from newscrawl.sites.eastmoney.security_codes import meanings

MOST = 6
"""Securities that are shown where none is named: those that most articles mention."""


@dataclass(frozen=True, slots=True)
class Mentioned:
    """How many articles mention one security on each day, in China."""

    security: str
    """Market and code, ``1.600519``."""
    name: str
    """The name that it was last seen under; it may be empty."""
    days: dict[str, int]
    """Articles by day; days without any are among them."""

    @property
    def articles(self) -> int:
        """Articles of all days."""
        return sum(self.days.values())

    @property
    def label(self) -> str:
        """Name and code, as a person reads it."""
        return f"{self.name} {self.security}".strip()


def mentions_by_day(connection: sqlite3.Connection, filters: Filters) -> list[Mentioned]:
    """Return the securities of the filters, or of their rules, with their articles of each day.

    Where none is named, those that are mentioned most. Days are those of
    :func:`newscrawl.archive.plots.days_of`.

    :raises BadFilter: a filter names what the archive does not have.
    """
    days = days_of(connection, filters)
    if not days:
        return []
    filters = within(filters, days)
    wanted = _wanted(connection, filters)
    counts = {each: dict.fromkeys((day.isoformat() for day in days), 0) for each in wanted}
    for day, market, code, articles in _counted(connection, filters, wanted):
        counts[market, code][day] = articles
    return [
        Mentioned(".".join(each).lstrip("."), _name(connection, each), counts[each])
        for each in wanted
    ]


def _wanted(connection: sqlite3.Connection, filters: Filters) -> list[tuple[str, str]]:
    """Return market and code of the securities that are counted, each once, in the order given."""
    names = [
        *several(filters.security),
        *(name for rule in filters.rules for name in several(rule.security)),
    ]
    if names:
        found = [find_securities(connection, name) or meanings(name)[:1] for name in names]
        return list(dict.fromkeys(pair for pairs in found for pair in pairs))
    where, parameters = filters.where(connection)
    rows = connection.execute(
        "SELECT market, code FROM mentions JOIN articles ON id = article_id"  # noqa: S608  constants and marks
        f" WHERE {where} GROUP BY market, code ORDER BY count(DISTINCT id) DESC, market, code"
        f" LIMIT {MOST}",
        parameters,
    )
    return [(market, code) for market, code in rows]


def _counted(
    connection: sqlite3.Connection, filters: Filters, wanted: Sequence[tuple[str, str]]
) -> list[tuple[str, str, str, int]]:
    """Return day, market, code and the number of articles, where there are any."""
    if not wanted:
        return []
    where, parameters = filters.where(connection)
    origins = several(filters.mention_origin)
    marks = ", ".join("(?, ?)" for _ in wanted)
    origin = f"origin IN ({', '.join('?' * len(origins))})" if origins else "true"
    return connection.execute(
        "SELECT substr(published_at, 1, 10), market, code, count(DISTINCT id)"  # noqa: S608  constants and marks
        " FROM mentions JOIN articles ON id = article_id"
        f" WHERE (market, code) IN (VALUES {marks}) AND {origin} AND {where} GROUP BY 1, 2, 3",
        [*(part for each in wanted for part in each), *origins, *parameters],
    ).fetchall()


def _name(connection: sqlite3.Connection, security: tuple[str, str]) -> str:
    sql = "SELECT max(name) FROM mentions WHERE market = ? AND code = ?"
    return connection.execute(sql, security).fetchone()[0] or ""
