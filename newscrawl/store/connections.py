"""Opens an archive: for the one writer, or for readers while it writes."""

from __future__ import annotations

import importlib
import logging
import os
import sqlite3
import sys
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import NamedTuple

from newscrawl.store import rollback_journal, shape, values, write_ahead_log
from newscrawl.store.errors import Gone, NewerSchema, NotAnArchive, StoreError, explain
from newscrawl.store.schema import APPLICATION_ID, SCHEMA_VERSION

logger = logging.getLogger(__name__)

Connection = sqlite3.Connection
"""What other rooms call a connection, so that they need not import sqlite3."""
SQLITE_VERSION = sqlite3.sqlite_version
LEAST_SQLITE = (3, 34)
"""The oldest SQLite whose SQL is used; tests/test_sql.py looks for what is younger."""
MEMORY = ":memory:"
PAGE_SIZE = 32_768
"""Bytes. Four articles of 7 KB, text and markup, fit into a page; of half of it, two, and the rest
is empty: an archive is 7 % larger, and takes 4 % longer to write."""
BUSY_TIMEOUT = 10.0
"""Seconds to wait for another program's lock before the run stops with an error."""

_OTHER_SQLITE = "Upgrade the system's SQLite, or use a Python that brings its own."
_COMPILED_IN = {
    "JSON": "SELECT json_valid('[]')",
    "FTS5": "CREATE VIRTUAL TABLE found USING fts5 (text)",
}
"""What SQLite may be compiled without, and a statement that needs it."""
_MAGIC = b"SQLite format 3\x00"


def open_for_writing(path: str | Path) -> sqlite3.Connection:
    """Open the archive at *path* for its one writer; make it, or migrate it, where needed.

    :raises NotAnArchive: the file belongs to another program; it was not touched.
    :raises NewerSchema: a later newscrawl wrote it; it was not touched.
    :raises StoreError: it cannot be opened.
    """
    _check_sqlite()
    if str(path) == MEMORY:
        db = _connect(MEMORY)
        _claim(db)
        _migrate(db)
        return db
    path = Path(path)
    check(path)
    _check_one_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        rollback_journal.set_aside_foreign_journal(path)
        write_ahead_log.set_aside_foreign_log(path)
        db = _connect(str(path))
        try:
            _prepare(db, path)
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise explain(error, str(path)) from error
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror}.") from error
    return db


def open_for_reading(
    path: str | Path, *, unwritten: bool = False, as_found: bool = False
) -> sqlite3.Connection:
    """Open the archive at *path* read-only; rows are :class:`sqlite3.Row`.

    *unwritten* says that nothing writes it meanwhile: then no file is left beside it. *as_found*
    also opens an archive that was altered, and validates no row: for verifying it.

    :raises StoreError: there is no such file, or it is not an archive this version can read.
    """
    _check_sqlite()
    path = Path(path)
    if not _exists(path):
        raise StoreError(
            f"There is no archive at {path}. `newscrawl crawl category` makes one, "
            f"`newscrawl demo` a small sample; --db names another file."
        )
    if not (path.is_file() or path.is_dir()):
        raise StoreError(f"{path} is not a regular file. Name another one.")
    write_ahead_log.refuse_foreign(path)
    uri = uri_for_reading(path, unwritten=unwritten)
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)
    except sqlite3.Error as error:
        raise _unreadable(error, path) from error
    try:
        values.bound(connection, path)
        version = _check_archive(connection, path)
        if as_found:
            values.unbound(connection)
        else:
            shape.check_for_reading(connection, version, path)
    except sqlite3.Error as error:
        connection.close()
        raise _unreadable(error, path) from error
    except StoreError:
        connection.close()
        raise
    return connection


def uri_for_reading(path: Path, *, unwritten: bool = False) -> str:
    """Return how SQLite is to open the archive at *path* to read it."""
    uri = f"{path.resolve().as_uri()}?mode=ro"
    # Reading a WAL file needs a -shm file beside it. Where none can be made and no writer has
    # left a -wal, the file cannot change under us, and may be read as it is.
    wal = write_ahead_log.log_of(path)
    if (unwritten or not os.access(wal.parent, os.W_OK)) and not wal.exists():
        uri += "&immutable=1"
    return uri


