"""The columns of an article as programs and exports get them."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """A row of ``articles`` without what is evidence only, in the order of the table."""

    id: str
    info_code: str | None
    """The id, if it is an infoCode."""
    seq: int
    title: str | None
    published_at: str | None
    published_precision: str | None
    source: str | None
    author: str | None
    summary: str | None
    body_html: str | None
    body_text: str | None
    is_ai_generated: int | None
    """1 where the text says that it was made by AI."""
    share_url: str | None
    original_url: str | None
    first_seen_at: str
    changed_at: str


COLUMNS = tuple(each.name for each in fields(ArticleRow))
