"""The words in ``published_from`` that programs look for."""

from __future__ import annotations

HOURS_LATE = 8
"""By how much a time is late whose China time was taken for UTC."""
SHIFTED = "; shifted by "
"""Precedes the number of hours that were added to a time."""


def is_printed(source: str | None) -> bool:
    """Whether a time is as its page prints it, by its ``Published.source``: not shifted."""
    return source is not None and SHIFTED not in source
