"""Takes the names of channels and sites off titles."""

from __future__ import annotations

import re

_SUFFIX = re.compile(r"\s*[_|—–-]+\s*(?:[^\s_|—–-]{1,8}频道|财富号|东方财富网|天天基金网|股吧)\s*$")


def clean_title(title: str) -> str:
    """Return a title without what a page's ``<title>`` adds behind it, once or several times."""
    while (shorter := _SUFFIX.sub("", title)) != title:
        title = shorter
    return title
