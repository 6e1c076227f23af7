"""The limit on memory: of this process, whoever has started it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from crawls import ROOT, command, ledger
from samplesite.server import Answers, Server
from samplesite.site import Site

from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]

LARGE = """
import os, sys
held = bytearray(1_200_000_000)
held[::4096] = b"x" * len(held[::4096])
os.execv(sys.executable, [sys.executable, "-m", "newscrawl", *sys.argv[1:]])
"""


def words(db: Path, server: Server) -> list[str]:
    return ["crawl", "category", "--delay", "0", "--db", str(db), "--base-url", server.url]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak is reset at exec")
def test_large_process_may_start_a_crawl(serving: Serving, tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    asked = words(db, serving(Site(articles=5)))
    done = subprocess.run(
        [sys.executable, "-c", LARGE, *asked],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == Exit.OK, done.stderr
    assert ledger(db)["new"] > 0


def test_run_that_takes_too_much_says_so(serving: Serving, tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    done = command("newscrawl", *words(db, serving(Site(articles=5))), "-s", "MEMUSAGE_LIMIT_MB=9")
    assert done.returncode == Exit.DEGRADED
    assert "more memory than MEMUSAGE_LIMIT_MB allows" in ledger(db)["reason"]
