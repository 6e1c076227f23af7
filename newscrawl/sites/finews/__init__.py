"""finews, the mirror: its rendered posts, their source files, its listings and its feed.

A page is identified by its file name, which holds the article's infoCode; the mirror's own notices,
without one, are known as ``finews:<slug>``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from newscrawl.items import PageKind

if TYPE_CHECKING:
    from newscrawl.sites.page_reader import PageReader

HOST = "finews.withounder.com"
HOME = f"https://{HOST}/"
"""The home page. Exports link to it, and their ids of articles are made from its host."""


def page_readers() -> dict[PageKind, PageReader]:
    """Return how each kind of page of this site is read."""
    from newscrawl.sites.finews import post_file, post_page
    from newscrawl.sites.page_reader import PageReader

    return {
        PageKind.POST_PAGE: PageReader(
            post_page.read_post_page, (*post_page.RULES, *post_page.CODED)
        ),
        PageKind.POST_FILE: PageReader(
            post_file.read_post_file, (*post_file.RULES, *post_file.CODED)
        ),
    }
