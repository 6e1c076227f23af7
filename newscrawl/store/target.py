"""Opens the archive that a run writes, or, to rebuild it, a new one beside it."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from newscrawl.store import connections, identity, shape, write_ahead_log
from newscrawl.store.backup import back_up
from newscrawl.store.clock import utc_now
from newscrawl.store.connections import MEMORY, Place, check, open_for_writing
from newscrawl.store.errors import Gone, StoreError, explain
from newscrawl.store.lock import WriterLock
from newscrawl.store.merger import last_seq


class Target:
    """One archive, locked for this run's writer.

    With *overwrite* a new archive is built beside the file, and :meth:`finish` puts its contents
    into the file in one transaction: readers keep their snapshot until then, and a run that is
    killed leaves the file as it was.
    """

    def __init__(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Lock and open.

        :raises StoreError: see :func:`newscrawl.store.connections.open_for_writing`; also
            :class:`~newscrawl.store.errors.AlreadyRunning`.
        """
        self.path = str(path)
        self._lock = None
        self._beside: Path | None = None
        self._stored = 0
        self._place = Place(MEMORY)
        if self.path == MEMORY:
            self.db = open_for_writing(MEMORY)
            return
        # One file has one lock, also under the name of a link.
        file = Path(os.path.realpath(path))
        self.path = str(file)
        check(file)
        self._lock = WriterLock(file).acquire(utc_now())
        try:
            self.db = self._open_beside(file) if overwrite else open_for_writing(file)
            self._place = Place(self._beside or file)
        except BaseException:
            self._lock.release()
            raise

    @property
    def is_rebuild(self) -> bool:
        """Whether a new archive is built beside the file."""
        return self._beside is not None

    @property
    def would_empty(self) -> bool:
        """Whether the new archive has no article but the file has some, which cannot be meant."""
        if not self._stored:
            return False
        found: int = self.db.execute("SELECT count(*) FROM articles").fetchone()[0]
        return not found

    def finish(self, *, good: bool) -> None:
        """Close the archive and free it; a rebuilt one takes the file's place if *good*.

        :raises StoreError: the file cannot be replaced; it is as it was. Or it is no longer there;
            all that was committed is kept in another.
        """
        try:
            self._rescue()
            self.db.close()
            if self._beside is not None:
                if good:
                    _replace(Path(self.path), self._beside)
                _remove(self._beside)
        finally:
            if self._lock is not None:
                self._lock.release()

    def _rescue(self) -> None:
        """Where the file was taken away under the run, keep what it has: we have it still open."""
        try:
            self._place.check()
        except Gone as gone:
            try:
                self.db.rollback()
            except sqlite3.ProgrammingError:  # closed already, which removes the log of its file
                self._close_and_take_log(is_kept=False)
                return
            kept = Path(f"{self.path}.rescued-{utc_now()[:19].replace(':', '')}")
            try:
                back_up(self.db, kept)
            except StoreError as error:
                log = self._close_and_take_log(is_kept=False)
                said = f"{gone} It could not be kept elsewhere: {error}"
                raise StoreError(f"{said} Its log is {log}." if log else said) from error
            self._close_and_take_log(is_kept=True)
            raise Gone(f"{gone} All that was committed until then is kept in {kept}.") from gone

    def _close_and_take_log(self, *, is_kept: bool) -> Path | None:
        """Close, and leave no log of ours beside a file that is not ours; return where it is, if
        anywhere.

        Its commits go into our file, which may lie elsewhere now; where they cannot, or where
        nothing else has them, the log is kept under another name.
        """
        log = self._place.own_log()
        is_checkpointed = False
        with suppress(sqlite3.Error):
            busy, *_ = self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            is_checkpointed = not busy
        self.db.close()
        if log is None or self._place.own_log() is None:
            return None
        log.with_name(log.name.removesuffix("-wal") + "-shm").unlink(missing_ok=True)
        if is_checkpointed and is_kept:
            log.unlink()
            return None
        return write_ahead_log.set_aside(log)

    def _open_beside(self, path: Path) -> sqlite3.Connection:
        self._beside = path.with_name(path.name + ".rebuild")
        _remove(self._beside)  # what a killed run left
        self._stored, seq = _contents(path)
        db = open_for_writing(self._beside)
        # Readers that follow `seq` must see every row of the new archive as new.
        db.execute("UPDATE meta SET value = ? WHERE key = 'seq'", (seq,))
        return db


def _contents(path: Path) -> tuple[int, int]:
    """Return the number of articles in the archive at *path*, and its highest ``seq``."""
    if not path.exists() or not path.stat().st_size:
        return 0, 0
    with closing(open_for_writing(path)) as old:
        if theirs := _theirs(old, path):
            raise StoreError(
                f"{theirs} It was left as it is. Copy them to another file, and drop them here; or "
                "apply new rules with `newscrawl reextract`, which keeps them."
            )
        articles = old.execute("SELECT count(*) FROM articles").fetchone()[0]
        return int(articles), last_seq(old)


def _continue_chain(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Make of what was built a later state of the archive: its id, and its chain of commits.

    The target's own link comes first: then the log tells which file it was written for.
    """
    with identity.transaction(target):
        pass
    with source:
        identity.take_over(source, identity.archive_id(target), identity.last_commit(target))


def _theirs(db: sqlite3.Connection, path: Path) -> str:
    """Return a sentence on what a new archive would not have; empty where there is nothing."""
    if not (others := shape.others(db)):
        return ""
    return (
        f"{path} has tables or views of your own that a new archive would not have: "
        f"{', '.join(others[:10])}{' …' if len(others) > 10 else ''}."
    )


def _replace(path: Path, new: Path) -> None:
    """Put the contents of *new* into *path*, in one transaction of SQLite's own backup."""
    try:
        with (
            closing(open_for_writing(path)) as target,
            closing(sqlite3.connect(new)) as source,
        ):
            # backup() waits for a lock without limit; so the limit is kept here, and before.
            target.execute("BEGIN IMMEDIATE")
            target.execute("COMMIT")
            if theirs := _theirs(target, path):  # made while the run was on its way
                raise StoreError(f"{theirs} {_kept(new)}")
            _continue_chain(source, target)
            source.backup(target, pages=1024, progress=_Patience(path, new))
            target.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except sqlite3.Error as error:
        raise StoreError(f"{explain(error, str(path))} {_kept(new)}") from error


def _kept(new: Path) -> str:
    return f"It was left as it is; the new archive is {new}."


class _Patience:
    """Ends a backup that gets no further: another program holds the file."""

    def __init__(self, path: Path, new: Path) -> None:
        self._sentence = f"{path} is locked by another program. {_kept(new)}"
        self._remaining = -1
        self._since = time.monotonic()

    def __call__(self, status: int, remaining: int, total: int) -> None:
        now = time.monotonic()
        if remaining != self._remaining:
            self._remaining, self._since = remaining, now
        elif now - self._since > connections.BUSY_TIMEOUT:
            raise StoreError(self._sentence)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
