"""How long a crawl waits, how much it takes, and what it obeys: against real servers."""

from __future__ import annotations

import asyncio
import gzip
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from crawls import FAST, assert_balanced, crawl, ledger
from fetching import Listener, fetch, listening
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
)
from scrapy.http import Response

from newscrawl.middlewares.httpcompression import CannotUnpack, TooLarge
from newscrawl.middlewares.retry import retry_after
from newscrawl.middlewares.throttle import LeftAlone, Throttle
from newscrawl.runs.outcome import Exit
from newscrawl.runs.process import settings_for

try:
    from compression import zstd
except ImportError:
    from backports import zstd

Serving = Callable[[Answers], Server]
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


async def get(server: Server, *paths: str, **settings: object) -> list[Response | Exception]:
    """Ask the server for paths, one after the other."""
    urls = [server.url.rstrip("/") + path for path in paths]
    return await fetch(*urls, named=[("127.0.0.1", server.port)], allowed=["127.0.0.1"], **settings)


# -- robots.txt ----------------------------------------------------------------------------------


def robots(text: str | bytes, status: int = 200, **headers: str) -> Fault:
    body = text if isinstance(text, bytes) else text.encode()
    return Fault(status=status, body=body, headers=TEXT | headers)


ALL = "User-agent: *\nDisallow: /\n"
FILLED = "# " + "x" * 97 + "\n"
TIMEOUT = 0.8

ROBOTS = [
    ("it forbids all", robots(ALL), "robots.txt forbids it"),
    ("it forbids something else", robots("User-agent: *\nDisallow: /x\n"), None),
    ("it forbids newscrawl", robots("User-agent: newscrawl\nDisallow: /\n"), "forbids it"),
    ("it forbids another", robots("User-agent: otherbot\nDisallow: /\n"), None),
    ("it lets newscrawl alone in", robots(ALL + "\nUser-agent: Newscrawl\nAllow: /\n"), None),
    ("it begins with a byte order mark", robots(b"\xef\xbb\xbf" + ALL.encode()), "forbids it"),
    ("it is empty", robots(""), None),
    ("it is a page", robots("<html><body>Welcome</body></html>"), None),
    ("its rules end within 512 KiB", robots(FILLED * 5_000 + ALL), "forbids it"),
    ("its rules are beyond", robots(FILLED * 5_300 + ALL), None),
    ("it is larger than any answer may be", robots(b"#" * 3_000_000), "could not be fetched"),
    ("204", robots("", 204), None),
    ("401", robots(ALL, 401), None),
    ("403", robots(ALL, 403), None),
    ("404", robots(ALL, 404), None),
    ("410", robots(ALL, 410), None),
    ("429", robots("", 429), "could not be fetched: the server answered with status 429"),
    ("500", robots("", 500), "could not be fetched: the server answered with status 500"),
    ("503", robots("", 503), "could not be fetched: the server answered with status 503"),
    ("reset", Fault(reset=True), "could not be fetched"),
    ("broken off", Fault(body=ALL.encode(), truncate=5), "could not be fetched"),
    ("too slow", Fault(delay=TIMEOUT * 1.5), "could not be fetched"),
    ("redirect to rules", robots("", 301, Location="/rules.txt"), "forbids it"),
    ("redirect to another host", robots("", 301, Location="http://localhost:1/robots.txt"), None),
    ("redirect in a circle", robots("", 302, Location="/robots.txt"), None),
]


@pytest.mark.parametrize(("fault", "why"), [c[1:] for c in ROBOTS], ids=[c[0] for c in ROBOTS])
async def test_robots(serving: Serving, fault: Fault, why: str | None) -> None:
    """RFC 9309: a status of 400 to 499 allows everything; an unreachable robots.txt, nothing."""
    server = serving(Site(articles=3))
    server.faults |= {"/robots.txt": fault, "/rules.txt": robots(ALL)}
    found = await get(
        server, "/", "/", ROBOTSTXT_OBEY=True, DOWNLOAD_TIMEOUT=TIMEOUT, DOWNLOAD_MAXSIZE=2_000_000
    )
    if why is None:
        assert [isinstance(each, Response) for each in found] == [True, True]
    else:
        assert [type(each) for each in found] == [IgnoreRequest, IgnoreRequest]
        assert why in str(found[0])
    assert server.paths().count("/") == (2 if why is None else 0)
    is_circle = fault.headers.get("Location") == "/robots.txt"
    assert not is_circle or server.paths().count("/robots.txt") == 6


