"""The lists of news: what is asked, what an answer says, and why one is not a list."""

from __future__ import annotations

import html
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from samplesite.list_answers import ANSWERS
from samplesite.lists import Lists
from samplesite.site import Site

from newscrawl.items import Article, BodyRank, Page
from newscrawl.sites import REASONS, Unreadable, list_entry, lists
from newscrawl.sites.eastmoney.info_code import BadInfoCode, info_code_of_stem
from newscrawl.sites.eastmoney.securities import of_list
from newscrawl.sites.finews import atom_feed
from newscrawl.sites.list_answer import ListAnswer, read_list_answer
from newscrawl.sites.lists import LISTS, UnknownList, find_lists
from newscrawl.sites.normalise import normalise

DIGITS = "202206142412311033"
NW = f"NW{DIGITS}"
AT = "2022-06-14 17:56:07"
ANSWERED = datetime.fromisoformat("2022-06-14T20:00:00+08:00")


def answer(body: str | bytes, url: str = "http://lists.test/list?page=1") -> Page:
    """Return the answer of a list, had on the evening of its day."""
    raw = body if isinstance(body, bytes) else body.encode()
    return Page("list_answer", "made up", url, raw, "2022-06-14T12:00:01+00:00")


def articles(name: str, body: str) -> list[Article]:
    """Return what each entry of an answer says."""
    page = answer(body)
    found = read_list_answer(LISTS[name], page)
    shape = LISTS[name].shape
    pages = (
        list_entry.entry_page(shape, each, page, answered_at=ANSWERED) for each in found.records
    )
    return [normalise(lists.read_list_entry(each)) for each in pages]


def told(article: Article) -> tuple[Any, ...]:
    """Return the fields that a list may say."""
    return (
        article.id, article.title, article.published_raw, article.source, article.summary,
        article.original_url,
    )  # fmt: skip


PUBLIC = f"https://finance.eastmoney.com/a/{DIGITS}.html"
COLUMNS = {
    "code": DIGITS, "np_dst": "CMS", "showTime": AT, "title": "云岚股份：中标", "image": "",
    "mediaName": "界面新闻",
    "summary": "【云岚股份：中标】订单增加。【更新】金额待定。（界面新闻）",
    "url": f"http://finance.eastmoney.com/a/{DIGITS}.html", "uniqueUrl": None, "newKey": [1],
}  # fmt: skip
FAST = {
    "code": DIGITS, "showTime": AT, "title": "", "realSort": "1655200567011033",
    "summary": "【云岚股份中标】订单增加。（财联社）", "titleColor": 0, "stockList": ["1.601068"],
}  # fmt: skip
KUAIXUN = {
    "id": DIGITS, "newsid": DIGITS, "title": "", "simtitle": "云岚中标", "showtime": AT,
    "digest": "", "simdigest": "订单增加。", "url_w": f"http://stock.eastmoney.com/news/1,{DIGITS}.html",
}  # fmt: skip
SEARCH = {
    "code": DIGITS, "date": AT, "title": "<em>云岚</em>股份：中标", "mediaName": "证券日报",
    "content": "(<em>云岚</em>)\u3000订单增加。\r\n更多。", "url": PUBLIC, "image": "",
}  # fmt: skip

