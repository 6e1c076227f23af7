"""What happened to articles since a position: stored for the first time, or stored as changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from newscrawl.archive.filters import Filters
from newscrawl.archive.watchlist import Rule

Kind = Literal["new", "changed"]


@dataclass(frozen=True, slots=True)
class Position:
    """How much of an archive was seen."""

    seq: int
    """The highest sequence number."""
    revision: int
    """The number of the last revision."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an article which matches rules of a watchlist."""

    kind: Kind
    """``changed``: what a page says of it was replaced, and kept as a revision."""
    article_id: str
    number: int
    """Of a new article the sequence number, of a changed one the number of the last revision."""
    rules: tuple[str, ...]
    """The names of the rules that it matches."""


def position(connection: sqlite3.Connection) -> Position:
    """Return the end of an archive as it is now."""
    row = connection.execute(
        "SELECT (SELECT ifnull(max(seq), 0) FROM articles),"
        " (SELECT ifnull(max(id), 0) FROM revisions)"
    ).fetchone()
    return Position(row[0], row[1])


def events_since(
    connection: sqlite3.Connection, after: Position, rules: Sequence[Rule]
) -> tuple[list[Event], Position]:
    """Return what happened after a position to articles that match a rule, and the new position.

    New articles come first, in the order in which they were stored. An article that is new and was
    changed since is new.

    :raises BadFilter: a rule names a security that the archive does not know.
    """
    connection.execute("BEGIN")
    try:
        until = position(connection)
        found: dict[tuple[Kind, int, str], list[str]] = {}
        for rule in rules:
            for key in _matching(connection, after, rule):
                found.setdefault(key, []).append(rule.name)
    finally:
        connection.execute("COMMIT")
    events = [
        Event(kind, article_id, number, tuple(found[kind, number, article_id]))
        for kind, number, article_id in sorted(found, key=lambda key: (key[0] != "new", key[1]))
    ]
    return events, until


def _matching(
    connection: sqlite3.Connection, after: Position, rule: Rule
) -> list[tuple[Kind, int, str]]:
    where, parameters = Filters(rules=(rule.filters,)).where(connection, of_each=True)
    new = connection.execute(
        "SELECT first_seq, id FROM articles"  # noqa: S608  constants and marks
        f" WHERE first_seq > ? AND {where}",
        (after.seq, *parameters),
    ).fetchall()
    changed = connection.execute(
        "SELECT (SELECT max(revisions.id) FROM revisions"  # noqa: S608  constants and marks
        " WHERE article_id = articles.id), id"
        " FROM articles WHERE first_seq <= ? AND id IN (SELECT article_id FROM revisions"
        f" WHERE revisions.id > ?) AND {where}",
        (after.seq, after.revision, *parameters),
    ).fetchall()
    found: list[tuple[Kind, int, str]] = [("new", row[0], row[1]) for row in new]
    return found + [("changed", row[0], row[1]) for row in changed]
