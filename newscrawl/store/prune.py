"""Removes what is old and can be done without: the bytes of pages, rejects and runs.

No article is ever removed, nor the bytes of a post file, which may be its only copy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from newscrawl.items import PageKind
from newscrawl.store import identity
from newscrawl.store.clock import utc_now
from newscrawl.store.stored_times import WRONG, StoredTimes, shifted
from newscrawl.store.suspects import REASON

BATCH = 500
"""Rows of one transaction: whenever a prune is stopped, what it has done is whole."""

What = Literal["raw_pages", "rejects", "runs"]

# What an article, a revision or a reject that stays was last said by since then, and post files.
_KEPT = """
SELECT page_hash FROM observations
WHERE true_time(last_seen_at) >= :before OR page_kind = :post_file
UNION SELECT page_hash FROM revisions
WHERE true_time(last_seen_at) >= :before OR page_kind = :post_file
UNION SELECT page_hash FROM rejects WHERE page_hash IS NOT NULL
UNION SELECT page_hash FROM suspicious_observations"""
_FOUND: dict[What, str] = {
    "raw_pages": "SELECT hash AS id, stored_size AS size, NULL AS at FROM raw_pages"  # noqa: S608
    f" WHERE pruned_at IS NULL AND page_kind <> :post_file AND hash NOT IN ({_KEPT})",
    "rejects": "SELECT id, coalesce((SELECT stored_size FROM raw_pages WHERE hash = page_hash), 0)"
    " AS size, last_seen_at AS at FROM rejects"
    " WHERE true_time(last_seen_at) < :before AND reason <> :suspicious"
    " AND page_kind <> :post_file",
    # `status` shows the last runs, and the last that was ok; by those with a wrong clock, the times
    # that it wrote are put right.
    "runs": "SELECT id, 0 AS size, started_at AS at FROM runs"
    " WHERE coalesce(ended_at, started_at) < :before AND outcome <> 'running'"
    " AND abs(ifnull(clock_difference, 0)) <= :wrong"
    " AND id NOT IN (SELECT run_id FROM rejects)"
    " AND id NOT IN (SELECT id FROM runs ORDER BY id DESC LIMIT 10)"
    " AND id NOT IN (SELECT max(id) FROM runs WHERE outcome = 'ok' AND ended_at <= :now"
    " GROUP BY spider)",
}
_NOTE = (
    "INSERT INTO meta (key, value) VALUES ('pruned', ?)"
    " ON CONFLICT (key) DO UPDATE SET value = value + excluded.value"
)
_NOTE_REJECTS = (
    "INSERT INTO meta (key, value) VALUES ('rejects_pruned', CAST(strftime('%s', ?) AS INTEGER))"
    " ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)"
)
"""An audit must not take a period without rejects for a complete one."""
_NEEDED = (
    "SELECT 1 FROM observations WHERE page_hash = :hash"
    " UNION SELECT 1 FROM revisions WHERE page_hash = :hash"
    " UNION SELECT 1 FROM rejects WHERE page_hash = :hash"
    " UNION SELECT 1 FROM suspicious_observations WHERE page_hash = :hash LIMIT 1"
)


class Prunable(NamedTuple):
    """What would be removed of one table."""

    what: What
    rows: int
    size: int
    """Bytes that it takes, compressed."""
    first_at: str | None
    """The oldest and the youngest time (UTC); None for raw pages, which have none of their own."""
    last_at: str | None


def cutoff(db: sqlite3.Connection, days: int) -> str:
    """Return the time *days* before the last run that reached a site, but not after now (UTC).

    By a clock that is years ahead all pages are old; the servers' clocks told when that run was.
    """
    last = db.execute(
        "SELECT ended_at FROM runs WHERE responses > 0 AND ended_at IS NOT NULL"
        " ORDER BY id DESC LIMIT 1"
    ).fetchone()
    now = utc_now()
    end = min(now, StoredTimes(db).true(last[0])) if last else now
    return shifted(end, -timedelta(days=days).total_seconds())


def prunable(db: sqlite3.Connection, what: What, before: str) -> Prunable:
    """Return what of a table is older than *before* (UTC) and may go."""
    sql = f"SELECT count(*), coalesce(sum(size), 0), min(at), max(at) FROM ({_FOUND[what]})"  # noqa: S608
    return Prunable(what, *_rows(db, sql, before).fetchone())


def prune(
    db: sqlite3.Connection, what: What, before: str, *, each: Callable[[int], None] | None = None
) -> int:
    """Remove it, in transactions of :data:`BATCH` rows; return how many rows.

    For the one who holds the writer's lock. Of raw pages the bytes go; hash and size stay, with
    the time. *each* is called after a transaction, with its rows.
    """
    ids = [row[0] for row in _rows(db, _FOUND[what], before)]
    for begin in range(0, len(ids), BATCH):
        part = ids[begin : begin + BATCH]
        with identity.transaction(db):
            db.execute(_NOTE, (len(part),))
            if what == "rejects":
                db.execute(_NOTE_REJECTS, (before,))
            _REMOVE[what](db, part)
        if each is not None:
            each(len(part))
    return len(ids)


def give_back(db: sqlite3.Connection) -> None:
    """Give the space of what was removed back to the disk; this needs as much again for a while."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute("VACUUM")
    with identity.transaction(db):  # a link of the chain: pages lie elsewhere now
        db.execute("DELETE FROM meta WHERE key = 'pruned'")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def was_stopped(db: sqlite3.Connection) -> bool:
    """Whether a prune ended before it gave the space back: killed, or for lack of space."""
    return db.execute("SELECT 1 FROM meta WHERE key = 'pruned'").fetchone() is not None


def _rows(db: sqlite3.Connection, sql: str, before: str) -> sqlite3.Cursor:
    db.create_function("true_time", 1, StoredTimes(db).true)
    parameters = {
        "before": before, "now": utc_now(), "post_file": PageKind.POST_FILE, "suspicious": REASON,
        "wrong": WRONG,
    }  # fmt: skip
    return db.execute(sql, parameters)


def _remove_bytes(db: sqlite3.Connection, hashes: list[str]) -> None:
    now = utc_now()
    db.executemany(
        "UPDATE raw_pages SET bytes = x'', stored_size = 0, pruned_at = ? WHERE hash = ?",
        ((now, each) for each in hashes),
    )


def _remove_rejects(db: sqlite3.Connection, ids: list[int]) -> None:
    for each in ids:
        [(page_hash,)] = db.execute("SELECT page_hash FROM rejects WHERE id = ?", (each,))
        db.execute("DELETE FROM rejects WHERE id = ?", (each,))
        needed = db.execute(_NEEDED, {"hash": page_hash}).fetchone()
        if page_hash is not None and needed is None:
            db.execute("DELETE FROM raw_pages WHERE hash = ?", (page_hash,))


def _remove_runs(db: sqlite3.Connection, ids: list[int]) -> None:
    db.executemany("DELETE FROM runs WHERE id = ?", ((each,) for each in ids))


_REMOVE: dict[What, Callable[[sqlite3.Connection, list[Any]], None]] = {
    "raw_pages": _remove_bytes,
    "rejects": _remove_rejects,
    "runs": _remove_runs,
}