SHAPES: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "columns": (
        "columns-345",
        json.dumps({"code": 1, "message": "success", "data": {"list": [COLUMNS]}}),
        ("云岚股份：中标", AT, "界面新闻", "订单增加。【更新】金额待定。（界面新闻）"),
    ),
    "columns, code as a string, trailing ;": (
        "columns-724",
        json.dumps({"code": "1", "data": {"list": [COLUMNS]}}) + " ;\n",
        ("云岚股份：中标", AT, "界面新闻", "订单增加。【更新】金额待定。（界面新闻）"),
    ),
    "fast: title and source in the summary": (
        "fast",
        json.dumps({"code": "1", "data": {"sortEnd": "1", "fastNewsList": [FAST]}}),
        ("云岚股份中标", AT, "财联社", "订单增加。（财联社）"),
    ),
    "fast, JSONP, code as a number": (
        "fast",
        f"jQuery1_2({json.dumps({'code': 1, 'data': {'fastNewsList': [FAST], 'sortEnd': ''}})});",
        ("云岚股份中标", AT, "财联社", "订单增加。（财联社）"),
    ),
    "kuaixun: var without ;": (
        "kuaixun",
        f"var ajaxResult={json.dumps({'rc': 1, 'me': '', 'LivesList': [KUAIXUN]})}",
        ("云岚中标", AT, None, "订单增加。"),
    ),
    "kuaixun: var with ;": (
        "kuaixun",
        f"\ufeffvar ajaxResult = {json.dumps({'rc': '1', 'LivesList': [KUAIXUN]})};\n",
        ("云岚中标", AT, None, "订单增加。"),
    ),
    "news of a security": (
        "security",
        json.dumps({"code": 1, "data": {"totle_hits": 1, "list": [{
            "Art_Code": DIGITS, "Art_ShowTime": AT, "Art_Title": "云岚股份：中标",
            "Art_MediaName": "证券日报", "Art_Url": PUBLIC, "Art_SortStart": "1655200567011033",
        }]}}),
        ("云岚股份：中标", AT, "证券日报", None),
    ),
    "search": (
        "search",
        f"newscrawl({json.dumps({'code': 0, 'result': {'cmsArticleWebOld': [SEARCH]}})})",
        ("云岚股份：中标", AT, "证券日报", "(云岚) 订单增加。 更多。"),
    ),
    "script, type 102": (
        "rolling",
        json.dumps({"records": [{
            "id": DIGITS, "infoCode": NW.lower(), "title": "云岚股份：中标", "showtime": AT,
            "digest": "【云岚股份：中标】订单增加。（中国证券报）", "url_w": PUBLIC, "h24Type": 0,
        }]}),
        ("云岚股份：中标", AT, "中国证券报", "订单增加。（中国证券报）"),
    ),
    "script, type 45": (
        "nodes",
        json.dumps({"nodeList": [{
            "infocode": NW, "title": None, "simtitle": "云岚中标", "from": "新华社",
            "showtime": AT, "simdigest": "订单增加。",
        }]}),
        ("云岚中标", AT, "新华社", "订单增加。"),
    ),
    "script, market": (
        "market-37",
        json.dumps({"record": [
            {"infoCode": NW, "title": "云岚股份：中标", "datetime": AT, "medianame": "新华社"}
        ]}),
        ("云岚股份：中标", AT, "新华社", None),
    ),
    "app: today": (
        "choice",
        json.dumps({"data": {"records": [{
            "code": NW,
            "data": {"showtime": "今天 16:25", "simdigest": "【云岚】订单增加。", "from": "Wind"},
        }]}}),
        ("云岚", "2022-06-14 16:25", "Wind", "订单增加。"),
    ),
    "app: yesterday": (
        "choice",
        json.dumps({"data": {"records": [
            {"code": NW, "data": {"showtime": "昨天 09:05", "simdigest": "订单增加。", "from": ""}}
        ]}}),
        (None, "2022-06-13 09:05", None, "订单增加。"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "body", "expected"), SHAPES.values(), ids=SHAPES)
def test_shape(name: str, body: str, expected: tuple[Any, ...]) -> None:
    [article] = articles(name, body)
    assert told(article) == (NW, *expected, PUBLIC)
    text = re.sub("（[^（）]*）$", "", article.summary) if article.summary else None
    assert article.body_text == text
    assert article.body_html == (f"<p>{article.summary}</p>" if article.summary else None)
    assert article.body_rank == (BodyRank.SUMMARY if article.summary else None)
    minute = article.published_precision == "minute"
    assert article.published_raw is not None
    assert article.published_at == article.published_raw.replace(" ", "T") + (
        ":00+08:00" if minute else "+08:00"
    )


