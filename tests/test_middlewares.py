"""The middlewares on their own: what they let pass, change, leave out, and why they say it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from archives import article, fill, page
from crawls import Hands
from running import heard, open_run
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import HtmlResponse, Request, Response
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils.test import get_crawler
from twisted.python.failure import Failure as TwistedFailure

from newscrawl.items import (
    Batch,
    Failed,
    Scheduled,
    Trouble,
    Unchanged,
)
from newscrawl.middlewares.bounds import BoundsMiddleware
from newscrawl.middlewares.channel import ChannelMiddleware, of_errback
from newscrawl.middlewares.credentials import credentials_of
from newscrawl.middlewares.failures import failure_reason, status_of
from newscrawl.middlewares.httpcompression import (
    CannotUnpack,
    HttpCompressionMiddleware,
    TooLarge,
)
from newscrawl.middlewares.known import make_conditional
from newscrawl.middlewares.offsite import OffsiteMiddleware
from newscrawl.middlewares.redirect import RedirectMiddleware
from newscrawl.middlewares.retry import retry_after
from newscrawl.runs.run import Run
from newscrawl.spiders.category import CategorySpider


@pytest.fixture
async def run(tmp_path: Path) -> Any:
    with open_run(tmp_path / "news.db") as made:
        yield made


# -- known -------------------------------------------------------------------------------


def request_of(page_: Any, **meta: Any) -> Request:
    return Request(page_.url, meta={"page": page_, **meta})


def spider_of(run: Run) -> CategorySpider:
    assert isinstance(run.crawler.spider, CategorySpider)
    return run.crawler.spider


async def test_a_page_that_is_not_stored_is_requested(run: Run) -> None:
    made = page()
    scheduled, request = spider_of(run).ask(made)
    assert scheduled == Scheduled(made.url)
    assert request.url == made.url
    assert "If-None-Match" not in request.headers


@pytest.mark.parametrize(("hours", "is_sent"), [(0.25, False), (1, True)])
async def test_a_stored_page_is_requested_when_it_is_due(
    tmp_path: Path, hands: Hands, hours: float, is_sent: bool
) -> None:
    stored = page(observed_at=hands.now.isoformat(timespec="seconds"))
    stored.etag = '"1"'
    fill(tmp_path / "news.db", article(stored))
    hands.now += timedelta(hours=hours)
    with open_run(tmp_path / "news.db") as run:
        requests = heard(run, spider_of(run).ask(stored))
        assert run.ledger.counters["skipped"] == (not is_sent)
        assert run.ledger.counters["scheduled"] == is_sent
        sent = [each.headers.get("If-None-Match") for each in requests]
        assert sent == ([b'"1"'] if is_sent else [])


@pytest.mark.parametrize(
    ("etag", "last_modified", "headers"),
    [
        ('"1"', None, {b"If-None-Match": [b'"1"']}),
        (None, "Tue, 28 Dec 2021 06:27:35 GMT",
         {b"If-Modified-Since": [b"Tue, 28 Dec 2021 06:27:35 GMT"]}),
        (None, None, {}),
    ],
)  # fmt: skip
def test_validators(etag: str | None, last_modified: str | None, headers: dict[Any, Any]) -> None:
    request = Request("http://mirror.test/")
    make_conditional(request, etag, last_modified)
    assert dict(request.headers) == headers
    assert request.meta.get("handle_httpstatus_list") == ([304] if headers else None)


# -- channel -----------------------------------------------------------------------------


async def test_messages_are_heard_before_the_next_object(run: Run) -> None:
    counted: list[int] = []

    def output() -> Iterator[Any]:
        for number in range(3):
            yield Scheduled(f"http://mirror.test/{number}")
            counted.append(run.ledger.counters["scheduled"])
        yield request_of(page())

    [left] = ChannelMiddleware(run.crawler).process_spider_output(None, output())
    assert isinstance(left, Request)
    assert counted == [1, 2, 3]


async def test_messages_of_the_start_are_heard(run: Run) -> None:
    async def start() -> AsyncIterator[Any]:
        yield Scheduled("http://mirror.test/")
        yield request_of(page())

    left = [each async for each in ChannelMiddleware(run.crawler).process_start(start())]
    assert [type(each) for each in left] == [Request]
    assert run.ledger.counters["scheduled"] == 1


async def test_a_batch_is_left_with_its_articles(run: Run) -> None:
    made, other = page(), page("NW202112292228490029")
    kept = article(made)
    said = [Scheduled(made.url), kept, Scheduled(other.url), Unchanged(other)]
    [batch] = ChannelMiddleware(run.crawler).process_spider_output(None, [Batch(list(said))])
    assert batch.items == [kept]
    assert run.ledger.counters["unchanged"] == 1
    nothing = Batch([Scheduled(other.url), Unchanged(other)])
    assert list(ChannelMiddleware(run.crawler).process_spider_output(None, [nothing])) == []


@pytest.mark.parametrize("is_status", [False, True])
async def test_what_an_errback_says_is_heard_once(run: Run, is_status: bool) -> None:
    """Scrapy passes the output of an errback on to middlewares only if one of them called it."""
    response = HtmlResponse("http://mirror.test/a.html", status=404)
    error = HttpError(response) if is_status else DownloadTimeoutError()
    said = [Scheduled("http://mirror.test/"), request_of(page())]
    left = of_errback(run.crawler, TwistedFailure(error), said)
    assert len(list(left)) == (2 if is_status else 1)
    assert run.ledger.counters["scheduled"] == (not is_status)


# -- bounds ------------------------------------------------------------------------------


def bounds(run: Run) -> BoundsMiddleware:
    return BoundsMiddleware(run.crawler)


def requests(count: int) -> Iterator[Request]:
    for number in range(count):
        yield request_of(page(f"NW2021122822284900{number:02}"))


async def test_links_of_a_page_are_bounded(tmp_path: Path) -> None:
    response = Response("http://mirror.test/list.html")
    with open_run(tmp_path / "news.db", settings={"NEWSCRAWL_MAX_LINKS": 2}) as run:
        out = list(bounds(run).process_spider_output(response, requests(5)))
        assert [type(each) for each in out] == [Request, Request, Trouble, Failed]
        assert "leads to more than 2 pages" in out[2].sentence


async def test_pages_of_a_run_are_bounded(tmp_path: Path) -> None:
    with open_run(tmp_path / "news.db", settings={"NEWSCRAWL_MAX_PAGES": 3}) as run:
        middleware = bounds(run)
        for count, kept, said in ((2, 2, 0), (2, 1, 1), (2, 0, 0)):  # said once
            out = list(middleware.process_spider_output(None, requests(count)))
            assert sum(isinstance(each, Request) for each in out) == kept
            assert sum(isinstance(each, Trouble) for each in out) == said


async def test_depth_and_length_are_bounded(tmp_path: Path) -> None:
    settings = {"NEWSCRAWL_MAX_DEPTH": 3, "URLLENGTH_LIMIT": 100}
    with open_run(tmp_path / "news.db", settings=settings) as run:
        deep = request_of(page(), depth=4)
        long_ = request_of(page(url="http://mirror.test/" + "x" * 100))
        good = request_of(page(), depth=3)
        first, second, third = bounds(run).process_spider_output(None, [deep, long_, good])
        assert first == Failed(deep.url, "it is 4 links from the start")
        assert second == Failed(long_.url, "its address has 119 characters")
        assert third is good


async def test_items_are_not_counted(tmp_path: Path) -> None:
    with open_run(tmp_path / "news.db", settings={"NEWSCRAWL_MAX_LINKS": 1}) as run:
        items = [article(page()), article(page()), request_of(page())]
        assert list(bounds(run).process_spider_output(None, items)) == items


# -- redirect ----------------------------------------------------------------------------


def redirected(run: Run, to: str) -> Any:
    request = Request("http://mirror.test/a.html")
    response = Response(request.url, status=302, headers={"Location": to})
    return RedirectMiddleware.from_crawler(run.crawler).process_response(request, response)


@pytest.mark.parametrize(
    ("to", "url"),
    [
        ("/b.html", "http://mirror.test/b.html"),
        ("http://user:word@mirror.test/b.html", "http://mirror.test/b.html"),
        ("https://mirror.test/b.html", "https://mirror.test/b.html"),
    ],
)
async def test_a_redirect_to_the_same_host_is_followed(run: Run, to: str, url: str) -> None:
    request = redirected(run, to)
    assert (request.url, request.dont_filter) == (url, True)


@pytest.mark.parametrize(
    "to", ["http://evil.test/", "//evil.test/", "http://mirror.test.evil.test/"]
)
async def test_a_redirect_to_another_host_fails(run: Run, to: str) -> None:
    with pytest.raises(IgnoreRequest, match="it redirects to another host"):
        redirected(run, to)


async def test_a_redirect_to_an_invalid_url_fails(run: Run) -> None:
    with pytest.raises(IgnoreRequest, match="it redirects to an invalid URL"):
        redirected(run, "http://[::1/")


# -- offsite -----------------------------------------------------------------------------


async def test_the_own_host_passes(run: Run) -> None:
    OffsiteMiddleware.from_crawler(run.crawler).process_request(Request("http://mirror.test/a"))


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "http://127.0.0.1:22/", "http://[::1]/"]
)
async def test_a_private_address_does_not(run: Run, url: str) -> None:
    with pytest.raises(IgnoreRequest):
        OffsiteMiddleware.from_crawler(run.crawler).process_request(Request(url))


# -- httpcompression ---------------------------------------------------------------------


def unpacked(body: bytes, *encodings: str, maxsize: int = 1000) -> Response:
    crawler = get_crawler(None, {"DOWNLOAD_MAXSIZE": maxsize})
    crawler.spider = crawler._create_spider("test")
    middleware = HttpCompressionMiddleware.from_crawler(crawler)
    response = HtmlResponse("http://mirror.test/", body=body, encoding="utf-8")
    response.headers.setlist("Content-Encoding", encodings)
    done = middleware.process_response(Request(response.url), response)
    assert isinstance(done, Response)
    return done


def packed(body: bytes) -> bytes:
    import gzip

    return gzip.compress(body)


def test_gzip_is_unpacked() -> None:
    assert unpacked(packed(b"<p>1</p>"), "gzip").body == b"<p>1</p>"


def test_what_unpacks_to_too_much_is_too_large() -> None:
    with pytest.raises(TooLarge):
        unpacked(packed(bytes(5000)), "gzip")


@pytest.mark.parametrize(
    ("body", "encodings"),
    [(b"plain", ("gzip",)), (packed(packed(b"x")), ("gzip, gzip",)), (b"x", ("gzip", "br"))],
    ids=["plain", "twice", "two headers"],
)
def test_what_is_not_packed_as_it_says(body: bytes, encodings: tuple[str, ...]) -> None:
    with pytest.raises(CannotUnpack):
        unpacked(body, *encodings)


# -- retry -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("99999999999", float("inf")),
        ("Tue, 28 Dec 2021 06:28:35 GMT", 60.0),
        ("Tue, 28 Dec 2021 06:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    headers = {"Retry-After": header, "Date": "Tue, 28 Dec 2021 06:27:35 GMT"}
    assert retry_after(Response("http://mirror.test/", status=503, headers=headers)) == seconds


# -- failures ----------------------------------------------------------------------------


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (HttpError(Response("http://x/", status=404)), "the server answered with status 404"),
        (IgnoreRequest("Forbidden by robots.txt"), "Forbidden by robots.txt"),
        (IgnoreRequest("max redirections reached"), "redirect loop, or too many redirects"),
        (CannotResolveHostError(), "its host name does not resolve"),
        (DownloadConnectionRefusedError(), "connection refused"),
        (
            caused(DownloadConnectionRefusedError(), OSError(101, "Network is unreachable")),
            "could not connect: [Errno 101] Network is unreachable",
        ),
        (DownloadTimeoutError(), "no complete response in time"),
        (ResponseDataLossError(), "the response was cut off"),
        (caused(ValueError("x"), ssl.SSLError("x")), "TLS handshake failed: is it https?"),
        (
            caused(IgnoreRequest("robots"), DownloadTimeoutError()),
            "its robots.txt could not be fetched: no complete response in time",
        ),
        (
            caused(IgnoreRequest("robots"), CannotResolveHostError()),
            "its host name does not resolve",
        ),
        (ZeroDivisionError("x"), "ZeroDivisionError: x"),
    ],
)  # fmt: skip
def test_failure_reason(error: Exception, reason: str) -> None:
    assert failure_reason(error) == reason


def test_status_of() -> None:
    assert status_of(HttpError(Response("http://x/", status=503))) == 503
    assert status_of(DownloadTimeoutError()) is None
    assert status_of(None) is None


# -- credentials -------------------------------------------------------------------------


def test_credentials_are_kept_for_their_origin_alone() -> None:
    kept = credentials_of(get_crawler())
    assert kept.take("http://user:wo%20rd@mirror.test:8000/a") == "http://mirror.test:8000/a"
    header = kept.header("http://mirror.test:8000/other")
    assert header == b"Basic dXNlcjp3byByZA=="
    for url in ("http://mirror.test/", "https://mirror.test:8000/", "http://other.test:8000/"):
        assert kept.header(url) is None


def test_a_url_without_credentials_stays() -> None:
    kept = credentials_of(get_crawler())
    assert kept.take("http://mirror.test/a?b=@c") == "http://mirror.test/a?b=@c"
    assert kept.header("http://mirror.test/") is None


def test_each_crawl_has_its_own() -> None:
    first, second = get_crawler(), get_crawler()
    assert credentials_of(first) is credentials_of(first)
    credentials_of(first).take("http://user:word@mirror.test/")
    assert credentials_of(second).header("http://mirror.test/") is None
