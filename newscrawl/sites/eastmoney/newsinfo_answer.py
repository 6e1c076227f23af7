"""Reads an answer of newsinfo's getnews: an article as JSON, its links and images beside the body.

The body has a comment where each stands, ``<!--IMG#0-->`` or ``<!--Link#1-->``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from newscrawl.items import Article, Page
from newscrawl.loaders import ArticleLoader, Rule, Stats
from newscrawl.sites.decode import decode_page
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney.info_code import BadInfoCode, parse_info_code, public_url
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.list_answer import unwrap
from newscrawl.sites.summary import split_summary
from newscrawl.text.sanitize import plain_text

_RULES = (
    Rule("title", "title", kind="key"),
    Rule("published_raw", "showtime", kind="key"),
    Rule("source", "source", "the body has no 文章来源 line", kind="key"),
)
RULES = (
    *_RULES,
    Rule("summary", "description", kind="key"),
    Rule("body_html", "body", kind="key"),
    *bodies.BODY_RULES,
)
_PLACE = re.compile(
    r'(?:<span id="stock_([0-9A-Za-z]{1,10})([1257])">\s*)?<!--(IMG|Link)#([0-9]{1,4})-->'
)
_OLD_MARKETS = {"1": "1", "2": "0", "5": "116"}
"""Eastmoney's market numbers for the old ones at a code's end: ``6007171``; 7 is any American."""


def read_newsinfo_answer(page: Page, stats: Stats | None = None) -> Article:
    """Return the article of an answer; keys that are missing or null leave fields empty.

    Raises Unreadable: ``empty``, ``too_large``, ``charset``, ``not_json``, ``not_a_post``,
    ``refused``, ``null``, ``lacks_keys``, ``no_id``, ``wrong_id``, ``nothing``.
    """
    news = _news(unwrap(decode_page(page.body, page.content_type)))
    info_code = _info_code(page, news)
    loader = ArticleLoader(stats=stats)
    loader.add_value("id", info_code)
    if isinstance(title := news.get("title"), str):
        news["title"] = plain_text(title)
    loader.apply([rule for rule in _RULES if rule.field != "source"], news)
    if loader.has("published_raw"):
        loader.add_value("published_from", "showtime")
    if isinstance(said := news.get("description"), str):
        _, summary = split_summary(plain_text(said))
        loader.put("summary", "key", "description", summary)
    body = bodies.read_html(_whole(news))
    if loader.put("body_html", "key", "body", body.html):
        body.html = None
        bodies.add_body(loader, body)
    if not loader.has("source"):
        loader.apply([rule for rule in _RULES if rule.field == "source"], news)
    loader.add_value("original_url", public_url(info_code))
    article: Article = loader.load_item()
    if not article.title and not article.body_html:
        raise Unreadable("nothing", f"title and body of {info_code} are empty")
    return article


def _news(data: dict[str, Any]) -> dict[str, Any]:
    """Return the article's object in an answer."""
    if str(data.get("rc")) != "1":
        said = str(data.get("me") or "")[:60]
        raise Unreadable("refused", f"rc is {str(data.get('rc'))[:20]!r}, expected 1: {said!r}")
    if "news" not in data:
        raise Unreadable("lacks_keys", f"no news is there; its keys: {', '.join(data)[:100]}")
    if not isinstance(news := data["news"], dict) or not news:
        raise Unreadable("null", f"news is {str(news)[:40]!r}; expected an object")
    return news


def _info_code(page: Page, news: Mapping[str, Any]) -> str:
    """Return the info code that was requested, after checking that the answer is about it."""
    try:
        asked = parse_info_code(page.id)
    except BadInfoCode as error:
        raise Unreadable("no_id", str(error)) from None
    said = str(news.get("newsid") or "").strip()
    try:
        agrees = not said or parse_info_code(said) == asked
    except BadInfoCode:
        agrees = False
    if not agrees:
        raise Unreadable("wrong_id", f"requested {asked}, the answer is about {said[:60]!r}")
    return asked


def _whole(news: Mapping[str, Any]) -> str:
    """Return the body with each image and link in its place, once: an answer does not grow."""
    body = news.get("body")
    parts = {"IMG": _objects(news.get("images")), "Link": _objects(news.get("links"))}

    def part(match: re.Match[str]) -> str:
        code, market, kind, number = match.groups()
        found = parts[kind].pop(int(number), None)
        if found is None:
            return match[0]
        return _image(found) if kind == "IMG" else _link(found, code, market)

    return _PLACE.sub(part, body) if isinstance(body, str) else ""


def _objects(values: object) -> dict[int, dict[str, Any]]:
    listed = values if isinstance(values, list) else []
    return {place: each for place, each in enumerate(listed) if isinstance(each, dict)}


def _image(found: Mapping[str, Any]) -> str:
    names = ("src", "alt", "width", "height")
    given = {name: found[name] for name in names if isinstance(found.get(name), str | int)}
    written = "".join(f' {name}="{html.escape(str(given[name]))}"' for name in given)
    return f"<img{written}>"


def _link(found: Mapping[str, Any], code: str | None, market: str | None) -> str:
    """Return a link, to a security where the span around it names one."""
    address = html.escape(str(found.get("url_w") or found.get("url_m") or ""))
    text = html.escape(str(found.get("text") or ""))
    if code is None or market is None:
        return f'<a href="{address}">{text}</a>'
    named = f"{_OLD_MARKETS[market]},{code}" if market in _OLD_MARKETS else code
    return f'<span><a href="{address}" class="keytip" data-code="{named}">{text}</a>'
