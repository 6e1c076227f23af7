"""The full-text index: Chinese by any substring, Latin words and numbers by whole token.

SQLite's own tokenizer takes a run of Han characters for one word. So the index holds a text of its
own: each Han character is a token, each Latin word or number is one, and what separates them
(punctuation, line ends, a space beside a Han character) is the token ``¶``, so that a phrase never
crosses it. A query is made the same way and asked as a phrase; :func:`segment` makes both.

A phrase of frequent characters is slow to find in a big archive: SQLite reads every text that has
them, anywhere. So each text is indexed a second time, in a column of its own, by its bigrams,
overlapping pairs of tokens (:func:`bigrams`): few texts contain a given one. A bigram finds
what the phrase of its two tokens finds, with the same rank.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from array import array
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from newscrawl.store import identity

TABLE = "articles_fts"
COLUMNS = ("title", "summary", "body_text")
BREAK = "¶"

BIGRAMS = tuple(f"{name}_bigrams" for name in COLUMNS)
"""The columns that hold the bigrams of :data:`COLUMNS`."""
JOINT = "_"
"""Stands between the tokens of a bigram; no token has it."""

CREATE = (
    f"CREATE VIRTUAL TABLE {TABLE} USING fts5({', '.join(COLUMNS + BIGRAMS)}, content='',"
    f" tokenize=\"ascii tokenchars '{JOINT}'\")"
)
"""The tokens are made here: of SQLite's tokenizers the plainest will do, and takes a fifth less."""
_NAMES = ", ".join(COLUMNS + BIGRAMS)
_MARKS = ", ".join("?" * (1 + len(COLUMNS + BIGRAMS)))
_INSERT = f"INSERT INTO {TABLE} (rowid, {_NAMES}) VALUES ({_MARKS})"  # noqa: S608  constants
_DELETE = f"INSERT INTO {TABLE} ({TABLE}, rowid, {_NAMES}) VALUES (?, {_MARKS})"  # noqa: S608
_SET = f"INSERT INTO {TABLE} ({TABLE}, rank) VALUES (?, ?)"  # noqa: S608  constants
# Bigrams are of many kinds: merged less often, and gathered longer before they are written (32 MB),
# they cost a third less. From crisismerge on, all pieces would be merged at once: what an import
# leaves is for later runs to merge little by little.
_USUALLY = {"hashsize": 32 << 20, "automerge": 8, "crisismerge": 128}
_IN_AN_IMPORT = {**_USUALLY, "automerge": 64}

MERGE_STEP = 2000
"""Pages of the index that :func:`merge` writes at a time: 0.1 s, and 30 MB of log at most."""

# Han, kana, Hangul and the like: scripts that are written without spaces between words.
_HAN = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3040-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# What most texts are made of: Han, ASCII, and the signs and spaces that are one token or none.
_PLAIN = re.compile(
    "[\x00-\x7f\u4e00-\u9fff\xa0·\u2010-\u2015\u2018-\u201f\u2026\u3000-\u3002\u3008-\u3020"
    "\uff01-\uff0f\uff1a-\uff20\uffe5]*"
)
_WORDS = re.compile("([0-9A-Za-z]{2,})")
_WORD = "\ue000"
"""Stands for a word of several letters or digits while a text is laid out, so that each token is
one character; no plain text has it."""
_COMMON_SIGNS = "，。、：；“”（）%.-\n"
_SIGNS = re.compile(f"[^0-9a-z\u4e00-\u9fff{_WORD}{BREAK} ]")
_SPACE_BESIDE_HAN = re.compile("(?<=[\u4e00-\u9fff]) | (?=[\u4e00-\u9fff])")
# These stand in the text until the spaces beside a Han character are seen.
_EDGE, _SIGN = "\x01", "\x02"


class _Tokens(dict[int, str]):
    """For each character what the index holds in its place; made when it first occurs."""

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
    """Return *text* as the index holds it: tokens separated by spaces.

    ``'A股 5G大涨。'`` becomes ``'a 股 ¶ 5g 大 涨 ¶'``.
    """
    return lay_out(text)[0]


def bigrams(segments: str) -> str:
    """Return the bigrams of neighbouring tokens in a text of :func:`segment`, separated by spaces.

    ``'a 股 ¶'`` becomes ``'a_股 股_¶ ¶_'``. The last token stands alone, so that there are as many
    bigrams as tokens: a text's length counts in its rank.
    """
    tokens = segments.split()
    return " ".join(map(JOINT.join, zip_longest(tokens, tokens[1:], fillvalue="")))


def lay_out(text: str) -> tuple[str, str]:
    """Return a text's tokens and their bigrams: :func:`segment` and :func:`bigrams` in one."""
    if _PLAIN.fullmatch(text):
        return _lay_out_plain(text)
    segments = " ".join(_tokens(text))
    return segments, bigrams(segments)


def _tokens(text: str) -> list[str]:
    """Return the tokens of any text, examining each character."""
    separated = text.strip().translate(_TOKENS)
    broken = separated.replace(f"{_EDGE} ", f" {_SIGN}").replace(f" {_EDGE}", f"{_SIGN} ")
    return broken.replace(_EDGE, " ").replace(_SIGN, f" {BREAK} ").split()


