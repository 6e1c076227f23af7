"""The errors of the store. Each message is a sentence for the user."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newscrawl.store import open_files
from newscrawl.store.schema import SCHEMA_VERSION


class StoreError(Exception):
    """The archive cannot be opened, read or written."""


class NotAnArchive(StoreError):
    """The file belongs to another program, or is not an SQLite file; it was not touched."""


class NewerSchema(StoreError):
    """The file was written by a later newscrawl; it was not touched."""


class Altered(StoreError):
    """The file is an archive whose schema was altered."""


class Gone(StoreError):
    """The file is no longer where it was when the run opened it."""


class Damaged(StoreError):
    """The stored bytes of a page are not those that were stored."""


class Pruned(Damaged):
    """The bytes of a page were removed by the user; only hash and size are kept."""


class Unexpected(StoreError):
    """A value is not one that newscrawl writes."""


class UnusableFeed(StoreError):
    """The feed settings do not name exactly one archive in a local file."""


class AlreadyRunning(StoreError):
    """Another run holds the archive."""


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Raise what SQLite raises as a :class:`StoreError` that explains it."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error


def is_store_error(error: BaseException | None) -> bool:
    """Whether the archive has failed, and not what was done with it."""
    return isinstance(error, StoreError | sqlite3.Error)


def as_store_error(error: BaseException | None, path: str) -> StoreError | None:
    """Return an error of the archive as a :class:`StoreError`; None for any other error."""
    if isinstance(error, sqlite3.Error):
        return explain(error, path)
    return error if isinstance(error, StoreError) else None


def explain(error: sqlite3.Error, path: str) -> StoreError:
    """Return *error* as a sentence with what to do about it."""
    if str(error).startswith(("no such table", "no such column", "no such index")):
        if 0 < (version := _schema_of(path)) < SCHEMA_VERSION:
            return StoreError(
                f"{path} has schema {version}, and this needs schema {SCHEMA_VERSION}. The next "
                "run migrates it, and so does `newscrawl retry-rejected`, which requests nothing."
            )
        return StoreError(
            f"{path} is not as newscrawl made it: {error}. `newscrawl verify` says what is missing."
        )
    for beginning, what in _NO_VALUES.items():
        if str(error).startswith(beginning):
            # SQLite, or Python, quotes the text behind it.
            where = str(error).removeprefix(beginning).partition(" with text")[0]
            return StoreError(f"{path} holds {what}{where}. `newscrawl verify` says where.")
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR")) and (too_many := open_files.lack()):
        return StoreError(f"{too_many}. {path} could not be opened.")
    for prefix, sentence in _SENTENCES.items():
        if code.startswith(prefix):
            return StoreError(sentence.format(path=path))
    return StoreError(f"SQLite refuses {path}: {error}")


def _schema_of(path: str) -> int:
    """Return the schema that the file's own first bytes name; 0 where they cannot be read."""
    try:
        with Path(path).open("rb") as file:
            file.seek(60)
            return int.from_bytes(file.read(4), "big")
    except OSError:
        return 0


_NO_VALUES = {
    "Could not decode to UTF-8": "text that is not UTF-8, in",
    "malformed JSON": "JSON that cannot be read",
    "string or blob too big": "a value of more than 64 MB, which newscrawl never writes",
}

_SENTENCES = {
    "SQLITE_FULL": "The disk is full: {path} cannot grow. Free some space and run again; "
    "all that was committed is safe.",
    "SQLITE_BUSY": "{path} is locked by another program. Close what writes it and run again.",
    "SQLITE_LOCKED": "{path} is locked by another program. Close what writes it and run again.",
    "SQLITE_READONLY_ROLLBACK": "A run was stopped while it made or migrated {path}. The next run "
    "puts that right: start one, then read again.",
    "SQLITE_READONLY": "{path} is read-only. Make the file and its folder writable, or choose "
    "another file.",
    "SQLITE_CANTOPEN": "{path} cannot be opened. Check that its folder exists and is writable.",
    "SQLITE_CORRUPT": "{path} is damaged. `newscrawl verify --repair` puts what can be read into a "
    "new file; where it cannot, restore a backup.",
    "SQLITE_INTERRUPT": "{path} takes too long to read: SQLite found no row for minutes. "
    "`newscrawl verify` says whether it is damaged.",
    "SQLITE_NOTADB": "{path} is not an SQLite file, or is damaged.",
    "SQLITE_IOERR": "{path} cannot be read or written: the disk reports an error.",
}
