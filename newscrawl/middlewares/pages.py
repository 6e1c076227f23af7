"""Notes from which page each item of a foreign spider was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.spidermiddlewares.base import BaseSpiderMiddleware

from newscrawl.items import Article, Batch, Message, Page, PageKind
from newscrawl.runs.run import run_of
from newscrawl.store.clock import utc_now

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class PagesMiddleware(BaseSpiderMiddleware):
    """Keeps the URL and the bytes of the response for the archive: pipelines see no response."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._run = run_of(crawler)

    def get_processed_item(self, item: Any, response: Response | None) -> Any:
        """Return the item as it is."""
        if response is not None and not isinstance(item, Article | Batch | Message):
            content_type = response.headers.get("Content-Type")
            page = Page(
                PageKind.ITEM, response.url, response.url, response.body, utc_now(),
                content_type=content_type.decode("latin-1") if content_type else None,
                ordered_at=self._run.archive.began_at, is_fetched=True,
            )  # fmt: skip
            self._run.items.attach(item, page)
        return item
