"""Restores the indexes, views and search index of an archive, and drops triggers.

No row of a table is changed.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from newscrawl.store import search_index, shape

_DROP = "SELECT printf('DROP %s \"%w\"', type, name) FROM sqlite_schema WHERE type = ? AND name = ?"
# Those of FTS3 and FTS4 are among them: one may stand in the place of ours.
_PARTS = ("data", "idx", "docsize", "config", "content", "segments", "segdir", "stat")


def reshape(connection: sqlite3.Connection, version: int) -> None:
    """Drop triggers and indexes that are not newscrawl's; make again what is missing or altered.

    In the transaction of the caller. Of the search index nothing is left, if it is not as it was
    made: it is to be rebuilt.
    """
    found = [each for each in shape.differences(connection, version) if each.can_repair]
    with closing(shape.empty(version)) as pattern:
        wanted = dict(
            pattern.execute("SELECT name, sql FROM sqlite_schema WHERE type IN ('index', 'view')")
        )
    if any(each.name.startswith(search_index.TABLES) for each in found):
        remove_search_index(connection)
    for each in found:
        if each.kind != "missing":
            _drop(connection, each.name)
    for each in found:
        if each.kind != "added" and (sql := wanted.get(each.name)):
            connection.execute(sql)


def _drop(connection: sqlite3.Connection, name: str) -> None:
    """Drop what has this name, but for a table, which has rows."""
    for kind in ("trigger", "index", "view"):
        for (sql,) in connection.execute(_DROP, (kind, name)).fetchall():
            connection.execute(sql)


def remove_search_index(connection: sqlite3.Connection) -> None:
    """Remove the search index, or what stands in its place, whatever its state.

    DROP TABLE would have the module open it first, which a damaged one refuses, and another module
    is not to be asked.
    """
    connection.execute("PRAGMA writable_schema = ON")
    connection.executemany(
        "DELETE FROM sqlite_schema WHERE name = ? COLLATE NOCASE AND sql LIKE 'CREATE VIRTUAL%'",
        [(table,) for table in search_index.TABLES],
    )
    connection.execute("PRAGMA writable_schema = OFF")
    _read_schema_again(connection)
    for table in search_index.TABLES:
        for name in (table, *(f"{table}_{part}" for part in _PARTS)):
            _drop(connection, name)
            for (sql,) in connection.execute(_DROP, ("table", name)).fetchall():
                connection.execute(sql)


def _read_schema_again(connection: sqlite3.Connection) -> None:
    """Have SQLite read its schema again. Later ones have ``PRAGMA writable_schema = RESET``."""
    connection.execute("SAVEPOINT schema")
    connection.execute("CREATE TABLE temporary_table (x)")
    connection.execute("ROLLBACK TO schema")
    connection.execute("RELEASE schema")
