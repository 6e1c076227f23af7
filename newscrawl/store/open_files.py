"""Checks how many files this process may still open.

The lack of them shows up as other errors: as a connection that is refused, a name that does not
resolve, or an archive that does not exist.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

SPARE = 8
"""So many more must be free, else there are too few: SQLite opens three for an archive."""
NUMBERS = frozenset((errno.EMFILE, errno.ENFILE))
"""What the system says: this process, or all of them, have too many files open."""


def lack(needed: int = SPARE) -> str | None:
    """Return a sentence where fewer than *needed* files can be opened now; else None."""
    opened: list[int] = []
    try:
        while len(opened) < needed:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return too_many_open_files() if error.errno in NUMBERS else None
    finally:
        for each in opened:
            os.close(each)
    return None


def too_many_open_files() -> str:
    """Return what is wrong, and what to do."""
    most = _limit()
    few = f"this process may open only {most}" if most is not None else "no more can be opened"
    return f"Too many open files: {few}. Raise the limit (`ulimit -n 1024`), and run again"


def is_lack(error: BaseException | None) -> bool:
    """Whether an error, or what has led to it, is that no more files can be opened."""
    while error is not None:
        if getattr(error, "errno", None) in NUMBERS:
            return True
        error = error.__cause__ or error.__context__
    return False


def _limit() -> int | None:
    with suppress(ImportError):  # on Windows
        import resource

        return int(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return None
