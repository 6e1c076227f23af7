"""The answers of the share interface and the public article page, upstream of the mirror."""

from __future__ import annotations

import html
import json

from newscrawl.items import Mention, Origin
from samplesite.truth import Truth

SHELL = """<!DOCTYPE html>
<html>
<head><meta charset="utf-8"><title></title></head>
<body><div id="app"></div><script src="/html_News/share.js"></script></body>
</html>
"""
"""The share page, the same for every article: what the real one holds is not known."""

ERROR = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
DATES = {
    "share_date_minute": "%Y-%m-%d %H:%M",
    "share_date_day": "%Y-%m-%d",
    "share_date_clock": "%H:%M",
}


def answer(truth: Truth | None) -> str:
    """The answer of GetNewsText for an article, or for an unknown id.

    Its keys and their case are those that clients of the real interface read; no whole answer of
    it is public, so the values' detail is made up. What it says of an unknown id is not known.
    """
    if truth is None or "share_null" in truth.oddities:
        return "null"
    if "share_html" in truth.oddities:
        return ERROR
    if "share_empty" in truth.oddities:
        return ""
    form = next((DATES[name] for name in truth.oddities if name in DATES), "%Y-%m-%d %H:%M:%S")
    data: dict[str, object] = {
        "Id": truth.info_code,
        "newsid": truth.digits,
        "Title": truth.title,
        "Date": truth.published.strftime(form),
        "From": source_of(truth),
        "medianame": truth.list_source,
        "Author": [],
        "reletecodes": [f"{m.market}.{m.code}" for m in named_beside(truth)],
        "relkey": None,
        "Order": 0,
        "docreader": "",
        "url": f"http://finance.eastmoney.com/a/{truth.digits}.html",
        "text": indented(truth, linked=False),
        "content": indented(truth, linked=True),
    }
    if "share_bare" in truth.oddities:
        del data["text"], data["content"]
    text = json.dumps(data, ensure_ascii=False)
    return f"var jsonData={text};" if "share_wrapped" in truth.oddities else text


def named_beside(truth: Truth) -> list[Mention]:
    """The stocks that the answer names beside the article, as an archive keeps them."""
    stocks = {(m.market, m.code): m.kind for m in truth.full.mentions}
    return [
        Mention(*security, "", kind, origin=Origin.LIST)
        for security, kind in stocks.items()
        if kind == "stock"
    ]


def source_of(truth: Truth) -> str | None:
    """The source that the body names: the posts of early generations do not name it."""
    return truth.source or truth.list_source


def indented(truth: Truth, linked: bool) -> str:
    """The body with the indent that upstream puts before each paragraph."""
    parts = []
    for block in truth.body.blocks:
        text = block.linked if linked else block.html
        indent = block.kind == "paragraph" and text.startswith("<p>")
        parts.append(f"<p>　　{text[3:]}" if indent else text)
    return "".join(parts)


def public_page(truth: Truth) -> str:
    """The public article page: time to the minute, and furniture among the paragraphs."""
    title, source = html.escape(truth.title), source_of(truth)
    words = html.escape(truth.full.paragraphs[0])
    body = indented(truth, linked=True).replace("<a href", '<a target="_blank" href')
    middle = body.find("</p>", len(body) // 2) + len("</p>")
    promo = '<p>　　<a class="toplink" href="https://example.invalid/">试试研究助手</a></p>'
    advert = '<div class="ad_context3"><script>var slot = "演示";</script></div>'
    return f"""<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8" />
<title>{title}_东方财富网</title>
<meta name="description" content="【{title}】{words}" />
<style>.txtinfos p {{ text-indent: 0 }}</style>
</head>
<body>
<div class="contentbox">
<div class="mainleft">
<div class="zwinfos">
<div class="infos"><div class=" item">{truth.published:%Y年%m月%d日 %H:%M}</div>\
<div class="item">{source}</div></div>
<div class="abstract"><div class="abs-title">摘要</div><div class="txt">{words}</div></div>
<div class="txtinfos" id="ContentBody" style="margin-top:0;"><!--文章主体-->
<style>.em_media {{ color: #666 }}</style>{promo}{body[:middle]}{advert}
<div class="em_xuangu">选股工具</div>{body[middle:]}
<div class="abstract">摘要：{words}</div>
<center><img src="http://example.invalid/k.png" alt="K图 演示" /></center>
<p>打开微信，</p><p>点击底部的“发现”</p>
<p>（责任编辑：演示）</p><!-- comBodyEnd -->
</div>
<div class="disclaimer">郑重声明：此处为演示文字。</div>
</div>
</div>
<div class="mainright"><h3>推荐</h3><ul><li>\
<a href="/a/202001011234567890.html">另一篇</a></li></ul></div>
</div>
</body>
</html>
"""
