"""Checks whether the ``-wal`` file beside an archive belongs to it, before SQLite reads it.

SQLite takes any ``-wal`` beside a file for the file's own: after a backup was copied over an
archive whose run was killed, it pours pages of the one file into the other. Each transaction of
ours writes the row of ``identity`` into the log, which names the transaction before; so a log
continues the file, or it does not. docs/decisions/0014-a-log-that-is-of-this-file.md has the proof.

Formats: https://www.sqlite.org/fileformat2.html#walformat and #b_tree_pages.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from newscrawl.store import identity
from newscrawl.store.clock import utc_now
from newscrawl.store.errors import StoreError

logger = logging.getLogger(__name__)

_HEADER, _FRAME_HEADER = 32, 24
_LOOKS = 8
"""How often a pair of files is read again if a run changes it meanwhile."""

# A leaf of a table with one row, and that row's cell: 78 bytes, row 1, a header of 6 bytes, NULL
# (the id is the row's number), texts of 32, 16, 16 and 8 bytes.
_LEAF, _CELL = 0x0D, bytes([78, 1, 6, 0, 77, 45, 45, 29])
_TEXTS = struct.Struct("32s16s16s8s")


class Link(NamedTuple):
    """The row of ``identity``, as one commit left it."""

    archive_id: str
    last_commit: str
    commit_before: str
    layout: str


class State(NamedTuple):
    """What the file alone says, without its log."""

    archive_id: str
    last_commit: str
    layout: str


@dataclass
class Log:
    """What a log says."""

    salts: bytes
    links: list[Link] = field(default_factory=list)
    layouts: set[str] = field(default_factory=set)
    """SQLite's number of the schema at any commit; also one by another program."""
    begins_with_a_link: bool = False
    """Whether its first transaction is one of ours."""

    def continues(self, file: State) -> bool:
        """Whether it was written after the file's state, or holds it."""
        first = self.links[0]
        if any(each.archive_id != file.archive_id for each in self.links):
            return False
        # A copy that was vacuumed has the same last commit, and other pages.
        if self.begins_with_a_link and file.layout not in self.layouts:
            return False
        return file.last_commit in {first.commit_before, *(each.last_commit for each in self.links)}


def log_of(path: Path) -> Path:
    """Return where SQLite looks for the log of an archive: beside the file that a link leads to."""
    file = Path(os.path.realpath(path))
    return file.with_name(file.name + "-wal")


def refuse_foreign(path: Path) -> None:
    """Refuse to read an archive beside which another file's log lies; touch nothing.

    :raises StoreError: it does.
    """
    if is_foreign(path):
        raise StoreError(
            f"{log_of(path)} was not written for this {path.name}, but for a file that was in its "
            "place before. Nothing was read, since SQLite would mix the two. Where a run is still "
            "writing, wait for its end; else the next run, or `newscrawl restore`, sets the log "
            "aside."
        )


def set_aside_foreign_log(path: Path) -> Path | None:
    """Move a log of another file out of the way; return where it is now.

    For the one who holds the writer's lock.

    :raises OSError: it cannot be moved.
    """
    if not is_foreign(path):
        return None
    log = log_of(path)
    commits = len({each.last_commit for each in read_log(log).links})
    kept = set_aside(log)
    log.with_name(log.name.removesuffix("-wal") + "-shm").unlink(missing_ok=True)
    logger.warning(
        "%s was not written for this %s, but for a file that was in its place before: was a copy "
        "put there? It holds at least %d commits of that file (%d bytes) and was set aside as %s. "
        "%s is as it was; nothing of it was lost.",
        log, path.name, commits, kept.stat().st_size, kept, path.name,
    )  # fmt: skip
    return kept


def set_aside(file: Path) -> Path:
    """Rename a file that SQLite must not find; return its new name."""
    kept = unused(file.with_name(f"{file.name}.stale-{utc_now()[:19].replace(':', '')}"))
    file.rename(kept)
    return kept


def unused(path: Path) -> Path:
    """Return *path*, with a number where there is such a file."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def is_foreign(path: Path) -> bool:
    """Whether the log beside an archive is that of another file.

    A run may write both meanwhile. Where it cannot be told, for a log in which only another
    program wrote, or a file that cannot be read without it, it is left to SQLite: False.
    """
    before = False
    for _ in range(_LOOKS):
        found = _compare_once(path, log_of(path))
        if found is False or (found and before):
            return bool(found)
        # Once more: a frame may have been half written when it was read.
        before = bool(found)
    return before


def _compare_once(path: Path, log: Path) -> bool | None:
    """Compare once; None if the files changed meanwhile."""
    try:
        if log.stat().st_size <= _HEADER:
            return False
        if not path.exists() or not path.stat().st_size:
            return True  # of an archive that was moved away: SQLite would remove it
        file, found = state(path), read_log(log)
        if file is None or not found.links:
            return False
        if state(path) != file or _salts(log) != found.salts:
            return None
    except OSError:
        return False  # it is gone, or SQLite reports why it cannot be read
    return not found.continues(file)


def state(path: Path) -> State | None:
    """Return the state of the file as if it had no log; None where it cannot be told.

    Through SQLite, which keeps the locks that other connections of this process have on it.
    """
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as db:
            layout = f"{db.execute('PRAGMA schema_version').fetchone()[0]:08x}"
            if not identity.has_table(db):
                return None
            row = db.execute("SELECT archive_id, last_commit FROM identity").fetchone()
            return None if row is None else State(str(row[0]), str(row[1]), layout)
    except sqlite3.Error:
        return None


def read_log(log: Path) -> Log:
    """Return the links in a log, in their order.

    :raises OSError: it cannot be read.
    """
    with log.open("rb") as file:
        header = file.read(_HEADER)
        found = Log(header[16:24])
        page_size = int.from_bytes(header[8:12], "big")
        place, transactions = _HEADER, 0
        # Frames of before the log was begun again have other salts; those that were never
        # committed do no harm, since no file has their links.
        while len(begins := _read(file, place, 96)) == 96 and begins[8:16] == found.salts:
            page = place + _FRAME_HEADER
            if begins[:4] == b"\0\0\0\1":
                found.layouts.add(begins[_FRAME_HEADER + 40 : _FRAME_HEADER + 44].hex())
            elif link := _link(file, page, begins[_FRAME_HEADER:]):
                found.begins_with_a_link |= not transactions
                found.links.append(link)
                found.layouts.add(link.layout)
            transactions += begins[4:8] != bytes(4)  # the size of the file: at a commit alone
            place = page + page_size
    return found


def _link(file: BinaryIO, place: int, begins: bytes) -> Link | None:
    """Return what a page says where it is the only one of ``identity``."""
    if begins[0] != _LEAF or begins[3:5] != b"\0\1":
        return None
    cell = _read(file, place + int.from_bytes(begins[8:10], "big"), len(_CELL) + _TEXTS.size)
    if not cell.startswith(_CELL) or len(cell) < len(_CELL) + _TEXTS.size or not cell.isascii():
        return None
    return Link(*(text.decode() for text in _TEXTS.unpack(cell[len(_CELL) :])))


def _read(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)


def _salts(log: Path) -> bytes:
    with log.open("rb") as file:
        return _read(file, 16, 8)
