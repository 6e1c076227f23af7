"""newscrawl/pages: what each kind of page says."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newscrawl import settings, sites
from newscrawl.items import Article, BodyRank, Mention, Page
from newscrawl.sites import decode, finews
from newscrawl.sites.eastmoney.info_code import date_of_info_code
from newscrawl.sites.finews.listing_page import (
    ListingPage,
    category_of_link,
    category_of_path,
    is_post_link,
    read_listing,
)
from newscrawl.sites.summary import source_of_summary
from newscrawl.text.times import read_published

HOST = "https://finews.withounder.com"
NEWS = "NW202112282228490028"
DIGITS = NEWS[2:]
PUBLIC = f"https://finance.eastmoney.com/a/{DIGITS}.html"
SHARE = f"http://finews.zning.xyz/html_News/NewsShare.html?infoCode={NEWS}"
EM_URL = f"http://finance.eastmoney.com/news/1354,{DIGITS}.html"
RAW = "(GMT+8, Asia/Shanghai, CST) 2021-12-28 14:27:35"
BACK = (
    '<p><a href="//finews.withounder.com/category/{slug}.html">返回某报新闻</a>'
    '｜<a href="//finews.withounder.com/">返回首页</a></p>'
)
EM_BACK = BACK.replace("category/{slug}.html", "emnews/")
BODY = '<p>第一段。</p>\n<p>第二段。</p>\n<p class="em_media">（文章来源：某报）</p>'


class Stats(Counter[str]):
    """Counts as Scrapy's stats collector does."""

    def inc_value(self, key: str, count: int = 1) -> None:
        self[key] += count


def link(url: str) -> str:
    return f'<p><a href="{url}">{url}</a></p>'


def site(section: str, title: str = "某题", head: str = "") -> str:
    """A page of the mirror's layout."""
    return f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="UTF-8">
