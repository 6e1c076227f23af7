"""Limits the requests that one page and one run lead to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

from scrapy.http import Request
from scrapy.spidermiddlewares.base import BaseSpiderMiddleware

from newscrawl.items import Failed, Trouble

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from newscrawl.items import Page


class BoundsMiddleware(BaseSpiderMiddleware):
    """Limits the requests of one page and of one run, their depth and the length of their URLs.

    A page can have any number of links, and each can lead to another such page. What is left out
    is reported: the run ends degraded, and the next one takes what is then new.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings = crawler.settings
        self._of_page = settings.getint("NEWSCRAWL_MAX_LINKS")
        self._of_run = settings.getint("NEWSCRAWL_MAX_PAGES")
        self._depth = settings.getint("NEWSCRAWL_MAX_DEPTH")
        self._length = settings.getint("URLLENGTH_LIMIT")
        self._taken = 0
        self._said: set[str] = set()

    def process_spider_output(
        self, response: Response | None, result: Iterable[Any], spider: Spider | None = None
    ) -> Iterable[Any]:
        """Yield what a page leads to, up to the limits."""
        count = 0
        for each in result:
            if not isinstance(each, Request):
                yield each
                continue
            if why := self._too_many(count, response):
                yield from self._leave_out_all(each, why)
                return
            count += 1
            yield from self._within(each)

    async def process_spider_output_async(
        self, response: Response | None, result: AsyncIterator[Any], spider: Spider | None = None
    ) -> AsyncIterator[Any]:
        """Yield what a page leads to, up to the limits."""
        count = 0
        async for each in result:
            if not isinstance(each, Request):
                yield each
                continue
            if why := self._too_many(count, response):
                for left in self._leave_out_all(each, why):
                    yield left
                return
            count += 1
            for kept in self._within(each):
                yield kept

    def _too_many(self, count: int, response: Response | None) -> str | None:
        """Return why a request and all that follow are left out; None if they are not."""
        why = None
        if self._taken >= self._of_run:
            why = f"the run has met {self._taken} pages, and asks for no more"
        elif count >= self._of_page:
            where = response.url if response is not None else "the start"
            why = f"{where} leads to more than {count} pages: no more are taken at once"
        self._taken += why is None
        return why

    def _within(self, request: Request) -> Iterable[Any]:
        """Return a request, or a failure if it is too deep or too long."""
        depth = request.meta.get("depth", 0)
        if depth > self._depth:
            return self._leave_out(request, f"it is {depth} links from the start")
        if len(request.url) > self._length:
            return self._leave_out(request, f"its address has {len(request.url)} characters")
        return (request,)

    def _leave_out_all(self, request: Request, why: str) -> Iterable[Any]:
        if why not in self._said:
            self._said.add(why)
            yield Trouble(why)
        yield from self._leave_out(request, why)

    def _leave_out(self, request: Request, why: str) -> Iterable[Any]:
        page: Page | None = request.meta.get("page")
        if page is not None:
            yield Failed(page.url, why)
        else:
            yield Trouble(f"{request.url[:200]} is not asked for: {why}")
