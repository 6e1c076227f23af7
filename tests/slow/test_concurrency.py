"""Two runs at once, readers that hold on, and clocks that jump: nothing is lost."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from crawls import ROOT, assert_balanced, crawl, ledger, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site

from newscrawl.runs.outcome import Exit
from newscrawl.store import clock

Serving = Callable[[Answers], Server]


def start(server: Server, path: Path) -> subprocess.Popen[str]:
    program = str(Path(sys.executable).with_name("newscrawl"))
    return subprocess.Popen(
        [program, "crawl", "category", "--db", str(path), "--base-url", server.url, "--delay", "0"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def linked(site: Site) -> set[str]:
    return {truth.info_code for truth in site.truths() if truth.linked}


def stored(path: Path) -> set[str]:
    return {code for (code,) in query(path, "SELECT id FROM articles")}


def test_two_runs_at_once(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=40)
    server, path = serving(site), tmp_path / "news.db"
    server.faults["/"] = Fault(delay=3)  # both have begun before either ends
    for _ in range(2):
        runs = [start(server, path), start(server, path)]
        said = [run.communicate(timeout=60)[1] for run in runs]
        codes = [run.returncode for run in runs]
        assert sorted(codes) == [Exit.OK, Exit.BUSY], said
        first, second = (runs, said) if codes[1] == Exit.BUSY else (runs[::-1], said[::-1])
        assert re.search(rf"process {first[0].pid}, started 20\d\d-", second[1])
        assert stored(path) == linked(site)
        assert_balanced(ledger(path))


def test_lock_that_a_killed_run_left_blocks_nobody(serving: Serving, tmp_path: Path) -> None:
    server, path = serving(Site(articles=10)), tmp_path / "news.db"
    server.faults["/"] = Fault(delay=1)
    run = start(server, path)
    assert run.stderr is not None
    for line in run.stderr:
        if "Writing to" in line:
            break
    run.kill()
    run.communicate()
    assert Path(f"{path}.lock").exists()
    run = start(server, path)
    run.communicate(timeout=60)
    assert run.returncode == Exit.OK
    assert query(path, "SELECT outcome FROM runs ORDER BY id") == [("killed",), ("ok",)]


async def test_reader_that_holds_on_through_a_crawl(serving: Serving, tmp_path: Path) -> None:
    whole, path = Site(articles=200), tmp_path / "news.db"
    server = serving(whole.showing(0, 100))
    await crawl("category", path, server.url)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
        reader.isolation_level = None
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM articles").fetchone()
        server.site = whole
        outcome = await crawl("category", path, server.url)
        assert outcome.exit is Exit.OK, outcome
        assert reader.execute("SELECT count(*) FROM articles").fetchone() == before
        assert stored(path) == linked(whole)
    assert (await crawl("category", path, server.url)).exit is Exit.OK
    with closing(sqlite3.connect(path)) as db:  # the next run may take the log in again
        assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_clock_that_jumps_back_in_a_run(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, calls = datetime(2026, 3, 3, 4, 0, tzinfo=UTC), iter(range(10**9))
    monkeypatch.setattr(
        clock, "clock", lambda: began - timedelta(hours=1 if next(calls) > 60 else 0)
    )
    site, path = Site(articles=60), tmp_path / "news.db"
    outcome = await crawl("category", path, serving(site).url)
    assert outcome.exit is Exit.OK, outcome
    assert stored(path) == linked(site)
    run = ledger(path)
    assert_balanced(run)
    # Both are what the clock said, and neither is made up.
    assert run["ended_at"] < run["started_at"]


async def test_clock_that_jumps_back_between_runs(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "clock", lambda: now)
    whole, path = Site(articles=120), tmp_path / "news.db"
    server = serving(whole.showing(0, 100))
    await crawl("category", path, server.url)
    now -= timedelta(hours=1)
    server.site = whole
    for due in ("", "1"):
        assert (await crawl("category", path, server.url, due=due)).exit is Exit.OK
    assert stored(path) == linked(whole)
    assert query(path, "SELECT count(*) FROM gaps") == [(0,)]
