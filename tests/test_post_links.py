"""Links to posts: their URL on the crawled host, their id, and whether they are too old."""

from __future__ import annotations

from pathlib import Path

import pytest
from archives import article, page
from running import open_run
from scrapy.exceptions import UsageError

from newscrawl.items import PageKind
from newscrawl.sites.eastmoney.info_code import BadInfoCode
from newscrawl.spiders.category import CategorySpider

POST = "/guojishangbao/2021/12/28/NW202112282228490028.html"


@pytest.fixture
async def spider(tmp_path: Path) -> CategorySpider:
    with open_run(tmp_path / "news.db", CategorySpider) as run:
        assert isinstance(run.crawler.spider, CategorySpider)
        return run.crawler.spider


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (POST, f"http://mirror.test{POST}"),
        (f"https://finews.withounder.com{POST}", f"http://mirror.test{POST}"),
        (f"http://user:word@mirror.test{POST}", f"http://mirror.test{POST}"),
        (f"{POST}#top", f"http://mirror.test{POST}"),
        ("/category/上海.html", "http://mirror.test/category/%E4%B8%8A%E6%B5%B7.html"),
        (
            "/category/%E4%B8%8A%E6%B5%B7.html",
            "http://mirror.test/category/%E4%B8%8A%E6%B5%B7.html",
        ),
        ("http://other.test/x.html", "http://other.test/x.html"),
    ],
)
async def test_own(spider: CategorySpider, link: str, url: str) -> None:
    assert spider.own(link) == url


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (POST, True),
        (f"https://finews.withounder.com{POST}", True),
        (f"http://other.test{POST}", False),
        ("/category/guojishangbao.html", False),
        ("/", False),
    ],
)
async def test_is_own_post(spider: CategorySpider, link: str, expected: bool) -> None:
    assert spider.is_own_post(link) is expected


async def test_post_at(spider: CategorySpider) -> None:
    found, info_code = spider.post_at(POST)
    assert info_code == "NW202112282228490028"
    assert (found.kind, found.id) == (PageKind.POST_PAGE, POST.removeprefix("/"))
    assert (found.url, found.body) == (f"http://mirror.test{POST}", b"")


@pytest.mark.parametrize("link", ["mailto:x@example.org", "http://[::1", "javascript:x", "//:0/x"])
async def test_what_is_not_a_url_of_a_page(spider: CategorySpider, link: str) -> None:
    with pytest.raises(BadInfoCode):
        spider.post_at(link)


@pytest.mark.parametrize(
    ("since", "info_code", "expected"),
    [
        ("2021-12-30", "NW202112282228490028", True),
        ("2021-12-29", "NW202112282228490028", False),  # a day of grace
        ("2021-12-28", "NW202112282228490028", False),
        ("2021-12-30", "finews:init", False),  # its date is not known
    ],
)
async def test_is_too_old(tmp_path: Path, since: str, info_code: str, expected: bool) -> None:
    with open_run(tmp_path / "news.db", CategorySpider, since=since) as run:
        assert run.crawler.spider.is_too_old(info_code) is expected  # type: ignore[union-attr]


@pytest.mark.parametrize(("since", "expected"), [("2021-12-29", True), ("2021-12-28", False)])
async def test_is_before_since(tmp_path: Path, since: str, expected: bool) -> None:
    made = article(page(), published_at=None, published_precision=None)
    with open_run(tmp_path / "news.db", CategorySpider, since=since) as run:
        assert run.crawler.spider.is_before_since(made) is expected  # type: ignore[union-attr]
    assert made.published_at is None  # the article stays as it is


async def test_without_since_nothing_is_old(spider: CategorySpider) -> None:
    assert not spider.is_too_old("NW199901012228490028")
    assert not spider.is_before_since(article(page()))


async def test_a_day_that_is_not_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="YYYY-MM-DD"):
        CategorySpider(base_url="http://mirror.test/", since="28.12.2021")
