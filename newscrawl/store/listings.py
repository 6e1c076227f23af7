"""What is known of listings: when each was looked at, its validators, and what it has dropped."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

_COLUMNS = (
    "url, found_in, etag, last_modified, content_hash, checked_at, interval, missing_since,"
    " failed_at"
)


class ListingKey(NamedTuple):
    """What tells a listing from every other."""

    site: str
    kind: str
    """``home``, ``category`` or ``list``."""
    name: str
    """The category's slug, the list's name; of the home page empty."""


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
    """A good look at a listing, as it is to be kept."""

    key: ListingKey
    url: str
    found_in: str
    looked_at: str
    etag: str | None = None
    last_modified: str | None = None
    content_hash: str | None = None
    is_complete: bool = True
    """Whether all that it led to is stored; without that, its validators would hide the rest."""
    has_news: bool = False
    """Whether it showed an article nobody had."""
    is_missing: bool = False
    """Whether the site said that there is no such listing."""
    interval: float | None = None
    """Seconds to the next look."""
    gap: tuple[str, str] | None = None
    """From when to when it may have shown and dropped articles that nobody saw."""


def load_all(db: sqlite3.Connection, site: str, kind: str) -> dict[str, Listing]:
    """Return every listing of one kind of a site, by name."""
    rows = db.execute(
        f"SELECT name, {_COLUMNS} FROM listings"  # noqa: S608  constant names
        " WHERE site = ? AND listing_kind = ?",
        (site, kind),
    )
    return {name: Listing(*values) for name, *values in rows}


def write_check(db: sqlite3.Connection, look: ListingCheck) -> None:
    """Keep a good look, and the gap that it shows."""
    complete = look.is_complete
    db.execute(
        "INSERT INTO listings (site, listing_kind, name, url, found_in, etag,"
        " last_modified, content_hash, checked_at, news_at, interval, looks, missing_since)"
        " VALUES (:site, :kind, :name, :url, :found_in, :etag, :last_modified, :content_hash,"
        " :at, iif(:has_news, :at, NULL), :interval, 1, iif(:is_missing, :at, NULL))"
        " ON CONFLICT DO UPDATE SET url = excluded.url, found_in = excluded.found_in,"
        " etag = excluded.etag, last_modified = excluded.last_modified,"
        " content_hash = excluded.content_hash, checked_at = excluded.checked_at,"
        " news_at = coalesce(excluded.news_at, news_at), interval = excluded.interval,"
        " looks = looks + 1, failed_at = NULL, failure = NULL,"
        " missing_since = iif(:is_missing, coalesce(missing_since, :at), NULL)",
        {
            "site": look.key.site, "kind": look.key.kind, "name": look.key.name, "url": look.url,
            "found_in": look.found_in, "at": look.looked_at, "interval": look.interval,
            "etag": look.etag if complete else None,
            "last_modified": look.last_modified if complete else None,
            "content_hash": look.content_hash if complete else None,
            "has_news": look.has_news, "is_missing": look.is_missing,
        },
    )  # fmt: skip
    if look.gap is not None:
        db.execute(
            "INSERT INTO gaps (site, listing_kind, name, from_at, until_at, noticed_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (*look.key, *look.gap, look.looked_at),
        )


def confirm(db: sqlite3.Connection, key: ListingKey) -> None:
    """Note that a listing that was guessed from a path is spelt so by a post."""
    db.execute(
        "UPDATE listings SET found_in = 'footer' WHERE site = ? AND listing_kind = ?"
        " AND name = ? AND found_in = 'path'",
        key,
    )


def write_failure(
    db: sqlite3.Connection, key: ListingKey, url: str, found_in: str, at: str, failure: str
) -> None:
    """Note that a listing could not be had; when it was last had stays."""
    db.execute(
        "INSERT INTO listings (site, listing_kind, name, url, found_in, failed_at, failure)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " failed_at = excluded.failed_at, failure = excluded.failure",
        (*key, url, found_in, at, failure),
    )
