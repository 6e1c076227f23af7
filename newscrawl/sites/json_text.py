"""Decodes untrusted JSON, with a limit to its depth."""

from __future__ import annotations

import json
from typing import Any

MAX_NESTING = 50
"""Nested objects and lists: answers have 6. Far below Python's recursion limit, which depends on
the caller, so that what was decoded once can always be decoded and encoded again."""

_DECODER = json.JSONDecoder(strict=False)


def decode_json(text: str, begin: int = 0) -> tuple[Any, int]:
    """Return the value that begins at `begin`, and where it ends.

    :raises ValueError: it is not JSON, is nested too deeply, or has an integer that Python does not
        convert (more than 4,300 digits).
    """
    try:
        value, end = _DECODER.raw_decode(text, begin)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check_depth(value)
    return value, end


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_NESTING):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise ValueError(f"it is nested more than {MAX_NESTING} levels deep")


def _inside(value: Any) -> list[Any]:
    """Return the objects and lists in a value."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return []
    return [each for each in value if isinstance(each, dict | list)]
