"""Parses search queries into those of the search index.

Words, "phrases", AND, OR, NOT and parentheses, and ``title:``, ``text:`` or ``summary:`` before any
of them. All words must match (AND). ``="儲能"`` finds this form alone, and no simplified one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from newscrawl.archive.names import BadFilter
from newscrawl.archive.search_sql import Found, all_of, any_of, of_term, with_form
from newscrawl.store.search_index import COLUMNS
from newscrawl.text.escape import is_utf8
from newscrawl.text.segments import BREAK, tokens_of

FIELDS = {
    "title": "title", "text": "body_text", "summary": "summary", "body": "body_text",
    "body_text": "body_text", "标题": "title", "正文": "body_text", "摘要": "summary",
}  # fmt: skip
"""Names of fields in a query, and the columns of the index; the first three are those that help and
documents name."""
LONGEST = 1000
"""Maximum length of a query: SQLite's parser has a limit of its own."""

_TOKEN = re.compile(
    r'(?P<mark>[()])|="(?P<form>[^"]*)"|"(?P<phrase>[^"]*)"|(?P<word>(?:(?!=")[^\s()"])+)'
)
_SEPARATORS = re.compile("[，、；|]|(?<=[\u4e00-\u9fff])[,;/]")
"""What people type between words, and the index takes for a part of the text; but not 1,000's."""
_FILTERS = ("source", "category", "security", "since", "until")
"""What is asked beside the words: with --source, for one."""
_FIELD = re.compile(r"([^\W\d]+)[:：](.*)", re.DOTALL)


class BadQuery(BadFilter):
    """The query is not valid; the message says why."""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query."""

    found: Found
    """What it asks of the index."""
    terms: tuple[str, ...]
    """The search terms as typed, to mark them in a text."""


class _Token(NamedTuple):
    kind: str
    """``(``, ``)``, ``AND``, ``OR``, ``NOT``, ``field``, ``term`` or ``form``."""
    text: str


def parse_query(text: str) -> Query:
    """Parse *text* into a query.

    :raises BadQuery: it is not a valid query.
    """
    if len(text) > LONGEST:
        raise BadQuery(f"A query may have at most {LONGEST} characters; this one has {len(text)}.")
    if not is_utf8(text):
        raise BadQuery(f"{text!r} is not UTF-8.")
    if text.count('"') % 2:
        raise BadQuery('Unbalanced quotation mark: add the missing ".')
    parser = _Parser(list(_tokens(text)))
    if not parser.tokens:
        raise BadQuery("Empty query: enter a word, for example 降息.")
    found = parser.alternatives()
    if parser.tokens:
        raise BadQuery("Unbalanced parenthesis: ) without (.")
    return Query(found, tuple(parser.terms))


def hint(text: str) -> str:
    """Return what may have been meant by a query that found nothing; the empty string for none.

    It is about what is a word of the query, and was perhaps meant to join or to separate words.
    """
    for token in _tokens(text):
        if token.kind != "term" or f'"{token.text}"' in text:
            continue
        if (joining := token.text.upper()) in ("AND", "OR", "NOT"):
            return f"{token.text!r} was looked for as a word; to join words, write {joining}."
        if len(words := [each for each in _SEPARATORS.split(token.text) if each]) > 1:
            return f"To find any of these words, write {' OR '.join(words)}."
    return ""


def _tokens(text: str) -> Iterable[_Token]:
    for match in _TOKEN.finditer(text.strip()):
        if mark := match["mark"]:
            yield _Token(mark, mark)
        elif match["form"] is not None:
            yield _Token("form", match["form"])
        elif match["phrase"] is not None:
            yield _Token("term", match["phrase"])
        else:
            yield from _of_word(match["word"])


def _of_word(word: str) -> Iterable[_Token]:
    if word in ("AND", "OR", "NOT"):
        yield _Token(word, word)
        return
    if re.match(r"-[^\W\d]", word):
        raise BadQuery(f"To exclude {word[1:]!r}, write NOT {word[1:]} after another word.")
    field = _FIELD.fullmatch(word)
    if field and field[1] in FIELDS:
        yield _Token("field", FIELDS[field[1]])
        word = field[2]
    elif field:
        _check_no_field(field[1])
    if word:
        yield _Token("term", word)


def _check_no_field(name: str) -> None:
    """Raise BadQuery where *name*, which stands before a colon, was meant for a field or filter."""
    as_text = f'To find the text itself, put it into quotes: "{name}:".'
    if name.casefold() in _FILTERS:
        raise BadQuery(f"{name}: is not a field but a filter, given as an option. {as_text}")
    # As near as titel is to title.
    if meant := get_close_matches(name.casefold(), FIELDS, n=1, cutoff=0.8):
        raise BadQuery(f"Unknown field {name}: – did you mean {meant[0]}:? {as_text}")


class _Parser:
    """Parses the tokens of a query: alternatives of requirements of terms."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.terms: list[str] = []
        self._depth = 0
        self._columns = frozenset(COLUMNS)

    def alternatives(self) -> Found:
        found = [self._requirements()]
        while self._is_next("OR"):
            self.tokens.pop(0)
            found.append(self._requirements())
        return any_of(found)

    def _requirements(self) -> Found:
        wanted: list[Found] = []
        unwanted: list[Found] = []
        while self.tokens and not self._is_next("OR", ")"):
            if self._is_next("AND"):
                if not wanted and not unwanted:
                    raise BadQuery("Expected a word before AND.")
                self.tokens.pop(0)
                if not self.tokens or self._is_next("AND", "OR", ")"):
                    raise BadQuery("Expected a word after AND.")
            if self._is_next("NOT"):
                self.tokens.pop(0)
                terms = len(self.terms)
                unwanted.append(self._term("NOT"))
                del self.terms[terms:]
            else:
                wanted.append(self._term("OR"))
        if not wanted:
            raise BadQuery(
                "NOT excludes from the results of a word: add that word, as in 降息 NOT 美联储."
                if unwanted
                else "Expected a word on both sides of OR, and between ( and )."
            )
        return all_of(wanted, unwanted)

    def _term(self, after: str) -> Found:
        if not self.tokens or self._is_next("AND", "OR", "NOT", ")"):
            raise BadQuery(f"Expected a word after {after}.")
        token = self.tokens.pop(0)
        if token.kind == "field":
            if not self.tokens or self.tokens[0].kind not in ("term", "form", "("):
                raise BadQuery("Expected a word after the name of a field, as in title:降息.")
            before, self._columns = self._columns, self._columns & {token.text}
            found = self._term(after)
            self._columns = before
            return found
        if token.kind == "(":
            return self._group()
        # Separators between words need not be typed; inside a phrase they count.
        tokens = tokens_of(token.text.strip(f" {BREAK}"))
        while tokens and tokens[0] == BREAK:
            del tokens[0]
        while tokens and tokens[-1] == BREAK:
            del tokens[-1]
        if not tokens:
            raise BadQuery(f"{token.text!r} has no letter, digit or Chinese character.")
        self.terms.append(token.text)
        columns = [name for name in COLUMNS if name in self._columns]
        found = of_term(tokens, columns)
        return with_form(found, token.text, columns) if token.kind == "form" else found

    def _group(self) -> Found:
        self._depth += 1
        if self._depth > 20:
            raise BadQuery("Parentheses are nested more than 20 deep.")
        found = self.alternatives()
        if not self._is_next(")"):
            raise BadQuery("Unbalanced parenthesis: ( without ).")
        self.tokens.pop(0)
        self._depth -= 1
        return found

    def _is_next(self, *kinds: str) -> bool:
        return bool(self.tokens) and self.tokens[0].kind in kinds
