"""Creates and migrates the tables of an archive.

A released migration is never edited, and imports nothing that may change: a file made by any
release must open in every later one.
From the second on each begins with :func:`newscrawl.store.identity.advance`, as every transaction.
"""

from __future__ import annotations

import json

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from newscrawl.items import COLUMNS, FIELDS, KEPT
from newscrawl.store import identity
from newscrawl.text.segments import FOLDS

migrations = Migrations("newscrawl")

_PAGE = {"site": str, "page_kind": str, "page_id": str}
_LISTING = {"site": str, "listing_kind": str, "name": str}
_V1_COUNTERS = (
    "listed", "repeated", "skipped", "filtered", "scheduled", "failed", "rejected", "duplicate",
    "out_of_range", "unchanged", "new", "extended", "changed", "requests", "responses", "errors",
)  # fmt: skip
_V1_SEARCH_INDEX = (
    "CREATE VIRTUAL TABLE articles_fts USING fts5(body_text, title, summary, content='',"
    " tokenize=\"ascii tokenchars '_'\")",
    "CREATE VIRTUAL TABLE articles_characters USING fts5(characters, detail=none,"
    " content='', tokenize=\"ascii tokenchars '_'\")",
)
_V1_VIEWS = (
    "CREATE VIEW latest_articles AS "
    "SELECT id, info_code, published_at, source, title, summary, body_text, share_url,"
    " original_url"
    " FROM articles ORDER BY published_at DESC",
    "CREATE VIEW articles_by_day AS "
    "SELECT substr(published_at, 1, 10) AS day, source, count(*) AS articles FROM articles"
    " WHERE published_at IS NOT NULL GROUP BY 1, 2",
    "CREATE VIEW mentioned_in AS "
    "SELECT market, code, max(name) AS name, kind, max(times) AS times,"
    " group_concat(origin) AS origins, id, info_code, published_at, source, title"
    " FROM mentions JOIN articles ON id = article_id GROUP BY market, code, article_id",
    "CREATE VIEW securities AS "
    "SELECT market, code, max(name) AS name, group_concat(DISTINCT nullif(name, '')) AS "
    "names, max(kind) AS kind,"
    " count(DISTINCT article_id) AS articles, min(published_at) AS first_mentioned_at,"
    " max(published_at) AS last_mentioned_at"
    " FROM mentions JOIN articles ON id = article_id GROUP BY market, code",
    "CREATE VIEW mentions_by_day AS "
    "SELECT substr(published_at, 1, 10) AS day, market, code, max(name) AS name,"
    " count(DISTINCT article_id) AS articles FROM mentions JOIN articles ON id = article_id"
    " WHERE published_at IS NOT NULL GROUP BY 1, 2, 3",
    "CREATE VIEW same_title_within_a_day AS "
    "SELECT articles.id AS id, other.id AS other_id, other.published_at AS published_at,"
    " other.source AS source, other.title AS title FROM articles JOIN articles AS other"
    " ON other.published_at BETWEEN"
    " strftime('%Y-%m-%dT%H:%M:%S', substr(articles.published_at, 1, 19), '-1 day') AND"
    " strftime('%Y-%m-%dT%H:%M:%S~', substr(articles.published_at, 1, 19), '+1 day')"
    " AND other.title = articles.title AND other.id <> articles.id",
    "CREATE VIEW changes AS "
    "SELECT seq, seq = first_seq AS is_new, changed_at, id, info_code, published_at, source,"
    " title"
    " FROM articles ORDER BY seq",
)
_PAGE_KEY = ("site", "page_kind", "page_id")


@migrations()
def v1_baseline(db: Database) -> None:
    """Every table, index and view."""
    _create_articles(db)
    _create_pages(db)
    _create_suspicious_observations(db)
    _create_runs(db)
    _create_listings(db)
    _create_identity(db)
    _create_character_folds(db)
    for sql in (*_V1_SEARCH_INDEX, *_V1_VIEWS):
        db.conn.execute(sql)
    db.conn.execute("PRAGMA user_version = 1")


def _create_listings(db: Database) -> None:
    db.table("listings").create(
        {
            **_LISTING,
            "url": str,
            "found_in": str,
            "etag": str,
            "last_modified": str,
            "content_hash": str,
            "checked_at": str,
            "news_at": str,
            "interval": float,
            "checks": int,
            "missing_since": str,
            "failed_at": str,
            "failure": str,
            "read_at": str,
            "read_pages": int,
        },
        pk=tuple(_LISTING),
        not_null={*_LISTING, "url", "found_in", "checks"},
        defaults={"checks": 0},
    )
    db.table("gaps").create(
        {"id": int, **_LISTING, "from_at": str, "until_at": str, "noticed_at": str},
        pk="id",
        not_null={*_LISTING, "from_at", "until_at", "noticed_at"},
    )

    db.table("rules").create(
        {"rule": str, "pages": int, "matches": int, "missed": int, "matched_at": str},
        pk="rule",
        not_null={"rule", "pages", "matches", "missed"},
    )
    unresolved = db.table("unresolved")
    unresolved.create(
        {"site": str, "article_id": str, "link": str, "first_tried_at": str, "due_at": str},
        pk=("site", "article_id"),
        not_null={"site", "article_id"},
    )
    unresolved.create_index(["site", "due_at"])


