"""Says how long the mirror shows a post, and so until when an article can be missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from newscrawl.text.china_time import CHINA

RETENTION_DAYS = 3
"""Days of posts that the mirror shows: what was not checked for longer has a gap."""
HOME_SHOWS = 5
"""Maximum number of posts of a category on the home page."""


def forgotten_until(now: str, days: int = RETENTION_DAYS) -> str:
    """Return the time up to which the mirror has dropped what it showed (UTC).

    It keeps the posts of so many *days* by their dates in China, and takes its own date from
    UTC (SOURCES.md 5.6).
    """
    first_kept = datetime.fromisoformat(now).astimezone(UTC).date() - timedelta(days=days - 1)
    return _utc(datetime(first_kept.year, first_kept.month, first_kept.day, tzinfo=CHINA))


def forgets_at(checked_at: str, days: int = RETENTION_DAYS) -> str:
    """Return when the mirror may begin to drop what it published after *checked_at* (UTC)."""
    dropped = datetime.fromisoformat(checked_at).astimezone(CHINA).date() + timedelta(days=days)
    return _utc(datetime(dropped.year, dropped.month, dropped.day, tzinfo=UTC))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
