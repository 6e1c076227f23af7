"""What each kind of page says: one module per kind, all of them pure functions of the bytes.

Nothing here asks the network, knows Scrapy or opens the store: a page that was kept can be read
again, with better rules, at any time.
"""

from __future__ import annotations

from collections.abc import Callable

from newscrawl.items import Article, Page
from newscrawl.loaders import Rule, Stats
from newscrawl.sites import limits
from newscrawl.sites.eastmoney import api_answer, article_page, list_entry
from newscrawl.sites.errors import REASONS, Unreadable
from newscrawl.sites.finews import post_file, post_page

__all__ = ["LOADER_VERSION", "REASONS", "Unreadable", "read_page", "rules_of"]

LOADER_VERSION: int = 1
"""Grows with every change of a rule that makes a page say something else."""

_RULES: dict[str, tuple[Rule, ...]] = {
    "post_page": (*post_page.RULES, *post_page.CODED),
    "api_answer": api_answer.ALL_RULES,
    "article_page": article_page.ALL_RULES,
    "list_entry": list_entry.ALL_RULES,
    "post_file": (*post_file.RULES, *post_file.CODED),
}

_READERS: dict[str, Callable[[Page, Stats | None], Article]] = {
    "post_page": post_page.read_post_page,
    "api_answer": api_answer.read_api_answer,
    "article_page": article_page.read_article_page,
    "list_entry": list_entry.read_list_entry,
    "post_file": post_file.read_post_file,
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
        raise ValueError(f"no reader for pages of kind {page.kind!r}; there are {kinds}") from None
    if page.kind != "post_file":  # the user's own, on this machine
        limits.check_size(page)
    article = reader(page, stats)
    article.page = page
    return article


def rules_of(kind: str) -> tuple[Rule, ...]:
    """Return every rule that a kind of page is read by; a run counts the use of each."""
    return _RULES[kind]
