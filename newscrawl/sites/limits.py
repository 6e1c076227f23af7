"""How large a page may be that is read: some take a parser minutes, and one loses parts of them."""

from __future__ import annotations

from newscrawl.items import Page
from newscrawl.sites.errors import Unreadable

LARGEST = 1_000_000
"""Bytes of an article's page: posts have 30 KB, public pages with their scripts 200 KB."""
LARGEST_LIST = 5_000_000
"""Bytes of a list: 1.3 MB for 10,000 posts."""


def check_size(page: Page, largest: int = LARGEST) -> None:
    """Raise Unreadable, ``too_large``, for a page of more bytes."""
    if len(page.body) > largest:
        raise Unreadable("too_large", f"it has {len(page.body)} bytes; {largest} are read")
