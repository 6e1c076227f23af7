"""`newscrawl crawl … --every`: real processes, their runs, and their end."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest
from archives import fill
from crawls import ROOT, command, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site

from newscrawl.cli.every import is_no_archive, without_every
from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]


def start(
    server: Server, path: Path, every: str = "10s", environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    program = str(Path(sys.executable).with_name("newscrawl"))
    return subprocess.Popen(
        [program, "crawl", "category", "--db", str(path), "--base-url", server.url, "--delay", "0",
         "--every", every], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=environment,
    )  # fmt: skip


def test_runs_again_and_ends_cleanly(serving: Serving, tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    process = start(serving(Site(articles=10)), path)
    assert process.stderr is not None
    ended = list(islice(_ends(process), 2))
    assert all("exited with 0 (ok); the next run starts at" in line for line in ended)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED
    assert query(path, "SELECT outcome FROM runs") == [("ok",), ("ok",)]


@pytest.mark.parametrize("jump", ["-5h", "+20000d"])
def test_the_clock_is_set_while_it_waits(serving: Serving, tmp_path: Path, jump: str) -> None:
    """Runs go on in time, whatever the time of day is set to."""
    time_file = tmp_path / "time"
    time_file.write_text("+0")
    environment = {
        **os.environ, "LD_PRELOAD": str(_libfaketime()), "FAKETIME_TIMESTAMP_FILE": str(time_file),
        "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    process = start(serving(Site(articles=5)), tmp_path / "news.db", environment=environment)
    ends = _ends(process)
    assert "exited with 0" in next(ends)
    time_file.write_text(jump)
    began = time.monotonic()
    assert "exited with" in next(ends)
    assert time.monotonic() - began < 25  # the interval is 10 s
    assert _resident(process.pid) < 200 << 20
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def _libfaketime() -> Path:
    [found, *_] = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    return found


def _resident(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _ends(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stderr is not None
    return (line for line in process.stderr if "the run exited with" in line)


def test_signal_ends_the_run_that_is_going(serving: Serving, tmp_path: Path) -> None:
    path, server = tmp_path / "news.db", serving(Site(articles=60))
    for truth in Site(articles=60).truths():
        for address in truth.paths:
            server.faults[address] = Fault(delay=0.3)
    process = start(server, path, "5m")
    assert process.stderr is not None
    for line in process.stderr:
        if "Writing to" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=60)
    assert process.returncode == Exit.TERMINATED, log
    assert "exited with 143 (terminated); no other run follows" in log
    assert query(path, "SELECT outcome FROM runs") == [("terminated",)]


def test_what_repeating_cannot_help_ends_it(serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "news.db").write_text("no archive")
    process = start(serving(Site(articles=5)), tmp_path / "news.db")
    _, log = process.communicate(timeout=30)
    assert process.returncode == Exit.STORE
    assert "exited with 6 (store); no other run follows" in log


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--every", "soon"], "'soon' is not a valid interval; use for example 90s, 5m or 1h."),
        (["--every", "5s"], "'5s' is too short; the shortest is 10s."),
        (["--every", "5m", "--rebuild"], "--rebuild replaces it, once."),
    ],
)
def test_bad_interval(tmp_path: Path, words: list[str], said: str) -> None:
    done = command("newscrawl", "crawl", "category", "--db", str(tmp_path / "news.db"), *words)
    assert done.returncode == Exit.USAGE
    assert said in " ".join(done.stderr.split())


def test_without_every() -> None:
    words = ["crawl", "category", "--every", "5m", "x", "--every=1h", "--due"]
    assert without_every(words) == ["crawl", "category", "x", "--due"]


@pytest.mark.parametrize(
    ("make", "is_final"),
    [
        (lambda path: None, False),
        (lambda path: path.touch(), False),
        (lambda path: path.write_text("no archive"), True),
        (lambda path: sqlite3.connect(path).execute("CREATE TABLE other (x)"), True),
        (lambda path: _later(path), True),
        (lambda path: path.mkdir(), False),
        (lambda path: path.symlink_to(path.parent / "mount" / "news.db"), False),
    ],
)
def test_what_can_never_become_the_archive(
    tmp_path: Path, make: Callable[[Path], object], is_final: bool
) -> None:
    make(tmp_path / "news.db")
    assert is_no_archive(tmp_path / "news.db") is is_final


def _later(path: Path) -> None:
    fill(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def test_goes_on_when_the_cause_is_gone(serving: Serving, tmp_path: Path) -> None:
    """A folder in the archive's place: each run says so, until somebody has put it right."""
    path = tmp_path / "news.db"
    path.mkdir()
    process = start(serving(Site(articles=5)), path)
    ends = _ends(process)
    assert "exited with 6 (store); the next run starts at" in next(ends)
    path.rmdir()
    assert "exited with 0 (ok); the next run starts at" in next(ends)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert query(path, "SELECT outcome FROM runs") == [("ok",)]
