"""The full-text index: Chinese by any substring, Latin words and numbers by whole token.

SQLite's own tokenizer takes a run of Han characters for one word. So the index holds a text of its
own: each Han character is a token, each Latin word or number is one, and what parts them
(punctuation, line ends, a space beside a Han character) is the token ``¶``, so that a phrase never
crosses it. A query is made the same way and asked as a phrase; :func:`segment` makes both.

A phrase of frequent characters is slow to find in a big archive: SQLite reads every text that has
them, anywhere. So each text is indexed a second time, in a column of its own, by its pairs of
neighbouring tokens (:func:`pairs`): few texts have any pair. What a pair finds, a phrase of its two
tokens finds as well, and both have the same rank.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

TABLE = "articles_fts"
COLUMNS = ("title", "digest", "body_text")
BREAK = "¶"

PAIRS = tuple(f"{name}_pairs" for name in COLUMNS)
"""The columns that hold the pairs of :data:`COLUMNS`."""
PAIRS_SINCE = 3
"""The schema that brought them: a reader may meet an earlier archive."""
JOINT = "_"
"""Stands between the tokens of a pair; no token has it."""

CREATE = (
    f"CREATE VIRTUAL TABLE {TABLE} USING fts5({', '.join(COLUMNS + PAIRS)}, content='',"
    f" tokenize=\"unicode61 remove_diacritics 0 tokenchars '{BREAK}{JOINT}'\")"
)
CONFIGURE = (
    # Pairs are of many kinds: merged less often, and gathered longer before they are written
    # (32 MB), they cost a third less.
    f"INSERT INTO {TABLE} ({TABLE}, rank)"  # noqa: S608  constants
    f" VALUES ('automerge', 8), ('hashsize', {32 << 20})"
)

# Han, kana, Hangul and the like: scripts that are written without spaces between words.
_HAN = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3040-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_RUNS = re.compile("([\u4e00-\u9fff]+)")
# These stand in the text until the spaces beside a Han character are seen.
_EDGE, _SIGN = "\x01", "\x02"


class _Tokens(dict[int, str]):
    """For each character what the index holds in its place; made when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKC", chr(code)).casefold()
        self[code] = "".join(map(self._token, folded))
        return self[code]

    @staticmethod
    def _token(character: str) -> str:
        if character == " ":
            return " "
        if _HAN.match(character):
            return f"{_EDGE}{character}{_EDGE}"
        # Marks belong to the letter before them.
        is_word = character.isalnum() or unicodedata.category(character).startswith("M")
        return character if is_word else _SIGN


_TOKENS = _Tokens()


def segment(text: str) -> str:
    """Return *text* as the index holds it: tokens parted by spaces.

    ``'A股 5G大涨。'`` becomes ``'a 股 ¶ 5g 大 涨 ¶'``.
    """
    # Nine of ten characters stand in runs of plain Han, which are parted at once; what stands
    # between them repeats. A look at each character takes two thirds more time.
    parts = _RUNS.split(text.strip())
    if len(parts) == 1:
        return _tokens(parts[0], "", "")
    first, last = _tokens(parts[0], "", _EDGE), _tokens(parts[-1], _EDGE, "")
    parts[1::2] = map(" ".join, parts[1::2])
    parts[2:-1:2] = map(_BETWEEN.__getitem__, parts[2:-1:2])
    parts[0], parts[-1] = f"{first} ", f" {last}"
    return "".join(parts).strip()


def _tokens(text: str, before: str, after: str) -> str:
    """Return the tokens of a text; an edge *before* or *after* stands for a Han character."""
    parted = before + text.translate(_TOKENS) + after
    broken = parted.replace(f"{_EDGE} ", f" {_SIGN}").replace(f" {_EDGE}", f"{_SIGN} ")
    return " ".join(broken.replace(_EDGE, " ").replace(_SIGN, f" {BREAK} ").split())


class _Between(dict[str, str]):
    """For each text between two Han characters its tokens, within spaces."""

    def __missing__(self, text: str) -> str:
        if len(self) >= 1 << 15:
            self.clear()  # numbers and names are many
        self[text] = tokens = f" {_tokens(text, _EDGE, _EDGE)} "
        return tokens


_BETWEEN = _Between()


def pairs(segments: str) -> str:
    """Return the pairs of neighbouring tokens in a text of :func:`segment`, parted by spaces.

    ``'a 股 ¶'`` becomes ``'a_股 股_¶ ¶_'``. The last token stands alone, so that there are as many
    pairs as tokens: a text's length counts in its rank.
    """
    if not segments:
        return ""
    tokens = segments.split(" ")
    return " ".join(map(JOINT.join, zip(tokens, [*tokens[1:], ""], strict=True)))


