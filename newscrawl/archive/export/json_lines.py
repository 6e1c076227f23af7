"""Articles as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from newscrawl.archive.records import Record
from newscrawl.text.escape import escape_json


def as_json_lines(records: Iterable[Record]) -> Iterator[bytes]:
    """Yield a line of JSON for each article: its columns, and its sets as lists.

    What a terminal would obey is written as an escape, which JSON readers undo.
    """
    for each in records:
        yield escape_json(json.dumps(each.as_dict(), ensure_ascii=False)).encode() + b"\n"
