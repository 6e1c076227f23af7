"""Iterates over complete articles, for exports and programs, in constant memory."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from newscrawl.archive.article_row import COLUMNS, ArticleRow
from newscrawl.archive.filters import Filters
from newscrawl.items import Mention
from newscrawl.store.errors import Unexpected
from newscrawl.store.values import moment

BATCH = 500
"""Articles read in one transaction: each is whole, and no run waits for its reader."""
LARGE = 64 << 20
"""Characters of texts after which a transaction ends before it has so many."""
MOST = 1_000_000
"""Categories, tags, mentions or images of the articles of one transaction; they have some 2,000."""


@dataclass(frozen=True, slots=True)
class Record(ArticleRow):
    """An article with all that belongs to it; names are those of the tables' columns."""

    categories: list[str]
    tags: list[str]
    mentions: list[Mention]
    images: list[str]

    @property
    def published(self) -> datetime | None:
        """When it was published, with its offset."""
        return None if self.published_at is None else moment(self.published_at)

    def as_dict(self) -> dict[str, Any]:
        """Return the columns and sets by name, mentions as dicts; several times asdict's speed."""
        row = {name: getattr(self, name) for name in NAMES}
        row["mentions"] = [
            {name: getattr(each, name) for name in each.__slots__} for each in self.mentions
        ]
        return row


NAMES = tuple(each.name for each in fields(Record))
"""Columns and sets, in order."""


def changes(
    connection: sqlite3.Connection, filters: Filters | None = None, *, after_seq: int = 0,
    article_ids: Collection[str] | None = None,
) -> Iterator[Record]:  # fmt: skip
    """Yield the articles that were inserted or changed after *after_seq*, in that order.

    Remember the ``seq`` of the last one, and the next call goes on from there: each article comes
    in its latest state. One that changes while it is read may come twice. *article_ids* are those
    wanted; all where it is None.

    :raises BadFilter: a filter names what the archive does not have; at once.
    """
    where, parameters = _where(connection, filters, article_ids)
    return _batches(connection, where, parameters, after_seq)


def extent(
    connection: sqlite3.Connection, filters: Filters | None = None, *, after_seq: int = 0,
    article_ids: Collection[str] | None = None,
) -> tuple[int, str | None]:  # fmt: skip
    """Return how many articles :func:`changes` would yield now, and when the last of them changed.

    :raises BadFilter: a filter names what the archive does not have.
    """
    where, parameters = _where(connection, filters, article_ids)
    count, last = connection.execute(
        f"SELECT count(*), max(seq) FROM articles WHERE seq > ? AND {where}",  # noqa: S608
        (after_seq, *parameters),
    ).fetchone()
    found = connection.execute("SELECT changed_at FROM articles WHERE seq = ?", (last,)).fetchone()
    return count, found[0] if found else None


def _where(
    connection: sqlite3.Connection, filters: Filters | None, article_ids: Collection[str] | None
) -> tuple[str, list[str | int]]:
    where, parameters = (filters or Filters()).where(connection)
    if article_ids is None:
        return where, parameters
    named_ones = "id IN (SELECT value FROM json_each(?))"
    return f"{where} AND {named_ones}", [*parameters, json.dumps(sorted(article_ids))]


def _batches(
    connection: sqlite3.Connection, where: str, parameters: list[str | int], after_seq: int
) -> Iterator[Record]:
    sql = (
        f"SELECT {', '.join(COLUMNS)} FROM articles WHERE seq > ? AND {where}"  # noqa: S608
        f" ORDER BY seq LIMIT {BATCH}"
    )
    while True:
        connection.execute("BEGIN")
        try:
            rows = list(_until_large(connection.execute(sql, (after_seq, *parameters))))
            found = list(_whole(connection, rows))
        finally:
            connection.execute("COMMIT")
        yield from found
        if not found:
            return
        after_seq = found[-1].seq


def securities_of(mentions: Iterable[Mention]) -> list[tuple[str, str]]:
    """Return each security once, ``1.600160`` (its code alone where no market is known), and its
    name, which may be empty.
    """
    found: dict[str, str] = {}
    for each in mentions:
        security = f"{each.market}.{each.code}".lstrip(".")
        found[security] = found.get(security) or each.name
    return list(found.items())


def _until_large(rows: Iterable[sqlite3.Row]) -> Iterator[tuple[Any, ...]]:
    """Yield rows until their texts are large together."""
    size = 0
    for row in rows:
        size += sum(len(row[name] or "") for name in ("summary", "body_text", "body_html"))
        yield tuple(row)
        if size > LARGE:
            return


def _whole(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> Iterator[Record]:
    """Add what other tables have of the articles."""
    codes = [row[0] for row in rows]
    categories = _sets(connection, "category", "article_categories", "category", codes)
    tags = _sets(connection, "tag", "article_tags", "tag", codes)
    images = _sets(connection, "url", "images", "position", codes)
    columns, order = "market, code, name, kind, times, origin", "times DESC, market, code, origin"
    mentions = _sets(connection, columns, "mentions", order, codes)
    for row in rows:
        code = row[0]
        sets: tuple[Any, ...] = (
            [each for (each,) in categories[code]],
            [each for (each,) in tags[code]],
            [Mention(*each) for each in mentions[code]],
            [each for (each,) in images[code]],
        )
        yield Record(*row, *sets)


def _sets(
    connection: sqlite3.Connection, columns: str, table: str, order: str, codes: list[str]
) -> dict[str, list[tuple[Any, ...]]]:
    marks = ", ".join("?" * len(codes))
    rows = connection.execute(
        f"SELECT article_id, {columns} FROM {table} WHERE article_id IN ({marks})"  # noqa: S608
        f" ORDER BY {order}",
        codes,
    )
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for count, (code, *values) in enumerate(rows):
        if count == MOST:
            raise Unexpected(f"{len(codes)} articles have more than {MOST:,} rows in {table}.")
        found[code].append(tuple(values))
    return found
