"""Answers what is known of pages, articles and listings, to decide what to fetch: read-only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from newscrawl.items import Page, PageKind
from newscrawl.store.clock import utc_now
from newscrawl.store.errors import explained
from newscrawl.store.listings import Listing
from newscrawl.text.times import FUTURE_SLACK

YOUNG = timedelta(days=3)
"""How long an article that could not be fetched is retried after it has left its list."""


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page that was fetched before: where, when, and its last answer's validators."""

    url: str
    observed_at: str
    """When its present content was first seen."""
    last_seen_at: str
    etag: str | None
    last_modified: str | None
    has_body: bool
    is_rejected: bool = False
    """Whether it was rejected."""
    suspicious_from: str | None = None
    """When the suspicious content that it showed last was first seen."""
    suspicious_until: str | None = None
    """And when it was last seen."""

    @property
    def shown(self) -> tuple[str, str]:
        """When what it shows now was first and last seen: revisits are scheduled from that."""
        if self.suspicious_from is None or self.suspicious_until is None:
            return self.observed_at, self.last_seen_at
        return self.suspicious_from, self.suspicious_until


# Validators are those of the last answer that was believed: a 304 then means that the page shows
# its article again.
_COLUMNS = (
    "observations.url, observed_at, observations.last_seen_at, etag, last_modified,"
    " body_rank IS NOT NULL, 0, suspicious.first_seen_at, suspicious.last_seen_at"
)
_OBSERVATIONS = (
    "observations LEFT JOIN suspicious_observations AS suspicious"
    " ON suspicious.site = observations.site"
    " AND suspicious.page_kind = observations.page_kind"
    " AND suspicious.page_id = observations.page_id AND state = 'pending'"
)


