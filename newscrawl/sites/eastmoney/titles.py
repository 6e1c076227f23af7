"""Takes the names of channels and sites off titles."""

from __future__ import annotations

import re

_SEPARATORS = "_|—–-"
_NAME = re.compile(rf"[^\s{_SEPARATORS}]{{1,8}}频道|财富号|东方财富网|天天基金网|股吧")
_MOST = 5
"""Names that are taken off; pages have two."""


def clean_title(title: str) -> str:
    """Return a title without the names that a page's ``<title>`` adds behind it."""
    for _ in range(_MOST):
        end = max(map(title.rfind, _SEPARATORS))
        if end < 0 or not _NAME.fullmatch(title[end + 1 :].strip()):
            break
        title = title[:end].rstrip(f"{_SEPARATORS} ")
    return title
