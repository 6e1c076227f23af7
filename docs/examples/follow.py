"""Follow an archive: copy what is new and what has changed into an SQLite file of your own.

    python follow.py data/news.db copy.db
    python follow.py data/news.db copy.db --every 60

It needs Python alone, may run while a crawl writes the archive, and may be killed at any moment:
what it copied and how far it got are stored in one transaction, so it goes on where it was.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

BATCH = 500
"""Articles copied in one transaction. A kill costs at most one batch, which is copied again."""

WAIT = 30.0
"""Seconds to wait for a lock: a crawl that rebuilds the archive holds one for a moment."""

TABLES = """
CREATE TABLE IF NOT EXISTS articles
    (id TEXT PRIMARY KEY, title TEXT, published_at TEXT, url TEXT, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS followed (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL);
INSERT OR IGNORE INTO followed VALUES (1, 0);
"""

CHANGES = """
SELECT id, title, published_at, coalesce(original_url, share_url), seq
FROM articles WHERE seq > ? ORDER BY seq LIMIT ?
"""


class OlderArchive(Exception):
    """Raised by :func:`follow` where the archive ends before what was copied from it."""


def open_archive(path: Path) -> sqlite3.Connection:
    """Open the archive read-only. Raises sqlite3.OperationalError where there is none."""
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=WAIT, isolation_level=None
    )


def open_copy(path: Path) -> sqlite3.Connection:
    """Open the copy; make its tables where they are not there yet."""
    copy = sqlite3.connect(path, timeout=WAIT)
    copy.executescript(f"BEGIN IMMEDIATE; {TABLES} COMMIT;")
    return copy


def follow(archive: sqlite3.Connection, copy: sqlite3.Connection) -> int:
    """Copy all that was inserted or changed since the last time; return how many articles.

    Raises :class:`OlderArchive`.
    """
    (cursor,) = copy.execute("SELECT seq FROM followed").fetchone()
    (highest,) = archive.execute("SELECT value FROM meta WHERE key = 'seq'").fetchone()
    if highest < cursor:
        raise OlderArchive(f"the copy is at seq {cursor}, the archive ends at {highest}")
    copied = 0
    while rows := archive.execute(CHANGES, (cursor, BATCH)).fetchall():
        cursor = rows[-1][-1]
        with copy:  # one transaction: the rows, and how far they go
            copy.executemany("INSERT OR REPLACE INTO articles VALUES (?, ?, ?, ?, ?)", rows)
            copy.execute("UPDATE followed SET seq = ?", (cursor,))
        copied += len(rows)
    return copied


def main() -> int:
    """Follow once, or again and again; return the exit code."""
    parser = argparse.ArgumentParser(description="Copy an archive's changes into a file of yours.")
    parser.add_argument("archive", type=Path)
    parser.add_argument("copy", type=Path)
    parser.add_argument("--every", type=float, metavar="SECONDS", help="stay, and look so often")
    words = parser.parse_args()
    with closing(open_archive(words.archive)) as archive, closing(open_copy(words.copy)) as copy:
        while True:
            copied = follow(archive, copy)
            if copied or not words.every:
                print(f"{copied} copied", flush=True)
            if not words.every:
                return 0
            time.sleep(words.every)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except (OlderArchive, sqlite3.Error) as error:
        sys.exit(f"follow.py: {error}")
