"""SQL functions in the place of SQLite's own, where those take the product of two lengths.

SQLite looks at the clock between its steps, and a call is one: to trim a text of 1 MB by as many
characters would hold a thread for an hour.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial

Value = str | bytes | int | float | None


def replace_slow(connection: sqlite3.Connection) -> None:
    """Let ``trim``, ``ltrim`` and ``rtrim`` of two arguments take no longer than reading them."""
    for name, at_begin, at_end in (
        ("trim", True, True),
        ("ltrim", True, False),
        ("rtrim", False, True),
    ):
        trim: Callable[[Value, Value], str | None] = partial(
            _trimmed, at_begin=at_begin, at_end=at_end
        )
        connection.create_function(name, 2, trim, deterministic=True)


def _trimmed(value: Value, characters: Value, *, at_begin: bool, at_end: bool) -> str | None:
    if value is None or characters is None:
        return None
    text, unwanted = _text(value), set(_text(characters))
    begin, end = 0, len(text)
    while at_begin and begin < end and text[begin] in unwanted:
        begin += 1
    while at_end and begin < end and text[end - 1] in unwanted:
        end -= 1
    return text[begin:end]


def _text(value: str | bytes | float) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