def _lay_out_plain(text: str) -> tuple[str, str]:
    """Lay out a text of _PLAIN, whose tokens but for words are one character each.

    No token is made an object of its own: a third of the time.
    """
    # NFKC makes three signs of one, and spaces of spaces.
    text = text.replace("…", "...").replace("\u3000", " ").replace("\xa0", " ").strip()
    parts = _WORDS.split(text)
    tokens, words = _WORD.join(parts[::2]).lower(), " ".join(parts[1::2]).lower().split()
    for sign in _COMMON_SIGNS:
        tokens = tokens.replace(sign, BREAK)
    tokens = _SIGNS.sub(BREAK, tokens)
    if " " in tokens:
        tokens = _SPACE_BESIDE_HAN.sub(BREAK, tokens).replace(" ", "")
    if not tokens:
        return "", ""
    each = _numbers(tokens)
    segments, bigrams_ = _SEGMENT * len(each), _BIGRAM * len(each)
    segments[::2] = bigrams_[::4] = each
    bigrams_[2:-2:4] = each[1:]
    del segments[-1:], bigrams_[-2:]
    # A word is in two bigrams, but for the first, which has nothing before it.
    twice = [word for word in words for _ in range(2)]
    if tokens[0] == _WORD:
        del twice[0]
    return _with_words(segments, words), _with_words(bigrams_, twice)


def _numbers(text: str) -> array[int]:
    """The numbers of a text's characters, all of which have two bytes."""
    return array("H", text.encode("utf-16")[2:])  # behind the mark of this machine's order


_SEGMENT, _BIGRAM = _numbers("\0 "), _numbers(f"\0{JOINT}\0 ")


def _with_words(laid_out: array[int], words: list[str]) -> str:
    """Read what is laid out, and put the words into their places; no sign is in it, nor %."""
    text = laid_out.tobytes().decode("utf-16")
    return text.replace(_WORD, "%s") % tuple(words) if words else text


def rebuild(db: sqlite3.Connection) -> None:
    """Rebuild the index from the texts of all articles."""
    db.execute(f"DROP TABLE IF EXISTS {TABLE}")
    db.execute(CREATE)
    configure(db)
    db.executemany(_INSERT, ((rowid, *_values(texts)) for rowid, texts in _texts(db)))


def configure(db: sqlite3.Connection, *, importing: bool = False) -> None:
    """Set how soon the segments of the index are merged.

    *importing*: late. Its pieces are large, and merging them as they come is a third of what
    indexing costs.
    """
    wanted = _IN_AN_IMPORT if importing else _USUALLY
    try:
        found = dict(db.execute(f"SELECT k, v FROM {TABLE}_config"))  # noqa: S608  constant
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return  # it was dropped: whoever writes into it reports that, or rebuilds it
    db.executemany(_SET, [each for each in wanted.items() if found.get(each[0]) != each[1]])


def compare(db: sqlite3.Connection, *, each: Callable[[], None]) -> str | None:
    """Compare the index with a new one, in a temporary table; None if they are equal.

    What is compared: how many tokens each text has, and how often and in how many texts each token
    stands. *each* is called after every article. *db* may be read-only.
    """
    again = f"{TABLE}_again"
    try:
        db.execute(CREATE.replace(f"TABLE {TABLE} ", f"TABLE temp.{again} ", 1))
        insert = _INSERT.replace(TABLE, again, 1)
        for rowid, texts in _texts(db):
            db.execute(insert, (rowid, *_values(texts)))
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
    db.executemany(
        _DELETE,
        (
            ("delete", rowid, *_values(old))
            for rowid, (old, _) in changed.items()
            if old is not None
        ),
    )
    db.executemany(_INSERT, ((rowid, *_values(new)) for rowid, (_, new) in changed.items()))


def optimize(db: sqlite3.Connection) -> None:
    """Merge the pieces of the index into one, in many small transactions.

    Each may be the last: what a search finds is the same before, between and after them.
    """
    sql = f"INSERT INTO {TABLE} ({TABLE}, rank) VALUES ('merge', ?)"  # noqa: S608  constants
    step = -MERGE_STEP  # below 0: of all pieces, not only of those that are as many as they may be
    while True:
        with identity.transaction(db):
            before = db.total_changes
            db.execute(sql, (step,))
            changes = db.total_changes - before
        if changes < 2:  # as FTS5 says that nothing is left to do
            return
        step = MERGE_STEP


def _values(texts: Texts) -> list[str]:
    # A value that is not text, which only another program writes, has no words.
    said = (texts[name] for name in COLUMNS)
    laid_out = [lay_out(each if isinstance(each, str) else "") for each in said]
    return [*(segments for segments, _ in laid_out), *(bigrams_ for _, bigrams_ in laid_out)]


def phrase(text: str) -> str:
    """Return the FTS5 phrase that finds *text*, quoted; no character of it is syntax."""
    return f'"{segment(text)}"'


def phrase_of_bigrams(segments: str) -> str:
    """Return the FTS5 phrase that finds a text of :func:`segment`, by its bigrams if it has any."""
    if " " not in segments:
        return f'"{segments}"'
    return f'"{bigrams(segments).rpartition(" ")[0]}"'
