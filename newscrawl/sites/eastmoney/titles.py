"""Takes the names of channels and sites off titles."""

from __future__ import annotations

import re

_SEPARATORS = "_|—–｜－-"
_SITE = re.compile("财富号|股吧|(?:东方财富|天天基金)(?:网(?:股吧|财富号)?|股吧|财富号)")
_CHANNEL = re.compile(rf"[^\s{_SEPARATORS}]{{1,8}}频道")
_MOST = 10
"""Names that are taken off; pages have two."""


def clean_title(title: str) -> str:
    """Return a title without the names that a page's ``<title>`` adds behind it.

    A programme's name stays: CCTV-2财经频道 has its channel behind a mere dash, and no site behind
    the channel.
    """
    has_site = False
    for _ in range(_MOST):
        end = max(map(title.rfind, _SEPARATORS))
        name = title[end + 1 :].strip()
        is_site = end > 0 and _SITE.fullmatch(name) is not None
        is_channel = end > 0 and _CHANNEL.fullmatch(name) is not None
        if not is_site and not (is_channel and (has_site or _is_clear(title, end))):
            break
        has_site = has_site or is_site
        title = title[:end].rstrip(f"{_SEPARATORS} ")
    return title


def _is_clear(title: str, at: int) -> bool:
    """Whether a separator is one of page titles: none of them, or not between two words."""
    return title[at] in "_|｜" or title[at - 1 : at].isspace() or title[at + 1 : at + 2].isspace()
