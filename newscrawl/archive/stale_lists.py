"""Tells a list of news that has stopped: nothing new for much longer than ever before."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from itertools import pairwise

from newscrawl.store.values import moment

ARRIVALS = 20
"""How many of a list's last arrivals its history is."""
LEAST_ARRIVALS = 5
"""With fewer it has none."""
AT_ONCE = timedelta(hours=1)
"""What a list showed first within this time, pages of one check, arrived at once."""
TIMES = 2
"""A list is stale that has been silent for so many times its longest silence,"""
LEAST_SILENCE = timedelta(days=1)
"""and for at least so long."""


def stale_since(connection: sqlite3.Connection, listing: str, checked_at: str) -> str | None:
    """Return when a list last showed anything new, if that is too long ago by its own history.

    *checked_at* (UTC) is when it was last read successfully: what was not looked at is not silent.
    """
    arrivals = _arrivals(connection, listing)
    if len(arrivals) < LEAST_ARRIVALS:
        return None
    longest = max(moment(late) - moment(early) for late, early in pairwise(arrivals))
    silence = moment(checked_at) - moment(arrivals[0])
    return arrivals[0] if silence > max(TIMES * longest, LEAST_SILENCE) else None


def _arrivals(connection: sqlite3.Connection, listing: str) -> list[str]:
    """Return when the list showed something new, the last first, each by one step in its index."""
    found: list[str] = []
    before = "~"  # behind every time
    while len(found) < ARRIVALS:
        sql = (
            "SELECT max(first_seen_at) FROM article_listings"
            " WHERE listing = ? AND first_seen_at < ?"
        )
        [(latest,)] = connection.execute(sql, (listing, before)).fetchall()
        if latest is None:
            break
        found.append(latest)
        before = (moment(latest) - AT_ONCE).isoformat(timespec="seconds")
    return found