def test_a_relative_time_is_told_as_such() -> None:
    _, body, _ = SHAPES["app: today"]
    page = answer(body)
    [record] = read_list_answer(LISTS["choice"], page).records
    made = list_entry.entry_page(lists.SHAPES["choice"], record, page, answered_at=ANSWERED)
    made.observed_at = "2026-01-01T00:00:00+00:00"  # read again, long after
    article = lists.read_list_entry(made)
    assert article.published_raw == "2022-06-14 16:25"
    assert article.published_from == "choice data.showtime, relative to the day of the answer"
    assert "今天 16:25" in made.body.decode()


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("【标题】正文。（财联社）", ("标题", "正文。（财联社）")),
        ("【标题】前【更新】后", ("标题", "前【更新】后")),
        ("前【更新】后", (None, "前【更新】后")),
        ("】后", (None, "】后")),
        ("【没有结尾", (None, "【没有结尾")),
        ("【标题】", ("标题", None)),
        ("【】正文", (None, "正文")),
        ("　 \r\n", (None, None)),
    ],
)
def test_summary(summary: str, expected: tuple[str | None, str | None]) -> None:
    assert list_entry.split_summary(summary) == expected


TRACE = "Required String parameter 'req_trace' is not present"
BAD: dict[str, tuple[str, str | bytes, str, str]] = {
    "no req_trace": ("columns-345", json.dumps({"code": 0, "message": TRACE}), "refused", TRACE),
    "refused, string code": ("fast", '{"code":"0","message":"busy"}', "refused", "'busy'"),
    "refused, rc": ("kuaixun", 'var x={"rc":0,"me":"忙"};', "refused", "'忙'"),
    "HTML": (
        "fast", "<html><head><title>502 Bad Gateway</title>…", "not_a_post", "'502 Bad Gateway'",
    ),
    "HTML for a feed": ("atom", "<!DOCTYPE html>\n<html></html>", "not_a_post", "page of HTML"),
    "empty": ("fast", b" \n", "empty", "no text"),
    "null": ("rolling", "null", "null", "expected an object"),
    "null in a wrapper": ("kuaixun", "var ajaxResult=null;", "null", "ajaxResult=null"),
    "no JSON": ("fast", "Forbidden", "not_json", "'Forbidden'"),
    "cut off": ("fast", '{"code":"1","data":{"fastNewsList":[{"co', "not_json", "expected JSON"),
    "two answers": ("nodes", '{"nodeList":[]}{"nodeList":[]}', "not_json", "expected JSON"),
    "deep": ("nodes", "[" * 100_000, "not_json", "expected JSON"),
    "an array": ("nodes", "[]", "lacks_keys", "expected an object"),
    "no list": (
        "columns-345", '{"code":1,"data":{"totle_hits":0}}', "lacks_keys",
        "data has no list, only: totle_hits",
    ),
    "text for a list": ("nodes", '{"nodeList":"none"}', "lacks_keys", "expected a list"),
    "limited": (
        "search", 'cb({"code":0,"result":{"passportWeb":[]}})', "lacks_keys",
        "limits anonymous clients",
    ),
    "another charset": ("fast", b"\xff\xfe\xff", "charset", ""),
    "a feed of another kind": ("atom", '<rss version="2.0"/>', "not_a_post", "'rss'"),
    "a feed cut off": (
        "atom", '<feed xmlns="http://www.w3.org/2005/Atom"><entry>', "cut_off", "without </feed>",
    ),
    "a bomb": (
        "atom", '<!DOCTYPE x [<!ENTITY a "aa">]><feed>&a;</feed>', "not_a_post", "document type",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "body", "reason", "words"), BAD.values(), ids=BAD)
