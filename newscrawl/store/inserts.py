"""Collects the rows of new articles, and inserts them table by table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from newscrawl.items import COLUMNS, Page
from newscrawl.store import article_rows
from newscrawl.store.observation import Fields, Observation
from newscrawl.store.raw_pages import page_hash, store_raw_pages


def _insert(table: str, columns: Iterable[str], *, or_: str = "") -> str:
    names = tuple(columns)
    marks = ", ".join("?" * len(names))
    return f"INSERT {or_}INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608


# In an order in which each row finds what it refers to.
_SQL = {
    "articles": _insert(
        "articles",
        ("id", "seq", "first_seq", "first_seen_at", "changed_at", *COLUMNS),
    ),
    "categories": _insert("categories", ("category", "first_seen_at"), or_="OR IGNORE "),
    "article_categories": _insert("article_categories", ("article_id", "category", "origin")),
    "article_tags": _insert("article_tags", ("article_id", "tag")),
    "mentions": _insert("mentions", ("article_id", *article_rows.MENTION_COLUMNS)),
    "images": _insert("images", ("article_id", "position", "url")),
    "observations": _insert("observations", article_rows.OBSERVATION_COLUMNS),
}
_FORGET = "DELETE FROM observations WHERE site = ? AND page_kind = ? AND page_id = ?"


class Inserts:
    """Rows that are gathered article by article, and inserted at once.

    A statement for each table and batch, and not for each article: what SQLite and Python do
    around a statement is half of what it costs to write one article.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _SQL}
        self._pages: dict[str, Page] = {}

    def article(self, article_id: str, row: Fields, *, seq: int, now: str) -> None:
        """Add an article with its sets."""
        into = self._rows
        into["articles"].append((article_id, seq, seq, now, now, *(row[n] for n in COLUMNS)))
        for category in row["categories"] or ():
            into["categories"].append((category, now))
            into["article_categories"].append((article_id, category, "page"))
        into["article_tags"] += [(article_id, tag) for tag in row["tags"] or ()]
        into["mentions"] += [(article_id, *mention) for mention in row["mentions"] or ()]
        into["images"] += [(article_id, *place) for place in enumerate(row["images"] or ())]

    def observation(
        self, article_id: str, said: Observation, row: Fields, evidence: Fields
    ) -> None:
        """Add what one page says; *evidence* gives the columns that are not its fields."""
        self._rows["observations"].append(
            article_rows.observation_row(article_id, said, row, evidence)
        )

    def page(self, page: Page) -> str:
        """Add a page's bytes; return their hash."""
        key = page_hash(page.body)
        self._pages[key] = page
        return key

    def write(self, db: sqlite3.Connection) -> None:
        """Insert all rows."""
        store_raw_pages(db, self._pages)
        # A page that was of another article before is of this one now, the last one. INSERT OR
        # REPLACE says the same, and takes twice as long as both of these.
        said = {row[:3]: row for row in self._rows["observations"]}
        self._rows["observations"] = [*said.values()]
        db.executemany(_FORGET, said)
        for table, sql in _SQL.items():
            if self._rows[table]:
                db.executemany(sql, self._rows[table])
