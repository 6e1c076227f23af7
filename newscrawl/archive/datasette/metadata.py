"""What Datasette's own pages say of the tables: words, facets, and questions worth asking."""

from __future__ import annotations

from typing import Any

from newscrawl.store.schema import TABLES, VIEWS

_FACETS = {
    "articles": ["source", "published_precision"],
    "article_categories": ["category", "origin"],
    "mentions": ["kind", "market"],
    "observations": ["site", "page_kind"],
    "runs": ["spider", "outcome"],
    "rejects": ["reason"],
}
_SORTED = {"articles": "published_at", "runs": "id", "revisions": "id", "rejects": "last_seen_at"}
_LABELS = {"articles": "title", "categories": "name"}

QUERIES: dict[str, dict[str, str]] = {
    "most_mentioned": {
        "title": "Most mentioned securities",
        "description": "Securities by the number of articles since a day that link to them.",
        "sql": "select market, code, name, count(*) as articles from mentioned_in"
        " where kind = 'stock' and published_at >= :since"
        " group by market, code order by articles desc limit 100",
    },
    "all_on_a_security": {
        "title": "Articles on a security",
        "description": "By its market and code, such as 1 and 600160.",
        "sql": "select published_at, source, title, id from mentioned_in"
        " where market = :market and code = :code order by published_at desc limit 500",
    },
    "by_day_and_medium": {
        "title": "Articles by day and source",
        "sql": "select day, source, articles from articles_by_day where day >= :since"
        " order by day desc, articles desc",
    },
    "changed_since": {
        "title": "Articles added or changed after a sequence number",
        "description": "Continue from the last seq that you have.",
        "sql": "select * from changes where seq > :seq order by seq limit 500",
    },
    "what_was_missed": {
        "title": "Gaps: periods for which articles may be missing",
        "sql": "select from_at, until_at, listing_kind, name from gaps order by until_at desc",
    },
    "runs_that_lost_something": {
        "title": "Failed runs",
        "sql": "select id, started_at, spider, outcome, reason, scheduled, failed, rejected"
        " from runs where outcome not in ('ok', 'running') order by id desc limit 100",
    },
}


def metadata(database: str) -> dict[str, Any]:
    """Return Datasette's metadata for an archive under the name *database*."""
    # Of sqlite-utils, and of no use to a reader.
    tables: dict[str, dict[str, Any]] = {"_sqlite_migrations": {"hidden": True}}
    for table in TABLES:
        said: dict[str, Any] = {
            "description": table.doc,
            "columns": {column.name: column.doc.replace("`", "") for column in table.columns},
        }
        if table.name in _FACETS:
            said["facets"] = _FACETS[table.name]
        if table.name in _SORTED:
            said["sort_desc"] = _SORTED[table.name]
        if table.name in _LABELS:
            said["label_column"] = _LABELS[table.name]
        tables[table.name] = said
    for view in VIEWS:
        tables[view.name] = {"description": view.doc}
    return {
        "title": "newscrawl",
        "databases": {database: {"tables": tables, "queries": QUERIES}},
    }
