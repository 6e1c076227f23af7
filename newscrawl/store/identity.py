"""Maintains the identity of an archive: an id that its copies keep, and a chain of its commits.

The table ``identity`` has one row. Each transaction of ours moves it on by one link, so that each
is known by a random number, and names the one before. Docs: docs/decisions/0014-*.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

_ADVANCE = (
    "UPDATE identity SET commit_before = last_commit, last_commit = lower(hex(randomblob(8))),"
    " layout = printf('%08x', (SELECT schema_version FROM pragma_schema_version))"
)
# The texts have one length each: newscrawl.store.write_ahead_log reads the row from its page.
_INSERT = (
    "INSERT OR IGNORE INTO identity (id, archive_id, last_commit, commit_before, layout)"
    " VALUES (1, lower(hex(randomblob(16))), lower(hex(randomblob(8))), ?,"
    " printf('%08x', (SELECT schema_version FROM pragma_schema_version)))"
)
NO_COMMIT = "0" * 16


def has_table(db: sqlite3.Connection) -> bool:
    """Whether the table is there, and was not dropped."""
    sql = "SELECT 1 FROM sqlite_schema WHERE name = 'identity' AND type = 'table'"
    return db.execute(sql).fetchone() is not None


def insert(db: sqlite3.Connection) -> None:
    """Give the archive its row, where it has none."""
    db.execute(_INSERT, (NO_COMMIT,))


def advance(db: sqlite3.Connection) -> None:
    """Add a link to the chain: every transaction that writes the archive's file does so first."""
    db.execute(_ADVANCE)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Write in one transaction, which is a link of the chain: all of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        if has_table(db):
            advance(db)
        yield
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def archive_id(db: sqlite3.Connection) -> str | None:
    """Return what tells an archive and its copies from every other; None where it is lost."""
    if not has_table(db):
        return None
    row = db.execute("SELECT archive_id FROM identity").fetchone()
    return None if row is None else str(row[0])


def last_commit(db: sqlite3.Connection) -> str:
    """Return the newest link; of an archive whose row was deleted, one that no commit has."""
    row = db.execute("SELECT last_commit FROM identity").fetchone()
    return NO_COMMIT if row is None else str(row[0])


def take_over(db: sqlite3.Connection, archive_id: str | None, commit_before: str) -> None:
    """Let what *db* holds be the next state of another archive: its id, and its chain."""
    advance(db)
    db.execute(
        "UPDATE identity SET archive_id = coalesce(?, archive_id), commit_before = ?",
        (archive_id, commit_before),
    )
