"""The spider `category`, whole crawls: every article of a mirror, each field as it is."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from crawls import FAST, Hands, assert_balanced, crawl, dump, ledger, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site
from samplesite.truth import Truth
from scrapy.crawler import AsyncCrawlerRunner

from newscrawl import sites
from newscrawl.items import BodyRank
from newscrawl.runs.outcome import Exit
from newscrawl.runs.process import settings_for
from newscrawl.sites.eastmoney.info_code import public_url
from newscrawl.spiders.arguments import base_url

Serving = Callable[[Answers], Server]


def stored(db: Path) -> dict[str, dict[str, Any]]:
    """Return every article with its sets, by infoCode."""
    names = (
        "id", "title", "published_at", "source", "summary", "body_text", "body_html",
        "body_rank", "share_url", "original_url", "published_precision", "published_from",
    )  # fmt: skip
    articles = {
        row[0]: dict(zip(names, row, strict=True))
        for row in query(db, f"SELECT {', '.join(names)} FROM articles")
    }
    for name, sql in (
        ("categories", "SELECT article_id, category FROM article_categories ORDER BY category"),
        ("tags", "SELECT article_id, tag FROM article_tags ORDER BY tag"),
        ("images", "SELECT article_id, url FROM images ORDER BY position"),
        ("mentions", "SELECT article_id, market, code, name, kind, times, origin FROM mentions"),
    ):
        for article in articles.values():
            article[name] = []
        for info_code, *rest in query(db, sql):
            articles[info_code][name].append(rest[0] if len(rest) == 1 else tuple(rest))
    return articles


async def test_real_site(real_mirror: Server, finews: Path, tmp_path: Path) -> None:
    outcome = await crawl("category", tmp_path / "news.db", real_mirror.url)
    assert outcome.exit is Exit.OK
    articles = stored(tmp_path / "news.db")
    assert len(articles) == 13
    for info_code, article in articles.items():
        posts = [front_matter(path) for path in post_files(finews, info_code)]
        assert {article["title"]} == {post["title"] for post in posts}
        assert {article["published_at"]} == {post["published_at"] for post in posts}
        assert article["categories"] == sorted(post["categories"] for post in posts)
        assert article["tags"] == sorted(post["tags"] for post in posts)
        assert article["body_text"].split("\n") == max(
            (plain_lines(path) for path in post_files(finews, info_code)), key=len
        )
        sources = {source_line(path) for path in post_files(finews, info_code)} - {None}
        assert {article["source"]} == (sources or {None})
        assert_clean(article)
    pair = articles["NW202205302396671645"]
    assert pair["categories"] == ["emnews", "zhongguozhengquanbao"]
    assert pair["body_rank"] == BodyRank.LINKED
    assert "(CPPIB)" in pair["body_text"]
    assert pair["source"] == "中国证券报"
    assert articles["NW202205262391921712"]["source"] == "上海证券报"
    late = [a for a in articles.values() if "without offset" in a["published_from"]]
    assert len(late) == 6
    assert_balanced(ledger(tmp_path / "news.db"))


async def test_seed_post(real_mirror: Server, finews: Path, tmp_path: Path) -> None:
    await crawl("category", tmp_path / "news.db", real_mirror.url, category="guojishangbao")
    article = stored(tmp_path / "news.db")["NW202112282228490028"]
    assert article["published_at"] == "2021-12-28T14:27:35+08:00"
    assert article["published_precision"] == "second"
    assert article["categories"] == ["guojishangbao"]
    assert article["tags"] == ["国际商报新闻"]
    assert article["source"] == "国际商报"
    share_url = "http://finews.zning.xyz/html_News/NewsShare.html?infoCode=NW202112282228490028"
    assert article["share_url"] == share_url
    post = next(iter(post_files(finews, "NW202112282228490028"))).read_text(encoding="utf-8")
    paragraphs = re.findall(r"<p>(.*?)</p>", post)
    assert len(paragraphs) == 15
    assert article["body_text"].split("\n") == [each.strip() for each in paragraphs]


def post_files(finews: Path, info_code: str) -> list[Path]:
    """Return the post files that the site was built from and that tell of one article."""
    name = info_code.removeprefix("NW").removeprefix("finews:")
    return [path for path in (finews / "posts").glob("20*.md") if name in path.name]


def front_matter(path: Path) -> dict[str, str]:
    """Read a post's front matter, line by line: independent of how newscrawl reads it."""
    head = path.read_text(encoding="utf-8").split("---")[1]
    found = dict(line.split(": ", 1) for line in head.strip().splitlines())
    return {
        "title": found["title"].strip('"'),
        "published_at": found["date"][:19].replace(" ", "T") + "+08:00",
        "categories": found["categories"].strip(),
        "tags": found["tags"].strip(),
    }


