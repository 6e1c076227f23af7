"""Eastmoney, where the articles are published: their pages, the API behind share pages, lists.

An article is identified by its infoCode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from newscrawl.items import PageKind

if TYPE_CHECKING:
    from newscrawl.sites.page_reader import PageReader


def page_readers() -> dict[PageKind, PageReader]:
    """Return how each kind of page of this site is read."""
    from newscrawl.sites.eastmoney import api_answer, article_page, newsinfo_answer
    from newscrawl.sites.page_reader import PageReader

    return {
        PageKind.API_ANSWER: PageReader(api_answer.read_api_answer, api_answer.RULES),
        PageKind.NEWSINFO_ANSWER: PageReader(
            newsinfo_answer.read_newsinfo_answer, newsinfo_answer.RULES
        ),
        PageKind.ARTICLE_PAGE: PageReader(article_page.read_article_page, article_page.RULES),
    }
