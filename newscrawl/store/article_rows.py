"""Reads and writes one article's rows: the article, its sets, its observations, its revisions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from newscrawl.items import COLUMNS, FIELDS, KEPT, Page, PageKind
from newscrawl.store.errors import Unexpected
from newscrawl.store.merge import apply_difference, differs
from newscrawl.store.observation import Fields, Observation
from newscrawl.store.parts import in_parts
from newscrawl.store.values import page_difference

Key = tuple[str, str, str]


@dataclass(slots=True)
class ArticleRows:
    """What the archive holds of one article."""

    row: Fields = field(default_factory=lambda: dict.fromkeys(FIELDS))
    first_seq: int | None = None
    """The article's first sequence number; None where there is no article yet."""
    observations: dict[Key, Observation] = field(default_factory=dict)
    evidence: dict[Key, dict[str, Any]] = field(default_factory=dict)
    """For each page: page_hash, content_hash, last_seen_at."""

    @property
    def has_row(self) -> bool:
        """Whether the archive has the article."""
        return self.first_seq is not None


def load_article(db: sqlite3.Connection, article_id: str, *, damaged: bool = False) -> ArticleRows:
    """Return what the archive holds of *article_id*; an empty :class:`ArticleRows` where nothing.

    *damaged*: for who reads the pages again. In what a page differs is left out where that cannot
    be read, and an article whose row was deleted has an empty one.

    :raises Unexpected: it cannot be.
    """
    known = ArticleRows()
    row = db.execute(
        f"SELECT first_seq, {', '.join(COLUMNS)} FROM articles"  # noqa: S608  constant names
        " WHERE id = ?",
        (article_id,),
    ).fetchone()
    if row is None and damaged:
        row = (0, *(None for _ in COLUMNS))
    if row is None:
        return known
    known.first_seq, *values = row
    known.row.update(zip(COLUMNS, values, strict=True))
    known.row.update(_load_sets(db, article_id))
    for (
        site,
        kind,
        page_id,
        url,
        observed_at,
        ordered_at,
        last_seen_at,
        content_hash,
        page_hash,
        text,
    ) in db.execute(
        "SELECT site, page_kind, page_id, url, observed_at, ordered_at, last_seen_at,"
        " content_hash, page_hash, differs FROM observations WHERE article_id = ?",
        (article_id,),
    ):
        try:
            difference = page_difference(text, f"observations.differs of {url}")
        except Unexpected:
            if not damaged:
                raise
            difference = {}
        said = apply_difference(known.row, difference)
        observation = Observation(site, kind, page_id, url, observed_at, said, ordered_at)
        known.observations[observation.key] = observation
        known.evidence[observation.key] = {
            "content_hash": content_hash,
            "page_hash": page_hash,
            "last_seen_at": last_seen_at,
        }
    return known


def has_row(db: sqlite3.Connection, article_id: str) -> bool:
    """Whether the archive has an article of this id."""
    sql = "SELECT 1 FROM articles WHERE id = ?"
    return db.execute(sql, (article_id,)).fetchone() is not None


def _load_sets(db: sqlite3.Connection, article_id: str) -> Fields:
    def all_of(sql: str) -> list[Any]:
        return db.execute(sql, (article_id,)).fetchall()

    return {
        "categories": [
            category
            for (category,) in all_of(
                "SELECT category FROM article_categories"
                " WHERE article_id = ? AND origin = 'page' ORDER BY category"
            )
        ]
        or None,
        "tags": [
            tag
            for (tag,) in all_of("SELECT tag FROM article_tags WHERE article_id = ? ORDER BY tag")
        ]
        or None,
        "mentions": [
            list(mention)
            for mention in all_of(
                f"SELECT {', '.join(MENTION_COLUMNS)} FROM mentions"  # noqa: S608  constants
                " WHERE article_id = ? ORDER BY market, code, origin"
            )
        ]
        or None,
        "images": [
            url
            for (url,) in all_of("SELECT url FROM images WHERE article_id = ? ORDER BY position")
        ]
        or None,
    }


def existing(db: sqlite3.Connection, article_ids: Sequence[str]) -> set[str]:
    """Return those of *article_ids* of which the archive has an article."""
    found: set[str] = set()
    for marks, part in in_parts(article_ids):
        sql = f"SELECT id FROM articles WHERE id IN ({marks})"  # noqa: S608
        found.update(code for (code,) in db.execute(sql, part))
    return found


def update_article(
    db: sqlite3.Connection, article_id: str, known: ArticleRows, row: Fields, *, seq: int, now: str
) -> None:
    """Update the article's row, and those of its sets that have changed."""
    names = ", ".join(f"{name} = ?" for name in ("seq", "changed_at", *COLUMNS))
    values = (seq, now, *(row[name] for name in COLUMNS), article_id)
    db.execute(f"UPDATE articles SET {names} WHERE id = ?", values)  # noqa: S608
    if row["categories"] != known.row["categories"]:
        _write_categories(db, article_id, row["categories"] or [], now)
    for name, table, columns in _SETS:
        if row[name] != known.row[name]:
            db.execute(f"DELETE FROM {table} WHERE article_id = ?", (article_id,))  # noqa: S608
            parts = [(article_id, *parts) for parts in _PARTS[name](row[name] or [])]
            marks = ", ".join("?" * (1 + len(columns)))
            db.executemany(
                f"INSERT INTO {table} (article_id, {', '.join(columns)})"  # noqa: S608
                f" VALUES ({marks})",
                parts,
            )


