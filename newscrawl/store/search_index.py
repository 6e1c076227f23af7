"""The full-text index: Chinese by any substring, Latin words and numbers by whole token.

SQLite's own tokenizer takes a run of Han characters for one word. So the index holds texts of its
own, made of the tokens of :mod:`newscrawl.text.segments`.

``articles_fts`` has each text by its bigrams (two tokens side by side), with positions: 储能电池 is
the phrase ``"储能 能电 电池"``. Few texts have a given bigram, so a phrase is fast to find in a big
archive; of single characters, SQLite would read every text that has them, anywhere.

``articles_characters`` has each text by its different characters, ``title_储``, ``summary_储`` or
``text_储``, without positions: a tenth of the other's size.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from newscrawl.store import identity
from newscrawl.text.segments import FOLDS, bigrams_of, lay_out, tokens_of

TABLE, CHARACTERS = "articles_fts", "articles_characters"
TABLES = (TABLE, CHARACTERS)
FIELDS = {"body_text": "text", "title": "title", "summary": "summary"}
"""The columns of ``articles_fts``, and what stands before a character of each, with ``_``. The
texts come first: in FTS5, words of the first column take two bytes less."""
COLUMNS = tuple(FIELDS)

_TOKENIZER = "content='', tokenize=\"ascii tokenchars '_'\""
CREATE = {
    TABLE: f"CREATE VIRTUAL TABLE {TABLE} USING fts5({', '.join(COLUMNS)}, {_TOKENIZER})",
    CHARACTERS: f"CREATE VIRTUAL TABLE {CHARACTERS} USING fts5(characters, detail=none,"
    f" {_TOKENIZER})",
}
"""The tokens are made here: of SQLite's tokenizers the plainest will do, and takes a fifth less."""
_NAMES = {TABLE: COLUMNS, CHARACTERS: ("characters",)}
# Bigrams are of many kinds: merged less often, and gathered longer before they are written (32 MB),
# they cost a third less. From crisismerge on, all pieces would be merged at once: what an import
# leaves is for later runs to merge little by little.
_USUALLY = {"hashsize": 32 << 20, "automerge": 8, "crisismerge": 128}
_IN_AN_IMPORT = {**_USUALLY, "automerge": 64}

MERGE_STEP = 2000
"""Pages of the index that :func:`optimize` writes at a time: 0.1 s, and 30 MB of log at most."""

_LISTED = {table: ", ".join(names) for table, names in _NAMES.items()}
_MARKS = {table: ", ".join("?" * (1 + len(names))) for table, names in _NAMES.items()}
_INSERT = {
    table: f"INSERT INTO {table} (rowid, {_LISTED[table]}) VALUES ({_MARKS[table]})"  # noqa: S608  constants
    for table in TABLES
}
_DELETE = {
    table: f"INSERT INTO {table} ({table}, rowid, {_LISTED[table]}) VALUES (?, {_MARKS[table]})"  # noqa: S608  constants
    for table in TABLES
}


def rebuild(db: sqlite3.Connection) -> None:
    """Rebuild the index from the texts of all articles."""
    for table in TABLES:
        db.execute(f"DROP TABLE IF EXISTS {table}")
        db.execute(CREATE[table])
    configure(db)
    for rowid, texts in _texts(db):
        values = _values(texts)
        for table in TABLES:
            db.execute(_INSERT[table], (rowid, *values[table]))


def store_folds(db: sqlite3.Connection) -> None:
    """Write the table by which other programs fold characters as the index does."""
    db.execute("DELETE FROM character_folds")
    folds = (json.dumps(FOLDS),)
    db.execute("INSERT INTO character_folds SELECT key, value FROM json_each(?)", folds)


def has_folds(db: sqlite3.Connection) -> bool:
    """Whether that table is as it was written."""
    return dict(db.execute("SELECT character, simplified FROM character_folds").fetchall()) == FOLDS


def configure(db: sqlite3.Connection, *, importing: bool = False) -> None:
    """Set how soon the segments of the index are merged.

    *importing*: late. Its pieces are large, and merging them as they come is a third of what
    indexing costs.
    """
    wanted = _IN_AN_IMPORT if importing else _USUALLY
    for table in TABLES:
        try:
            found = dict(db.execute(f"SELECT k, v FROM {table}_config"))  # noqa: S608  constant
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            continue  # it was dropped: whoever writes into it reports that, or rebuilds it
        sql = f"INSERT INTO {table} ({table}, rank) VALUES (?, ?)"  # noqa: S608  constants
        db.executemany(sql, [each for each in wanted.items() if found.get(each[0]) != each[1]])


