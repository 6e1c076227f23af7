"""Reads the stored pages that are to be parsed again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from newscrawl.items import Page, PageKind
from newscrawl.store.article_rows import Key
from newscrawl.store.raw_pages import load_raw_page
from newscrawl.store.stored_times import StoredTimes


def count_articles(db: sqlite3.Connection) -> int:
    """Return the number of articles."""
    return int(db.execute("SELECT count(seq) FROM articles").fetchone()[0])


def count_older(db: sqlite3.Connection, loader_version: int) -> int:
    """Return the number of pages that were last read by an earlier version of the rules."""
    sql = "SELECT count(*) FROM observations WHERE loader_version < ?"
    return int(db.execute(sql, (loader_version,)).fetchone()[0])


def article_ids(db: sqlite3.Connection) -> Iterator[str]:
    """Yield the ids of all articles, in order, also while the table is written."""
    last = ""
    while True:
        # By key and not by cursor: the writer changes the table between two steps.
        row = db.execute(
            "SELECT id FROM articles WHERE id > ? ORDER BY id LIMIT 1",
            (last,),
        ).fetchone()
        if row is None:
            return
        last = row[0]
        yield last


def states_of(db: sqlite3.Connection, key: Key, url: str, times: StoredTimes) -> Iterator[Page]:
    """Yield a page as it was before each revision, then as it is, with the true times.

    :raises KeyError: its bytes are not stored.
    :raises Damaged: they are not those that were stored.
    """
    where = "WHERE site = ? AND page_kind = ? AND page_id = ?"
    states = db.execute(
        f"SELECT page_hash, observed_at FROM revisions {where} ORDER BY observed_at",  # noqa: S608
        key,
    ).fetchall()
    page_hash, content_type, seen = db.execute(
        f"SELECT page_hash, content_type, last_seen_at FROM observations {where}",  # noqa: S608
        key,
    ).fetchone()
    site, kind, page_id = key
    for each_hash, observed_at in [*states, (page_hash, seen)]:
        yield Page(
            kind=PageKind(kind), id=page_id, url=url, body=load_raw_page(db, each_hash),
            observed_at=times.true(observed_at), site=site, content_type=content_type,
        )  # fmt: skip