def rebuild(db: sqlite3.Connection) -> None:
    """Make the index anew from the texts of all articles."""
    db.execute(f"DROP TABLE IF EXISTS {TABLE}")
    db.execute(CREATE)
    db.execute(CONFIGURE)
    for rowid, texts in _texts(db):
        _execute(db, None, rowid, texts)


def compare(db: sqlite3.Connection, *, each: Callable[[], None]) -> str | None:
    """Compare the index with one made anew, in a temporary table; None where they agree.

    What is compared: how many tokens each text has, and how often and in how many texts each token
    stands. *each* is called after every article. *db* may be read-only.
    """
    again = f"{TABLE}_again"
    try:
        db.execute(CREATE.replace(f"TABLE {TABLE} ", f"TABLE temp.{again} ", 1))
        for rowid, texts in _texts(db):
            _execute(db, None, rowid, texts, table=again)
            each()
        return _first_difference(db, again)
    except sqlite3.DatabaseError as error:
        if "vtable" not in str(error) and "malformed" not in str(error):
            raise
        return f"SQLite says {error}"
    finally:
        for name in (f"{TABLE}_vocabulary", f"{again}_vocabulary", again):
            db.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _first_difference(db: sqlite3.Connection, again: str) -> str | None:
    sizes = (
        f"SELECT id, sz FROM main.{TABLE}_docsize",  # noqa: S608  constants
        f"SELECT id, sz FROM temp.{again}_docsize",  # noqa: S608
    )
    for one, other in (sizes, sizes[::-1]):
        count = db.execute(f"SELECT count(*) FROM ({one} EXCEPT {other})").fetchone()[0]  # noqa: S608
        if count:
            return f"{count} texts differ in their length"
    for schema, name in (("main", TABLE), ("temp", again)):
        db.execute(
            f"CREATE VIRTUAL TABLE temp.{name}_vocabulary USING fts5vocab({schema}, {name}, col)"
        )
    tokens = [
        db.execute(f"SELECT term, col, doc, cnt FROM temp.{name}_vocabulary")  # noqa: S608
        for name in (TABLE, again)
    ]
    for found, wanted in zip_longest(*map(iter, tokens)):
        if found is None or wanted is None or tuple(found) != tuple(wanted):
            return f"it counts {tuple(found or ())}, and the texts {tuple(wanted or ())}"
    return None


def _texts(db: sqlite3.Connection) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Yield the number in the index and the texts of each article."""
    found = db.execute(f"SELECT first_seq, {', '.join(COLUMNS)} FROM articles ORDER BY first_seq")  # noqa: S608
    for rowid, *values in found:
        yield rowid, dict(zip(COLUMNS, values, strict=True))


def replace(
    db: sqlite3.Connection, rowid: int, old: Mapping[str, Any] | None, new: Mapping[str, Any]
) -> None:
    """Index the texts of *new* under *rowid* in the place of those of *old*, where they differ."""
    if old is not None:
        if all(old[name] == new[name] for name in COLUMNS):
            return
        _execute(db, "delete", rowid, old)
    _execute(db, None, rowid, new)


def _execute(
    db: sqlite3.Connection, command: str | None, rowid: int, texts: Mapping[str, Any], *,
    table: str = TABLE,
) -> None:  # fmt: skip
    segments = [segment(texts[name] or "") for name in COLUMNS]
    values = [*segments, *map(pairs, segments)]
    names = ", ".join(COLUMNS + PAIRS)
    marks = ", ".join("?" * (1 + len(values)))
    if command is None:
        db.execute(
            f"INSERT INTO {table} (rowid, {names}) VALUES ({marks})",  # noqa: S608
            (rowid, *values),
        )
        return
    # An index without content forgets a row only when it is told what the row said.
    db.execute(
        f"INSERT INTO {TABLE} ({TABLE}, rowid, {names}) VALUES (?, {marks})",  # noqa: S608
        (command, rowid, *values),
    )


def phrase(text: str) -> str:
    """Return the FTS5 phrase that finds *text*, quoted; no character of it is syntax."""
    return f'"{segment(text)}"'


def phrase_of_pairs(segments: str) -> str:
    """Return the FTS5 phrase that finds a text of :func:`segment`, by its pairs if it has any."""
    if " " not in segments:
        return f'"{segments}"'
    return f'"{pairs(segments).rpartition(" ")[0]}"'
