"""Reads a post file of the mirror's repository: front matter and Markdown, of any generation.

It has all that its rendered page has, and better: its time is right in every generation, its
summary is unchanged, and a quote in its title does no harm.
"""

from __future__ import annotations

import re
from functools import lru_cache
from posixpath import basename

from lxml import etree

from newscrawl.items import Article, Page
from newscrawl.loaders import ArticleLoader, Rule, Stats
from newscrawl.sites.decode import decode_page
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney import usual_body
from newscrawl.sites.eastmoney.info_code import BadInfoCode, info_code_of_stem
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.finews import front_matter, markdown
from newscrawl.sites.finews.footer import Footer, leads_to, take_footer
from newscrawl.sites.finews.post_page import (
    SHORT_TITLE_HOST,
    Parts,
    add_parts,
    load_post_page,
    parts_of,
    take_apart,
)
from newscrawl.text.sanitize import plain_text, squeeze

RULES = (
    Rule("title", "title", kind="key"),
    Rule("published_raw", "date", kind="key"),
)
CODED = (
    Rule("categories", "categories", kind="key"),
    Rule("tags", "tags", kind="key"),
    *bodies.BODY_RULES,
    Rule("source", "summary's tail", "the body has no 文章来源 line", kind="rule"),
    Rule("share_url", "last paragraph", kind="rule"),
)
"""Rules whose value is more than a key's text."""
WHERE = "front matter date"
"""The ``published_from`` of every post file."""

_LONGEST_FOOTER = 400
_SUFFIX = re.compile(r"\.(?:md|markdown)$")
_ZONE_ALONE = re.compile(r"[+-][0-9]{2}:?[0-9]{2}")
# Jekyll splits at what Ruby takes for white space; a full-width space is part of a name there.
_SPACES = re.compile(r"[ \t\n\v\f\r\x00]+")


def id_of(name: str) -> str:
    """Return a post file's id: its folder and its name without suffix.

    ``finews-main/_posts/2021-12-08-NW202112082206672930.md`` gives
    ``_posts/2021-12-08-NW202112082206672930``. Its copy in ``old_post/`` is another page, so that
    the bytes of both are kept.
    """
    parts = name.replace("\\", "/").rstrip("/").split("/")
    stem = _SUFFIX.sub("", parts[-1]) or parts[-1]
    folder = parts[-2] if len(parts) > 1 else ""
    return f"{folder}/{stem}" if folder not in ("", ".", "..") else stem


def read_post_file(page: Page, stats: Stats | None = None) -> Article:
    """Return the article of a post file.

    Raises Unreadable: ``empty``, ``too_large``, ``charset``, ``not_a_post``, ``cut_off``,
    ``no_id``, ``nothing``.
    """
    front, text = front_matter.split(decode_page(page.body))
    values = front.values
    if "date" not in values and values.get("layout") != "post":
        raise Unreadable("not_a_post", "its front matter has no date, and its layout is not post")
    info_code = _info_code(page)
    # The words of a text are values of their own, those in a list are not.
    categories, tags = (
        front.lists[key] if key in front.lists else _words(values.get(key))
        for key in ("categories", "tags")
    )
    if _ZONE_ALONE.fullmatch(values.get("date", "")):
        del values["date"]  # what a blank record of the list API leaves

    if title := values.get("title"):
        values["title"] = plain_text(title)  # the site's layout prints it as markup
    loader = ArticleLoader(stats=stats)
    loader.add_value("id", info_code)
    if "published_raw" in loader.apply(RULES, values):
        loader.add_value("published_from", WHERE)
    loader.put("categories", "key", "categories", categories)
    loader.put("tags", "key", "tags", tags)
    is_emnews = "emnews" in categories or "东财滚动新闻" in tags
    parts = _usual_parts(text, info_code, is_emnews) or take_apart(
        markdown.content(text), info_code, is_emnews=is_emnews
    )
    for key in front.unknown:
        counted = f"front matter {key}"
        parts.body.unknown[counted] = parts.body.unknown.get(counted, 0) + 1
    add_parts(loader, parts, info_code)
    return load_post_page(loader, info_code)


def _usual_parts(text: str, info_code: str, is_emnews: bool) -> Parts | None:
    """Take a post apart without a tree; None where its end or its body is not the usual one."""
    text, block = markdown.last_block(text)
    footer = _footer(block) if len(block) <= _LONGEST_FOOTER else None
    if footer is None:
        return None
    text, block = markdown.last_block(text)
    link = squeeze(markdown.link_of(block) or "")
    if not link or SHORT_TITLE_HOST in link or not leads_to(link, info_code):
        return None
    is_emnews = is_emnews or "emnews" in (footer.categories or ())
    summary, text = markdown.quote_of(text)
    if summary is not None:
        summary = squeeze(summary)
        if not is_emnews or not summary or "&" in summary:
            return None
    if "<" not in text:
        text = "".join(f"<p>{each.strip()}</p>" for each in markdown.paragraphs(text))
    body = usual_body.read_usual_body(text)
    if body is None:
        return None
    return parts_of(footer, link, summary, body, is_summary=is_emnews)


@lru_cache(maxsize=1024)
def _footer(block: str) -> Footer | None:
    """Read a footer, which is the same in all posts of a source; None for any other block."""
    content = etree.Element("div")
    if (paragraph := markdown.footer_of(block)) is None:
        return None
    content.append(paragraph)
    footer = take_footer(content)
    return footer if footer.hrefs else None


def _info_code(page: Page) -> str:
    try:
        return info_code_of_stem(basename(page.id).lstrip("-"), page.site)
    except BadInfoCode as error:
        raise Unreadable("no_id", str(error)) from None


def _words(value: str | None) -> list[str]:
    """The categories or tags in a line, split as Jekyll splits them."""
    return [word for word in _SPACES.split(value or "") if word]
