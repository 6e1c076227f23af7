"""How far back lists are read: whole crawls of lists that have many pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from crawls import Hands, crawl, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site
from test_crawl_feed import news, stored

from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]


def lists_asked(server: Server, begin: int = 0) -> int:
    return sum("getFastNewsList" in path for path in server.paths()[begin:])


async def test_a_list_is_read_back_to_what_is_stored(serving: Serving, tmp_path: Path) -> None:
    site, db = Site(articles=310), tmp_path / "news.db"
    server = serving(site.showing(0, 50))
    assert (await crawl("feed", db, server.url, name="fast")).exit is Exit.OK
    server.site = site
    assert (
        await crawl("feed", db, server.url, name="fast")
    ).exit is Exit.OK  # more than five pages
    assert stored(db) == news(site)
    asked = len(server.paths())
    assert (await crawl("feed", db, server.url, name="fast")).exit is Exit.OK
    assert lists_asked(server, asked) == 1
    assert query(db, "SELECT count(*) FROM gaps") == [(0,)]


async def test_the_first_check_reads_five_pages(serving: Serving, tmp_path: Path) -> None:
    db, server = tmp_path / "news.db", serving(Site(articles=310))
    assert (await crawl("feed", db, server.url, name="fast")).exit is Exit.OK
    assert lists_asked(server) == 5
    assert query(db, "SELECT read_at IS NOT NULL, read_pages FROM listings") == [(1, 5)]
    assert query(db, "SELECT count(*) FROM gaps") == [(0,)]


@pytest.mark.parametrize("ids", [{"pages": "12"}, {"revisit": "1"}, {"since": "2017-01-01"}])
async def test_a_list_can_be_back_filled(
    serving: Serving, tmp_path: Path, ids: dict[str, str]
) -> None:
    site, db = Site(articles=310), tmp_path / "news.db"
    server = serving(site)
    assert (await crawl("feed", db, server.url, name="fast", pages="1")).exit is Exit.OK
    assert lists_asked(server) == 1
    assert (await crawl("feed", db, server.url, name="fast", **ids)).exit is Exit.OK
    assert stored(db) == news(site)
    assert query(db, "SELECT count(*) FROM gaps") == [(0,)]
    if "pages" in ids:  # it was read to its end: nothing further back is to be looked for
        asked = len(server.paths())
        await crawl("feed", db, server.url, name="fast", pages="30")
        assert lists_asked(server, asked) == 1


async def test_a_page_of_a_list_that_failed_is_read_later(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=150), tmp_path / "news.db"
    server = serving(site.showing(0, 50))
    await crawl("feed", db, server.url, name="kuaixun")
    hands.move(seconds=60)
    server.site = site
    begin = query(db, "SELECT read_at FROM listings")
    server.faults["/kuaixun/v1/getlist_102_ajaxResult_50_2_.html"] = Fault(status=500)
    assert (await crawl("feed", db, server.url, name="kuaixun")).exit is Exit.DEGRADED
    assert query(db, "SELECT read_at FROM listings") == begin
    server.faults.clear()
    hands.move(seconds=60)
    assert (await crawl("feed", db, server.url, name="kuaixun")).exit is Exit.OK
    assert stored(db) == news(site)


async def test_a_limit_of_pages_leaves_a_gap_until_it_is_filled(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=310), tmp_path / "news.db"
    server = serving(site.showing(0, 50))
    await crawl("feed", db, server.url, name="fast")
    [(read_at,)] = query(db, "SELECT read_at FROM listings")
    server.site = site
    for _ in range(2):
        hands.move(seconds=60)
        outcome = await crawl("feed", db, server.url, name="fast", pages="2")
        assert outcome.exit is Exit.DEGRADED
        assert "has more news since" in outcome.reason
        gaps = query(db, "SELECT listing_kind, name, from_at FROM gaps")
        assert gaps == [("list", "fast", read_at)]
    await crawl("feed", db, server.url, name="fast", limit="1")  # neither fills nor hides it
    assert query(db, "SELECT count(*) FROM gaps") == [(1,)]
    assert (await crawl("feed", db, server.url, name="fast")).exit is Exit.OK
    assert stored(db) == news(site)
    assert query(db, "SELECT count(*) FROM gaps") == [(0,)]


async def test_a_list_without_pages_that_has_dropped_articles_is_a_gap(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=90), tmp_path / "news.db"
    server = serving(site.showing(0, 30))
    found = []
    for last in (30, 35, 70, 70, 90):
        hands.move(seconds=60)
        server.site = site.showing(0, last)
        assert (await crawl("feed", db, server.url, name="atom")).exit is Exit.OK
        found.append(query(db, "SELECT count(*) FROM gaps")[0][0])
    assert found == [0, 0, 1, 1, 2]  # it shows ten posts: those between were never seen
    await crawl("category", db, server.url)
    server.site = Site(articles=120)  # what another spider has stored is not missing
    await crawl("category", db, server.url)
    hands.move(seconds=60)
    await crawl("feed", db, server.url, name="atom")
    assert query(db, "SELECT count(*) FROM gaps WHERE listing_kind = 'list'") == [(2,)]