def test_no_list(name: str, body: str | bytes, reason: str, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_list_answer(LISTS[name], answer(body))
    assert caught.value.reason == reason
    assert words in caught.value.detail
    assert reason in REASONS


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("rolling", '{"records":[]}'),
        ("search", 'x({"code":0,"hitsTotal":0,"result":{"cmsArticleWebOld":[]}})'),
        ("search", 'x({"code":0,"hitsTotal":0,"result":null})'),
        ("columns-345", '{"code":1,"data":{"totle_hits":0,"list":null}}'),
        ("atom", '<feed xmlns="http://www.w3.org/2005/Atom"></feed>'),
    ],
)
def test_empty_list(name: str, body: str) -> None:
    assert read_list_answer(LISTS[name], answer(body)) == ListAnswer([])


@pytest.mark.parametrize(
    ("name", "body", "lacks"),
    [
        ("fast", '{"code":"1","data":null}', "has null in place of data.fastNewsList"),
        ("columns-345", '{"code":1,"data":{"list":null}}', "has null in place of data.list"),
        ("choice", '{"data":null}', "has null in place of data.records"),
        ("columns-345", '{"code":1,"data":{"totle_hits":5000,"list":null}}',
         "announces 5000 entries, and gives none"),
        ("security", '{"code":1,"data":{"totle_hits":7,"list":[]}}',
         "announces 7 entries, and gives none"),
        ("fast", '{"code":1,"data":{"total":3,"fastNewsList":[]}}',
         "announces 3 entries, and gives none"),
        ("search", 'x({"hitsTotal":1,"result":{"passportWeb":[{}],"cmsArticleWebOld":[]}})',
         "announces 1 entries, and gives none"),
    ],
)  # fmt: skip
def test_what_is_kept_back_is_no_empty_list(name: str, body: str, lacks: str) -> None:
    assert read_list_answer(LISTS[name], answer(body)) == ListAnswer([], lacks=lacks)


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_a_bad_byte_hides_no_list(charset: str) -> None:
    records = [
        {"code": DIGITS, "title": f"云岚股份{number}：中标，订单增加"} for number in range(9)
    ]
    body = json.dumps({"code": 1, "data": {"list": records}}, ensure_ascii=False).encode(charset)
    at = body.index("订单".encode(charset), len(body) // 2)
    damaged = body[:at] + b"\xff" + body[at:]
    found = read_list_answer(LISTS["columns-345"], answer(damaged))
    assert found.odd_bytes >= 1
    assert sum(record in found.records for record in records) == 8


def test_where_json_is_broken_is_said() -> None:
    body = '{"code":"1","data":{"fastNewsList":[{"title":"\\x"}]}}'
    with pytest.raises(Unreadable, match=r"line 1 column 47 \(char 46\)") as caught:
        read_list_answer(LISTS["fast"], answer(body))
    assert caught.value.reason == "not_json"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("security:600519", "security:1.600519"),
        ("security:510300", "security:1.510300"),
        ("security:900901", "security:1.900901"),
        ("security:000858", "security:0.000858"),
        ("security:300750", "security:0.300750"),
        ("security:830799", "security:0.830799"),
        ("security:920002", "security:0.920002"),
        ("security:1.000001", "security:1.000001"),
        ("security:116.00700", "security:116.00700"),
        ("security:00700", "security:116.00700"),
        ("security:700.hk", "security:116.00700"),
        ("security:000300", "security:0.000300"),
        ("security:90.bk0475", "security:90.BK0475"),
        ("search:签约", "search:签约"),
    ],
)
def test_arguments_are_checked(name: str, label: str) -> None:
    assert [each.label for each in lists.find_lists(f"{name},{name}")] == [label]


@pytest.mark.parametrize("argument", ["6005", "茅台", "1.", ".600519", "1.6005 19", "6005190"])
def test_what_is_no_security(argument: str) -> None:
    with pytest.raises(lists.UnknownList, match="is not a security; write its market and code"):
        lists.find_lists(f"security:{argument}")


@pytest.mark.parametrize(
    ("argument", "says"),
    [("000001", "1.000001 上证指数 or 0.000001 平安银行"), ("AAPL", "105.AAPL")],
)
def test_a_code_that_may_be_several(argument: str, says: str) -> None:
    with pytest.raises(lists.UnknownList, match=says):
        lists.find_lists(f"security:{argument}")


