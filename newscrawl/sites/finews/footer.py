"""Reads what the mirror's script writes after each body: the original's link and the links back.

The footer shows the post's category.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from newscrawl.loaders import text_of
from newscrawl.sites.eastmoney.info_code import BadInfoCode, parse_info_code, path_of_url
from newscrawl.sites.html import drop
from newscrawl.text.sanitize import squeeze

_ORIGINAL_URL = re.compile(r"https?://[a-z.]+/(?:a|news)/(?:[0-9]+,)?([0-9]{17,18})\.html")
_CATEGORY_PATH = re.compile(r"(?:^|/)category/([^/]+)\.html")
_ROOT_PATH = re.compile(r"/([^/]+)/")
_EMNEWS_PATH = re.compile(r"(?:^|/)emnews(?:/(?:index\.html)?)?")


@dataclass(frozen=True, slots=True)
class Footer:
    """The links back, as printed."""

    hrefs: tuple[str, ...] = ()

    @property
    def categories(self) -> list[str] | None:
        """The slugs in the footer's spelling; None where it has none."""
        for href in self.hrefs:
            if found := category_of_link(href):
                return found
        # Generation 7 links to /<slug>/, where nothing is.
        path = path_of_url(self.hrefs[0]) if self.hrefs else ""
        match = _ROOT_PATH.fullmatch(path)
        return match[1].split() if match else None


def category_of_link(href: str) -> list[str] | None:
    """Return the category slugs that a link leads to, None for a link to anything else.

    Any link to ``emnews/`` means the category emnews, also the older ones that lead nowhere. A
    slug with a space gives two, since Jekyll splits it.
    """
    try:
        path = path_of_url(href.strip())
    except BadInfoCode:
        return None
    if match := _CATEGORY_PATH.search(path):
        return match[1].split() or None
    return ["emnews"] if _EMNEWS_PATH.search(path) and path.endswith(("/", "emnews")) else None


def take_footer(body: etree._Element) -> Footer:
    """Remove the footer from a rendered post's elements and return it; empty where none is."""
    for paragraph in reversed([each for each in body if each.tag == "p"][-3:]):
        links = paragraph.findall("a")
        if not links or not all(squeeze(a.text or "").startswith("返回") for a in links):
            continue
        hrefs = tuple(a.get("href", "").strip() for a in links)
        if not all(map(_is_url, hrefs)):
            continue
        drop(paragraph)
        return Footer(hrefs)
    return Footer()


def take_link(body: etree._Element, info_code: str) -> str | None:
    """Remove the last paragraph where it is only the article's own URL; return the URL.

    It is the share URL of a post from the share lists, the original's of one of emnews.
    """
    paragraphs = [each for each in body if each.tag == "p"]
    if not paragraphs:
        return None
    last = paragraphs[-1]
    text = squeeze(text_of(last))
    if text == "<>":  # what a blank record of the list API leaves
        drop(last)
        return None
    link = last.find("a")
    if link is None or len(last) != 1 or text != squeeze(link.get("href", "")):
        return None
    if not leads_to(text, info_code):
        return None
    drop(last)
    return text


def leads_to(url: str, info_code: str) -> bool:
    """Tell whether an address is that of the article itself."""
    if url.endswith(f"/html_News/NewsShare.html?infoCode={info_code}"):
        return True
    if match := _ORIGINAL_URL.fullmatch(url):
        return f"NW{match[1]}" == info_code
    # Nearly all are of these two forms; the rest is read with more care.
    try:
        return parse_info_code(url) == info_code
    except BadInfoCode:
        return False


def is_share_url(url: str) -> bool:
    """Tell a share URL, of any host, from an original's."""
    return "infocode=" in url.casefold()


def _is_url(href: str) -> bool:
    try:
        path_of_url(href)
    except BadInfoCode:
        return False
    return True