async def test_robots_that_come_at_the_second_try(serving: Serving) -> None:
    server = serving(Site(articles=3))
    server.faults["/robots.txt"] = Fault(status=503, times=1)
    found = await get(server, "/", ROBOTSTXT_OBEY=True, RETRY_TIMES=1)
    assert isinstance(found[0], Response)
    assert server.paths() == ["/robots.txt", "/robots.txt", "/"]


# -- Crawl-delay and Retry-After -------------------------------------------------------------------


class Timed(Listener):
    """Answers by path, and notes when each was asked."""

    def __init__(self, **answers: list[bytes]) -> None:
        super().__init__()
        self.answers = answers
        self.times: list[float] = []

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        """Give the next answer, the last for ever."""
        self.times.append(time.monotonic())
        name = self.asked[-1].split()[1].strip(b"/").partition(b".")[0].decode()
        answers = self.answers.get(name, [b""])
        head = answers.pop(0) if len(answers) > 1 else answers[0]
        status, _, rest = head.partition(b"|")
        headers, _, body = rest.partition(b"|")
        writer.write(
            b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s"
            % (status or b"200 OK", len(body), headers and headers + b"\r\n", body)
        )

    @property
    def gaps(self) -> list[float]:
        """Seconds between what was asked."""
        return [b - a for a, b in zip(self.times, self.times[1:], strict=False)]

    async def get(self, *paths: str, **settings: object) -> list[Response | Exception]:
        """Listen, and be asked for paths."""
        async with listening(self, "127.0.0.1"):
            urls = [f"http://127.0.0.1:{self.port}{path}" for path in paths]
            return await fetch(*urls, named=[("127.0.0.1", self.port)], **settings)


DELAYS = [
    ("0.3", {}, 0.3),
    ("3600", {"NEWSCRAWL_CRAWL_DELAY_MAX": 0.3}, 0.3),
    ("nan", {}, 0.0),
    ("-1", {}, 0.0),
    ("soon", {}, 0.0),
]


@pytest.mark.parametrize(("text", "settings", "delay"), DELAYS)
async def test_crawl_delay(text: str, settings: dict[str, float], delay: float) -> None:
    """Also with AutoThrottle, which lowers the delays of Scrapy's slots."""
    rules = f"User-agent: *\nCrawl-delay: {text}\n".encode()
    server = Timed(robots=[b"||" + rules])
    found = await server.get(
        "/a", "/b", "/c", ROBOTSTXT_OBEY=True, AUTOTHROTTLE_ENABLED=True,
        AUTOTHROTTLE_START_DELAY=0.01, **settings,
    )  # fmt: skip
    assert all(isinstance(each, Response) for each in found), found
    assert len(server.gaps) == 3
    # The delay is kept where requests are sent; on the way to the server some milliseconds shift,
    # and a busy machine may bring one late, so that the next seems early. What holds is the time
    # since robots.txt was asked for.
    for number, asked in enumerate(server.times[1:], start=1):
        since = asked - server.times[0]
        assert number * delay - 0.02 <= since < number * (delay + 1.5), server.gaps


