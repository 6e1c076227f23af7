"""Repairs an archive: rebuilds what follows from other rows, and what stored pages still say."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from newscrawl.store import article_rows, identity, search_index, stored_passwords
from newscrawl.store.clock import utc_now
from newscrawl.store.connections import BUSY_TIMEOUT
from newscrawl.store.errors import explained
from newscrawl.store.integrity import (
    MISNAMED,
    WRONG_ROWS,
    Reread,
    any_text,
    gone_articles,
    revision_again,
)
from newscrawl.store.lock import WriterLock
from newscrawl.store.merger import last_seq
from newscrawl.store.reshape import remove_search_index, reshape
from newscrawl.store.schema import SCHEMA_VERSION, TABLES

# Text of SQL that SQLite itself makes of the names of our tables.
_REINDEX = "SELECT printf('REINDEX \"%w\"', :table)"
# As after a prune: the bytes are gone. What a page says after a change is stored with its bytes.
_LOST_PAGES = """
INSERT INTO raw_pages (hash, page_kind, size, stored_size, encoding, bytes, pruned_at)
SELECT page_hash, min(page_kind), 0, 0, 'zstd', x'', :now FROM (
    SELECT page_hash, page_kind FROM observations
    UNION SELECT page_hash, page_kind FROM revisions
    UNION SELECT page_hash, page_kind FROM rejects
    UNION SELECT page_hash, page_kind FROM suspicious_observations
) WHERE page_hash IS NOT NULL AND page_hash NOT IN (SELECT hash FROM raw_pages)
GROUP BY page_hash"""


def repair_file(db: str, reread: Reread) -> int:
    """Repair what keeps a run from opening the archive, with the lock that a run takes.

    Return the number of raw pages that were found lost.

    :raises StoreError: it cannot be written.
    """
    file = os.path.realpath(db)
    lock = WriterLock(file).acquire(utc_now())
    try:
        with (
            explained(db),
            closing(
                sqlite3.connect(file, timeout=BUSY_TIMEOUT, isolation_level=None)
            ) as connection,
        ):
            connection.execute("PRAGMA trusted_schema = OFF")
            return repair(connection, reread)
    finally:
        lock.release()


def repair(connection: sqlite3.Connection, reread: Reread) -> int:
    """Rebuild what is built from the articles: indexes, views, the search index, names, the last
    sequence number, the archive's identity; and add an empty row for each article that is missing
    and whose pages are stored, and one without bytes for each raw page that was lost. Return how
    many of these.

    Triggers and indexes that are not newscrawl's are dropped. In one transaction; no page and no
    text of an article is touched.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    with identity.transaction(connection), any_text(connection):
        reshape(connection, version)
        return _repair(connection, reread) if version == SCHEMA_VERSION else 0


def _repair(connection: sqlite3.Connection, reread: Reread) -> int:
    for table in TABLES:
        (sql,) = connection.execute(_REINDEX, {"table": table.name}).fetchone()
        connection.execute(sql)
    # What constructs were met is counted again when the page is read again.
    connection.execute("UPDATE observations SET unknown = NULL WHERE NOT json_valid(unknown)")
    lost = connection.execute(_LOST_PAGES, {"now": utc_now()}).rowcount
    _remake_revisions(connection, reread)
    _bring_back(connection, reread)
    connection.execute(
        "INSERT OR IGNORE INTO categories (category, first_seen_at) SELECT category,"
        " min(first_seen_at) FROM article_categories JOIN articles ON articles.id = article_id"
        " GROUP BY category"
    )
    connection.execute(
        "INSERT INTO meta (key, value) SELECT 'seq', coalesce(max(seq), 0) FROM articles"
        " WHERE true ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)"
    )
    identity.insert(connection)
    misnamed = [category for (category,) in connection.execute(MISNAMED)]
    article_rows.name_categories(connection, misnamed)
    stored_passwords.remove(connection)
    search_index.store_folds(connection)
    remove_search_index(connection)
    search_index.rebuild(connection)
    return lost


def _remake_revisions(connection: sqlite3.Connection, reread: Reread) -> None:
    """Read the pages of revisions again in which there is what newscrawl never writes."""
    (sql,) = connection.execute(WRONG_ROWS, {"table": "revisions"}).fetchone()
    for row in connection.execute(sql, {"most": -1}).fetchall():
        if (fields := revision_again(connection, reread, row[0])) is not None:
            connection.execute(
                "UPDATE revisions SET title = ?, published_at = ?, source = ?, summary = ?,"
                " body_html = ?, body_text = ? WHERE id = ?",
                (*fields, row[0]),
            )


def _bring_back(connection: sqlite3.Connection, reread: Reread) -> None:
    """Insert rows, without texts, for articles that are gone and can be read again."""
    number = last_seq(connection)
    for found in gone_articles(connection, reread):
        if not found.can_repair:
            continue
        number += 1
        connection.execute(
            "INSERT INTO articles (id, seq, first_seq, first_seen_at, changed_at)"
            " SELECT :article_id, :number, :number, min(observed_at), max(last_seen_at)"
            " FROM observations WHERE article_id = :article_id",
            {"article_id": found.article_id, "number": number},
        )
