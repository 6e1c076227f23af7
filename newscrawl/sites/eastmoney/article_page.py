"""Reads an article's page on Eastmoney, https://finance.eastmoney.com/a/<digits>.html."""

from __future__ import annotations

from newscrawl.items import Article, Page
from newscrawl.loaders import ArticleLoader, Rule, Stats
from newscrawl.sites.decode import decode_page
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney.info_code import BadInfoCode, parse_info_code, public_url
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.html import check_whole, detached, parse_html

# The class is " item", with a space before it.
_ITEM = '//div[@class="infos"]/div[normalize-space(@class) = "item"]'

_RULES = (
    Rule("title", 'substring-before(concat(//title, "_东方财富网"), "_东方财富网")'),
    Rule("title", "(//h1)[1]", "the page without title"),
    Rule("published_raw", f'{_ITEM}[contains(., "年")][1]'),
)
_AUTHOR_RULE = Rule("author", f'substring-after({_ITEM}[starts-with(., "作者：")][1], "作者：")')
_SOURCE_RULE = Rule(
    "source",
    f'{_ITEM}[not(contains(., "年") or starts-with(., "作者：") or starts-with(., "编辑："))][1]',
    "the body has no 文章来源 line; the items are the time, the source, and some an author",
)
RULES = (*_RULES, _AUTHOR_RULE, _SOURCE_RULE, *bodies.BODY_RULES)


def read_article_page(page: Page, stats: Stats | None = None) -> Article:
    """Return the article of a page; its time has no seconds.

    Raises Unreadable: ``empty``, ``too_large``, ``charset``, ``cut_off``, ``not_a_post``,
    ``no_id``, ``nothing``.
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

    loader = ArticleLoader.of(root, stats)
    loader.add_value("id", info_code)
    loader.apply((*_RULES, _AUTHOR_RULE))
    if loader.get_collected_values("published_raw"):
        loader.add_value("published_from", "div.infos item")
    body = bodies.read_body(detached(content))
    bodies.add_body(loader, body)
    if body.source is None:
        loader.apply((_SOURCE_RULE,))
    loader.add_value("original_url", public_url(info_code))
    article: Article = loader.load_item()
    if not article.title and not article.body_html:
        raise Unreadable("nothing", f"the page of {info_code} is empty")
    return article