MARKUP = {
    "示例公司(<em>603777</em>)：<em>回购</em>进展": "示例公司(603777)：回购进展",
    "回购AT&amp;T债券&nbsp;……": "回购AT&T债券 ……",
    '称&ldquo;订单&rdquo;，<a href="http://x.test/">全文</a><br/>末行。': "称“订单”，全文 末行。",
    "营收<5亿，利润>1亿": "营收<5亿，利润>1亿",
    "示例：&quot;双碳&quot;下的AT&amp;T &lt;草案&gt;": '示例："双碳"下的AT&T <草案>',
    "&amp;lt;草案&amp;gt;": "&lt;草案&gt;",  # decoded once
}


@pytest.mark.parametrize("printed", MARKUP)
def test_markup_in_the_fields_of_a_record(printed: str) -> None:
    record = {"code": DIGITS, "title": printed, "summary": printed, "showTime": AT}
    shape = lists.SHAPES["columns"]
    page = list_entry.entry_page(shape, record, answer("{}"), answered_at=ANSWERED)
    article = lists.read_list_entry(page)
    assert article.title == article.summary == article.body_text == MARKUP[printed]
    assert article.body_html == f"<p>{html.escape(MARKUP[printed], quote=False)}</p>"


@pytest.mark.parametrize(
    ("shape", "record", "found"),
    [
        ("columns", {"code": "20260702101113747001360"}, "CFH20260702101113747001360"),
        ("columns", {"code": "an202206141572342519"}, "AN202206141572342519"),
        ("columns", {"code": "20170401725887367"}, "NW20170401725887367"),
        ("columns", {"code": 202206142412311033}, NW),
        ("columns", {"code": "", "uniqueUrl": PUBLIC}, NW),
        ("kuaixun", {"newsid": "", "id": DIGITS}, NW),
        ("rolling", {"infoCode": None, "id": DIGITS}, NW),
        ("atom", {"link": f"https://m.test/techweb/2022/06/14/{NW}.html"}, NW),
        ("atom", {"link": "https://m.test/sitenews/2021/12/08/init.html"}, "finews:init"),
    ],
)
def test_id(shape: str, record: dict[str, Any], found: str) -> None:
    titled = {**record, "title": "标题"}
    page = list_entry.entry_page(lists.SHAPES[shape], titled, answer(""), answered_at=ANSWERED)
    assert lists.read_list_entry(page).id == found
    assert page.url == f"http://lists.test/list?page=1#{page.id.partition(':')[2]}"


@pytest.mark.parametrize("record", [{}, {"code": ""}, {"code": "x"}, None, [1], "text"])
def test_no_id(record: object) -> None:
    with pytest.raises(BadInfoCode):
        list_entry.entry_page(lists.SHAPES["columns"], record, answer(""), answered_at=ANSWERED)
    page = list_entry.page_of_nothing(lists.SHAPES["columns"], record, answer(""))
    assert json.loads(page.body) == record
    with pytest.raises(Unreadable):
        lists.read_list_entry(page)


def test_an_entry_is_read_from_its_bytes() -> None:
    record = {"title": "b\ud83d\x00 <em>x</em>", "code": DIGITS, "summary": None}
    page = list_entry.entry_page(lists.SHAPES["columns"], record, answer(""), answered_at=ANSWERED)
    assert page.body == b'{"code":"%s","summary":null,"title":"b?\\u0000 <em>x</em>"}' % (
        DIGITS.encode()
    )
    article = lists.read_list_entry(page)
    assert (article.title, article.body_text, article.body_rank) == ("b? x", None, None)
    page.body = b'{"code":"1"}'
    with pytest.raises(Unreadable, match="neither a title nor a body"):
        lists.read_list_entry(page)
    page.body = b"[]"
    with pytest.raises(Unreadable, match="not JSON"):
        lists.read_list_entry(page)


