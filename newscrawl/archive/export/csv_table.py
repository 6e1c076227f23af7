"""Articles as a CSV that spreadsheets may open."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from newscrawl.archive.records import NAMES, Record, securities_of
from newscrawl.text.escape import escape_lines

# What a spreadsheet would take for a formula, or for a command: some take the wide signs, too, and
# some drop what is not seen before them.
_FORMULA = re.compile(r"[\s\ufeff\u200b-\u200d\u2060\ufffd]*[=+\-@＝＋－＠]|[\t\r\n]")


def as_csv(records: Iterable[Record], columns: Sequence[str] = NAMES) -> Iterator[bytes]:
    """Yield the lines of a CSV (RFC 4180, UTF-8), the names of its columns first.

    Sets are joined by ``; ``, a mention as ``1.600160 巨化股份``. A text that would begin as a
    formula gets a ``'`` before it, as spreadsheets mark text; what a terminal would obey is U+FFFD.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")

    def line(values: Iterable[Any]) -> bytes:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(list(values))
        return buffer.getvalue().encode()

    yield line(columns)
    for each in records:
        yield line([_cell(_value(each, name)) for name in columns])


def _value(record: Record, name: str) -> Any:
    value = getattr(record, name)
    if name == "mentions":
        return "; ".join(" ".join(pair).rstrip() for pair in securities_of(value))
    return "; ".join(value) if isinstance(value, list) else value


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = escape_lines(value)
    return f"'{text}" if _FORMULA.match(text) else text
