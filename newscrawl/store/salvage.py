"""Saves what can be read of a damaged archive into a new one.

For a file whose pages are damaged, or in which a table was dropped or altered. The indexes are
rebuilt from the rows, so damage to them costs nothing; of the tables only what lies in a damaged
page is lost.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from newscrawl.store import shape
from newscrawl.store.connections import open_for_reading, open_for_writing
from newscrawl.store.errors import StoreError, explain
from newscrawl.store.restore import give_owner
from newscrawl.store.schema import TABLES

LAST = 2**63 - 1
# Texts of SQL that SQLite itself makes of the names of our tables and columns; what a table lacks
# is NULL, and refused where there must be something.
_COLUMNS = "SELECT name FROM pragma_table_info(?)"
_READ = """
SELECT 'SELECT rowid' || group_concat(iif(name IN (SELECT value FROM json_each(:has)),
    printf(', "%w"', name), ', NULL'), '') || printf(' FROM "%w"', :table)
FROM pragma_table_info(:table)"""
_WRITE = """
SELECT printf('INSERT OR IGNORE INTO "%w" VALUES (', :table) || group_concat('?', ', ') || ')'
FROM pragma_table_info(:table)"""
_UP, _DOWN = (
    " WHERE rowid BETWEEN ? AND ? ORDER BY rowid",
    " WHERE rowid BETWEEN ? AND ? ORDER BY rowid DESC",
)


OF_ARTICLES = ("articles", "article_categories", "article_tags", "mentions", "images")
"""Tables of which the stored pages say the rows again."""


class Saved(NamedTuple):
    """What became of the rows of one table."""

    table: str
    rows: int
    lost: list[str]
    """What could not be read, each in half a sentence."""


def salvage(source: sqlite3.Connection, target: sqlite3.Connection) -> Iterator[Saved]:
    """Copy what can be read into *target*, a new archive, in its transaction; yield each table.

    *source* gives any text, also one that is not UTF-8.
    """
    for table in TABLES:
        if table.name == "character_folds":  # a new archive has all of them
            continue
        if table.name in ("meta", "identity"):  # a new archive has rows of its own there
            target.execute(f"DELETE FROM {table.name}")  # noqa: S608  one of these two
        yield _save(source, target, table.name)


def replace_by_salvaged(path: Path, kept: Path) -> list[Saved]:
    """Put what can be read of the archive at *path* into its place; the file as it was is *kept*.

    The caller has the writer's lock.

    :raises StoreError: nothing can be read, or the new file cannot be written; *path* is as it was.
    """
    beside = path.with_name(path.name + ".salvage")
    try:
        _remove(beside)
        with closing(open_for_reading(path, as_found=True)) as source:
            source.text_factory = lambda data: data.decode(errors="replace")
            saved = _into(beside, source)
            theirs = _left_out(source)
        if not any(each.rows for each in saved):
            raise StoreError(
                f"No row of {path} can be read. It was left as it is: restore a copy that "
                "`newscrawl backup` made."
            )
        give_owner(path, beside)
        for suffix in ("", "-wal"):
            if (log := path.with_name(path.name + suffix)).exists():
                log.replace(kept.with_name(kept.name + suffix))
        path.with_name(path.name + "-shm").unlink(missing_ok=True)
        beside.replace(path)
    except sqlite3.Error as error:
        raise explain(error, str(path)) from error
    except OSError as error:
        raise StoreError(f"{beside} cannot be written: {error.strerror}.") from error
    finally:
        _remove(beside)
    return [*saved, *theirs]


def _left_out(source: sqlite3.Connection) -> list[Saved]:
    """Name what newscrawl did not make: only the file as it was has it."""
    try:
        others = shape.others(source)
    except sqlite3.DatabaseError:
        return []
    return [Saved(name, 0, [f"{name}, which is your own, was not copied"]) for name in others]


def _into(beside: Path, source: sqlite3.Connection) -> list[Saved]:
    target = open_for_writing(beside)
    try:
        target.execute("PRAGMA foreign_keys = OFF")
        target.execute("BEGIN IMMEDIATE")
        saved = list(salvage(source, target))
        target.execute("COMMIT")
        target.execute("PRAGMA journal_mode = DELETE")
    finally:
        target.close()
    return saved


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _save(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> Saved:
    sql = "SELECT count(*) FROM sqlite_schema WHERE name = ? AND sql LIKE 'CREATE TABLE%'"
    if not source.execute(sql, (table,)).fetchone()[0]:
        return Saved(table, 0, [f"the table {table} was not there: its rows are gone"])
    has = [name for (name,) in source.execute(_COLUMNS, (table,))]
    (sql,) = target.execute(_READ, {"table": table, "has": json.dumps(has)}).fetchone()
    reading = _Reading(source, sql)
    (sql,) = target.execute(_WRITE, {"table": table}).fetchone()
    read = kept = 0
    for _, *values in reading.rows():
        read += 1
        kept += target.execute(sql, values).rowcount
    lost = [
        f"rows from {first} {f'to {last}' if last < LAST else 'on'} of {table} cannot be read"
        for first, last in reading.gaps
    ]
    if kept < read:
        lost.append(f"{read - kept} rows of {table} are not valid, or are duplicates")
    return Saved(table, kept, lost)


class _Reading:
    """Reads a table by its row numbers, around what is damaged."""

    def __init__(self, source: sqlite3.Connection, sql: str) -> None:
        self._source = source
        self._sql = sql
        self._met_damage = False
        self.gaps: list[tuple[int, int]] = []
        """The numbers of rows, from and to, of which none can be read."""

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield each row that can be read, its number first."""
        first = 1
        while first <= LAST:
            for row in self._until_damage(_UP, first, LAST):
                yield row
                first = row[0] + 1
            if not self._met_damage:
                return
            beyond = self._beyond(first)
            last = beyond - 1
            for row in self._until_damage(_DOWN, first, last):
                yield row
                last = row[0] - 1
            if last >= first:
                self.gaps.append((first, last))
            first = beyond

    def _beyond(self, first: int) -> int:
        """Return the number of a row behind the damage at *first*; one beyond all where none is."""
        step = 1
        while first + step <= LAST:
            found = next(self._until_damage(_UP, first + step, LAST), None)
            if found is not None:
                return int(found[0])
            if not self._met_damage:
                break
            step *= 2
        return LAST + 1

    def _until_damage(self, where: str, first: int, last: int) -> Iterator[tuple[Any, ...]]:
        self._met_damage = False
        sql = self._sql + where
        try:
            for row in self._source.execute(sql, (first, last)):
                yield tuple(row)
        except sqlite3.DatabaseError as error:
            if not getattr(error, "sqlite_errorname", "").startswith(_DAMAGE):
                raise
            self._met_damage = True


_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_TOOBIG", "SQLITE_IOERR_SHORT_READ")
