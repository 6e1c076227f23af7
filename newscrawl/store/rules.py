"""Counts how often the parsing rules match, and finds those that no longer do."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

ENOUGH_PAGES = 50
"""Number of pages that must have been parsed before a rule is known to match at all."""
MAIN = 0.5
"""A rule that matched on this share of the pages is reliable."""
MISSED = 20
"""Number of pages in a row without a match that cannot be chance."""


class Uses(NamedTuple):
    """How often one run used a rule."""

    pages: int
    """Pages read that the rule is for."""
    matches: int


def add_uses(db: sqlite3.Connection, uses: Mapping[str, Uses], now: str) -> None:
    """Add what a run counted."""
    db.executemany(
        "INSERT INTO rules (rule, pages, matches, missed, matched_at)"
        " VALUES (:rule, :pages, :matches, iif(:matches, 0, :pages), iif(:matches, :now, NULL))"
        " ON CONFLICT (rule) DO UPDATE SET pages = pages + :pages, matches = matches + :matches,"
        " missed = iif(:matches, 0, missed + :pages),"
        " matched_at = iif(:matches, :now, matched_at)",
        [
            {"rule": rule, "pages": each.pages, "matches": each.matches, "now": now}
            for rule, each in uses.items()
            if each.pages
        ],
    )


def dead(db: sqlite3.Connection) -> list[str]:
    """Return the rules that used to match and have stopped."""
    rows = db.execute(
        "SELECT rule FROM rules WHERE missed >= ? AND pages - missed >= ?"
        " AND matches >= ? * (pages - missed) ORDER BY rule",
        (MISSED, ENOUGH_PAGES, MAIN),
    ).fetchall()
    return [rule for (rule,) in rows]
