"""Writes the rows of listings: when each was checked, its validators, its gaps."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from newscrawl.items import InList


@dataclass(frozen=True, slots=True)
class ListingKey:
    """What tells a listing from every other."""

    site: str
    kind: str
    """``home``, ``category`` or ``list``."""
    name: str
    """The category's slug, the list's name; of the home page empty."""

    @property
    def columns(self) -> tuple[str, str, str]:
        """Its values as columns."""
        return self.site, self.kind, self.name


@dataclass(frozen=True, slots=True)
class Listing:
    """What the archive knows of a listing."""

    url: str
    found_in: str
    etag: str | None
    last_modified: str | None
    content_hash: str | None
    checked_at: str | None
    interval: float | None
    missing_since: str | None
    failed_at: str | None
    read_at: str | None
    read_pages: int | None


@dataclass(slots=True)
class ListingCheck:
    """A successful check of a listing, to be stored."""

    key: ListingKey
    url: str
    found_in: str
    checked_at: str
    etag: str | None = None
    last_modified: str | None = None
    content_hash: str | None = None
    is_complete: bool = True
    """Whether all that it led to is stored; if not, its validators would hide the rest."""
    has_news: bool = False
    """Whether it showed an article that was not stored."""
    is_missing: bool = False
    """Whether the site said that there is no such listing."""
    interval: float | None = None
    """Seconds until the next check."""
    read_at: str | None = None
    """When it was read back to what was stored before; None if it was not, or has no pages."""
    read_pages: int | None = None
    """How many of its pages were ever read back to; None for all."""
    gap: tuple[str, str] | None = None
    """The period in which it may have shown and dropped articles that no run saw."""


def write_check(db: sqlite3.Connection, check: ListingCheck) -> None:
    """Store a successful check, and the gap that it reveals."""
    if check.read_at or check.gap:
        # What was left unread since the last complete check is stored now, or is so once more.
        db.execute(
            "DELETE FROM gaps WHERE site = :site AND listing_kind = :kind AND name = :name"
            " AND from_at = (SELECT read_at FROM listings WHERE site = :site"
            " AND listing_kind = :kind AND name = :name)",
            {"site": check.key.site, "kind": check.key.kind, "name": check.key.name},
        )
    complete = check.is_complete
    db.execute(
        "INSERT INTO listings (site, listing_kind, name, url, found_in, etag,"
        " last_modified, content_hash, checked_at, news_at, interval, checks, missing_since,"
        " read_at, read_pages)"
        " VALUES (:site, :kind, :name, :url, :found_in, :etag, :last_modified, :content_hash,"
        " :at, iif(:has_news, :at, NULL), :interval, 1, iif(:is_missing, :at, NULL),"
        " :read_at, :read_pages)"
        " ON CONFLICT (site, listing_kind, name) DO UPDATE SET"
        " url = excluded.url, found_in = excluded.found_in,"
        " etag = excluded.etag, last_modified = excluded.last_modified,"
        " content_hash = excluded.content_hash, checked_at = excluded.checked_at,"
        " news_at = coalesce(excluded.news_at, news_at), interval = excluded.interval,"
        " checks = checks + 1, failed_at = NULL, failure = NULL,"
        " missing_since = iif(:is_missing, coalesce(missing_since, :at), NULL),"
        " read_pages = iif(:read_at IS NULL, read_pages, excluded.read_pages),"
        " read_at = coalesce(excluded.read_at, read_at)",
        {
            "site": check.key.site, "kind": check.key.kind, "name": check.key.name,
            "url": check.url, "found_in": check.found_in, "at": check.checked_at,
            "interval": check.interval, "etag": check.etag if complete else None,
            "last_modified": check.last_modified if complete else None,
            "content_hash": check.content_hash if complete else None,
            "has_news": check.has_news, "is_missing": check.is_missing,
            "read_at": check.read_at, "read_pages": check.read_pages,
        },
    )  # fmt: skip
    if check.gap is not None:
        db.execute(
            "INSERT INTO gaps (site, listing_kind, name, from_at, until_at, noticed_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (*check.key.columns, *check.gap, check.checked_at),
        )


def write_confirmed(db: sqlite3.Connection, key: ListingKey) -> None:
    """Note that a post spells the name of a listing that was guessed from a path."""
    db.execute(
        "UPDATE listings SET found_in = 'footer' WHERE site = ? AND listing_kind = ?"
        " AND name = ? AND found_in = 'path'",
        key.columns,
    )


def write_failure(
    db: sqlite3.Connection, key: ListingKey, url: str, found_in: str, at: str, failure: str
) -> None:
    """Note that a listing could not be fetched; the last successful check stays."""
    db.execute(
        "INSERT INTO listings (site, listing_kind, name, url, found_in, failed_at, failure)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, listing_kind, name) DO UPDATE SET"
        " failed_at = excluded.failed_at, failure = excluded.failure",
        (*key.columns, url, found_in, at, failure),
    )


def hash_links(links: Iterable[str]) -> str:
    """Return the hash of a listing's links, in their order: what of it counts as content."""
    return hashlib.blake2b("\n".join(links).encode(), digest_size=16).hexdigest()


def write_shown(db: sqlite3.Connection, shown: InList) -> None:
    """Note that a list shows an article: since when, and when last."""
    db.execute(
        "INSERT INTO article_listings (article_id, listing, first_seen_at, last_seen_at)"
        " VALUES (:article_id, :listing, :seen_at, :seen_at)"
        " ON CONFLICT (article_id, listing) DO UPDATE SET"
        " first_seen_at = min(first_seen_at, excluded.first_seen_at),"
        " last_seen_at = max(last_seen_at, excluded.last_seen_at)",
        {
            "article_id": shown.article_id,
            "listing": shown.listing,
            "seen_at": shown.seen_at,
        },
    )
