"""Sanitizes strings: control characters, white space, Unicode normalization and bidi overrides.

Stored texts are in NFC where that loses nothing, and display in the order in which they are stored.
Overrides that are removed are counted; the page's own bytes are kept unchanged.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any

OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that reorder the display of what follows them: embeddings, overrides and isolates.
Marks (U+200E, U+200F, U+061C) affect only themselves, and are kept."""
OVERRIDE = "bidi override"
"""The name under which they are counted."""

_OVERRIDES = re.compile(f"[{OVERRIDES}]")
# The characters of nearly all Chinese texts: none is an override, and NFC neither changes one nor
# composes it with the character before it. Matching them takes a quarter of the time.
_SURELY_PLAIN = re.compile(
    "[\x00-\u02ff\u2010-\u2027\u2030-\u203a\u3000-\u3029\u4e00-\u9fff\uff01-\uff5e\uffe5]*"
)
# Composed with a combining stroke these become ≮, ≠ and ≯: markup would lose its brackets.
_MARKUP = "<=>"

MAX_MARKS = 30
"""Combining marks on one character, as in Unicode's Stream-Safe Text Format (UAX 15): no script
needs more, and sorting them takes quadratic time."""
_PIECE = 1024
# Control characters except tab and line ends, lone surrogates (JSON escapes can produce them, and
# SQLite refuses them), and noncharacters (lxml refuses them).
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_CONTROL_BYTES = bytes([*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
# Zero-width characters too: they break searches for the words that contain them.
_BREAK_TAG = re.compile(r"</?(?:br|p|div)(?:[ /][^<>]*)?>", re.IGNORECASE)
_INLINE_TAG = re.compile(r"</?(?:a|b|em|font|i|span|strong)(?:[ /][^<>]*)?>", re.IGNORECASE)
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f\ud800-\udfff\u200b\u2060\ufeff\u00ad]")


def is_plain(text: str) -> bool:
    """Whether a text can be stored as it is; nearly all can."""
    if _SURELY_PLAIN.fullmatch(text):
        return True
    return _is_nfc(text) and not any(map(text.__contains__, OVERRIDES))


def _is_nfc(text: str) -> bool:
    """Whether a text is in NFC, in linear time: Python's own test is quadratic in marks."""
    if len(text) <= _PIECE:
        return unicodedata.is_normalized("NFC", text)
    step = _PIECE - MAX_MARKS
    pieces = (text[begin : begin + _PIECE] for begin in range(0, len(text), step))
    return all(unicodedata.is_normalized("NFC", piece) for piece in pieces)


def nfc(text: str) -> str:
    """Return the text in NFC, except for characters that NFC would replace by others.

    ``e`` and U+0301 become ``é``. A CJK compatibility ideograph (U+F900), the Kelvin sign and every
    other character that NFC replaces even on its own are kept, since the replacement loses
    information; so is a run of more than MAX_MARKS marks. Nothing is composed with ``<``, ``=`` and
    ``>``.
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


def without_overrides(text: str, unknown: Counter[str]) -> str:
    """Return the text without OVERRIDES, counting those that are removed."""
    text, found = _OVERRIDES.subn("", text)
    if found:
        unknown[OVERRIDE] += found
    return text


def strip_controls(text: str) -> str:
    """Return the text without control characters and lone surrogates, lines ended by ``\\n``."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if _has_no_controls(text) else _CONTROLS.sub("", text.replace("\x85", "\n"))


def _has_no_controls(text: str) -> bool:
    """Whether there is nothing to remove, in a third of the time of the regular expression."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    # In UTF-8 the C1 controls begin with C2, as do · and NBSP; the noncharacters are these two.
    if b"\xc2" in raw or "\ufffe" in text or "\uffff" in text:
        return _CONTROLS.search(text) is None
    return len(raw.translate(None, _CONTROL_BYTES)) == len(raw)


def squeeze(text: str) -> str:
    """Return the text as one line: each run of white space, NBSP and U+3000 too, is a space."""
    line = " ".join(text.split())
    # isprintable() is faster than searching for characters that are hardly ever there.
    return line if line.isprintable() else " ".join(_INVISIBLE.sub("", text).split())


def plain_text(markup: str) -> str:
    """Return the text of a field in which a source puts markup: its tags removed, decoded once.

    Only what is certainly a tag is one: in ``营收<5亿`` none is.
    """
    if "<" in markup:
        markup = _INLINE_TAG.sub("", _BREAK_TAG.sub(" ", markup))
    return html.unescape(markup) if "&" in markup else markup


def unique(values: Iterable[Any]) -> list[Any]:
    """Return the values without repeats, in order."""
    return list(dict.fromkeys(values))
