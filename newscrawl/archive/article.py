"""Reads one article with all its details."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from newscrawl.archive.article_row import COLUMNS, ArticleRow
from newscrawl.items import Mention
from newscrawl.sites.eastmoney.info_code import BadInfoCode, parse_info_code
from newscrawl.text.escape import is_utf8

# An id of an article without an infoCode, for example finews:init; a URL has a slash.
_SITE_SLUG = re.compile(r"[A-Za-z0-9_.-]+:[^/?=&]+")


@dataclass(frozen=True, slots=True)
class Category:
    """A category of an article."""

    category: str
    name: str | None
    """The source name most often seen with it."""


@dataclass(frozen=True, slots=True)
class StoredObservation:
    """A page about the article."""

    site: str
    page_kind: str
    url: str
    observed_at: str
    last_seen_at: str


@dataclass(frozen=True, slots=True)
class StoredArticle(ArticleRow):
    """An article; its fields are columns of ``articles`` and rows of its other tables."""

    published_raw: str | None
    published_from: str | None
    categories: list[Category]
    tags: list[str]
    mentions: list[Mention]
    images: list[str]
    listings: list[str]
    """The lists of news that showed it."""
    observations: list[StoredObservation]
    revisions: int
    """Number of its revisions."""


def resolve(connection: sqlite3.Connection, text: str) -> str:
    """Return the id of the article that *text* names, whether or not it is stored.

    Takes an infoCode in any form, a share URL, a public page's URL, a URL at which an article
    was seen, and an id like ``finews:init``.

    :raises newscrawl.sites.eastmoney.info_code.BadInfoCode: it names none.
    """
    text = text.strip()
    if not is_utf8(text):
        raise BadInfoCode(text, "is not UTF-8")
    stored = connection.execute("SELECT 1 FROM articles WHERE id = ?", (text,)).fetchone()
    if stored is not None or _SITE_SLUG.fullmatch(text):
        return text
    try:
        return parse_info_code(text)
    except BadInfoCode:
        seen = connection.execute(
            "SELECT article_id FROM observations WHERE url = ?", (text,)
        ).fetchone()
        if seen is None:
            raise
        return str(seen[0])


def read_article(connection: sqlite3.Connection, article_id: str) -> StoredArticle | None:
    """Return the article of *article_id*; None where the archive has none."""
    row = connection.execute(
        f"SELECT {', '.join(COLUMNS)}, published_raw, published_from FROM articles WHERE id = ?",  # noqa: S608  constants
        (article_id,),
    ).fetchone()
    if row is None:
        return None

    def rows(sql: str) -> list[tuple[str, ...]]:
        return [tuple(each) for each in connection.execute(sql, (article_id,))]

    return StoredArticle(
        **dict(zip((*COLUMNS, "published_raw", "published_from"), row, strict=True)),
        categories=[
            Category(*each)
            for each in rows(
                "SELECT category, name FROM article_categories LEFT JOIN categories"
                " USING (category) WHERE article_id = ? ORDER BY category"
            )
        ],
        tags=[
            tag for (tag,) in rows("SELECT tag FROM article_tags WHERE article_id = ? ORDER BY tag")
        ],
        mentions=[
            Mention(market, code, name, kind, int(times), origin)
            for market, code, name, kind, times, origin in rows(
                "SELECT market, code, name, kind, times, origin FROM mentions"
                " WHERE article_id = ? ORDER BY times DESC, market, code, origin"
            )
        ],
        images=[
            url for (url,) in rows("SELECT url FROM images WHERE article_id = ? ORDER BY position")
        ],
        listings=[
            listing
            for (listing,) in rows(
                "SELECT listing FROM article_listings WHERE article_id = ? ORDER BY listing"
            )
        ],
        observations=[
            StoredObservation(*each)
            for each in rows(
                "SELECT site, page_kind, url, observed_at, last_seen_at FROM observations"
                " WHERE article_id = ? ORDER BY observed_at, url"
            )
        ],
        revisions=int(rows("SELECT count(*) FROM revisions WHERE article_id = ?")[0][0]),
    )
