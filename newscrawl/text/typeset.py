"""Folds what the mirror's build changes in a text: kramdown sets quotes, dashes and lists."""

from __future__ import annotations

import re

_FOLDED = str.maketrans(
    {
        "*": None, "|": None,
        "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'",
        "–": "-", "—": "-", "…": "...", "«": "<<", "»": ">>",
    }
)  # fmt: skip
_MARKER = re.compile(r"(?:[0-9]{1,3}\. |[-+#>]{1,6} )")
_DASHES = re.compile("-{2,}")


def fold_typeset(text: str) -> str:
    """Return a text without what distinguishes it from its typeset form, and without white space.

    Emphasis loses its asterisks, a table its bars, a list or heading its marker; quotes, dashes and
    ellipses are typographic.
    """
    text = text.strip()
    if marker := _MARKER.match(text):
        text = text[marker.end() :]
    return _DASHES.sub("-", "".join(text.translate(_FOLDED).split()))
