"""Requests through all of the downloader, and a watch on what is connected to meanwhile.

Nothing leaves this machine: a connection to any other address fails before a packet is sent.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from ipaddress import ip_address
from typing import Any, ClassVar

import scrapy
from aiohttp.abc import AbstractResolver, ResolveResult
from crawls import FAST
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.http import Request, Response
from scrapy.settings import Settings

from newscrawl.items import RunOptions
from newscrawl.middlewares.handler import AiohttpDownloadHandler
from newscrawl.runs.process import own_settings

_watched: list[str] | None = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect" or _watched is None or not isinstance(arguments[1], tuple):
        return
    address = ip_address(arguments[1][0])
    _watched.append(str(address))
    if not address.is_loopback:
        raise ConnectionAbortedError("nothing leaves this machine")


sys.addaudithook(_watch)  # CPython calls it in connect(), whoever called that


@contextmanager
def connects() -> Iterator[list[str]]:
    """Note each address that this process begins to connect to."""
    global _watched
    _watched = []
    try:
        yield _watched
    finally:
        _watched = None


class Names(AbstractResolver):
    """Answers for names of the tests alone: each lookup takes the next answer, the last stays.

    An address in an odd spelling is read by the system's own reader, which asks no one.
    """

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {f"{name}.test": list(each) for name, each in answers.items()}
        self.lookups: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the next answer."""
        self.lookups.append(host)
        if host.rstrip(".").endswith("localhost"):
            found = ["127.0.0.1"]
        elif (answers := self.answers.get(host)) is None:
            flags = socket.AI_NUMERICHOST
            read = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
            found = [str(info[4][0]) for info in read]
        else:
            found = list(answers.pop(0) if len(answers) > 1 else answers[0])
        kinds = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            ResolveResult(
                hostname=host, host=each, port=port, family=kinds[ip_address(each).version],
                proto=0, flags=socket.AI_NUMERICHOST,
            )
            for each in found
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is open."""


class ByNames(AiohttpDownloadHandler):
    """The handler of every crawl, which looks names up in ``names`` for each connection."""

    names: ClassVar[Names]

    def resolver(self) -> AbstractResolver:
        """Return the names of the test."""
        return self.names

    async def download_request(self, request: Request) -> Response:
        """Forget what was looked up."""
        self._session.connector.clear_dns_cache()
        return await super().download_request(request)


class Fetcher(scrapy.Spider):
    """Asks for one address after the other, as a crawl does; no host is left out but by the guard.

    *named* are places that its user asked for.
    """

    name = "fetcher"

    def __init__(self, *, urls: list[str], named: list[Any], allowed: list[str]) -> None:
        super().__init__()
        self.urls = urls
        self.options = RunOptions(allowed_domains=allowed, named_places=named)
        self.results: list[Response | Exception] = []

    async def start(self) -> AsyncIterator[Any]:
        """Ask, and keep what came of it."""
        for url in self.urls:
            try:
                self.results.append(await self.crawler.engine.download_async(Request(url)))
            except Exception as error:
                self.results.append(error)
        return
        yield


def settings_for(**overrides: Any) -> Settings:
    """Return the settings of a crawl that keeps nothing."""
    made = own_settings(**{**FAST, **overrides})
    for name in ("ADDONS", "EXTENSIONS", "ITEM_PIPELINES", "SPIDER_MIDDLEWARES"):
        made.set(name, {}, priority="cmdline")
    return made


async def fetch(
    *urls: str, names: Names | None = None, named: Sequence[Any] = (),
    allowed: Sequence[str] = (), **overrides: Any,
) -> list[Response | Exception]:  # fmt: skip
    """Ask for each address through all of Scrapy's downloader; return what came of each."""
    ByNames.names = names or Names()
    made = settings_for(**{"ROBOTSTXT_OBEY": False, **overrides})
    handlers = dict.fromkeys(("http", "https"), "fetching.ByNames")
    made.set("DOWNLOAD_HANDLERS", {**made["DOWNLOAD_HANDLERS"], **handlers}, priority="cmdline")
    runner = AsyncCrawlerRunner(made)
    crawler = runner.create_crawler(Fetcher)
    await runner.crawl(crawler, urls=list(urls), named=list(named), allowed=list(allowed))
    assert isinstance(crawler.spider, Fetcher)
    return crawler.spider.results


class Listener:
    """A server that answers everything alike, and counts who connects."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.asked: list[bytes] = []
        """The first line of each request."""
        self.open: set[asyncio.Task[None] | None] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close."""
        self.connections += 1
        self.open.add(asyncio.current_task())
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append(head.partition(b"\r\n")[0])
                await self.answer(writer)
                await writer.drain()
        finally:
            writer.close()
            self.open.discard(asyncio.current_task())

    async def hang_up(self) -> None:
        """End what is being answered."""
        for task in (still := [each for each in self.open if each is not None]):
            task.cancel()
        await asyncio.gather(*still, return_exceptions=True)
        await asyncio.sleep(0)

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        """Write the answer."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


@asynccontextmanager
async def listening(
    listener: Listener, *hosts: str, port: int = 0, **options: Any
) -> AsyncIterator[Listener]:
    """Listen on addresses of loopback, all on one port."""
    server = await asyncio.start_server(listener.serve, hosts[0], port, **options)
    listener.port = server.sockets[0].getsockname()[1]
    others = [
        await asyncio.start_server(listener.serve, each, listener.port, **options)
        for each in hosts[1:]
    ]
    try:
        yield listener
    finally:
        for each in (server, *others):
            each.close()
        await listener.hang_up()
