"""The largest pages that are read: larger ones can take a parser minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newscrawl.sites.errors import Unreadable

if TYPE_CHECKING:
    from newscrawl.items import Page

LARGEST = 1_000_000
"""Bytes of an article's page: posts have 30 KB, public pages with their scripts 200 KB."""
LARGEST_LIST = 5_000_000
"""Bytes of a list: 1.3 MB for 10,000 posts."""


def check_size(page: Page, largest: int = LARGEST) -> None:
    """Raise Unreadable, ``too_large``, for a page of more bytes."""
    if len(page.body) > largest:
        raise Unreadable("too_large", f"it has {len(page.body)} bytes; {largest} are read")