def test_addresses() -> None:
    url = LISTS["fast"].address("https://finews.withounder.com/", is_own_base=False, cursor="12")
    assert url.startswith("https://np-weblist.eastmoney.com/comm/web/getFastNewsList?client=web&")
    assert "&sortEnd=12&" in url
    assert "&req_trace=" in url
    own = {"base": "http://127.0.0.1:8000/deep/", "is_own_base": True}
    assert LISTS["kuaixun"].address(**own, page=3) == (
        "http://127.0.0.1:8000/deep/kuaixun/v1/getlist_102_ajaxResult_50_3_.html"
    )
    assert LISTS["atom"].address(**own) == "http://127.0.0.1:8000/deep/feed.xml"
    assert LISTS["atom"].address("https://m.test/", is_own_base=False) == "https://m.test/feed.xml"
    found = LISTS["search"].address(**own, page=2, argument='茅"台')
    param = next(each for each in found.partition("?")[2].split("&") if each.startswith("param="))
    asked = json.loads(unquote(param.removeprefix("param=")))
    assert asked["keyword"] == '茅"台'
    assert asked["param"]["cmsArticleWebOld"]["pageIndex"] == 2


def test_names() -> None:
    found = find_lists(" columns-345, fast,search:茅台,fast,")
    assert [each.label for each in found] == ["columns-345", "fast", "search:茅台"]
    for names, words in {
        "nix": "Unknown list 'nix'; use one of atom, columns-1207",
        "search": "search needs an argument after a colon",
        "fast:1": "fast takes no argument after a colon",
    }.items():
        with pytest.raises(UnknownList, match=words):
            find_lists(names)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("columns-351", ["getNewsByColumns", "column=351"]),
        ("fast-103", ["getFastNewsList", "fastColumn=103"]),
        ("kuaixun-109", ["getlist_109_ajaxResult_50_1_"]),
        ("market-40", ["marketType=40"]),
    ],
)
def test_an_interface_has_a_list_of_each_number(name: str, parts: list[str]) -> None:
    [asked] = find_lists(name)
    assert asked.label == name
    url = asked.list.address("https://m.test/", is_own_base=False)
    assert all(part in url for part in parts)
    named = LISTS[name.partition("-")[0]] if name[:2] in ("fa", "ku") else None
    assert named is None or named.shape is asked.list.shape


@pytest.mark.parametrize(
    "name", ["columns-", "columns-0", "columns-x", "rolling-3", "fast-1234567"]
)
def test_what_is_no_number_of_a_list(name: str) -> None:
    with pytest.raises(UnknownList, match="Unknown list"):
        find_lists(name)


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(UnknownList, match=r"'colums-345' \(did you mean columns-345\?\)"):
        find_lists("colums-345")


def test_every_list_is_described_and_made() -> None:
    site = Site(articles=40)
    for name, each in LISTS.items():
        assert each.name == name
        assert each.about
        assert lists.SHAPES[each.shape.name] is each.shape
        title = site.article(39).title[:2]
        url = each.address("http://x.test/", is_own_base=True, argument=title)
        page = answer(site.respond(url.removeprefix("http://x.test")).body, url)
        records = read_list_answer(each, page).records
        assert records
        for record in records:
            article = lists.read_list_entry(
                list_entry.entry_page(each.shape, record, page, answered_at=ANSWERED)
            )
            assert article.title
    assert {each.shape for each in LISTS.values()} == set(lists.SHAPES.values())


def test_rules_are_known() -> None:
    keys = {rule.key for rule in lists.RULES}

    class Count:
        def inc_value(self, key: str, count: int = 1) -> None:
            assert key in keys

    for name, body, _ in SHAPES.values():
        page = answer(body)
        [record] = read_list_answer(LISTS[name], page).records
        made = list_entry.entry_page(LISTS[name].shape, record, page, answered_at=ANSWERED)
        lists.read_list_entry(made, stats=Count())


# -- the mirror's own feed ------------------------------------------------------------------


