"""What newscrawl does differently on the way of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.spidermiddlewares.base import BaseSpiderMiddleware

from newscrawl.pages import LOADER_VERSION
from newscrawl.run import run_of
from newscrawl.store import known_pages

if TYPE_CHECKING:
    from scrapy import Spider

    from newscrawl.items import Page
    from newscrawl.store.known_pages import KnownPage


class StayOnHosts(RedirectMiddleware):
    """Follows redirects to the spider's hosts only; any other fails with a reason.

    Scrapy would drop such a request, and one to a page that was met before, without a word to
    the spider: a page would be lost, or another address of it never asked.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return the request that a redirect leads to.

        :raises IgnoreRequest: it leads to another host; the request's errback gets it.
        """
        redirected = super().process_response(request, response)
        if isinstance(redirected, Request):
            allowed = getattr(self.crawler.spider, "allowed_domains", None)
            host = urlsplit(redirected.url).hostname
            if allowed and host not in allowed:
                raise IgnoreRequest(f"it redirects to another host, {redirected.url}")
            redirected.dont_filter = True
        return redirected


class KnownBeforeFetched(BaseSpiderMiddleware):
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
            return None
        request.meta["known"] = known
        if known.url == request.url:
            ask_whether_changed(request, known.etag, known.last_modified)
        return request

    def _find(self, page: Page) -> KnownPage | None:
        connection = run_of(self.crawler).connection
        found = known_pages.find(connection, page)
        if found is None:
            return known_pages.find_rejected(connection, page, loader_version=LOADER_VERSION)
        # An answer without a text is no reason not to ask for it again.
        return found if found.has_body or page.kind == "post" else None


def ask_whether_changed(request: Request, etag: str | None, last_modified: str | None) -> None:
    """Let the server answer 304, without the page, where it is as it was."""
    if etag:
        request.headers["If-None-Match"] = etag
    if last_modified:
        request.headers["If-Modified-Since"] = last_modified
    if etag or last_modified:
        request.meta["handle_httpstatus_list"] = [304]
