"""Checks whether the ``-journal`` file beside an archive belongs to it.

A transaction that was cut off leaves one, and SQLite writes what it holds back into the file, and
cuts the file to the size that it names. Ours can only be those of a new file's mark and of the
switch to a write-ahead log: they hold the first page alone, and may only be of a file that is the
same but for what these change. Longer ones are another program's, and left to SQLite.

Format: https://www.sqlite.org/fileformat2.html#the_rollback_journal
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from newscrawl.store.write_ahead_log import set_aside

logger = logging.getLogger(__name__)

_MAGIC = bytes.fromhex("d9d505f920a163d7")
_ALL = 0xFFFFFFFF
_CHANGED = (slice(18, 20), slice(24, 28), slice(68, 72), slice(92, 100))
"""Of the file's header: whether it has a log, its counters, the application's id."""


def set_aside_foreign_journal(path: Path) -> Path | None:
    """Move a journal of another file out of the way; return where it is now.

    Not for a process that has the archive open, and only for the one who holds the writer's lock.

    :raises OSError: it cannot be read, or moved.
    """
    file = Path(os.path.realpath(path))
    journal = file.with_name(file.name + "-journal")
    try:
        if not _is_foreign(file, journal):
            return None
    except FileNotFoundError:
        return None
    kept = set_aside(journal)
    logger.warning(
        "%s was not written for this %s, but for a file that was in its place before: was a copy "
        "put there? It was set aside as %s. %s is as it was; nothing of it was lost.",
        journal, path.name, kept, path.name,
    )  # fmt: skip
    return kept


def _is_foreign(file: Path, journal: Path) -> bool:
    size = journal.stat().st_size
    with journal.open("rb") as opened:
        header = opened.read(28)
        if len(header) < 28 or not header.startswith(_MAGIC):
            return False  # SQLite removes it
        records, pages, sector, page_size = (
            int.from_bytes(header[at : at + 4], "big") for at in (8, 16, 20, 24)
        )
        if not page_size:
            return False
        if records == _ALL:
            records = (size - sector) // (page_size + 8)
        opened.seek(sector)
        record = opened.read(4 + page_size) if records else b""
    if records > 1 or (records and record[:4] != b"\0\0\0\1"):
        return False
    with file.open("rb") as opened:
        first = opened.read(page_size)
    found = file.stat().st_size // page_size
    if found != pages and not (pages == 0 and found <= 1):
        return True
    return bool(records) and _fixed(record[4:]) != _fixed(first)


def _fixed(page: bytes) -> bytes:
    """Return a first page without what our journals change in it."""
    fixed = bytearray(page)
    for part in _CHANGED:
        fixed[part] = bytes(part.stop - part.start)
    return bytes(fixed)
