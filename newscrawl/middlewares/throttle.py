"""When a host may be asked next: by the Crawl-delay of its robots.txt, and by its Retry-After."""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError
from scrapy.http import Request

from newscrawl.runs.scrapy_private import is_running

logger = logging.getLogger(__name__)

_LOOK = 0.25
"""Seconds after which a request that waits looks whether the run goes on."""


class LeftAlone(DownloadCancelledError):
    """Raised where a request is not sent, to leave its host alone; its text is a sentence."""


@dataclass(slots=True)
class _Host:
    delay: float = 0.0
    """Seconds from one request to the next."""
    free_at: float = 0.0
    """When the next request may be sent, by the clock."""
    waited: float = 0.0
    """Seconds that its Retry-Afters have had the run wait."""
    is_closed: bool = False
    """Whether it wants to be left alone for longer than the run waits."""


class Throttle:
    """Lets each request to a host wait for its turn.

    In the handler and not in Scrapy's slots: those have delays that AutoThrottle lowers, and
    send what waits in them after a host has said that it is busy.
    """

    def __init__(
        self, *, longest_delay: float, longest_wait: float,
        goes_on: Callable[[], bool] = lambda: True, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._longest_delay = longest_delay
        self._longest_wait = longest_wait
        self._goes_on = goes_on
        self._clock = clock
        self._hosts: dict[str, _Host] = {}

    async def turn(self, request: Request) -> None:
        """Return when the request may be sent.

        :raises LeftAlone: the host wants more patience than a run has, or the run ends.
        """
        host = self._hosts.get(_host(request.url))
        if host is None:
            return
        while not host.is_closed:
            left = host.free_at - self._clock()
            if left <= 0:
                host.free_at = self._clock() + host.delay
                return
            if not self._goes_on():
                raise LeftAlone("the run ended while it waited for its turn")
            await asyncio.sleep(min(left, _LOOK))
        raise LeftAlone("its host asked to be left alone for longer than a run waits")

    def slow_down(self, url: str, seconds: float) -> None:
        """Leave so many seconds between two requests to the host of *url*, from now on."""
        if seconds > self._longest_delay:
            logger.warning(
                "%s asks for %g seconds between two requests; there will be %g",
                _host(url), seconds, self._longest_delay,
            )  # fmt: skip
        host = self._hosts.setdefault(_host(url), _Host())
        host.delay = min(seconds, self._longest_delay)
        host.free_at = max(host.free_at, self._clock() + host.delay)

    def hold(self, url: str, seconds: float) -> bool:
        """Ask the host of *url* nothing for so many seconds; return whether the run waits for it.

        It does not where the host has it wait for too long in all. Then it asks it no more.
        """
        host = self._hosts.setdefault(_host(url), _Host())
        until = self._clock() + seconds
        more = max(0.0, until - max(host.free_at, self._clock()))
        if host.is_closed or host.waited + more > self._longest_wait:
            host.is_closed = True
            logger.warning("%s asks for %g more seconds of patience", _host(url), seconds)
            return False
        logger.info("%s asks to be left alone for %g seconds", _host(url), seconds)
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
            # Weakly: what is kept for a crawl must not keep the crawl.
            goes_on=partial(is_running, weakref.proxy(crawler)),
        )
    return _throttles[crawler]
