"""Finds and removes passwords that were stored with URLs.

Texts of articles are left as they were published, and pages as they were sent.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from newscrawl.text.passwords import clean_address, clean_arguments, without_passwords

_LINKS = ("share_url", "original_url", "images")
"""Fields of an article that are addresses."""


def _in_arguments(text: str) -> str:
    return _in_json(text, clean_arguments)


def _in_difference(text: str) -> str:
    return _in_json(text, lambda said: {**said, **{each: _clean(said[each]) for each in _of(said)}})


def _of(said: dict[str, Any]) -> list[str]:
    return [name for name in _LINKS if said.get(name)]


def _clean(value: str | list[str]) -> str | list[str]:
    return clean_address(value) if isinstance(value, str) else [clean_address(v) for v in value]


def _in_json(text: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> str:
    """Return JSON after a change; as it is where that changes nothing, or where it is damaged."""
    try:
        before = json.loads(text)
        after = change(before)
    except (ValueError, TypeError, AttributeError):
        return text
    if after == before:
        return text
    return json.dumps(after, ensure_ascii=False, separators=(",", ":"))


_COLUMNS = (
    ("runs", "arguments"),
    ("runs", "reason"),
    ("observations", "url"),
    ("observations", "differs"),
    ("listings", "url"),
    ("listings", "failure"),
    ("rejects", "url"),
    ("rejects", "detail"),
    ("articles", "share_url"),
    ("articles", "original_url"),
    ("images", "url"),
)
"""Where an address may stand: table and column."""
_CLEAN: dict[str, Callable[[str], str]] = {
    "arguments": _in_arguments,
    "differs": _in_difference,
    "reason": without_passwords,
    "failure": without_passwords,
    "detail": without_passwords,
}
"""How a column is cleaned that is more than an address."""


def find(db: sqlite3.Connection) -> Iterator[tuple[str, str, int]]:
    """Yield each column that holds passwords in addresses, with its table and their number."""
    for table, column in _COLUMNS:
        if count := sum(1 for _ in _changes(db, table, column)):
            yield table, column, count


def remove(db: sqlite3.Connection) -> None:
    """Take them out, in the transaction of the caller; what was there is overwritten in the file.

    A reject that would then be another one's twin goes.
    """
    db.execute("PRAGMA secure_delete = ON")
    for table, column in _COLUMNS:
        for row, clean in list(_changes(db, table, column)):
            db.execute(
                f"UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid = ?",  # noqa: S608
                (clean, row),
            )
    twins = [(row,) for row, _ in _changes(db, "rejects", "url")]
    db.executemany("DELETE FROM rejects WHERE rowid = ?", twins)


def _changes(db: sqlite3.Connection, table: str, column: str) -> Iterator[tuple[int, str]]:
    """Yield the rows of a column that hold a password, with what they are to hold."""
    clean = _CLEAN.get(column, clean_address)
    rows = db.execute(
        f"SELECT rowid, {column} FROM {table} WHERE {column} LIKE '%@%'"  # noqa: S608
    )
    for row, text in rows:
        if isinstance(text, str) and (cleaned := clean(text)) != text:
            yield row, cleaned
