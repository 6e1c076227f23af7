"""Reads the mirror's rendered post pages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from newscrawl.items import Article, BodyRank, Page
from newscrawl.loaders import ArticleLoader, Rule, Stats, text_of
from newscrawl.sites.decode import decode_page
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney.info_code import (
    BadInfoCode,
    canonical_url,
    info_code_of_stem,
    path_of_url,
    public_url,
)
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.finews import late_times
from newscrawl.sites.finews.footer import (
    Footer,
    is_share_url,
    take_footer,
    take_link,
)
from newscrawl.sites.html import check_whole, drop, parse_html
from newscrawl.sites.summary import source_of_summary, without_source
from newscrawl.text.sanitize import squeeze
from newscrawl.text.times import BUILD_TIME

_JSON_LD = 'string(//script[@type="application/ld+json"])'
_NOT_SITE_NAME = '[not(@content = //meta[@property="og:site_name"]/@content)]'

RULES = (
    # The site's name is an h1 as well, outside of section.
    Rule("title", "//section/h1"),
    Rule(
        "title",
        f'(//meta[@property="og:title"])[1]{_NOT_SITE_NAME}/@content',
        "the plugin gives the site's name to a post without title",
    ),
    Rule("published_raw", "(//section/h1)[1]/preceding-sibling::small[1]", name="section small"),
    Rule(
        "published_raw",
        '//meta[@property="article:published_time"]/@content',
        "the layout without its line of time",
        name="article:published_time",
    ),
    Rule(
        "published_raw",
        f"substring-before(substring-after({_JSON_LD}, '\"datePublished\":\"'), '\"')",
        "neither of both",
        name="JSON-LD datePublished",
    ),
    Rule("tags", '//section/small[starts-with(normalize-space(), "tags:")]/em'),
)

CODED = (
    *bodies.BODY_RULES,
    Rule("source", "summary's tail", "the body has no 文章来源 line", kind="rule"),
    Rule("categories", "footer", kind="rule"),
    Rule("categories", "path", "the footer names no category, or not all", kind="rule"),
    Rule("share_url", "last paragraph", kind="rule"),
    Rule("published_shift", late_times.REASON, kind="rule"),
    Rule("published_shift", late_times.REASON_OF_NOTICE, kind="rule"),
    Rule("published_from", "build time", "the front matter is lost", kind="rule"),
)
"""Rules that are code and not a path."""

SHORT_TITLE_HOST = "//choicewzp1.eastmoney.com/"
"""In the links of generation 7a alone, whose posts have a short title."""

_LAYOUT = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_DATED_PATH = re.compile(r"^/((?:[^/]+/)*)[0-9]{4}/[0-9]{2}/[0-9]{2}/[^/]+\.html$")


@dataclass(slots=True)
class Parts:
    """A rendered post, or the content of a feed's entry, taken apart."""

    footer: Footer
    link: str | None
    """The share or original URL that the post ends with."""
    summary: str | None
    """The block quote that an emnews post begins with."""
    body: bodies.Body


def read_post_page(page: Page, stats: Stats | None = None) -> Article:
    """Return the article of a post page.

    Raises Unreadable: ``empty``, ``charset``, ``too_deep``, ``too_large``, ``cut_off``,
    ``unclosed``, ``not_a_post``, ``no_id``, ``wrong_id``, ``nothing``.
    """
    text = decode_page(page.body, page.content_type)
    root = parse_html(text)
    heading = next(iter(root.iterfind(".//section/h1")), None)
    if heading is None and not _LAYOUT.search(text[:1000]):
        return _read_bare(page, text, stats)
    check_whole(text, root, has_article=heading is not None, expected="a section with an h1")
    assert heading is not None  # noqa: S101 - check_whole guarantees it
    info_code = _info_code(page)
    _check_own_address(root, page, info_code)

    loader = ArticleLoader.of(root, stats)
    loader.add_value("id", info_code)
    used = loader.apply(RULES)
    tags = loader.get_collected_values("tags")
    lost_front_matter = not squeeze(text_of(heading)) and not tags

    parts = take_apart(_content(heading), info_code, is_emnews=_is_emnews(tags, page.url))
    if "published_raw" in used:
        _add_time(loader, used["published_raw"].name, info_code, lost_front_matter)
    _add_categories(loader, parts.footer, page.url)
    add_parts(loader, parts, info_code)
    return load_post_page(loader, info_code)


