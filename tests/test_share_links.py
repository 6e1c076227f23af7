"""Resolving share links: which URLs are requested for an article, and in which order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from archives import article, page
from running import heard, open_run
from scrapy.http import Request

from newscrawl.items import Failed, PageKind, Rejected, Scheduled, Unresolved
from newscrawl.runs.run import Run
from newscrawl.spiders.share import ShareSpider
from newscrawl.spiders.share_links import share_host

CODE = "NW202112282228490028"
LINK = f"http://finews.zning.xyz/html_News/NewsShare.html?infoCode={CODE}"


@pytest.fixture
async def run(tmp_path: Path) -> Any:
    with open_run(tmp_path / "news.db", ShareSpider, info_code=CODE) as made:
        yield made


def spider_of(run: Run) -> ShareSpider:
    assert isinstance(run.crawler.spider, ShareSpider)
    return run.crawler.spider


@pytest.mark.parametrize(
    ("link", "host"),
    [
        (LINK, "http://finews.zning.xyz/"),
        (LINK.replace("http://", "https://user:word@"), "https://finews.zning.xyz/"),
        (LINK.replace("infoCode", "INFOCODE"), "http://finews.zning.xyz/"),
        ("http://finews.zning.xyz/html_News/NewsShare.html", None),
        (f"ftp://finews.zning.xyz/NewsShare.html?infoCode={CODE}", None),
        (f"/html_News/NewsShare.html?infoCode={CODE}", None),
        ("", None),
    ],
)
def test_share_host(link: str, host: str | None) -> None:
    assert share_host(link) == host


async def test_the_first_address_is_requested(run: Run) -> None:
    [request] = heard(run, spider_of(run).resolve(CODE))
    assert isinstance(request, Request)
    assert request.url.startswith("http://mirror.test/")
    assert request.meta["page"].kind is PageKind.API_ANSWER
    assert run.ledger.counters["scheduled"] == 1


async def test_an_article_is_requested_once(run: Run) -> None:
    spider = spider_of(run)
    heard(run, spider.resolve(CODE))
    assert heard(run, spider.resolve(CODE, link=LINK)) == []
    assert run.ledger.counters["repeated"] == 1


async def test_after_the_limit_nothing_is_requested(tmp_path: Path) -> None:
    with open_run(tmp_path / "news.db", ShareSpider, info_code=CODE, limit="1") as run:
        spider = spider_of(run)
        assert len(heard(run, spider.resolve(CODE))) == 1
        assert heard(run, spider.resolve("NW202112292228490029")) == []
        assert run.ledger.counters["filtered"] == 1


async def test_a_failure_leads_to_the_next_address(run: Run) -> None:
    spider = spider_of(run)
    [first] = heard(run, spider.resolve(CODE))
    failure = Failed(first.url, "connection refused")
    said, scheduled, second = spider.failed(failure, **first.cb_kwargs)
    assert said is failure
    assert not failure.final
    assert isinstance(second, Request)
    assert scheduled == Scheduled(second.url)
    assert second.url != first.url
    assert second.meta["page"].kind is PageKind.ARTICLE_PAGE


async def test_the_last_failure_is_final(run: Run) -> None:
    failure = Failed("http://mirror.test/x", "connection refused")
    said = list(spider_of(run).failed(failure, info_code=CODE, rest=[]))
    assert said == [failure, Unresolved(CODE)]
    assert failure.final


async def test_a_rejected_answer_leads_to_the_next_address(run: Run) -> None:
    spider = spider_of(run)
    [first] = heard(run, spider.resolve(CODE))
    reject = Rejected(first.meta["page"], "null", "the answer is null")
    said, _, second = spider.unreadable(reject, **first.cb_kwargs)
    assert (said, reject.final) == (reject, False)
    assert isinstance(second, Request)


@pytest.mark.parametrize(("text", "count"), [("正文", 0), (None, 1)])
async def test_an_answer_without_a_text_leads_to_the_next_address(
    run: Run, text: str | None, count: int
) -> None:
    spider = spider_of(run)
    [first] = heard(run, spider.resolve(CODE))
    found = heard(run, spider.after(article(page(), body_text=text), **first.cb_kwargs))
    assert len(found) == count


@pytest.fixture
async def public(tmp_path: Path) -> Any:
    """A run without a base URL: the sources' own hosts are requested."""
    with open_run(tmp_path / "news.db", ShareSpider, base_url=None, info_code=CODE) as made:
        yield made


async def test_a_link_of_a_page_leads_to_known_hosts_only(public: Run) -> None:
    spider = spider_of(public)
    link = LINK.replace("finews.zning.xyz", "evil.test")
    [request] = heard(public, spider.resolve(CODE, link=link))
    assert "evil.test" not in request.url
    assert "evil.test" not in spider.allowed_domains


async def test_a_link_of_the_user_may_lead_anywhere(public: Run) -> None:
    spider = spider_of(public)
    link = LINK.replace("finews.zning.xyz", "own.test")
    [request] = heard(public, spider.resolve(CODE, link=link, trusted=True))
    assert request.url.startswith("http://own.test/")
    assert "own.test" in spider.allowed_domains
