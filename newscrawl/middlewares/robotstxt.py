"""Obeys robots.txt as RFC 9309 requires, and its Crawl-delay."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import ProtegoRobotParser
from scrapy.utils.misc import build_from_crawler

from newscrawl.middlewares.httpproxy import ProxyFailed, may_be_of_proxy, who_answered
from newscrawl.middlewares.throttle import throttle_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

FORBIDDEN = "robots.txt forbids it"
"""What is said of a request that robots.txt forbids."""
FIRST = 1000
"""Priority: no other request can be sent before."""
_BOM = b"\xef\xbb\xbf"


class NoRules(Exception):
    """Raised if it is not known what a robots.txt allows; its text is a part of a sentence."""


@dataclass(frozen=True, slots=True)
class _Rules:
    parser: ProtegoRobotParser | None = None
    """None where everything is allowed."""
    error: Exception | None = None
    """Why it is not known, so that nothing is allowed."""


class RobotsTxtMiddleware:
    """Drops requests that the host's robots.txt forbids.

    RFC 9309, 2.3.1: with a status of 400 to 499 there is no robots.txt, and everything is allowed;
    with 500 and more, or no response at all, everything is forbidden. Scrapy's own middleware
    allows everything in both cases. 429 counts as 503: the server asks for fewer requests. A
    redirect that is not followed (to another host, or the sixth) counts as no robots.txt.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._agent = str(crawler.settings["ROBOTSTXT_USER_AGENT"])
        self._most = crawler.settings.getint("NEWSCRAWL_ROBOTS_MAXSIZE")
        self._fetches: dict[str, asyncio.Task[_Rules]] = {}
        """By host and port."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it, where ROBOTSTXT_OBEY is set."""
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        return cls(crawler)

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:
        """Let a request pass that is allowed.

        :raises IgnoreRequest: it is forbidden, or it is not known; then its cause says why.
        """
        if request.meta.get("dont_obey_robotstxt"):
            return
        place = urlsplit(request.url)
        if place.netloc not in self._fetches:
            fetch = self._fetch(f"{place.scheme}://{place.netloc}/robots.txt")
            self._fetches[place.netloc] = asyncio.ensure_future(fetch)
        # Of the requests that wait for it, one may be cancelled.
        rules = await asyncio.shield(self._fetches[place.netloc])
        if rules.error is not None:
            raise IgnoreRequest(
                f"its robots.txt could not be fetched: {rules.error}"
            ) from rules.error
        if rules.parser is not None and not rules.parser.allowed(request.url, self._agent):
            raise IgnoreRequest(FORBIDDEN)

    async def _fetch(self, url: str) -> _Rules:
        request = Request(
            url, priority=FIRST, meta={"dont_obey_robotstxt": True}, callback=NO_CALLBACK
        )
        try:
            response = await self._crawler.engine.download_async(request)
        except IgnoreRequest as error:
            logger.info("Treating %s as missing: %s", url, error)
            return _Rules()
        except Exception as error:
            logger.debug("could not fetch %s: %s", url, error)
            return _Rules(error=error)
        return self._read(url, response)

    def _read(self, url: str, response: Response) -> _Rules:
        if response.status == 429 or response.status >= 500:
            error = ProxyFailed if may_be_of_proxy(response) else NoRules
            return _Rules(
                error=error(f"{who_answered(response)} answered with status {response.status}")
            )
        if response.status >= 300:
            return _Rules()
        body = response.body.removeprefix(_BOM)[: self._most]
        parser = build_from_crawler(ProtegoRobotParser, self._crawler, body)
        if delay := parser.crawl_delay(self._agent):
            throttle_of(self._crawler).slow_down(url, delay)
        return _Rules(parser)