def _read_bare(page: Page, text: str, stats: Stats | None) -> Article:
    """Read a post whose front matter is broken, a quote in its title: Jekyll gives it no layout.

    Its page is only the post's content, without title and time. The footer distinguishes it from
    other pages, and shows that it is complete.
    """
    info_code = _info_code(page)
    parts = take_apart(bodies.parse_fragment(text), info_code)
    if not parts.footer.hrefs:
        raise Unreadable(
            "not_a_post",
            f"the page begins with {text[:60].strip()!r}; expected a section with an h1, or a "
            "post's content with its footer",
        )
    loader = ArticleLoader(stats=stats)
    loader.add_value("id", info_code)
    _add_categories(loader, parts.footer, page.url)
    add_parts(loader, parts, info_code)
    return load_post_page(loader, info_code)


def load_post_page(loader: ArticleLoader, info_code: str) -> Article:
    """Return the article that was filled; raise Unreadable, ``nothing``, for an empty one."""
    article: Article = loader.load_item()
    if not article.title and not article.body_text and not article.images:
        raise Unreadable("nothing", f"the post {info_code} is empty")
    return article


def _info_code(page: Page) -> str:
    try:
        name = path_of_url(page.url).rpartition("/")[2]
    except BadInfoCode:
        name = ""
    stem = name.removesuffix(".html") or page.id
    try:
        return info_code_of_stem(stem, page.site)
    except BadInfoCode as error:
        raise Unreadable("no_id", str(error)) from None


def _check_own_address(root: etree._Element, page: Page, info_code: str) -> None:
    """Raise Unreadable, ``wrong_id``, for a page that names another article's address as its own.

    A server that mixes up its answers, or a cache on the way, gives one in another's place.
    """
    for link in root.iterfind("head/link[@rel='canonical']"):
        try:
            name = path_of_url(link.get("href", "")).rpartition("/")[2].removesuffix(".html")
            named = info_code_of_stem(name, page.site)
        except BadInfoCode:
            continue
        if named != info_code:
            raise Unreadable("wrong_id", f"requested {info_code}, the page is that of {named}")


def _content(heading: etree._Element) -> etree._Element:
    """Move what follows the heading, but for the layout's tags, into an element of its own."""
    content = etree.Element("div")
    content.text = heading.tail
    content.extend(list(heading.itersiblings()))
    for small in content.findall("small"):  # the tags, or nothing of the article
        drop(small)
    return content


def _is_emnews(tags: list[str], url: str) -> bool:
    return "东财滚动新闻" in tags or "emnews" in category_of_path(url)


def take_apart(content: etree._Element, info_code: str, *, is_emnews: bool = False) -> Parts:
    """Take a post's content, an element that is used up, into its parts.

    `is_emnews` says so for posts whose footer does not: the first generation has none.
    """
    footer = take_footer(content)
    link = take_link(content, info_code)
    short = link is not None and _drop_short_title(content, link)
    is_emnews = is_emnews or "emnews" in (footer.categories or [])
    if short or is_emnews:
        _restore_asterisks(content)
    summary = _take_summary(content) if is_emnews else None
    return parts_of(footer, link, summary, bodies.read_body(content), is_summary=short or is_emnews)


def parts_of(
    footer: Footer, link: str | None, summary: str | None, body: bodies.Body, *, is_summary: bool
) -> Parts:
    """Return a post's parts, the body as what it is: `is_summary` says that it may be one."""
    if summary is not None and body.rank is BodyRank.FULL:
        # Behind a summary stands the API's `content`, with links on whatever it names: here none.
        body.rank = BodyRank.LINKED
    # Generations 0 to 5 print the summary alone, as the one plain paragraph.
    if is_summary and summary is None and _is_summary(body):
        summary, body.rank = body.text, BodyRank.SUMMARY
        body.text = without_source(summary or "")
    return Parts(footer, link, summary, body)


