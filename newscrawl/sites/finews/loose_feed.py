"""Reads an Atom feed that is not XML, as feedparser reads it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from newscrawl.sites.errors import Unreadable

MOST = 2_000_000
"""Characters of such a feed: the mirror's has 40,000."""
_FEED = re.compile(r"<feed[\s>]")
_BARE = re.compile(r"&(?!(?:[A-Za-z][A-Za-z0-9]{0,30}|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")


def is_feed(text: str) -> bool:
    """Whether *text* may be a feed that :func:`records` reads."""
    # feedparser would expand entities that are declared.
    is_safe = "<!entity" not in text.lower()
    return len(text) <= MOST and is_safe and _FEED.search(text) is not None


def records(text: str) -> Iterator[dict[str, Any]]:
    """Yield each entry as :func:`newscrawl.sites.finews.atom_feed.records` does.

    Raises Unreadable: ``not_a_post``.
    """
    import feedparser  # takes a tenth of a second, and is needed for broken feeds alone

    # feedparser reads A&B as A&B; with a semicolon.
    whole = _BARE.sub("&amp;", text).encode("utf-8", "replace")
    # A file: feedparser takes a text for the name of one, or for an address, if it can.
    given = io.BytesIO(whole)
    try:
        found = feedparser.parse(given, sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # of many kinds: it takes half a character for a whole one, …
        raise Unreadable("not_a_post", f"not a feed: feedparser says {error!r}"[:300]) from None
    for entry in found.entries:
        contents = [each.get("value", "") for each in entry.get("content", ())]
        record = {
            "id": entry.get("id"), "title": entry.get("title"), "published": entry.get("published"),
            "updated": dict.get(entry, "updated"), "summary": entry.get("summary"),
            "content": next(iter(contents), None),
        }  # fmt: skip
        yield {
            **{name: value.strip() for name, value in record.items() if value is not None},
            "link": entry.get("link") or f"{entry.get('id', '')}.html",
            "categories": [each["term"] for each in entry.get("tags", ()) if each.get("term")],
        }
