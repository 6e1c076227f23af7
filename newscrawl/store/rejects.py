"""Reads and writes the rows of rejected pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from newscrawl.items import Page, PageKind, Rejected
from newscrawl.store.clock import utc_now
from newscrawl.store.raw_pages import store_raw_page
from newscrawl.store.suspects import REASON


@dataclass(frozen=True, slots=True)
class RejectedPage:
    """A stored page without an article."""

    id: int
    reason: str
    page: Page
    """Without its bytes."""
    page_hash: str


def write_reject(
    db: sqlite3.Connection, reject: Rejected, *, run_id: int, loader_version: int
) -> None:
    """Store a page that gave no article: its URL, its reason and its bytes."""
    page, now = reject.page, utc_now()
    db.execute(
        "INSERT INTO rejects (run_id, url, site, page_kind, page_id, reason, detail,"
        " page_hash, content_type, first_seen_at, last_seen_at, times, loader_version)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)"
        " ON CONFLICT (url, reason) DO UPDATE SET run_id = excluded.run_id,"
        " detail = excluded.detail, page_hash = excluded.page_hash,"
        " content_type = excluded.content_type, last_seen_at = excluded.last_seen_at,"
        " times = times + 1, loader_version = excluded.loader_version",
        (
            run_id, page.url, *page.identity, reject.reason, reject.detail,
            store_raw_page(db, page) if page.body else None, page.content_type, now, now,
            loader_version,
        ),
    )  # fmt: skip


def ids_to_retry(db: sqlite3.Connection, reasons: Sequence[str] = ()) -> list[int]:
    """Return the ids of the rejects that may give an article when they are read again.

    *reasons* are the reasons to retry, all of them if none is named.
    """
    rows = db.execute(
        f"SELECT id, reason, page_kind FROM rejects WHERE {_among(reasons)}"  # noqa: S608
        " AND page_hash IN (SELECT hash FROM raw_pages WHERE pruned_at IS NULL) ORDER BY id",
        reasons,
    )
    return [id_ for id_, reason, kind in rows if _may_be_retried(reason, kind)]


def _may_be_retried(reason: str, kind: str) -> bool:
    if reason == REASON or kind not in [*PageKind] or PageKind(kind).is_listing:
        return False  # what is suspicious was read; it can only be accepted
    # If the URL says which article it is, a page with the wrong id was redirected: its bytes would
    # be stored as an article that they are not.
    return reason != "wrong_id" or PageKind(kind).names_its_article


def count_rejects(db: sqlite3.Connection, reasons: Sequence[str] = ()) -> int:
    """Return the number of rejects, of these reasons if any is named."""
    sql = f"SELECT count(*) FROM rejects WHERE {_among(reasons)}"  # noqa: S608  marks only
    return int(db.execute(sql, reasons).fetchone()[0])


def _among(reasons: Sequence[str]) -> str:
    return f"reason IN ({', '.join('?' * len(reasons))})" if reasons else "true"


def suspicious_rejects(db: sqlite3.Connection) -> list[tuple[int, str, str]]:
    """Return id, URL and detail of each suspicious page that may be accepted."""
    return db.execute(
        "SELECT id, url, detail FROM rejects WHERE reason = ?"
        " AND page_hash IN (SELECT hash FROM raw_pages WHERE pruned_at IS NULL) ORDER BY id",
        (REASON,),
    ).fetchall()


def load_rejects(db: sqlite3.Connection, ids: Iterable[int]) -> Iterator[RejectedPage]:
    """Yield the rejects of these ids that still exist."""
    for id_ in ids:
        row = db.execute(
            "SELECT reason, page_hash, page_kind, page_id, url, last_seen_at, site,"
            " content_type FROM rejects WHERE id = ?",
            (id_,),
        ).fetchone()
        if row is None:
            continue  # it was of the same page as one before
        reason, page_hash, kind, page_id, url, seen, site, content_type = row
        page = Page(
            kind=PageKind(kind), id=page_id, url=url, body=b"", observed_at=seen or utc_now(),
            site=site, content_type=content_type,
        )  # fmt: skip
        yield RejectedPage(id_, reason, page, page_hash)


def remove_reject(db: sqlite3.Connection, rejected: RejectedPage) -> None:
    """Remove a reject whose page gives an article now."""
    db.execute("DELETE FROM rejects WHERE id = ?", (rejected.id,))


def update_reject(
    db: sqlite3.Connection, rejected: RejectedPage, reason: str, detail: str, *,
    meaning: str, loader_version: int,
) -> None:  # fmt: skip
    """Store why a page is rejected by the present rules; *meaning* explains the reason."""
    same = (rejected.page.url, reason, rejected.id)
    # The same bytes may be stored for that reason already: then that row adds nothing.
    db.execute(
        "DELETE FROM rejects WHERE url = ? AND reason = ? AND id <> ? AND page_hash = ?",
        (*same, rejected.page_hash),
    )
    # Other bytes of that URL stay, and then this row cannot have the same reason.
    others = "SELECT 1 FROM rejects WHERE url = ? AND reason = ? AND id <> ?"
    if db.execute(others, same).fetchone() is not None:
        reason, detail = rejected.reason, f"{meaning}: {detail}"
    db.execute(
        "UPDATE rejects SET reason = ?, detail = ?, loader_version = ? WHERE id = ?",
        (reason, detail, loader_version, rejected.id),
    )
