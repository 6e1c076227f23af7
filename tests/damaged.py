"""Damages an archive as newscrawl never would, and returns what `verify` finds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from newscrawl.runs import verify
from newscrawl.store.connections import open_for_reading
from newscrawl.store.integrity import Problem


def found(db: Path, **options: bool) -> list[Problem]:
    """Return the problems that `verify` finds."""
    with closing(open_for_reading(db, as_found=True)) as connection:
        return list(verify.find_problems(connection, **options))


def damage(db: Path, *statements: str) -> None:
    """Do what newscrawl never would."""
    with closing(sqlite3.connect(db, isolation_level=None)) as stranger:
        for each in statements:
            stranger.execute(each)
