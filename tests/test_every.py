"""`newscrawl crawl … --every`: real processes, their runs, and their end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from crawls import ROOT, command, query

from newscrawl.cli.every import without_every
from newscrawl.mirror.server import Answers, Fault, Server
from newscrawl.mirror.site import Site
from newscrawl.outcome import Exit

Serving = Callable[[Answers], Server]


def start(server: Server, path: Path, every: str = "10s") -> subprocess.Popen[str]:
    program = str(Path(sys.executable).with_name("newscrawl"))
    return subprocess.Popen(
        [program, "crawl", "category", "--db", str(path), "--base-url", server.url, "--delay", "0",
         "--every", every], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_runs_again_and_ends_cleanly(serving: Serving, tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    process = start(serving(Site(articles=10)), path)
    assert process.stderr is not None
    ended = list(islice(_ends(process), 2))
    assert all("ended with 0 (good); the next one is at" in line for line in ended)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == Exit.INTERRUPTED
    assert query(path, "SELECT outcome FROM runs") == [("good",), ("good",)]


def _ends(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stderr is not None
    return (line for line in process.stderr if "the run ended with" in line)


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
    _, log = process.communicate(timeout=20)
    assert process.returncode == Exit.TERMINATED, log
    assert "ended with 143 (terminated); there is no next one" in log
    assert query(path, "SELECT outcome FROM runs") == [("terminated",)]


def test_what_repeating_cannot_help_ends_it(serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "news.db").write_text("no archive")
    process = start(serving(Site(articles=5)), tmp_path / "news.db")
    _, log = process.communicate(timeout=30)
    assert process.returncode == Exit.STORE
    assert "ended with 6 (store); there is no next one" in log


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--every", "soon"], "'soon' is no interval; it looks like 90s, 5m or 1h."),
        (["--every", "5s"], "'5s' is too short; the shortest is 10s."),
        (["--every", "5m", "--rebuild"], "--rebuild makes one anew, once."),
    ],
)
def test_bad_interval(tmp_path: Path, words: list[str], said: str) -> None:
    done = command("newscrawl", "crawl", "category", "--db", str(tmp_path / "news.db"), *words)
    assert done.returncode == Exit.USAGE
    assert said in " ".join(done.stderr.split())


def test_without_every() -> None:
    words = ["crawl", "category", "--every", "5m", "x", "--every=1h", "--due"]
    assert without_every(words) == ["crawl", "category", "x", "--due"]
