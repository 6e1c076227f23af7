"""`newscrawl prune`: what is old goes, and everything knows that it went."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from archives import article, fill, page, writer
from cli_runs import invoke
from crawls import crawl, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site

from newscrawl.items import Rejected
from newscrawl.runs.outcome import Exit
from newscrawl.store import clock
from newscrawl.store.clock import utc_now
from newscrawl.store.raw_pages import load_raw_page
from newscrawl.store.target import Target

Serving = Callable[[Answers], Server]
OLD = "2024-01-01T00:00:00+00:00"


def write(db: Path, *statements: str) -> None:
    with closing(sqlite3.connect(db)) as connection, connection:
        for each in statements:
            connection.execute(each)


def age(db: Path) -> None:
    """Make all pages and rejects and runs two years old."""
    write(
        db,
        f"UPDATE observations SET observed_at = '{OLD}', last_seen_at = '{OLD}'",
        f"UPDATE revisions SET observed_at = '{OLD}', last_seen_at = '{OLD}'",
        f"UPDATE rejects SET first_seen_at = '{OLD}', last_seen_at = '{OLD}'",
    )


@pytest.fixture
async def db(serving: Serving, tmp_path: Path) -> Path:
    """An archive of old pages, with a reject, and one young page."""
    site, made = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    path = next(iter(site.truths())).paths[0]
    server.faults[path] = Fault(status=200, body=b"<html><p>no article</p></html>")
    await crawl("category", made, server.url)
    age(made)
    young = page("NW202601012228490001", observed_at=utc_now())
    fill(made, article(young), article(_file("NW202601022228490002")))
    write(made, f"UPDATE observations SET last_seen_at = '{OLD}' WHERE page_kind = 'post_file'")
    return made


def _file(name: str) -> Any:
    return page(name, kind="post_file", body=b"the only copy")


def pruned(db: Path, *words: str) -> Any:
    return invoke("prune", "--older-than", "1y", "--db", str(db), *words)


def articles(db: Path) -> list[tuple[Any, ...]]:
    return query(db, "SELECT * FROM articles ORDER BY id") + query(db, "SELECT * FROM revisions")


async def test_bytes_of_pages_go_and_their_hashes_stay(db: Path) -> None:
    before = articles(db)
    pages = query(db, "SELECT hash, size FROM raw_pages ORDER BY hash")
    size = db.stat().st_size
    ended = pruned(db, "--raw-pages", "--yes")
    assert ended.exit_code == 0, ended.output
    assert articles(db) == before
    assert query(db, "SELECT hash, size FROM raw_pages ORDER BY hash") == pages
    kept = query(
        db, "SELECT page_kind FROM raw_pages WHERE pruned_at IS NULL AND length(bytes) ORDER BY 1"
    )
    # The young page, the post file, and the bytes of the reject.
    assert [kind for (kind,) in kept].count("post_file") == 1
    assert len(kept) == 3
    gone = query(db, "SELECT count(*), sum(length(bytes)), sum(stored_size) FROM raw_pages"
                     " WHERE pruned_at IS NOT NULL")  # fmt: skip
    assert gone == [(len(pages) - 3, 0, 0)]
    assert db.stat().st_size < size
    assert "given back" in ended.stderr
    assert pruned(db, "--raw-pages", "--yes").stderr == "Nothing is that old.\n"
    found = json.loads(invoke("info", "--json", "--db", str(db)).stdout)
    there = query(
        db, "SELECT count(*), sum(size), sum(stored_size) FROM raw_pages WHERE length(bytes)"
    )
    assert [(3, found["pages_size"], found["pages_stored"])] == there
    assert (found["pages"], found["pages_pruned"]) == (len(pages), len(pages) - 3)
    assert f"{len(pages) - 3} pruned)" in invoke("info", "--db", str(db)).stdout


async def test_commands_know_pruned_pages(db: Path, serving: Serving) -> None:
    pruned(db, "--raw-pages", "--rejects", "--yes")
    before = articles(db)
    assert invoke("verify", "--db", str(db)).exit_code == 0
    found = json.loads(invoke("reextract", "--yes", "--json", "--db", str(db)).stdout)
    assert all("NW202601" in each for each in found["unreadable"])  # made of no real bytes
    assert found["changed"] == 0
    assert found["pruned"] > 25
    assert articles(db) == before
    assert invoke("retry-rejected", "--db", str(db)).exit_code == 0
    for command in ("info", "status"):
        assert invoke(command, "--db", str(db)).exit_code == 0
    outcome = await crawl("category", db, serving(Site(articles=35)).url, revisit="1")
    assert outcome.exit is Exit.OK
    assert len(articles(db)) >= len(before)
    assert invoke("verify", "--db", str(db)).exit_code == 0
    assert invoke("search", "公司", "--db", str(db)).exit_code == 0


async def test_a_clock_that_is_ahead_makes_nothing_old(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ages are counted back from the last run."""
    db = tmp_path / "news.db"
    await crawl("category", db, serving(Site(articles=5)).url)
    monkeypatch.setattr(clock, "clock", lambda: datetime(2076, 1, 1, tzinfo=UTC))
    said = pruned(db, "--raw-pages", "--runs", "--yes")
    assert (said.exit_code, "Nothing is that old." in said.stderr) == (0, True)
    assert query(db, "SELECT count(*) FROM raw_pages WHERE pruned_at IS NOT NULL") == [(0,)]


