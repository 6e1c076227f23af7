"""Decides whether a crawl may connect: by the address of a request, and by that of the socket."""

from __future__ import annotations

import socket
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import yarl
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError, UsageError
from scrapy.http import Request
from scrapy.utils.spider import DefaultSpider

from newscrawl.middlewares.addresses import (
    Address,
    Network,
    OddHost,
    is_local_name,
    literal,
    special,
)

Place = tuple[str, int | None]
"""Host, and port; None for any."""
PORTS = {"http": 80, "https": 443}
HANDLER = "newscrawl.middlewares.handler.GuardedHandler"
"""The download handler that asks a guard for its sockets."""


class Refused(DownloadCancelledError):
    """Raised where an address may not be connected to; its text is a sentence for a person."""


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
"""asyncio hands it to every task that opens a socket for the request."""


class Guard:
    """Knows what may be connected to in one crawl.

    What a page says may lead to an allowed host alone (``allowed_domains`` of the spider, exactly)
    and to no special address. A special one is let through where the user named just that: the
    host of base_url, with its port; one of ``hosts``; or a network of NEWSCRAWL_NETWORKS. A name
    that leads to a special address is no such host, unless it is localhost.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Read the settings.

        :raises UsageError: NEWSCRAWL_NETWORKS is no list of networks.
        """
        self._crawler = weakref.proxy(crawler)  # what is kept for a crawl must not keep it
        self._networks = networks_of(crawler.settings.getlist("NEWSCRAWL_NETWORKS"))

    def check(self, request: Request) -> None:
        """Look at the address that a request is for, before anything is looked up or sent.

        :raises Refused: it is none that may be asked.
        """
        host, port = _read(request.url)
        allowed = getattr(self._crawler.spider, "allowed_domains", None)
        if allowed and host not in allowed:
            raise Refused(f"{host} is no host that may be asked")
        try:
            address = literal(host)
        except OddHost as error:
            raise Refused(f"{error}; nothing is asked there") from None
        if address is None:
            return
        if why := self._why_not(address, host, port, self._named(request)):
            raise Refused(why)

    @contextmanager
    def watching(self, request: Request) -> Iterator[None]:
        """Check every socket that is opened in this context as one of the request's.

        :raises Refused: it failed, and an address was refused.
        """
        host, port = _read(request.url)
        # The address of a proxy is the user's own word, and mostly one of a private network.
        to_proxy = bool(request.meta.get("proxy"))
        attempt = _Attempt(host, port, self._named(request), to_proxy)
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

        :raises OSError: it is none that may be connected to.
        """
        family, kind, protocol, _, place = info
        attempt = _attempt.get()
        if attempt is None:
            raise PermissionError("a socket is opened for no request")
        if not attempt.is_to_proxy:
            address = ip_address(place[0])
            if family == socket.AF_INET6 and len(place) > 3 and place[3]:
                address = ip_address(f"{place[0].partition('%')[0]}%{place[3]}")
            if why := self._why_not(address, attempt.host, attempt.port, attempt.named):
                attempt.refused.append(why)
                raise PermissionError(why)
        return socket.socket(family=family, type=kind, proto=protocol)

    def _named(self, request: Request) -> list[Place]:
        spider = self._crawler.spider
        if isinstance(spider, DefaultSpider):
            # `scrapy shell URL` and `fetch URL`: what was typed, not where that redirects to.
            return [_read(request.meta.get("redirect_urls", [request.url])[0])]
        return list(getattr(spider, "named_places", ()))

    def _why_not(self, address: Address, host: str, port: int, named: list[Place]) -> str | None:
        """Say why an address may not be connected to; None where it may."""
        meaning = special(address)
        if meaning is None or any(address in network for network in self._networks):
            return None
        for name, its_port in named:
            is_it = name == host and its_port in (None, port)
            if is_it and is_local_name(host) and address.is_loopback:
                return None
            if is_it and _is_spelled(host, address):
                return None
        if _is_spelled(host, address):
            return f"{host}:{port} is an address of {meaning}, and was not asked for by base_url"
        return (
            f"{host} leads to {address}, an address of {meaning}; if the site is meant to be "
            f"there, allow it: -s NEWSCRAWL_NETWORKS={address}"
        )


def _is_spelled(host: str, address: Address | str | None) -> bool:
    """Whether *host* is a spelling of *address*."""
    try:
        return literal(host) == (literal(address) if isinstance(address, str) else address)
    except OddHost:
        return False


def _read(url: str) -> tuple[str, int]:
    """Return host and port of an address, as every reader of it has them.

    :raises Refused: it is no http address, or can be read in two ways.
    """
    try:
        parts, other = urlsplit(url), yarl.URL(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Refused(f"{url} is no address") from None
    if parts.scheme not in PORTS or not host:
        raise Refused(f"{url} is no http address")
    is_alike = other.raw_host == host or (":" in host and _is_spelled(host, other.raw_host))
    if not is_alike or (port or PORTS[parts.scheme]) != other.port:
        raise Refused(f"{url} can be read as {host} and as {other.raw_host}")
    return host, port or PORTS[parts.scheme]


def networks_of(texts: list[str]) -> list[Network]:
    """Return the networks of NEWSCRAWL_NETWORKS.

    :raises UsageError: one of them is none.
    """
    try:
        return [ip_network(text.strip()) for text in texts]
    except ValueError as error:
        raise UsageError(
            f"NEWSCRAWL_NETWORKS: {error}; it looks like 10.1.0.0/16,192.168.1.5"
        ) from None


_guards: WeakKeyDictionary[Crawler, Guard] = WeakKeyDictionary()


def guard_of(crawler: Crawler) -> Guard:
    """Return the one guard of a crawl.

    :raises UsageError: NEWSCRAWL_NETWORKS is no list of networks.
    """
    if crawler not in _guards:
        _guards[crawler] = Guard(crawler)
    return _guards[crawler]