class Known:
    """Answers questions about the archive that a run writes, including what is not committed yet.

    Every method raises :class:`~newscrawl.store.errors.StoreError` if the archive cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._path = connection.execute("PRAGMA database_list").fetchone()[2] or ":memory:"

    def _rows(
        self, sql: str, parameters: tuple[Any, ...] | Mapping[str, Any] = ()
    ) -> list[tuple[Any, ...]]:
        with explained(self._path):
            return self._connection.execute(sql, parameters).fetchall()

    # -- pages --------------------------------------------------------------------------

    def page(self, page: Page) -> KnownPage | None:
        """Return what is known of *page*; None if it was never stored."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM {_OBSERVATIONS}"  # noqa: S608  constant names
            " WHERE observations.site = ? AND observations.page_kind = ?"
            " AND observations.page_id = ?",
            page.identity,
        )
        return KnownPage(*rows[0]) if rows else None

    def has_page(self, page: Page) -> bool:
        """Whether *page* is stored."""
        sql = "SELECT 1 FROM observations WHERE site = ? AND page_kind = ? AND page_id = ?"
        return bool(self._rows(sql, page.identity))

    def in_list_since(self, article_id: str, listing: str) -> str | None:
        """Return since when a list shows an article; None if it was not seen there."""
        sql = "SELECT first_seen_at FROM article_listings WHERE article_id = ? AND listing = ?"
        rows = self._rows(sql, (article_id, listing))
        return rows[0][0] if rows else None

    def rejected_page(self, page: Page, *, loader_version: int) -> KnownPage | None:
        """Return what is known of *page* if it was fetched and these rules found no article in it.

        A page that was rejected because of a bug is not known.
        """
        # A clock that was ahead may have made the first time the later one.
        first = "min(min(first_seen_at), max(last_seen_at))"
        [row] = self._rows(
            f"SELECT url, {first}, max(last_seen_at), NULL, NULL, 0, 1 FROM rejects"  # noqa: S608
            " WHERE site = ? AND page_kind = ? AND page_id = ?"
            " AND reason <> 'crash' AND loader_version = ?",
            (*page.identity, loader_version),
        )
        return None if row[0] is None else KnownPage(*row)

    def young_posts(
        self, site: str, since: str, until: str = "9999"
    ) -> Iterator[tuple[Page, str, KnownPage]]:
        """Yield the pages of a site to revisit that were last seen then, with their articles.

        Pages that are gone are left out; pages that showed something suspicious are included.
        The pages come without their bytes.
        """
        wanted = (
            "observations.page_kind, observations.page_id, observations.article_id,"
            f" {_COLUMNS}"
        )  # fmt: skip
        rows = self._rows(
            f"SELECT {wanted} FROM {_OBSERVATIONS}"  # noqa: S608  constant names
            " WHERE observations.site = ? AND is_revisited AND gone_at IS NULL"
            " AND observations.last_seen_at BETWEEN ? AND ? ORDER BY observations.last_seen_at",
            (site, since, until),
        )
        rows += self._rows(
            f"SELECT {wanted} FROM suspicious_observations AS suspicious"  # noqa: S608
            " CROSS JOIN observations USING (site, page_kind, page_id)"
            " WHERE site = ? AND is_revisited AND gone_at IS NULL AND state = 'pending'"
            " AND suspicious.last_seen_at >= ? AND observations.last_seen_at < ?",
            (site, since, since),
        )
        for kind, page_id, article_id, *values in rows:
            known = KnownPage(*values)
            page = Page(PageKind(kind), page_id, known.url, b"", observed_at="", site=site)
            yield page, article_id, known

    def young_categories(self, site: str, since: str) -> dict[str, bool]:
        """Return the categories that posts seen since then say they have.

        True if a post has it alone: then it is spelt as the site spells it. Jekyll splits a name
        of two words into two categories, and not each of them has a page of its own.
        """
        rows = self._rows(
            "SELECT category, max(number = 1) FROM (SELECT category, count(*) OVER"
            " (PARTITION BY article_id) AS number FROM (SELECT DISTINCT article_id, category"
            " FROM observations JOIN article_categories USING (article_id) WHERE site = ?"
            " AND is_revisited AND gone_at IS NULL AND observations.last_seen_at >= ?"
            " AND origin = 'page')) GROUP BY category",
            (site, since),
        )
        return {category: bool(alone) for category, alone in rows}

    # -- articles -----------------------------------------------------------------------

    def has_article(self, article_id: str) -> bool:
        """Whether an article is stored with its body, or with what its share link resolves to."""
        sql = (
            "SELECT 1 FROM articles WHERE id = ? AND (body_rank > 0 OR EXISTS"
            " (SELECT 1 FROM observations WHERE article_id = articles.id AND is_resolved))"
        )
        return bool(self._rows(sql, (article_id,)))

    def entries_only(self) -> list[str]:
        """Return the news that recent runs saw in lists and could not fetch.

        A time written by a clock that was ahead is ignored: then the date in the id counts.
        """
        now = datetime.fromisoformat(utc_now())
        since, soon = (now - YOUNG).isoformat(), (now + FUTURE_SLACK).isoformat()
        rows = self._rows(
            "SELECT id FROM articles WHERE id LIKE 'NW%' AND (first_seen_at BETWEEN ?"
            " AND ? OR (first_seen_at > ? AND substr(id, 3, 8) BETWEEN ? AND ?))"
            " AND NOT EXISTS (SELECT 1 FROM observations WHERE article_id = articles.id"
            " AND NOT is_entry) ORDER BY id",
            (since, soon, soon, f"{now - YOUNG:%Y%m%d}", f"{now + timedelta(days=1):%Y%m%d}"),
        )
        return [article_id for (article_id,) in rows]

    def unresolved_links(self) -> list[tuple[str, str]]:
        """Return share link and id of each article whose link was never resolved."""
        rows = self._rows(
            "SELECT share_url, id FROM articles WHERE share_url IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM observations WHERE article_id = articles.id"
            " AND is_resolved) ORDER BY id"
        )
        return [(link, article_id) for link, article_id in rows]

    def due_links(self, site: str, now: str) -> list[tuple[str, str | None]]:
        """Return the articles to resolve now, the newest first, with their share links."""
        rows = self._rows(
            "SELECT article_id, link FROM unresolved WHERE site = ? AND due_at <= ?"
            " ORDER BY article_id DESC",
            (site, now),
        )
        return [(article_id, link) for article_id, link in rows]

    # -- listings -----------------------------------------------------------------------

    def listings(self, site: str, kind: str) -> dict[str, Listing]:
        """Return every listing of one kind of a site, by name."""
        rows = self._rows(
            "SELECT name, url, found_in, etag, last_modified, content_hash, checked_at, interval,"
            " missing_since, failed_at, read_at, read_pages FROM listings"
            " WHERE site = ? AND listing_kind = ?",
            (site, kind),
        )
        return {name: Listing(*values) for name, *values in rows}
