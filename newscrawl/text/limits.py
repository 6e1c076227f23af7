"""Limits the sizes of an article's fields, and sanitizes them: the loader's last step.

What is shortened or left out is counted in the article's ``unknown``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

from newscrawl.text.passwords import clean_address
from newscrawl.text.sanitize import is_plain, nfc, without_overrides

if TYPE_CHECKING:
    from newscrawl.items import Article, Mention

T = TypeVar("T")

MAX_URL = 2000
"""The longest that browsers and servers agree on; a share URL has 78 characters."""
MAX_VALUES = {"categories": 50, "tags": 50, "mentions": 2000, "images": 2000}
"""Of each, in one article: a list of every share that rose by a tenth fits several times over."""
MAX_WORD = 100
"""Characters of a category, a tag, or the name of a security; the longest at hand has 27."""
MAX_CODE = 24
"""Characters of a security's market or code; the usual code has 6."""
_LISTS_OF = attrgetter(*MAX_VALUES)
MAX_UNKNOWN = 100
"""Unknown constructs that are counted by name, each of at most MAX_WORD characters."""
MORE = "more constructs"
"""The name under which all others are counted."""


class _Named(NamedTuple):
    """Names of an item's fields, by what its declarations say."""

    texts: tuple[str, ...]
    urls: tuple[str, ...]
    most: dict[str, int]
    """Characters of a text. A longer one is not a title, a source or a time, but a page with an
    unclosed tag."""
    texts_of: Callable[[Article], tuple[str | None, ...]]
    written_of: Callable[[Article], tuple[str | None, ...]]


_NAMED: dict[type[Any], _Named] = {}


def _named(item: type[Any]) -> _Named:
    if item not in _NAMED:
        _NAMED[item] = _read_declarations(item)
    return _NAMED[item]


def _read_declarations(item: type[Any]) -> _Named:
    declared = {
        each.name: each.metadata["field"] for each in fields(item) if "field" in each.metadata
    }
    texts = tuple(name for name, each in declared.items() if each.kind == "text")
    urls = tuple(name for name, each in declared.items() if each.kind == "url")
    most = {name: declared[name].most for name in texts if declared[name].most}
    return _Named(texts, urls, most, attrgetter(*texts), attrgetter(*texts, *urls))


def sanitize_article(article: Article) -> None:
    """Bring the fields of an article into the form and size in which they are stored."""
    named = _named(article.__class__)
    if _is_sanitized(article, named):
        return
    unknown: Counter[str] = Counter(article.unknown or {})
    for name in named.texts:
        text = getattr(article, name)
        setattr(article, name, _sanitized(name, text, unknown, named.most.get(name)))
    for name in named.urls:
        setattr(article, name, _url(getattr(article, name), name, unknown))
    article.categories = _words("categories", article.categories, unknown)
    article.tags = _words("tags", article.tags, unknown)
    article.mentions = _mentions(article.mentions, unknown)
    if article.images:
        images = [_url(each, "image", unknown) for each in article.images]
        article.images = _first("images", [each for each in images if each], unknown)
    article.unknown = _shortened(unknown) if unknown else None


def _is_sanitized(article: Article, named: _Named) -> bool:
    """Whether there is nothing to do, which is nearly always so: one test of all fields."""
    lists = _LISTS_OF(article)
    categories, tags, mentions, images = (each or () for each in lists)
    texts, words = [*filter(None, named.texts_of(article))], [*categories, *tags]
    urls = [*filter(None, (getattr(article, name) for name in named.urls)), *images]
    return (
        not article.unknown
        and "" not in words
        and "" not in urls
        and "" not in named.written_of(article)
        and [] not in lists
        and len(set(words)) == len(words)
        and all(
            len(each or ()) <= most for each, most in zip(lists, MAX_VALUES.values(), strict=True)
        )
        and all(len(getattr(article, name) or "") <= most for name, most in named.most.items())
        and max(map(len, words), default=0) <= MAX_WORD
        and max(map(len, urls), default=0) <= MAX_URL
        and (joined := "".join(urls)).isprintable()
        and "@" not in joined
        and all(
            len(each.name) <= MAX_WORD and max(len(each.market), len(each.code)) <= MAX_CODE
            for each in mentions
        )
        and is_plain("\n".join([*texts, *words]))
    )


def _sanitized(
    name: str, text: str | None, unknown: Counter[str], longest: int | None = None
) -> str | None:
    if not text:
        return None
    if not is_plain(text):
        text = nfc(without_overrides(text, unknown)).strip()
    if longest is not None and len(text) > longest:
        unknown[f"{name} of more than {longest} characters"] += 1
        text = f"{text[: longest - 1].rstrip()}…"
    return text or None


def _url(url: str | None, name: str, unknown: Counter[str]) -> str | None:
    if not url:
        return None
    if len(url) > MAX_URL:
        unknown[f"{name} of more than {MAX_URL} characters"] += 1
        return None
    url = clean_address(url)
    # Invisible characters mean the same when they are percent-encoded.
    return url if url.isprintable() else "".join(map(_escaped, url))


def _escaped(character: str) -> str:
    return character if character.isprintable() else quote(character)


def _words(name: str, words: list[str] | None, unknown: Counter[str]) -> list[str] | None:
    if not words:
        return None
    sanitized = (_sanitized(name, word, unknown) for word in words)
    found = _short([word for word in sanitized if word], len, MAX_WORD, name, unknown)
    return _first(name, list(dict.fromkeys(found)), unknown)


def _mentions(mentions: list[Mention] | None, unknown: Counter[str]) -> list[Mention] | None:
    if not mentions:
        return None
    found = _short(
        mentions, lambda each: max(len(each.market), len(each.code)), MAX_CODE, "code", unknown
    )
    found = _short(found, lambda each: len(each.name), MAX_WORD, "mention", unknown)
    return _first("mentions", found, unknown)


def _short(
    values: list[T], length: Callable[[T], int], longest: int, name: str, unknown: Counter[str]
) -> list[T]:
    """Leave out values that are too long, and count them."""
    kept = [value for value in values if length(value) <= longest]
    if len(kept) < len(values):
        unknown[f"{name} of more than {longest} characters"] += len(values) - len(kept)
    return kept


def _first(name: str, values: list[T], unknown: Counter[str]) -> list[T] | None:
    most = MAX_VALUES[name]
    if len(values) > most:
        unknown[f"{name} beyond {most}"] += len(values) - most
    return values[:most] or None


def _shortened(unknown: Counter[str]) -> dict[str, int]:
    """Return the counts under printable names, at most MAX_UNKNOWN of them."""
    found: Counter[str] = Counter()
    for name, times in unknown.items():
        shown = "".join(each if each.isprintable() else "\ufffd" for each in name[:MAX_WORD])
        found[shown if shown in found or len(found) < MAX_UNKNOWN else MORE] += times
    return dict(found)
