"""The present time as the archive stores it: UTC, ISO 8601, to the second."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731
"""What tells the present time; tests set it, to see what a clock that jumps back does."""


def utc_now() -> str:
    """Return the present time as the archive writes it: ``2022-06-14T09:56:07+00:00``."""
    return clock().isoformat(timespec="seconds")
