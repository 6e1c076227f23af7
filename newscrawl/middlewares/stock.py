"""What newscrawl does differently on the way of a request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.spidermiddlewares.base import BaseSpiderMiddleware

from newscrawl.items import Failure
from newscrawl.middlewares.guard import Refused, guard_of
from newscrawl.middlewares.throttle import patience_of, retry_after
from newscrawl.runs.run import run_of
from newscrawl.sites import LOADER_VERSION
from newscrawl.store import known_pages
from newscrawl.text.passwords import clean_address

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from newscrawl.items import Page
    from newscrawl.store.known_pages import KnownPage


class OnlyAllowed:
    """Lets no request pass to an address that may not be asked, be it for robots.txt.

    In the place of Scrapy's own, which lets a redirect and any subdomain pass, and drops the rest
    without a word to the spider.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Read what may be asked; :raises UsageError: NEWSCRAWL_NETWORKS is no list of networks."""
        self._guard = guard_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(crawler)

    def process_request(self, request: Request, spider: Spider | None = None) -> None:
        """Let a request pass.

        :raises IgnoreRequest: its address may not be asked; its cause is the refusal.
        """
        try:
            self._guard.check(request)
        except Refused as refused:
            raise IgnoreRequest(str(refused)) from refused


class StayOnHosts(RedirectMiddleware):
    """Follows redirects to the spider's hosts only; any other fails with a reason.

    Scrapy would drop such a request, and one to a page that was met before, without a word to
    the spider: a page would be lost, or another address of it never asked.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return the request that a redirect leads to.

        :raises IgnoreRequest: it leads to another host, or to no address; the request's errback
            gets it.
        """
        try:
            redirected = super().process_response(request, response)
        except ValueError:
            raise IgnoreRequest("it redirects to what is no address") from None
        if isinstance(redirected, Request):
            redirected = redirected.replace(url=clean_address(redirected.url))
            allowed = getattr(self.crawler.spider, "allowed_domains", None)
            host = urlsplit(redirected.url).hostname
            if allowed and host not in allowed:
                raise IgnoreRequest(f"it redirects to another host, {redirected.url}")
            redirected.dont_filter = True
        return redirected


class RetryWhenAsked(RetryMiddleware):
    """Tries again, and not before the time that an answer of 429 or 503 names.

    Until then nothing else is sent to that host either.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return the request for another try, or the answer where there is to be none."""
        wait = retry_after(response) if response.status in (429, 503) else None
        if wait is not None and not patience_of(self.crawler).hold(request.url, wait):
            return response
        return super().process_response(request, response)


class BoundsMiddleware(BaseSpiderMiddleware):
    """Takes only so many requests from one page and in one run, and none that is too deep or long.

    A page can have any number of links, and each can lead to another such page. What is left out
    is said: the run ends as degraded, and the next one takes what is then new.
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
        """Yield what a page leads to, up to a bound."""
        count = 0
        for each in result:
            if why := self._too_many(count, each, response):
                yield from self._leave_out(each, why)
                return
            count += isinstance(each, Request)
            yield from self._within(each)

    async def process_spider_output_async(
        self, response: Response | None, result: AsyncIterator[Any], spider: Spider | None = None
    ) -> AsyncIterator[Any]:
        """Yield what a page leads to, up to a bound."""
        count = 0
        async for each in result:
            if why := self._too_many(count, each, response):
                for kept in self._leave_out(each, why):
                    yield kept
                return
            count += isinstance(each, Request)
            for kept in self._within(each):
                yield kept

    def _too_many(self, count: int, each: Any, response: Response | None) -> str | None:
        """Say why a request and all that follows it is left out; None where it is not."""
        if not isinstance(each, Request):
            return None
        why = None
        if self._taken >= self._of_run:
            why = f"the run has met {self._taken} pages, and asks for no more"
        elif count >= self._of_page:
            where = response.url if response is not None else "the start"
            why = f"{where} leads to more than {count} pages: no more are taken at once"
        if why and why not in self._said:
            self._said.add(why)
            run_of(self.crawler).trouble(why)
        self._taken += why is None
        return why

    def _within(self, each: Any) -> Iterable[Any]:
        """Yield what a page leads to, or that it failed where that is too far."""
        if not isinstance(each, Request):
            yield each
        elif each.meta.get("depth", 0) > self._depth:
            yield from self._leave_out(each, f"it is {each.meta['depth']} links from the start")
        elif len(each.url) > self._length:
            yield from self._leave_out(each, f"its address has {len(each.url)} characters")
        else:
            yield each

    def _leave_out(self, request: Request, why: str) -> Iterable[Any]:
        page: Page | None = request.meta.get("page")
        if page is not None:
            yield Failure(page.url, why)
        else:
            run_of(self.crawler).trouble(f"{request.url[:200]} is not asked for: {why}")


class KnownMiddleware(BaseSpiderMiddleware):
    """Drops requests for pages that are stored and not due for another look.

    One that is due is asked for with the validators of its last answer.
    """

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Return the request as it is to be sent; None where the page is known."""
        page: Page | None = request.meta.get("page")
        known = self._find(page) if page is not None else None
        if page is None or known is None:
            return request
        run = run_of(self.crawler)
        if not run.is_due(known):
            run.skip(page, is_rejected=known.is_rejected)
            if known.is_rejected and (info_code := request.cb_kwargs.get("info_code")):
                run.answer_tried(info_code)
            return None
        request.meta["known"] = known
        # A page whose times are to be put right is read again.
        if known.url == request.url and not run.is_misdated(known):
            ask_whether_changed(request, known.etag, known.last_modified)
        return request

    def _find(self, page: Page) -> KnownPage | None:
        connection = run_of(self.crawler).connection
        found = known_pages.find_known(connection, page)
        if found is None:
            return known_pages.find_rejected(connection, page, loader_version=LOADER_VERSION)
        # An answer without a text is no reason not to ask for it again.
        return found if found.has_body or page.kind == "post_page" else None


def ask_whether_changed(request: Request, etag: str | None, last_modified: str | None) -> None:
    """Let the server answer 304, without the page, where it is as it was."""
    if etag:
        request.headers["If-None-Match"] = etag
    if last_modified:
        request.headers["If-Modified-Since"] = last_modified
    if etag or last_modified:
        request.meta["handle_httpstatus_list"] = [304]
