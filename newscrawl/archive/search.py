"""Searches articles: Chinese by any substring, Latin words and numbers by whole token."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from newscrawl.archive.filters import Filters
from newscrawl.archive.search_query import Query, parse_query
from newscrawl.archive.search_sql import Found, is_match
from newscrawl.store.search_index import TABLE
from newscrawl.text.segments import variants_of

Order = Literal["newest", "rank"]
FEW = 1_000
"""Articles that are read at once, in one moment; more are read one by one."""
NEAR = 10_000
"""Number of newest articles that are searched first."""
AS_GOOD = 500
"""Number of hits of one rank, the newest first, that are looked up one by one."""
CACHE = 256
"""Megabytes of the file's pages that are kept while hits are looked up, as far as they are needed:
with SQLite's 2 MB, each of thousands of hits in a big archive is read from the file again."""
AROUND = 30
"""Characters of a text that are shown before and after what was found."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that was found."""

    id: str
    published_at: str | None
    source: str | None
    title: str | None
    excerpt: str
    """The part of the text around what was found, in one line."""
    terms: tuple[str, ...]
    """The search terms: see :func:`marked`."""


def search(
    connection: sqlite3.Connection,
    text: str,
    filters: Filters | None = None,
    *,
    order: Order = "newest",
    limit: int | None = None,
) -> Iterator[Hit]:
    """Yield the articles that *text* finds, the newest or the most relevant first.

    :raises BadQuery: *text* is not a valid query; at once.
    :raises BadFilter: a filter names what the archive does not have; at once.
    :raises ValueError: there is no such order; at once.
    """
    if order not in get_args(Order):
        raise ValueError(f"unknown order {order!r}; use one of {', '.join(get_args(Order))}")
    query = parse_query(text)
    where, parameters = (filters or Filters()).where(connection, of_each=True)
    # SQLite would take the unique index on first_seq, and read a whole article for each hit.
    connection.execute(f"PRAGMA cache_size = {-CACHE * 1024}")
    hits = _hits(query.found, where, parameters)
    if limit == 0:
        return iter(())
    if limit is not None and limit <= FEW:
        with _one_moment(connection):
            if order == "newest":
                hits = _near(connection, hits, limit) or hits
            elif where == "true" and is_match(query.found) and hits.is_ranked:
                hits = _best(connection, query.found.fts, limit) or hits
            rows = _read(connection, hits, order, limit)
            return (_hit(query, *row) for row in rows.fetchall())
    return (_hit(query, *row) for row in _read(connection, hits, order, limit))


class _Hits(NamedTuple):
    """What follows SELECT in the question for hits, and its parameters."""

    sql: str
    parameters: list[str | int | float]
    place: str
    """The number of an article in the index."""
    is_ranked: bool = False
    """Whether FTS5 ranks them: single characters alone, and what is joined by OR, have no rank."""


def _hits(found: Found, where: str, parameters: Sequence[str | int]) -> _Hits:
    conditions = f"{found.condition} AND {where}" if found.condition else where
    values: list[str | int | float] = [*found.parameters, *parameters]
    if found.table is None:
        return _Hits(f"FROM articles WHERE {conditions}", values, "first_seq")
    return _Hits(
        f"FROM {found.table} CROSS JOIN articles INDEXED BY idx_articles_hits"
        f" ON first_seq = {found.table}.rowid WHERE {found.table} MATCH ? AND {conditions}",
        [found.fts, *values],
        f"{found.table}.rowid",
        is_ranked=found.table == TABLE,
    )


def _read(
    connection: sqlite3.Connection, hits: _Hits, order: Order, limit: int | None
) -> sqlite3.Cursor:
    is_ranked = order == "rank" and hits.is_ranked
    score, by = ("rank", "score, at DESC") if is_ranked else ("0", "at DESC, place DESC")
    return connection.execute(
        # Hits are sorted by the indexes alone; texts are read only of what is shown.
        "SELECT id, published_at, source, title, summary, body_text FROM"  # noqa: S608
        f" (SELECT first_seq AS found, published_at AS at, seq AS place, {score} AS score"
        f" {hits.sql} ORDER BY {by} LIMIT ?)"
        f" CROSS JOIN articles ON first_seq = found ORDER BY {by}",
        (*hits.parameters, -1 if limit is None else limit),
    )


