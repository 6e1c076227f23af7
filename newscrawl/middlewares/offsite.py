"""Drops requests to addresses that the crawl may not connect to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import IgnoreRequest

from newscrawl.middlewares.addresses import Refused, address_policy_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Request


class OffsiteMiddleware:
    """Lets only requests pass that may be sent, including those for robots.txt.

    Scrapy's own lets redirects and all subdomains pass, and drops the rest without telling the
    spider.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Read the settings.

        :raises UsageError: NEWSCRAWL_NETWORKS is not a list of networks.
        """
        self._policy = address_policy_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(crawler)

    def process_request(self, request: Request, spider: Spider | None = None) -> None:
        """Let a request pass.

        :raises IgnoreRequest: it may not be sent; its cause is the refusal.
        """
        try:
            self._policy.check(request)
        except Refused as refused:
            raise IgnoreRequest(str(refused)) from refused
