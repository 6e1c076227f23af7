"""Writes which articles are still to be resolved, starting before their posts are stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta


def add_unresolved(
    db: sqlite3.Connection, site: str, article_id: str, link: str | None, now: str
) -> None:
    """Note that an article is to be resolved, unless it is or was noted before."""
    db.execute(
        "INSERT OR IGNORE INTO unresolved (site, article_id, link, due_at)"
        " SELECT :site, new.article_id, :link, :now FROM (SELECT :article_id AS article_id) AS new"
        " WHERE NOT EXISTS (SELECT 1 FROM observations"
        " WHERE observations.article_id = new.article_id"
        " AND is_resolved AND body_rank IS NOT NULL)",
        {"site": site, "article_id": article_id, "link": link, "now": now},
    )


def add_young(db: sqlite3.Connection, site: str, since: str, now: str) -> None:
    """Note each article with a post seen since then that was not resolved."""
    db.execute(
        "INSERT OR IGNORE INTO unresolved (site, article_id, link, due_at)"
        " SELECT posts.site, posts.article_id, articles.share_url, ?"
        " FROM observations AS posts JOIN articles ON articles.id = article_id WHERE posts.site = ?"
        " AND posts.is_revisited AND posts.gone_at IS NULL AND posts.last_seen_at >= ?"
        " AND share_url IS NOT NULL AND NOT EXISTS (SELECT 1 FROM observations"
        " WHERE observations.article_id = posts.article_id"
        " AND is_resolved AND body_rank IS NOT NULL)",
        (now, site, since),
    )


def note_tried(
    db: sqlite3.Connection, site: str, article_id: str, now: str, hours: Sequence[float]
) -> None:
    """Note that an article could not be fetched; it is due so many *hours* after the first try."""
    key = (site, article_id)
    row = db.execute(
        "SELECT coalesce(first_tried_at, ?) FROM unresolved WHERE site = ? AND article_id = ?",
        (now, *key),
    ).fetchone()
    if row is not None:
        db.execute(
            "UPDATE unresolved SET first_tried_at = ?, due_at = ?"
            " WHERE site = ? AND article_id = ?",
            (row[0], next_try(row[0], now, hours), *key),
        )


def remove_resolved(db: sqlite3.Connection, site: str, article_id: str) -> None:
    """Note that an article was resolved."""
    db.execute("DELETE FROM unresolved WHERE site = ? AND article_id = ?", (site, article_id))


def next_try(first: str, now: str, hours: Sequence[float]) -> str | None:
    """Return when to retry, so many *hours* after the *first* failed try; None for never."""
    begin = datetime.fromisoformat(first)
    waited = (datetime.fromisoformat(now) - begin).total_seconds() / 3600
    left = [each for each in hours if each > waited]
    if not left:
        return None
    return (begin + timedelta(hours=min(left))).astimezone(UTC).isoformat(timespec="seconds")
