"""How long the site keeps what it publishes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from newscrawl.text.times import CHINA


def forgotten_until(now: str, days: int) -> str:
    """Return the time before which the site has dropped what it published (UTC).

    It keeps the posts of the last *days* days, by their dates in China, but determines the
    current date in UTC (SOURCES.md 5.6).
    """
    first_kept = datetime.fromisoformat(now).astimezone(UTC).date() - timedelta(days=days - 1)
    return _utc(datetime(first_kept.year, first_kept.month, first_kept.day, tzinfo=CHINA))


def forgets_at(checked_at: str, days: int) -> str:
    """Return when the site may begin to drop what it published after *checked_at* (UTC)."""
    published = datetime.fromisoformat(checked_at).astimezone(CHINA).date()
    dropped = published + timedelta(days=days)
    return _utc(datetime(dropped.year, dropped.month, dropped.day, tzinfo=UTC))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
