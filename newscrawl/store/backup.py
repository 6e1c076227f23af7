"""A consistent copy of an archive, made while a run may write it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from newscrawl.store.archive import check, open_for_reading
from newscrawl.store.errors import StoreError, explain
from newscrawl.store.lock import WriterLock

STEP = 256
"""Pages of the file copied between two moves of the progress."""


def back_up(
    source: sqlite3.Connection, target: Path, *, each: Callable[[int, int], None] | None = None
) -> None:
    """Copy the archive open as *source* to *target*, which is replaced only by a whole copy.

    The copy is one state of the archive, the one of its beginning. No run waits for it. *each* is
    called with the file's pages that are left and their number.

    :raises StoreError: the copy cannot be written, or is not whole, or *target* is an archive of
        its own and no earlier copy; *target* is as it was.
    """
    check(target)
    if target.exists() and os.path.samefile(target, _file_of(source)):
        raise StoreError(f"{target} is the archive itself. Name another file for its copy.")
    if target.exists() and target.stat().st_size:
        _check_earlier_copy(source, target)
    try:
        beside = _empty_beside(target)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}.") from error
    try:
        _copy(source, beside, each)
        _sync(beside)
        _forget_log(target)
        beside.replace(target)
        _sync(target.parent)
    except sqlite3.Error as error:
        raise explain(error, str(target)) from error
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                beside.with_name(beside.name + suffix).unlink()


def _check_earlier_copy(source: sqlite3.Connection, target: Path) -> None:
    if WriterLock(os.path.realpath(target)).names_a_living_holder():
        raise StoreError(f"{target} is being written by a run. Name another file for the copy.")
    with closing(open_for_reading(target, unwritten=True)) as copy:
        [(articles,)] = copy.execute("SELECT count(*) FROM articles").fetchall()
        if articles and _first_run(copy) != _first_run(source):
            raise StoreError(
                f"{target} is an archive of its own with {articles} articles, and no copy of "
                f"{_file_of(source)}. It was left as it is; name another file."
            )


def _first_run(db: sqlite3.Connection) -> tuple[object, ...] | None:
    """What tells an archive, and each copy of it, from every other."""
    row = db.execute("SELECT started_at, pid, spider FROM runs ORDER BY id LIMIT 1").fetchone()
    return None if row is None else tuple(row)


def _copy(
    source: sqlite3.Connection, beside: Path, each: Callable[[int, int], None] | None
) -> None:
    def step(_status: int, left: int, total: int) -> None:
        if each is not None:
            each(left, total)

    with closing(sqlite3.connect(beside)) as copy:
        # A transaction that has read sees one state until its end: without it the copy would begin
        # anew at each commit of a run.
        source.execute("BEGIN")
        try:
            source.execute("SELECT count(*) FROM meta").fetchone()
            source.backup(copy, pages=STEP, progress=step, sleep=0)
        finally:
            source.execute("ROLLBACK")
        # The copy is a file alone, without a log beside it, until somebody writes it.
        copy.execute("PRAGMA journal_mode = DELETE")
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(f"The copy is not whole: {found}. Try `newscrawl check`.")


def _file_of(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA database_list").fetchone()[2])


def _empty_beside(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)
    return Path(name)


def _forget_log(target: Path) -> None:
    """Remove the log of the copy that is replaced: SQLite would add it to the new one."""
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Wait until the disk has it: a backup that a power cut takes away is none."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
