"""What newscrawl does differently on the way of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

if TYPE_CHECKING:
    from scrapy import Spider


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