def plain_lines(path: Path) -> list[str]:
    """Return a post's lines as a person reads them, without any of newscrawl's own rules."""
    text = path.read_text(encoding="utf-8").split("---", 2)[2]
    text = re.split(r"\n<http|\n\[返回", text)[0]
    is_whole = "<p" in text
    if is_whole:
        text = re.sub(r"(?m)^> .*$", "", text)  # the summary
    text = re.sub(r"<!-- EM_StockImg_Start -->.*?<!-- EM_StockImg_End -->", "", text, flags=re.S)
    text = re.sub(r"（文章来源.*?）", "", re.sub(r"<[^>]+>(?=[^<]*）</p>)", "", text))
    text = re.sub(r"</p>|<br ?/?>|</center>|<p[^>]*>|<center>", "\n", text)
    text = html.unescape(re.sub(r"<[^>]+>", "", text))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return [line for line in lines if line]


def source_line(path: Path) -> str | None:
    """Return the source that a post's last line names, links taken out of the middle of words."""
    text = re.sub(r"<[^>]+>", "", path.read_text(encoding="utf-8"))
    found = re.search(r"（文章来源：([^）]+)）", text)
    return found[1] if found else None


def assert_clean(article: dict[str, Any]) -> None:
    """Check that no furniture of the page is left in a body."""
    for furniture in ("webquoteklinepic", "display:none", "返回首页", "NewsShare", "EM_StockImg"):
        assert furniture not in article["body_html"]
    assert "文章来源" not in article["body_text"]
    assert article["body_text"] == article["body_text"].strip()


async def test_every_oddity(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=180, oddities=frozenset({"all"}))
    server = serving(site)
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.OK, outcome
    articles = stored(tmp_path / "news.db")
    linked = [truth for truth in site.truths() if truth.linked]
    assert set(articles) == {truth.info_code for truth in linked}
    for truth in linked:
        article = articles[truth.info_code]
        expected = {
            "title": truth.title,
            "published_at": truth.published_at,
            "published_precision": "second",
            "source": truth.source,
            "summary": truth.digest_shown,
            "body_text": "\n".join(truth.paragraphs),
            "body_rank": truth.rank,
            "share_url": truth.share_url,
            "original_url": public_url(truth.info_code),
            "categories": categories_of(truth),
            "tags": sorted(truth.tags),
            "images": list(truth.images),
            "mentions": sorted(
                (each.market, each.code, each.name, each.kind, each.times, each.origin)
                for each in truth.mentions
            ),
        }
        found = {name: article[name] for name in expected}
        found["mentions"].sort()
        assert found == expected, f"{truth.info_code} {sorted(truth.oddities)}"
        assert_clean(article)
    assert_balanced(ledger(tmp_path / "news.db"))


def categories_of(truth: Truth) -> list[str]:
    """Return the categories as stored: Jekyll makes two of a slug of two words."""
    return sorted({*" ".join(truth.slugs).split(), *truth.listings})


async def test_each_page_is_asked_once(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=120, oddities=frozenset({"two_categories", "pair"}))
    server = serving(site)
    await crawl("category", tmp_path / "news.db", server.url)
    paths = server.paths()
    assert len(paths) == len(set(paths))
    several = [truth for truth in site.truths() if len(truth.listings) > 1]
    assert several
    articles = stored(tmp_path / "news.db")
    assert all(articles[t.info_code]["categories"] == categories_of(t) for t in several)
    pairs = [truth for truth in site.truths() if len(truth.posts) == 2]
    assert pairs
    pages = query(tmp_path / "news.db", "SELECT count(*) FROM observations")[0][0]
    assert pages == sum(len(truth.posts) for truth in site.truths())


