"""``newscrawl crawl … --every 5m``: run after run, in one process that starts each as its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from newscrawl.cli.output import say
from newscrawl.runs.outcome import Exit
from newscrawl.store.connections import check, open_for_reading
from newscrawl.store.errors import NewerSchema, NotAnArchive, StoreError

if TYPE_CHECKING:
    from apscheduler.schedulers.blocking import BlockingScheduler

SHORTEST = 10
"""Seconds; what is shorter would be one run after the other without a pause."""
JITTER = 0.1
"""The part of the interval by which runs come sooner or later, so that not all of a site's guests
come at once."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Interval(click.ParamType[int]):
    """A length of time as 90s, 5m or 1h."""

    name = "interval"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds."""
        found = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
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

    :raises click.UsageError: the scheduler is not installed.
    """
    try:
        from apscheduler.schedulers.blocking import BlockingScheduler
        from apscheduler.triggers.interval import IntervalTrigger
    except ImportError:
        raise click.UsageError(
            "--every needs APScheduler: pip install 'newscrawl[every]'"
        ) from None
    scheduler = BlockingScheduler(timezone=UTC)
    runs = Runs(scheduler, words, db)
    scheduler.add_job(
        runs.run,
        IntervalTrigger(seconds=seconds, jitter=int(seconds * JITTER) or None, timezone=UTC),
        id="run", max_instances=1, coalesce=True, misfire_grace_time=None,
        next_run_time=datetime.now(UTC),
    )  # fmt: skip
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, runs.stop)
    scheduler.start()
    return runs.wait()


class Runs:
    """The runs of one scheduler, each in a process of its own: memory and signals are clean."""

    def __init__(self, scheduler: BlockingScheduler, words: Sequence[str], db: str) -> None:
        self._scheduler = scheduler
        self._db = Path(db)
        self._words = [sys.executable, "-m", "newscrawl", *words]
        self._running: subprocess.Popen[bytes] | None = None
        self._code: int | None = None
        """What to exit with; None as long as runs go on."""

    def run(self) -> None:
        """Run once, and report the exit code and the time of the next run."""
        if self._code is not None:
            return
        # A session of its own: Ctrl-C on the terminal reaches it through stop(), once.
        self._running = subprocess.Popen(self._words, start_new_session=True)  # noqa: S603
        if self._code is not None:  # a signal came while it was started
            self._running.terminate()
        code = self._running.wait()
        self._running = None
        if self._code is None and self._is_final(code):
            self._code = code
            self._scheduler.shutdown(wait=False)
        say(f"newscrawl: the run exited with {_name(code)}{self._next()}")

    def stop(self, number: int, frame: FrameType | None) -> None:
        """End: the run that is going gets the signal, and no other is started."""
        if self._code is None:
            self._code = Exit.INTERRUPTED if number == signal.SIGINT else Exit.TERMINATED
            self._scheduler.shutdown(wait=False)
        if self._running is not None:
            self._running.send_signal(number)

    def wait(self) -> int:
        """Return the exit code, once the last run has ended."""
        running = self._running
        if running is not None:
            running.wait()
        return Exit.CRASHED if self._code is None else self._code

    def _is_final(self, code: int) -> bool:
        """Whether the next run would end so as well."""
        return code == Exit.USAGE or (code == Exit.STORE and is_no_archive(self._db))

    def _next(self) -> str:
        job = self._scheduler.get_job("run") if self._code is None else None
        if job is None or job.next_run_time is None:
            return "; no other run follows"
        return f"; the next run starts at {job.next_run_time:%H:%M:%S} UTC"


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
