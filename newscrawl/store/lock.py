"""The lock of an archive: one writer per file, released when its process ends."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from newscrawl.store.errors import AlreadyRunning, StoreError


class WriterLock:
    """The right to write one archive. The operating system frees it when the process dies."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(f"{path}.lock")
        self._holder = Path(f"{path}.lock.json")
        self._lock = FileLock(self.path)

    def acquire(self, started_at: str) -> Self:
        """Take the lock at once.

        :raises AlreadyRunning: another run has it; the message names its pid and start.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            self._holder.write_text(json.dumps({"pid": os.getpid(), "started_at": started_at}))
        except Timeout:
            if not self.path.exists():  # filelock calls it a timeout, too
                raise StoreError(f"{self.path} cannot be made: its folder refuses it.") from None
            raise AlreadyRunning(self._sentence()) from None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}.") from error
        return self

    def names_a_living_holder(self) -> bool:
        """Whether a run that is there seems to have it; the lock itself is not tried, lest a run
        that begins just now finds it taken."""
        try:
            return is_alive(int(json.loads(self._holder.read_text())["pid"]))
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def release(self) -> None:
        """Release the lock; does nothing if it is not held."""
        if self._lock.is_locked:
            with suppress(OSError):
                self._holder.unlink()
            self._lock.release()

    def _sentence(self) -> str:
        try:
            holder = json.loads(self._holder.read_text())
            who = f"process {holder['pid']}, started {holder['started_at']}"
        except (OSError, ValueError, KeyError):
            who = "another process"
        archive = str(self.path).removesuffix(".lock")
        return f"A run is already writing {archive}: {who}. Wait for its end, or stop it first."


def is_alive(pid: int) -> bool:
    """Whether a process of this machine has that number."""
    if sys.platform == "win32":  # there os.kill(pid, 0) is Ctrl-C
        return _is_alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # somebody else's
    except (OSError, OverflowError):
        return False
    return True


def _is_alive_on_windows(pid: int) -> bool:
    import ctypes

    query_limited_information, still_active = 0x1000, 259
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    if not (handle := kernel.OpenProcess(query_limited_information, False, pid)):
        return False
    try:
        code = ctypes.c_ulong()
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        return code.value == still_active
    finally:
        kernel.CloseHandle(handle)
