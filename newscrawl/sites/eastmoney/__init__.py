"""Eastmoney, where the articles are published: their pages, the API behind share pages, lists.

An article is identified by its infoCode.
"""

from __future__ import annotations

from newscrawl.sites.page_reader import PageReader


def page_readers() -> dict[str, PageReader]:
    """Return how each kind of page of this site is read."""
    from newscrawl.sites.eastmoney import api_answer, article_page

    return {
        "api_answer": PageReader(api_answer.read_api_answer, api_answer.RULES),
        "article_page": PageReader(article_page.read_article_page, article_page.RULES),
    }
