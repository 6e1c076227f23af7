"""Articles in formats that other programs read: a module a format, each written as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from newscrawl.archive.export.atom import as_atom
from newscrawl.archive.export.csv_table import as_csv
from newscrawl.archive.export.json_lines import as_json_lines
from newscrawl.archive.export.markdown import as_markdown
from newscrawl.archive.export.parquet import as_parquet
from newscrawl.archive.export.rss import as_rss
from newscrawl.archive.records import Record

Format: TypeAlias = Callable[[Iterable[Record], str, Sequence[str]], Iterator[bytes]]
"""Takes articles, when the last of them changed, and the columns that are wanted; yields the bytes
of a file, piece by piece."""

FORMATS: dict[str, Format] = {
    "jsonl": lambda records, _, columns: as_json_lines(records, columns),
    "csv": lambda records, _, columns: as_csv(records, columns),
    "parquet": lambda records, _, columns: as_parquet(records, columns),
    "atom": lambda records, changed_at, _: as_atom(records, changed_at),
    "rss": lambda records, changed_at, _: as_rss(records, changed_at),
    "markdown": lambda records, *_: as_markdown(records),
}
"""By the name that ``newscrawl export --format`` takes."""

TABLES = frozenset({"jsonl", "csv", "parquet"})
"""Those of which columns may be chosen."""
BINARY = frozenset({"parquet", "warc"})
"""Binary formats: not for a terminal."""
SUFFIXES = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet", ".atom": "atom",
    ".rss": "rss", ".warc.gz": "warc",
}  # fmt: skip
"""The format of a file by its suffix."""
