"""News on one's stocks: what a list, a link, a chart or the text says of each is found."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlencode

import served
from archives import article, fill, page
from cli_runs import invoke
from crawls import command, crawl, query
from lxml import html
from samplesite.server import Answers, Server
from samplesite.site import Site

import newscrawl
from newscrawl.items import Mention

Serving = Callable[[Answers], Server]
SECURITIES = 30


def mentioned(site: Site) -> dict[str, set[str]]:
    """Return the articles that mention each security by what is true of the site."""
    found: dict[str, set[str]] = defaultdict(set)
    for truth in site.truths():
        for each in truth.mentions:
            found[f"{each.market}.{each.code}"].add(truth.info_code)
    return found


def listed(db: Path, *words: str) -> set[str]:
    ended = invoke("list", "--json", *words, "--db", str(db))
    assert ended.exit_code == 0, ended.output
    return {each["id"] for each in json.loads(ended.stdout)}


def shown(address: str, security: str) -> set[str]:
    """Return the articles that the pages of a search show."""
    found: set[str] = set()
    path: str | None = f"search?{urlencode({'security': security})}"
    while path is not None:
        read = html.fromstring(served.ask(f"{address}{path}").text)
        links = read.xpath('//ol[@class="articles"]/li/a[@class="title"]/@href')
        found |= {unquote(link.removeprefix("/article/")) for link in links}
        path = next((link.removeprefix("/") for link in read.xpath('//a[@rel="next"]/@href')), None)
    return found


async def test_what_mentions_each_security(serving: Serving, tmp_path: Path) -> None:
    """The same from the command line, Python, SQL and pages: what mentions it, and no other."""
    site, db = Site(articles=400, oddities=frozenset({"all"})), tmp_path / "news.db"
    await crawl("category", db, serving(site).url)
    expected = mentioned(site)
    securities = sorted(expected, key=lambda each: -len(expected[each]))[:SECURITIES]
    assert len(securities) == SECURITIES
    sql = "SELECT id FROM mentioned_in WHERE market || '.' || code = ?"
    with newscrawl.open(db) as archive:
        for each in securities:
            assert {row[0] for row in query(db, sql, each)} == expected[each], each
            assert {found.id for found in archive.latest(security=each)} == expected[each], each
            assert listed(db, "--security", each) == expected[each], each
        every = {found.id for found in archive.latest(security=securities)}
    assert every == set().union(*(expected[each] for each in securities))
    with served.serving(db) as address:
        for each in securities:
            assert shown(address, each) == expected[each], each
        few = securities[-10:]
        union = set().union(*(expected[each] for each in few))
        assert shown(address, "，".join(few)) == shown(address, ", ".join(few)) == union
    file = tmp_path / "mine.txt"
    file.write_text("".join(f"{each}  # mine\n" for each in securities), encoding="utf-8")
    assert listed(db, "--securities", str(file)) == every


async def test_lists_of_two_securities_keep_both_memberships(
    serving: Serving, tmp_path: Path
) -> None:
    site, db = Site(articles=20), tmp_path / "news.db"
    server = serving(site)
    for _ in range(2):
        for security in ("1.600519", "0.000858"):
            await crawl("feed", db, server.url, name=f"security:{security}")
    news = {truth.info_code for truth in site.truths() if truth.digits}
    for security in ("600519", "000858.SZ"):
        assert listed(db, "--security", security, "--mention-origin", "list") == news
    for name in ("security:1.600519", "security:0.000858"):
        assert listed(db, "--listing", name) == news


async def test_lists_that_are_not_due_are_left_alone(serving: Serving, tmp_path: Path) -> None:
    server, db = serving(Site(articles=5)), tmp_path / "news.db"

    async def asked(security: str, **arguments: str) -> int:
        before = len(server.paths())
        await crawl("feed", db, server.url, name=security, **arguments)
        return sum("pageIndex=1&" in path for path in server.paths()[before:])

    assert await asked("security:1.600519", due="1")
    both = "security:1.600519,security:0.000858"
    assert await asked(both, due="1") == 1
    assert await asked(both, due="1") == 0
    assert await asked(both) == 2
    assert query(db, "SELECT DISTINCT outcome FROM runs") == [("ok",)]


def test_a_watchlist_names_the_lists_to_crawl(serving: Serving, tmp_path: Path) -> None:
    server, db, file = serving(Site(articles=5)), tmp_path / "news.db", tmp_path / "w.toml"

    def crawled(*securities: str) -> tuple[int, str]:
        file.write_text(
            f'[[rule]]\nname = "x"\nsecurities = {json.dumps(securities)}\n', encoding="utf-8"
        )
        ended = command(
            "newscrawl", "crawl", "feed", "--watchlist", str(file), "--base-url", server.url,
            "--fast", "--db", str(db),
        )  # fmt: skip
        return ended.returncode, ended.stderr

    assert crawled("600519", "sz000858")[0] == 0
    asked = {row[0] for row in query(db, "SELECT DISTINCT listing FROM article_listings")}
    assert asked == {"security:1.600519", "security:0.000858"}
    for wrong, said in (
        ("000001", "0.000001 平安银行"),
        ("AAPL", "105.AAPL"),
        ("何", "Write its code"),
    ):
        code, error = crawled(wrong)
        assert (code, said in error) == (2, True), error


def test_a_list_is_named_by_what_the_archive_knows(serving: Serving, tmp_path: Path) -> None:
    server, db = serving(Site(articles=5)), tmp_path / "news.db"
    name = Mention("1", "600519", "贵州茅台", "stock", 1, "link")
    fill(db, article(page("NW202112292228490001"), mentions=[name]))

    def crawled(security: str) -> tuple[int, str]:
        ended = command(
            "newscrawl", "crawl", "feed", f"security:{security}", "--base-url", server.url,
            "--fast", "--db", str(db),
        )  # fmt: skip
        return ended.returncode, ended.stderr

    assert crawled("贵州茅台")[0] == 0
    asked = query(db, "SELECT DISTINCT listing FROM article_listings")
    assert asked == [("security:1.600519",)]
    for wrong, said in (("五粮液", "has no security"), ("000001", "0.000001 平安银行")):
        code, error = crawled(wrong)
        assert (code, said in error) == (2, True), error
