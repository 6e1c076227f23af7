"""Site adapters: what the pages of each site say, as pure functions of their bytes.

Nothing here accesses the network, the archive or Scrapy: a stored page can be read again, with
better rules, at any time. Each site is a folder that declares its kinds of page.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from newscrawl.items import PageKind
from newscrawl.sites.errors import REASONS, Unreadable
from newscrawl.sites.limits import check_size

if TYPE_CHECKING:
    from newscrawl.items import Article, Page
    from newscrawl.loaders import Rule, Stats
    from newscrawl.sites.page_reader import PageReader

__all__ = ["LOADER_VERSION", "REASONS", "Unreadable", "read_page", "rules_of"]

LOADER_VERSION: int = 2
"""Increases with every change of a rule that gives a page another content."""


@cache
def _readers() -> dict[PageKind, PageReader]:
    """Join the sites' declarations, when the first page is read: parsers take time to import."""
    from newscrawl.sites import eastmoney, finews, lists
    from newscrawl.sites.page_reader import PageReader

    return {
        **finews.page_readers(),
        **eastmoney.page_readers(),
        PageKind.LIST_ENTRY: PageReader(lists.read_list_entry, lists.RULES),
    }


def read_page(page: Page, stats: Stats | None = None) -> Article:
    """Return the article of a page, with ``article.page`` set to the page.

    *stats* counts the use of each rule, as ArticleLoader says.

    :raises Unreadable: the page has no article.
    :raises ValueError: no site has pages of this kind.
    """
    readers = _readers()
    if page.kind not in readers:
        raise ValueError(f"no reader for pages of kind {page.kind}; there are {', '.join(readers)}")
    if not page.kind.is_local:
        check_size(page)
    article = readers[page.kind].read(page, stats)
    article.page = page
    return article


def rules_of(kind: PageKind) -> tuple[Rule, ...]:
    """Return every rule by which a kind of page is read; a run counts the use of each."""
    return _readers()[kind].rules
