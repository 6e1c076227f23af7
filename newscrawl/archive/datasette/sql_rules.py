"""Which SQL the served archive answers: a list of what is allowed, asked by SQLite's authorizer.

SQLite asks for each function, column and pragma that a statement names, also within views, and
compiles nothing that is refused. What is not listed here is refused, so that a function that a
later SQLite brings stays closed until it is reviewed.
"""

from __future__ import annotations

import re
import sqlite3

from newscrawl.store.search_index import TABLES as SEARCH_INDEXES
from newscrawl.text.escape import escape_controls

FUNCTIONS: dict[str, str] = {
    "texts": "char concat concat_ws escape_fts format glob hex instr length like lower ltrim"
    " octet_length printf quote replace rtrim substr substring trim typeof unicode unistr"
    " unistr_quote upper",
    "values": "coalesce if ifnull iif likelihood likely max min nullif unlikely",
    "numbers": "abs acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor"
    " ln log log10 log2 mod pi pow power radians random round sign sin sinh sqrt tan tanh trunc",
    "times": "current_date current_time current_timestamp date datetime julianday strftime time"
    " timediff unixepoch",
    "groups": "avg count cume_dist dense_rank first_value group_concat lag last_value lead median"
    " nth_value ntile percent_rank percentile percentile_cont percentile_disc rank row_number"
    " string_agg sum total",
    "JSON, of which some columns are made": "-> ->> json json_array json_array_length json_extract"
    " json_group_array json_group_object json_insert json_object json_pretty json_quote"
    " json_remove json_replace json_set json_type json_valid",
    "the search index": "bm25 match",
}
"""The functions that a query may call, by what they are for; ``escape_fts`` is Datasette's.

Left out on purpose: whatever takes or gives a pointer (``fts3_tokenizer``, ``fts5``), loads code
(``load_extension``), writes (``sqlite_log``, ``optimize``), serves other virtual tables
(``matchinfo``, ``offsets``, ``rtree*``), takes the square of a text's length (``json_patch``,
``unhex``) where ours can do without, or of what it finds in a text (``snippet``; our search index
keeps no texts to show, also by ``highlight``), only makes large values (``zeroblob``,
``randomblob``), or tells which SQLite this is, and so which faults it has (``sqlite_version``,
``sqlite_compileoption_*``).
"""

PRAGMAS: dict[str, str] = {
    "data_version": "the search index asks whether the file changed",
    "database_list": "the front page asks for the file's size, Datasette for attached files",
    "foreign_key_list": "Datasette's pages of tables",
    "index_list": "the same",
    "schema_version": "Datasette asks whether the tables changed",
    "table_info": "Datasette's pages of tables, where SQLite is old",
    "table_xinfo": "Datasette's pages of tables",
    "user_version": "our pages ask which schema it is",
    "cache_size": "our search sets it",
}
"""The pragmas that are answered, and who asks. No query can: a query begins with SELECT or WITH,
and the tables by which a SELECT could reach a pragma (``pragma_database_list``) are refused."""

SETTABLE = {"cache_size", "foreign_key_list", "index_list", "table_info", "table_xinfo"}
"""Pragmas that may be given an argument: the name of a table, or the size of a cache."""

TABLE_FUNCTIONS = frozenset({"json_each", "json_tree"})
"""Virtual tables outside the file that may be read: Datasette's facets use the first."""

SCHEMA_TABLES = frozenset({"sqlite_master", "sqlite_schema"})
# To connect a virtual table (the search index, json_each) SQLite compiles its declaration, and asks
# as if that were stored. No query can update: only SELECT is allowed, and the file is read-only.
_DECLARING = frozenset({"type", "name", "tbl_name", "rootpage", "sql"})

_FUNCTIONS = frozenset(" ".join(FUNCTIONS.values()).split())
_HARMLESS_ACTIONS = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION}
)
_RANK = "rank"
"""The column of the search index by which a query may name another function than bm25, past the
authorizer (``rank MATCH 'snippet(…)'``): only SQL of ours reads it."""
_VIRTUAL = re.compile(
    rb"CREATE(?:\s|\xef\xbb\xbf|(?>/\*.*?\*/)|--[^\n]*+\n)++VIRTUAL\b", re.I | re.S
)
"""How the statement of a virtual table begins; comments and a mark of UTF-8 are space to SQLite."""
_NAME = 60
"""Letters of a refused name that are repeated."""