MENTION_COLUMNS = ("market", "code", "name", "kind", "times", "origin")
_SETS = (
    ("tags", "article_tags", ("tag",)),
    ("mentions", "mentions", MENTION_COLUMNS),
    ("images", "images", ("position", "url")),
)
_PARTS: dict[str, Any] = {
    "tags": lambda tags: [(tag,) for tag in tags],
    "mentions": lambda mentions: mentions,
    "images": lambda images: list(enumerate(images)),
}


def _write_categories(
    db: sqlite3.Connection, article_id: str, categories: list[str], now: str
) -> None:
    db.execute(
        "DELETE FROM article_categories WHERE article_id = ? AND origin = 'page'", (article_id,)
    )
    # A listing was asked for under the path's spelling (techweb); the page's footer knows how it
    # is really spelt (TechWeb).
    db.executemany(
        "DELETE FROM article_categories WHERE article_id = ? AND category = ? COLLATE NOCASE"
        " AND origin = 'listing'",
        [(article_id, category) for category in categories],
    )
    db.executemany(
        "INSERT INTO article_categories (article_id, category, origin) VALUES (?, ?, 'page')",
        [(article_id, category) for category in categories],
    )
    for category in categories:
        meet_category(db, category, now)


def note_listed(db: sqlite3.Connection, article_id: str, category: str) -> None:
    """Note that a listing shows an article that is not stored yet."""
    db.execute(
        "INSERT OR IGNORE INTO listed (article_id, category) VALUES (?, ?)", (article_id, category)
    )


def add_listing(db: sqlite3.Connection, article_id: str, category: str) -> bool:
    """Give a stored article the category of a listing; return whether that is news."""
    cursor = db.execute(
        "INSERT INTO article_categories (article_id, category, origin)"
        " SELECT :article_id, :category, 'listing' WHERE NOT EXISTS (SELECT 1"
        " FROM article_categories WHERE article_id = :article_id"
        " AND category = :category COLLATE NOCASE)",
        {"article_id": article_id, "category": category},
    )
    return cursor.rowcount > 0


def add_listed_categories(db: sqlite3.Connection, article_ids: Sequence[str]) -> None:
    """Give new articles the categories under which listings have shown them before."""
    for marks, part in in_parts(article_ids):
        sql = f"SELECT article_id, category FROM listed WHERE article_id IN ({marks})"  # noqa: S608
        found = db.execute(sql, part).fetchall()
        for article_id, category in found:
            add_listing(db, article_id, category)
        done = {(article_id,) for article_id, _ in found}
        db.executemany("DELETE FROM listed WHERE article_id = ?", done)


def meet_category(db: sqlite3.Connection, category: str, now: str) -> None:
    """Note that *category* exists."""
    db.execute(
        "INSERT OR IGNORE INTO categories (category, first_seen_at) VALUES (?, ?)", (category, now)
    )


def names_of(categories: list[str] | None, tags: list[str] | None) -> list[tuple[str, str]]:
    """Return the names that one page gives its categories: tags without one 新闻 at their ends."""
    if not categories or not tags or len(categories) != len(tags):
        return []
    names = (tag.removesuffix("新闻") or tag for tag in tags)
    return list(zip(categories, names, strict=True))


def count_names(db: sqlite3.Connection, names: Mapping[tuple[str, str], int]) -> None:
    """Count on how many pages each name stands with its category; name the category by the most."""
    db.executemany(
        "INSERT INTO category_names (category, name, pages) VALUES (?, ?, ?)"
        " ON CONFLICT (category, name) DO UPDATE SET pages = pages + excluded.pages",
        [(*name, pages) for name, pages in names.items()],
    )
    name_categories(db, {category for category, _ in names})


def name_categories(db: sqlite3.Connection, categories: Iterable[str]) -> None:
    """Give each category the name most often seen with it."""
    db.executemany(
        "UPDATE categories SET name = (SELECT name FROM category_names"
        " WHERE category = :category ORDER BY pages DESC, name LIMIT 1)"
        " WHERE category = :category",
        [{"category": category} for category in categories],
    )


OBSERVATION_COLUMNS = (
    "site", "page_kind", "page_id", "is_revisited", "is_entry", "is_resolved", "article_id", "url",
    "body_rank", "observed_at", "ordered_at", "differs", "last_seen_at", "content_hash",
    "page_hash", "content_type", "etag", "last_modified", "loader_version", "unknown",
)  # fmt: skip


