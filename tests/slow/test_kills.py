"""Crawls that are killed at any moment: nothing is lost, nothing is there twice, ledgers balance.

Ten kills unless NEWSCRAWL_KILLS says how many; NEWSCRAWL_KILL_SEED draws other moments.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from archives import article, fill, page
from crawls import ROOT, assert_balanced, command, dump, ledger, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site

from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]

KILLS = int(os.environ.get("NEWSCRAWL_KILLS", "10"))
SEED = int(os.environ.get("NEWSCRAWL_KILL_SEED", "4"))
SITE = Site(articles=120, oddities=frozenset({"all"}))
# A kill comes between two commits only if there are several, in a crawl that takes its time.
QUICK = ["-s", "RETRY_TIMES=0", "-s", "NEWSCRAWL_BATCH_PAGES=7",
         "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=2"]  # fmt: skip


def slow(serving: Serving, site: Site) -> Server:
    """Serve a site whose posts take their time."""
    server = serving(site)
    for truth in SITE.truths():
        for path in truth.paths:
            server.faults[path] = Fault(delay=0.025)
    return server


def words(server: Server, path: Path, number: int) -> list[str]:
    """Return one of the two command lines that people start crawls by."""
    if number % 2:
        return ["newscrawl", "crawl", "category", "--db", str(path), "--base-url", server.url,
                "--delay", "0", *QUICK]  # fmt: skip
    return ["scrapy", "crawl", "category", "-a", f"base_url={server.url}", "-o", str(path), *QUICK,
            "-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False"]  # fmt: skip


def killed(server: Server, path: Path, number: int, seconds: float) -> bool:
    """Start a crawl and kill it after so many seconds; tell whether it was still running."""
    program, *rest = words(server, path, number)
    crawl = subprocess.Popen(
        [str(Path(sys.executable).with_name(program)), *rest], cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(seconds)
    was_running = crawl.poll() is None
    crawl.send_signal(signal.SIGKILL)
    crawl.wait(timeout=60)
    return was_running


def look_at_what_is_left(path: Path) -> str:
    """Check the file as the kill left it; return how far the run was."""
    if not path.exists() or not path.stat().st_size:
        return "before the file"
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
            return "before the tables"
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        db.row_factory = sqlite3.Row
        run = db.execute("SELECT * FROM runs ORDER BY id DESC LIMIT 1").fetchone()
        if run is None:
            return "before the run"
        assert_balanced(dict(run), interrupted=True)
        stored = db.execute("SELECT count(*) FROM articles").fetchone()[0]
        new = db.execute("SELECT sum(new) FROM runs").fetchone()[0]
        assert stored == new  # an article is known only in the transaction that counted it
        if run["outcome"] != "running":
            return "after the end"
        return "in the crawl" if run["scheduled"] else "before the first commit"


def whole_run(server: Server, path: Path, number: int) -> None:
    """Run a crawl to its end, and check the ledger of every run in the file."""
    done = command(*words(server, path, number))
    assert done.returncode == Exit.OK, done.stderr[-2000:]
    assert_balanced(ledger(path))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.row_factory = sqlite3.Row
        for run in db.execute("SELECT * FROM runs"):
            assert run["outcome"] in ("ok", "killed")
            assert_balanced(dict(run), interrupted=run["outcome"] == "killed")


def contents(path: Path) -> dict[str, list[Any]]:
    """Return all rows, without what depends on when and in which order pages came."""
    found = dump(path, without=(
        "seq", "first_seq", "first_seen_at", "changed_at", "observed_at", "last_seen_at",
        "ordered_at", "replaced_at", "id", "run_id", "times",
    ))  # fmt: skip
    del found["raw_pages"]  # a page that was read twice, and was built between, has two
    for row in found["observations"]:
        del row["page_hash"]
    return {table: sorted(rows, key=repr) for table, rows in found.items()}


def test_killed_at_any_moment(serving: Serving, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    server = slow(serving, SITE)
    undisturbed = tmp_path / "undisturbed.db"
    began = time.monotonic()
    whole_run(server, undisturbed, 0)
    lasts = time.monotonic() - began
    expected = contents(undisturbed)
    assert len(expected["articles"]) == sum(truth.linked for truth in SITE.truths())
    phases: Counter[str] = Counter()
    for number in range(KILLS):
        path = tmp_path / f"{number}.db"
        moments = []
        for _ in range(dice.choice([1, 1, 2, 3])):
            moments.append(dice.uniform(0.1, 1.0) * lasts)
            running = killed(server, path, dice.randrange(2), moments[-1])
            phases[look_at_what_is_left(path) if running else "after the end"] += 1
        whole_run(server, path, number)
        assert contents(path) == expected, f"kill {number} of seed {SEED}: {moments}"
    print(f"{sum(phases.values())} kills, seed {SEED}: {dict(phases)}")
    assert sum(phases.values()) >= KILLS


def test_killed_after_the_site_has_changed(serving: Serving, tmp_path: Path) -> None:
    """A kill between the pages of a listing and its validators must not hide what is missing."""
    dice = random.Random(SEED)
    server, path = slow(serving, SITE.showing(0, 60)), tmp_path / "news.db"
    began = time.monotonic()
    whole_run(server, path, 0)
    lasts = time.monotonic() - began
    for shown in (80, 100, 120):
        server.site = SITE.showing(0, shown)
        for _ in range(max(1, KILLS // 10)):
            killed(server, path, dice.randrange(2), dice.uniform(0.5, 1.0) * lasts)
            look_at_what_is_left(path)
        whole_run(server, path, 1)
        linked = {truth.info_code for truth in server.site.truths() if truth.linked}
        assert {code for (code,) in query(path, "SELECT id FROM articles")} == linked


def test_killed_rebuild_leaves_the_archive(serving: Serving, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    server, path = slow(serving, SITE), tmp_path / "news.db"
    fill(path, article(page()))
    before = contents(path)
    program = str(Path(sys.executable).with_name("scrapy"))
    for _ in range(max(2, KILLS // 10)):
        rebuild = subprocess.Popen(
            [program, "crawl", "category", "-a", f"base_url={server.url}", "-O", str(path),
             "-s", "DOWNLOAD_DELAY=0.01"], cwd=ROOT,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(dice.uniform(0.5, 2.0))
        was_running = rebuild.poll() is None
        rebuild.kill()
        rebuild.wait(timeout=60)
        assert was_running
        assert contents(path) == before
