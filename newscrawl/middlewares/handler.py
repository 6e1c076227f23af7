"""Scrapy's aiohttp download handler, with the guard at its sockets and each host's patience."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler, _ClientResponse
from scrapy.http import Headers, Request, Response

from newscrawl.middlewares.credentials import credentials_of
from newscrawl.middlewares.guard import guard_of
from newscrawl.middlewares.throttle import patience_of
from newscrawl.runs.clocks import clocks_of
from newscrawl.runs.outcome import Exit
from newscrawl.runs.run import Run
from newscrawl.store import open_files

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver
    from scrapy.crawler import Crawler


class GuardedHandler(AiohttpDownloadHandler):
    """Sends a request when its host may be asked again, and to no address that is refused.

    aiohttp asks for each socket with the very address that it connects it to next, whether that
    came from a look-up, from its cache of look-ups or from the URL itself.
    """

    lazy = True
    """Made with the first request: what is wrong with a setting is then said in a sentence."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._crawler = crawler
        self._guard = guard_of(crawler)
        self._patience = patience_of(crawler)
        self._credentials = credentials_of(crawler)
        self._clocks = clocks_of(crawler)
        # Scrapy's session has no seam for a socket: one that is otherwise alike takes its place.
        self._session.detach()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                local_addr=self._bind_address,
                limit=self._pool_size_total,
                limit_per_host=self._pool_size_per_host,
                socket_factory=self._guard.make_socket,
                resolver=self.resolver(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            response_class=_ClientResponse,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    def resolver(self) -> AbstractResolver | None:
        """Return what looks names up; None for the system's own resolver."""
        return None

    @staticmethod
    def _extract_headers(response: _ClientResponse) -> Headers:
        # As bytes: Scrapy's own way encodes what aiohttp has decoded, and fails where that is no
        # UTF-8. A page would be lost for a stray byte in a header that nobody reads.
        return Headers(list(response.raw_headers))

    def _request_headers(self, request: Request) -> Headers:  # type: ignore[override]
        """Add the user's own credentials, where they were given for this origin."""
        headers: Headers = super()._request_headers(request)
        if header := self._credentials.header(request.url):
            headers.setdefault(b"Authorization", header)
        return headers

    def _stop(self) -> None:
        """End the run: no server is to blame, and the next request would fail alike."""
        if run := self._crawler.get_extension(Run):
            run.stop(Exit.DEGRADED, open_files.too_many_open_files())

    async def download_request(self, request: Request) -> Response:
        """Return the answer to a request.

        :raises Refused: the address it leads to may not be connected to.
        :raises LeftAlone: the host asks for more patience than a run has, or the run ends.
        """
        await self._patience.turn(request)
        try:
            with self._guard.watching(request):
                response = await super().download_request(request)
        except Exception as error:
            if open_files.is_lack(error) or open_files.lack():
                self._stop()
            raise
        self._clocks.note(response)
        return response
