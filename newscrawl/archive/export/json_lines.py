"""Articles as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from newscrawl.archive.records import NAMES, Record
from newscrawl.text.escape import escape_json


def as_json_lines(records: Iterable[Record], columns: Sequence[str] = NAMES) -> Iterator[bytes]:
    """Yield a line of JSON for each article: its columns, and its sets as lists.

    What a terminal would obey is written as an escape, which JSON readers undo.
    """
    for each in records:
        row = each.as_dict()
        said = {name: row[name] for name in columns}
        yield escape_json(json.dumps(said, ensure_ascii=False)).encode() + b"\n"