class Place:
    """Where an archive lies, to see that it stays there while a run writes it.

    Nothing else would: what is written to a file that was deleted, or moved to another disk, is
    written without an error, and gone at the end.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        self._files: dict[str, tuple[int, int]] = {}
        if self._path != MEMORY:
            self.check()

    def check(self) -> None:
        """Check that the file and its log are still the same.

        :raises Gone: they are not.
        """
        if self._path == MEMORY:
            return
        for suffix in ("", "-wal"):
            known = self._files.get(suffix)
            found = inode(self._path + suffix)
            if known is None and found is not None:
                self._files[suffix] = found
            elif found != known:
                what = "deleted, or moved away," if found is None else "replaced by another file"
                raise Gone(f"{self._path}{suffix} was {what} while it was being written.")

    def own_log(self) -> Path | None:
        """Return the log that the run wrote, where it lies still in its place."""
        log, known = f"{self._path}-wal", self._files.get("-wal")
        return Path(log) if known is not None and inode(log) == known else None


class Seen(NamedTuple):
    """What tells whether an archive's file is still the one that was opened."""

    device: int
    inode: int
    size: int
    changed_at: int
    """In nanoseconds. A run's checkpoint changes it, too: a file that is as it was when it was
    opened was not written over, by ``cp`` for example."""


def seen(path: str) -> Seen | None:
    """Return what is found at *path*, behind links; None where there is nothing."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return Seen(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def inode(path: str) -> tuple[int, int] | None:
    """Return what tells a file from another that is put in its place; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _check_sqlite() -> None:
    """Refuse an SQLite that would fail in the middle of a run."""
    if sqlite3.sqlite_version_info < LEAST_SQLITE:
        least = ".".join(map(str, LEAST_SQLITE))
        raise StoreError(
            f"Python uses SQLite {sqlite3.sqlite_version}, and newscrawl needs {least} or later. "
            f"Nothing was written. {_OTHER_SQLITE}"
        )
    if lacking := _lacking():
        raise StoreError(
            f"Python uses SQLite {sqlite3.sqlite_version}, which was compiled without "
            f"{' and '.join(lacking)}. Nothing was written. {_OTHER_SQLITE}"
        )


@cache
def _lacking() -> list[str]:
    """Return what this SQLite was compiled without, though newscrawl needs it."""
    lacking = []
    with closing(sqlite3.connect(MEMORY)) as db:
        for name, sql in _COMPILED_IN.items():
            try:
                db.execute(sql)
            except sqlite3.OperationalError:
                lacking.append(name)
    return lacking


