"""Reads watchlists: files of rules, each of which says which articles matter to somebody."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newscrawl.archive.filters import Filters
from newscrawl.archive.names import BadFilter

PARTS = {"securities": "security", "sources": "source", "categories": "category", "words": "words"}
"""The keys of a rule beside its name, and the filter that each is."""
EXAMPLE = """[[rule]]
name = "白酒"
securities = ["600519", "000858.SZ"]
words = "提价 OR 涨价"
"""


class BadWatchlist(BadFilter):
    """A file that is not a watchlist; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a watchlist: an article matches it that has any name of each of its parts."""

    name: str
    filters: Filters


def read_watchlist(named: str) -> list[Rule]:
    """Return the rules of a watchlist, ``FILE``, or the one that ``FILE:RULE`` names.

    :raises BadWatchlist: it cannot be read, is not a watchlist, or has no such rule.
    """
    path, wanted = Path(named), ""
    if not path.exists() and ":" in named:
        before, _, wanted = named.rpartition(":")
        path = Path(before)
    rules = parse_watchlist(_read(path), str(path))
    found = [each for each in rules if wanted in ("", each.name)]
    if not found:
        names = ", ".join(each.name for each in rules)
        raise BadWatchlist(f"{path} has no rule {wanted!r}. It has: {names}")
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadWatchlist(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadWatchlist(f"{path} is not UTF-8; save it as UTF-8") from None


def _meant(text: str) -> str:
    """Return what is probably wrong with a file that is not TOML; the empty string for nothing."""
    if "[" not in text:
        return (
            f". Write rules, for example:\n\n{EXAMPLE}\nA file of codes alone is for --securities"
        )
    if re.search('[=,\\[]\\s*[“”‘’]|＝|，\\s*"', text):
        return '. Quotation marks are " in TOML, not “ and ”, and = and , are not wide characters'
    return ""


def parse_watchlist(text: str, name: str) -> list[Rule]:
    """Return the rules that *text* has; *name* is that of its file.

    :raises BadWatchlist: it is not a watchlist.
    """
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadWatchlist(f"{name} is not valid TOML: {error}{_meant(text)}") from None
    rules = read.pop("rule", [])
    if read or not isinstance(rules, list) or not rules:
        odd = f"; found {next(iter(read))!r}" if read else ""
        raise BadWatchlist(
            f"{name} is not a watchlist{odd}. Write rules, for example:\n\n{EXAMPLE}"
        )
    found = [_rule(each, f"{name}, rule {number}") for number, each in enumerate(rules, 1)]
    names = [each.name for each in found]
    if twice := next((each for each in names if names.count(each) > 1), None):
        raise BadWatchlist(f"{name} has two rules named {twice!r}; give each a name of its own")
    return found


def _rule(read: Any, where: str) -> Rule:
    if not isinstance(read, dict):
        raise BadWatchlist(f"{where} is not a table; begin it with [[rule]]")
    name = read.get("name")
    if not isinstance(name, str) or not name.strip():
        raise BadWatchlist(f'{where} has no name; write name = "…"')
    parts = {key: value for key, value in read.items() if key != "name"}
    if odd := next((key for key in parts if key not in PARTS), None):
        raise BadWatchlist(f"{where} has {odd!r}, which is not one of name, {', '.join(PARTS)}")
    if not parts:
        raise BadWatchlist(f"{where} says nothing but its name; add one of {', '.join(PARTS)}")
    filters = Filters(**{PARTS[key]: _part(key, value, where) for key, value in parts.items()})
    _check_words(filters, where)
    return Rule(name.strip(), filters)


def _part(key: str, value: Any, where: str) -> Any:
    if key == "words":
        if isinstance(value, str):
            return value
        raise BadWatchlist(f'{where}: words is a text, such as "降息 OR 降准"')
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not value or not all(isinstance(x, str) for x in value):
        raise BadWatchlist(f'{where}: {key} is a list of texts, such as ["600519"]')
    return tuple(value)


def _check_words(filters: Filters, where: str) -> None:
    from newscrawl.archive.search_query import BadQuery, parse_query

    if filters.words is not None:
        try:
            parse_query(filters.words)
        except BadQuery as error:
            raise BadWatchlist(f"{where}: words cannot be searched for: {error}") from None
