"""What each kind of page says: one module per kind, all of them pure functions of the bytes.

Nothing here asks the network, knows Scrapy or opens the store: a page that was kept can be read
again, with better rules, at any time.
"""

from __future__ import annotations

from collections.abc import Callable

from newscrawl.items import Article, Page, PageKind
from newscrawl.loaders import Rule, Stats
from newscrawl.sites import limits
from newscrawl.sites.eastmoney import api_answer, article_page, list_entry
from newscrawl.sites.errors import REASONS, Unreadable
from newscrawl.sites.finews import post_file, post_page

__all__ = ["LOADER_VERSION", "REASONS", "Unreadable", "read_page", "rules_of"]

LOADER_VERSION: int = 1
"""Grows with every change of a rule that makes a page say something else."""

_RULES: dict[PageKind, tuple[Rule, ...]] = {
    PageKind.POST_PAGE: (*post_page.RULES, *post_page.CODED),
    PageKind.API_ANSWER: api_answer.ALL_RULES,
    PageKind.ARTICLE_PAGE: article_page.ALL_RULES,
    PageKind.LIST_ENTRY: list_entry.ALL_RULES,
    PageKind.POST_FILE: (*post_file.RULES, *post_file.CODED),
}

_READERS: dict[PageKind, Callable[[Page, Stats | None], Article]] = {
    PageKind.POST_PAGE: post_page.read_post_page,
    PageKind.API_ANSWER: api_answer.read_api_answer,
    PageKind.ARTICLE_PAGE: article_page.read_article_page,
    PageKind.LIST_ENTRY: list_entry.read_list_entry,
    PageKind.POST_FILE: post_file.read_post_file,
}


def read_page(page: Page, stats: Stats | None = None) -> Article:
    """Return the article that a page tells of, with ``article.page`` set to the page.

    `stats` counts the use of each rule, as ArticleLoader says.

    Raises Unreadable where the page gives no article; ValueError for a kind that has no reader.
    """
    try:
        reader = _READERS[page.kind]
    except KeyError:
        kinds = ", ".join(_READERS)
        raise ValueError(f"no reader for pages of kind {page.kind}; there are {kinds}") from None
    if not page.kind.is_local:
        limits.check_size(page)
    article = reader(page, stats)
    article.page = page
    return article


def rules_of(kind: PageKind) -> tuple[Rule, ...]:
    """Return every rule that a kind of page is read by; a run counts the use of each."""
    return _RULES[kind]