def observation_row(
    article_id: str, said: Observation, row: Fields, evidence: Fields
) -> tuple[Any, ...]:
    """Return the values of OBSERVATION_COLUMNS; *evidence* gives those that are not its fields."""
    difference = _json(differs(said.fields, row))
    kind, rank = PageKind(said.page_kind), said.fields.get("body_rank")
    of_kind = (kind.is_revisited, kind.is_entry, kind.is_resolved)
    own = (*said.key, *of_kind, article_id, said.url, rank, said.observed_at)
    more = (evidence[name] for name in OBSERVATION_COLUMNS[12:])
    return (*own, said.ordered_at, difference, *more)


def write_observation(
    db: sqlite3.Connection, article_id: str, said: Observation, row: Fields, evidence: Fields
) -> None:
    """Insert or replace a page's row."""
    names, marks = ", ".join(OBSERVATION_COLUMNS), ", ".join("?" * len(OBSERVATION_COLUMNS))
    db.execute(
        f"INSERT OR REPLACE INTO observations ({names}) VALUES ({marks})",  # noqa: S608
        observation_row(article_id, said, row, evidence),
    )


def rewrite_differences(
    db: sqlite3.Connection, observations: Mapping[Key, Observation], row: Fields
) -> None:
    """Store again in what each page differs, after the row has changed."""
    for key, observation in observations.items():
        db.execute(
            "UPDATE observations SET differs = ? WHERE site = ? AND page_kind = ? AND page_id = ?",
            (_json(differs(observation.fields, row)), *key),
        )


def end_revisions(db: sqlite3.Connection, article_id: str, key: Key, latest: str) -> None:
    """Let no revision of a page end after *latest*: a clock that was ahead wrote later times."""
    db.execute(
        "UPDATE revisions SET replaced_at = :latest, observed_at = min(observed_at, :latest),"
        " last_seen_at = min(last_seen_at, :latest) WHERE replaced_at > :latest"
        " AND article_id = :article_id AND site = :site AND page_kind = :kind"
        " AND page_id = :id",
        {"latest": latest, "article_id": article_id, "site": key[0], "kind": key[1], "id": key[2]},
    )


_TOUCHED = (
    "last_seen_at = max(last_seen_at, ?), etag = coalesce(?, etag),"
    " last_modified = coalesce(?, last_modified), gone_at = NULL"
)
_KEY = "site = ? AND page_kind = ? AND page_id = ?"


def note_unchanged(db: sqlite3.Connection, page: Page) -> None:
    """Note that the site said a page is unchanged; its validators stay where it gave none."""
    db.execute(
        f"UPDATE observations SET {_TOUCHED} WHERE {_KEY}",  # noqa: S608  constant names
        (page.observed_at, page.etag, page.last_modified, *page.identity),
    )


def note_gone(db: sqlite3.Connection, page: Page, at: str) -> None:
    """Note that the site said a page no longer exists."""
    db.execute(
        f"UPDATE observations SET gone_at = coalesce(gone_at, ?) WHERE {_KEY}",  # noqa: S608
        (at, *page.identity),
    )


def write_revision(
    db: sqlite3.Connection,
    article_id: str,
    earlier: Observation,
    evidence: Fields,
    replaced_at: str,
) -> None:
    """Keep what a page said before it said something else."""
    said = earlier.fields
    values = {
        "article_id": article_id,
        "site": earlier.site,
        "page_kind": earlier.page_kind,
        "page_id": earlier.page_id,
        **{name: said.get(name) for name in KEPT},
        "page_hash": evidence["page_hash"],
        "observed_at": earlier.observed_at,
        "last_seen_at": evidence["last_seen_at"],
        "replaced_at": replaced_at,
    }
    db.execute(
        f"INSERT INTO revisions ({', '.join(values)})"  # noqa: S608  constant names
        f" VALUES ({', '.join(':' + name for name in values)})",
        values,
    )


def note_reread(
    db: sqlite3.Connection,
    key: Key,
    content_hash: str,
    observation: Observation,
    loader_version: int,
) -> None:
    """Note that a page was read again, by which rules, and what it says now."""
    db.execute(
        "UPDATE observations SET content_hash = ?, body_rank = ?, loader_version = ?"
        " WHERE site = ? AND page_kind = ? AND page_id = ?",
        (content_hash, observation.fields.get("body_rank"), loader_version, *key),
    )


def has_revision(db: sqlite3.Connection, key: Key, observed_at: str) -> bool:
    """Whether this earlier state of a page is kept already."""
    return (
        db.execute(
            "SELECT 1 FROM revisions WHERE site = ? AND page_kind = ? AND page_id = ?"
            " AND observed_at = ?",
            (*key, observed_at),
        ).fetchone()
        is not None
    )


def date_back(db: sqlite3.Connection, key: Key, observed_at: str) -> None:
    """Note that a page said the same already at *observed_at*."""
    db.execute(
        "UPDATE observations SET observed_at = ?, ordered_at = NULL"
        " WHERE site = ? AND page_kind = ? AND page_id = ?",
        (observed_at, *key),
    )


def _json(value: Fields) -> str | None:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else None