def test_the_real_feed(finews: Path) -> None:
    page = answer((finews / "site" / "feed.xml").read_bytes(), "https://m.test/feed.xml")
    records = read_list_answer(LISTS["atom"], page).records
    assert len(records) == 10
    assert not any(atom_feed.is_broken(record) for record in records)
    for record in records:
        made = list_entry.entry_page(lists.SHAPES["atom"], record, page, answered_at=ANSWERED)
        made.observed_at = "2026-12-01T00:00:00+00:00"
        article = normalise(lists.read_list_entry(made))
        assert record["link"] == record["id"] + ".html"
        assert article.id == info_code_of_stem(record["id"].rpartition("/")[2], "finews")
        assert article.title
        assert article.body_text
        assert article.body_rank is BodyRank.SUMMARY
        assert article.published_precision == "second"
        assert article.categories
        assert record["categories"][0] == article.categories[0]
        assert "返回" not in article.body_text
        assert article.share_url is None or article.share_url not in article.body_text


def test_entries_of_the_feed_agree_with_the_truth() -> None:
    found = 0
    for stop in range(60, 9, -10):
        site = Site(articles=60, oddities="all").showing(0, stop)
        page = answer(site.respond("/feed.xml").body, "http://m.test/feed.xml")
        for record in read_list_answer(LISTS["atom"], page).records:
            if atom_feed.is_broken(record):
                continue
            made = list_entry.entry_page(lists.SHAPES["atom"], record, page, answered_at=ANSWERED)
            made.observed_at = "2022-06-20T00:00:00+00:00"
            article = normalise(lists.read_list_entry(made))
            assert article.id is not None
            number = site.find(article.id.removeprefix("finews:"))
            assert number is not None
            truth = site.article(number)
            if "0" in [post.generation for post in truth.posts]:
                continue
            assert article.published_at == truth.published_at
            assert article.body_text
            found += 1
    assert found > 20


@pytest.mark.parametrize("oddity", ["list_semicolon", "list_number", "list_untitled"])
def test_odd_answers_say_the_same(oddity: str) -> None:
    site = Site(articles=20)
    plain, odd = Lists(site), Lists(site, {oddity})
    for path in ("/comm/web/getNewsByColumns?column=345&req_trace=x", "/web/webapi?type=102"):
        name = "columns-345" if "column" in path else "rolling"
        made = [articles(name, each.respond(path).body.decode()) for each in (plain, odd)]
        assert [told(each) for each in made[0]] == [told(each) for each in made[1]]


def test_oddities_by_query() -> None:
    respond = Site(articles=5).respond
    assert b"req_trace" in respond("/comm/web/getNewsByColumns?column=345").body
    assert respond("/web/webapi?type=102&oddity=list_html").body.startswith(b"<html>")
    assert respond("/web/webapi?type=102&oddity=list_null").body == b"null"
    assert respond("/comm/web/getFastNewsList?req_trace=x&callback=cb").body.startswith(b"cb({")
    with pytest.raises(ValueError, match="no such oddity"):
        Lists(Site(articles=5), {"nix"})
    assert len(ANSWERS) == 9


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ("1.601068,90.BK0475", [("1", "601068"), ("90", "BK0475")]),
        ([{"code": "600519", "market": "1"}], [("1", "600519")]),
        ([{"stockCode": "00700", "marketCode": 116}], [("116", "00700")]),
        ([{"code": "1.600519", "name": "甲"}], [("1", "600519")]),
        (["AAPL.US", "BABA.N"], [("", "AAPL"), ("106", "BABA")]),
        (["BK0475", "113050", "116.700"], [("90", "BK0475"), ("1", "113050"), ("116", "00700")]),
        ([600519, None, ""], [("1", "600519")]),
        (None, []),
    ],
)
def test_securities_beside_an_article(values: object, found: list[tuple[str, str]]) -> None:
    mentions, wrong = of_list(values)
    assert [(each.market, each.code) for each in mentions] == found
    assert wrong == 0
