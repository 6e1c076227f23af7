"""Articles in formats that other programs read: a module a format, each written as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from newscrawl.archive.export.atom import as_atom
from newscrawl.archive.export.csv_table import as_csv
from newscrawl.archive.export.json_lines import as_json_lines
from newscrawl.archive.export.markdown import as_markdown
from newscrawl.archive.export.parquet import as_parquet
from newscrawl.archive.export.rss import as_rss
from newscrawl.archive.records import Record

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
"""Binary formats: not for a terminal."""