def _create_articles(db: Database) -> None:
    db.table("articles").create(
        {
            "id": str,
            "seq": int,
            "first_seq": int,
            # Until the first release the columns follow the declaration; then they are written out.
            **{name: FIELDS[name].type for name in COLUMNS},
            "first_seen_at": str,
            "changed_at": str,
        },
        pk="id",
        not_null={"id", "seq", "first_seq", "first_seen_at", "changed_at"},
    )
    # sqlite-utils knows no generated columns: its transform() would drop this one without a word.
    # So a migration of this table uses SQL.
    db.conn.execute(
        "ALTER TABLE articles ADD COLUMN info_code TEXT"
        " GENERATED ALWAYS AS (CASE WHEN instr(id, ':') = 0 THEN id END) VIRTUAL"
    )
    articles = db.table("articles")
    articles.create_index(["info_code"])
    articles.create_index(["seq"], unique=True)
    articles.create_index(["first_seq"], unique=True)
    articles.create_index(["source", "published_at"])
    # Few articles have an author; without it, finding none would read every row.
    db.conn.execute(
        "CREATE INDEX idx_articles_author ON articles (author, published_at)"
        " WHERE author IS NOT NULL"
    )
    # All that sorts and filters hits: their rows hold whole texts, and are read when shown.
    db.conn.execute(
        "CREATE INDEX idx_articles_hits ON articles (first_seq, published_at, seq, source, id)"
    )
    articles.create_index(["published_at", "seq", "first_seq"])

    db.table("article_categories").create(
        {"article_id": str, "category": str, "origin": str},
        pk=("article_id", "category"),
        not_null={"article_id", "category", "origin"},
        foreign_keys=[("article_id", "articles", "id")],
    )
    db.table("article_categories").create_index(["category", "article_id"])

    db.table("article_listings").create(
        {"article_id": str, "listing": str, "first_seen_at": str, "last_seen_at": str},
        pk=("article_id", "listing"),
        not_null={"article_id", "listing", "first_seen_at", "last_seen_at"},
    )
    db.table("article_listings").create_index(["listing", "first_seen_at", "article_id"])

    db.table("listed").create(
        {"article_id": str, "category": str},
        pk=("article_id", "category"),
        not_null={"article_id", "category"},
    )

    db.table("article_tags").create(
        {"article_id": str, "tag": str},
        pk=("article_id", "tag"),
        not_null={"article_id", "tag"},
        foreign_keys=[("article_id", "articles", "id")],
    )
    db.table("article_tags").create_index(["tag", "article_id"])

    db.table("mentions").create(
        {
            "article_id": str,
            "market": str,
            "code": str,
            "name": str,
            "kind": str,
            "times": int,
            "origin": str,
        },
        pk=("article_id", "market", "code", "origin"),
        not_null={"article_id", "market", "code", "name", "kind", "times", "origin"},
        foreign_keys=[("article_id", "articles", "id")],
    )
    db.table("mentions").create_index(["market", "code", "article_id"])
    # A security is asked for by its code, in capitals or not, or by its name.
    db.conn.execute("CREATE INDEX idx_mentions_code ON mentions (code COLLATE NOCASE, market)")
    db.table("mentions").create_index(["name", "market", "code"])

    db.table("images").create(
        {"article_id": str, "position": int, "url": str},
        pk=("article_id", "position"),
        not_null={"article_id", "position", "url"},
        foreign_keys=[("article_id", "articles", "id")],
    )

    db.table("categories").create(
        {"category": str, "name": str, "first_seen_at": str},
        pk="category",
        not_null={"category", "first_seen_at"},
    )
    db.table("category_names").create(
        {"category": str, "name": str, "pages": int},
        pk=("category", "name"),
        not_null={"category", "name", "pages"},
    )


