"""Reads an article's page on Eastmoney, https://finance.eastmoney.com/a/<digits>.html."""

from __future__ import annotations

import re

from lxml import etree

from newscrawl.items import Article, Page
from newscrawl.loaders import ArticleLoader, Rule, Stats, xpath_values
from newscrawl.sites.decode import decode_page
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney.info_code import BadInfoCode, parse_info_code, public_url
from newscrawl.sites.eastmoney.source_line import Names, named
from newscrawl.sites.eastmoney.titles import clean_title
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.html import check_whole, detached, parse_html
from newscrawl.text.sanitize import squeeze
from newscrawl.text.times import time_and_rest

# The class is " item", with a space before it.
_ITEM = '//div[@class="infos"]/div[normalize-space(@class) = "item"]'
_ITEMS, _OLD_TIME = "div.infos item", "div.time"

_RULES = (
    Rule("title", "//title"),
    Rule("title", "(//h1)[1]", "the page without title"),
    Rule("summary", '//div[@class="abstract"]//div[@class="txt"][1]'),
    Rule("summary", '//div[@class="b-review"][1]', "the layout before 2020"),
)
_ABSTRACT = "摘要："
_LABELLED = re.compile("[（(]?(?:文章)?来源|作者")
_OLD_SOURCE_RULE = Rule("source", "//@data-source", "the layout before 2020")
_CODED = (
    Rule("published_raw", _ITEMS, "with which an item begins", kind="rule"),
    Rule("published_raw", _OLD_TIME, "the layout before 2020", kind="rule"),
    Rule("author", _ITEMS, "behind 作者", kind="rule"),
    Rule("source", _ITEMS, "the body has no 文章来源 line: other items", kind="rule"),
)
RULES = (*_RULES, *_CODED, _OLD_SOURCE_RULE, *bodies.BODY_RULES)


def read_article_page(page: Page, stats: Stats | None = None) -> Article:
    """Return the article of a page; its time has no seconds.

    Raises Unreadable: ``empty``, ``too_large``, ``charset``, ``cut_off``, ``not_a_post``,
    ``no_id``, ``wrong_id``, ``nothing``.
    """
    text = decode_page(page.body, page.content_type)
    root = parse_html(text)
    content = next(iter(root.iterfind('.//div[@id="ContentBody"]')), None)
    check_whole(text, root, has_article=content is not None, expected="a div #ContentBody")
    assert content is not None  # noqa: S101 - check_whole guarantees it
    try:
        info_code = parse_info_code(page.url or page.id)
    except BadInfoCode as error:
        raise Unreadable("no_id", str(error)) from None
    _check_own_address(root, info_code)

    loader = ArticleLoader.of(root, stats)
    loader.add_value("id", info_code)
    loader.apply(_RULES)
    if title := loader.get_output_value("title"):
        loader.replace_value("title", clean_title(title))
    if summary := squeeze(loader.get_output_value("summary") or ""):
        loader.replace_value("summary", summary.removeprefix(_ABSTRACT))
    times, names = _items(root)
    old_times = xpath_values(root, '//div[@class="time"][1]')
    for where, printed in ((_ITEMS, times), (_OLD_TIME, old_times)):
        if loader.put("published_raw", "rule", where, printed[:1]):
            loader.add_value("published_from", where)
            break
    body = bodies.read_body(detached(content))
    bodies.add_body(loader, body)
    authors = [each.author for each in names if each.author]
    loader.put("author", "rule", _ITEMS, authors[:1])
    if body.source is None:
        sources = [each.source for each in names if each.source]
        if not loader.put("source", "rule", _ITEMS, sources[:1]):
            loader.apply((_OLD_SOURCE_RULE,))
    loader.add_value("original_url", public_url(info_code))
    article: Article = loader.load_item()
    if not article.title and not article.body_html:
        raise Unreadable("nothing", f"the page of {info_code} is empty")
    return article


def _items(root: etree._Element) -> tuple[list[str], list[Names]]:
    """Return the times that items under the title begin with, and whom the items name."""
    times, names = [], []
    for item in map(squeeze, xpath_values(root, _ITEM)):
        printed, rest = time_and_rest(item)
        if printed:
            times.append(printed)
            # Behind a time stand how often the page was read and the like.
            rest = rest if _LABELLED.match(rest) else ""
        names.append(named(rest))
    return times, names


def _check_own_address(root: etree._Element, info_code: str) -> None:
    """Raise Unreadable, ``wrong_id``, for a page that names another article's address as its own.

    A server that mixes up its answers, or a cache on the way, gives one in another's place.
    """
    own = [each.get("href") for each in root.iterfind("head/link[@rel='canonical']")]
    own += [each.get("content") for each in root.iterfind("head/meta[@property='og:url']")]
    for address in filter(None, own):
        try:
            found = parse_info_code(address)
        except BadInfoCode:
            continue
        if found != info_code:
            raise Unreadable("wrong_id", f"requested {info_code}, the page is that of {found}")
