"""The spider `share`, whole crawls: an infoCode leads to its article, whoever answers."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from crawls import assert_balanced, crawl, dump, ledger, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site
from samplesite.truth import Truth
from scrapy.exceptions import UsageError

from newscrawl.runs.outcome import Exit
from newscrawl.sites.eastmoney.info_code import public_url
from newscrawl.sites.eastmoney.share_urls import resolver_urls

Serving = Callable[[Answers], Server]


def odd(name: str) -> tuple[Site, Truth]:
    """Return a site, and an article of it that has the oddity."""
    site = Site(articles=60, oddities=frozenset({name}))
    return site, next(truth for truth in site.truths() if name in truth.oddities)


async def test_every_article_by_its_code(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=30)
    server = serving(site)
    truths = [truth for truth in site.truths() if truth.digits]
    codes = ",".join(truth.info_code for truth in truths)
    outcome = await crawl("share", tmp_path / "news.db", server.url, info_code=codes)
    assert outcome.exit is Exit.OK, outcome
    sql = "SELECT id, title, published_at, source, body_text, original_url FROM articles"
    found = {row[0]: row[1:] for row in query(tmp_path / "news.db", sql)}
    assert found == {
        truth.info_code: (
            truth.title, truth.published_at, truth.source or truth.list_source,
            "\n".join(truth.full.paragraphs), public_url(truth.info_code),
        )
        for truth in truths
    }  # fmt: skip
    assert query(tmp_path / "news.db", "SELECT DISTINCT page_kind FROM observations") == [
        ("api_answer",)
    ]


@pytest.mark.parametrize(
    ("oddity", "reason"),
    [
        ("share_html", "not_json"),
        ("share_empty", "empty"),
        ("share_null", "null"),
    ],
)
async def test_bad_answer_leads_to_the_public_page(
    serving: Serving, tmp_path: Path, oddity: str, reason: str
) -> None:
    site, truth = odd(oddity)
    server = serving(site)
    outcome = await crawl("share", tmp_path / "news.db", server.url, info_code=truth.info_code)
    assert outcome.exit is Exit.OK, outcome
    [(title, published_at, precision, body)] = query(
        tmp_path / "news.db",
        "SELECT title, published_at, published_precision, body_text FROM articles",
    )
    assert (title, body) == (truth.title, "\n".join(truth.full.paragraphs))
    assert (published_at[:16], precision) == (truth.published_at[:16], "minute")
    rejects = query(tmp_path / "news.db", "SELECT reason FROM rejects")
    assert rejects == [(reason,)]
    run = ledger(tmp_path / "news.db")
    assert (run["scheduled"], run["rejected"], run["new"]) == (2, 1, 1)
    assert_balanced(run)


async def test_answer_without_text_leads_to_the_public_page(
    serving: Serving, tmp_path: Path
) -> None:
    site, truth = odd("share_bare")
    await crawl("share", tmp_path / "news.db", serving(site).url, info_code=truth.info_code)
    [(published_at, body)] = query(
        tmp_path / "news.db", "SELECT published_at, body_text FROM articles"
    )
    assert body == "\n".join(truth.full.paragraphs)
    assert published_at == truth.published_at  # the answer's time has seconds
    run = ledger(tmp_path / "news.db")
    assert (run["scheduled"], run["new"], run["extended"]) == (2, 1, 1)


@pytest.mark.parametrize("oddity", ["share_wrapped", "share_date_minute", "share_date_day"])
async def test_odd_answers_are_read(serving: Serving, tmp_path: Path, oddity: str) -> None:
    site, truth = odd(oddity)
    await crawl("share", tmp_path / "news.db", serving(site).url, info_code=truth.info_code)
    [(title, published_at, kind)] = query(
        tmp_path / "news.db",
        "SELECT title, published_at, page_kind"
        " FROM articles JOIN observations ON articles.id = article_id",
    )
    assert (title, kind) == (truth.title, "api_answer")
    assert published_at[:10] == truth.published_at[:10]


async def test_failed_when_no_host_has_it(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=10)
    server = serving(site)
    outcome = await crawl("share", tmp_path / "news.db", server.url, info_code="202206149999999999")
    assert outcome.exit is Exit.DEGRADED
    run = ledger(tmp_path / "news.db")
    assert (run["scheduled"], run["rejected"], run["failed"]) == (3, 1, 2)
    assert_balanced(run)
    paths = [path for path in server.paths() if path != "/robots.txt"]
    assert paths == [
        "/NewsData/GetNewsText.do?id=NW202206149999999999", "/a/202206149999999999.html",
        "/kuaixun/v2/api/content/getnews?newsid=202206149999999999&newstype=1&source=wap&version=1"
        "&guid=newscrawl",
    ]  # fmt: skip


async def test_same_article_by_every_name_is_asked_once(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=10)
    server = serving(site)
    truth = next(truth for truth in site.truths() if truth.digits)
    names = [
        truth.info_code, truth.info_code.lower(), truth.digits,
        f"https://finance.eastmoney.com/a/{truth.digits}.html",
        f"http://finews.zning.xyz/html_News/NewsShare.html?infoCode={truth.info_code}",
    ]  # fmt: skip
    await crawl("share", tmp_path / "news.db", server.url, info_code=",".join(map(str, names)))
    run = ledger(tmp_path / "news.db")
    assert (run["listed"], run["scheduled"], run["repeated"]) == (5, 1, 4)
    assert_balanced(run)


async def test_second_run_changes_nothing(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    server = serving(site)
    codes = ",".join(truth.info_code for truth in site.truths() if truth.digits)
    await crawl("share", tmp_path / "news.db", server.url, info_code=codes)
    before = dump(tmp_path / "news.db")
    await crawl("share", tmp_path / "news.db", server.url, info_code=codes)
    assert dump(tmp_path / "news.db") == before


async def test_file_of_links(
    serving: Serving, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(articles=10)
    truths = [truth for truth in site.truths() if truth.digits][:3]
    links = [
        "# links of today", "", truths[0].info_code, "no link at all",
        f"http://x.test/html_News/NewsShare.html?infocode={truths[1].info_code}", truths[2].digits,
    ]  # fmt: skip
    (tmp_path / "links.txt").write_text("\n".join(map(str, links)), encoding="utf-8")
    outcome = await crawl(
        "share", tmp_path / "news.db", serving(site).url, urls=str(tmp_path / "links.txt")
    )
    assert outcome.exit is Exit.DEGRADED
    assert outcome.reason == "no share link: line 4"
    assert "line 4: 'no link at all' is not an info code" in caplog.text
    found = {row[0] for row in query(tmp_path / "news.db", "SELECT id FROM articles")}
    assert found == {truth.info_code for truth in truths}


async def test_links_from_standard_input(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(articles=10)
    truth = next(truth for truth in site.truths() if truth.digits)
    # As Windows writes it, in a locale that is not UTF-8.
    given = io.BytesIO(f"\ufeff{truth.info_code}\r\n# 注释\n".encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(given, encoding="gbk"))
    outcome = await crawl("share", tmp_path / "news.db", serving(site).url, urls="-")
    assert outcome.exit is Exit.OK


async def test_stored_links(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=30)
    server = serving(site)
    await crawl("category", tmp_path / "news.db", server.url)
    outcome = await crawl("share", tmp_path / "news.db", server.url, stored="1")
    assert outcome.exit is Exit.OK
    with_link = {truth.info_code for truth in site.truths() if truth.share_url}
    sql = "SELECT article_id FROM observations WHERE page_kind = 'api_answer'"
    assert {row[0] for row in query(tmp_path / "news.db", sql)} == with_link
    assert ledger(tmp_path / "news.db")["new"] == 0
    await crawl("share", tmp_path / "news.db", server.url, stored="1")
    assert ledger(tmp_path / "news.db")["listed"] == 0


async def test_links_met_by_category(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=30)
    outcome = await crawl("category", tmp_path / "news.db", serving(site).url, share="1")
    assert outcome.exit is Exit.OK
    with_link = {truth.info_code for truth in site.truths() if truth.share_url}
    sql = "SELECT article_id FROM observations WHERE page_kind = 'api_answer'"
    assert {row[0] for row in query(tmp_path / "news.db", sql)} == with_link
    assert_balanced(ledger(tmp_path / "news.db"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"info_code": "garbage"}, "'garbage' is not an info code"),
        ({"info_code": "NW20221399123456789"}, "a day and a counter"),
        ({}, "Nothing to resolve"),
        ({"urls": "/nowhere/links.txt"}, "cannot be read"),
        ({"info_code": "NW202112282228490028", "limit": "0"}, "not a positive integer"),
        ({"info_code": "NW202112282228490028", "nix": "1"}, "has no argument nix"),
    ],
)
async def test_usage(tmp_path: Path, arguments: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        await crawl("share", tmp_path / "news.db", "http://127.0.0.1:1/", **arguments)
    assert not (tmp_path / "news.db").exists()


async def test_all_hosts_are_down(tmp_path: Path) -> None:
    outcome = await crawl(
        "share", tmp_path / "news.db", "http://127.0.0.1:1/", info_code="NW202112282228490028"
    )
    assert outcome.exit is Exit.UNREACHABLE


async def test_server_error_leads_to_the_next_address(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=10)
    server = serving(site)
    truth = next(truth for truth in site.truths() if truth.digits)
    server.faults["/NewsData/GetNewsText.do"] = Fault(status=500)
    outcome = await crawl("share", tmp_path / "news.db", server.url, info_code=truth.info_code)
    assert outcome.exit is Exit.OK
    run = ledger(tmp_path / "news.db")
    assert (run["failed"], run["new"]) == (1, 1)


RESOLVERS = [
    ("api_answer", "{base}/NewsData/GetNewsText.do?id={info_code}"),
    ("api_answer", "http://finews.zning.xyz/NewsData/GetNewsText.do?id={info_code}"),
    ("article_page", "https://finance.eastmoney.com/a/{digits}.html"),
]
NW, DIGITS = "NW202112282228490028", "202112282228490028"


@pytest.mark.parametrize(
    ("info_code", "base", "hosts", "expected"),
    [
        (NW, "http://finews.zning.xyz/", None,
         ["http://finews.zning.xyz/NewsData/GetNewsText.do?id=" + NW,
          f"https://finance.eastmoney.com/a/{DIGITS}.html"]),
        (NW, "http://127.0.0.1:8000/", [],
         ["http://127.0.0.1:8000/NewsData/GetNewsText.do?id=" + NW,
          f"http://127.0.0.1:8000/a/{DIGITS}.html"]),
        (NW, "http://127.0.0.1:8000/", ["finance.eastmoney.com"],
         ["http://127.0.0.1:8000/NewsData/GetNewsText.do?id=" + NW,
          f"https://finance.eastmoney.com/a/{DIGITS}.html",
          f"http://127.0.0.1:8000/a/{DIGITS}.html"]),
        ("AN202112281234567890", "http://a.test/", None,
         ["http://a.test/NewsData/GetNewsText.do?id=AN202112281234567890",
          "http://finews.zning.xyz/NewsData/GetNewsText.do?id=AN202112281234567890"]),
    ],
    ids=["own host first", "only the base", "a named host", "no public page without digits"],
)  # fmt: skip
def test_addresses(info_code: str, base: str, hosts: list[str] | None, expected: list[str]) -> None:
    found = [url for _, url in resolver_urls(info_code, RESOLVERS, base=base, hosts=hosts)]
    assert found == expected
