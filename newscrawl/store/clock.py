"""The archive's own times: UTC, ISO 8601, to the second."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> str:
    """Return the present time as the archive writes it: ``2022-06-14T09:56:07+00:00``."""
    return datetime.now(UTC).isoformat(timespec="seconds")
