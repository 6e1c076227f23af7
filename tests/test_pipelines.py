"""Each item pipeline on its own: what passes, what is dropped, and what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archives import article, page
from running import open_run
from scrapy.exceptions import DropItem

from newscrawl.items import Article, Batch, BodyRank, Page
from newscrawl.pipelines import Dedupe, Normalise, Validate
from newscrawl.runs.run import Run


@pytest.fixture
async def run(tmp_path: Path) -> Any:
    with open_run(tmp_path / "news.db") as made:
        yield made


def scheduled(run: Run, made: Page) -> Page:
    run.ledger.schedule(made.url)
    return made


def rejects(run: Run) -> list[tuple[str]]:
    """The reasons of what is rejected, committed or not."""
    return [tuple(row) for row in run.archive.connection.execute("SELECT reason FROM rejects")]


async def test_an_article_without_title_and_body_is_rejected(run: Run) -> None:
    made = article(scheduled(run, page()), title=None, body_html=None, body_text=None)
    with pytest.raises(DropItem, match="rejected"):
        Validate(run.crawler).process_item(made)
    assert run.ledger.counters["rejected"] == 1
    assert len(rejects(run)) == 1


async def test_an_article_without_an_id_is_rejected(run: Run) -> None:
    made = article(scheduled(run, page()), id=None)
    with pytest.raises(DropItem):
        Validate(run.crawler).process_item(made)
    assert rejects(run) == [("no_id",)]


async def test_a_complete_article_is_valid(run: Run) -> None:
    made = article(page())
    assert Validate(run.crawler).process_item(made) is made


async def test_times_are_normalised(run: Run) -> None:
    made = article(
        page(), published_at=None, published_precision=None, published_raw="2021-12-28 14:27"
    )
    done = Normalise(run.crawler).process_item(made)
    assert (done.published_at, done.published_precision) == ("2021-12-28T14:27:00+08:00", "minute")


async def test_a_page_comes_once(run: Run) -> None:
    dedupe = Dedupe(run.crawler)
    first = article(scheduled(run, page(url="http://mirror.test/a")))
    again = article(scheduled(run, page(url="http://other.test/a")))
    other = article(page("NW202112292228490029"))
    assert dedupe.process_item(first) is first
    with pytest.raises(DropItem, match="duplicate"):
        dedupe.process_item(again)
    assert dedupe.process_item(other) is other
    assert run.ledger.counters["duplicate"] == 1


async def test_a_better_body_passes_again(run: Run) -> None:
    dedupe = Dedupe(run.crawler)
    ranks = [None, BodyRank.SUMMARY, BodyRank.LINKED]
    for number, rank in enumerate(ranks):
        made = article(page(url=f"http://mirror.test/{number}"), body_rank=rank)
        assert dedupe.process_item(made) is made
    worse = article(scheduled(run, page(url="http://mirror.test/worse")), body_rank=BodyRank.FULL)
    with pytest.raises(DropItem):
        dedupe.process_item(worse)


async def test_an_article_needs_its_page(run: Run) -> None:
    with pytest.raises(DropItem, match="without its page"):
        Dedupe(run.crawler).process_item(article(page(), page=None))


@pytest.mark.parametrize("pipeline", [Validate, Normalise, Dedupe])
async def test_an_item_of_others_passes_as_it_is(run: Run, pipeline: Any) -> None:
    item = {"title": "题"}
    assert pipeline(run.crawler).process_item(item) is item
    assert item == {"title": "题"}
    assert run.ledger.counters.total() == 0


def of_a_batch(run: Run) -> Iterator[Article]:
    for number in range(3):
        made = page(f"NW20211228000000000{number}")
        yield article(
            scheduled(run, made), title=None if number == 1 else "题", body_html="<p>文</p>"
        )


async def test_a_batch_loses_what_is_dropped(run: Run) -> None:
    articles = list(of_a_batch(run))
    articles[1].id = None
    batch = Validate(run.crawler).process_item(Batch(list(articles)))
    assert batch.items == [articles[0], articles[2]]


async def test_a_bug_costs_one_article_of_a_batch(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = list(of_a_batch(run))

    def normalise(each: Article) -> Article:
        if each is articles[1]:
            raise ZeroDivisionError("made by a test")
        return each

    monkeypatch.setattr("newscrawl.pipelines.normalise", normalise)
    batch = Normalise(run.crawler).process_item(Batch(list(articles)))
    assert batch.items == [articles[0], articles[2]]
    assert rejects(run) == [("crash",)]
