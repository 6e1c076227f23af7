"""Reads the dates of HTTP headers."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache


@lru_cache(64)
def read_http_date(header: bytes | None) -> datetime | None:
    """Return the time that a header such as ``Date`` has, in UTC; None where it has none.

    One without a zone is in UTC (RFC 9110, 5.6.7).
    """
    try:
        found = parsedate_to_datetime((header or b"").decode("latin-1"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
