"""A run when something of ours goes wrong: it stops or says so, and what is committed is whole."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from crawls import assert_balanced, crawl, ledger, query
from samplesite.server import Answers, Server
from samplesite.site import Site

from newscrawl import pipelines, sites
from newscrawl.items import Article, Page
from newscrawl.runs.judging import judge_pages
from newscrawl.runs.ledger import Ledger
from newscrawl.runs.outcome import Exit
from newscrawl.sites import normalise
from newscrawl.store import target

Serving = Callable[[Answers], Server]


def third_call_fails(function: Callable[..., Any]) -> Callable[..., Any]:
    calls = itertools.count(1)

    def failing(*args: Any, **options: Any) -> Any:
        if next(calls) == 3:
            raise ZeroDivisionError("made by a test")
        return function(*args, **options)

    return failing


@pytest.mark.parametrize(
    ("module", "name"), [(sites, "read_page"), (pipelines, "normalise")], ids=["reader", "pipeline"]
)
async def test_bug_costs_one_page_and_is_said(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    site = Site(articles=20)
    monkeypatch.setattr(module, name, third_call_fails(getattr(module, name)))
    outcome = await crawl("category", tmp_path / "news.db", serving(site).url)
    assert outcome.exit is Exit.DEGRADED
    assert "a bug in newscrawl: ZeroDivisionError('made by a test')" in outcome.reason
    run = ledger(tmp_path / "news.db")
    assert run["rejected"] == 1
    assert_balanced(run)
    sql = "SELECT reason, length(bytes) > 0 FROM rejects JOIN raw_pages ON hash = page_hash"
    assert query(tmp_path / "news.db", sql) == [("crash", 1)]
    monkeypatch.undo()
    outcome = await crawl("category", tmp_path / "news.db", serving(site).url)
    assert outcome.exit is Exit.OK
    stored = query(tmp_path / "news.db", "SELECT count(*) FROM articles")[0][0]
    assert stored == sum(truth.linked for truth in site.truths())


async def test_full_disk_stops_the_run(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A real SQLITE_FULL: the file may not grow beyond so many pages of 16 KB.
    opened = target.open_for_writing

    def small(path: Any) -> Any:
        db = opened(path)
        db.execute("PRAGMA max_page_count = 60")
        return db

    site = Site(articles=200)
    server = serving(site)
    monkeypatch.setattr(target, "open_for_writing", small)
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.STORE
    assert "disk is full" in outcome.reason
    monkeypatch.undo()
    assert query(tmp_path / "news.db", "PRAGMA integrity_check") == [("ok",)]
    assert len(server.requests) < 150  # it stopped, and did not go on in vain
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.OK
    stored = query(tmp_path / "news.db", "SELECT count(*) FROM articles")[0][0]
    assert stored == sum(truth.linked for truth in site.truths())


async def test_rejected_bytes_are_bounded(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(page: Page, stats: Any = None) -> Article:
        raise sites.Unreadable("not_a_post", "rubbish")

    monkeypatch.setattr(sites, "read_page", refuse)
    site, db = Site(articles=10), tmp_path / "news.db"
    size = max(len(body) for truth in site.truths() for _, body in site.pages(truth))
    settings = {"NEWSCRAWL_REJECTED_MB": 3 * size / 1_000_000}
    await crawl("category", db, serving(site).url, settings=settings)
    kept = dict(query(db, "SELECT page_hash IS NOT NULL, count(*) FROM rejects GROUP BY 1"))
    assert kept[0] + kept[1] == ledger(db)["rejected"]
    assert 3 <= kept[1] < 10
    assert query(db, "SELECT DISTINCT reason FROM rejects") == [("not_a_post",)]
    assert_balanced(ledger(db))


async def test_page_without_title_and_text(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blank(page: Page, stats: Any = None) -> Article:
        return Article(id="NW202112282228490028", page=page)

    monkeypatch.setattr(sites, "read_page", blank)
    outcome = await crawl("category", tmp_path / "news.db", serving(Site(articles=5)).url)
    assert outcome.exit is Exit.DEGRADED
    assert query(tmp_path / "news.db", "SELECT DISTINCT reason FROM rejects") == [("nothing",)]
    assert_balanced(ledger(tmp_path / "news.db"))


async def test_page_under_two_addresses_is_a_duplicate(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one(page: Page, stats: Any = None) -> Article:
        article = Article(id="NW202112282228490028", title="标题", page=page)
        page.id = "202112282228490028"
        return article

    monkeypatch.setattr(sites, "read_page", one)
    await crawl("category", tmp_path / "news.db", serving(Site(articles=5)).url)
    run = ledger(tmp_path / "news.db")
    assert run["new"] == 1
    assert run["duplicate"] == run["scheduled"] - 1
    assert_balanced(run)


def test_missing() -> None:
    assert normalise.missing(Article(title="标题")) == "no_id"
    assert normalise.missing(Article(id="NW1")) == "nothing"
    assert normalise.missing(Article(id="NW1", body_text="正文")) is None
    assert normalise.missing(Article(id="NW1", body_html="<img>")) is None


def filled(scheduled: int, **ends: int) -> Ledger:
    made = Ledger()
    urls = [f"u{number}" for number in range(scheduled)]
    for url in urls:
        made.schedule(url)
    for end, number in ends.items():
        for _ in range(number):
            made.settle(urls.pop(), end)  # type: ignore[arg-type]
    return made


JUDGED = [
    (filled(0), "finished", [], Exit.OK, "nothing new"),
    (filled(3, new=2, unchanged=1), "finished", [], Exit.OK, "3 pages: 2 new, 1 unchanged"),
    (filled(10, new=9, rejected=1), "finished", [], Exit.OK, "1 rejected"),
    (filled(10, new=8, rejected=2), "finished", [], Exit.DEGRADED, "2 of 10 pages are lost"),
    (filled(3, failed=3), "finished", [], Exit.UNREACHABLE, "none of 3 pages"),
    (filled(3, new=3), "finished", ["a list is gone"], Exit.DEGRADED, "a list is gone"),
    (filled(3, new=3), "finished", ["a"] * 9, Exit.DEGRADED, "a; a; a; and 6 more"),
    (filled(3, new=3), "closespider_timeout", [], Exit.DEGRADED, "stopped early"),
    (filled(3, new=2), "finished", [], Exit.CRASHED, "1 pages were not finished"),
]


@pytest.mark.parametrize(("made", "finish_reason", "troubles", "exit_", "reason"), JUDGED)
def test_judge(
    made: Ledger, finish_reason: str, troubles: list[str], exit_: Exit, reason: str
) -> None:
    outcome = judge_pages(made, finish_reason=finish_reason, troubles=troubles, share=0.1)
    assert outcome.exit is exit_
    assert reason in outcome.reason


def test_ledger_that_does_not_balance_says_so() -> None:
    made = filled(3, new=3)
    made.counters["listed"] += 1
    outcome = judge_pages(made, finish_reason="finished", troubles=[], share=0.1)
    assert outcome.exit is Exit.CRASHED
    assert "do not balance" in outcome.reason


def test_ledger_refuses_what_cannot_be() -> None:
    made = filled(1)
    made.settle("u0", "new")
    with pytest.raises(ValueError, match="ended twice"):
        made.settle("u0", "new")
    with pytest.raises(ValueError, match="never scheduled"):
        made.settle("u1", "new")


def test_a_page_that_is_scheduled_twice_ends_twice() -> None:
    made = filled(1)
    made.schedule("u0")
    made.settle("u0", "new")
    assert made.balances
    assert made.unfinished == 1
    made.settle("u0", "unchanged")
    assert made.balances
    assert made.unfinished == 0


def test_a_page_out_of_range_has_come() -> None:
    made = filled(2, out_of_range=2)
    assert made.balances
    outcome = judge_pages(made, finish_reason="finished", troubles=[], share=0.1)
    assert outcome.exit is Exit.OK
    assert "2 out of range" in outcome.reason
