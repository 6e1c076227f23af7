"""Articles as Parquet, through pyarrow (the extra ``parquet``): times are times, sets are lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from newscrawl.archive.article_row import COLUMNS
from newscrawl.archive.records import NAMES, Record
from newscrawl.store.values import moment

if TYPE_CHECKING:
    import pyarrow as pa

_UTC_TIMES = ("first_seen_at", "changed_at")
# A row group is held in memory as a whole: it ends at so many rows or characters of text.
_ROWS = 10_000
_CHARACTERS = 6_000_000


def as_parquet(records: Iterable[Record], columns: Sequence[str] = NAMES) -> Iterator[bytes]:
    """Return the pieces of a Parquet file, one for each row group and one for its end.

    ``published_at`` is a time in the zone Asia/Shanghai, the archive's own times are in UTC;
    categories, tags and images are lists, mentions a list of structs.

    :raises ImportError: pyarrow is not installed; at once.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    form = pa.schema([schema(pa).field(name) for name in columns])
    return _pieces(pa, pq, records, form)


def _pieces(pa: Any, pq: Any, records: Iterable[Record], form: pa.Schema) -> Iterator[bytes]:
    sink = _Sink()
    with pq.ParquetWriter(sink, form, compression="zstd") as writer:
        for group in _groups(records):
            writer.write_table(_table(pa, form, group))
            yield sink.taken()
    yield sink.taken()


def schema(pa: Any) -> pa.Schema:
    """Return the columns and their types."""

    def text(name: str) -> pa.Field:
        return pa.field(name, pa.string())

    def lasting(name: str, type_: pa.DataType) -> pa.Field:
        return pa.field(name, type_, nullable=False)

    utc, strings = pa.timestamp("us", tz="UTC"), pa.list_(pa.string())
    typed = {
        "id": lasting("id", pa.string()),
        "seq": lasting("seq", pa.int64()),
        "published_at": pa.field("published_at", pa.timestamp("us", tz="Asia/Shanghai")),
        "is_ai_generated": pa.field("is_ai_generated", pa.int8()),
        **{name: lasting(name, utc) for name in _UTC_TIMES},
    }
    mention = [
        *map(text, ("market", "code", "name", "kind")),
        pa.field("times", pa.int32()),
        text("origin"),
    ]
    return pa.schema(
        [
            *(typed.get(name) or text(name) for name in COLUMNS),
            lasting("categories", strings),
            lasting("tags", strings),
            lasting("mentions", pa.list_(pa.struct(mention))),
            lasting("images", strings),
        ]
    )


def _groups(records: Iterable[Record]) -> Iterator[list[Record]]:
    group: list[Record] = []
    size = 0
    for each in records:
        group.append(each)
        size += sum(map(len, filter(None, (each.body_html, each.body_text, each.summary))))
        if len(group) >= _ROWS or size >= _CHARACTERS:
            yield group
            group, size = [], 0
    if group:
        yield group


def _table(pa: Any, form: pa.Schema, group: list[Record]) -> pa.Table:
    rows = [_row(each) for each in group]
    columns = [pa.array([row[each.name] for row in rows], type=each.type) for each in form]
    return pa.table(columns, schema=form)


def _row(record: Record) -> dict[str, Any]:
    """Return the values by column, times as times."""
    times = {name: moment(getattr(record, name)) for name in _UTC_TIMES}
    return record.as_dict() | times | {"published_at": record.published}


class _Sink:
    """A file for pyarrow of which what was written is taken away."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._length += len(part)
        return len(part)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken

    def tell(self) -> int:
        return self._length

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""
