"""Items of spiders that are not newscrawl's: each with the page that it was read from."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from itemadapter import ItemAdapter
from scrapy.exceptions import UsageError

from newscrawl.items import Page, PageKind
from newscrawl.store.clock import utc_now

_KEPT = 1000
"""Items whose pages are kept: a pipeline may drop or replace an item without a word."""


class ForeignItems:
    """Remembers the page of each item on its way; the items themselves stay as they are."""

    def __init__(self, zone: str) -> None:
        """Read the setting.

        :raises UsageError: NEWSCRAWL_ITEM_TIMEZONE is not a time zone.
        """
        self.zone = zone_of(zone)
        """Of times without an offset."""
        self._pages: dict[int, tuple[Any, Page]] = {}
        """By the identity of the item, which is kept, so that no other has it."""

    def attach(self, item: Any, page: Page) -> None:
        """Note that an item was read from a page."""
        self._pages[id(item)] = item, page
        if len(self._pages) > _KEPT:
            del self._pages[next(iter(self._pages))]

    def page_of(self, item: Any, site: str) -> Page:
        """Return an item's page, and forget it; where none is known, one without bytes."""
        adapter = ItemAdapter(item)
        url = str(adapter.get("url") or "")
        page = self.take(item) or Page(PageKind.ITEM, url, url, b"", utc_now(), is_fetched=True)
        page.site = str(adapter.get("site") or site)
        return page

    def take(self, item: Any) -> Page | None:
        """Return an item's page, and forget it; None where it is not known."""
        found = self._pages.pop(id(item), None)
        return found[1] if found else None


def zone_of(text: str) -> tzinfo:
    """Return a time zone: an offset (``+08:00``) or a name (``Asia/Shanghai``).

    :raises UsageError: it is neither.
    """
    try:
        if text[:1] in "+-" and (zone := datetime.strptime(text, "%z").tzinfo) is not None:
            return zone
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        known = "Asia/Shanghai" if available_timezones() else "install tzdata to use names"
        raise UsageError(
            f"NEWSCRAWL_ITEM_TIMEZONE: {text!r} is not a time zone; use +08:00 or {known}"
        ) from None
