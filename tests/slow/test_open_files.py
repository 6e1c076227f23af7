"""A process that may open too few files: that is said, and no server or archive is blamed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import ROOT, ledger
from samplesite.server import Answers, Server
from samplesite.site import Site

from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]

pytest.importorskip("resource")

RUNS_OUT = """
import os, resource, sys
from newscrawl.runs.run import Run

begin = Run.engine_started

def with_no_more_files(run):
    begin(run)
    used = max(map(int, os.listdir("/proc/self/fd")))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(used)]
    most = max(held) + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

Run.engine_started = with_no_more_files
from newscrawl.cli.app import main
main()
"""
"""The command, whose limit sinks to what is open once the run has begun."""


def run(limit: int, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f'ulimit -n {limit}; exec "$@"', "bash", sys.executable, *words],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("limit", [8, 10, 12, 16])
def test_crawl(serving: Serving, tmp_path: Path, limit: int) -> None:
    server, db = serving(Site(articles=5)), tmp_path / "news.db"
    words = ["-m", "newscrawl", "crawl", "category", "--base-url", server.url, "--delay", "0"]
    done = run(limit, *words, "--db", str(db))
    assert done.returncode == Exit.STORE, done.stderr
    assert f"Too many open files: this process may open only {limit}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not server.requests


@pytest.mark.parametrize("limit", [6, 7, 8])
def test_reader(tmp_path: Path, limit: int) -> None:
    db = tmp_path / "news.db"
    fill(db, article(page()))
    done = run(limit, "-m", "newscrawl", "list", "--db", str(db))
    if done.returncode:
        assert done.returncode == Exit.STORE, done.stderr
        assert "Too many open files" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says what is open")
def test_files_that_run_out(serving: Serving, tmp_path: Path) -> None:
    server, db = serving(Site(articles=5)), tmp_path / "news.db"
    words = ["crawl", "category", "--base-url", server.url, "--delay", "0", "--db", str(db)]
    done = run(256, "-c", RUNS_OUT, *words, "-s", "RETRY_TIMES=0")
    assert done.returncode == Exit.DEGRADED, done.stderr
    assert ledger(db)["reason"].startswith("Too many open files: this process may open only")
