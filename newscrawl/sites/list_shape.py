"""Describes the records of a list: which keys hold what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from newscrawl.loaders import ArticleLoader, Rule

ARGUMENT = "_argument"
"""Our own key in a record of a list of one security's news: the list's argument, ``1.600519``."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of one API's records; of several keys, the first with a value counts."""

    name: str
    id: tuple[str, ...]
    title: tuple[str, ...]
    time: tuple[str, ...]
    source: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    url: tuple[str, ...] = ()
    securities: tuple[str, ...] = ()
    """Of all keys, the values count, which are lists of securities."""
    printed_id: Callable[[list[str]], str] | None = None
    """Turns the values of the id's keys into a page's name, where they are not info codes."""
    add_content: Callable[[ArticleLoader, Mapping[str, Any], str], None] | None = None
    """Adds what the records contain besides these keys, given the info code."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The keys as rules of a loader, the first of each field first."""
        named = {
            "title": self.title, "published_raw": self.time, "source": self.source,
            "original_url": self.url, "summary": self.summary,
        }  # fmt: skip
        return tuple(Rule(name, key, kind="key") for name, keys in named.items() for key in keys)
