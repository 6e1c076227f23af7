"""What the archive knows of a page before it is asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from newscrawl.items import Page


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page that was had: where it was, when it was seen, and its last answer's validators."""

    url: str
    observed_at: str
    """When what it says now was first seen."""
    last_seen_at: str
    etag: str | None
    last_modified: str | None
    has_body: bool
    is_rejected: bool = False
    """Whether it gave no article."""
    suspicious_from: str | None = None
    """When what it shows in the place of its article was first seen, where it last did."""
    suspicious_until: str | None = None
    """And when it was last seen."""

    @property
    def looked_at(self) -> tuple[str, str]:
        """When what it shows now was first seen, and when last: what revisits are reckoned from."""
        if self.suspicious_from is None or self.suspicious_until is None:
            return self.observed_at, self.last_seen_at
        return self.suspicious_from, self.suspicious_until


# Validators are those of the last answer that was believed: a 304 then says that the page shows
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
_TOUCHED = (
    "last_seen_at = max(last_seen_at, ?), etag = coalesce(?, etag),"
    " last_modified = coalesce(?, last_modified), gone_at = NULL"
)
_KEY = "site = ? AND page_kind = ? AND page_id = ?"


def find_rejected(db: sqlite3.Connection, page: Page, *, loader_version: int) -> KnownPage | None:
    """Return what is known of *page* where it was met, and these rules found no article in it.

    What only a bug kept from being one is not known.
    """
    # A clock that was ahead may have made the first time the later one.
    first = "min(min(first_seen_at), max(last_seen_at))"
    seen = f"url, {first}, max(last_seen_at), NULL, NULL, 0, 1"
    row = db.execute(
        f"SELECT {seen} FROM rejects WHERE {_KEY}"  # noqa: S608  constant names
        " AND reason <> 'crash' AND loader_version = ?",
        (page.site, page.kind, page.id, loader_version),
    ).fetchone()
    return None if row[0] is None else KnownPage(*row)


def find_known(db: sqlite3.Connection, page: Page) -> KnownPage | None:
    """Return what is known of *page*; None where it was never stored."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM {_OBSERVATIONS}"  # noqa: S608  constant names
        " WHERE observations.site = ? AND observations.page_kind = ? AND observations.page_id = ?",
        (page.site, page.kind, page.id),
    ).fetchone()
    return None if row is None else KnownPage(*row)


def young_posts(
    db: sqlite3.Connection, site: str, since: str, until: str = "9999"
) -> Iterator[tuple[Page, str, KnownPage]]:
    """Yield the posts of a mirror that were last seen then and are not gone, with their articles.

    Also those that were seen with something else in the place of their articles. Each page is
    without its bytes.
    """
    rows = db.execute(
        f"SELECT observations.page_id, observations.info_code, {_COLUMNS} FROM {_OBSERVATIONS}"  # noqa: S608
        " WHERE observations.site = ? AND observations.page_kind = 'post_page' AND gone_at IS NULL"
        " AND observations.last_seen_at BETWEEN ? AND ? ORDER BY observations.last_seen_at",
        (site, since, until),
    ).fetchall()
    rows += db.execute(
        f"SELECT observations.page_id, observations.info_code, {_COLUMNS}"  # noqa: S608  constant names
        " FROM suspicious_observations AS suspicious"
        " CROSS JOIN observations USING (site, page_kind, page_id)"
        " WHERE site = ? AND page_kind = 'post_page' AND gone_at IS NULL AND state = 'pending'"
        " AND suspicious.last_seen_at >= ? AND observations.last_seen_at < ?",
        (site, since, since),
    ).fetchall()
    for page_id, info_code, *values in rows:
        known = KnownPage(*values)
        page = Page("post_page", page_id, known.url, b"", observed_at="", site=site)
        yield page, info_code, known


def young_categories(db: sqlite3.Connection, site: str, since: str) -> dict[str, bool]:
    """Return the categories that posts seen since then say they have.

    True where one post has it alone: then it is spelt as the mirror spells it. Jekyll splits a
    name of two words into two categories, and not each has a page of its own.
    """
    rows = db.execute(
        "SELECT category, max(number = 1) FROM (SELECT category, count(*) OVER"
        " (PARTITION BY info_code) AS number FROM (SELECT DISTINCT info_code, category"
        " FROM observations JOIN article_categories USING (info_code) WHERE site = ?"
        " AND page_kind = 'post_page' AND gone_at IS NULL AND observations.last_seen_at >= ?"
        " AND origin = 'page')) GROUP BY category",
        (site, since),
    )
    return {category: bool(alone) for category, alone in rows}


def touch(db: sqlite3.Connection, page: Page) -> None:
    """Note that the site said a page is as it was; its validators stay where it gave none."""
    db.execute(
        f"UPDATE observations SET {_TOUCHED} WHERE {_KEY}",  # noqa: S608  constant names
        (page.observed_at, page.etag, page.last_modified, page.site, page.kind, page.id),
    )


def lose(db: sqlite3.Connection, page: Page, at: str) -> None:
    """Note that the site said a page is no more."""
    db.execute(
        f"UPDATE observations SET gone_at = coalesce(gone_at, ?) WHERE {_KEY}",  # noqa: S608
        (at, page.site, page.kind, page.id),
    )
