"""Writes the rows of listings: when each was checked, its validators, its gaps."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass


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
    gap: tuple[str, str] | None = None
    """The period in which it may have shown and dropped articles that no run saw."""


def write_check(db: sqlite3.Connection, check: ListingCheck) -> None:
    """Store a successful check, and the gap that it reveals."""
    complete = check.is_complete
    db.execute(
        "INSERT INTO listings (site, listing_kind, name, url, found_in, etag,"
        " last_modified, content_hash, checked_at, news_at, interval, checks, missing_since)"
        " VALUES (:site, :kind, :name, :url, :found_in, :etag, :last_modified, :content_hash,"
        " :at, iif(:has_news, :at, NULL), :interval, 1, iif(:is_missing, :at, NULL))"
        " ON CONFLICT DO UPDATE SET url = excluded.url, found_in = excluded.found_in,"
        " etag = excluded.etag, last_modified = excluded.last_modified,"
        " content_hash = excluded.content_hash, checked_at = excluded.checked_at,"
        " news_at = coalesce(excluded.news_at, news_at), interval = excluded.interval,"
        " checks = checks + 1, failed_at = NULL, failure = NULL,"
        " missing_since = iif(:is_missing, coalesce(missing_since, :at), NULL)",
        {
            "site": check.key.site, "kind": check.key.kind, "name": check.key.name,
            "url": check.url, "found_in": check.found_in, "at": check.checked_at,
            "interval": check.interval, "etag": check.etag if complete else None,
            "last_modified": check.last_modified if complete else None,
            "content_hash": check.content_hash if complete else None,
            "has_news": check.has_news, "is_missing": check.is_missing,
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
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " failed_at = excluded.failed_at, failure = excluded.failure",
        (*key.columns, url, found_in, at, failure),
    )


def hash_links(links: Iterable[str]) -> str:
    """Return the hash of a listing's links, in their order: what of it counts as content."""
    return hashlib.blake2b("\n".join(links).encode(), digest_size=16).hexdigest()
