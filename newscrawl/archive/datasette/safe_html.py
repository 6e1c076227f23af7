"""A body as our pages show it."""

from __future__ import annotations

import nh3

from newscrawl.sites.errors import Unreadable
from newscrawl.sites.html import measured

LARGEST = 4 << 20
"""Characters of a body: pages of 1 MB are read, and some letters become entities."""

# Fewer than what is stored: no images, which would tell their host who reads what, and no class
# or id that a style of ours could take for its own.
_TAGS = (
    "a abbr b blockquote br caption cite code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i ins li"
    " mark ol p pre q s small span strong sub sup table tbody td tfoot th thead tr u ul wbr"
)
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS.split()),
    attributes={
        "*": set(),
        "a": {"href"},
        "td": {"colspan", "rowspan"},
        "th": {"colspan", "rowspan"},
    },
    url_schemes={"http", "https"},
    link_rel="noopener noreferrer nofollow",
    strip_comments=True,
)


def safe_body(html: str | None) -> str | None:
    """Return a stored body, cleaned once more: a file may come from anywhere.

    None for one that is larger or nested deeper than any that newscrawl stores: cleaning takes the
    square of the depth.
    """
    if not html or len(html) > LARGEST:
        return None
    try:
        measured(html)
    except (Unreadable, UnicodeEncodeError):
        return None
    return _CLEANER.clean(html)
