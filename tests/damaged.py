"""Damages an archive as newscrawl never would, and returns what `verify` finds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from archives import article, fill, page
from crawls import command

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


def make_whole(db: Path) -> Path:
    """Make an archive of a sample site, with an edited article, at rest."""
    assert command("newscrawl", "demo", "--db", str(db), timeout=300).returncode == 0
    fill(
        db,
        article(page(body=b"a"), body_text="储能电池"),
        article(page(body=b"b", observed_at="2022-02-01"), body_text="光伏玻璃"),
    )
    return db
