"""``newscrawl crawl … --every 5m``: run after run, in one process that starts each as its own."""

from __future__ import annotations

import logging
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import click

from newscrawl.runs.outcome import Exit
from newscrawl.store.connections import check, open_for_reading
from newscrawl.store.errors import NewerSchema, NotAnArchive, StoreError
from newscrawl.text.china_time import CHINA

logger = logging.getLogger(__name__)

SHORTEST = 10
"""Seconds; what is shorter would be one run after the other without a pause."""
JITTER = 0.1
"""The part of the interval by which runs come sooner or later, so that not all of a site's guests
come at once."""
STEP = 0.5
"""Seconds after which it is checked whether a signal came, while nothing runs."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Interval(click.ParamType[int]):
    """A length of time as 90s, 5m or 1h."""

    name = "interval"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds."""
        found = re.fullmatch(r"([0-9]{1,6})([smhd])", str(value))
        if found is None:
            self.fail(
                f"{value!r} is not a valid interval; use for example 90s, 5m or 1h.", param, ctx
            )
        seconds = int(found[1]) * _SECONDS[found[2]]
        if seconds < SHORTEST:
            self.fail(f"{value!r} is too short; the shortest is {SHORTEST}s.", param, ctx)
        return seconds


def without_every(words: Sequence[str]) -> list[str]:
    """Return a command line without ``--every``: that of one run."""
    found, words = [], list(words)
    while words:
        word = words.pop(0)
        if word == "--every":
            del words[:1]
        elif not word.startswith("--every="):
            found.append(word)
    return found


def repeat(words: Sequence[str], seconds: float, *, db: str) -> int:
    """Run ``newscrawl`` with *words* every so many seconds, until a signal; return the exit code.

    Runs never overlap: one that takes longer than the interval is followed by the next in time.
    A failure of the store ends them only where *db* can never become the archive: a full disk, a
    locked file and a folder that cannot be read may be right the next time.
    """
    runs = Runs(words, db)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, runs.stop)
    return runs.repeat(seconds)


class Runs:
    """Runs one after the other, each in a process of its own: memory and signals are clean."""

    def __init__(self, words: Sequence[str], db: str) -> None:
        self._db = Path(db)
        self._words = [sys.executable, "-m", "newscrawl", *words]
        self._running: subprocess.Popen[bytes] | None = None
        self._code: int | None = None
        """What to exit with; None as long as runs go on."""

    def repeat(self, seconds: float) -> int:
        """Run every so many seconds until :meth:`stop` is called; return the exit code."""
        pause = threading.Event()
        while True:
            # Not the time of day, which somebody may set back by hours.
            jitter = random.uniform(-JITTER, JITTER)  # noqa: S311  no secret
            due = time.monotonic() + seconds * (1 + jitter)
            code = self._run()
            while due <= time.monotonic():  # it took longer than the interval
                due += seconds
            if self._code is None and self._is_final(code):
                self._code = code
            left = due - time.monotonic()
            logger.info("--every: the run exited with %s%s", _name(code), self._next(left))
            while self._code is None and (left := due - time.monotonic()) > 0:
                # Not time.sleep(), which libfaketime breaks: operators try wrong clocks with it.
                pause.wait(min(left, STEP))
            if self._code is not None:
                return self._code

    def _run(self) -> int:
        """Run once; return the exit code."""
        # A session of its own: Ctrl-C on the terminal reaches it through stop(), once.
        self._running = subprocess.Popen(self._words, start_new_session=True)  # noqa: S603
        if self._code is not None:  # a signal came while it was started
            self._running.terminate()
        code = self._running.wait()
        self._running = None
        return code

    def stop(self, number: int, frame: FrameType | None) -> None:
        """End: the run that is going gets the signal, and no other is started."""
        if self._code is None:
            self._code = Exit.INTERRUPTED if number == signal.SIGINT else Exit.TERMINATED
        if self._running is not None:
            with suppress(ValueError):  # on Windows, whose terminal has told the run itself
                self._running.send_signal(number)

    def _is_final(self, code: int) -> bool:
        """Whether the next run would end so as well."""
        return code == Exit.USAGE or (code == Exit.STORE and is_no_archive(self._db))

    def _next(self, left: float) -> str:
        if self._code is not None:
            return "; no other run follows"
        at = datetime.now(CHINA) + timedelta(seconds=left)
        return f"; the next run starts at {at:%H:%M:%S} (China time)"


def is_no_archive(db: Path) -> bool:
    """Whether a file belongs to another program, or to a later newscrawl."""
    try:
        check(db)
        open_for_reading(db).close()
    except (NotAnArchive, NewerSchema):
        return db.exists() and db.stat().st_size > 0
    except StoreError:
        return False
    return False


def _name(code: int) -> str:
    try:
        return f"{code} ({Exit(code).name.lower()})"
    except ValueError:
        return str(code)