async def test_second_run_changes_nothing(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=90, oddities=frozenset({"all"})))
    await crawl("category", tmp_path / "news.db", server.url, share="1")
    before = dump(tmp_path / "news.db")
    outcome = await crawl("category", tmp_path / "news.db", server.url, share="1")
    run = ledger(tmp_path / "news.db")
    # Every third share answer is made to fail; the same ones fail again.
    assert (run["new"], run["extended"], run["changed"]) == (0, 0, 0)
    assert outcome.exit in (Exit.OK, Exit.DEGRADED)
    after = dump(tmp_path / "news.db")
    for table in before:
        drop = ("run_id", "times") if table == "rejects" else ()
        strip = [{k: v for k, v in row.items() if k not in drop} for row in after[table]]
        assert strip == [{k: v for k, v in row.items() if k not in drop} for row in before[table]]


async def test_edited_article_keeps_its_earlier_text(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site = Site(articles=30)
    number = next(t.number for t in site.truths() if t.generation == "8" and len(t.posts) == 1)
    first, second = serving(site), serving(site.edited(number, 1))
    await crawl("category", tmp_path / "news.db", first.url)
    hands.move(seconds=1)  # the archive keeps whole seconds
    await crawl("category", tmp_path / "news.db", second.url, revisit="1")
    run = ledger(tmp_path / "news.db")
    assert (run["new"], run["changed"]) == (0, 1)
    old, new = site.article(number), site.edited(number, 1).article(number)
    assert old.title != new.title
    found = query(
        tmp_path / "news.db",
        "SELECT revisions.title, articles.title"
        " FROM revisions JOIN articles ON articles.id = article_id",
    )
    assert found == [(old.title, new.title)]


async def test_named_categories(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=60)
    server = serving(site)
    slugs = sorted({truth.slugs[0] for truth in site.truths()})[:2]
    await crawl("category", tmp_path / "news.db", server.url, category=",".join(slugs))
    expected = {t.info_code for t in site.truths() if set(t.listings) & set(slugs)}
    assert set(stored(tmp_path / "news.db")) == expected


async def test_since(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=120)
    days = sorted({truth.published_at[:10] for truth in site.truths()})
    since = days[len(days) // 2]
    outcome = await crawl("category", tmp_path / "news.db", serving(site).url, since=since)
    assert outcome.exit is Exit.OK
    expected = {t.info_code for t in site.truths() if t.published_at >= since and t.linked}
    assert set(stored(tmp_path / "news.db")) == expected
    run = ledger(tmp_path / "news.db")
    assert run["out_of_range"] > 0
    assert_balanced(run)


async def test_limit(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=60))
    outcome = await crawl("category", tmp_path / "news.db", server.url, limit="7")
    assert outcome.exit is Exit.OK
    assert ledger(tmp_path / "news.db")["scheduled"] == 7
    assert sum("/20" in path for path in server.paths()) == 7


async def test_stays_on_the_hosts_given(serving: Serving, tmp_path: Path) -> None:
    elsewhere = serving(Site(articles=5, seed=2))
    server = serving(Site(articles=20))
    path = next(iter(Site(articles=20).truths())).paths[0]
    target = elsewhere.url.replace("127.0.0.1", "localhost") + "x.html"
    server.faults[path] = Fault(status=302, headers={"Location": target})
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert elsewhere.requests == []
    run = ledger(tmp_path / "news.db")
    assert run["failed"] == 1
    assert outcome.exit is Exit.OK  # one of twenty is within the share that may be lost
    assert_balanced(run)


async def test_user_agent_and_robots(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=10, robots="deny"))
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.UNREACHABLE
    assert "robots.txt" in outcome.reason
    assert server.paths() == ["/robots.txt"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(status=200, body=b"<html><title>Sign in</title><form></form></html>"), "not_a_post"),
        (Fault(status=200, body=b""), "empty"),
        (Fault(status=404), None),
        (Fault(status=500), None),
        (Fault(reset=True), None),
        (Fault(truncate=800), None),
    ],
    ids=["login", "empty", "404", "500", "reset", "truncated"],
)
async def test_bad_pages(
    serving: Serving, tmp_path: Path, fault: Fault, reason: str | None
) -> None:
    site = Site(articles=20)
    server = serving(site)
    truth = next(t for t in site.truths() if len(t.posts) == 1)
    server.faults[truth.paths[0]] = fault
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    run = ledger(tmp_path / "news.db")
    assert_balanced(run)
    assert outcome.exit is Exit.OK
    assert (run["failed"], run["rejected"]) == ((0, 1) if reason else (1, 0))
    assert truth.info_code not in stored(tmp_path / "news.db")
    assert len(stored(tmp_path / "news.db")) == sum(t.linked for t in site.truths()) - 1
    found = query(tmp_path / "news.db", "SELECT reason FROM rejects")
    assert found == ([(reason,)] if reason else [])


