"""How large a page may be that is read: some take a parser minutes, and one loses parts of them."""

from __future__ import annotations

import re

from newscrawl.items import Page
from newscrawl.pages.reasons import Unreadable

LARGEST = 1_000_000
"""Bytes of an article's page: posts have 30 KB, public pages with their scripts 200 KB."""
LARGEST_LIST = 5_000_000
"""Bytes of a list: 1.3 MB for 10,000 posts."""
_MOST_ATTRIBUTES = 1000
_TAG = re.compile(r"<[a-zA-Z][^<>]*")


def check_size(page: Page, largest: int = LARGEST) -> None:
    """Raise Unreadable, ``too_large``, for a page of more bytes."""
    if len(page.body) > largest:
        raise Unreadable("too_large", f"it has {len(page.body)} bytes; {largest} are read")


def check_tags(text: str) -> None:
    """Raise Unreadable, ``too_large``, for a tag with attributes by the thousand.

    libxml2 compares each with all before it: 40,000 in one tag take seven seconds.
    """
    if len(text) <= 2 * _MOST_ATTRIBUTES:
        return
    for tag in _TAG.finditer(text):
        length = tag.end() - tag.start()
        if length > 2 * _MOST_ATTRIBUTES and len(tag[0].split()) > _MOST_ATTRIBUTES:
            raise Unreadable("too_large", f"a tag has {len(tag[0].split()) - 1} attributes")
