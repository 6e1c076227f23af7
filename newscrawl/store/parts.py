"""Splits queries about many keys into parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

AT_ONCE = 500
"""Keys in one statement; SQLite takes 32,766 at most."""


def in_parts(keys: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Give *keys* some at a time, each part with the marks that stand for it in ``IN (…)``."""
    for begin in range(0, len(keys), AT_ONCE):
        part = keys[begin : begin + AT_ONCE]
        yield ", ".join("?" * len(part)), part
