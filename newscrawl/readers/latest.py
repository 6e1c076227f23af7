"""The latest articles, by category, source and day."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Headline:
    """An article in a line."""

    info_code: str
    published_at: str | None
    source: str | None
    title: str | None


class Unknown(ValueError):
    """A filter names what the archive does not have."""

    def __init__(self, what: str, wanted: str, known: list[str]) -> None:
        super().__init__(f"The archive has no {what} {wanted!r}")
        self.what = what
        """``category`` or ``source``."""
        self.wanted = wanted
        self.known = known
        """Those it has, the ones with most articles first."""


def latest(
    connection: sqlite3.Connection,
    *,
    category: str | None = None,
    source: str | None = None,
    since: date | None = None,
    limit: int | None = None,
) -> Iterator[Headline]:
    """Yield the articles, the latest first; those without a time come last.

    *category* is a slug in any case, or the medium's name; *source* the medium as the text names
    it; *since* a day in China; *limit* None yields all.

    :raises Unknown: at once, before the first article.
    """
    conditions: list[str] = []
    parameters: list[str | int] = []
    if category is not None:
        slugs = _slugs(connection, category)
        marks = ", ".join("?" * len(slugs))
        conditions.append(
            "info_code IN (SELECT info_code FROM article_categories"  # noqa: S608  only marks
            f" WHERE category IN ({marks}))"
        )
        parameters += slugs
    if source is not None:
        if source not in (known := sources(connection)):
            raise Unknown("source", source, known)
        conditions.append("source = ?")
        parameters.append(source)
    if since is not None:
        conditions.append("published_at >= ?")
        parameters.append(since.isoformat())
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = connection.execute(
        "SELECT info_code, published_at, source, title FROM articles"  # noqa: S608  constants
        f"{where} ORDER BY published_at DESC, seq DESC LIMIT ?",
        (*parameters, -1 if limit is None else limit),
    )
    return (Headline(*row) for row in rows)


def _slugs(connection: sqlite3.Connection, wanted: str) -> list[str]:
    found = [
        slug
        for (slug,) in connection.execute(
            "SELECT category FROM categories WHERE category = :wanted COLLATE NOCASE"
            " UNION SELECT category FROM category_names WHERE name = :wanted",
            {"wanted": wanted},
        )
    ]
    if not found:
        raise Unknown("category", wanted, categories(connection))
    return found


def sources(connection: sqlite3.Connection) -> list[str]:
    """Return the media that wrote articles, those with most articles first."""
    rows = connection.execute(
        "SELECT source FROM articles WHERE source IS NOT NULL"
        " GROUP BY source ORDER BY count(*) DESC, source"
    )
    return [source for (source,) in rows]


def categories(connection: sqlite3.Connection) -> list[str]:
    """Return the slugs of all categories, those with most articles first."""
    rows = connection.execute(
        "SELECT categories.category FROM categories LEFT JOIN article_categories USING (category)"
        " GROUP BY categories.category ORDER BY count(info_code) DESC, categories.category"
    )
    return [slug for (slug,) in rows]
