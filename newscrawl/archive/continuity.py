"""Checks whether one archive is a later state of another, so that it may replace it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice

from newscrawl.store import identity

_SHOWN = 3
"""How many of many are named."""


def breaks(old: sqlite3.Connection, new: sqlite3.Connection) -> Iterator[str]:
    """Yield a sentence for each way in which *new* does not continue *old*.

    It does where it is the same archive and has all of its runs and articles under their numbers,
    none of them in an older state. Rows are :class:`sqlite3.Row`.
    """
    if identity.archive_id(old) != identity.archive_id(new):
        yield "it is another archive: the two have no archive_id in common"
        return
    yield from _missing(
        "run",
        old.execute("SELECT id, started_at, spider FROM runs ORDER BY id"),
        lambda run: new.execute(
            "SELECT 1 FROM runs WHERE id = ? AND started_at = ? AND spider = ?", tuple(run)
        ),
    )
    yield from _missing(
        "article",
        old.execute("SELECT id, first_seq, seq FROM articles ORDER BY first_seq"),
        lambda article: new.execute(
            "SELECT 1 FROM articles WHERE id = ? AND first_seq = ? AND seq >= ?",
            tuple(article),
        ),
    )


def _missing(
    what: str, rows: sqlite3.Cursor, find: Callable[[sqlite3.Row], sqlite3.Cursor]
) -> Iterator[str]:
    lost = (row for row in rows if find(row).fetchone() is None)
    first = [str(row[0]) for row in islice(lost, _SHOWN)]
    if not first:
        return
    number = len(first) + sum(1 for _ in lost)
    plural = "s" if number > 1 else ""
    more = " …" if number > len(first) else ""
    yield f"it lacks {number} {what}{plural} as they were: {', '.join(first)}{more}"
