"""Puts what is searched for into SQL: matches of the search index's two tables, and their joins.

Phrases and words are found in ``articles_fts``, single characters in ``articles_characters``. What
needs one of them alone is one expression of FTS5; what needs both is joined by SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newscrawl.store.search_index import CHARACTERS, FIELDS, TABLE, phrase_of
from newscrawl.text.segments import FIRST_CHARACTER

FEW = 5_000
SHARE = 200
"""To look up whether an article has a character takes as long as to list 200 that have it: where a
phrase is in less than that share of all articles, and in less than FEW, each is looked up."""
NOTHING = '"¶_"'
"""A phrase that no text has."""


@dataclass(frozen=True, slots=True)
class Found:
    """The articles that a part of a query finds: those that the index matches, and a condition."""

    table: str | None
    """The table of the index; None where a condition alone says it."""
    fts: str
    """An expression of FTS5."""
    condition: str
    """SQL on a row of ``articles``, if there is one."""
    parameters: tuple[str, ...]
    """Those of the condition."""


def _match(table: str | None, fts: str) -> Found:
    return Found(table, fts, "", ())


def as_condition(part: Found) -> str:
    """Return a part as a condition on a row of ``articles``; its values: :func:`values_of`."""
    if part.table is None:
        return f"({part.condition})"
    match = f"articles.first_seq IN (SELECT rowid FROM {part.table} WHERE {part.table} MATCH ?)"  # noqa: S608  constants
    return f"({match} AND {part.condition})" if part.condition else match


def values_of(part: Found) -> tuple[str, ...]:
    """Return the values for the marks in :func:`as_condition`."""
    return part.parameters if part.table is None else (part.fts, *part.parameters)


def is_match(part: Found) -> bool:
    """Whether it is an expression of FTS5 and nothing else."""
    return part.table is not None and not part.condition


def of_term(tokens: Sequence[str], columns: Sequence[str]) -> Found:
    """Return what finds a phrase in these columns."""
    if not columns:
        return _match(TABLE, NOTHING)
    if len(tokens) == 1 and tokens[0] >= FIRST_CHARACTER:
        marked = [f'"{FIELDS[name]}_{tokens[0]}"' for name in columns]
        return _match(CHARACTERS, marked[0] if len(marked) == 1 else f"({' OR '.join(marked)})")
    phrase = phrase_of(list(tokens))
    if len(columns) == len(FIELDS):
        return _match(TABLE, phrase)
    return _match(TABLE, f"({{{' '.join(columns)}}} : {phrase})")


def with_form(found: Found, form: str, columns: Sequence[str]) -> Found:
    """Return what *found*, a term, finds with exactly this form of it in one of the columns."""
    condition = " OR ".join(f"ifnull(instr(articles.{name}, ?), 0)" for name in columns) or "false"
    return Found(_table_of(found), found.fts, f"({condition})", (form,) * len(columns))


def any_of(parts: Sequence[Found]) -> Found:
    """Return what one of the parts finds."""
    if len(parts) == 1:
        return parts[0]
    if all(map(is_match, parts)) and len({each.table for each in parts}) == 1:
        return _match(_table_of(parts[0]), f"({' OR '.join(each.fts for each in parts)})")
    conditions = [as_condition(each) for each in parts]
    return Found(None, "", f"({' OR '.join(conditions)})", _values(parts))


def all_of(wanted: Sequence[Found], unwanted: Sequence[Found]) -> Found:
    """Return what all the wanted parts find, and none of the unwanted."""
    tables = {each.table for each in wanted}
    # Phrases find fewer articles than characters: they lead, where there are any.
    table = TABLE if TABLE in tables else CHARACTERS if CHARACTERS in tables else None
    leading = [each for each in wanted if table and each.table == table]
    own = [each for each in unwanted if table and each.table == table and is_match(each)]
    others = [each for each in wanted if each not in leading]
    without = [each for each in unwanted if each not in own]
    fts = _all_matching(leading, own)
    phrases = fts if table == TABLE else ""
    conditions = [
        *[_condition_of(each) for each in leading if each.condition],
        *[_beside(each, phrases) for each in others],
        *[f"NOT {_beside(each, phrases)}" for each in without],
    ]
    values = [value for each in leading for value in each.parameters]
    for each in (*others, *without):
        values += _values_beside(each, phrases)
    return Found(table, fts, " AND ".join(conditions), tuple(values))


def _beside(part: Found, fts: str) -> str:
    """Return a part as a condition on the articles that *fts* finds in ``articles_fts``.

    Where those are few, each is looked up: a frequent character is in a third of all articles.
    """
    if not fts or part.table is None or part.condition:
        return as_condition(part)
    some = f"SELECT 1 FROM {TABLE} WHERE {TABLE} MATCH ? LIMIT {FEW}"  # noqa: S608  constants
    one = f"SELECT 1 FROM {part.table} WHERE {part.table} MATCH ? AND rowid = articles.first_seq"  # noqa: S608  constants
    return (
        f"(CASE WHEN {SHARE} * (SELECT count(*) FROM ({some}))"  # noqa: S608  constants
        " < (SELECT max(first_seq) FROM articles)"
        f" THEN EXISTS ({one}) ELSE {as_condition(part)} END)"
    )


def _values_beside(part: Found, fts: str) -> tuple[str, ...]:
    """Return the values for the marks in :func:`_beside`."""
    if not fts or part.table is None or part.condition:
        return values_of(part)
    return (fts, part.fts, *values_of(part))


def _all_matching(wanted: Sequence[Found], unwanted: Sequence[Found]) -> str:
    if not wanted:
        return ""
    found = wanted[0].fts if len(wanted) == 1 else f"({' AND '.join(each.fts for each in wanted)})"
    return f"({found} NOT ({' OR '.join(each.fts for each in unwanted)}))" if unwanted else found


# Each by a function of a Found, so that tests/constants.py can follow where its SQL comes from.
def _table_of(part: Found) -> str | None:
    return part.table


def _condition_of(part: Found) -> str:
    return part.condition


def _values(parts: Sequence[Found]) -> tuple[str, ...]:
    return tuple(value for each in parts for value in values_of(each))