BUSY = b"%s|Retry-After: %s"
HELD = [
    # status, Retry-After, the most seconds to wait: seconds waited; None where it is asked no more
    (b"429 Too Many", b"1", 5.0, 1.0),
    (b"503 Busy", b"1", 5.0, 1.0),
    (b"503 Busy", b"0", 5.0, 0.0),
    (b"503 Busy", b"soon", 5.0, 0.0),
    (b"500 Broken", b"1", 5.0, 0.0),
    (
        b"503 Busy",
        b"Wed, 01 Jan 2020 00:00:01 GMT\r\nDate: Wed, 01 Jan 2020 00:00:00 GMT",
        5.0,
        1.0,
    ),
    (b"503 Busy", b"Wed, 01 Jan 2020 00:00:01 GMT", 5.0, 0.0),
    (b"503 Busy", b"Fri, 01 Jan 2100 00:00:00 GMT", 5.0, None),
    (b"429 Too Many", b"3600", 5.0, None),
    (b"429 Too Many", b"9" * 40, 5.0, None),
    (b"429 Too Many", b"1", 0.5, None),
]


@pytest.mark.parametrize(("status", "text", "most", "waited"), HELD)
async def test_retry_after(status: bytes, text: bytes, most: float, waited: float | None) -> None:
    """Nothing is sent to the host before its time, neither the same page nor another."""
    server = Timed(a=[BUSY % (status, text), b"200 OK"])
    found = await server.get("/a", "/b", RETRY_TIMES=1, NEWSCRAWL_WAIT_SECONDS=most)
    if waited is None:
        assert isinstance(found[0], Response)
        assert found[0].status == int(status[:3])
        assert isinstance(found[1], LeftAlone)
        assert len(server.asked) == 1
        return
    assert [each.status for each in found if isinstance(each, Response)] == [200, 200]
    assert len(server.asked) == 3
    assert waited <= server.gaps[0] < waited + 10


async def test_waits_of_a_host_are_bounded_together() -> None:
    """A host that answers every request with a little more patience does not hold a run."""
    server = Timed(a=[BUSY % (b"503 Busy", b"1")])
    begun = time.monotonic()
    found = await server.get("/a", "/a", "/a", RETRY_TIMES=9, NEWSCRAWL_WAIT_SECONDS=2.5)
    assert time.monotonic() - begun < 8  # nine retries would take as many seconds at least
    assert len(server.asked) == 3
    assert [type(each) for each in found[1:]] == [LeftAlone, LeftAlone]


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        (b"", b"", None),
        (b"7", b"", 7),
        (b" 7 ", b"", 7),
        (b"-7", b"", None),
        (b"7.5", b"", None),
        ("７".encode(), b"", None),
        (b"Thu, 01 Jan 1970 00:01:00 GMT", b"Thu, 01 Jan 1970 00:00:00 GMT", 60),
        (b"Thu, 01 Jan 1970 00:01:00 -0000", b"Thu, 01 Jan 1970 00:00:00 GMT", 60),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", b"Thu, 01 Jan 1970 00:01:00 GMT", 0),
        (b"Thu, 99 Jan 1970 00:00:00 GMT", b"", None),
        (b"Thu, 01 Jan 99999999999 00:00:00 GMT", b"", None),
        (b"Thu, 01 Jan 1970 00:01:00 GMT", b"yesterday", 0),
    ],
)
def test_what_retry_after_says(text: bytes, date: bytes, seconds: float | None) -> None:
    headers = {name: value for name, value in (("Retry-After", text), ("Date", date)) if value}
    assert retry_after(Response("http://a.test/", headers=headers)) == seconds


async def test_a_run_that_ends_does_not_wait() -> None:
    throttle = Throttle(longest_delay=60, longest_wait=600, goes_on=lambda: False)
    assert throttle.hold("http://a.test/", 500)
    begun = time.monotonic()
    with pytest.raises(LeftAlone, match="the run ended"):
        await throttle.turn(Response("http://a.test/x"))  # type: ignore[arg-type]  # has a URL
    await throttle.turn(Response("http://b.test/x"))  # type: ignore[arg-type]
    assert time.monotonic() - begun < 30


async def test_ctrl_c_ends_a_run_that_waits(serving: Serving, tmp_path: Path) -> None:
    """Through Scrapy's own way to end: the request that waits is counted, and not sent."""
    server = serving(Site(articles=3))
    server.faults["/"] = Fault(status=503, headers={"Retry-After": "60"})
    runner = AsyncCrawlerRunner(settings_for(str(tmp_path / "a.db"), **FAST | {"RETRY_TIMES": 2}))
    crawler = runner.create_crawler("category")
    task = asyncio.ensure_future(runner.crawl(crawler, base_url=server.url))
    while "/" not in server.paths():
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    begun = time.monotonic()
    await crawler.stop_async()
    await task
    assert time.monotonic() - begun < 30
    assert server.paths() == ["/robots.txt", "/"]
    row = ledger(tmp_path / "a.db")
    assert row["requests"] == row["responses"] + row["errors"]


