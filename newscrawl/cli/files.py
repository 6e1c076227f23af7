"""Files that commands write: whole, or as they were."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from newscrawl.store.errors import StoreError


@contextmanager
def replaced(target: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that replaces *target* on success, and not before.

    A device or a pipe is written to directly.

    :raises StoreError: it cannot be written, or is an archive or another SQLite file.
    """
    try:
        target = target.resolve()  # a link stays, and leads to the new file
        refuse_sqlite(target)
        if target.exists() and not target.is_file() and not target.is_dir():
            with target.open("wb") as file:
                yield file
        else:
            with _beside(target) as file:
                yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StoreError(f"Could not write {target}: {error.strerror}.") from error


def refuse_sqlite(target: Path) -> None:
    """Raise a :class:`StoreError` for an archive or another SQLite file: it would be lost.

    :raises OSError: it cannot be read.
    """
    if not target.is_file():
        return
    # Where it is the archive that is being read, this drops SQLite's lock on it, and nothing is
    # read after.
    with target.open("rb") as file:
        begins = file.read(16)
    if begins == b"SQLite format 3\0":
        raise StoreError(
            f"{target} is an SQLite file, which would be lost. It was left as it is; name another "
            "file."
        )


@contextmanager
def _beside(target: Path) -> Iterator[BinaryIO]:
    handle, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(beside).chmod(_mode(target))
        Path(beside).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


def _mode(target: Path) -> int:
    """Return the permissions that a file has, or would get: a temporary one is its owner's."""
    with suppress(FileNotFoundError):
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