def _create_pages(db: Database) -> None:
    db.table("raw_pages").create(
        {
            "hash": str,
            "page_kind": str,
            "size": int,
            "stored_size": int,
            "encoding": str,
            "bytes": bytes,
            "pruned_at": str,
        },
        pk="hash",
        not_null={"hash", "page_kind", "size", "stored_size", "encoding", "bytes"},
    )
    # Both sizes are added up for `info`, which would read all bytes otherwise.
    db.table("raw_pages").create_index(["size", "stored_size"])
    db.table("observations").create(
        {
            **_PAGE,
            "is_revisited": int,
            "is_entry": int,
            "is_resolved": int,
            "article_id": str,
            "url": str,
            "body_rank": int,
            "observed_at": str,
            "last_seen_at": str,
            "content_hash": str,
            "page_hash": str,
            "content_type": str,
            "etag": str,
            "last_modified": str,
            "loader_version": int,
            "differs": str,
            "unknown": str,
            "gone_at": str,
            "ordered_at": str,
        },
        pk=_PAGE_KEY,
        not_null={
            *_PAGE_KEY,
            "is_revisited",
            "is_entry",
            "is_resolved",
            "article_id",
            "url",
            "observed_at",
            "last_seen_at",
            "content_hash",
            "page_hash",
            "loader_version",
        },
        foreign_keys=[
            ("article_id", "articles", "id"),
            ("page_hash", "raw_pages", "hash"),
        ],
    )
    db.table("observations").create_index(["article_id"])
    # A run asks which pages are young enough to be revisited, at the cost of those alone.
    db.conn.execute(
        "CREATE INDEX idx_observations_last_seen_at ON observations (site, last_seen_at)"
        " WHERE is_revisited AND gone_at IS NULL"
    )
    db.conn.execute(
        "CREATE INDEX idx_observations_unknown ON observations (unknown) WHERE unknown IS NOT NULL"
    )

    db.table("revisions").create(
        {
            "id": int,
            "article_id": str,
            **_PAGE,
            **dict.fromkeys(KEPT, str),
            "page_hash": str,
            "observed_at": str,
            "last_seen_at": str,
            "replaced_at": str,
        },
        pk="id",
        not_null={
            "article_id",
            *_PAGE_KEY,
            "page_hash",
            "observed_at",
            "last_seen_at",
            "replaced_at",
        },
        foreign_keys=[
            ("article_id", "articles", "id"),
            ("page_hash", "raw_pages", "hash"),
        ],
    )
    db.table("revisions").create_index(["article_id", "replaced_at"])


def _create_runs(db: Database) -> None:
    db.table("runs").create(
        {
            "id": int,
            "spider": str,
            "arguments": str,
            "versions": str,
            "pid": int,
            "started_at": str,
            "ended_at": str,
            "outcome": str,
            "exit_code": int,
            "reason": str,
            **dict.fromkeys(_V1_COUNTERS, int),
            "clock_difference": int,
        },
        pk="id",
        not_null={"spider", "arguments", "versions", "pid", "started_at", "outcome", *_V1_COUNTERS},
        defaults=dict.fromkeys(_V1_COUNTERS, 0),
    )
    db.table("rejects").create(
        {
            "id": int,
            "run_id": int,
            "url": str,
            **_PAGE,
            "reason": str,
            "detail": str,
            "page_hash": str,
            "content_type": str,
            "first_seen_at": str,
            "last_seen_at": str,
            "times": int,
            "loader_version": int,
        },
        pk="id",
        not_null={
            "run_id",
            "url",
            *_PAGE_KEY,
            "reason",
            "detail",
            "first_seen_at",
            "last_seen_at",
            "times",
            "loader_version",
        },
        foreign_keys=[("run_id", "runs", "id"), ("page_hash", "raw_pages", "hash")],
    )
    db.table("rejects").create_index(["url", "reason"], unique=True)
    db.table("rejects").create_index(_PAGE_KEY)

    db.table("meta").create({"key": str, "value": int}, pk="key", not_null={"key", "value"})
    db.table("meta").insert({"key": "seq", "value": 0})


def _create_suspicious_observations(db: Database) -> None:
    """Observations that the merge leaves out until they are confirmed or accepted."""
    db.table("suspicious_observations").create(
        {
            **_PAGE,
            "article_id": str,
            "reason": str,
            "excerpt": str,
            "text_hash": str,
            "content_hash": str,
            "page_hash": str,
            "first_seen_at": str,
            "last_seen_at": str,
            "counted_at": str,
            "visits": int,
            "state": str,
        },
        pk=_PAGE_KEY,
        not_null={
            *_PAGE_KEY,
            "article_id",
            "reason",
            "excerpt",
            "text_hash",
            "content_hash",
            "page_hash",
            "first_seen_at",
            "last_seen_at",
            "counted_at",
            "visits",
            "state",
        },
        foreign_keys=[("page_hash", "raw_pages", "hash")],
    )
    db.table("suspicious_observations").create_index(["text_hash"])


def _create_identity(db: Database) -> None:
    """The id of the archive, which its copies keep, and the chain of its commits."""
    db.table("identity").create(
        {
            "id": int,
            "archive_id": str,
            "last_commit": str,
            "commit_before": str,
            "layout": str,
        },
        pk="id",
        not_null={"archive_id", "last_commit", "commit_before", "layout"},
    )
    identity.insert(db.conn)


def _create_character_folds(db: Database) -> None:
    """Which characters count as which others, for the SQL of other programs."""
    db.table("character_folds").create(
        {"character": str, "simplified": str}, pk="character", not_null={"simplified"}
    )
    folds = (json.dumps(FOLDS),)
    db.conn.execute("INSERT INTO character_folds SELECT key, value FROM json_each(?)", folds)
