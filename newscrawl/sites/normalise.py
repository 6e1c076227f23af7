"""Derives an article's time, URLs and printed codes from its page; tells if it is complete."""

from __future__ import annotations

from datetime import UTC, datetime

from newscrawl.items import Article
from newscrawl.sites.ai_generated import says_ai_generated
from newscrawl.sites.eastmoney.info_code import (
    canonical_url,
    date_of_info_code,
    public_url,
)
from newscrawl.sites.eastmoney.printed_codes import printed_codes
from newscrawl.sites.eastmoney.source_line import named
from newscrawl.text.times import read_published


def missing(article: Article) -> str | None:
    """Return what is missing, as a key of :data:`newscrawl.sites.REASONS`; None if nothing is."""
    if not article.id:
        return "no_id"
    if not (article.title or article.body_text or article.body_html):
        return "nothing"
    return None


def normalise(article: Article) -> Article:
    """Fill in the derived fields; return the same article. Idempotent.

    The article needs its ``id`` and its ``page``: a time after the page was fetched is not
    used.
    """
    if article.published_precision is not None:
        return article
    if article.id is None or article.page is None:
        raise ValueError("an article needs its id and its page before it is normalised")
    published = read_published(
        article.published_raw,
        where=article.published_from or "",
        info_code_date=date_of_info_code(article.id),
        shift=article.published_shift,
        # What is past by the server's clock is not in the future, however late ours is.
        now=datetime.fromisoformat(max(article.page.observed_at, article.page.answered_at or "")),
    )
    article.published_at = published.at
    article.published_raw = published.raw
    article.published_precision = published.precision
    article.published_from = published.source
    # The public page's URL has the same digits: every page of an article gives the same URL.
    article.original_url = public_url(article.id) or (
        canonical_url(article.original_url) if article.original_url else None
    )
    _part_source(article)
    text = article.body_text or article.summary or ""
    printed = printed_codes(f"{article.title or ''}\n{text}")
    if article.body_text and says_ai_generated(article.body_text):
        article.is_ai_generated = 1
    if printed:
        article.mentions = [*(article.mentions or ()), *printed]
    return article


def _part_source(article: Article) -> None:
    """Take a label off the source, and the author that stands behind it."""
    if article.source and any(map(article.source.__contains__, ":：")):
        names = named(article.source)
        article.source, article.author = names.source, article.author or names.author


def published_in_utc(article: Article) -> str | None:
    """Return when an article was published, in the form of ``Page.observed_at``.

    It is the earliest time at which its post file can have been observed, whenever it was loaded.
    """
    if article.published_at is None:
        return None
    at = datetime.fromisoformat(article.published_at).astimezone(UTC)
    return at.isoformat(timespec="seconds")
