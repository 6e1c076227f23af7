"""Texts as YAML that every reader takes for these texts: for the front matter of posts."""

from __future__ import annotations

import json
import re
from typing import Any

# What JSON leaves as it is and YAML does not: it has no such characters, or ends a line at them.
_NO_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
# Words; they begin with a letter, or hold one that no number has.
_WORDS = re.compile(r"(?=[^\W\d_]|\d.*[^\W\d_a-fA-FoOxX])\w(?:[\w ()（）·-]*[\w)）])?")
_MEANINGFUL = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def quoted(value: Any) -> str:
    """Return a text, or lists and mappings of texts, in JSON, which is YAML in a line."""
    text = json.dumps(value, ensure_ascii=False)
    return _NO_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def plain(text: str) -> str:
    """Return *text* as the mirror writes it, without quotes; with them where YAML needs them."""
    if not text or (_WORDS.fullmatch(text) and text.casefold() not in _MEANINGFUL):
        return text
    return quoted(text)
