"""Readers: what the archive answers, without a command line."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest
from archives import article, fill, page
from cli_runs import invoke

from newscrawl.archive.article import read_article as find
from newscrawl.archive.article import resolve
from newscrawl.archive.filters import Filters, categories, sources
from newscrawl.archive.latest import Headline, latest
from newscrawl.archive.names import UnknownName
from newscrawl.archive.overview import Source, other_site, overview
from newscrawl.items import BodyRank, Mention
from newscrawl.sites.eastmoney.info_code import BadInfoCode
from newscrawl.store.connections import open_for_reading

FIRST, SECOND = "NW202112282228490028", "NW202112082206672930"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """An archive of three articles: one of two pages, one without source, one without time."""
    path = tmp_path / "news.db"
    fill(
        path,
        article(
            page(FIRST),
            mentions=[Mention("1", "600160", "巨化股份", "stock", 2)],
            body_rank=BodyRank.LINKED,
            share_url=f"https://finews.zning.xyz/html_News/NewsShare.html?infoCode={FIRST}",
        ),
        article(
            page(FIRST, kind="api_answer", observed_at="2022-01-02"), categories=None, tags=None,
        ),
        article(
            page(SECOND.removeprefix("NW")), title="第二", source=None, categories=["TechWeb"],
            tags=["TechWeb新闻"], published_at="2021-12-08T10:46:18+08:00",
        ),
        article(
            page("init", url="http://mirror.test/sitenews/init.html"), id="finews:init",
            title="开站大吉", categories=["sitenews"], tags=["站长消息"], published_at=None,
            published_precision=None, source=None,
        ),
    )  # fmt: skip
    with closing(open_for_reading(path)) as opened:
        yield opened


def test_latest(connection: sqlite3.Connection) -> None:
    assert list(latest(connection)) == [
        Headline(FIRST, "2021-12-28T14:27:35+08:00", "国际商报", "标题"),
        Headline(SECOND, "2021-12-08T10:46:18+08:00", None, "第二"),
        Headline("finews:init", None, None, "开站大吉"),
    ]


def test_a_flash_without_title_shows_how_it_begins(tmp_path: Path) -> None:
    path, text = tmp_path / "flash.db", "央行开展逆回购操作。" * 10
    fill(path, article(page(FIRST), title=None, summary=text, body_text=text, body_rank=0))
    with closing(open_for_reading(path)) as archive:
        [found] = latest(archive)
    assert (found.title, found.beginning) == (None, text[:60])
    for words in (["list"], ["search", "逆回购"]):
        ended = invoke(*words, "--db", path)
        assert "央行开展逆回购操作。" in ended.stdout


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"limit": 1}, [FIRST]),
        ({"category": "guojishangbao"}, [FIRST]),
        ({"category": "techweb"}, [SECOND]),
        ({"category": "国际商报"}, [FIRST]),
        ({"category": "国际商报新闻"}, [FIRST]),
        ({"category": "站长消息"}, ["finews:init"]),
        ({"source": "国际商报"}, [FIRST]),
        ({"since": date(2021, 12, 28)}, [FIRST]),
        ({"since": date(2021, 12, 29)}, []),
        ({"category": "TechWeb", "since": date(2021, 12, 9)}, []),
        ({"until": date(2021, 12, 8)}, [SECOND]),
        ({"until": date(2021, 12, 28), "since": date(2021, 12, 28)}, [FIRST]),
    ],
)
def test_latest_of(
    connection: sqlite3.Connection, asked: dict[str, object], found: list[str]
) -> None:
    limit = asked.pop("limit", None)
    articles = latest(connection, Filters(**asked), limit=limit)  # type: ignore[arg-type]
    assert [each.id for each in articles] == found


def test_unknown_constructs_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    fill(
        path,
        article(page(FIRST), unknown={"tag marquee": 2, "class odd": 1}),
        article(page(SECOND), unknown={"tag marquee": 1}),
    )
    with closing(open_for_reading(path)) as archive:
        found = {each.construct: each.pages for each in overview(archive).unknown}
    assert found == {"tag marquee": 2, "class odd": 1}


def test_unknown_category_is_said_at_once(connection: sqlite3.Connection) -> None:
    with pytest.raises(UnknownName, match="no category 'nothing'"):
        latest(connection, Filters(category="nothing"))
    with pytest.raises(UnknownName, match="no source '国际'") as raised:
        latest(connection, Filters(source="国际"))
    assert raised.value.known == sources(connection) == ["国际商报"]
    assert set(categories(connection)) == {"guojishangbao", "TechWeb", "sitenews"}


@pytest.mark.parametrize(
    ("text", "info_code"),
    [
        (FIRST, FIRST),
        (FIRST.lower(), FIRST),
        ("202112282228490028", FIRST),
        (f"http://any.test/html_News/NewsShare.html?infoCode={FIRST}", FIRST),
        ("https://finance.eastmoney.com/a/202112282228490028.html", FIRST),
        ("finews:init", "finews:init"),
        ("finews:安信(香港)", "finews:安信(香港)"),
        ("http://mirror.test/sitenews/init.html", "finews:init"),
    ],
)
def test_resolve(connection: sqlite3.Connection, text: str, info_code: str) -> None:
    assert resolve(connection, text) == info_code


@pytest.mark.parametrize("text", ["", "nonsense", "http://mirror.test/other.html"])
def test_resolve_refuses(connection: sqlite3.Connection, text: str) -> None:
    with pytest.raises(BadInfoCode):
        resolve(connection, text)


def test_article(connection: sqlite3.Connection) -> None:
    found = find(connection, FIRST)
    assert found is not None
    said = asdict(found)
    assert said.pop("first_seen_at") <= said.pop("changed_at")
    assert said == {
        "id": FIRST,
        "info_code": FIRST,
        "title": "标题",
        "published_at": "2021-12-28T14:27:35+08:00",
        "published_raw": "2021-12-28 14:27:35",
        "published_precision": "second",
        "published_from": "section small",
        "source": "国际商报",
        "author": None,
        "is_ai_generated": None,
        "summary": None,
        "body_text": "正文",
        "body_html": "<p>正文</p>",
        "share_url": f"https://finews.zning.xyz/html_News/NewsShare.html?infoCode={FIRST}",
        "original_url": None,
        "seq": 1,
        "categories": [{"category": "guojishangbao", "name": "国际商报"}],
        "tags": ["国际商报新闻"],
        "mentions": [
            {
                "market": "1",
                "code": "600160",
                "name": "巨化股份",
                "kind": "stock",
                "times": 2,
                "origin": "link",
            }
        ],
        "images": [],
        "listings": [],
        "observations": [
            {
                "site": "finews",
                "page_kind": kind,
                "url": f"http://mirror.test/{kind}/{FIRST}.html",
                "observed_at": at,
                "last_seen_at": at,
            }
            for kind, at in (
                ("post_page", "2022-01-01T00:00:00+00:00"),
                ("api_answer", "2022-01-02T00:00:00+00:00"),
            )
        ],
        "revisions": 0,
    }
    assert find(connection, "NW202112282228490029") is None


def test_overview(connection: sqlite3.Connection, tmp_path: Path) -> None:
    found = overview(connection)
    assert found.path == str(tmp_path / "news.db")
    assert found.size > 0
    assert (found.articles, found.categories, found.mentions, found.pages) == (3, 3, 1, 1)
    assert found.first_published_at == "2021-12-08T10:46:18+08:00"
    assert found.last_published_at == "2021-12-28T14:27:35+08:00"
    assert found.sources == [Source(None, 2), Source("国际商报", 1)]
    assert [(run.spider, run.outcome) for run in found.runs] == [("test", "ok")]
    assert found.rejects == []


def test_other_site(connection: sqlite3.Connection) -> None:
    assert other_site(connection, "demo") == "finews"
    assert other_site(connection, "finews") is None


def test_overview_of_an_empty_archive(tmp_path: Path) -> None:
    fill(tmp_path / "news.db")
    with closing(open_for_reading(tmp_path / "news.db")) as connection:
        found = overview(connection)
    assert (found.articles, found.pages_size, found.first_published_at) == (0, 0, None)
