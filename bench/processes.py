"""Runs a program on one core, and says how long it took and how much memory it had."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Command = Sequence[str | Path]
_SLOW = frozenset({"PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"})


def cores() -> tuple[int, int]:
    """Return the core for what is measured, and that for its server: the same where one is all."""
    free = sorted(os.sched_getaffinity(0))
    return free[-1], free[0]


@dataclass(frozen=True, slots=True)
class Done:
    """A program that ended."""

    code: int
    began: float
    """Unix time."""
    ended: float
    processor: float
    """Seconds, of user and system."""
    peak_mb: float
    """The highest resident memory of the program with its children."""
    output: str
    """The end of what it printed, both outputs."""

    @property
    def seconds(self) -> float:
        """From start to end."""
        return self.ended - self.began


class Memory(threading.Thread):
    """Looks at a process ten times a second: its high-water mark, and what it has now.

    Not the peak that the system keeps for a child that ended: it begins with that of its parent.
    What its children have is added.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0.0
        self.samples: list[tuple[float, float]] = []
        """Unix time, MB in memory."""

    def run(self) -> None:
        """Look until the process is gone."""
        while status := _status(self.pid):
            children = sum(map(_private, _children(self.pid)))
            now = status.get("VmRSS", 0.0) + children
            self.peak = max(self.peak, status.get("VmHWM", 0.0), now)
            self.samples.append((time.time(), now))
            time.sleep(0.1)


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _private(pid: int) -> float:
    """Return the MB that a process shares with no other: a fork begins as its parent."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def _status(pid: int) -> dict[str, float]:
    """Return what the system says of a process's memory, in MB; nothing where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    parts = (line.partition(":") for line in lines if line.startswith("Vm"))
    return {name: int(value.split()[0]) / 1024 for name, _, value in parts}


def run(
    command: Command, log: Path, *, core: int | None = None, cwd: Path | None = None,
    environment: Mapping[str, str] | None = None, memory: bool = True,
    watch: list[tuple[float, float]] | None = None, limit: float = 3600,
) -> Done:  # fmt: skip
    """Run a program to its end; it is killed after `limit` seconds.

    `watch` is given what its memory was, ten times a second. Without `memory` it is not measured.
    """
    # What is installed has its bytecode; a variable of the developer's must not take it away.
    variables = {name: each for name, each in os.environ.items() if name not in _SLOW}
    with log.open("wb") as output:
        began = time.time()
        process = subprocess.Popen(
            [str(each) for each in command], stdout=output, stderr=subprocess.STDOUT, cwd=cwd,
            stdin=subprocess.DEVNULL, env={**variables, **(environment or {})},
            start_new_session=True,
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
        )  # fmt: skip
        looking = Memory(process.pid)
        if memory:
            looking.start()
        alarm = threading.Timer(limit, _kill, (process,))
        alarm.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:  # the benchmark is ended, by Ctrl-C or SIGTERM
            _kill(process)
            raise
        finally:
            ended = time.time()
            alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    if memory:
        looking.join()
    if watch is not None:
        watch += looking.samples
    text = log.read_bytes()[-4000:].decode(errors="replace")
    processor = usage.ru_utime + usage.ru_stime
    return Done(process.returncode, began, ended, processor, round(looking.peak, 1), text)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a program with all that it started."""
    os.killpg(process.pid, signal.SIGKILL)


def check(done: Done, what: str) -> Done:
    """Return what ended well; end the benchmark where it did not: a figure would mean nothing."""
    if done.code:
        raise SystemExit(f"{what} ended with {done.code}:\n{done.output}")
    return done
