"""Everything that newscrawl uses of Scrapy without Scrapy documenting it, each with its reason.

Nothing else in the package names it. ``tests/test_scrapy_private.py`` fails with a sentence when a
release of Scrapy changes one of these; docs/decisions/0002-no-reactor.md weighs them.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import aiohttp
from scrapy.core.downloader.handlers import _aiohttp
from scrapy.http import Headers, Request

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver
    from scrapy.crawler import Crawler

SocketFactory = Callable[[tuple[Any, ...]], socket.socket]


class OpenAiohttpHandler(_aiohttp.AiohttpDownloadHandler):
    """Scrapy's aiohttp handler, with documented places to override.

    Scrapy says in no public module where this handler is: `DOWNLOAD_HANDLERS` names it by the path
    of its private one.
    """

    experimental = False  # that it is new is weighed in docs/decisions/0002-no-reactor.md

    def __init__(self, crawler: Crawler, *, socket_factory: SocketFactory) -> None:
        super().__init__(crawler)
        # The session cannot be given a socket factory: an otherwise equal one replaces it.
        self._session.detach()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                local_addr=self._bind_address,
                limit=self._pool_size_total,
                limit_per_host=self._pool_size_per_host,
                socket_factory=socket_factory,
                resolver=self.resolver(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            response_class=_aiohttp._ClientResponse,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    def resolver(self) -> AbstractResolver | None:
        """Return the resolver of host names; None for that of the system."""
        return None

    def request_headers(self, request: Request, headers: Headers) -> None:
        """Change the headers that are sent, not those that the request keeps."""

    @staticmethod
    def _extract_headers(response: _aiohttp._ClientResponse) -> Headers:
        # As bytes: Scrapy encodes what aiohttp has decoded, and fails if that is not UTF-8. A page
        # would be lost for a stray byte in a header that is not read.
        return Headers(list(response.raw_headers))

    def _request_headers(self, request: Request) -> Headers:  # type: ignore[override]
        # The user's credentials must be in no request that can be logged or redirected.
        headers: Headers = super()._request_headers(request)
        self.request_headers(request, headers)
        return headers


def is_running(crawler: Crawler) -> bool:
    """Whether a crawl is running and nothing has begun to close it.

    Scrapy sends no signal when closing begins, and `engine.needs_backout` is also true when the
    downloader is full. A request that waits for its turn would hold up the end of the run.
    """
    engine = crawler.engine
    return engine is not None and engine.running and getattr(engine._slot, "closing", None) is None


def end_idle_scraper(crawler: Crawler) -> None:
    """Let a closing engine go on if the scraper has nothing left to do.

    Scrapy 2.19 checks that after a response only: a run of start items that is stopped while one
    of them is in the pipelines would wait for ever.
    """
    slot = crawler.engine.scraper.slot if crawler.engine is not None else None
    if slot is None or slot.closing is None or slot.closing.called or crawler.spider is None:
        return
    if slot.is_idle():
        slot.closing.callback(crawler.spider)
