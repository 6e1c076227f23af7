"""The download handler: checks every socket, waits for each host's turn, adds credentials."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import aiohttp

from newscrawl.items import Stop
from newscrawl.middlewares.addresses import (
    AddressPolicy,
    Place,
    Refused,
    address_policy_of,
    place_of,
)
from newscrawl.middlewares.credentials import credentials_of
from newscrawl.middlewares.failures import is_tls
from newscrawl.middlewares.httpproxy import ProxyFailed, proxy_of, refused_by, unreachable
from newscrawl.middlewares.throttle import throttle_of
from newscrawl.runs.clocks import clocks_of
from newscrawl.runs.run import Run
from newscrawl.runs.scrapy_private import OpenAiohttpHandler
from newscrawl.store import open_files

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Request, Response

HANDLER = "newscrawl.middlewares.handler.AiohttpDownloadHandler"
"""As DOWNLOAD_HANDLERS names it."""


@dataclass(slots=True)
class _Attempt:
    """A request that is being sent, as the sockets it opens know it."""

    host: str
    port: int
    named: list[Place]
    is_to_proxy: bool
    refused: list[str] = field(default_factory=list)
    """Why each address of the host was refused."""


_attempt: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)
"""asyncio copies it to every task that opens a socket for the request."""


class SocketGuard:
    """Opens sockets, and only to addresses that the policy allows."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    @contextmanager
    def watching(self, request: Request) -> Iterator[None]:
        """Check every socket that is opened in this context as one of the request's.

        :raises Refused: it failed, and an address was refused.
        """
        host, port = place_of(request.url)
        # The user named the proxy, mostly by an address of a private network.
        to_proxy = bool(request.meta.get("proxy"))
        attempt = _Attempt(host, port, self._policy.named_places(request), to_proxy)
        token = _attempt.set(attempt)
        try:
            yield
        except Exception as error:
            if attempt.refused:
                raise Refused(attempt.refused[0]) from error
            raise
        finally:
            _attempt.reset(token)

    def make_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Return a socket for an address, which is connected to next: this one and no other.

        *info* is a row of ``getaddrinfo``. Whatever was looked up before, and by whom, this is
        the address that counts.

        :raises OSError: the address may not be connected to.
        """
        family, kind, protocol, _, place = info
        attempt = _attempt.get()
        if attempt is None:
            raise PermissionError("a socket is opened for no request")
        if not attempt.is_to_proxy:
            address = ip_address(place[0])
            if family == socket.AF_INET6 and len(place) > 3 and place[3]:
                address = ip_address(f"{place[0].partition('%')[0]}%{place[3]}")
            reason = self._policy.why_refused(address, attempt.host, attempt.port, attempt.named)
            if reason:
                attempt.refused.append(reason)
                raise PermissionError(reason)
        return socket.socket(family=family, type=kind, proto=protocol)


class AiohttpDownloadHandler(OpenAiohttpHandler):
    """Sends a request when its host may be asked again, and to no address that is refused.

    aiohttp asks for each socket with the very address that it connects it to next, whether that
    came from the resolver, from its cache or from the URL itself.
    """

    lazy = True
    """Built with the first request, so that an invalid setting is reported as a sentence."""

    def __init__(self, crawler: Crawler) -> None:
        self._guard = SocketGuard(address_policy_of(crawler))
        super().__init__(crawler, socket_factory=self._guard.make_socket)
        self._crawler = crawler
        self._throttle = throttle_of(crawler)
        self._credentials = credentials_of(crawler)
        self._clocks = clocks_of(crawler)

    def request_headers(self, request: Request, headers: Headers) -> None:
        """Add the user's own credentials, if they were given for this origin."""
        if header := self._credentials.header(request.url):
            headers.setdefault(b"Authorization", header)

    def _stop(self) -> None:
        """End the run: no server is to blame, and the next request would fail as well."""
        if run := self._crawler.get_extension(Run):
            run.channel.send(Stop(open_files.too_many_open_files()))

    async def download_request(self, request: Request) -> Response:
        """Return the response to a request.

        :raises Refused: the address it leads to may not be connected to.
        :raises LeftAlone: the host wants to be left alone for longer than a run waits, or the run
            ends.
        :raises ProxyFailed: its proxy is to blame.
        """
        proxy = proxy_of(request)
        await self._throttle.turn(request)
        try:
            with self._guard.watching(request):
                response = await super().download_request(request)
        except Exception as error:
            if open_files.is_lack(error) or open_files.lack():
                self._stop()
            if proxy is not None:
                _blame(proxy, error)
            raise
        if proxy is not None and response.status == 407:  # no server may answer so
            raise refused_by(proxy, response.status)
        self._clocks.note(response)
        return response


def _blame(proxy: str, error: Exception) -> None:
    """Note that a failed request went through a proxy.

    :raises ProxyFailed: the proxy is to blame.
    """
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        raise refused_by(proxy, cause.status) from error
    if isinstance(cause, aiohttp.ClientConnectorDNSError):  # the proxy looks up the host
        raise ProxyFailed(f"the host name of the proxy {proxy} does not resolve") from error
    if isinstance(cause, aiohttp.ClientProxyConnectionError):
        raise unreachable(proxy, cause.os_error.errno) from error
    if not is_tls(error):  # that is of the server's certificate, at the end of a tunnel
        error.add_note(f"through the proxy {proxy}")
