"""Finds articles that belong together: the same news printed twice, and news on the same stocks."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

MOST = 10
"""Articles that are shown as related."""


@dataclass(frozen=True, slots=True)
class Related:
    """An article that belongs to another one."""

    id: str
    published_at: str
    source: str | None
    title: str | None
    securities: int
    """How many securities both mention."""
    has_same_title: bool


_RELATED = """
WITH own AS (
  SELECT id, title, substr(published_at, 1, 19) AS at FROM articles WHERE id = :id
), near AS (
  SELECT articles.id AS id, articles.published_at AS published_at, articles.source AS source,
    articles.title AS title, own.at AS at, articles.title = own.title AS has_same_title
  FROM own CROSS JOIN articles ON articles.published_at
    BETWEEN strftime('%Y-%m-%dT%H:%M:%S', own.at, '-1 day')
    AND strftime('%Y-%m-%dT%H:%M:%S~', own.at, '+1 day')
  WHERE articles.id <> own.id
)
SELECT near.id, near.published_at, near.source, near.title, (
    SELECT count(DISTINCT mentions.market || '.' || mentions.code) FROM mentions
    WHERE mentions.article_id = near.id AND (mentions.market, mentions.code) IN
      (SELECT market, code FROM mentions WHERE article_id = :id)
  ) AS shared, ifnull(near.has_same_title, 0)
FROM near WHERE near.has_same_title OR shared
ORDER BY near.has_same_title DESC, shared DESC,
  abs(julianday(substr(near.published_at, 1, 19)) - julianday(near.at)), near.id
LIMIT :most
"""
"""By the articles of two days, which are some thousands, however many mention a stock."""


def related(connection: sqlite3.Connection, article_id: str, *, most: int = MOST) -> list[Related]:
    """Return the articles with the same title, or on the same securities, within a day.

    Those with the same title come first, then those with most securities in common, then those
    nearest in time. An article without a time has none.
    """
    rows = connection.execute(_RELATED, {"id": article_id, "most": most})
    return [
        Related(row[0], row[1], row[2], row[3], row[4], has_same_title=bool(row[5])) for row in rows
    ]
