"""docs/examples/follow.py: what it copied is whole, whenever it or the crawl is killed.

Eight crawls unless NEWSCRAWL_KILLS says how many; NEWSCRAWL_KILL_SEED draws other moments.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
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
    sql = "SELECT id, title, published_at, coalesce(original_url, share_url), seq"
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
    cursors: set[int] = set()
    crawls_killed = 0
    edits: dict[int, int] = {}
    for number in range(KILLS):
        server.site = growing(dice, number, edits)
        program, *words = crawl_words(server, archive)
        crawl = start(Path(sys.executable).with_name(program), *words)
        deadline = time.monotonic() + 60
        cursor, steps = check(archive, copy), dice.randint(1, 4)
        while steps and crawl.poll() is None and time.monotonic() < deadline:
            follower = start(sys.executable, "-c", SMALL, archive, copy, "--every", "0.01")
            while _cursor(copy) == cursor and crawl.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(dice.uniform(0, 0.3))
            follower.kill()
            follower.wait(timeout=60)
            steps -= _cursor(copy) > cursor
            cursor = check(archive, copy)
            cursors.add(cursor)
        crawls_killed += crawl.poll() is None
        crawl.kill()
        crawl.wait(timeout=60)
        check(archive, copy)
    assert len(cursors) > KILLS // 2  # it was killed here and there
    assert crawls_killed
    done = command(*crawl_words(server, archive))
    assert done.returncode == 0, done.stderr[-2000:]
    assert query(archive, "SELECT count(*) FROM revisions") > [(0,)]
    done = follow(archive, copy)
    assert done.returncode == 0, done.stderr
    assert copied(copy) == articles(archive)
    assert len(copied(copy)) == 1 + sum(truth.linked for truth in server.site.truths())


def _cursor(copy: Path) -> int:
    """Return how far the copy is, which may still be without its tables."""
    with suppress(sqlite3.OperationalError):
        return int(query(copy, "SELECT seq FROM followed")[0][0]) if copy.exists() else 0
    return 0


KILLED = """
import os, signal, sys
import follow

at, opened = int(sys.argv.pop()), follow.open_copy
follow.BATCH = 5

def open_copy(path):
    left = iter(range(at))
    def count(statement):
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
    copy = opened(path)
    copy.set_trace_callback(count)
    return copy

follow.open_copy = open_copy
sys.exit(follow.main())
"""
"""The example, which kills itself before the SQL statement of its copy that the last word names."""


def test_killed_before_each_statement_of_its_transactions(tmp_path: Path) -> None:
    archive, copy = tmp_path / "news.db", tmp_path / "copy.db"
    many = [article(page(f"NW{202112280000000000 + each}")) for each in range(150)]
    fill(archive, *many)
    cursors = []
    for at in range(100):
        follower = start(sys.executable, "-c", KILLED, archive, copy, str(at))
        code = follower.wait(timeout=60)
        cursors.append(check(archive, copy))
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert cursors == sorted(cursors)
    assert len(set(cursors)) > 10
    assert copied(copy) == articles(archive)


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