def _check_archive(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the archive's schema."""
    # Through SQLite, and not by reading the header: closing a file of ours would drop the locks
    # of every other connection that this process has to it.
    if path.stat().st_size == 0:
        raise NotAnArchive(f"{path} is empty: there is no archive in it yet.")
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise _foreign(path)
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        raise NotAnArchive(f"{path} is empty: there is no archive in it yet.")
    _refuse_newer(version, path)
    return version


def _unreadable(error: sqlite3.Error, path: Path) -> StoreError:
    if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
        return _no_database(path)
    if path.is_dir():
        return _folder(path)
    try:
        path.open("rb").close()  # there is no connection whose lock this could drop
    except OSError as refused:
        return StoreError(f"{path} cannot be read: {refused.strerror}.")
    return explain(error, str(path))


def check(path: Path) -> None:
    """Raise a :class:`StoreError` if an archive cannot be written at *path*; touch nothing.

    Not for a process that has the file open: see :func:`_check_archive`.
    """
    if _exists(path) and not (path.is_file() or path.is_dir()):
        raise StoreError(f"{path} is not a regular file. Name another one.")
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        header = b""
    except IsADirectoryError:
        raise _folder(path) from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from error
    if header:
        _check_header(header, path)
    _check_writable(path)


def _check_one_name(path: Path) -> None:
    """Refuse to write a file that has a second name: its log is found under one of them alone.

    A lock of the file itself would keep two runs apart, but not the second from missing what the
    first, killed, has left in its log; and what is written through one name changes the other.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    if found.st_nlink > 1 and path.is_file():
        raise StoreError(
            f"{path} has {found.st_nlink} names (hard links), and a run through one would not see "
            "what a run through another has in its log. Nothing was written. `find FOLDER "
            f"-samefile {path}` shows them: remove all but one, or copy the file with `newscrawl "
            "backup`."
        )


def _folder(path: Path) -> StoreError:
    return StoreError(f"{path} is a folder. Name a file in it, for example {path / 'news.db'}.")


def _no_database(path: Path) -> NotAnArchive:
    return NotAnArchive(
        f"{path} is not an SQLite file, or its first page is damaged. It was left as it is; name "
        "another file, or restore a copy of the archive."
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from error


def _check_header(header: bytes, path: Path) -> None:
    if not header.startswith(_MAGIC):
        raise _no_database(path)
    # https://www.sqlite.org/fileformat2.html: application id at offset 68, big-endian. New
    # archives get it before they are switched to WAL, so it always stands in the main file.
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise _foreign(path)


def _foreign(path: Path) -> NotAnArchive:
    return NotAnArchive(
        f"{path} is an SQLite file of another program. It was left as it is; name another file."
    )


def _check_writable(path: Path) -> None:
    existing = path if path.exists() else path.parent
    while not existing.exists():
        existing = existing.parent
    if not os.access(existing, os.W_OK):
        what = "file" if existing == path else "folder"
        raise StoreError(
            f"{path} cannot be written: the {what} {existing} is read-only for this user."
        )


def _connect(name: str) -> sqlite3.Connection:
    # isolation_level None: transactions are begun and ended by the writer, never by the driver.
    # check_same_thread: `scrapy shell` builds the crawler in one thread and runs it in another.
    return sqlite3.connect(
        name, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
    )


def _migrate(db: sqlite3.Connection) -> None:
    """Make or migrate the tables."""
    _import_sqlite_utils()
    from sqlite_utils import Database

    from newscrawl.store.migrations import migrations

    wrapped = Database(db)
    with wrapped.atomic():  # it would leave its table without an index, if stopped between
        migrations.ensure_migrations_table(wrapped)
    migrations.apply(wrapped)


def _import_sqlite_utils() -> None:
    """Import it only where there is something to do, since it takes time; and without pandas.

    It imports pandas where that is installed, for values that no migration has: half a second, and
    80 MB that a crawl would keep.
    """
    if is_hidden := "pandas" not in sys.modules:
        sys.modules["pandas"] = None  # type: ignore[assignment]  # as importlib says: not there
    try:
        importlib.import_module("sqlite_utils")
    finally:
        if is_hidden:
            del sys.modules["pandas"]


def _claim(db: sqlite3.Connection) -> None:
    """Mark the file as an archive, before anything else: one that is left here is still ours."""
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    _refuse_newer(version, path)
    if version == 0:
        db.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        _claim(db)
    else:
        shape.check_for_writing(db, version, path)
    # First of all, so that no journal of a longer transaction is ever left beside an archive, to
    # be written into a copy that is put in its place: see rollback_journal.
    db.execute("PRAGMA journal_mode = WAL")
    if 0 < version < SCHEMA_VERSION:
        logger.info(
            "Bringing %s from schema %d to %d; an earlier newscrawl cannot write it any more",
            path, version, SCHEMA_VERSION,
        )  # fmt: skip
    if version < SCHEMA_VERSION:
        _migrate(db)
    db.execute("SELECT count(*) FROM meta").fetchone()  # opens the log: Place looks for it
    # A commit survives the death of the process; after a power cut the last ones may be
    # missing, never half there. FULL would cost an fsync a batch and gain nothing here: what
    # is missing is fetched again.
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA foreign_keys = ON")
    # Negative: KiB. A batch's pages stay in memory until it is committed.
    db.execute("PRAGMA cache_size = -65536")


def _refuse_newer(version: int, path: Path) -> None:
    if version < 0:
        raise NotAnArchive(
            f"{path} says that its schema is {version}, which newscrawl never writes. It was left "
            "as it is; restore a copy that `newscrawl backup` made."
        )
    if version > SCHEMA_VERSION:
        raise NewerSchema(
            f"{path} was written by a later newscrawl (schema {version}; this one knows "
            f"{SCHEMA_VERSION}). It was left as it is; upgrade newscrawl to use it."
        )
