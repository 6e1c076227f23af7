"""Follows redirects, to the spider's hosts only."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares import redirect
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

from newscrawl.items import options_of
from newscrawl.text.passwords import clean_address

if TYPE_CHECKING:
    from scrapy import Spider


class RedirectMiddleware(redirect.RedirectMiddleware):
    """Follows redirects to the spider's hosts only; any other fails with a reason.

    Scrapy would drop such a request, and one to a page that was seen before, without telling the
    spider: a page would be lost, or its other URL never fetched.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return the request that a redirect leads to.

        :raises IgnoreRequest: it leads to another host, or its URL is invalid; the request's
            errback gets it.
        """
        try:
            redirected = super().process_response(request, response)
        except ValueError:
            raise IgnoreRequest("it redirects to an invalid URL") from None
        if isinstance(redirected, Request):
            redirected = redirected.replace(url=clean_address(redirected.url))
            allowed = options_of(self.crawler.spider).allowed_domains
            host = urlsplit(redirected.url).hostname
            if allowed and host not in allowed:
                raise IgnoreRequest(f"it redirects to another host, {redirected.url}")
            redirected.dont_filter = True
        return redirected
