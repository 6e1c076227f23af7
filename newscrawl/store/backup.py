"""Copies an archive consistently, also while a run writes it."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from newscrawl.store import identity
from newscrawl.store.connections import check, open_for_reading
from newscrawl.store.errors import StoreError, explain, explained
from newscrawl.store.lock import WriterLock, is_alive

STEP = 256
"""Pages of the file copied between two moves of the progress."""


def back_up(
    source: sqlite3.Connection, target: Path, *, each: Callable[[int, int], None] | None = None
) -> None:
    """Copy the archive open as *source* to *target*, which is replaced only by a whole copy.

    The copy is one state of the archive, the one of its beginning. No run waits for it. *each* is
    called with the file's pages that are left and their number. Where *target* is a link, the file
    that it leads to is replaced.

    :raises StoreError: the copy cannot be written, or is not whole, or *target* is an archive of
        its own and no earlier copy; *target* is as it was.
    """
    target = Path(os.path.realpath(target))
    check(target)
    if target.exists() and os.path.samefile(target, _file_of(source)):
        raise StoreError(f"{target} is the archive itself. Name another file for its copy.")
    if target.exists() and target.stat().st_size:
        _check_earlier_copy(source, target)
    with copied(source, target, each=each) as beside:
        _forget_log(target)
        beside.replace(target)
        sync_folder(target.parent)


@contextmanager
def copied(
    source: sqlite3.Connection, target: Path, *, each: Callable[[int, int], None] | None = None
) -> Iterator[Path]:
    """Make a whole copy of *source* beside *target*, on the disk; it is removed where it is left.

    :raises StoreError: it cannot be written, or is not whole; also for what SQLite, or the
        operating system, refuses within.
    """
    try:
        beside = _empty_beside(target)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}.") from error
    try:
        _copy(source, beside, each)
        sync(beside)
        yield beside
    except sqlite3.Error as error:
        raise explain(error, str(target)) from error
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        _remove(beside)


def copy_as_found(source: sqlite3.Connection, target: Path) -> None:
    """Copy an archive that may be damaged, without any check."""
    with explained(str(target)), closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def _check_earlier_copy(source: sqlite3.Connection, target: Path) -> None:
    if WriterLock(os.path.realpath(target)).names_a_living_holder():
        raise StoreError(f"{target} is being written by a run. Name another file for the copy.")
    with closing(open_for_reading(target, unwritten=True)) as copy:
        [(articles,)] = copy.execute("SELECT count(*) FROM articles").fetchall()
        if articles and identity.archive_id(copy) != identity.archive_id(source):
            raise StoreError(
                f"{target} is an archive of its own with {articles} articles, and no copy of "
                f"{_file_of(source)}. It was left as it is; name another file."
            )


def _copy(
    source: sqlite3.Connection, beside: Path, each: Callable[[int, int], None] | None
) -> None:
    def step(_status: int, left: int, total: int) -> None:
        if each is not None:
            each(left, total)

    with closing(sqlite3.connect(beside)) as copy:
        # A transaction that has read sees one state until its end: without it the copy would begin
        # again at each commit of a run.
        source.execute("BEGIN")
        try:
            source.execute("SELECT count(*) FROM meta").fetchone()
            source.backup(copy, pages=STEP, progress=step, sleep=0)
        finally:
            source.execute("ROLLBACK")
        # The copy is a file alone, without a log beside it, until it is written.
        copy.execute("PRAGMA journal_mode = DELETE")
        if identity.has_table(copy):
            # A link of its own: put in the archive's place, it is not taken for a state through
            # which the log of a run went that was killed since.
            with identity.transaction(copy):
                pass
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(f"The copy is not whole: {found}. Try `newscrawl verify`.")


def _file_of(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA database_list").fetchone()[2])


def _empty_beside(target: Path) -> Path:
    """Make an empty file beside *target*, and remove those of dead processes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Processes have their numbers on one machine: another one may write into the same folder.
    ours = f".{target.name}.copy-{zlib.crc32(platform.node().encode()):08x}-"
    pattern = re.compile(rf"{re.escape(ours)}(\d+)-\w+(-wal|-shm|-journal)?")
    for left in target.parent.iterdir():
        if (found := pattern.fullmatch(left.name)) and not is_alive(int(found[1])):
            left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f"{ours}{os.getpid()}-")
    os.close(handle)
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)
    return Path(name)


def _remove(beside: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            beside.with_name(beside.name + suffix).unlink()


def _forget_log(target: Path) -> None:
    """Remove the log of the copy that is replaced: SQLite would add it to the new one."""
    for suffix in ("-wal", "-shm", "-journal"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until the disk has it: a backup must survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Wait until the disk has the names in a folder, where it can be asked for that.

    Windows and some network file systems refuse it, and write them soon by themselves.
    """
    with suppress(OSError):
        sync(path)
