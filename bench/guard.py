"""What the guard of the network costs: pages a second of processor time, with it and without.

    python bench/guard.py --pages 200 --rounds 40

Gets the same pages from a server on loopback, in a process of its own, through all of Scrapy's
downloader, round after round with the guard and without it, in turn. Nothing is read or stored, so
that the guard's part is as large as it can be.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.http import Request, Response

from newscrawl.items import RunOptions
from newscrawl.runs.logs import quieten
from newscrawl.runs.process import own_settings

PAGE = b"<html><body>" + b"<p>" + b"x" * 30_000 + b"</p></body></html>"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n%s\r\n%s"
WITHOUT = {
    "DOWNLOAD_HANDLERS": dict.fromkeys(
        ("http", "https"), "scrapy.core.downloader.handlers._aiohttp.AiohttpDownloadHandler"
    ),
    "DOWNLOADER_MIDDLEWARES": {
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    },
}
WITH = {
    "DOWNLOADER_MIDDLEWARES": {
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
        "newscrawl.middlewares.offsite.OffsiteMiddleware": 50,
    },
}


def serve(ready: Any, *, keep_alive: bool) -> None:
    """Answer everything with one page, until the process is ended."""

    end = b"" if keep_alive else b"Connection: close\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(ANSWER % (len(PAGE), end, PAGE))
                await writer.drain()
                if not keep_alive:
                    break
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        ready.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class Getter(scrapy.Spider):
    """Gets a number of pages from a port of this machine."""

    name = "getter"
    start_urls: list[str]

    def __init__(self, port: int, pages: int) -> None:
        super().__init__()
        self.port, self.pages = port, pages
        self.options = RunOptions(allowed_domains=["127.0.0.1"], named_places=[("127.0.0.1", port)])
        self.got = 0

    async def start(self) -> AsyncIterator[Any]:
        """Ask for each page."""
        for number in range(self.pages):
            yield Request(f"http://127.0.0.1:{self.port}/{number}.html", dont_filter=True)

    def parse(self, response: Response) -> None:
        """Count it."""
        self.got += response.status == 200


async def get(port: int, pages: int, **guard: Any) -> float:
    """Return the seconds of processor time that so many pages took."""
    settings = own_settings(
        **{"DOWNLOAD_DELAY": 0, "AUTOTHROTTLE_ENABLED": False, "ROBOTSTXT_OBEY": False,
           "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 8, "LOG_ENABLED": False,
           "SPIDER_MIDDLEWARES": {}, **guard}
    )  # fmt: skip
    for name in ("ADDONS", "EXTENSIONS", "ITEM_PIPELINES"):
        settings.set(name, {}, priority="cmdline")
    crawler = AsyncCrawlerRunner(settings).create_crawler(Getter)
    begun = time.process_time()
    await crawler.crawl_async(port=port, pages=pages)
    seconds = time.process_time() - begun
    got = getattr(crawler.spider, "got", 0)
    if got != pages:
        raise SystemExit(f"{got} of {pages} pages came")
    return seconds


async def measure(port: int, pages: int, rounds: int) -> list[tuple[float, float]]:
    """Return the seconds of each round, with the guard and without."""
    await get(port, pages // 4, **WITH)  # what is done once is done
    await get(port, pages // 4, **WITHOUT)
    found = []
    for number in range(rounds):
        # Whoever comes second may find a machine that is busier, or warmer.
        if number % 2:
            off, on = await get(port, pages, **WITHOUT), await get(port, pages, **WITH)
        else:
            on, off = await get(port, pages, **WITH), await get(port, pages, **WITHOUT)
        found.append((on, off))
    return found


def main() -> None:
    """Serve, get, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=200, help="of 30 KB, a round")
    parser.add_argument("--rounds", type=int, default=40, help="with and without, in turn")
    options = parser.parse_args()
    quieten()
    for keep_alive in (True, False):
        ready: Any = multiprocessing.Queue()
        server = multiprocessing.Process(
            target=serve, args=(ready,), kwargs={"keep_alive": keep_alive}, daemon=True
        )
        server.start()
        try:
            found = asyncio.run(measure(ready.get(), options.pages, options.rounds))
        finally:
            server.terminate()
            server.join()
        ratios = [on / off for on, off in found]
        on, off = (statistics.median(column) for column in zip(*found, strict=True))
        print(
            f"{'one connection for many pages' if keep_alive else 'a connection for each page'}: "
            f"{options.pages / on:.0f} pages/s with the guard, {options.pages / off:.0f} without; "
            f"time with it over time without: {statistics.median(ratios):.3f} at "
            f"the median of {options.rounds} rounds, {min(ratios):.3f} to {max(ratios):.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
