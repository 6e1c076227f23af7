"""Delays requests to a host by the Crawl-delay of its robots.txt and by its Retry-After."""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError
from scrapy.http import Request

from newscrawl.middlewares.sites import Site, site_of, sites_of
from newscrawl.runs.scrapy_private import is_running

logger = logging.getLogger(__name__)

_CHECK_SECONDS = 0.25
"""Seconds after which a waiting request checks whether the run goes on."""


class LeftAlone(DownloadCancelledError):
    """Raised if a request is not sent, to leave its host alone; its text is a sentence."""


@dataclass(slots=True)
class _Host:
    delay: float = 0.0
    """Seconds from one request to the next."""
    free_at: float = 0.0
    """When the next request may be sent, by the clock."""
    waited: float = 0.0
    """Seconds that the run has waited for its Retry-After headers."""
    is_closed: bool = False
    """Whether it asked for a longer wait than a run allows."""


class Throttle:
    """Lets each request to a host wait for its turn.

    Used in the handler and not in Scrapy's slots: AutoThrottle lowers the delay of a slot, and
    requests that wait in a slot are sent even after the host has asked for a pause.
    """

    def __init__(
        self, *, longest_delay: float, longest_wait: float,
        sites: Mapping[str, Site] = MappingProxyType({}),
        goes_on: Callable[[], bool] = lambda: True, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._longest_delay = longest_delay
        self._longest_wait = longest_wait
        self._goes_on = goes_on
        self._clock = clock
        self._sites = sites
        self._hosts: dict[str, _Host] = {}

    async def turn(self, request: Request) -> None:
        """Return when the request may be sent.

        :raises LeftAlone: the host asked for a longer wait than a run allows, or the run ends.
        """
        host = self._hosts.get(_host(request.url))
        if host is None:
            if not (least := self._least(request.url)):
                return
            host = self._hosts[_host(request.url)] = _Host(least)
        while not host.is_closed:
            left = host.free_at - self._clock()
            if left <= 0:
                host.free_at = self._clock() + host.delay
                return
            if not self._goes_on():
                raise LeftAlone("the run ended while it waited for its turn")
            await asyncio.sleep(min(left, _CHECK_SECONDS))
        raise LeftAlone("its host asked for a longer wait than a run allows")

    def slow_down(self, url: str, seconds: float) -> None:
        """Wait *seconds* between two requests to the host of *url*, from now on."""
        if seconds > self._longest_delay:
            logger.warning(
                "%s asks for %g seconds between requests; using %g",
                _host(url), seconds, self._longest_delay,
            )  # fmt: skip
        host = self._hosts.setdefault(_host(url), _Host())
        host.delay = max(min(seconds, self._longest_delay), self._least(url))
        host.free_at = max(host.free_at, self._clock() + host.delay)

    def _least(self, url: str) -> float:
        """Return the seconds between two requests that the user set for the host of *url*."""
        site = site_of(self._sites, url)
        return site.delay if site else 0.0

    def hold(self, url: str, seconds: float) -> bool:
        """Send nothing to the host of *url* for *seconds*; return whether the run waits for it.

        It does not if the host has made it wait for too long in total. Then no request is sent to
        that host any more.
        """
        host = self._hosts.setdefault(_host(url), _Host(self._least(url)))
        until = self._clock() + seconds
        more = max(0.0, until - max(host.free_at, self._clock()))
        if host.is_closed or host.waited + more > self._longest_wait:
            host.is_closed = True
            logger.warning(
                "%s asks for a pause of %g more seconds, which is too long", _host(url), seconds
            )
            return False
        logger.info("%s asks for a pause of %g seconds", _host(url), seconds)
        host.waited += more
        host.free_at = max(host.free_at, until)
        return True


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()


_throttles: WeakKeyDictionary[Crawler, Throttle] = WeakKeyDictionary()


def throttle_of(crawler: Crawler) -> Throttle:
    """Return the one throttle of a crawl."""
    if crawler not in _throttles:
        settings = crawler.settings
        _throttles[crawler] = Throttle(
            longest_delay=settings.getfloat("NEWSCRAWL_CRAWL_DELAY_MAX"),
            longest_wait=settings.getfloat("NEWSCRAWL_WAIT_SECONDS"),
            sites=sites_of(settings.getdict("NEWSCRAWL_SITES")),
            # Weakly: what is kept for a crawl must not keep the crawl.
            goes_on=partial(is_running, weakref.proxy(crawler)),
        )
    return _throttles[crawler]