# -- size and time ---------------------------------------------------------------------------------


class Dripping(Listener):
    """Sends a beginning, and then a byte or a line every now and then, for as long as it may."""

    def __init__(self, beginning: bytes, drop: bytes) -> None:
        super().__init__()
        self.beginning, self.drop = beginning, drop

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        """Drip."""
        writer.write(self.beginning)
        for _ in range(200):
            await writer.drain()
            await asyncio.sleep(0.1)
            writer.write(self.drop)


OK = b"HTTP/1.1 200 OK\r\n"
DRIPS = [
    ("nothing at all", b"", b""),
    ("its first line", OK[:9], b"0"),
    ("headers", OK, b"X-A: b\r\n"),
    ("informational answers", b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ("a body of a known length", OK + b"Content-Length: 100000\r\n\r\n", b"x"),
    ("a body in chunks", OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ("the size of a chunk", OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    ("a body that ends with the connection", OK + b"\r\n", b"x"),
]


@pytest.mark.parametrize(("beginning", "drop"), [c[1:] for c in DRIPS], ids=[c[0] for c in DRIPS])
async def test_a_slow_drip(beginning: bytes, drop: bytes) -> None:
    """DOWNLOAD_TIMEOUT is for the whole answer: a byte now and then does not keep it open."""
    async with listening(Dripping(beginning, drop), "127.0.0.1") as listener:
        begun = time.monotonic()
        found = await fetch(
            f"http://127.0.0.1:{listener.port}/", named=[("127.0.0.1", None)], DOWNLOAD_TIMEOUT=0.6
        )
    assert isinstance(found[0], DownloadTimeoutError | DownloadFailedError), found
    assert time.monotonic() - begun < 15


class Endless(Listener):
    """Sends a body without an end."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        """Send as much as is taken."""
        writer.write(OK + b"\r\n")
        while self.sent < 1_000_000_000:
            writer.write(b"x" * 65536)
            await writer.drain()
            self.sent += 65536


async def test_an_endless_answer() -> None:
    async with listening(Endless(), "127.0.0.1") as listener:
        found = await fetch(
            f"http://127.0.0.1:{listener.port}/", named=[("127.0.0.1", None)],
            DOWNLOAD_MAXSIZE=1_000_000,
        )  # fmt: skip
    assert isinstance(found[0], DownloadCancelledError)
    assert isinstance(listener, Endless)
    assert listener.sent < 20_000_000


SMALL, LARGE = b"<html>" + b" " * 1_000 + b"</html>", b"0" * 10_000_000
RAW = zlib.compressobj(wbits=-15)
PACKED = [
    # Content-Encoding, body, what comes of it
    ("", SMALL, SMALL),
    ("", LARGE, DownloadCancelledError),
    ("gzip", gzip.compress(SMALL, mtime=0), SMALL),
    ("x-gzip", gzip.compress(SMALL, mtime=0), SMALL),
    ("deflate", zlib.compress(SMALL), SMALL),
    ("deflate", RAW.compress(SMALL) + RAW.flush(), SMALL),
    ("br", brotli.compress(SMALL), SMALL),
    ("zstd", zstd.compress(SMALL), SMALL),
    ("gzip", gzip.compress(LARGE, mtime=0), TooLarge),
    ("gzip", gzip.compress(SMALL, mtime=0) * 1_000, TooLarge),
    ("deflate", zlib.compress(LARGE), TooLarge),
    ("br", brotli.compress(LARGE, quality=3), TooLarge),
    ("zstd", zstd.compress(LARGE), TooLarge),
    ("gzip, gzip", gzip.compress(gzip.compress(SMALL, mtime=0), mtime=0), CannotUnpack),
    ("gzip, gzip", gzip.compress(gzip.compress(LARGE, mtime=0), mtime=0), CannotUnpack),
    (", ".join(["gzip"] * 900), gzip.compress(SMALL, mtime=0), CannotUnpack),
    ("gzip", b"no gzip", CannotUnpack),
    ("deflate", b"no zlib", CannotUnpack),
    ("br", b"no brotli", CannotUnpack),
    ("zstd", b"no zstd", CannotUnpack),
]


@pytest.mark.parametrize(("encoding", "body", "comes"), PACKED, ids=range(len(PACKED)))
async def test_sizes_before_and_after_unpacking(
    serving: Serving, encoding: str, body: bytes, comes: bytes | type[Exception]
) -> None:
    server = serving(Site(articles=3))
    headers = {"Content-Encoding": encoding} if encoding else {}
    server.faults["/x"] = Fault(status=200, body=body, headers=headers)
    (found,) = await get(server, "/x", DOWNLOAD_MAXSIZE=500_000)
    if isinstance(comes, bytes):
        assert isinstance(found, Response), found
        assert found.body == comes
    else:
        assert type(found) is comes, found


# -- links, depth, pages, length ------------------------------------------------------------------


async def test_links_of_one_page(serving: Serving, tmp_path: Path) -> None:
    """What is left out is said, and taken by the runs after."""
    path = tmp_path / "news.db"
    server = serving(Site(articles=20))
    runs = []
    for _ in range(5):
        outcome = await crawl(
            "category", path, server.url, category="emnews", settings={"NEWSCRAWL_MAX_LINKS": 4}
        )
        row = ledger(path)
        assert_balanced(row)
        runs.append((outcome.exit, row["new"], row["failed"]))
    assert runs[:3] == [(Exit.DEGRADED, 4, 1)] * 3
    assert runs[3:] == [(Exit.OK, 1, 0), (Exit.OK, 0, 0)]


async def test_what_is_left_out_of_a_page_is_said(serving: Serving, tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    server = serving(Site(articles=20))
    settings = {"NEWSCRAWL_MAX_LINKS": 4, "NEWSCRAWL_LOST_SHARE": 1}
    outcome = await crawl("category", path, server.url, settings=settings)
    assert outcome.exit is Exit.DEGRADED
    assert f"{server.url} leads to more than 4 pages: no more are taken at once" in outcome.reason


BOUNDS = [
    ({"NEWSCRAWL_MAX_PAGES": 30}, "the run has met 30 pages, and asks for no more"),
    ({"NEWSCRAWL_MAX_DEPTH": 0}, "it is 1 links from the start"),
    ({"URLLENGTH_LIMIT": 45}, "its address has "),
]


@pytest.mark.parametrize(("settings", "why"), BOUNDS)
async def test_bounds_of_a_run(
    serving: Serving, tmp_path: Path, caplog: pytest.LogCaptureFixture, settings: dict[str, int],
    why: str,
) -> None:  # fmt: skip
    path = tmp_path / "news.db"
    server = serving(Site(articles=40))
    outcome = await crawl(
        "category", path, server.url, settings={**settings, "NEWSCRAWL_LOST_SHARE": 1}
    )
    assert outcome.exit in (Exit.DEGRADED, Exit.UNREACHABLE), outcome
    row = ledger(path)
    assert_balanced(row)
    assert row["failed"] > 0
    assert why in caplog.text
    if "NEWSCRAWL_MAX_PAGES" in settings:
        assert len(server.paths()) == 32  # with robots.txt and the home page


async def test_redirects_without_an_end(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=3))
    server.faults["/"] = Fault(status=302, headers={"Location": "/0"})
    for number in range(50):
        to = {"Location": f"/{number + 1}"}
        server.faults[f"/{number}"] = Fault(status=302, headers=to)
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.UNREACHABLE
    assert "redirect loop, or too many redirects" in outcome.reason
    assert server.paths() == ["/robots.txt", "/", "/0", "/1", "/2", "/3", "/4"]
