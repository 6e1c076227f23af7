"""Replaces an archive by a copy of it, atomically."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from newscrawl.store import identity, write_ahead_log
from newscrawl.store.backup import copied, sync_folder
from newscrawl.store.clock import utc_now
from newscrawl.store.connections import open_for_reading
from newscrawl.store.errors import NewerSchema, NotAnArchive, StoreError, explain
from newscrawl.store.lock import WriterLock
from newscrawl.text.china_time import in_china


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put in place, and what was there."""

    articles: int
    last_run: str
    """The last run of the copy, in words; empty where it has none."""
    kept: Path | None
    """Where the file is now that was there; None where there was none."""


def restore(backup: Path, path: Path, *, of_another: bool = False) -> Restored:
    """Put a copy of *backup* in the place of the archive at *path*; keep what was there.

    No run may write the archive meanwhile; its readers keep what they have open. *of_another*
    allows that the file is another archive, or none.

    :raises StoreError: *backup* is not a whole archive, or cannot be copied; or the file is of
        another archive. It was not touched.
    :raises AlreadyRunning: a run writes it.
    """
    path = Path(os.path.realpath(path))
    with closing(open_for_reading(backup, unwritten=True)) as source:
        if path.exists() and path.samefile(backup):
            raise StoreError(f"{backup} is the archive itself. Name a copy of it.")
        lock = WriterLock(path).acquire(utc_now())
        try:
            if not of_another:
                _check_same(source, backup, path)
            with copied(source, path) as beside:
                kept = _put(beside, path)
            return Restored(*_contents(source), kept)
        except sqlite3.Error as error:
            raise explain(error, str(backup)) from error
        finally:
            lock.release()


def _contents(source: sqlite3.Connection) -> tuple[int, str]:
    [(articles,)] = source.execute("SELECT count(*) FROM articles").fetchall()
    run = source.execute(
        "SELECT id, started_at, outcome FROM runs ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if run is None:
        return int(articles), ""
    began = in_china(run["started_at"])
    return int(articles), f"run {run['id']} of {began} (China time), {run['outcome']}"


def _check_same(source: sqlite3.Connection, backup: Path, path: Path) -> None:
    """Refuse where the file is known to be of another archive; a damaged one cannot say."""
    if not path.exists() or not path.stat().st_size:
        return
    option = "--of-another replaces it all the same, and keeps it beside."
    try:
        found = _id_of(path)
    except (NotAnArchive, NewerSchema) as error:
        raise StoreError(f"{error} {option}") from error
    except (sqlite3.Error, StoreError):
        return
    if found not in (None, identity.archive_id(source)):
        raise StoreError(
            f"{backup} is not a copy of {path}, but of another archive. Nothing was restored; "
            f"{option}"
        )


def _id_of(path: Path) -> str | None:
    try:
        with closing(open_for_reading(path)) as there:
            return identity.archive_id(there)
    except NotAnArchive:
        raise
    except StoreError:
        # Its log is another file's, or it is damaged: the file alone may say it.
        found = write_ahead_log.state(path)
        return found.archive_id if found else None


def _put(beside: Path, path: Path) -> Path | None:
    """Put the copy in place; what was there gets another name, with what lies beside it.

    The file is replaced first: until its log is gone, too, the new one has a log that is not its
    own, which whoever opens it sees.
    """
    if not path.exists():
        beside.replace(path)
        _take_along(path, None)
        sync_folder(path.parent)
        return None
    _fold(path)
    give_owner(path, beside)
    is_foreign = write_ahead_log.is_foreign(path)
    kept = write_ahead_log.unused(
        path.with_name(f"{path.name}.before-restore-{utc_now()[:19].replace(':', '')}")
    )
    try:
        os.link(path, kept)
    except OSError:  # a file system without hard links
        path.rename(kept)
    beside.replace(path)
    _take_along(path, None if is_foreign else kept)
    sync_folder(path.parent)
    return kept


def give_owner(path: Path, beside: Path) -> None:
    """Let who could read and write the file do so with what takes its place."""
    found = path.stat()
    if hasattr(os, "chown"):  # Windows has none
        with suppress(OSError):  # another user's, which this one may replace and not give away
            os.chown(beside, found.st_uid, found.st_gid)
    beside.chmod(stat.S_IMODE(found.st_mode))


def _fold(path: Path) -> None:
    """Bring what is in the file's own log into the file, where it can be."""
    if write_ahead_log.is_foreign(path):
        return
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _take_along(path: Path, kept: Path | None) -> None:
    """Give what lies beside the file the name under which the file is kept, or one of its own."""
    for suffix in ("-wal", "-journal", "-shm"):
        file = path.with_name(path.name + suffix)
        if not file.exists():
            continue
        if suffix == "-shm":
            file.unlink()
        elif kept is None:
            write_ahead_log.set_aside(file)
        else:
            file.rename(kept.with_name(kept.name + suffix))
