"""Reading the stored bytes again: the same rules change nothing, and better ones are taken."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from archives import writer
from crawls import crawl, dump, query
from samplesite.server import Answers, Server
from samplesite.site import Site

from newscrawl import sites
from newscrawl.items import Article, Page
from newscrawl.runs import reextract
from newscrawl.store import stored_pages
from newscrawl.store.target import Target
from newscrawl.store.writer import Writer

Serving = Callable[[Answers], Server]
READ = sites.read_page


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    target = Target(path)
    made = writer(target)
    yield made
    made.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)


@pytest.fixture
async def archive(serving: Serving, tmp_path: Path) -> Path:
    server = serving(Site(articles=90, oddities=frozenset({"all"})))
    await crawl("category", tmp_path / "news.db", server.url, share="1")
    return tmp_path / "news.db"


async def test_same_rules_change_nothing(archive: Path) -> None:
    before = dump(archive)
    with writing(archive) as made:
        found = reextract.survey(made.connection)
        assert (found.changed, found.unreadable) == (0, [])
        assert found.articles == stored_pages.count_articles(made.connection) > 80
        assert reextract.rewrite(made).changed == 0
    assert dump(archive) == before


async def test_better_rules_are_taken_without_a_revision(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {row["id"]: row for row in dump(archive)["articles"]}

    def better(page: Page, stats: Any = None) -> Article:
        article = READ(page, stats)
        return dataclasses.replace(article, title=article.title and article.title + "！")

    monkeypatch.setattr(sites, "read_page", better)
    with writing(archive) as made:
        found = reextract.survey(made.connection)
        assert found.fields == {"title": sum(row["title"] is not None for row in before.values())}
        reextract.rewrite(made)
        assert reextract.survey(made.connection).changed == 0
    after = dump(archive)
    for row in after["articles"]:
        earlier = before[row["id"]]
        assert row["title"] == (earlier["title"] and earlier["title"] + "！")
        assert {**row, "title": 0, "seq": 0, "changed_at": 0} == {
            **earlier, "title": 0, "seq": 0, "changed_at": 0,
        }  # fmt: skip
        assert row["seq"] > earlier["seq"]
    assert after["revisions"] == []


async def test_pages_that_cannot_be_read_any_more_stay(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(archive)

    def worse(page: Page, stats: Any = None) -> Article:
        raise sites.Unreadable("nothing", "a rule too strict")

    monkeypatch.setattr(sites, "read_page", worse)
    with writing(archive) as made:
        found = reextract.rewrite(made)
    assert found.changed == 0
    assert len(found.unreadable) == len(query(archive, "SELECT 1 FROM observations"))
    assert dump(archive) == before


async def test_pages_without_their_bytes_stay(archive: Path) -> None:
    # Readers may leave the table of raw pages out of a copy.
    with writing(archive) as made:
        made.connection.execute("PRAGMA foreign_keys = OFF")
        made.connection.execute("DELETE FROM raw_pages")
    before = dump(archive)
    with writing(archive) as made:
        found = reextract.rewrite(made)
    assert found.changed == 0
    assert all("its bytes are not in the archive" in each for each in found.unreadable)
    assert len(found.unreadable) == len(before["observations"])
    assert dump(archive) == before


async def test_what_an_edit_dropped_is_still_known(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    number = next(t.number for t in site.truths() if t.generation == "8" and len(t.posts) == 1)
    path = tmp_path / "news.db"
    await crawl("category", path, serving(site).url)
    target = Target(path)
    # As if the first look had been a minute earlier: the archive's clock has seconds.
    target.db.execute("UPDATE observations SET observed_at = '2022-01-01T00:00:00+00:00'")
    target.finish(good=True)
    await crawl("category", path, serving(site.edited(number, 1)).url, revisit="1")
    before = dump(path)
    assert len(before["revisions"]) == 1
    with writing(path) as made:
        assert reextract.rewrite(made).changed == 0
    assert dump(path) == before
