"""Validates the values of an archive that another program may have written.

A value that newscrawl never writes is reported in a sentence that names it, and never as an
exception from wherever it is first used.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from newscrawl.items import FIELDS
from newscrawl.store.errors import Unexpected
from newscrawl.store.schema import TABLES

if TYPE_CHECKING:
    from newscrawl.store.observation import Fields

LARGEST = 64 << 20
"""Bytes of one value, and of one row; a page of which one is made has 5 MB at most."""
PATIENCE = 4_000
"""Times :data:`OPERATIONS` for one row: minutes, where a whole table of a million articles takes
seconds. A file that was made to be read for ever ends there."""
OPERATIONS = 1_000_000
"""Steps of SQLite's machine, some 20 ms, after which Python may act on Ctrl-C."""

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Times beyond these cannot be reckoned with."""

_ADVICE = "`newscrawl verify` lists all problems."


def bound(connection: sqlite3.Connection, path: object) -> None:
    """Prepare a connection to read what another program may have written.

    Rows are :class:`sqlite3.Row`; fetching one raises Unexpected where a value is not of its
    column's type.
    """
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    rows = Rows(connection, str(path))
    connection.row_factory = rows
    connection.set_progress_handler(rows.wait, OPERATIONS)


def unbound(connection: sqlite3.Connection) -> None:
    """Let a connection of :func:`bound` read any value, and take its time; Ctrl-C still ends it."""
    connection.row_factory = sqlite3.Row
    connection.set_progress_handler(lambda: False, OPERATIONS)


class Rows:
    """Makes rows and validates each: columns of our names hold what newscrawl writes.

    Rows whose values have types that were seen before are not validated further.
    """

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._description: Any = None
        self._met: dict[tuple[str, ...], set[tuple[type, ...]]] = {}
        self._good: set[tuple[type, ...]] = set()
        self._waited = 0

    def __call__(self, cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> sqlite3.Row:
        """Return the row.

        :raises Unexpected: a value is not of its column's type.
        """
        self._waited = 0
        if cursor.description is not self._description:
            self._description = cursor.description
            self._good = self._met.setdefault(tuple(each[0] for each in cursor.description), set())
        types = tuple(map(type, values))
        if types not in self._good:
            self._validate([each[0] for each in cursor.description], values)
            self._good.add(types)
        return sqlite3.Row(cursor, values)

    def wait(self) -> bool:
        """Whether SQLite is to stop: it has been at one row for too long."""
        self._waited += 1
        return self._waited > PATIENCE

    def _validate(self, names: list[str], values: tuple[Any, ...]) -> None:
        for name, value in zip(names, values, strict=True):
            wanted = _types().get(name)
            if wanted is None or type(value) in wanted:
                continue
            if value is None and name not in self._required:
                continue
            raise Unexpected(
                f"{self._path} holds {_called(value)} in the column {name}{_row(names, values)}, "
                f"where newscrawl writes {' or '.join(_WRITES[each] for each in wanted)}. {_ADVICE}"
            )

    @cached_property
    def _required(self) -> frozenset[str]:
        """Names of columns that are never NULL in any table."""
        cursor = self._connection.cursor()
        cursor.row_factory = None
        found: dict[str, bool] = {}
        for table in TABLES:
            # As a statement: the web pages' rules refuse the table-valued function.
            for _, name, _, not_null, _, pk in cursor.execute(f"PRAGMA table_info({table.name})"):
                found[name] = found.get(name, True) and bool(not_null or pk)
        return frozenset(name for name, is_required in found.items() if is_required)


@cache
def _types() -> Mapping[str, tuple[type, ...]]:
    """The types of each column's values, by its name: only `id` has two, text and number."""
    found: dict[str, dict[type, None]] = {}
    for table in TABLES:
        for column in table.columns:
            found.setdefault(column.name, {})[column.type] = None
    return {name: tuple(types) for name, types in found.items()}


_WRITES = {str: "text", int: "an integer", float: "a number", bytes: "bytes"}


def _called(value: Any) -> str:
    return "nothing" if value is None else _WRITES[type(value)]


def _row(names: list[str], values: tuple[Any, ...]) -> str:
    """Say which row it is, by the first column that tells."""
    row = dict(zip(names, values, strict=True))
    for name in ("article_id", "id", "url", "category", "rule", "name"):
        if isinstance(row.get(name), str | int):
            return f" ({name} {str(row[name])[:80]})"
    return ""


def json_object(text: str | None, what: str) -> dict[str, Any]:
    """Return the JSON object that *text* is; an empty one for none.

    :raises Unexpected: it is not an object, or holds half a character.
    """
    if not text:
        return {}
    try:
        found = json.loads(text)
        if "\\ud" in text.lower():
            json.dumps(found, ensure_ascii=False).encode()  # half of a character
    except (ValueError, TypeError, RecursionError) as error:
        raise Unexpected(f"The JSON in {what} cannot be read: {error}. {_ADVICE}") from error
    if not isinstance(found, dict):
        raise Unexpected(f"The JSON in {what} is not an object. {_ADVICE}")
    return found


def page_difference(text: str | None, what: str) -> Fields:
    """Return in what a page differs from its article, as ``observations.differs`` has it.

    :raises Unexpected: it is not a difference.
    """
    found = json_object(text, what)
    for name, value in found.items():
        if name not in FIELDS or not (value is None or _is_field(name, value)):
            raise Unexpected(f"The JSON in {what} says nothing of a page: {name}. {_ADVICE}")
    return found


def _is_field(name: str, value: Any) -> bool:
    if name == "mentions":
        return type(value) is list and all(
            type(each) is list and [*map(type, each)] == [str, str, str, str, int, str]
            for each in value
        )  # fmt: skip
    if FIELDS[name].type is list:
        return type(value) is list and all(type(each) is str for each in value)
    return type(value) is FIELDS[name].type


def moment(text: str) -> datetime:
    """Return a time of the archive; one without an offset is UTC.

    :raises Unexpected: it is not a time, or of a year without news.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unexpected(f"The archive holds the time {text[:40]!r}. {_ADVICE}") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Unexpected(f"The archive holds the time {text[:40]!r}. {_ADVICE}")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
