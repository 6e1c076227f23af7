"""`newscrawl serve --watchlist`: the front page and the search show what its rules match."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from archives import article, fill, page
from cli_runs import invoke
from lxml import html
from served import ask, serving

from newscrawl.items import Mention

FIRST, SECOND, OTHER = (f"NW20211229222849000{n}" for n in range(1, 4))
WATCHLIST = """
[[rule]]
name = "白酒"
securities = ["600519"]
[[rule]]
name = "提价 & <b>"
words = "提价"
"""


@pytest.fixture
def watchlist(tmp_path: Path) -> Path:
    file = tmp_path / "w.toml"
    file.write_text(WATCHLIST, encoding="utf-8")
    return file


@pytest.fixture
def site(tmp_path: Path, watchlist: Path) -> Iterator[str]:
    maotai = [Mention("1", "600519", "贵州茅台", "stock", 1, "link")]
    fill(
        tmp_path / "news.db",
        article(page(FIRST), mentions=maotai),
        article(page(SECOND), title="可乐提价"),
        article(page(OTHER)),
    )
    with serving(tmp_path / "news.db", "--watchlist", str(watchlist)) as address:
        yield address


def listed(url: str) -> set[str]:
    links = html.fromstring(ask(url).text).xpath('//ol[@class="articles"]/li/a[@class="title"]')
    return {link.get("href").removeprefix("/article/") for link in links}


def test_what_the_rules_match(site: str) -> None:
    assert listed(site) == {FIRST, SECOND}
    assert listed(f"{site}search") == {FIRST, SECOND, OTHER}
    assert listed(f"{site}search?rule=*") == {FIRST, SECOND}
    assert listed(f"{site}search?rule=*&q=提价".replace("提价", quote("提价"))) == {SECOND}
    front = html.fromstring(ask(site).text)
    links = front.xpath('//section[@aria-labelledby="latest"]/ul/li/a/@href')
    assert [listed(f"{site}{link.removeprefix('/')}") for link in links] == [
        {FIRST}, {SECOND}, {FIRST, SECOND, OTHER},
    ]  # fmt: skip


def test_a_home_page_that_fails_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "news.db", article(page(FIRST)))
    with closing(sqlite3.connect(tmp_path / "news.db", isolation_level=None)) as db:
        db.execute(
            "INSERT INTO listings (site, listing_kind, name, url, found_in, interval, checks,"
            " failed_at, failure) VALUES ('finews', 'home', '', 'http://x/', 'footer', 300, 0,"
            " '2026-03-03T04:26:00+00:00', 'its host name does not resolve')"
        )
    with serving(tmp_path / "news.db") as address:
        notes = html.fromstring(ask(address).text).xpath('//ul[@class="notes"]/li')
    assert notes[0].text_content().strip() == "1 listings checked, 1 failing: home page"


def test_a_search_that_finds_nothing_says_what_may_be_meant(site: str) -> None:
    read = html.fromstring(ask(f"{site}search?q={quote('降息、提价')}").text)
    said = "No articles found. To find any of these words, write 降息 OR 提价."
    assert read.xpath('string(//p[@class="empty"])') == said
    read = html.fromstring(ask(f"{site}search?source=&until=2000-01-01").text)
    assert read.xpath('normalize-space(//p[@class="empty"])') == "No articles found."


def test_a_search_keeps_its_rule(site: str) -> None:
    read = html.fromstring(ask(f"{site}search?rule={quote('白酒')}").text)
    assert read.xpath('//select[@name="rule"]/option[@selected]/@value') == ["白酒"]
    assert read.xpath('//select[@name="rule"]/option/text()') == [
        "every article", "any rule", "白酒", "提价 & <b>",
    ]  # fmt: skip


def test_the_file_changes_while_it_is_served(site: str, watchlist: Path) -> None:
    watchlist.write_text('[[rule]]\nname = "x"\nwords = "标题"\n', encoding="utf-8")
    assert listed(site) == {FIRST, OTHER}
    wrong = ask(f"{site}search?rule={quote('白酒')}")
    assert (wrong.status, "There is no rule" in wrong.text) == (400, True)
    watchlist.write_text("[[rule]\n", encoding="utf-8")
    for path in ("", "search?rule=*"):
        answer = ask(f"{site}{path}")
        assert (answer.status, "is not valid TOML" in answer.text) == (400, True)


def test_without_a_watchlist(tmp_path: Path) -> None:
    fill(tmp_path / "news.db", article(page(FIRST)))
    with serving(tmp_path / "news.db") as address:
        assert listed(address) == {FIRST}
        assert b"rule" not in ask(f"{address}search").text.encode()
        assert ask(f"{address}search?rule=x").status == 400


def test_a_wrong_watchlist(tmp_path: Path) -> None:
    fill(tmp_path / "news.db", article(page(FIRST)))
    ended = invoke("serve", "--db", str(tmp_path / "news.db"), "--watchlist", str(tmp_path / "no"))
    assert (ended.exit_code, "cannot be read" in ended.stderr) == (2, True)
