"""What one page says of an article: the values that are merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from newscrawl.items import FIELDS, PageKind

Fields = dict[str, Any]
"""What one page says, or one row holds: a value for each field of an article, None for none."""


_KINDS: dict[str, int] = {
    kind: place
    for place, kind in enumerate(
        (
            PageKind.POST_FILE,
            PageKind.LIST_ENTRY,
            PageKind.POST_PAGE,
            PageKind.API_ANSWER,
            PageKind.NEWSINFO_ANSWER,
            PageKind.ARTICLE_PAGE,
            PageKind.ITEM,
        )
    )
}
"""Kinds of pages, each after those that lead to it."""


@dataclass(slots=True)
class Observation:
    """What one page says of an article, and when it was first seen to say so."""

    site: str
    page_kind: str
    page_id: str
    url: str
    observed_at: str
    fields: Fields = field(default_factory=dict)
    ordered_at: str | None = None
    """Start of the run that saw it first; None where it was not fetched."""

    @property
    def order(self) -> tuple[str, int, str]:
        """What makes it the later of two: its time, within one run its kind, then its address."""
        return self.ordered_at or self.observed_at, _KINDS.get(self.page_kind, 0), self.url

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells its page from every other."""
        return self.site, self.page_kind, self.page_id


def of_group(group: str) -> tuple[str, ...]:
    """Return the fields of a group; see :class:`newscrawl.items.Field`."""
    return tuple(name for name, each in FIELDS.items() if each.group == group)


def has_body(said: Mapping[str, Any]) -> bool:
    """Whether a page has a body, if only an image."""
    return said.get("body_text") is not None or said.get("body_html") is not None