def compare(db: sqlite3.Connection, *, each: Callable[[], None]) -> str | None:
    """Compare the index with a new one, in temporary tables; None if they are equal.

    Each place of each word is compared. *each* is called after every article. *db* may be
    read-only.
    """
    try:
        for table in TABLES:
            db.execute(CREATE[table].replace(f"TABLE {table} ", f"TABLE temp.{table}_again ", 1))
        for rowid, texts in _texts(db):
            values = _values(texts)
            for table in TABLES:
                sql = _INSERT[table].replace(table, f"{table}_again", 1)
                db.execute(sql, (rowid, *values[table]))
            each()
        return next(filter(None, (_first_difference(db, table) for table in TABLES)), None)
    except sqlite3.DatabaseError as error:
        if "vtable" not in str(error) and "malformed" not in str(error):
            raise
        return f"SQLite says {error}"
    finally:
        for table in TABLES:
            for name in (f"{table}_words", f"{table}_again_words", f"{table}_again"):
                db.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _first_difference(db: sqlite3.Connection, table: str) -> str | None:
    words = []
    for schema, name in (("main", table), ("temp", f"{table}_again")):
        made = f"temp.{name}_words USING fts5vocab({schema}, {name}, instance)"
        db.execute(f"CREATE VIRTUAL TABLE {made}")
        words.append(db.execute(f"SELECT term, doc, col, offset FROM temp.{name}_words"))  # noqa: S608
    for found, wanted in zip_longest(*map(iter, words)):
        if found is None or wanted is None or tuple(found) != tuple(wanted):
            return f"{table} has {tuple(found or ())}, and the texts {tuple(wanted or ())}"
    sizes = (
        f"SELECT id, sz FROM main.{table}_docsize",  # noqa: S608  constants
        f"SELECT id, sz FROM temp.{table}_again_docsize",  # noqa: S608
    )
    for one, other in (sizes, sizes[::-1]):
        count = db.execute(f"SELECT count(*) FROM ({one} EXCEPT {other})").fetchone()[0]  # noqa: S608
        if count:
            return f"{count} texts of {table} differ in their length"
    return None


def _texts(db: sqlite3.Connection) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Yield the number in the index and the texts of each article."""
    found = db.execute(f"SELECT first_seq, {', '.join(COLUMNS)} FROM articles ORDER BY first_seq")  # noqa: S608
    for rowid, *values in found:
        yield rowid, dict(zip(COLUMNS, values, strict=True))


Texts = Mapping[str, Any]
"""The texts of an article, under the names of :data:`COLUMNS`."""


def replace(db: sqlite3.Connection, texts: Mapping[int, tuple[Texts | None, Texts]]) -> None:
    """Index again the articles that differ: under each rowid the old texts, if any, and the new.

    An index without content forgets a row only when it is told what the row said.
    """
    changed = {
        rowid: (old, new)
        for rowid, (old, new) in texts.items()
        if old is None or any(old[name] != new[name] for name in COLUMNS)
    }
    before = {rowid: _values(old) for rowid, (old, _) in changed.items() if old is not None}
    after = {rowid: _values(new) for rowid, (_, new) in changed.items()}
    for table in TABLES:
        db.executemany(
            _DELETE[table],
            (("delete", rowid, *values[table]) for rowid, values in before.items()),
        )
        db.executemany(_INSERT[table], ((rowid, *values[table]) for rowid, values in after.items()))


def optimize(db: sqlite3.Connection) -> None:
    """Merge the pieces of the index into one, in many small transactions.

    Each may be the last: what a search finds is the same before, between and after them.
    """
    for table in TABLES:
        _optimize(db, f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)")  # noqa: S608


def _optimize(db: sqlite3.Connection, sql: str) -> None:
    step = -MERGE_STEP  # below 0: of all pieces, not only of those that are as many as they may be
    while True:
        with identity.transaction(db):
            before = db.total_changes
            db.execute(sql, (step,))
            changes = db.total_changes - before
        if changes < 2:  # as FTS5 says that nothing is left to do
            return
        step = MERGE_STEP


def _values(texts: Texts) -> dict[str, tuple[str, ...]]:
    """Return what each table of the index holds of an article."""
    laid_out, characters = [], ""
    for name, field in FIELDS.items():
        text = texts[name]
        # A value that is not text, which only another program writes, has no words.
        bigrams, singles, words = lay_out(text if isinstance(text, str) else "")
        # Behind them its words, so that each is found alone; in one order, so that a comparison
        # finds them at the same places.
        laid_out.append(f"{bigrams} {' '.join(sorted(words))}")
        characters += f" {field}_".join(["", *singles])
    return {TABLE: tuple(laid_out), CHARACTERS: (characters,)}


def phrase(text: str) -> str:
    """Return the FTS5 phrase that finds *text* in ``articles_fts``, quoted; no character of it is
    syntax. A single Han character is to be looked for in ``articles_characters``."""
    return phrase_of(tokens_of(text))


def phrase_of(tokens: list[str]) -> str:
    """Return the phrase of what :func:`newscrawl.text.segments.tokens_of` gave."""
    # What it begins and ends with may stand anywhere in a text.
    return f'"{" ".join(bigrams_of(tokens)[1:-1] or tokens)}"'
