"""Later runs: what is known is not asked for, what changed is found, what is missed is said."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawls import Hands, assert_balanced, crawl, dump, ledger, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Response, Site

from newscrawl.runs.outcome import Exit
from newscrawl.sites.finews.retention import forgotten_until
from newscrawl.store.clock import utc_now

Serving = Callable[[Answers], Server]


def asked(server: Server) -> Counter[str]:
    """Return how often each kind of address was asked, and forget it."""
    found = Counter(
        "listing" if "/category/" in path else "post_page" if "/20" in path else path
        for path in server.paths()
    )
    server.requests.clear()
    return found


def counts(db: Path, *names: str) -> tuple[int, ...]:
    run = ledger(db)
    assert_balanced(run)
    return tuple(run[name] for name in names)


async def test_unchanged_then_20_new_and_5_edited(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    whole = Site(articles=2000, categories=100)
    site, db = whole.showing(0, 1980), tmp_path / "news.db"
    server = serving(site)
    assert (await crawl("category", db, server.url)).exit is Exit.OK
    first, before = asked(server), dump(db)

    hands.move(minutes=5)
    assert (await crawl("category", db, server.url)).exit is Exit.OK
    requests, second = list(server.requests), asked(server)
    assert second["post_page"] == 0
    assert second["listing"] <= first["listing"]
    assert sum(each.bytes for each in requests) < 50_000  # robots.txt, and pages of no list
    assert {each.status for each in requests if "/category/" in each.path} == {304}
    assert dump(db) == before

    edited = [t.number for t in site.truths() if t.generation == "8" and len(t.posts) == 1][:5]
    after = whole
    for number in edited:
        after = after.edited(number, 1)
    server.site = after
    hands.move(minutes=30)  # the first interval of the schedule
    assert (await crawl("category", db, server.url)).exit is Exit.OK
    assert sum(each.bytes for each in server.requests) <= 1_200_000
    fetched = [each for each in server.requests if "/20" in each.path and each.status == 200]
    new = {truth.info_code for truth in after.truths() if truth.linked} - {
        truth.info_code for truth in site.truths() if truth.linked
    }
    assert counts(db, "new", "changed") == (len(new), 5)
    assert len(fetched) == 5 + sum(
        len(truth.posts) for truth in after.truths() if truth.info_code in new
    )
    revised = dict(query(db, "SELECT article_id, title FROM revisions"))
    assert revised == {
        site.article(number).info_code: site.article(number).title for number in edited
    }


async def test_young_posts_are_looked_at_at_growing_intervals(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=10), tmp_path / "news.db"
    server = serving(site)
    await crawl("category", db, server.url)
    posts = asked(server)["post_page"]
    looks = []
    for half_hour in range(1, 150):
        hands.move(minutes=30)
        await crawl("category", db, server.url)
        if found := asked(server)["post_page"]:
            assert found == posts
            looks.append(half_hour / 2)
    assert looks == [0.5, 1.5, 4.5, 13.5, 40.5]
    assert query(db, "SELECT count(*) FROM revisions") == [(0,)]


async def test_validator_is_kept_only_when_all_is_stored(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    truth = next(t for t in site.truths() if len(t.posts) == 1)
    server.faults[truth.paths[0]] = Fault(status=500)
    await crawl("category", db, server.url)
    without = query(db, "SELECT name FROM listings WHERE etag IS NULL AND missing_since IS NULL")
    assert {name for (name,) in without} <= {"", *truth.listings}
    assert {name for (name,) in without} & {*truth.listings, ""}
    hands.move(minutes=5)
    server.faults.clear()
    server.requests.clear()
    outcome = await crawl("category", db, server.url)
    assert outcome.exit is Exit.OK
    assert counts(db, "new") == (1,)
    assert asked(server)["post_page"] == 1
    assert query(db, "SELECT count(*) FROM listings WHERE etag IS NULL AND missing_since IS NULL"
                 ) == [(0,)]  # fmt: skip


async def test_site_built_anew_with_the_same_content(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    """The mirror is built every five minutes: validators change, links do not."""
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    built = 0

    def stamp(response: Response) -> Response:
        body = response.body.replace(b"</html>", b"<!-- build %d --></html>" % built)
        return Response(response.status, body, response.headers)

    for path in {*(f"/category/{slug}.html" for slug in site.category_pages), "/"}:
        server.faults[path] = stamp
    await crawl("category", db, server.url)
    before = dump(db)
    built, first = 1, asked(server)
    hands.move(minutes=5)
    await crawl("category", db, server.url)
    second = asked(server)
    assert second["post_page"] == 0
    assert second["listing"] <= first["listing"]
    assert counts(db, "scheduled") == (0,)
    assert dump(db) == before


async def test_post_that_has_left_the_mirror_is_no_failure(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    await crawl("category", db, server.url)
    server.site = site.showing(10, 30)
    hands.move(hours=1)
    outcome = await crawl("category", db, server.url)
    assert outcome.exit is Exit.OK, outcome
    (failed,) = counts(db, "failed")
    assert (
        failed == query(db, "SELECT count(*) FROM observations WHERE gone_at IS NOT NULL")[0][0] > 0
    )
    asked(server)
    hands.move(hours=2)
    await crawl("category", db, server.url)
    assert counts(db, "failed") == (0,)


async def test_rejected_page_is_not_asked_each_time(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    path = next(t for t in site.truths() if len(t.posts) == 1).paths[0]
    server.faults[path] = Fault(body=b"<html><title>Sign in</title><form></form></html>")
    await crawl("category", db, server.url)
    for minutes, times in ((5, 0), (30, 1), (5, 0)):
        server.requests.clear()
        hands.move(minutes=minutes)
        await crawl("category", db, server.url)
        assert server.paths().count(path) == times
    server.faults.clear()
    hands.move(hours=1)
    await crawl("category", db, server.url)
    assert counts(db, "new") == (1,)


async def test_edit_after_the_clock_was_set_back(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=30), tmp_path / "news.db"
    number = next(t.number for t in site.truths() if t.generation == "8" and len(t.posts) == 1)
    server = serving(site)
    await crawl("category", db, server.url)
    server.site = site.edited(number, 1)
    hands.move(hours=-1)
    assert (await crawl("category", db, server.url, revisit="1")).exit is Exit.OK
    assert counts(db, "changed") == (1,)
    info_code, title = site.article(number).info_code, server.site.article(number).title
    assert query(db, "SELECT title FROM articles WHERE id = ?", info_code) == [(title,)]


# -- --due ----------------------------------------------------------------------------------


async def test_due_asks_only_what_is_worth_it(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    whole = Site(articles=400)
    db = tmp_path / "news.db"
    server = serving(whole.showing(0, 380))
    await crawl("category", db, server.url)
    first = asked(server)["listing"]
    total = 0
    for run in range(24):
        hands.move(minutes=5)
        server.site = whole.showing(0, min(381 + run, 400))
        assert (await crawl("category", db, server.url, due="1")).exit is Exit.OK
        total += asked(server)["listing"]
        linked = {t.info_code for t in server.site.truths() if t.linked}
        assert {code for (code,) in query(db, "SELECT id FROM articles")} == linked
    assert total < 24 * first / 3


async def test_due_asks_a_listing_that_the_home_page_cannot_show_all_of(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    whole = Site(articles=400, categories=4)
    db = tmp_path / "news.db"
    server = serving(whole.showing(0, 300))
    await crawl("category", db, server.url)
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("UPDATE listings SET interval = 40000")
    server.site = whole
    hands.move(minutes=5)
    await crawl("category", db, server.url, due="1")
    linked = {t.info_code for t in whole.truths() if t.linked}
    assert {code for (code,) in query(db, "SELECT id FROM articles")} == linked


async def test_due_run_that_asks_for_one_list_in_vain_has_reached_the_site(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    await crawl("category", db, server.url)
    slug = next(truth.listings[0] for truth in site.truths() if truth.listings)
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("UPDATE listings SET interval = 40000 WHERE name <> ?", (slug,))
    server.faults[f"/category/{slug}.html"] = Fault(status=500)
    hands.move(minutes=5)
    outcome = await crawl("category", db, server.url, due="1")
    assert outcome.reason == f"1 of 1 listings could not be fetched: {slug}"
    assert outcome.exit is Exit.DEGRADED


# -- what is missed -------------------------------------------------------------------------


async def test_hole_is_a_row(serving: Serving, tmp_path: Path, hands: Hands) -> None:
    whole = Site(articles=400)
    db = tmp_path / "news.db"
    server = serving(whole.showing(0, 100))
    await crawl("category", db, server.url)
    began = hands.now
    hands.move(days=2)
    server.site = whole.showing(20, 120)
    await crawl("category", db, server.url)
    assert query(db, "SELECT count(*) FROM gaps") == [(0,)]
    hands.move(days=6)
    server.site = whole.showing(300, 400)
    await crawl("category", db, server.url)
    found = query(db, "SELECT DISTINCT from_at, until_at, noticed_at FROM gaps")
    # Its clock is UTC: on the 11th it keeps the posts of the 9th, China time, and later ones.
    assert found == [
        (
            (began + timedelta(days=2)).isoformat(timespec="seconds"),
            "2026-03-08T16:00:00+00:00",
            hands.now.isoformat(timespec="seconds"),
        )
    ]
    names = {name for (name,) in query(db, "SELECT name FROM gaps")}
    assert "" in names
    hands.move(minutes=5)
    await crawl("category", db, server.url)
    assert query(db, "SELECT count(*) FROM gaps") == [(len(names),)]


async def test_long_absence_without_news_is_no_gap(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    server, db = serving(Site(articles=50)), tmp_path / "news.db"
    await crawl("category", db, server.url)
    hands.move(days=9)
    await crawl("category", db, server.url)
    assert query(db, "SELECT count(*) FROM gaps") == [(0,)]


async def test_listing_that_failed_for_days_has_a_gap(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    """Also where the home page has shown some of its posts: of a burst, it shows five."""
    whole = Site(articles=240, days=6, categories=4)
    slug = "zhengquanshibaowang"
    server, db = serving(whole.showing(0, 40)), tmp_path / "news.db"
    hands.now = began = datetime.fromtimestamp(whole.second(40), UTC)
    await crawl("category", db, server.url)
    server.faults[f"/category/{slug}.html"] = Fault(status=500)
    for first, last in ((0, 120), (120, 240)):
        server.site = whole.showing(first, last)
        hands.now = datetime.fromtimestamp(whole.second(last - 1), UTC)
        await crawl("category", db, server.url)
    server.faults.clear()
    hands.move(minutes=5)
    assert (await crawl("category", db, server.url)).exit is Exit.OK
    stored = {code for (code,) in query(db, "SELECT id FROM articles")}
    lost = [truth for truth in whole.truths() if truth.info_code not in stored]
    assert lost
    assert {truth.listings for truth in lost} == {(slug,)}
    last_kept = forgotten_until(utc_now(), 3)
    assert query(db, "SELECT name, from_at, until_at FROM gaps WHERE name = ?", slug) == [
        (slug, began.isoformat(timespec="seconds"), last_kept)
    ]
    assert all(truth.published.astimezone(UTC).isoformat() < last_kept for truth in lost)


async def test_since_and_limit_keep_no_looks(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=60), tmp_path / "news.db"
    server = serving(site)
    await crawl("category", db, server.url, limit="5")
    assert query(db, "SELECT count(*) FROM listings") == [(0,)]
    hands.move(minutes=5)
    await crawl("category", db, server.url)
    assert query(db, "SELECT count(*) FROM articles") == [(sum(t.linked for t in site.truths()),)]


async def test_category_without_posts_is_missing_and_comes_back(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    whole = Site(articles=400, categories=100)
    db = tmp_path / "news.db"
    server = serving(whole.showing(0, 150))
    await crawl("category", db, server.url)
    hands.move(minutes=5)
    server.site = whole.showing(140, 150)
    outcome = await crawl("category", db, server.url)
    assert outcome.exit is Exit.OK, outcome
    missing = {
        name for (name,) in query(db, "SELECT name FROM listings WHERE missing_since IS NOT NULL")
    }
    assert missing
    asked(server)
    hands.move(minutes=5)
    await crawl("category", db, server.url)
    assert not missing & {path[10:-5] for path in server.paths() if "/category/" in path}
    server.site = whole.showing(140, 400)
    hands.move(minutes=5)
    assert (await crawl("category", db, server.url)).exit is Exit.OK
    linked = {t.info_code for t in server.site.truths() if t.linked}
    assert linked <= {code for (code,) in query(db, "SELECT id FROM articles")}


async def test_feed_that_is_as_it_was(serving: Serving, tmp_path: Path) -> None:
    server, db = serving(Site(articles=30)), tmp_path / "news.db"
    await crawl("feed", db, server.url)
    before = dump(db)
    server.requests.clear()
    assert (await crawl("feed", db, server.url)).exit is Exit.OK
    assert [(each.path, each.status) for each in server.requests if "robots" not in each.path] == [
        ("/feed.xml", 304)
    ]
    assert dump(db) == before
