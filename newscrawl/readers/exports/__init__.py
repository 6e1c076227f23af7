"""Articles in formats that other programs read: a module a format, each written as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from newscrawl.readers.exports.atom import as_atom
from newscrawl.readers.exports.csv_table import as_csv
from newscrawl.readers.exports.json_lines import as_json_lines
from newscrawl.readers.exports.markdown import as_markdown
from newscrawl.readers.exports.parquet import as_parquet
from newscrawl.readers.exports.rss import as_rss
from newscrawl.readers.records import Record

Format: TypeAlias = Callable[[Iterable[Record], str], Iterator[bytes]]
"""Takes articles, and when the last of them changed; yields the bytes of a file, piece by piece."""

FORMATS: dict[str, Format] = {
    "jsonl": lambda records, _: as_json_lines(records),
    "csv": lambda records, _: as_csv(records),
    "parquet": lambda records, _: as_parquet(records),
    "atom": as_atom,
    "rss": as_rss,
    "markdown": lambda records, _: as_markdown(records),
}
"""By the name that ``newscrawl export --format`` takes."""

BINARY = frozenset({"parquet"})
"""Formats that are no text: nothing for a terminal."""