async def test_page_in_another_charset(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    server = serving(site)
    truth = next(t for t in site.truths() if len(t.posts) == 1)
    page = dict(site.pages(truth))[truth.paths[0]]
    body = page.decode().replace("UTF-8", "GBK").encode("gb18030")
    server.faults[truth.paths[0]] = Fault(body=body, headers={"Content-Type": "text/html"})
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.OK
    assert stored(tmp_path / "news.db")[truth.info_code]["title"] == truth.title


@pytest.mark.parametrize("path", ["/", "/category/{slug}.html"])
async def test_a_bad_byte_hides_no_listing(serving: Serving, tmp_path: Path, path: str) -> None:
    site, db = Site(articles=20), tmp_path / "news.db"
    server = serving(site)
    path = path.format(slug=next(iter(site.truths())).listings[0])
    body = site.respond(path).body
    at = body.index(b"</a>")
    server.faults[path] = Fault(body=body[:at] + b"\xe9\x93" + body[at:])  # half a character
    outcome = await crawl("category", db, server.url)
    assert outcome.exit is Exit.OK
    expected = {truth.info_code for truth in site.truths() if truth.linked}
    assert set(stored(db)) == expected


async def test_page_cut_off(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    server = serving(site)
    truth = next(t for t in site.truths() if len(t.posts) == 1)
    page = dict(site.pages(truth))[truth.paths[0]]
    server.faults[truth.paths[0]] = Fault(body=page[: len(page) // 2])
    await crawl("category", tmp_path / "news.db", server.url)
    found = query(tmp_path / "news.db", "SELECT reason, page_hash IS NOT NULL FROM rejects")
    assert found == [("cut_off", 1)]


async def test_dead_rules_show_in_stats(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=10))
    runner = AsyncCrawlerRunner(settings_for(str(tmp_path / "news.db"), **FAST))
    crawler = runner.create_crawler("category")
    await runner.crawl(crawler, base_url=server.url)
    rules = {k: v for k, v in crawler.stats.get_stats().items() if k.startswith("parser/")}
    assert rules["parser/title/xpath///section/h1"] > 0
    assert rules["parser/published_from/rule/build time"] == 0  # no such page on this site
    assert set(rules) == {rule.key for rule in sites.rules_of("post_page")}


async def test_not_such_a_mirror(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=10))
    server.faults["/"] = Fault(body=b"<html><body><h1>Nginx</h1></body></html>")
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.UNREACHABLE
    assert "not a mirror" in outcome.reason


async def test_unknown_category(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    slug = next(site.truths()).slugs[0]
    outcome = await crawl(
        "category", tmp_path / "news.db", serving(site).url, category=f"nix,{slug}"
    )
    assert outcome.exit is Exit.USAGE
    assert "no category nix" in outcome.reason
    assert slug.lower() in outcome.reason
    assert stored(tmp_path / "news.db")  # the known one was crawled all the same


async def test_unreachable(tmp_path: Path) -> None:
    outcome = await crawl("category", tmp_path / "news.db", "http://127.0.0.1:1/")
    assert outcome.exit is Exit.UNREACHABLE
    assert outcome.reason == "could not fetch http://127.0.0.1:1/: connection refused"


async def test_https_on_a_port_that_speaks_http(serving: Serving, tmp_path: Path) -> None:
    url = serving(Site(articles=5)).url.replace("http:", "https:")
    outcome = await crawl("category", tmp_path / "news.db", url)
    assert outcome.exit is Exit.UNREACHABLE
    assert "TLS handshake failed" in outcome.reason


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("http://a.test", "http://a.test/"),
        ("a.test:8000", "http://a.test:8000/"),
        ("https://a.test/sub", "https://a.test/sub/"),
        ("https://a.test/index.html?x=1#y", "https://a.test/"),
    ],
)
def test_base_url(text: str, base: str) -> None:
    assert base_url(text) == base


async def test_too_many_lost_pages(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    server = serving(site)
    for truth in list(site.truths())[:6]:
        server.faults[truth.paths[0]] = Fault(status=500)
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.DEGRADED
    assert "pages are lost" in outcome.reason
