"""Prints docs/schema.md: ``python -m newscrawl.cli.docs write``.

What columns mean is said by :mod:`newscrawl.store.schema`; keys, indexes and what may be NULL are
asked of an archive that the migrations have made, so that they cannot be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from newscrawl.store.connections import MEMORY, open_for_writing
from newscrawl.store.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES, VIEWS, Table

if TYPE_CHECKING:
    from newscrawl.store.connections import Connection


def schema_as_markdown() -> str:
    """Return ``docs/schema.md``: every table with its columns, keys and indexes."""
    with closing(open_for_writing(MEMORY)) as archive:
        return "\n".join(_lines(archive)) + "\n"


def _lines(connection: Connection) -> Iterator[str]:
    yield from _HEAD.format(version=SCHEMA_VERSION, id=APPLICATION_ID).strip().splitlines()
    for table in TABLES:
        yield from ("", f"## {table.name}", "", table.doc, "")
        yield from _columns(connection, table)
        yield ""
        yield from _keys(connection, table.name)
    yield from ("", "## Views", "", "| view | holds | as |", "| --- | --- | --- |")
    for view in VIEWS:
        yield f"| `{view.name}` | {view.doc} | `{view.sql}` |"
    yield from _SEARCH.rstrip().splitlines()


def _columns(connection: Connection, table: Table) -> Iterator[str]:
    yield "| column | type | NULL | holds |"
    yield "| --- | --- | --- | --- |"
    rows = connection.execute(
        'SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?)', (table.name,)
    ).fetchall()
    # In the order of the file: a column that a migration added is behind those of the baseline.
    docs = {column.name: column.doc for column in table.columns}
    for name, type_, not_null, pk in rows:
        # An INTEGER PRIMARY KEY is the row's own number, which is never NULL.
        may_be_null = not not_null and not (pk and type_ == "INTEGER")
        # SQLite before 3.36 says it in the type of a generated column.
        shown = type_.removesuffix(" GENERATED ALWAYS")
        yield f"| `{name}` | {shown} | {'yes' if may_be_null else 'no'} | {docs[name]} |"


def _keys(connection: Connection, table: str) -> Iterator[str]:
    """Yield a list of the table's primary key, indexes and references."""
    key = connection.execute(
        "SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (table,)
    ).fetchall()
    yield f"- primary key: {_names(key)}"
    indexes = connection.execute(
        "SELECT name, \"unique\" FROM pragma_index_list(?) WHERE origin = 'c' ORDER BY seq DESC",
        (table,),
    ).fetchall()
    for name, is_unique in indexes:
        columns = connection.execute(
            "SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,)
        ).fetchall()
        yield f"- {'unique index' if is_unique else 'index'}: {_names(columns)}"
    references = connection.execute(
        'SELECT "from", "table", "to" FROM pragma_foreign_key_list(?) ORDER BY id', (table,)
    )
    for column, other, target in references:
        yield f"- `{column}` refers to `{other}.{target}`"


def _names(rows: list[tuple[str]]) -> str:
    return ", ".join(f"`{name}`" for (name,) in rows)


_HEAD = """
# The archive's tables

Written by `python -m newscrawl.cli.docs write`; do not edit.

Schema version {version} (`PRAGMA user_version`), application id {id:#x} (`PRAGMA application_id`).
Columns, primary keys and unique indexes keep their meaning from one version to the next; new
columns are added by automatic migrations.

Open the file read-only, also while a run writes it: `file:data/news.db?mode=ro` as a URI, or
`sqlite3 -readonly data/news.db`. SQLite then needs to write `news.db-shm` beside it. Only where
the folder cannot be written and no `news.db-wal` is there (a copy on a read-only disk), use
`file:news.db?mode=ro&immutable=1`: it reads without locks, and would give wrong answers of a file
that is being written.
"""

_SEARCH = """
## articles_fts

The search index, an FTS5 table without content: its `rowid` is `articles.first_seq`, its columns
are `body_text`, `title` and `summary`. Chinese is found by any substring, Latin words and numbers
by whole token. Two Han characters side by side are one word, 储能; what is longer is a phrase of
these words, each of which begins with the last character of the one before:

```sql
SELECT published_at, title FROM articles
WHERE first_seq IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH '"储能 能电 电池"')
ORDER BY published_at DESC LIMIT 10;
```

A Latin word or number is written in small letters: alone (`5g`), with the character beside it
(`"5g手 手机"`), or with `_` and the word beside it (`mini_led`). Where punctuation stands in a text
the index has `¶` (`，5G手机。` is `¶5g 5g手 手机 机¶`). Traditional characters are to be replaced
by those that `character_folds` gives. `newscrawl.store.search_index.phrase` makes such a phrase in
Python.

## articles_characters

The single characters of each text, for searches of one: an FTS5 table without content and
positions, whose `rowid` is `articles.first_seq`. A character is written with its field, `title_储`,
`summary_储` or `text_储`:

```sql
SELECT published_at, title FROM articles WHERE first_seq IN (
  SELECT rowid FROM articles_characters
  WHERE articles_characters MATCH 'title_储 OR summary_储 OR text_储'
)
ORDER BY published_at DESC LIMIT 10;
```

It has no positions, so FTS5 ranks by it in no order: its `rank` is 0.
"""