async def test_pages_of_a_wrong_clock_are_as_old_as_they_are(db: Path) -> None:
    """The clock was at 2001 when they were fetched, as the servers' clocks told."""
    at = "2001-01-01T00:00:01+00:00"
    write(
        db,
        f"UPDATE observations SET observed_at = '{at}', last_seen_at = '{at}'",
        f"UPDATE revisions SET observed_at = '{at}', last_seen_at = '{at}'",
        f"UPDATE rejects SET first_seen_at = '{at}', last_seen_at = '{at}'",
    )
    assert "0" not in _rows_shown(pruned(db, "--raw-pages", "--rejects"))
    difference = int((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds())
    write(
        db,
        f"UPDATE runs SET started_at = '{at}', ended_at = '{at}',"
        f" clock_difference = {difference} WHERE id = 1",
    )
    for _ in range(12):  # which `status` shows
        write(
            db,
            "INSERT INTO runs (spider, arguments, versions, pid, started_at, outcome)"
            f" VALUES ('category', '{{}}', '{{}}', 1, '{utc_now()}', 'ok')",
        )
    shown = pruned(db, "--raw-pages", "--rejects", "--runs")
    assert _rows_shown(shown) == ["0", "0", "0"], shown.output


def _rows_shown(ended: Any) -> list[str]:
    return [line.split("\t")[1] for line in ended.stdout.splitlines()]


def test_an_age_before_all_times(tmp_path: Path) -> None:
    ended = invoke("prune", "--runs", "--older-than", "9999y", "--db", str(tmp_path / "news.db"))
    assert (ended.exit_code, "the most is 99y" in ended.stderr) == (2, True)


async def test_rejects_and_runs(db: Path) -> None:
    for at in ("2020-01-01", "2020-01-02"):
        write(
            db,
            "INSERT INTO runs (spider, arguments, versions, pid, started_at, ended_at, outcome)"
            f" VALUES ('category', '{{}}', '{{}}', 1, '{at}T00:00:00+00:00', '{at}T00:01:00+00:00',"
            " 'ok')",
        )
    for day in range(1, 13):
        write(
            db,
            "INSERT INTO runs (spider, arguments, versions, pid, started_at, ended_at, outcome)"
            f" VALUES ('posts', '{{}}', '{{}}', 1, '2026-01-{day:02}', '2026-01-{day:02}', 'ok')",
        )
    runs = query(db, "SELECT id FROM runs")
    assert query(db, "SELECT count(*) FROM rejects") == [(1,)]
    bytes_before = query(db, "SELECT count(*) FROM raw_pages")
    assert pruned(db, "--rejects", "--runs", "--yes").exit_code == 0
    assert query(db, "SELECT count(*) FROM rejects") == [(0,)]
    assert query(db, "SELECT count(*) FROM raw_pages") == [(bytes_before[0][0] - 1,)]
    # The second is the last one of its spider that was ok, which `status` shows.
    assert len(query(db, "SELECT id FROM runs")) == len(runs) - 1
    assert invoke("verify", "--db", str(db)).exit_code == 0


async def test_rejected_post_files_stay(db: Path) -> None:
    """The only copy may be in the archive, also where no article came of it."""
    target = Target(db)
    made, rejected = (
        writer(target),
        Rejected(page("2021-12-28-x", kind="post_file", body=b"its draft"), "no_body", ""),
    )
    made.reject(rejected, loader_version=1)
    made.end(outcome="ok", exit_code=0, reason="made by a test")
    target.finish(good=True)
    write(db, f"UPDATE rejects SET last_seen_at = '{OLD}'")
    assert pruned(db, "--rejects", "--raw-pages", "--yes").exit_code == 0
    assert query(db, "SELECT page_kind FROM rejects") == [("post_file",)]
    [(key,)] = query(db, "SELECT page_hash FROM rejects")
    with closing(sqlite3.connect(db)) as connection:
        assert load_raw_page(connection, key) == b"its draft"


async def test_bytes_that_come_again_are_stored(tmp_path: Path) -> None:
    db, old = tmp_path / "news.db", page(observed_at="2022-01-01", body=b"as it was")
    fill(db, article(old))
    assert pruned(db, "--raw-pages", "--yes").exit_code == 0
    stored = query(db, "SELECT stored_size, length(bytes), pruned_at IS NULL FROM raw_pages")
    assert stored == [(0, 0, 0)]
    fill(db, article(page(observed_at=utc_now(), body=b"as it was"), title="另一个标题"))
    [(size, length, is_there)] = query(
        db, "SELECT stored_size, length(bytes), pruned_at IS NULL FROM raw_pages"
    )
    assert (size == length > 0, is_there) == (True, 1)
    assert invoke("verify", "--db", str(db)).exit_code == 0


async def test_what_would_go_comes_first(db: Path) -> None:
    before = db.read_bytes()
    [(pages,)] = query(db, "SELECT count(*) FROM raw_pages")
    ended = pruned(db, "--raw-pages", "--rejects")
    assert (ended.exit_code, "Add --yes" in ended.stderr) == (2, True)
    assert [line.split("\t")[:2] for line in ended.stdout.splitlines()] == [
        ["raw pages", str(pages - 3)], ["rejects", "1"],
    ]  # fmt: skip
    assert db.read_bytes() == before
    for words, said in (
        ([], "Name what is to go"),
        (["--raw-pages", "--older-than", "3d"], "the least is 30d"),
        (["--raw-pages", "--older-than", "old"], "is not an age"),
    ):
        ended = pruned(db, *words)
        assert (ended.exit_code, said in ended.stderr) == (2, True), ended.stderr


async def test_a_prune_that_is_killed(db: Path) -> None:
    """At any moment: the archive is whole, and the next prune ends what it began."""
    dice, killed = random.Random(2), 0
    words = ["prune", "--raw-pages", "--older-than", "1y", "--yes", "--db", str(db)]
    copy = db.read_bytes()
    began = time.monotonic()
    subprocess.run([Path(sys.executable).with_name("newscrawl"), *words], check=True)
    takes = time.monotonic() - began
    for _ in range(8):
        for suffix in ("-wal", "-shm"):
            db.with_name(db.name + suffix).unlink(missing_ok=True)
        db.write_bytes(copy)
        process = subprocess.Popen(
            [Path(sys.executable).with_name("newscrawl"), *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(takes * (0.3 + 0.7 * dice.random()))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() != 0
        assert invoke("verify", "--db", str(db)).exit_code == 0
    assert killed
    assert os.path.exists(db)
    assert invoke(*words).exit_code == 0
    assert query(db, "SELECT count(*) FROM raw_pages WHERE pruned_at IS NULL") == [(3,)]


async def test_space_is_given_back_after_a_kill(db: Path) -> None:
    """Killed when all is removed, before the space is given back: the next prune does that."""
    text = (
        "import os, sys; from newscrawl.store.prune import prune;"
        " from newscrawl.store.target import Target; target = Target(sys.argv[1]);"
        " prune(target.db, 'raw_pages', '2025-01-01T00:00:00+00:00'); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", text, str(db)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert invoke("verify", "--db", str(db)).exit_code == 0
    size = db.stat().st_size
    assert pruned(db, "--raw-pages").exit_code == 2
    assert db.stat().st_size == size
    done = pruned(db, "--raw-pages", "--yes")
    assert "An earlier prune was stopped" in done.stderr
    assert db.stat().st_size < size
    assert pruned(db, "--raw-pages", "--yes").stderr == "Nothing is that old.\n"


async def test_another_writer_is_left_alone(db: Path) -> None:
    target = Target(db)
    try:
        assert pruned(db, "--raw-pages", "--yes").exit_code == Exit.BUSY
    finally:
        target.finish(good=True)
