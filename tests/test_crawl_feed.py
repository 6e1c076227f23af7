"""The spider `feed`, whole crawls: what a list names is stored, whichever list it is."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from crawls import assert_balanced, crawl, dump, ledger, query
from samplesite.lists import Lists
from samplesite.server import Answers, Fault, Server
from samplesite.site import Response, Site
from samplesite.truth import Truth
from scrapy.exceptions import UsageError

from newscrawl.items import Page, PageKind
from newscrawl.runs.outcome import Exit
from newscrawl.sites import lists
from newscrawl.sites.eastmoney.info_code import public_url
from newscrawl.sites.lists import LISTS
from newscrawl.store.raw_pages import load_raw_page

Serving = Callable[[Answers], Server]
FIELDS = "title, published_at, source, body_text, original_url"


def stored(db: Path) -> dict[str, tuple[Any, ...]]:
    """Return the articles of an archive by their ids."""
    rows = query(db, f"SELECT id, {FIELDS} FROM articles")
    return {row[0]: row[1:] for row in rows}


def full(truth: Truth) -> tuple[Any, ...]:
    """Return what is true of an article, as its answer tells it."""
    return (
        truth.title, truth.published_at, truth.source or truth.list_source,
        "\n".join(truth.full.paragraphs), public_url(truth.info_code),
    )  # fmt: skip


def news(site: Site) -> dict[str, tuple[Any, ...]]:
    """Return every article that has an id."""
    return {truth.info_code: full(truth) for truth in site.truths() if truth.digits}


def kinds(db: Path) -> dict[str, int]:
    """Return how many pages of each kind were seen."""
    return dict(query(db, "SELECT page_kind, count(*) FROM observations GROUP BY 1"))


NAMES = [
    "columns-345", "columns-724", "fast", "kuaixun", "security:1.600519", "rolling", "nodes",
    "market-37", "choice",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_every_article_of_a_list(serving: Serving, tmp_path: Path, name: str) -> None:
    site = Site(articles=70)
    server = serving(site)
    outcome = await crawl("feed", tmp_path / "news.db", server.url, name=name)
    assert outcome.exit is Exit.OK, outcome
    assert stored(tmp_path / "news.db") == news(site)
    count = len(news(site))
    assert kinds(tmp_path / "news.db") == {"list_entry": count, "api_answer": count}
    run = ledger(tmp_path / "news.db")
    assert_balanced(run)
    assert (run["listed"], run["scheduled"], run["new"], run["extended"]) == (
        2 * count, 2 * count, count, count,
    )  # fmt: skip


@pytest.mark.parametrize("name", [*NAMES, "atom"])
async def test_second_run_adds_nothing(serving: Serving, tmp_path: Path, name: str) -> None:
    server = serving(Site(articles=60))
    await crawl("feed", tmp_path / "news.db", server.url, name=name)
    before, asked = dump(tmp_path / "news.db"), len(server.paths())
    outcome = await crawl("feed", tmp_path / "news.db", server.url, name=name)
    assert outcome.exit is Exit.OK, outcome
    assert dump(tmp_path / "news.db") == before
    assert len(server.paths()) == asked + 2  # robots.txt and the first page
    run = ledger(tmp_path / "news.db")
    assert (run["new"], run["extended"], run["failed"]) == (0, 0, 0)
    assert run["skipped"] == run["unchanged"]
    assert_balanced(run)


async def test_search(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=60)
    word = site.article(59).title[:2]
    await crawl("feed", tmp_path / "news.db", serving(site).url, name=f"search:{word}")
    expected = {code: each for code, each in news(site).items() if word in each[0]}
    assert stored(tmp_path / "news.db") == expected


async def test_several_lists_of_the_same_articles(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=30)
    server = serving(site)
    names = "columns-344,columns-345,fast,rolling,choice"
    outcome = await crawl("feed", tmp_path / "news.db", server.url, name=names)
    assert outcome.exit is Exit.OK, outcome
    assert stored(tmp_path / "news.db") == news(site)
    count = len(news(site))
    # The two columns tell of an article in the same words: one page.
    assert kinds(tmp_path / "news.db") == {"list_entry": 4 * count, "api_answer": count}
    answers = [path for path in server.paths() if "GetNewsText" in path]
    assert len(answers) == count
    assert_balanced(ledger(tmp_path / "news.db"))


async def test_the_feed_leads_to_posts(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=60)
    server = serving(site)
    outcome = await crawl("feed", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.OK, outcome
    posts = [path for path in server.paths() if path.startswith("/") and "/2022/" in path]
    assert len(posts) == len(set(posts)) == 10
    assert kinds(tmp_path / "news.db") == {"list_entry": 10, "post_page": 10}
    await crawl("category", tmp_path / "walked.db", server.url)
    walked = stored(tmp_path / "walked.db")
    for code, said in stored(tmp_path / "news.db").items():
        assert said[:2] == walked[code][:2]


async def test_the_feed_after_a_walk_changes_no_row(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=60))
    await crawl("category", tmp_path / "news.db", server.url)
    sql = "SELECT * FROM articles ORDER BY id"
    before = query(tmp_path / "news.db", sql)
    await crawl("feed", tmp_path / "news.db", server.url)
    assert query(tmp_path / "news.db", sql) == before
    run = ledger(tmp_path / "news.db")
    assert (run["skipped"], run["unchanged"]) == (10, 10)


async def test_a_broken_entry_of_the_feed_is_only_a_link(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=60, oddities=frozenset({"quoted_title"}))
    broken = [truth for truth in site.truths() if "quoted_title" in truth.oddities]
    await crawl("feed", tmp_path / "news.db", serving(site).url)
    for truth in broken:
        rows = query(
            tmp_path / "news.db",
            "SELECT page_kind, published_at"
            " FROM articles JOIN observations ON articles.id = article_id"
            " WHERE info_code = ?",
            truth.info_code,
        )
        assert rows == [("post_page", f"{truth.published_at[:10]}T00:00:00+08:00")]


async def test_a_post_that_is_gone_is_asked_for_elsewhere(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=30)
    server = serving(site)
    newest = next(truth for truth in reversed(list(site.truths())) if truth.digits)
    for path in newest.paths:
        server.faults[path] = Fault(status=404)
    outcome = await crawl("feed", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.OK, outcome
    assert stored(tmp_path / "news.db")[newest.info_code] == full(newest)
    run = ledger(tmp_path / "news.db")
    assert run["failed"] == len(newest.paths)
    assert_balanced(run)


async def test_the_entry_is_kept_where_the_article_cannot_be_had(
    serving: Serving, tmp_path: Path
) -> None:
    site = Site(articles=20)
    server = serving(site)
    server.faults["/NewsData/GetNewsText.do"] = Fault(status=500)
    for truth in site.truths():
        server.faults[f"/a/{truth.digits}.html"] = Fault(status=404)
    outcome = await crawl("feed", tmp_path / "news.db", server.url, name="columns-345")
    assert outcome.exit is Exit.DEGRADED
    found = stored(tmp_path / "news.db")
    assert set(found) == set(news(site))
    for code, (title, published_at, source, text, _) in news(site).items():
        assert found[code][:3] == (title, published_at, source)
        assert found[code][3] != text
    assert_balanced(ledger(tmp_path / "news.db"))

    server.faults.clear()
    await crawl("feed", tmp_path / "news.db", server.url, name="columns-345")
    assert stored(tmp_path / "news.db") == news(site)


async def test_what_left_the_list_is_asked_for_again(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    server = serving(site)
    await crawl("feed", tmp_path / "news.db", server.url, name="fast", limit="3")
    lost = {path.rpartition("=")[2] for path in server.paths() if "GetNewsText" in path}
    assert len(lost) == 3
    first = serving(site)
    first.faults["/NewsData/GetNewsText.do"] = Fault(status=500)
    for truth in site.truths():
        first.faults[f"/a/{truth.digits}.html"] = Fault(status=404)
    await crawl("feed", tmp_path / "left.db", first.url, name="fast")
    first.faults.clear()
    first.faults["/comm/web/getFastNewsList"] = lambda response: type(response)(
        200, b'{"code":"1","data":null}', response.headers
    )
    await crawl("feed", tmp_path / "left.db", first.url, name="fast")
    assert stored(tmp_path / "left.db") == news(site)


KEPT_BACK: dict[str, tuple[str, bytes, str]] = {
    "columns-345": (
        "/comm/web/getNewsByColumns",
        b'{"code":1,"data":{"totle_hits":5000,"list":null}}',
        "announces 5000 entries, and gives none",
    ),
    "search:x": (
        "/search/jsonp",
        b'x({"code":0,"hitsTotal":1,"result":{"passportWeb":[],"cmsArticleWebOld":[]}})',
        "announces 1 entries, and gives none",
    ),
}


@pytest.mark.parametrize("name", KEPT_BACK)
async def test_a_list_that_is_kept_back_is_not_ok(
    serving: Serving, tmp_path: Path, name: str
) -> None:
    path, body, sentence = KEPT_BACK[name]
    server = serving(Site(articles=20))
    server.faults[path] = lambda response: type(response)(200, body, response.headers)
    outcome = await crawl("feed", tmp_path / "news.db", server.url, name=f"{name},fast")
    assert outcome.exit is Exit.DEGRADED
    assert sentence in outcome.reason
    assert query(tmp_path / "news.db", "SELECT reason FROM rejects") == [("refused",)]
    assert len(stored(tmp_path / "news.db")) > 0  # the other list is read


async def test_pages(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=300))
    await crawl("feed", tmp_path / "news.db", server.url, name="kuaixun", pages="2")
    lists = [path for path in server.paths() if "getlist" in path]
    assert [path.split("_")[-2] for path in lists] == ["1", "2"]
    assert len(stored(tmp_path / "news.db")) == 100


async def test_a_list_that_repeats_its_page_ends(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=10)
    server = serving(site)
    first = "/kuaixun/v1/getlist_102_ajaxResult_50_1_.html"
    for number in (2, 3):
        server.faults[first.replace("_1_", f"_{number}_")] = lambda _: site.respond(first)
    await crawl("feed", tmp_path / "news.db", server.url, name="kuaixun")
    assert sum("getlist" in path for path in server.paths()) == 2
    run = ledger(tmp_path / "news.db")
    assert run["repeated"] == len(news(site))
    assert_balanced(run)


async def test_new_articles_only(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=200)
    server = serving(site.showing(0, 190))
    await crawl("feed", tmp_path / "news.db", server.url, name="fast", pages="9")
    server.site, asked = site, len(server.paths())
    await crawl("feed", tmp_path / "news.db", server.url, name="fast", pages="9")
    assert stored(tmp_path / "news.db") == news(site)
    later = server.paths()[asked:]
    assert sum("getFastNewsList" in path for path in later) == 2
    assert sum("GetNewsText" in path for path in later) == 10


async def test_limit_and_since(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=60)
    server = serving(site)
    await crawl("feed", tmp_path / "a.db", server.url, name="fast", limit="5")
    run = ledger(tmp_path / "a.db")
    assert kinds(tmp_path / "a.db")["api_answer"] == 5
    assert run["filtered"] > 0
    assert_balanced(run)
    await crawl("feed", tmp_path / "b.db", server.url, name="fast", since="2022-06-14")
    expected = {code: each for code, each in news(site).items() if each[1] >= "2022-06-14"}
    assert stored(tmp_path / "b.db") == expected
    assert_balanced(ledger(tmp_path / "b.db"))
    asked = len(server.paths())
    await crawl("feed", tmp_path / "b.db", server.url, name="fast", since="2022-06-14")
    assert len(server.paths()) == asked + 2  # no article is asked for only to be left out


@pytest.mark.parametrize("link", ["http://[", "https://elsewhere.test/about.html", ""])
async def test_a_link_of_the_feed_that_leads_nowhere(
    serving: Serving, tmp_path: Path, link: str
) -> None:
    server = serving(Site(articles=30))
    server.faults["/feed.xml"] = lambda response: type(response)(
        200, re.sub(rb'<link href="[^"]+2022[^"]+"', f'<link href="{link}"'.encode(),
                    response.body, count=1), response.headers,
    )  # fmt: skip
    outcome = await crawl("feed", tmp_path / "news.db", server.url)
    assert kinds(tmp_path / "news.db")["post_page"] >= 9
    assert_balanced(ledger(tmp_path / "news.db"))
    assert (outcome.exit is Exit.DEGRADED) == bool(link)


async def test_a_link_of_the_feed_to_another_site(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=30)
    server = serving(site)
    truth = next(truth for truth in site.truths() if truth.digits)
    link = f"https://finance.eastmoney.com/a/{truth.digits}.html"
    server.faults["/feed.xml"] = lambda response: type(response)(
        200, re.sub(rb'<link href="[^"]+2022[^"]+"', f'<link href="{link}"'.encode(),
                    response.body, count=1), response.headers,
    )  # fmt: skip
    await crawl("feed", tmp_path / "news.db", server.url)
    assert stored(tmp_path / "news.db")[truth.info_code] == full(truth)


async def test_relative_times(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=30)
    server = serving(site)
    server.faults["/NewsData/GetNewsText.do"] = Fault(status=500)
    for truth in site.truths():
        server.faults[f"/a/{truth.digits}.html"] = Fault(status=404)
    await crawl("feed", tmp_path / "news.db", server.url, name="choice")
    found = stored(tmp_path / "news.db")
    assert {code: each[1] for code, each in found.items()} == {
        code: f"{each[1][:16]}:00+08:00" for code, each in news(site).items()
    }


async def test_foreign_ids_are_kept_as_entries(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=10)
    server = serving(Lists(site, {"list_foreign_ids"}))
    outcome = await crawl("feed", tmp_path / "news.db", server.url, name="columns-345")
    assert outcome.exit is Exit.OK, outcome
    found = stored(tmp_path / "news.db")
    others = {code: each for code, each in found.items() if code not in news(site)}
    assert set(others) == {
        "CFH20220614101113747001360", "AN202206141572342519", "AP202206141572342520",
    }  # fmt: skip
    assert others["CFH20220614101113747001360"][4] == (
        "https://caifuhao.eastmoney.com/news/20220614101113747001360"
    )
    assert not any("AN2022" in path or "CFH" in path for path in server.paths())
    await crawl("feed", tmp_path / "news.db", server.url, name="columns-345")
    assert_balanced(ledger(tmp_path / "news.db"))
    assert ledger(tmp_path / "news.db")["new"] == 0


async def test_bad_entries_are_named_and_the_rest_is_loaded(
    serving: Serving, tmp_path: Path
) -> None:
    site = Site(articles=10)
    server = serving(Lists(site, {"list_blank_record"}))
    await crawl("feed", tmp_path / "news.db", server.url, name="columns-345")
    assert stored(tmp_path / "news.db") == news(site)
    rejects = query(tmp_path / "news.db", "SELECT reason, page_kind, detail FROM rejects")
    assert [each[:2] for each in rejects] == [("no_id", "list_entry")] * 2
    await crawl("feed", tmp_path / "news.db", server.url, name="columns-345")
    assert len(query(tmp_path / "news.db", "SELECT * FROM rejects")) == 2
    assert_balanced(ledger(tmp_path / "news.db"))


BAD = {
    "list_html": ("not_a_post", "502 Bad Gateway"),
    "list_empty": ("empty", "0 bytes"),
    "list_null": ("null", "null"),
    "list_refused": ("refused", "'req_trace' is not present"),
}


@pytest.mark.parametrize(("oddity", "expected"), BAD.items(), ids=BAD)
async def test_an_answer_that_is_no_list(
    serving: Serving, tmp_path: Path, oddity: str, expected: tuple[str, str]
) -> None:
    site = Site(articles=10)
    server = serving(Lists(site, {oddity}))
    outcome = await crawl("feed", tmp_path / "news.db", server.url, name="columns-345,atom")
    assert outcome.exit is Exit.DEGRADED
    reason, words = expected
    [(found, kind, detail)] = query(
        tmp_path / "news.db", "SELECT reason, page_kind, detail FROM rejects"
    )
    assert (found, kind) == (reason, "list_answer")
    assert words in detail
    assert kinds(tmp_path / "news.db")["post_page"] == 10  # the other list is read
    run = ledger(tmp_path / "news.db")
    assert run["rejected"] == 1
    assert_balanced(run)


async def test_nothing_can_be_read(serving: Serving, tmp_path: Path) -> None:
    server = serving(Lists(Site(articles=10), {"list_html"}))
    outcome = await crawl("feed", tmp_path / "news.db", server.url, name="fast,rolling")
    assert outcome.exit is Exit.UNREACHABLE
    assert "The list rolling cannot be read: the answer is a page of HTML" in outcome.reason
    outcome = await crawl("feed", tmp_path / "news.db", "http://127.0.0.1:1/")
    assert outcome.exit is Exit.UNREACHABLE
    assert "The list atom could not be fetched" in outcome.reason


async def test_robots_are_obeyed(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=10, robots="deny"))
    outcome = await crawl("feed", tmp_path / "news.db", server.url, name="fast")
    assert outcome.exit is Exit.UNREACHABLE
    assert server.paths() == ["/robots.txt"]


async def test_an_entry_that_is_edited(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=10)
    server = serving(site)
    await crawl("feed", tmp_path / "news.db", server.url, name="columns-345")
    newest = next(truth for truth in reversed(list(site.truths())) if truth.digits)
    server.site = site.edited(newest.number, 1)
    await crawl("feed", tmp_path / "news.db", server.url, name="columns-345")
    # The page that supplied the title is the answer, which was not asked for again.
    assert stored(tmp_path / "news.db") == news(site)
    assert query(tmp_path / "news.db", "SELECT * FROM revisions") == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "nix"}, "Unknown list 'nix'; use one of atom, columns-1207"),
        ({"name": ","}, "No list is named"),
        ({"name": "search"}, "needs an argument"),
        ({"pages": "0"}, "not a positive integer"),
        ({"since": "gestern"}, "is not a valid date"),
        ({"category": "x"}, "has no argument category"),
    ],
)
async def test_usage(tmp_path: Path, arguments: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        await crawl("feed", tmp_path / "news.db", "http://127.0.0.1:1/", **arguments)
    assert not (tmp_path / "news.db").exists()


async def test_the_run_keeps_what_it_was_asked(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=5))
    await crawl("feed", tmp_path / "news.db", server.url, name="fast,rolling")
    run = ledger(tmp_path / "news.db")
    assert run["spider"] == "feed"
    assert json.loads(run["arguments"]) == {"name": "fast,rolling", "base_url": server.url}


async def test_stored_entries_can_be_read_again(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=20))
    await crawl("feed", tmp_path / "news.db", server.url, name=",".join([*LISTS][:4]))
    with closing(sqlite3.connect(tmp_path / "news.db")) as db:
        rows = db.execute(
            "SELECT page_id, url, page_hash, observed_at, article_id FROM observations"
            " WHERE page_kind = 'list_entry'"
        ).fetchall()
        assert rows
        for page_id, url, page_hash, observed_at, info_code in rows:
            page = Page(
                PageKind.LIST_ENTRY, page_id, url, load_raw_page(db, page_hash), observed_at
            )
            assert lists.read_list_entry(page).info_code == info_code


async def test_the_real_feed(real_mirror: Server, tmp_path: Path) -> None:
    outcome = await crawl("feed", tmp_path / "news.db", real_mirror.url)
    assert outcome.exit is Exit.OK, outcome
    assert kinds(tmp_path / "news.db") == {"list_entry": 10, "post_page": 10}
    asked = {path.partition("?")[0] for path in real_mirror.paths()}
    assert asked >= {"/feed.xml"}
    await crawl("category", tmp_path / "walked.db", real_mirror.url)
    walked = stored(tmp_path / "walked.db")
    for code, said in stored(tmp_path / "news.db").items():
        if code in walked:
            assert said[:2] == walked[code][:2]
    assert_balanced(ledger(tmp_path / "news.db"))


@dataclass(frozen=True)
class LateList:
    """A site that answers for its columns only when the posts of its feed are stored."""

    site: Site
    db: Path
    posts: int = 10

    def respond(self, address: str) -> Response:
        """Wait for the posts, then answer."""
        if "column=345" in address:
            deadline = time.monotonic() + 60
            while self._stored_posts() < self.posts and time.monotonic() < deadline:
                time.sleep(0.05)
        return self.site.respond(address)

    def _stored_posts(self) -> int:
        sql = "SELECT count(*) FROM observations WHERE page_kind = ?"
        with suppress(sqlite3.OperationalError):  # the archive is only being made
            return int(query(self.db, sql, PageKind.POST_PAGE)[0][0])
        return 0


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_list_after_the_posts_adds_the_answers(
    serving: Serving, tmp_path: Path, is_late: bool
) -> None:
    site, db = Site(articles=60), tmp_path / "news.db"
    server = serving(LateList(site, db) if is_late else site)
    settings = {"CONCURRENT_REQUESTS_PER_DOMAIN": 4}
    outcome = await crawl("feed", db, server.url, name="atom,columns-345", settings=settings)
    assert outcome.exit is Exit.OK, outcome
    assert stored(db).items() >= news(site).items()
    assert kinds(db)["api_answer"] == len(news(site))


async def test_which_list_led_to_an_article_is_kept(serving: Serving, tmp_path: Path) -> None:
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    names = ("security:1.600519", "security:0.000858", "columns-345")
    await crawl("feed", db, server.url, name=",".join(names))
    listed = query(db, "SELECT listing, article_id FROM article_listings ORDER BY 1, 2")
    assert listed == [(name, code) for name in sorted(names) for code in sorted(news(site))]
    mentioned = query(db, "SELECT DISTINCT article_id FROM mentions WHERE market || '.' || code"
                      " = '0.000858' AND origin = 'list' ORDER BY 1")  # fmt: skip
    assert [code for (code,) in mentioned] == sorted(news(site))
    assert stored(db) == news(site)


async def test_a_list_is_read_to_what_it_showed_itself(serving: Serving, tmp_path: Path) -> None:
    """Two columns say the same of an article, and each is read back for itself."""
    site, db = Site(articles=300), tmp_path / "news.db"
    server = serving(site.showing(0, 100))
    await crawl("feed", db, server.url, name="columns-345,columns-350")
    server.site = site
    await crawl("feed", db, server.url, name="columns-345")
    await crawl("feed", db, server.url, name="columns-350")
    sql = "SELECT listing, count(*) FROM article_listings GROUP BY 1"
    assert query(db, sql) == [("columns-345", len(news(site))), ("columns-350", len(news(site)))]


async def test_a_list_with_a_limit_says_only_what_it_led_to(
    serving: Serving, tmp_path: Path
) -> None:
    db = tmp_path / "news.db"
    await crawl("feed", db, serving(Site(articles=30)).url, name="fast", limit="3")
    assert query(db, "SELECT article_id FROM article_listings ORDER BY 1") == query(
        db, "SELECT id FROM articles ORDER BY 1"
    )
