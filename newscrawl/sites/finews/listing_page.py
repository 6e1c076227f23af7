"""Reads the mirror's home and category pages: the posts that they link to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from lxml import etree

from newscrawl.items import Page
from newscrawl.loaders import xpath_values
from newscrawl.sites import limits
from newscrawl.sites.decode import decode_listing, decode_page
from newscrawl.sites.eastmoney.info_code import BadInfoCode, path_of_url
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.finews.footer import category_of_link
from newscrawl.sites.finews.post_page import category_of_path
from newscrawl.sites.html import check_whole, parse_html
from newscrawl.text.sanitize import squeeze, unique

__all__ = [
    "ListingPage", "asks_for_password", "category_of_link", "category_of_path", "is_post_link",
    "path_of_slug", "read_listing",
]  # fmt: skip

_POST_PATH = re.compile(r"/(?:[^/]+/)*[0-9]{4}/[0-9]{2}/[0-9]{2}/[^/]+\.html")
_MIRROR_SIGNS = (
    '//meta[@name="generator"][starts-with(@content, "Jekyll")]/@content',
    '//link[@rel="alternate"][@type="application/atom+xml"]/@href',
)


@dataclass(slots=True)
class ListingPage:
    """What a home or category page says."""

    links: list[str]
    """The hrefs of posts, in the page's order and spelling, repeats too."""
    categories: list[str]
    """The slugs of its links to categories and of its posts' paths, each once."""
    heading: str | None
    """Its one h2, the posts' tag (its title may be another category's); None for the home page."""
    own: str | None
    """The name in the address that it gives as its own: a category's slug; None where it has none.
    """
    is_mirror: bool
    """Whether the page is of such a mirror at all, also its error page and an empty listing."""
    odd_bytes: int = 0
    """Bytes that could not be decoded."""


def read_listing(page: Page) -> ListingPage:
    """Return the posts and categories that a listing links to.

    A listing that kramdown turned into a code block, as /emnews/, has no links.

    Raises Unreadable: ``empty``, ``charset``, ``too_large``, ``too_deep``, ``cut_off``,
    ``unclosed`` (posts would be missed).
    """
    limits.check_size(page, limits.LARGEST_LIST)
    text, odd_bytes = decode_listing(page.body, page.content_type)
    root = parse_html(text)
    check_whole(text, root, has_article=True, expected="a listing")
    hrefs = [href.strip() for href in xpath_values(root, "//section//a/@href")]
    links = [href for href in hrefs if is_post_link(href)]
    slugs = [slug for href in hrefs for slug in category_of_link(href) or category_of_path(href)]
    headings = [text for h2 in xpath_values(root, "//section//h2") if (text := squeeze(h2))]
    has_section = root.find(".//section") is not None
    return ListingPage(
        links=links,
        categories=unique(slugs),
        heading=headings[0] if len(headings) == 1 else None,
        own=_own_name(root),
        is_mirror=has_section
        and (bool(links) or any(xpath_values(root, sign) for sign in _MIRROR_SIGNS)),
        odd_bytes=odd_bytes,
    )


def _own_name(root: etree._Element) -> str | None:
    for link in root.iterfind("head/link[@rel='canonical']"):
        try:
            return path_of_url(link.get("href", "")).rpartition("/")[2].removesuffix(".html")
        except BadInfoCode:
            continue
    return None


def asks_for_password(page: Page) -> bool:
    """Whether a page asks for a login, whatever its status: it has a password field."""
    try:
        root = parse_html(decode_page(page.body, page.content_type))
    except Unreadable:
        return False
    kinds = xpath_values(root, "//input/@type")
    return any(kind.strip().lower() == "password" for kind in kinds)


def path_of_slug(slug: str) -> str:
    """Return where the page of a category is, on a mirror."""
    return f"category/{quote(slug)}.html"


def is_post_link(href: str) -> bool:
    """Tell a link to a post: ``/<category>/…/<year>/<month>/<day>/<name>.html``, on any host."""
    try:
        return _POST_PATH.fullmatch(path_of_url(href)) is not None
    except BadInfoCode:
        return False
