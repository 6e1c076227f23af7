"""Lists the latest articles, by category, source and day."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from newscrawl.archive.filters import Filters

BEGINNING = 60
"""Characters of a text that stand for a title."""


@dataclass(frozen=True, slots=True)
class Headline:
    """An article in a line."""

    id: str
    published_at: str | None
    source: str | None
    title: str | None
    beginning: str | None = None
    """How the text of an article without a title begins, as of a flash."""


def latest(
    connection: sqlite3.Connection, filters: Filters | None = None, *, limit: int | None = None
) -> Iterator[Headline]:
    """Yield the articles, the latest first; those without a time come last. None yields all.

    :raises BadFilter: a filter names what the archive does not have; at once.
    """
    where, parameters = (filters or Filters()).where(connection)
    rows = connection.execute(
        "SELECT id, published_at, source, title,"  # noqa: S608  constants
        f" CASE WHEN title IS NULL THEN substr(coalesce(summary, body_text), 1, {BEGINNING}) END"
        " FROM articles"
        f" WHERE {where} ORDER BY published_at DESC, seq DESC LIMIT ?",
        (*parameters, -1 if limit is None else limit),
    )
    return (Headline(*row) for row in rows)
