"""Reads the versions of an article, and compares two of them."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

FIELDS = ("title", "published_at", "source", "summary", "body_text", "body_html")
_LINES = ("title", "published_at", "source")


@dataclass(frozen=True, slots=True)
class Version:
    """What an article said from one time until another."""

    title: str | None
    published_at: str | None
    source: str | None
    summary: str | None
    body_text: str | None
    body_html: str | None
    observed_at: str
    """When it was first seen to say so (UTC)."""
    last_seen_at: str | None
    """When it was last seen to say so (UTC); None for the present one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a changed line: what both versions have, or only one of them."""

    text: str
    kind: Literal["same", "gone", "new"]


@dataclass(frozen=True, slots=True)
class Change:
    """One line that two versions do not share, in pieces; ``field`` says of what."""

    field: str
    pieces: tuple[Piece, ...]

    @property
    def kind(self) -> Literal["gone", "new", "changed"]:
        """``gone`` and ``new`` where the whole line is; else ``changed``."""
        kinds = {piece.kind for piece in self.pieces}
        if kinds == {"gone"}:
            return "gone"
        return "new" if kinds == {"new"} else "changed"


def article_versions(connection: sqlite3.Connection, article_id: str) -> list[Version]:
    """Return the versions of an article, the oldest first; empty if the article is not stored."""
    columns = ", ".join(FIELDS)
    rows = connection.execute(
        f"SELECT {columns}, observed_at, last_seen_at FROM revisions"  # noqa: S608  constants
        " WHERE article_id = ? ORDER BY observed_at, id",
        (article_id,),
    ).fetchall()
    found = [Version(*row) for row in rows]
    present = connection.execute(
        f"SELECT {columns}, coalesce((SELECT max(replaced_at) FROM revisions"  # noqa: S608
        " WHERE article_id = articles.id), (SELECT min(observed_at) FROM observations"
        " WHERE article_id = articles.id)), NULL"
        " FROM articles WHERE id = ?",
        (article_id,),
    ).fetchone()
    return [*found, Version(*present)] if present is not None else []


def as_of(connection: sqlite3.Connection, article_id: str, time: str) -> Version | None:
    """Return what an article said at *time* (UTC, ISO 8601); None where it was not yet known.

    A text is taken to have stood until the next one was first seen.
    """
    seen = [each for each in article_versions(connection, article_id) if each.observed_at <= time]
    return seen[-1] if seen else None


def difference(earlier: Version, later: Version, work: Work | None = None) -> list[Change]:
    """Return the lines in which two versions differ, in the order of the article.

    Texts that are too long to compare, as no article is, are shown whole; so is what is left when
    *work*, which several differences may share, is used up.
    """
    changes = []
    work = work or Work()
    for name in _LINES:
        old, new = getattr(earlier, name), getattr(later, name)
        if old != new:
            changes.append(Change(name, _pieces(old or "", new or "", work)))
    old_lines = (earlier.body_text or "").split("\n")
    new_lines = (later.body_text or "").split("\n")
    lines = _changed_lines(old_lines, new_lines, work)
    changes += [Change("body_text", pieces) for pieces in lines]
    return changes


class Work:
    """Comparing takes a time that grows with the product of two lengths: so much is done."""

    def __init__(self) -> None:
        self._left = MOST

    def may_compare(self, old: Sequence[str], new: Sequence[str]) -> bool:
        """Whether two more sequences may be compared."""
        self._left -= len(old) * len(new)
        return self._left >= 0


def _changed_lines(
    old: Sequence[str], new: Sequence[str], work: Work
) -> Iterator[tuple[Piece, ...]]:
    if not work.may_compare(old, new):
        old, new = ["\n".join(old)], ["\n".join(new)]
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        gone, come = deque(old[a:b]), deque(new[c:d])
        while gone and come:
            yield _pieces(gone.popleft(), come.popleft(), work)
        for line in gone:
            yield (Piece(line, "gone"),)
        for line in come:
            yield (Piece(line, "new"),)


def _pieces(old: str, new: str, work: Work) -> tuple[Piece, ...]:
    """Return a changed line by characters: Chinese has no words to compare."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if not work.may_compare(old, new) or matcher.ratio() < _ALIKE:
        return tuple(p for p in (Piece(old, "gone"), Piece(new, "new")) if p.text)
    pieces = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece(old[a:b], "same"))
            continue
        if b > a:
            pieces.append(Piece(old[a:b], "gone"))
        if d > c:
            pieces.append(Piece(new[c:d], "new"))
    return tuple(pieces)


MOST = 20_000_000
"""Pairs of characters, or lines, that are compared for one difference: some seconds."""
_ALIKE = 0.5
"""Lines less alike than this are shown whole: a mosaic of single characters says nothing."""
