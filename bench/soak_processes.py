"""The processes of a soak: the real scheduler, and what starts each of its runs within 20 ms.

``newscrawl crawl … --every`` starts an interpreter for each run, which takes a second for its
imports; a week has 2,016 runs. Here the scheduler is the real one, ``newscrawl.cli.every.repeat``
in a process of its own, which starts a process a run and waits for it; but the program that it
starts is a small one that asks the soak for the run. The soak has it from a *nursery*, a process
that has imported newscrawl and forks: the child is what ``python -m newscrawl`` is after its
imports, and runs the same command line to its end. Its clock says the simulated time, through the
same seam as in the tests (``newscrawl.store.clock.clock``); nothing else of it is changed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
INTERVAL = 0.05
"""Seconds (real) between two runs that the scheduler aims at: none waits for the next one."""

STARTER = """#!{python} -IS
import os, socket, sys
asking = socket.socket(socket.AF_UNIX)
asking.connect({path!r})
asking.sendall("\\n".join(sys.argv[1:]).encode() + b"\\0")
code = int(asking.recv(16) or b"1")
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
"""
"""What the scheduler starts in the place of Python: arguments go out, an exit code comes back."""


@dataclass(frozen=True)
class Use:
    """What a process holds."""

    rss_kb: int
    fds: int
    threads: int


def use_of(pid: int) -> Use:
    """Return what a process holds now."""
    lines = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return Use(int(lines["VmRSS"].split()[0]), fds_of(pid), int(lines["Threads"]))


def fds_of(pid: int) -> int:
    """Return how many files a process has open; 0 for one that has ended."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def _environment() -> dict[str, str]:
    """Return the environment without coverage's: measuring it makes each run twice as long."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")}


class Scheduler:
    """``--every`` in a process of its own, and the socket on which its runs are asked for."""

    def __init__(self, folder: Path, words: list[str], log: Path) -> None:
        address = str(folder / "runs.sock")
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(address)
        self._listening.listen()
        starter = folder / "starter"
        starter.write_text(STARTER.format(python=sys.executable, path=address))
        starter.chmod(0o755)
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, __file__, "schedule", str(starter), *words],
                cwd=ROOT, env=_environment(), stderr=file,
            )  # fmt: skip

    def next_run(self, timeout: float = 60) -> tuple[socket.socket, list[str]]:
        """Wait until the scheduler starts a run; return whom to tell its end, and its words.

        :raises TimeoutError: it starts none.
        """
        self._listening.settimeout(timeout)
        asking, _ = self._listening.accept()
        data = b""
        while not data.endswith(b"\0"):
            data += asking.recv(65536)
        return asking, data[:-1].decode().split("\n")

    def stop(self) -> int:
        """End it as a person or a service would; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        """End it, if it has not ended, and stop listening."""
        self.process.kill()
        self.process.wait()
        self._listening.close()


@dataclass(frozen=True)
class Ended:
    """How a run's process ended."""

    code: int
    """Its exit code, or a signal's number below 0."""
    peak_kb: int
    """Of its memory."""
    cpu: float
    """Seconds."""


class Nursery:
    """A process that has imported newscrawl, and forks a run from it when asked."""

    def __init__(self, log: Path) -> None:
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, __file__, "nurse"], cwd=ROOT, env=_environment(), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file,
            )  # fmt: skip

    def use(self) -> Use:
        """Return what it holds: each run begins with that."""
        return use_of(self._process.pid)

    def start(
        self, words: list[str], now: datetime, *, has_dead_proxy: bool, is_log_full: bool
    ) -> int:
        """Start a run at a simulated time; return its process id."""
        assert self._process.stdin is not None
        asked = {
            "words": words, "now": now.isoformat(), "has_dead_proxy": has_dead_proxy,
            "is_log_full": is_log_full,
        }  # fmt: skip
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._read()["pid"])

    def wait(self) -> Ended:
        """Wait for the end of the run that was started last."""
        return Ended(**self._read())

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def nurse() -> None:
    """Fork a run for each line of standard input, one after the other.

    What a run imports is imported here after its end: the next ones need not.
    """
    tried: set[str] = set()
    for line in sys.stdin:
        asked = json.loads(line)
        learnt, telling = os.pipe()
        pid = os.fork()
        if pid == 0:
            _become_run(asked, telling)
        os.close(telling)
        print(json.dumps({"pid": pid}), flush=True)
        with open(learnt) as file:
            names = [name for name in file.read().split() if name not in tried]
        _, status, used = os.wait4(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        print(json.dumps({"code": code, "peak_kb": used.ru_maxrss,
                          "cpu": used.ru_utime + used.ru_stime}), flush=True)  # fmt: skip
        if names:
            tried.update(names)
            _learn(names)


def _learn(names: list[str]) -> None:
    for name in names:
        with suppress(Exception):  # some are made, and no files
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _become_run(asked: dict[str, Any], telling: int) -> None:
    known, now = set(sys.modules), datetime.fromisoformat(asked["now"])
    from newscrawl.cli import main
    from newscrawl.store import clock

    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # standard output is the nursery's way to the soak
    clock.clock = lambda: now
    if asked["has_dead_proxy"]:
        os.environ["http_proxy"] = "http://127.0.0.1:9"
    if asked["is_log_full"]:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
    sys.argv = ["newscrawl", *asked["words"][2:]]  # after -m newscrawl
    code: Any = 1
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    with suppress(OSError):
        sys.stderr.flush()
    with open(telling, "w") as file:  # in their order: some cannot be imported before others
        file.write("\n".join(name for name in sys.modules if name not in known))
    os._exit(code if isinstance(code, int) else int(code is not None))


def schedule(starter: str, words: list[str]) -> int:
    """Run ``--every`` with a program in the place of Python."""
    import newscrawl.cli  # noqa: F401  as the command has
    from newscrawl.cli.every import repeat

    sys.executable = starter
    return repeat(words, INTERVAL, db=words[words.index("--db") + 1])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if sys.argv[1] == "nurse":
        nurse()
    else:
        sys.exit(schedule(sys.argv[2], sys.argv[3:]))
