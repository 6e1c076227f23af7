"""Finds the page that each field of an article came from."""

from __future__ import annotations

import sqlite3

from newscrawl.store import article_rows
from newscrawl.store.merge import suppliers


def provenance(connection: sqlite3.Connection, article_id: str) -> dict[str, str]:
    """Return, for each field that one page supplies, ``<kind of page> <its address>``.

    Categories, tags and mentions add up from all pages and are not among them.
    """
    known = article_rows.load_article(connection, article_id)
    return {
        name: f"{observation.page_kind} {observation.url}"
        for name, observation in suppliers(known.observations.values()).items()
        if known.row[name] is not None
    }