def joins_by_rank(sql: str) -> bool:
    """Whether a statement may join the search index by its rank: SQLite then asks for no column.

    By its words alone, which may also stand there for something else.
    """
    words = sql.lower()
    has_index = any(map(words.__contains__, SEARCH_INDEXES))
    return has_index and "using" in words and _RANK in words


class Rules:
    """The authorizer of a connection; :attr:`refusal` says why it last refused."""

    refusal: str | None = None
    is_ours: bool = False
    """Whether what is asked now is SQL of ours alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Learn which tables the file has."""
        virtual = _virtual_tables(connection)
        plain = {
            _folded(str(name))
            for name, sql in connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
            ).fetchall()
            if name not in virtual
            and str(sql).startswith(("CREATE TABLE ", "CREATE VIEW "))
            and not joins_by_rank(str(sql))
        }
        self._tables = plain | SCHEMA_TABLES | TABLE_FUNCTIONS
        self._tables |= {each for each in SEARCH_INDEXES if _is_search_index(connection, each)}
        self._closed = ({_folded(name) for name in virtual} | _modules(connection)) - self._tables

    def __call__(
        self, action: int, first: str | None, second: str | None, database: str | None, *_: object
    ) -> int:
        """Answer SQLite: whether a statement may do this."""
        refused = self._refused(action, first or "", second or "", database)
        if refused is None:
            return sqlite3.SQLITE_OK
        self.refusal = f"Not allowed in a query: {escape_controls(refused)}."
        return sqlite3.SQLITE_DENY

    def _refused(self, action: int, first: str, second: str, database: str | None) -> str | None:
        """Return what is refused, or None."""
        if action in _HARMLESS_ACTIONS:
            return None
        if action == sqlite3.SQLITE_FUNCTION:
            return None if _folded(second) in _FUNCTIONS else f"the function {second[:_NAME]}"
        if action == sqlite3.SQLITE_READ:
            if _folded(first) in SEARCH_INDEXES and second == _RANK and not self.is_ours:
                return f"the column {_RANK}; bm25({_folded(first)}) is the same"
            is_read = self._may_read(_folded(first), second, database)
            return None if is_read else f"the table {first[:_NAME]}"
        if action == sqlite3.SQLITE_PRAGMA:
            name = _folded(first)
            is_known = name in PRAGMAS and (not second or name in SETTABLE)
            return None if is_known else f"PRAGMA {first[:_NAME]}"
        if action == sqlite3.SQLITE_UPDATE and first in SCHEMA_TABLES and second in _DECLARING:
            return None
        return "anything but reading"

    def _may_read(self, table: str, column: str, database: str | None) -> bool:
        if database not in ("main", None):
            return False
        if table in self._tables:
            return True
        # Of a table of which no column is read, as by count(*), SQLite names no database, and it
        # asks so for the names that a WITH gives, too.
        is_given = not column and database is None
        is_closed = table in self._closed or table.startswith(("pragma_", "sqlite_"))
        return is_given and not is_closed


def _folded(name: str) -> str:
    """Return a name as SQLite compares it: capitals of ASCII alone are as small letters."""
    return name.lower() if name.isascii() else name


def _virtual_tables(connection: sqlite3.Connection) -> set[str]:
    """Return the file's virtual tables as SQLite (since 3.37) sees them, whatever is written."""
    if sqlite3.sqlite_version_info < (3, 37):
        return _virtual_tables_as_written(connection)
    rows = connection.execute("PRAGMA table_list").fetchall()
    return {row[1] for row in rows if row[2] == "virtual"}


def _virtual_tables_as_written(connection: sqlite3.Connection) -> set[str]:
    """Return the virtual tables by their statements, for an SQLite that cannot list them."""
    rows = connection.execute("SELECT name, CAST(sql AS BLOB) FROM sqlite_master WHERE sql > ''")
    return {name for name, sql in rows.fetchall() if _VIRTUAL.match(sql)}


def _modules(connection: sqlite3.Connection) -> set[str]:
    """Return the virtual tables that SQLite has in every file."""
    return {_folded(row[0]) for row in connection.execute("PRAGMA module_list").fetchall()}


def _is_search_index(connection: sqlite3.Connection, name: str) -> bool:
    """Whether the table of that name is one of FTS5, ranked by bm25, and no other virtual table."""
    row = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    if row is None or not str(row[0]).startswith(f"CREATE VIRTUAL TABLE {name} USING fts5("):
        return False
    try:
        ranks = connection.execute(
            f"SELECT 1 FROM {name}_config WHERE k = 'rank'"  # noqa: S608  a constant
        ).fetchall()
    except sqlite3.Error:
        return False
    return not ranks
