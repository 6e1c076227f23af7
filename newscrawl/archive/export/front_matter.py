"""Texts as YAML that every reader takes for these texts: for the front matter of posts."""

from __future__ import annotations

import json
import re
from typing import Any

from newscrawl.text.escape import escape_json

# What JSON leaves as it is and YAML does not: it has no such characters.
_NO_YAML = re.compile("[\ufeff\ufffe\uffff]")
# Words; they begin with a letter, or hold one that no number has.
_WORDS = re.compile(r"(?=[^\W\d_]|\d.*[^\W\d_a-fA-FoOxX])\w(?:[\w ()（）·-]*[\w)）])?")
_MEANINGFUL = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def quoted_scalar(value: Any) -> str:
    """Return a text, or lists and mappings of texts, in JSON, which is YAML in a line."""
    text = escape_json(json.dumps(value, ensure_ascii=False))
    return _NO_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def plain_scalar(text: str) -> str:
    """Return *text* as the mirror writes it, without quotes; with them where YAML needs them."""
    if not text or (_WORDS.fullmatch(text) and text.casefold() not in _MEANINGFUL):
        return text
    return quoted_scalar(text)
