"""Where a run writes: into an archive, or, to rebuild it, into a new one beside it."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from newscrawl.store import archive
from newscrawl.store.archive import MEMORY, Place, check, open_for_writing
from newscrawl.store.backup import back_up
from newscrawl.store.clock import utc_now
from newscrawl.store.database import Database
from newscrawl.store.errors import Gone, StoreError, explain
from newscrawl.store.lock import WriterLock
from newscrawl.store.merging import last_seq


class Target:
    """One archive, locked for this run's writer.

    With *overwrite* a new archive is built beside the file, and :meth:`finish` puts its contents
    into the file in one transaction: readers keep their snapshot until then, and a run that is
    killed leaves the file as it was.
    """

    def __init__(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Lock and open.

        :raises StoreError: see :func:`newscrawl.store.archive.open_for_writing`; also
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
        """Whether the new archive has no article, and the file has some: nobody means that."""
        if not self._stored:
            return False
        found: int = self.db.conn.execute("SELECT count(*) FROM articles").fetchone()[0]
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
                self.db.conn.rollback()
            except sqlite3.ProgrammingError:
                return  # closed already, which removes the log
            kept = Path(f"{self.path}.rescued-{utc_now()[:19].replace(':', '')}")
            try:
                back_up(self.db.conn, kept)
            except StoreError as error:
                raise StoreError(f"{gone} It could not be kept elsewhere: {error}") from error
            finally:
                self.db.close()
            raise Gone(f"{gone} All that was committed until then is kept in {kept}.") from gone

    def _open_beside(self, path: Path) -> Database:
        self._beside = path.with_name(path.name + ".rebuild")
        _remove(self._beside)  # what a killed run left
        self._stored, seq = _contents(path)
        db = open_for_writing(self._beside)
        # Readers that follow `seq` must see every row of the new archive as new.
        db.conn.execute("UPDATE meta SET value = ? WHERE key = 'seq'", (seq,))
        return db


def _contents(path: Path) -> tuple[int, int]:
    """Return the number of articles in the archive at *path*, and its highest ``seq``."""
    if not path.exists() or not path.stat().st_size:
        return 0, 0
    with closing(open_for_writing(path)) as old:
        articles = old.conn.execute("SELECT count(*) FROM articles").fetchone()[0]
        return int(articles), last_seq(old.conn)


def _replace(path: Path, new: Path) -> None:
    """Put the contents of *new* into *path*, in one transaction of SQLite's own backup."""
    try:
        with (
            closing(open_for_writing(path)) as target,
            closing(sqlite3.connect(new)) as source,
        ):
            # backup() waits for a lock without limit; so the limit is kept here, and before.
            target.conn.execute("BEGIN IMMEDIATE")
            target.conn.execute("COMMIT")
            source.backup(target.conn, pages=1024, progress=_Patience(path, new))
            target.conn.execute("PRAGMA wal_checkpoint(PASSIVE)")
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
        elif now - self._since > archive.BUSY_TIMEOUT:
            raise StoreError(self._sentence)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
