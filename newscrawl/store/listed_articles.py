"""What the archive holds of the articles that lists name."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from newscrawl.items import Page
from newscrawl.store.clock import utc_now
from newscrawl.text.times import FUTURE_SLACK

YOUNG = timedelta(days=3)
"""How long an article that could not be had is asked for again after it has left its list."""


def has_article(db: sqlite3.Connection, info_code: str) -> bool:
    """Whether an article is stored with its body, or with all that its addresses say of it."""
    sql = (
        "SELECT 1 FROM articles WHERE info_code = ? AND (body_rank > 0 OR EXISTS"
        " (SELECT 1 FROM observations WHERE info_code = articles.info_code"
        " AND page_kind IN ('api_answer', 'article_page')))"
    )
    return db.execute(sql, (info_code,)).fetchone() is not None


def has_page(db: sqlite3.Connection, page: Page) -> bool:
    """Whether a page was ever read."""
    sql = "SELECT 1 FROM observations WHERE site = ? AND page_kind = ? AND page_id = ?"
    return db.execute(sql, (page.site, page.kind, page.id)).fetchone() is not None


def left_over(db: sqlite3.Connection) -> list[str]:
    """Return the news that earlier runs met in lists lately and had from nowhere.

    A time that a clock has written which was ahead counts for nothing: then the day in the id does.
    """
    now = datetime.fromisoformat(utc_now())
    since, soon = (now - YOUNG).isoformat(), (now + FUTURE_SLACK).isoformat()
    rows = db.execute(
        "SELECT info_code FROM articles WHERE info_code LIKE 'NW%' AND (first_seen_at BETWEEN ?"
        " AND ? OR (first_seen_at > ? AND substr(info_code, 3, 8) BETWEEN ? AND ?))"
        " AND NOT EXISTS (SELECT 1 FROM observations WHERE info_code = articles.info_code"
        " AND page_kind <> 'list_entry') ORDER BY info_code",
        (since, soon, soon, f"{now - YOUNG:%Y%m%d}", f"{now + timedelta(days=1):%Y%m%d}"),
    ).fetchall()
    return [info_code for (info_code,) in rows]
