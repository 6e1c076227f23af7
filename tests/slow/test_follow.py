"""docs/examples/follow.py: what it copied is whole, whenever it or the crawl is killed.

Eight crawls unless NEWSCRAWL_KILLS says how many; NEWSCRAWL_KILL_SEED draws other moments.
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from archives import article, fill, page
from crawls import ROOT, command, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site

KILLS = int(os.environ.get("NEWSCRAWL_KILLS", "8"))
SEED = int(os.environ.get("NEWSCRAWL_KILL_SEED", "4"))
SITE = Site(articles=120, oddities=frozenset({"all"}))
EXAMPLES = ROOT / "docs" / "examples"
# As it stands, but with transactions that are small enough for kills to come between them.
SMALL = "import sys, follow; follow.BATCH = 5; sys.exit(follow.main())"

Row = tuple[str, str | None, str | None, str | None, int]


def start(*words: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(each) for each in words], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(EXAMPLES)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def follow(archive: Path, copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the example to its end, as its reader does."""
    return subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / "follow.py", archive, copy, *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def crawl_words(server: Server, archive: Path) -> list[str]:
    return ["newscrawl", "crawl", "category", "--db", str(archive), "--base-url", server.url,
            "--delay", "0", "--revisit", "-s", "RETRY_TIMES=0", "-s", "NEWSCRAWL_BATCH_PAGES=3",
            "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=2"]  # fmt: skip


def articles(archive: Path) -> dict[str, Row]:
    """Return the latest state of each article, as the example is to have it."""
    sql = "SELECT info_code, title, published_at, coalesce(original_url, share_url), seq"
    return {row[0]: row for row in query(archive, f"{sql} FROM articles")}


def copied(copy: Path) -> dict[str, Row]:
    return {row[0]: row for row in query(copy, "SELECT * FROM articles")}


def check(archive: Path, copy: Path) -> int:
    """Check that the copy has all up to its cursor and nothing beyond; return the cursor."""
    if not copy.exists() or not query(copy, "SELECT 1 FROM sqlite_master"):
        return 0
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    ((cursor,),) = query(copy, "SELECT seq FROM followed")
    has, wanted = copied(copy), articles(archive)  # the archive last: a crawl may be writing it
    assert all(row[-1] <= cursor for row in has.values())
    assert has.keys() <= wanted.keys()
    assert {code: has.get(code) for code, row in wanted.items() if row[-1] <= cursor} == {
        code: row for code, row in wanted.items() if row[-1] <= cursor
    }
    return int(cursor)


def growing(dice: random.Random, number: int, edits: dict[int, int]) -> Site:
    """Return the site as one crawl of several meets it: more articles, and more *edits*."""
    shown = SITE.showing(0, 40 + 80 * (number + 1) // KILLS)
    edits.update(dict.fromkeys(dice.sample(range(40), 10), number + 1))
    for each, version in edits.items():
        shown = shown.edited(each, version)
    return shown


def test_both_killed_at_any_moment(
    serving: Callable[[Answers], Server], tmp_path: Path
) -> None:  # fmt: skip
    dice = random.Random(SEED)
    server = serving(SITE)
    for truth in SITE.truths():
        for path in truth.paths:
            server.faults[path] = Fault(delay=0.1)
    archive, copy = tmp_path / "news.db", tmp_path / "copy.db"
    fill(archive, article(page()))
    cursors, crawls_killed = set(), 0
    edits: dict[int, int] = {}
    for number in range(KILLS):
        server.site = growing(dice, number, edits)
        program, *words = crawl_words(server, archive)
        crawl = start(Path(sys.executable).with_name(program), *words)
        ends = time.monotonic() + dice.uniform(1.0, 4.0)
        while time.monotonic() < ends and crawl.poll() is None:
            follower = start(sys.executable, "-c", SMALL, archive, copy, "--every", "0.01")
            time.sleep(dice.uniform(0.05, 0.6))
            follower.kill()
            follower.wait(timeout=10)
            cursors.add(check(archive, copy))
        crawls_killed += crawl.poll() is None
        crawl.kill()
        crawl.wait(timeout=10)
        check(archive, copy)
    assert len(cursors) > KILLS  # it was killed here and there, and not before the first crawl
    assert crawls_killed
    done = command(*crawl_words(server, archive))
    assert done.returncode == 0, done.stderr[-2000:]
    assert query(archive, "SELECT count(*) FROM revisions") > [(0,)]
    done = follow(archive, copy)
    assert done.returncode == 0, done.stderr
    assert copied(copy) == articles(archive)
    assert len(copied(copy)) == 1 + sum(truth.linked for truth in server.site.truths())


def test_killed_between_and_in_its_transactions(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    archive, copy = tmp_path / "news.db", tmp_path / "copy.db"
    many = [article(page(f"NW{202112280000000000 + each}")) for each in range(1500)]
    fill(archive, *many)
    cursors = set()
    while (cursor := check(archive, copy)) < len(many):
        cursors.add(cursor)
        follower = start(sys.executable, "-c", SMALL, archive, copy)
        began = time.monotonic()
        while follower.poll() is None and _size(copy) == 0 and time.monotonic() - began < 10:
            time.sleep(0.01)
        time.sleep(dice.uniform(0.02, 0.15))
        follower.kill()
        follower.wait(timeout=10)
    assert len(cursors) > 3
    assert copied(copy) == articles(archive)


def _size(copy: Path) -> int:
    return copy.stat().st_size if copy.exists() else 0


def test_each_state_once(tmp_path: Path) -> None:
    archive, copy = tmp_path / "news.db", tmp_path / "copy.db"
    fill(archive, article(page()), article(page("NW202112282228490029")))
    assert follow(archive, copy).stdout == "2 copied\n"
    assert follow(archive, copy).stdout == "0 copied\n"
    fill(archive, article(page(observed_at="2022-01-02"), title="改过的标题"))
    assert follow(archive, copy).stdout == "1 copied\n"
    assert copied(copy) == articles(archive)
    assert copied(copy)["NW202112282228490028"][1] == "改过的标题"


def test_an_archive_older_than_the_copy(tmp_path: Path) -> None:
    archive, older, copy = (tmp_path / f"{name}.db" for name in ("news", "older", "copy"))
    fill(archive, article(page()), article(page("NW202112282228490029")))
    fill(older, article(page()))
    follow(archive, copy)
    done = follow(older, copy)
    assert done.returncode == 1
    assert done.stderr == "follow.py: the copy is at seq 2, the archive ends at 1\n"
    assert len(copied(copy)) == 2
    done = follow(tmp_path / "none.db", tmp_path / "other.db")
    assert (done.returncode, "unable to open" in done.stderr) == (1, True)
    assert not (tmp_path / "none.db").exists()