def _restore_asterisks(content: etree._Element) -> None:
    """Undo the emphasis that kramdown makes of two asterisks in a summary, as of ``*ST甲、*ST乙``.

    A summary is the block quote that a post begins with, or all of a post without a body, which
    then has one paragraph. The emphasis of a body is its own.
    """
    blocks = [each for each in content if isinstance(each.tag, str)]
    if not blocks or (blocks[0].tag != "blockquote" and [each.tag for each in blocks] != ["p"]):
        return
    for emphasis in blocks[0].iter("em", "strong"):
        mark = "*" if emphasis.tag == "em" else "**"
        emphasis.text = mark + (emphasis.text or "")
        if len(emphasis):
            emphasis[-1].tail = (emphasis[-1].tail or "") + mark
        else:
            emphasis.text += mark
    etree.strip_tags(blocks[0], "em", "strong")


def _take_summary(content: etree._Element) -> str | None:
    first = next((each for each in content if isinstance(each.tag, str)), None)
    if first is None or first.tag != "blockquote" or squeeze(content.text or ""):
        return None
    drop(first)
    # kramdown takes a summary with | for a table: then tabs stand where the bars were.
    return "\n".join(bodies.body_lines(first))


def _drop_short_title(content: etree._Element, link: str) -> bool:
    """Remove the short title from a post of generation 7a, which has it and a short summary.

    The two are lines of one plain paragraph; only that generation links to Choice's own host.
    """
    paragraphs = [each for each in content if isinstance(each.tag, str)]
    if SHORT_TITLE_HOST not in link or len(paragraphs) != 1 or len(paragraphs[0]):
        return False
    _, newline, summary = (paragraphs[0].text or "").partition("\n")
    if newline:
        paragraphs[0].text = summary
    return bool(newline)


def _is_summary(body: bodies.Body) -> bool:
    """Tell a summary from a body: one line, and none of what bodies are made of."""
    return bool(
        body.text
        and "\n" not in body.text
        and body.rank is BodyRank.FULL
        and not body.source
        and not body.images
    )


def _add_time(loader: ArticleLoader, where: str, info_code: str, lost_front_matter: bool) -> None:
    if lost_front_matter:
        loader.put("published_from", "rule", "build time", BUILD_TIME)
    else:
        add_time_of_build(loader, where, info_code)


def add_time_of_build(loader: ArticleLoader, where: str, info_code: str) -> None:
    """Add where the site's build printed the time, and whether it is late."""
    printed = loader.get_output_value("published_raw")
    if reason := late_times.late_reason(info_code, printed or ""):
        loader.put("published_shift", "rule", reason, late_times.HOURS)
        where = f"{where}, {reason}"
    loader.add_value("published_from", where)


def _add_categories(loader: ArticleLoader, footer: Footer, url: str) -> None:
    named = footer.categories or []
    loader.put("categories", "rule", "footer", named)
    of_path = category_of_path(url)
    # The footer names one category; the path has all of them, in small letters.
    spelt = {each.casefold() for each in named}
    rest = [each for each in of_path if each.casefold() not in spelt]
    if not named or (rest and len(of_path) > 1):
        loader.put("categories", "rule", "path", rest)


def add_parts(loader: ArticleLoader, parts: Parts, info_code: str) -> None:
    """Add what the parts of a post say, but for its categories."""
    original_url = public_url(info_code)
    if parts.link and is_share_url(parts.link):
        loader.put("share_url", "rule", "last paragraph", parts.link)
    elif parts.link and original_url is None:
        original_url = canonical_url(parts.link)
    loader.add_value("original_url", original_url)
    bodies.add_body(loader, parts.body)
    loader.add_value("summary", parts.summary)
    if parts.body.source is None and parts.summary and (source := source_of_summary(parts.summary)):
        loader.put("source", "rule", "summary's tail", source)


def category_of_path(url: str) -> list[str]:
    """Return the categories in a post's path, the pieces before its date, in lower case there."""
    try:
        path = path_of_url(url)
    except BadInfoCode:
        return []
    match = _DATED_PATH.match(path)
    return [piece for piece in match[1].split("/") if piece] if match else []