def _near(connection: sqlite3.Connection, hits: _Hits, limit: int) -> _Hits | None:
    """Return fewer hits, the newest *limit* still among them; None if that saves nothing.

    Where there are no more than *limit*, they are found already. Articles mostly come in the order
    of their times: so the last *limit* hits that came show how new a hit must be, and the
    articles as new as that show how late it must have come.
    """
    last = connection.execute(
        f"SELECT first_seq, published_at {hits.sql} ORDER BY {hits.place} DESC LIMIT ?",
        (*hits.parameters, limit),
    ).fetchall()
    if len(last) < limit:
        marks = ", ".join("?" for _ in last)
        rows = [row[0] for row in last]
        return _Hits(f"FROM articles WHERE first_seq IN ({marks})", rows, "first_seq")
    times = [time for _, time in last]
    if None in times:
        return None
    since = min(times)
    newer, came = connection.execute(
        "SELECT count(*), min(first_seq) FROM"
        " (SELECT first_seq FROM articles WHERE published_at >= ? LIMIT ?)",
        (since, NEAR),
    ).fetchone()
    if newer == NEAR:
        return None  # old articles came late
    return _Hits(
        f"{hits.sql} AND {hits.place} >= ? AND published_at >= ?",
        [*hits.parameters, came, since],
        hits.place,
    )


def _best(connection: sqlite3.Connection, fts: str, limit: int) -> _Hits | None:
    """Return the *limit* hits of the best rank, with those that are as good as the last of them.

    None where those are too many: then all hits are looked up, a sixth of their cost. Texts of one
    length often have one rank.
    """
    best = connection.execute(
        f"SELECT rowid, rank FROM {TABLE} WHERE {TABLE} MATCH ? ORDER BY rank LIMIT ?",  # noqa: S608  constants
        (fts, limit + AS_GOOD),
    ).fetchall()
    if len(best) == limit + AS_GOOD:
        if best[-1][1] == best[limit - 1][1]:
            return None
        best = [row for row in best if row[1] <= best[limit - 1][1]]
    if not best:
        return None
    rows = ", ".join("(?, ?)" for _ in best)
    return _Hits(
        f"FROM (SELECT column1 AS hit, column2 AS rank FROM (VALUES {rows}))"  # noqa: S608  constants and marks
        " CROSS JOIN articles ON first_seq = hit",
        [each for row in best for each in row],
        "first_seq",
        is_ranked=True,
    )


@contextmanager
def _one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Let several questions see one state of the archive."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def _hit(
    query: Query, article_id: str, published_at: str | None, source: str | None,
    title: str | None, summary: str | None, body_text: str | None,
) -> Hit:  # fmt: skip
    return Hit(
        article_id, published_at, source, title, excerpt(body_text or summary or "", query.terms),
        query.terms,
    )  # fmt: skip


def excerpt(text: str, terms: tuple[str, ...]) -> str:
    """Return the part of *text* around the first of *terms*, its beginning where there is none."""
    found = _pattern(terms).search(text) if terms else None
    start = max(0, found.start() - AROUND) if found else 0
    end = (found.end() if found else AROUND) + AROUND
    shown = " ".join(text[start:end].split())
    return ("…" if start else "") + shown + ("…" if end < len(text) else "")


def marked(text: str, terms: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Yield the parts of *text* in order, each with whether it is one of *terms*."""
    last = 0
    for found in _pattern(terms).finditer(text) if terms else ():
        yield text[last : found.start()], False
        yield found[0], True
        last = found.end()
    yield text[last:], False


def _pattern(terms: tuple[str, ...]) -> re.Pattern[str]:
    """Match any of *terms*: the longest first, letters in any case, Latin words whole."""
    parts = []
    for term in sorted(terms, key=len, reverse=True):
        words = r"\W+".join(map(_any_form, re.findall(r"\w+", term))) or re.escape(term)
        begin = r"(?<![A-Za-z0-9])" if re.match(r"[A-Za-z0-9]", term) else ""
        end = r"(?![A-Za-z0-9])" if re.search(r"[A-Za-z0-9]\Z", term) else ""
        parts.append(f"{begin}{words}{end}")
    return re.compile("|".join(parts), re.IGNORECASE)


def _any_form(word: str) -> str:
    """Match a word with each of its characters in any form, simplified or traditional."""
    forms = [(each, variants_of(each)) for each in word]
    return "".join(f"[{others}]" if len(others) > 1 else re.escape(one) for one, others in forms)
