"""Counts what is in an archive."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newscrawl.store.values import json_object

SOURCES, RUNS = 10, 5
"""How many sources and runs an overview shows."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source and the number of its articles; None for articles without one."""

    source: str | None
    articles: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run of a spider."""

    id: int
    spider: str
    arguments: dict[str, Any]
    started_at: str
    ended_at: str | None
    outcome: str
    exit_code: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class RejectCount:
    """Pages that gave no article, for one reason."""

    reason: str
    pages: int


@dataclass(frozen=True, slots=True)
class UnknownConstruct:
    """A construct of bodies that no rule knows, and the number of pages with it."""

    construct: str
    pages: int


@dataclass(frozen=True, slots=True)
class Overview:
    """An archive in numbers."""

    path: str
    size: int
    """Bytes on disk, what SQLite keeps beside the file included."""
    schema_version: int
    articles: int
    categories: int
    mentions: int
    revisions: int
    first_published_at: str | None
    last_published_at: str | None
    pages: int
    pages_size: int
    """Bytes of all raw pages as they came, but for those that were pruned."""
    pages_stored: int
    """Bytes of them as they are kept, compressed."""
    pages_pruned: int
    """Raw pages of which only hash and size are kept."""
    sources: list[Source]
    runs: list[RunSummary]
    rejects: list[RejectCount]
    unknown: list[UnknownConstruct]


def overview(connection: sqlite3.Connection) -> Overview:
    """Return what is in the archive: its sources with most articles, its last runs."""

    def one(sql: str) -> tuple[Any, ...]:
        return tuple(connection.execute(sql).fetchone())

    path = one("PRAGMA database_list")[2]
    # Each alone is one step in the index; together they would be all of it.
    (first,) = one("SELECT min(published_at) FROM articles")
    (last,) = one("SELECT max(published_at) FROM articles")
    pages, pages_size, pages_stored, pages_pruned = one(
        "SELECT count(*), coalesce(sum(CASE WHEN pruned_at IS NULL THEN size END), 0),"
        " coalesce(sum(stored_size), 0), count(pruned_at) FROM raw_pages"
    )
    # Not count(*): that is one step of SQLite's machine, which nothing ends. See values.PATIENCE.
    return Overview(
        path=path,
        size=_size(path),
        schema_version=one("PRAGMA user_version")[0],
        articles=one("SELECT count(seq) FROM articles")[0],
        categories=one("SELECT count(category) FROM categories")[0],
        mentions=one("SELECT count(code) FROM mentions")[0],
        revisions=one("SELECT count(id) FROM revisions")[0],
        first_published_at=first,
        last_published_at=last,
        pages=pages,
        pages_size=pages_size,
        pages_stored=pages_stored,
        pages_pruned=pages_pruned,
        sources=_sources(connection),
        runs=_runs(connection),
        rejects=[
            RejectCount(*row)
            for row in connection.execute(
                "SELECT reason, count(*) FROM rejects GROUP BY reason ORDER BY 2 DESC, 1"
            )
        ],
        unknown=[
            UnknownConstruct(*row)
            for row in connection.execute(
                "SELECT key, count(*) FROM observations, json_each(observations.unknown)"
                " WHERE unknown IS NOT NULL GROUP BY key ORDER BY 2 DESC, 1 LIMIT ?",
                (SOURCES,),
            )
        ],
    )


def other_site(connection: sqlite3.Connection, site: str) -> str | None:
    """Return the name of a site other than *site* whose pages are stored; None where none are."""
    row = connection.execute(
        "SELECT site FROM observations WHERE site <> ? LIMIT 1", (site,)
    ).fetchone()
    return None if row is None else str(row[0])


def _size(path: str) -> int:
    return sum(
        file.stat().st_size for file in (Path(path), Path(f"{path}-wal")) if path and file.exists()
    )


def _sources(connection: sqlite3.Connection) -> list[Source]:
    rows = connection.execute(
        "SELECT source, count(*) FROM articles GROUP BY source ORDER BY 2 DESC, 1 LIMIT ?",
        (SOURCES,),
    )
    return [Source(*row) for row in rows]


def _runs(connection: sqlite3.Connection) -> list[RunSummary]:
    rows = connection.execute(
        "SELECT id, spider, arguments, started_at, ended_at, outcome, exit_code, reason"
        " FROM runs ORDER BY id DESC LIMIT ?",
        (RUNS,),
    )
    return [
        RunSummary(number, spider, json_object(arguments, f"runs.arguments of run {number}"), *rest)
        for number, spider, arguments, *rest in map(tuple, rows)
    ]
