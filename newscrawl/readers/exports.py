"""Articles in formats that other programs read, one after the other."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from newscrawl.readers.records import COLUMNS, Record

_SETS = ("categories", "tags", "mentions", "images")
# What a spreadsheet would take for a formula, or for a command.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_json_lines(records: Iterable[Record]) -> Iterator[str]:
    """Yield a line of JSON for each article: its columns, and its sets as lists."""
    for each in records:
        yield json.dumps(asdict(each), ensure_ascii=False) + "\n"


def as_csv(records: Iterable[Record]) -> Iterator[str]:
    """Yield the lines of a CSV (RFC 4180), the names of its columns first.

    Sets are joined by ``; ``, a mention as ``1.600160 巨化股份``. A text that begins as a formula
    would gets a ``'`` before it, as spreadsheets mark text.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")

    def line(values: Iterable[Any]) -> str:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(list(values))
        return buffer.getvalue()

    yield line((*COLUMNS, *_SETS))
    for each in records:
        row = [getattr(each, name) for name in COLUMNS]
        mentions = "; ".join(f"{m.market}.{m.code} {m.name}".lstrip(".") for m in each.mentions)
        sets = ("; ".join(each.categories), "; ".join(each.tags), mentions, "; ".join(each.images))
        yield line(map(_no_formula, (*row, *sets)))


def _no_formula(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


FORMATS: dict[str, Callable[[Iterable[Record]], Iterator[str]]] = {
    "jsonl": as_json_lines,
    "csv": as_csv,
}
"""By the name that ``newscrawl export --format`` takes."""
