"""Reads an article's page on Eastmoney, https://finance.eastmoney.com/a/<digits>.html."""

from __future__ import annotations

from lxml import etree

from newscrawl.items import Article, Page
from newscrawl.loaders import ArticleLoader, Rule, Stats
from newscrawl.sites.decode import decode_page
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney.info_code import BadInfoCode, parse_info_code, public_url
from newscrawl.sites.eastmoney.titles import clean_title
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.html import check_whole, detached, parse_html
from newscrawl.text.sanitize import squeeze

# The class is " item", with a space before it.
_ITEM = '//div[@class="infos"]/div[normalize-space(@class) = "item"]'
# 中国青年报 and 21世纪经济报道 are sources, and no times.
_IS_TIME = (
    '(contains(., "月") and contains(., "日") or contains(., "分钟前") or contains(., "小时前")'
    ' or contains(translate(., "：", ":"), ":") and not(contains(., "来源")))'
    ' and translate(., "0123456789", "") != .'
)

_RULES = (
    Rule("title", "//title"),
    Rule("title", "(//h1)[1]", "the page without title"),
    Rule("published_raw", f"{_ITEM}[{_IS_TIME}][1]", name="div.infos item"),
    Rule("published_raw", '//div[@class="time"][1]', "the layout before 2020", name="div.time"),
    Rule("summary", '//div[@class="abstract"]//div[@class="txt"][1]'),
    Rule("summary", '//div[@class="b-review"][1]', "the layout before 2020"),
)
_ABSTRACT = "摘要："
_AUTHOR_RULE = Rule("author", f'substring-after({_ITEM}[starts-with(., "作者：")][1], "作者：")')
_SOURCE_RULE = Rule(
    "source",
    f'{_ITEM}[not({_IS_TIME} or starts-with(., "作者：") or starts-with(., "编辑："))][1]',
    "the body has no 文章来源 line; the items are the time, the source, and some an author",
)
_OLD_SOURCE_RULE = Rule("source", "//@data-source", "the layout before 2020")
RULES = (*_RULES, _AUTHOR_RULE, _SOURCE_RULE, _OLD_SOURCE_RULE, *bodies.BODY_RULES)


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
    used = loader.apply((*_RULES, _AUTHOR_RULE))
    if title := loader.get_output_value("title"):
        loader.replace_value("title", clean_title(title))
    if summary := squeeze(loader.get_output_value("summary") or ""):
        loader.replace_value("summary", summary.removeprefix(_ABSTRACT))
    if "published_raw" in used:
        loader.add_value("published_from", used["published_raw"].name)
    body = bodies.read_body(detached(content))
    bodies.add_body(loader, body)
    if body.source is None:
        loader.apply((_SOURCE_RULE, _OLD_SOURCE_RULE))
    loader.add_value("original_url", public_url(info_code))
    article: Article = loader.load_item()
    if not article.title and not article.body_html:
        raise Unreadable("nothing", f"the page of {info_code} is empty")
    return article


def _check_own_address(root: etree._Element, info_code: str) -> None:
    """Raise Unreadable, ``wrong_id``, for a page that names another article's address as its own.

    A server that mixes up its answers, or a cache on the way, gives one in another's place.
    """
    named = [each.get("href") for each in root.iterfind("head/link[@rel='canonical']")]
    named += [each.get("content") for each in root.iterfind("head/meta[@property='og:url']")]
    for address in filter(None, named):
        try:
            found = parse_info_code(address)
        except BadInfoCode:
            continue
        if found != info_code:
            raise Unreadable("wrong_id", f"requested {info_code}, the page is that of {found}")
