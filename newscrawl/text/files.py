"""Reads texts that users give in files: UTF-8, whatever the locale."""

from __future__ import annotations

import sys
from pathlib import Path


def read_text(name: str | Path) -> str:
    """Return the text of a file, or of standard input for ``-``, without a byte order mark.

    :raises OSError: it cannot be read.
    :raises UnicodeDecodeError: it is not UTF-8.
    """
    read = sys.stdin.buffer.read() if str(name) == "-" else Path(name).read_bytes()
    return read.decode("utf-8-sig")
