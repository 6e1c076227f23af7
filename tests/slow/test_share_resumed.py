"""What a run was to resolve and did not is known from the store, and resolved by a later one."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from crawls import ROOT, Hands, assert_balanced, crawl, ledger, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Response, Site

from newscrawl.runs.outcome import Exit
from newscrawl.store import unresolved
from newscrawl.store.known import Known
from newscrawl.store.unresolved import next_try

Serving = Callable[[Answers], Server]

SITE = Site(articles=40)
LINKED = {truth.info_code for truth in SITE.truths() if truth.linked and truth.share_url}
UNANSWERED = (
    "SELECT count(*) FROM articles WHERE share_url IS NOT NULL AND NOT EXISTS (SELECT 1"
    " FROM observations WHERE article_id = articles.id AND is_resolved)"
)


@dataclass
class Holding:
    """A site whose share host gives no answer until it is let go."""

    site: Answers
    patience: int
    """Requests for answers that wait when it is full."""
    full: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    waiting: int = 0

    def respond(self, address: str) -> Response:
        """Answer; for what is held, when it is let go."""
        if "GetNewsText" in address:
            self.waiting += 1
            if self.waiting >= self.patience:
                self.full.set()
            self.go.wait(60)
        return self.site.respond(address)


def killed(server: Server, holding: Holding, db: Path, *words: str) -> None:
    """Start a crawl, and kill it while it waits for answers."""
    program = Path(sys.executable).with_name("newscrawl")
    server.site = holding
    crawl = subprocess.Popen(
        [program, "crawl", *words, "--base-url", server.url, "--db", db, "--fast",
         "-s", "NEWSCRAWL_BATCH_PAGES=1"], cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert holding.full.wait(60)
    crawl.send_signal(signal.SIGKILL)
    crawl.wait(timeout=60)
    holding.go.set()
    server.site = holding.site


def articles_asked(server: Server) -> int:
    """Return how many answers were asked for, and forget it."""
    found = sum("GetNewsText" in path for path in server.paths())
    server.requests.clear()
    return found


@pytest.mark.parametrize("days", [0, 10], ids=["at once", "when the mirror has dropped them"])
async def test_killed_walk(serving: Serving, tmp_path: Path, hands: Hands, days: int) -> None:
    server, db = serving(SITE), tmp_path / "news.db"
    hands.now = hands.today()
    killed(server, Holding(SITE, 2), db, "category", "--share")
    [(left,)] = query(db, UNANSWERED)
    assert left > 0
    server.requests.clear()
    hands.move(days=days, minutes=5)
    if days:
        server.site = SITE.showing(35, 40)
    outcome = await crawl("category", db, server.url, share="1")
    assert outcome.exit is Exit.OK, outcome
    assert_balanced(ledger(db))
    assert query(db, UNANSWERED) == [(0,)]
    assert query(db, "SELECT count(*) FROM unresolved") == [(0,)]
    assert articles_asked(server) >= left
    hands.move(minutes=5)
    await crawl("category", db, server.url, share="1")
    assert articles_asked(server) == 0


async def test_killed_feed(serving: Serving, tmp_path: Path, hands: Hands) -> None:
    """Also long after the entries have left their list."""
    server, db = serving(SITE), tmp_path / "news.db"
    hands.now = hands.today()
    killed(server, Holding(SITE, 2), db, "feed", "fast")
    codes = {code for (code,) in query(db, "SELECT id FROM articles")}
    assert codes
    hands.move(days=10)
    server.faults["/comm/web/getFastNewsList"] = lambda response: Response(
        200, b'{"code":"1","data":null}', response.headers
    )
    await crawl("feed", db, server.url, name="fast")
    answered = query(db, "SELECT article_id FROM observations WHERE page_kind = 'api_answer'")
    assert {code for (code,) in answered} >= codes


async def test_share_host_that_is_down(serving: Serving, tmp_path: Path, hands: Hands) -> None:
    """It is asked again as seldom as a rejected page, and has all when it is back."""
    server, db = serving(SITE), tmp_path / "news.db"
    down = {"/NewsData/GetNewsText.do": Fault(status=500)}
    down |= {f"/a/{truth.digits}.html": Fault(status=500) for truth in SITE.truths()}
    server.faults.update(down)
    await crawl("category", db, server.url, share="1")
    [(left,)] = query(db, UNANSWERED)
    assert left == articles_asked(server) > 0
    for minutes, times in ((5, 0), (25, left), (5, 0)):
        hands.move(minutes=minutes)
        await crawl("category", db, server.url, share="1")
        assert articles_asked(server) == times
    server.faults.clear()
    hands.move(hours=1)
    assert (await crawl("category", db, server.url, share="1")).exit is Exit.OK
    assert query(db, UNANSWERED) == [(0,)]
    assert query(db, "SELECT count(*) FROM unresolved") == [(0,)]


async def test_what_nobody_has_is_not_asked_for_ever(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    server, db = serving(SITE), tmp_path / "news.db"
    truth = next(t for t in SITE.truths() if t.info_code in LINKED and len(t.posts) == 1)
    answer = f"/NewsData/GetNewsText.do?id={truth.info_code}"
    server.faults[answer] = server.faults[f"/a/{truth.digits}.html"] = Fault(status=404)
    tries = []
    for half_hour in range(100):
        await crawl("category", db, server.url, share="1")
        if answer in server.paths():
            tries.append(half_hour / 2)
        server.requests.clear()
        hands.move(minutes=30)
    assert tries == [0, 0.5, 1.5, 4.5, 13.5, 40.5]
    assert query(db, "SELECT article_id, due_at FROM unresolved") == [(truth.info_code, None)]


@pytest.mark.parametrize(
    "first", [{}, {"share": "1", "limit": "20"}], ids=["no --share", "--limit"]
)
async def test_what_was_stored_without_its_answer(
    serving: Serving, tmp_path: Path, hands: Hands, first: dict[str, str]
) -> None:
    server, db = serving(SITE), tmp_path / "news.db"
    await crawl("category", db, server.url, **first)
    assert query(db, UNANSWERED) != [(0,)]
    hands.move(minutes=5)
    assert (await crawl("category", db, server.url, share="1")).exit is Exit.OK
    assert query(db, UNANSWERED) == [(0,)]


async def test_since_leaves_out_what_it_always_does(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    server, db = serving(SITE), tmp_path / "news.db"
    day = sorted(truth.published_at for truth in SITE.truths())[20][:10]
    await crawl("category", db, server.url, share="1", since=day)
    assert query(db, "SELECT count(*) FROM unresolved") == [(0,)]
    assert query(db, "SELECT count(*) FROM articles WHERE published_at < ?", day) == [(0,)]


async def test_cost_when_nothing_is_left(serving: Serving, tmp_path: Path) -> None:
    """No table is read from end to end, however many articles there are."""
    db = tmp_path / "news.db"
    await crawl("category", db, serving(SITE).url, share="1")
    given: list[str] = []
    with closing(sqlite3.connect(db)) as connection:
        known = Known(connection)
        connection.set_trace_callback(given.append)
        unresolved.add_young(connection, "finews", "2026-01-01", "2026-01-02")
        known.due_links("finews", "2026-01-02")
        connection.set_trace_callback(None)
        plans = [
            row[3]
            for sql in given
            if not sql.startswith("BEGIN")
            for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")
        ]
    assert not [each for each in plans if each.startswith("SCAN")], plans
    for name, columns in {
        "idx_observations_last_seen_at": "site=? AND last_seen_at>?",
        "idx_unresolved_site_due_at": "site=? AND due_at<?",
    }.items():
        assert any(f"{name} ({columns})" in each for each in plans), plans


@pytest.mark.parametrize(
    ("hours_later", "expected"),
    [(0, "00:30"), (0.4, "00:30"), (0.5, "01:30"), (2, "04:30"), (5, None)],
)
def test_next_try(hours_later: float, expected: str | None) -> None:
    minutes = int(hours_later * 60)
    now = f"2026-03-03T{minutes // 60:02}:{minutes % 60:02}:00+00:00"
    found = next_try("2026-03-03T00:00:00+00:00", now, [0.5, 1.5, 4.5])
    assert (found[11:16] if found else None) == expected
