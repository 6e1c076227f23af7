"""The archive as Datasette opens it: read-only, within bounds, by the rules of its SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

from datasette.database import Database, connections
from datasette.views.base import DatasetteError

from newscrawl.archive.datasette.sql_functions import replace_slow
from newscrawl.archive.datasette.sql_rules import Rules, joins_by_rank
from newscrawl.store.connections import Seen, seen, uri_for_reading
from newscrawl.store.errors import StoreError
from newscrawl.store.write_ahead_log import refuse_foreign

T = TypeVar("T")

LONGEST_VALUE = 64 << 20
"""Bytes of a value on our pages; SQLite's limit is a thousand million. A page may have fifty."""
LONGEST_OF_A_QUERY = 1 << 20
"""Bytes of a value in a query: what it looks for in a long text takes the square of its length."""
LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LONGEST_OF_A_QUERY,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 100_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 100,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 5000,  # a search looks up a thousand articles at once
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
HEAP = 1 << 30
"""Bytes that SQLite may hold in this process: a row may have a hundred values of the longest."""
SOFT_HEAP = HEAP * 3 // 4
"""From here on it takes memory of its cache, of which a search may use 256 MB in each thread."""
LARGEST_ANSWER = 20_000_000
"""Characters and bytes of all rows of an answer: 1000 articles with their texts have 10 million. As
JSON each may take six bytes, and newscrawl.archive.datasette.plugin makes some answers at once."""
STEPS = 250
"""Steps of SQLite between two checks of the clock: one may take as long as a longest value does."""

_SWITCHES = {
    "SQLITE_DBCONFIG_DEFENSIVE": True,
    "SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER": False,
    "SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION": False,
    "SQLITE_DBCONFIG_ENABLE_TRIGGER": False,
    "SQLITE_DBCONFIG_TRUSTED_SCHEMA": False,
    "SQLITE_DBCONFIG_WRITABLE_SCHEMA": False,
}
_EXPLAINED = ("addr", "opcode", "p1", "p2", "p3", "p4", "p5", "comment")


class Replaced(Exception):
    """Another file was put in the archive's place."""


class ArchiveDatabase(Database):  # type: ignore[misc]  # Datasette has no types
    """An archive, read-only, whoever asks; what is refused gets a sentence."""

    def connect(self, write: bool = False) -> sqlite3.Connection:
        """Open one more connection; to write there is none.

        :raises DatasetteError: the file was put in the archive's place under the log of that.
        """
        try:
            refuse_foreign(Path(self.path))
        except StoreError as error:
            raise DatasetteError(str(error), status=503) from error
        found = seen(self.path)
        connection = sqlite3.connect(
            uri_for_reading(Path(self.path)), uri=True, check_same_thread=False, factory=Guarded,
        )  # fmt: skip
        connection.seen = found
        self._all_file_connections.append(connection)
        return connection

    async def read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Call *fn*, which runs SQL of ours alone, with a connection that reads longer values.

        :raises sqlite3.OperationalError: as :meth:`execute_fn`.
        """

        def reading(connection: Guarded) -> T:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
            connection.rules.is_ours = True
            try:
                return fn(connection)
            finally:
                connection.rules.is_ours = False
                connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_OF_A_QUERY)

        return await self.execute_fn(reading)

    async def execute_fn(self, fn: Callable[[Guarded], T]) -> T:
        """Call *fn* with a connection.

        :raises sqlite3.OperationalError: what it asks is refused, wrong, or needs too much.
        """

        def explained(connection: Guarded) -> T:
            if connection.seen != seen(self.path):
                delattr(connections, self.name)  # Datasette opens one more for this thread
                raise Replaced
            connection.rules.refusal = None
            try:
                return fn(connection)
            except MemoryError:
                raise sqlite3.OperationalError("The query needs too much memory.") from None
            except (sqlite3.Error, sqlite3.Warning) as error:
                sentence = connection.rules.refusal or _asked_wrongly(error)
                if sentence is None:
                    raise
                raise sqlite3.OperationalError(sentence) from error

        while True:
            try:
                answer: T = await super().execute_fn(explained)
                return answer
            except Replaced:
                continue  # each thread has a connection of its own


def _asked_wrongly(error: Exception) -> str | None:
    # Datasette takes only an OperationalError for the asker's fault, and shows a failure else.
    if isinstance(error, sqlite3.DataError):
        return f"A value is longer than {LONGEST_OF_A_QUERY} bytes: leave its column out."
    asked = (sqlite3.ProgrammingError, sqlite3.Warning)
    return str(error) if isinstance(error, asked) else None


class Cursor(sqlite3.Cursor):
    """A cursor that shows no machine code and holds no more than :data:`LARGEST_ANSWER`."""

    def execute(self, sql: str, *parameters: Any) -> Self:
        """Run a statement.

        :raises sqlite3.OperationalError: also where it may join by a rank.
        """
        rules: Rules | None = getattr(self.connection, "rules", None)
        if rules and not rules.is_ours and joins_by_rank(sql):
            raise sqlite3.OperationalError("Not allowed in a query: the search index USING a rank.")
        return super().execute(sql, *parameters)

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        """Return the next rows."""
        return list(islice(self._bounded(), size))

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        return list(self._bounded())

    def _bounded(self) -> Iterator[Any]:
        if tuple(column[0] for column in self.description or ()) == _EXPLAINED:
            # It prints where things lie in memory.
            raise sqlite3.OperationalError(
                "Not allowed in a query: EXPLAIN. EXPLAIN QUERY PLAN is."
            )
        held = 0
        for row in self:
            held += sum(len(value) for value in row if isinstance(value, (str, bytes)))
            if held > LARGEST_ANSWER:
                raise sqlite3.OperationalError(
                    f"The answer has more than {LARGEST_ANSWER} characters."
                )
            yield row


class Guarded(sqlite3.Connection):
    """A connection that answers what a stranger asks of a file that may be a stranger's, too."""

    rules: Rules
    seen: Seen | None
    """What it was opened as."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        try:
            self._guard()
        except sqlite3.Error:
            self.close()
            raise

    def _guard(self) -> None:
        for category, limit in LIMITS.items():
            self.setlimit(category, limit)
        for name, is_on in _SWITCHES.items():
            if hasattr(sqlite3, name) and hasattr(self, "setconfig"):  # Python 3.12
                self.setconfig(getattr(sqlite3, name), is_on)
        self.execute("PRAGMA query_only = ON")
        self.execute("PRAGMA trusted_schema = OFF")  # no view of the file calls what may do harm
        self.execute("PRAGMA cell_size_check = ON")  # a damaged page is seen before it is read
        self.execute(f"PRAGMA hard_heap_limit = {HEAP}")  # of the process, not of a connection
        self.execute(f"PRAGMA soft_heap_limit = {SOFT_HEAP}")
        replace_slow(self)
        self.rules = Rules(self)
        self.set_authorizer(self.rules)

    def cursor(self, factory: Any = Cursor) -> Any:
        """Return a bounded cursor."""
        return super().cursor(factory)

    def set_progress_handler(self, handler: Any, n: int) -> None:
        """Let Datasette check the clock more often than it asks to."""
        super().set_progress_handler(handler, min(n, STEPS))