<title>{title} | 金融消息</title>
<meta name="generator" content="Jekyll v4.3.1" />
<link rel="alternate" type="application/atom+xml" href="{HOST}/feed.xml">
<meta property="og:site_name" content="金融消息" />{head}
</head><body onload="JavaScript:AutoRefresh(60000);"><div class="wrapper">
<header><h1><a href="{HOST}/">金融消息</a></h1></header>
<section>
{section}
</section><footer><p><small>【免责声明】</small></p></footer></div></body></html>
"""


def post(
    body: str = BODY + link(SHARE) + BACK.format(slug="moubao"),
    *,
    title: str = "某题",
    time: str = RAW,
    tags: str = "<small>tags: <em>某报新闻</em></small>",
    head: str = "",
) -> str:
    line = f"<small>{time}</small>" if time else ""
    return site(f"{line}\n<h1>{title}</h1>\n\n{body}\n\n{tags}", title, head)


def page(
    body: str | bytes,
    kind: str = "post_page",
    path: str = f"/moubao/2021/12/28/{NEWS}.html",
    **more: Any,
) -> Page:
    stem = path.rpartition("/")[2].removesuffix(".html")
    return Page(
        kind=kind,
        id=more.pop("id", stem),
        url=HOST + path,
        body=body.encode() if isinstance(body, str) else body,
        observed_at="2021-12-28T07:00:00+00:00",
        **more,
    )


def read(body: str | bytes, kind: str = "post_page", **more: Any) -> Article:
    return sites.read_page(page(body, kind, **more))


def test_a_whole_post() -> None:
    given_page = page(post())
    stats = Stats()
    assert sites.read_page(given_page, stats) == Article(
        id=NEWS,
        title="某题",
        published_raw=RAW,
        published_from="section small",
        source="某报",
        body_html=BODY,
        body_text="第一段。\n第二段。",
        body_rank=BodyRank.FULL,
        categories=["moubao"],
        tags=["某报新闻"],
        share_url=SHARE,
        original_url=PUBLIC,
        page=given_page,
    )
    assert stats["parser/title/xpath///section/h1"] == 1
    assert not any("og:title" in key for key in stats)


def test_a_whole_emnews_post() -> None:
    summary = "<blockquote>\n  <p>摘要一句。（某日报）</p>\n</blockquote>\n"
    linked = (
        '<p>据<span id="stock_1.600160"><a href="http://quote.eastmoney.com/unify/r/1.600160" '
        'class="keytip" data-code="1,600160">某股份</a></span>公告。</p>'
    )
    given_page = page(
        post(
            summary + linked + link(EM_URL) + EM_BACK,
            tags="<small>tags: <em>东财滚动新闻</em></small>",
        ),
        path=f"/emnews/2021/12/28/{DIGITS}.html",
    )
    assert sites.read_page(given_page) == Article(
        id=NEWS,
        title="某题",
        published_raw=RAW,
        published_from="section small",
        source="某日报",
        summary="摘要一句。（某日报）",
        body_html=linked,
        body_text="据某股份公告。",
        body_rank=BodyRank.LINKED,
        categories=["emnews"],
        tags=["东财滚动新闻"],
        mentions=[Mention("1", "600160", "某股份", "stock")],
        original_url=PUBLIC,
        page=given_page,
    )


TWO_LINES = '<p><a href="{0}emnews/">返回东财滚动新闻</a>\n<a href="{0}">返回首页</a></p>'


@pytest.mark.parametrize(
    ("footer", "categories"),
    [
        ("", ["emnews"]),
        (TWO_LINES.format("../"), ["emnews"]),
        (TWO_LINES.format("./"), ["emnews"]),
        (TWO_LINES.format("//finews.withounder.com/"), ["emnews"]),
        (TWO_LINES.format("//finews.zning.me/"), ["emnews"]),
        (EM_BACK, ["emnews"]),
        (BACK.format(slug="TechWeb"), ["TechWeb"]),
        (BACK.format(slug="%E7%94%B2%C2%B7b"), ["甲·b"]),
        (BACK.format(slug="21shiji%2021caijingAPP"), ["21shiji", "21caijingAPP"]),
    ],
)
def test_generations(footer: str, categories: list[str]) -> None:
    given_page = page(
        post(
            f"<p>只有摘要。（财联社）</p>{link(EM_URL)}{footer}",
            tags="<small>tags: <em>东财滚动新闻</em></small>",
        ),
        path=f"/emnews/2021/12/28/{DIGITS}.html",
    )
    article = sites.read_page(given_page)
    assert article.published_shift is None  # no footer shows that a time is late
    assert article.published_from == "section small"
    assert article.categories == categories
    if categories == ["emnews"]:
        assert (article.summary, article.body_text) == ("只有摘要。（财联社）", "只有摘要。")
        assert article.body_rank is BodyRank.SUMMARY
        assert article.source == "财联社"


@pytest.mark.parametrize(
    ("markup", "summary"),
    [
        ("<p><em>ST甲、</em>ST乙</p>", "*ST甲、*ST乙"),
        ("<p><strong>注</strong>，<em>ST<em>甲</em></em></p>", "**注**，*ST*甲**"),
        ("<table><tbody><tr><td>甲</td><td>乙</td></tr></tbody></table>", "甲\t乙"),
        ("<p>一\n二</p><p>三</p>", "一 二\n三"),
        ("", None),
    ],
)
def test_summary_is_text_only(markup: str, summary: str | None) -> None:
    article = read(post(f"<blockquote>{markup}</blockquote><p>正文。</p>{link(EM_URL)}{EM_BACK}"))
    assert (article.summary, article.body_text) == (summary, "正文。")
    assert article.body_rank is BodyRank.LINKED


def test_a_quotation_elsewhere_is_the_articles_own() -> None:
    article = read(post(f"<blockquote><p>引语</p></blockquote>{BODY}{BACK.format(slug='moubao')}"))
    assert article.summary is None
    assert (article.body_text or "").startswith("引语\n")


@pytest.mark.parametrize(
    ("summary", "source"),
    [
        ("某事。（财联社）", "财联社"),
        ("某事。（安信国际证券(香港)）", "安信国际证券(香港)"),
        ("某事。（21世纪经济报道）", "21世纪经济报道"),
        ("某事（名单）", None),
        ("某事（附股）", None),
        ("某事（600160）", None),
        ("某事(财联社)", "财联社"),
        ("某事。(央视新闻)", "央视新闻"),
        ("某公司(巨化股份)", None),
        ("某公司(01548.HK)", None),
        ("某事(600160)", None),
        ("某事（他说，是的）", None),
        ("某事（财联社）。", None),
        ("某事（" + "长" * 21 + "）", None),
    ],
)
def test_source_of_summary(summary: str, source: str | None) -> None:
    assert source_of_summary(summary) == source


@pytest.mark.parametrize(
    ("path", "info_code", "categories"),
    [
        (f"/moubao/2021/12/28/{NEWS}.html", NEWS, ["moubao"]),
        (f"/21shiji/21caijingapp/2022/01/24/{DIGITS}.html", NEWS, ["21shiji", "21caijingapp"]),
        (f"/{quote('证券·e')}/2021/12/28/{NEWS}.html", NEWS, ["证券·e"]),
        (f"/2021/12/28/2021-12-28-{DIGITS}.html", NEWS, None),
        (f"/old_post/2021-12-28-{DIGITS}.html", NEWS, None),
        ("/sitenews/2021/12/01/init.html", "finews:init", ["sitenews"]),
    ],
)
def test_addresses(path: str, info_code: str, categories: list[str] | None) -> None:
    article = read(post("<p>一句。</p>"), path=path)
    assert article.id == info_code
    assert article.categories == categories
    assert article.body_rank is BodyRank.FULL
    assert article.summary is None


def test_the_path_stands_in_for_a_page_without_address() -> None:
    given_page = page(post(), id=NEWS)
    given_page.url = ""
    assert sites.read_page(given_page).info_code == NEWS


HEAD = (
    '<meta property="og:title" content="{title}" />'
    '<meta property="article:published_time" content="2021-12-28T14:27:35+08:00" />'
    '<script type="application/ld+json">{{"datePublished":"2021-12-28T14:27:35+08:00"}}</script>'
)


def test_fallbacks_are_used_and_counted() -> None:
    stats = Stats()
    article = sites.read_page(
        page(post(title="", time="", head=HEAD.format(title="别处的题"))), stats
    )
    assert article.title == "别处的题"
    assert article.published_raw == "2021-12-28T14:27:35+08:00"
    assert article.published_from == "article:published_time"
    assert stats["parser/title/xpath///section/h1"] == 0
    assert "parser/title/xpath///section/h1" in stats
    assert any(stats[key] for key in stats if "og:title" in key)
    bare = HEAD[HEAD.index("<script") :].format()
    assert read(post(time="", head=bare)).published_from == "JSON-LD datePublished"


def test_a_post_with_broken_front_matter() -> None:
    head = HEAD.format(title="金融消息")
    article = read(
        post(title="", tags="", head=head, body=BODY + link(SHARE) + BACK.format(slug="a"))
    )
    assert article.title is None
    assert article.body_text == "第一段。\n第二段。"
    assert article.published_raw == RAW
    published = read_published(
        article.published_raw,
        where=article.published_from,
        info_code_date=date_of_info_code(NEWS),
        shift=article.published_shift,
        now=datetime(2021, 12, 30, tzinfo=UTC),
    )
    assert (published.at, published.precision) == ("2021-12-28T00:00:00+08:00", "day")


def test_a_post_without_layout() -> None:
    article = read(BODY + link(SHARE) + BACK.format(slug="moubao"), path=f"/2021/12/31/{NEWS}.html")
    assert (article.title, article.published_raw, article.published_from) == (None, None, None)
    assert article.body_text == "第一段。\n第二段。"
    assert article.categories == ["moubao"]
    assert (article.share_url, article.original_url) == (SHARE, PUBLIC)


def test_generation_7() -> None:
    share = SHARE.replace("finews.zning.xyz", "choicewzp1.eastmoney.com")
    back = BACK.format(slug="TechWeb").replace("category/TechWeb.html", "TechWeb/")
    article = read(post(f"<p>短题\n短摘要。（某网）</p>{link(share)}{back}"))
    assert (article.summary, article.body_text) == ("短摘要。（某网）", "短摘要。")
    assert (article.body_rank, article.source) == (BodyRank.SUMMARY, "某网")
    assert (article.categories, article.share_url) == (["TechWeb"], share)
    article = read(post(f"{BODY}{link(share)}{back}"))
    assert (article.body_rank, article.summary) == (BodyRank.FULL, None)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (f"{BODY}<p>&lt;&gt;</p>{EM_BACK}", "第一段。\n第二段。"),
        (f"{BODY}{link('https://example.com/')}{EM_BACK}", None),
        (f"{BODY}{link(PUBLIC.replace('28490028', '28490029'))}{EM_BACK}", None),
        (f"<p>见{link(PUBLIC)[3:]}{EM_BACK}", f"见{PUBLIC}"),
    ],
)
def test_only_the_posts_own_link_is_taken(body: str, kept: str | None) -> None:
    article = read(post(body))
    assert article.share_url is None
    if kept:
        assert article.body_text == kept
    else:
        assert (article.body_text or "").splitlines()[-1].startswith("https://")
        # Then the line before names the source, and does not belong to the text.
        assert "文章来源" not in (article.body_text or "")


LOGIN = "<!DOCTYPE html><html><head><title>登录</title></head><body><form></form></body></html>"


@pytest.mark.parametrize(
    ("body", "path", "reason", "says"),
    [
        ("", None, "empty", "0 bytes"),
        (" \n\x00", None, "empty", "3 bytes"),
        (b"<html>\xe9\x93\xb6\xe8\xa1\x8c" * 9 + b"\xff</html>", None, "charset", "UTF-8"),
        (b"\x81\xff\xff\x80\x81" * 9, None, "charset", "gb18030"),
        (post()[:-400], None, "cut_off", "</html>"),
        (post()[:700], None, "cut_off", "</html>"),
        (LOGIN, None, "not_a_post", "登录"),
        (site("<h2>404 找不到页面</h2>", "404"), None, "not_a_post", "404 | 金融消息"),
        ("<hr /><p>layout: post title: x</p>", None, "not_a_post", "layout: post"),
        (BODY + link(SHARE), None, "not_a_post", "footer"),
        (post(), "/moubao/2021/12/28/NW202113282228490028.html", "no_id", "infoCode"),
        (post("", title=""), None, "nothing", NEWS),
        (post(link(SHARE) + EM_BACK, title=""), None, "nothing", NEWS),
    ],
)
def test_unreadable_posts(body: str | bytes, path: str | None, reason: str, says: str) -> None:
    with pytest.raises(sites.Unreadable) as caught:
        read(body, **({"path": path} if path else {}))
    assert caught.value.reason == reason
    assert says in caught.value.detail
    assert sites.REASONS[reason] in str(caught.value)


LAST = link(SHARE)
FOOTER = BACK.format(slug="moubao")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"<p>正文</p>{LAST}后面的一句话{FOOTER}", "正文\n后面的一句话"),
        (f"<p>正文</p>{LAST}{FOOTER}后面的一句话", "正文\n后面的一句话"),
        (f"<p>正文</p><p>&lt;&gt;</p>后面的一句话{FOOTER}", "正文\n后面的一句话"),
        (f"<p>正文</p><small>小字</small>后面的一句话{LAST}{FOOTER}", "正文\n后面的一句话"),
        (f"<blockquote>摘要</blockquote>前面的一句话<p>正文</p>{EM_BACK}", "前面的一句话\n正文"),
    ],
)
def test_the_text_behind_a_removed_element_is_kept(body: str, text: str) -> None:
    assert read(post(body)).body_text == text


def test_the_settings_are_of_the_mirror() -> None:
    assert settings.NEWSCRAWL_BASE_URL == finews.HOME
    assert finews.HOST in settings.NEWSCRAWL_MIRROR_HOSTS


def test_every_kind_is_known() -> None:
    with pytest.raises(ValueError, match="'mail' is not a valid PageKind"):
        read("x", "mail")
    with pytest.raises(ValueError, match="kind listing_page; there are post_page, post_file"):
        read("x", "listing_page")


@given(
    st.binary() | st.text().map(str.encode),
    st.sampled_from(["post_page", "api_answer", "article_page"]),
)
def test_any_bytes_give_an_article_or_a_reason(body: bytes, kind: str) -> None:
    try:
        article = read(body, kind)
    except sites.Unreadable:  # its reason is one of REASONS, or it could not be made
        return
    assert article.title or article.body_html


# --- charsets -----------------------------------------------------------------------------------

WORDS = "银行业绩增长，市场反应平稳。"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (WORDS.encode(), None),
        (WORDS.encode(), "text/html; charset=ISO-8859-1"),
        (WORDS.encode(), "text/html; charset=gb2312"),
        (WORDS.encode("utf-8-sig"), None),
        (WORDS.encode("utf-16"), None),
        (WORDS.encode("gbk"), "text/html; charset=gb2312"),
        (WORDS.encode("gb18030"), "text/html"),
        (WORDS.encode("gb18030"), "text/html; charset=utf-8"),
        (WORDS.encode("gb18030"), "text/html; charset=nonsense"),
        (WORDS.encode("big5", "ignore"), "text/html; charset=big5"),
    ],
)
def test_charsets(body: bytes, content_type: str | None) -> None:
    expected = (
        WORDS.encode("big5", "ignore").decode("big5") if "big5" in str(content_type) else WORDS
    )
    assert decode.decode_page(body, content_type) == expected


STRAY = {
    b"%b (\xa0a)": "%s (\xa0a)",
    b"%b \x93Quoted\x94 %b": "%s “Quoted” %s",
    b"<p>\xa0%b</p>": "<p>\xa0%s</p>",
    b"%b \x80100": "%s €100",
}


@pytest.mark.parametrize("body", STRAY)
def test_stray_bytes_of_another_charset(body: bytes) -> None:
    count = body.count(b"%b")
    assert decode.decode_page(body % ((WORDS.encode(),) * count)) == STRAY[body] % (
        (WORDS,) * count
    )


def test_the_euro_of_charset_936() -> None:
    body = WORDS.encode("gbk") + b" \x80100" + WORDS.encode("gbk")
    assert decode.decode_page(body) == f"{WORDS} €100{WORDS}"


@pytest.mark.parametrize(
    "body",
    [
        "银行".encode() * 20 + b"\xa0" + "银行".encode() * 20,  # what is left of a character
        "银行".encode() * 20 + b" \xe9\x93 " + "银行".encode() * 20,  # half of one
        "银行".encode() * 200 + b" \x93" * 11 + "银行".encode() * 20,  # too many
        "银行".encode() * 20 + b" \xff " + "银行".encode() * 20,  # no charset has it
    ],
)
def test_bytes_that_were_lost_are_not_read_as_others(body: bytes) -> None:
    with pytest.raises(sites.Unreadable) as caught:
        decode.decode_page(body)
    assert caught.value.reason == "charset"


def test_declared_charset_of_a_page() -> None:
    body = f'<html><head><meta charset="gbk"></head>{WORDS}</html>'.encode("gbk")
    assert WORDS in decode.decode_page(body)


def test_line_ends_and_controls() -> None:
    assert decode.decode_page(b"a\r\nb\rc\x00\x07\td") == "a\nb\nc\td"


# --- listings -----------------------------------------------------------------------------------


def test_a_category_page() -> None:
    items = "".join(f'<li><a href="{href}">题</a></li>' for href in LINKS)
    own = f'<link rel="canonical" href="{HOST}/category/moubao.html">'
    found = read_listing(page(site(f'<h2 id="x">某报新闻</h2><ul>{items}</ul>', "别家新闻", own)))
    assert found == ListingPage(
        links=LINKS,
        categories=["moubao", "证券·e"],
        heading="某报新闻",
        own="moubao",
        is_mirror=True,
    )


LINKS = [
    f"/moubao/2021/12/28/{NEWS}.html",
    f"/证券·e/2021/12/28/{DIGITS}.html",
    f"/moubao/2021/12/28/{NEWS}.html",
]


@pytest.mark.parametrize(
    ("body", "links", "heading", "is_mirror"),
    [
        (site("<h2></h2><ul></ul>"), [], None, True),
        (site("<h2>404</h2>"), [], "404", True),
        (site(f'<pre><code>&lt;a href="{LINKS[0]}"&gt;</code></pre>'), [], None, True),
        (site(f'<h2>甲</h2><a href="{LINKS[0]}">题</a><hr/><h2>乙</h2>'), LINKS[:1], None, True),
        (site('<a href="/category/x.html">返回</a><a href="http://[x/">坏</a>'), [], None, True),
        (LOGIN, [], None, False),
        (f'<html><body><a href="{LINKS[0]}">题</a></body></html>', [], None, False),
        ("plain", [], None, False),
    ],
)
def test_listings(body: str, links: list[str], heading: str | None, is_mirror: bool) -> None:
    found = read_listing(page(body))
    assert (found.links, found.heading, found.is_mirror) == (links, heading, is_mirror)


def test_a_listing_cut_off_is_no_listing() -> None:
    with pytest.raises(sites.Unreadable) as caught:
        read_listing(page(site("<h2>某报新闻</h2>")[:-20]))
    assert caught.value.reason == "cut_off"


@pytest.mark.parametrize(
    ("href", "categories"),
    [
        ("//finews.withounder.com/category/moubao.html", ["moubao"]),
        ("/category/TechWeb.html", ["TechWeb"]),
        ("/category/a%20b.html", ["a", "b"]),
        ("//h/category/zhengquanshibao%C2%B7egongsi.html", ["zhengquanshibao·egongsi"]),
        ("../emnews/", ["emnews"]),
        ("//finews.zning.me/emnews/", ["emnews"]),
        (f"/emnews/2021/12/28/{DIGITS}.html", None),
        ("//finews.withounder.com/", None),
        ("http://[x/", None),
        ("", None),
    ],
)
def test_category_of_link(href: str, categories: list[str] | None) -> None:
    assert category_of_link(href) == categories


@pytest.mark.parametrize(
    ("href", "post", "categories"),
    [
        (LINKS[0], True, ["moubao"]),
        (HOST + LINKS[0], True, ["moubao"]),
        (f"/a/b/2021/12/28/{NEWS}.html", True, ["a", "b"]),
        (f"/2021/12/28/{NEWS}.html", True, []),
        ("/%E7%94%B2/2021/12/28/x.html", True, ["甲"]),
        ("/category/moubao.html", False, []),
        ("/moubao/2021/12/28/", False, []),
        ("http://[x/", False, []),
    ],
)
def test_post_links(href: str, post: bool, categories: list[str]) -> None:
    assert is_post_link(href) is post
    assert category_of_path(href) == categories


# --- answers ------------------------------------------------------------------------------------

ANSWER = {
    "Id": NEWS,
    "newsid": DIGITS,
    "Title": "某题",
    "Date": "14:27",
    "From": "甲报",
    "medianame": "乙报",
    "Author": [],
    "Order": 1,
    "text": "<p>　　正文。</p>",
    "content": "<p>　　正文，带链接。</p>",
    "something": {"new": None},
}


def answer(changes: dict[str, Any] | None = None, *, wrap: str = "%s", **more: Any) -> Article:
    data = {key: value for key, value in {**ANSWER, **(changes or {})}.items() if value != "-"}
    return read(wrap % json.dumps(data, ensure_ascii=False), "api_answer", id=more.pop("id", NEWS))


def test_a_whole_answer() -> None:
    found = answer()
    found.page = None
    assert found == Article(
        id=NEWS,
        title="某题",
        published_raw="14:27",
        published_from="Date",
        source="甲报",
        body_html="<p>　　正文，带链接。</p>",
        body_text="正文，带链接。",
        body_rank=BodyRank.LINKED,
        original_url=PUBLIC,
    )


@pytest.mark.parametrize(
    "wrap", ["%s", "\ufeff%s", "var jsonData =%s;", "cb(%s);", "jQuery1_2(%s)", "\n %s\n;\n"]
)
def test_wrappers_of_answers(wrap: str) -> None:
    assert answer(wrap=wrap).title == "某题"


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"content": "-"}, "body_text", "正文。"),
        ({"content": None}, "body_rank", BodyRank.FULL),
        ({"content": ""}, "body_rank", BodyRank.FULL),
        ({"content": "-", "text": "-"}, "body_rank", None),
        ({"From": None}, "source", "乙报"),
        ({"From": " "}, "source", "乙报"),
        ({"From": "-", "medianame": 5}, "source", None),
        ({"content": '<p>一</p><p class="em_media">（文章来源：丙报）</p>'}, "source", "丙报"),
        ({"Id": "-", "newsid": None}, "info_code", NEWS),
        ({"Title": "甲\ud800乙\x00"}, "title", "甲乙"),
        ({"Title": None}, "title", None),
        ({"Title": "&quot;双碳&quot;下的AT&amp;T"}, "title", '"双碳"下的AT&T'),
        ({"Title": "&amp;lt;草案&amp;gt;<br/>"}, "title", "&lt;草案&gt;"),
        ({"Author": ["张 三", "", 5, "李四"]}, "author", "张 三、李四"),
        ({"Author": "王五"}, "author", "王五"),
        ({"Author": []}, "author", None),
        ({"Author": None}, "author", None),
        ({"Date": None}, "published_from", None),
    ],
)
def test_answers(changes: dict[str, Any], field: str, value: object) -> None:
    data = json.dumps({k: v for k, v in {**ANSWER, **changes}.items() if v != "-"})
    assert getattr(read(data, "api_answer", id=DIGITS), field) == value


@pytest.mark.parametrize("date", ["14:27", "2021-12-28 14:27", "2021-12-28", "2021-12-28 14:27:35"])
def test_dates_of_answers(date: str) -> None:
    published = read_published(
        answer({"Date": date}).published_raw,
        where="Date",
        info_code_date=date_of_info_code(NEWS),
        now=datetime(2021, 12, 30, tzinfo=UTC),
    )
    assert (published.at or "").startswith("2021-12-28T")
    assert published.source == "Date"


@pytest.mark.parametrize(
    ("body", "reason", "says"),
    [
        ("", "empty", "0 bytes"),
        (LOGIN, "not_json", "<!DOCTYPE html>"),
        ("<script>{}</script>", "not_json", "<script>"),
        ("error", "not_json", "error"),
        ("[1]", "not_json", "[1]"),
        ('{"Title": ', "not_json", "Title"),
        ('{"Title":' + "[" * 100_000, "not_json", "Title"),
        ('{"Title":' + "9" * 10_000 + "}", "not_json", "Title"),
        ("null", "null", "null"),
        ("cb(null);", "null", "cb(null)"),
        ("var jsonData = null;", "null", "null"),
        ('{"Title": null, "content": null}', "null", "Title, content"),
        ("{}", "lacks_keys", "none"),
        ('{"rc": 1, "me": "busy"}', "lacks_keys", "rc, me"),
        ('{"Title": "", "text": " <p></p>"}', "nothing", NEWS),
        ('{"Title": "某题", "Id": "NW202112282228490029"}', "wrong_id", "490029"),
        ('{"Title": "某题", "newsid": 5}', "wrong_id", "'5'"),
    ],
)
def test_unreadable_answers(body: str, reason: str, says: str) -> None:
    with pytest.raises(sites.Unreadable) as caught:
        read(body, "api_answer", id=NEWS)
    assert caught.value.reason == reason
    assert says in caught.value.detail


def test_an_answer_needs_an_id_that_was_asked_for() -> None:
    with pytest.raises(sites.Unreadable) as caught:
        read(json.dumps(ANSWER), "api_answer", id="init")
    assert caught.value.reason == "no_id"


# --- public pages -------------------------------------------------------------------------------


def public(body: str, *, title: str = "某股份：回购股份_东方财富网", items: str = "") -> str:
    items = items or '<div class=" item">2021年12月28日 14:27</div><div class="item">丙新闻</div>'
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title></head><body>'
        f'<div class="mainleft"><h1>大题</h1><div class="infos">{items}</div>'
        f'<div class="zwinfos"><div class="txtinfos" id="ContentBody" style="margin-top:0;">'
        f'<!--文章主体-->{body}</div></div></div><div class="mainright">推荐</div></body></html>'
    )


@pytest.mark.parametrize(
    ("names", "author", "source"),
    [
        ("", None, "丙新闻"),
        ('<div class="item">作者：张三</div>', "张三", "丙新闻"),
        (
            '<div class="item">编辑：李四</div><div class="item">作者： 张三 </div>',
            "张三",
            "丙新闻",
        ),
    ],
)
def test_author_of_a_public_page(names: str, author: str | None, source: str) -> None:
    """Wherever it stands; an editor is not an author, and neither is the source."""
    date, publisher = (
        '<div class="item">2021年12月28日 14:27</div>',
        '<div class="item">丙新闻</div>',
    )
    for items in (date + names + publisher, date + publisher + names):
        html = public("<p>一</p>", items=items)
        found = sites.read_page(page(html, "article_page", f"/a/{DIGITS}.html"))
        assert (found.author, found.source) == (author, source)


def test_a_whole_public_page() -> None:
    body = (
        '<p>　　据<a href="http://quote.eastmoney.com/r/0.002353" class="keytip" '
        'data-code="002353" target="_blank">某股份</a>公告。</p>'
        '<p class="em_media">（文章来源：丁报）</p><p>（责任编辑：9）</p>'
        '<div class="em_xuangu">选股</div><div id="comBodyEnd"></div>'
    )
    given_page = page(public(body), "article_page", f"/a/{DIGITS}.html")
    assert sites.read_page(given_page) == Article(
        id=NEWS,
        title="某股份：回购股份",
        published_raw="2021年12月28日 14:27",
        published_from="div.infos item",
        source="丁报",
        body_html=(
            '<p>　　据<a href="http://quote.eastmoney.com/r/0.002353" class="keytip" '
            'data-code="002353">某股份</a>公告。</p>\n<p class="em_media">（文章来源：丁报）</p>'
        ),
        body_text="据某股份公告。",
        body_rank=BodyRank.LINKED,
        mentions=[Mention("0", "002353", "某股份", "stock")],
        original_url=PUBLIC,
        removed={"advert": 1, "sentence": 1},
        page=given_page,
    )


PRINTED = (
    ("09时20分", ""),
    ("下午 2时20分", ""),
    ("刚刚", ""),
    ("昨天", ""),
    ("3天前", ""),
    ("30秒前", ""),
    ("半小时前", ""),
    ("发布于 2021-12-28 09:20", ""),
    ("2021-12-28 09:20:30", ""),
    ("2021-12-28 09:20 来源：财联社", "财联社"),
    ("2021-12-28 09:20 阅读 123", ""),
)
DATE = '<div class=" item">2021年12月28日 14:27</div>'
SOURCE_ITEM = '<div class="item">21世纪经济报道</div>'
OLD_LAYOUT = (
    "<!DOCTYPE html><html><head><title>早盘整理 _ 东方财富网</title></head><body><h1>早盘整理</h1>"
    '<div class="time-source"><div class="time">2021年12月28日 08:15</div>'
    '<div class="source data-source" data-source="证券时报网">来源：<a><img src="/x.png"></a></div>'
    '<p class="author">编辑：某</p></div><div class="b-review">　　摘要：早盘指数震荡。</div>'
    '<div id="ContentBody" class="Body"><p>一</p><div id="comBodyEnd"></div></div></body></html>'
)


@pytest.mark.parametrize(
    ("html", "field", "value"),
    [
        (public("<p>一</p>"), "source", "丙新闻"),
        (public("<p>一</p>", items="<b></b>"), "published_raw", None),
        (public("<p>一</p>", items="<b></b>"), "source", None),
        (public("<p>一</p>", title=""), "title", "大题"),
        (public("<p>一</p>", title="题(08-27) _ 东方财富网"), "title", "题(08-27)"),
        (public("<p>一</p>", title="题_财经频道_东方财富网"), "title", "题"),
        (public("<p>一</p>", title="题 - 股票频道 - 东方财富网"), "title", "题"),
        (public("<p>一</p>", title="题——天天基金网"), "title", "题"),
        (public("<p>一</p>", title="在股吧一天 | 股吧"), "title", "在股吧一天"),
        (public("<p>一</p>", title="东方财富网"), "title", "东方财富网"),
        (public("<p>一</p>", title="A股-港股频道走红"), "title", "A股-港股频道走红"),
        (
            public("<p>一</p>", items=DATE + '<div class="item">中国青年报</div>'),
            "source",
            "中国青年报",
        ),
        (
            public("<p>一</p>", items='<div class="item">北京青年报</div>' + DATE),
            "source",
            "北京青年报",
        ),
        (
            public("<p>一</p>", items='<div class="item">北京青年报</div>' + DATE),
            "published_raw",
            "2021年12月28日 14:27",
        ),
        (
            public('<div class="x"></div>').replace(
                '<div class="zwinfos">',
                '<div class="abstract"><div class="txt">摘要：上扬。</div></div>'
                '<div class="zwinfos">',
            ),
            "summary",
            "上扬。",
        ),
        *(
            (
                public("<p>一</p>", items=f'<div class="item">{printed}</div>' + SOURCE_ITEM),
                name,
                value,
            )
            for printed in (
                "12-28 14:27",
                "12月28日 14:27",
                "24分钟前",
                "14：27",
                "发布时间：14:27",
            )
            for name, value in (("published_raw", printed), ("source", "21世纪经济报道"))
        ),
        *(
            (public("<p>一</p>", items=f'<div class="item">{printed}</div>' + other), name, value)
            for printed, source in PRINTED
            for other in ("" if source else SOURCE_ITEM,)
            for name, value in (
                ("published_raw", printed.partition(" 来源")[0].partition(" 阅读")[0]),
                ("source", source or "21世纪经济报道"),
            )
        ),
        *(
            (public("<p>一</p>", items=f'<div class="item">{name}</div>' + DATE), field, value)
            for name in ("21:30财经", "3月7日文化", "中国青年报", "36氪", "来源：界面新闻")
            for field, value in (
                ("source", name.removeprefix("来源：")),
                ("published_raw", "2021年12月28日 14:27"),
            )
        ),
        (
            public("<p>一</p>", items=DATE + '<div class="item">责任编辑：张三</div>'),
            "source",
            None,
        ),
        (public("<p>一</p>", items=DATE + '<div class="item">作者:张三</div>'), "author", "张三"),
        (public("<p>一</p>", title="探访：CCTV-2财经频道"), "title", "探访：CCTV-2财经频道"),
        (public("<p>一</p>", title="题｜财经频道－东方财富网"), "title", "题"),
        (public("<p>一</p>", title="题_东方财富网股吧"), "title", "题"),
        (public("<p>一</p>", title="券商股大涨－东方财富"), "title", "券商股大涨－东方财富"),
        (
            public(
                "<p>一</p>", title="题_股票频道_财富号_股吧_天天基金网_东方财富网_东方财富网股吧"
            ),
            "title",
            "题",
        ),
        (OLD_LAYOUT, "title", "早盘整理"),
        (OLD_LAYOUT, "published_raw", "2021年12月28日 08:15"),
        (OLD_LAYOUT, "published_from", "div.time"),
        (OLD_LAYOUT, "source", "证券时报网"),
        (OLD_LAYOUT, "summary", "早盘指数震荡。"),
        (public("<p>一</p>"), "categories", None),
    ],
)
def test_public_pages(html: str, field: str, value: object) -> None:
    assert getattr(read(html, "article_page", path=f"/a/{DIGITS}.html"), field) == value


@pytest.mark.parametrize(
    ("html", "path", "reason"),
    [
        (LOGIN, f"/a/{DIGITS}.html", "not_a_post"),
        (public("<p>一</p>")[:-10], f"/a/{DIGITS}.html", "cut_off"),
        (public("<p>一</p>"), "/a/x.html", "no_id"),
        (
            public("<p>一</p>").replace(
                "<title>",
                '<link rel="canonical" href='
                '"https://finance.eastmoney.com/a/202607023791619999.html"><title>',
            ),
            f"/a/{DIGITS}.html",
            "wrong_id",
        ),
        (
            public("<p>一</p>").replace(
                "<title>",
                '<meta property="og:url" content='
                '"//finance.eastmoney.com/a/202607023791619999.html"><title>',
            ),
            f"/a/{DIGITS}.html",
            "wrong_id",
        ),
    ],
)
def test_unreadable_public_pages(html: str, path: str, reason: str) -> None:
    with pytest.raises(sites.Unreadable) as caught:
        read(html, "article_page", path=path)
    assert caught.value.reason == reason


# --- real pages ---------------------------------------------------------------------------------


def front_matter(path: Path) -> dict[str, str]:
    head = path.read_text("utf-8").split("---")[1]
    return {
        key: value.strip().strip('"')
        for key, _, value in (line.partition(":") for line in head.strip().splitlines())
    }


def real_posts(finews: Path) -> list[tuple[Page, dict[str, str]]]:
    found = []
    for path in sorted(finews.glob("site/**/*.html")):
        name = path.relative_to(finews / "site").as_posix()
        dated = re.search(r"(\d{4})/(\d{2})/(\d{2})/([^/]+)\.html", name)
        stem = "-".join(dated.groups()) if dated else path.stem
        source = finews / ("posts" if dated else "old_post") / f"{stem}.md"
        if source.exists() and path.read_text("utf-8").startswith("<!DOCTYPE"):
            found.append((page(path.read_bytes(), path=f"/{name}"), front_matter(source)))
    return found


def test_real_posts_equal_their_front_matter(finews: Path) -> None:
    posts = real_posts(finews)
    assert len(posts) >= 15
    for real, said in posts:
        article = sites.read_page(real)
        published = read_published(
            article.published_raw,
            where=article.published_from,
            info_code_date=date_of_info_code(article.id or ""),
            shift=article.published_shift,
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )
        assert article.title == said["title"]
        assert published.at == said["date"][:19].replace(" ", "T") + "+08:00"
        assert article.categories == said["categories"].split()
        assert article.tags == said["tags"].split()
        assert article.unknown is None
        assert (article.published_shift is None) == said["date"].endswith("+0800")


def test_nothing_of_the_layout_is_left_in_real_bodies(finews: Path) -> None:
    for real, _ in real_posts(finews):
        article = sites.read_page(real)
        whole = f"{article.body_html}\n{article.body_text}"
        assert not re.search(
            r"GetPic|EmImageRemark|K图|display|返回|NewsShare|tags:|quote_|EM_Stock|\u3000|<small",
            whole,
        )
        assert (article.id or "")[2:] not in whole or article.id == "finews:init"
        assert "文章来源" not in (article.body_text or "")
        assert article.share_url is None or article.share_url.endswith(article.id or "")


def test_words_broken_by_links_are_whole_in_real_posts(finews: Path) -> None:
    articles = [sites.read_page(real) for real, _ in real_posts(finews)]
    assert {"上海证券报", "中国证券报"} <= {article.source for article in articles}
    linked = [article for article in articles if article.body_rank is BodyRank.LINKED]
    assert len(linked) == 2
    assert any("(CPPIB)" in (article.body_text or "") for article in linked)
    # One article, two posts: with links and without they are the same text.
    pair = [article.body_text for article in articles if article.id == "NW202205302396671645"]
    assert len(pair) == 2
    assert len(set(pair)) == 1


def test_the_seed_post_has_its_paragraphs_in_order(finews: Path) -> None:
    [(real, _)] = [each for each in real_posts(finews) if each[0].id == NEWS]
    source = (finews / "posts" / f"2021-12-28-{NEWS}.md").read_text("utf-8")
    paragraphs = re.findall(r"<p>(.*?)</p>", source)
    article = sites.read_page(real)
    assert (article.body_text or "").split("\n") == paragraphs
    assert len(paragraphs) == 15


def test_real_listings(finews: Path) -> None:
    site_folder = finews / "site"
    for path in [*site_folder.glob("category/*.html"), site_folder / "index.html"]:
        found = read_listing(page(path.read_bytes()))
        assert found.is_mirror
        assert found.links
        assert all((site_folder / link.lstrip("/")).exists() for link in found.links)
        assert (found.heading is None) == (path.name == "index.html")
    for name in ("404.html", "emnews/index.html"):
        found = read_listing(page((site_folder / name).read_bytes()))
        assert (found.is_mirror, found.links) == (True, [])
