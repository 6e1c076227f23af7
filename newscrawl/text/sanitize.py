"""What a stored text may hold, and how much an article may: the last thing a loader sees to.

Texts are NFC where that loses nothing, and show in the order in which they stand. What is taken
out or cut is counted in the article's ``unknown``; the page's own bytes are kept as they came.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TypeVar
from urllib.parse import quote

from lxml import etree

from newscrawl.items import Article, Mention
from newscrawl.text.passwords import clean_address

T = TypeVar("T")

OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that show what follows in another order than it stands: embeddings, overrides and
isolates. Marks (U+200E, U+200F, U+061C) move nothing but themselves, and stay."""
OVERRIDE = "bidi override"
"""The name under which they are counted."""

_OVERRIDES = re.compile(f"[{OVERRIDES}]")
# What Chinese texts are made of, but for rare signs: none is an override, and none is changed by
# NFC or joined to what stands before it. One look for them takes a quarter of the time.
_SURELY_PLAIN = re.compile(
    "[\x00-\u02ff\u2010-\u2027\u2030-\u203a\u3000-\u3029\u4e00-\u9fff\uff01-\uff5e\uffe5]*"
)
# With a combining stroke these become ≮, ≠ and ≯: markup would lose its brackets.
_MARKUP = "<=>"

MAX_MARKS = 30
"""Marks on one character, as in Unicode's stream-safe texts (UAX 15): no writing has more, and to
sort them takes the square of their number."""
_PIECE = 1024

MAX_CHARACTERS = {"title": 1000, "source": 200, "published_raw": 200}
"""What is longer is no title, no medium and no time, but a page whose markup never ends: cut.
The longest title of the real posts at hand has 45 characters."""
MAX_URL = 2000
"""The longest that browsers and servers agree on; a share URL has 78 characters."""
MAX_VALUES = {"categories": 50, "tags": 50, "mentions": 2000, "images": 2000}
"""Of each, in one article: a list of every share that rose by a tenth fits several times over."""
MAX_WORD = 100
"""Characters of a category, a tag, or the name of a security; the longest at hand has 27."""
MAX_CODE = 24
"""Characters of a security's market or code; the usual code has 6."""
TEXTS = ("title", "source", "summary", "body_text", "published_raw", "published_from")
"""The fields that are texts."""
_TEXTS_OF = attrgetter(*TEXTS)
_WRITTEN_OF = attrgetter(*TEXTS, "share_url", "original_url")
_LISTS_OF = attrgetter(*MAX_VALUES)
MAX_UNKNOWN = 100
"""Names of constructs that are counted, each of MAX_WORD characters: beyond it is noise."""
MORE = "more constructs"
"""What all others are counted under."""


def is_plain(text: str) -> bool:
    """Tell a text that is as it should be stored; nearly all are."""
    if _SURELY_PLAIN.fullmatch(text):
        return True
    return _is_nfc(text) and not any(map(text.__contains__, OVERRIDES))


def _is_nfc(text: str) -> bool:
    """Tell a text in NFC, in linear time: Python's own takes the square of a run of marks."""
    if len(text) <= _PIECE:
        return unicodedata.is_normalized("NFC", text)
    step = _PIECE - MAX_MARKS
    pieces = (text[begin : begin + _PIECE] for begin in range(0, len(text), step))
    return all(unicodedata.is_normalized("NFC", piece) for piece in pieces)


def nfc(text: str) -> str:
    """Return the text in NFC, but for characters that it would replace by others.

    ``e`` and U+0301 become ``é``. A CJK compatibility ideograph (U+F900), the Kelvin sign and all
    else that NFC changes where it stands alone say something that the replacement does not, and
    stay, as does a run of more than MAX_MARKS marks. Nothing is joined to ``<``, ``=`` and ``>``.
    """
    if _is_nfc(text):
        return text
    met = set(text)
    apart = f"[{_MARKUP}{_class(each for each in met if not _is_nfc(each))}]"
    if marks := _class(each for each in met if unicodedata.combining(each)):
        apart += f"|[{marks}]{{{MAX_MARKS + 1},}}"
    pieces = re.split(f"({apart})", text)
    pieces[::2] = [unicodedata.normalize("NFC", piece) for piece in pieces[::2]]
    return "".join(pieces)


def _class(characters: Iterable[str]) -> str:
    return re.escape("".join(sorted(characters)))


def settle_tree(root: etree._Element, unknown: Counter[str], text: str) -> None:
    """Bring the words in a tree, whose `text` is given, into the form that is stored."""
    if is_plain(text):
        return
    _count_overrides(text, unknown)
    for element in root.iter():
        if element.text and isinstance(element.tag, str):
            element.text = nfc(_OVERRIDES.sub("", element.text))
        if element.tail and element is not root:
            element.tail = nfc(_OVERRIDES.sub("", element.tail))


def _count_overrides(text: str, unknown: Counter[str]) -> None:
    if found := len(_OVERRIDES.findall(text)):
        unknown[OVERRIDE] += found


def settle_article(article: Article) -> None:
    """Bring the fields of an article into the form and the size that are stored."""
    if _is_settled(article):
        return
    unknown: Counter[str] = Counter(article.unknown or {})
    for name in TEXTS:
        setattr(article, name, _settled(name, getattr(article, name), unknown))
    for name in ("share_url", "original_url"):
        setattr(article, name, _url(getattr(article, name), name, unknown))
    article.categories = _words("categories", article.categories, unknown)
    article.tags = _words("tags", article.tags, unknown)
    article.mentions = _mentions(article.mentions, unknown)
    if article.images:
        images = [_url(each, "image", unknown) for each in article.images]
        article.images = _first("images", [each for each in images if each], unknown)
    article.unknown = _shortened(unknown) if unknown else None


def _is_settled(article: Article) -> bool:
    """Tell whether there is nothing to do: by one look at all of it, since nearly always so."""
    lists = _LISTS_OF(article)
    categories, tags, mentions, images = (each or () for each in lists)
    texts, words = [*filter(None, _TEXTS_OF(article))], [*categories, *tags]
    urls = [*filter(None, (article.share_url, article.original_url)), *images]
    return (
        not article.unknown
        and "" not in words
        and "" not in urls
        and "" not in _WRITTEN_OF(article)
        and [] not in lists
        and len(set(words)) == len(words)
        and all(
            len(each or ()) <= most for each, most in zip(lists, MAX_VALUES.values(), strict=True)
        )
        and all(len(getattr(article, name) or "") <= most for name, most in MAX_CHARACTERS.items())
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


def _settled(name: str, text: str | None, unknown: Counter[str]) -> str | None:
    if not text:
        return None
    if not is_plain(text):
        _count_overrides(text, unknown)
        text = nfc(_OVERRIDES.sub("", text)).strip()
    longest = MAX_CHARACTERS.get(name)
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
    # Characters that do not show mean the same when they are escaped.
    return url if url.isprintable() else "".join(map(_shown, url))


def _shown(character: str) -> str:
    return character if character.isprintable() else quote(character)


def _words(name: str, words: list[str] | None, unknown: Counter[str]) -> list[str] | None:
    if not words:
        return None
    settled = (_settled(name, word, unknown) for word in words)
    found = _short([word for word in settled if word], len, MAX_WORD, name, unknown)
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
    """Leave out what is too long to be what it should be."""
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
    """Return what was counted, under names that can be shown."""
    found: Counter[str] = Counter()
    for name, times in unknown.items():
        shown = "".join(each if each.isprintable() else "\ufffd" for each in name[:MAX_WORD])
        found[shown if shown in found or len(found) < MAX_UNKNOWN else MORE] += times
    return dict(found)
