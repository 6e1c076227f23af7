"""Answers of newsinfo's getnews: read, and asked for where no other address has an article."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from crawls import crawl, query
from samplesite.server import Answers, Fault, Response, Server
from samplesite.site import Site

from newscrawl import sites
from newscrawl.items import Article, BodyRank, Mention, Page, PageKind
from newscrawl.runs.outcome import Exit

DIGITS = "202611253900000001"
CHART = "https://webquoteklinepic.eastmoney.com/GetPic.aspx?nid=1.600717&imageType=k"
NEWS = {
    "newsid": DIGITS,
    "title": "示例：“港口”与A&amp;B签约",
    "description": "【示例】港口签约。",
    "source": "示例网",
    "showtime": "2026-11-25 09:20:31",
    "body": (
        "<p><!-- EM_StockImg_Start --><!--IMG#0--><!-- EM_StockImg_End --></p>"
        '<p>　　<span id="stock_6007171"><!--Link#0--></span>与<span id="stock_AAPL7"><!--Link#1-->'
        "</span>签约，<!--Link#2-->。</p><center><!--IMG#1--></center>"
        "<p>（文章来源：证券时报）</p>"
    ),
    "images": [
        {"src": CHART, "width": 578, "height": 276, "alt": "K图 600717_1"},
        {"src": "https://np-newspic.dfcfw.com/download/D1_w580h300.jpg", "width": "580"},
    ],
    "links": [
        {"text": "天津港", "url_w": "http://quote.eastmoney.com/unify/r/1.600717"},
        {"text": "苹果", "url_w": "http://quote.eastmoney.com/us/AAPL.html"},
        {"text": "全文", "url_m": "http://finance.eastmoney.com/a/202611253900000002.html"},
    ],
}


def answer(news: object = NEWS, *, wrap: str = "%s", rc: int = 1) -> bytes:
    data = {"rc": rc, "me": "", "news": news, "guba": None}
    return (wrap % json.dumps(data, ensure_ascii=False)).encode()


def read(body: bytes, page_id: str = DIGITS) -> Article:
    page = Page(PageKind.NEWSINFO_ANSWER, page_id, "http://a.test/getnews?newsid=1", body,
                "2026-11-25T02:00:00+00:00")  # fmt: skip
    return sites.read_page(page)


@pytest.mark.parametrize("wrap", ["%s", "cb(%s)", "var x=%s;"])
def test_a_whole_answer(wrap: str) -> None:
    found = read(answer(wrap=wrap))
    assert found.id == f"NW{DIGITS}"
    assert found.title == "示例：“港口”与A&B签约"
    assert (found.published_raw, found.published_from) == ("2026-11-25 09:20:31", "showtime")
    assert (found.summary, found.source) == ("港口签约。", "证券时报")
    assert (found.body_text, found.body_rank) == ("天津港与苹果签约，全文。", BodyRank.LINKED)
    assert found.images == ["https://np-newspic.dfcfw.com/download/D1_w580h300.jpg"]
    assert found.mentions == [
        Mention("1", "600717", "", "stock", origin="chart"),
        Mention("1", "600717", "天津港", "stock"),
        Mention("", "AAPL", "苹果", "unknown"),
    ]
    assert found.unknown is None
    assert found.original_url == f"https://finance.eastmoney.com/a/{DIGITS}.html"


def test_the_source_of_the_list_where_the_body_has_none() -> None:
    assert read(answer({**NEWS, "body": "<p>一</p>"})).source == "示例网"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (answer(rc=0), "refused"),
        (answer(None), "null"),
        (answer({}), "null"),
        (b'{"rc":1,"guba":{}}', "lacks_keys"),
        (answer({**NEWS, "newsid": "202611253900000009"}), "wrong_id"),
        (answer({"newsid": DIGITS, "title": "", "body": None}), "nothing"),
        (b"<html>", "not_a_post"),
        (b"x", "not_json"),
    ],
)
def test_no_article(body: bytes, reason: str) -> None:
    with pytest.raises(sites.Unreadable) as caught:
        read(body)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"images": None, "links": "x"},
        {"images": [None, 1], "links": [{"text": None, "url_w": 3}]},
        {"body": "<p><!--IMG#9--><!--Link#0--><!--Link#0-->一</p>"},
    ],
)
def test_odd_parts_lose_no_text(changes: dict[str, Any]) -> None:
    text = read(answer({**NEWS, **changes})).body_text
    assert text is not None
    assert text.endswith(("一", "。"))


async def test_it_is_asked_where_no_other_address_has_an_article(
    serving: Callable[[Answers], Server], tmp_path: Path
) -> None:
    server = serving(Site(articles=5))
    path = "/kuaixun/v2/api/content/getnews"
    server.faults["/NewsData/GetNewsText.do"] = Fault(status=500)
    server.faults[f"/a/{DIGITS}.html"] = Fault(status=404)
    server.faults[path] = lambda _: Response(200, answer(), {"Content-Type": "application/json"})
    outcome = await crawl("share", tmp_path / "news.db", server.url, info_code=f"NW{DIGITS}")
    assert outcome.exit is Exit.OK, outcome
    assert query(tmp_path / "news.db", "SELECT published_at, page_kind FROM articles"
                 " JOIN observations ON id = article_id") == [
        ("2026-11-25T09:20:31+08:00", "newsinfo_answer")
    ]  # fmt: skip
    [asked] = [each for each in server.paths() if each.startswith(path)]
    assert f"newsid={DIGITS}" in asked
