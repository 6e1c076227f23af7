"""Asks a site one thing after the other, as a crawl asks it, and notes every request."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Request, Response

from newscrawl.middlewares.addresses import Refused
from newscrawl.middlewares.failures import (
    bad_certificate,
    failure_reason,
    is_cut_off,
    is_lost,
    is_tls,
    is_untrusted,
)
from newscrawl.middlewares.httpproxy import ProxyFailed, may_be_of_proxy, who_answered
from newscrawl.middlewares.robotstxt import FORBIDDEN, NoRules
from newscrawl.middlewares.throttle import LeftAlone
from newscrawl.runs.doctor.diagnosis import CAUSES, Diagnosis, Step
from newscrawl.spiders.base import header
from newscrawl.spiders.post_links import PostLinks
from newscrawl.text.passwords import clean_address, without_passwords

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (NoRules, "no_robots"),
    (ProxyFailed, "proxy"),
    (Refused, "not_allowed"),
    (LeftAlone, "left_alone"),
    (IgnoreRequest, "redirect"),  # what is left of them when robots.txt allows it
    (CannotResolveHostError, "no_such_host"),
    (DownloadConnectionRefusedError, "refused"),
    (DownloadTimeoutError, "timeout"),
    (ResponseDataLossError, "broken_off"),
    (DownloadFailedError, "broken_off"),
    (DownloadCancelledError, "too_large"),
)


class Finding(Exception):
    """Ends an examination, or the check of one page: a cause, and what was found."""

    def __init__(self, cause: str, found: str, url: str) -> None:
        found = without_passwords(found)
        super().__init__(found)
        self.cause = cause
        self.found = found
        self.url = url

    def diagnosis(self, steps: list[Step]) -> Diagnosis:
        """Return it with the requests that led to it."""
        host = urlsplit(self.url).hostname or self.url
        advice = CAUSES[self.cause].advice.format(url=self.url, host=host)
        return Diagnosis(self.cause, self.found, advice, steps)


class AskingSpider(PostLinks):
    """A spider that waits for each answer: through Scrapy's downloader, and without a callback.

    So robots.txt, redirects, TLS, delays and hosts are those of a crawl.
    """

    def __init__(self, name: str | None = None, **arguments: str) -> None:
        super().__init__(name, **arguments)
        self.steps: list[Step] = []
        """Every request that was made, also for robots.txt and on the way of a redirect."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Note what the downloader sends and gets."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider._asks, signals.request_reached_downloader)
        crawler.signals.connect(spider._came, signals.response_downloaded)
        return spider

    def _asks(self, request: Request, **_: Any) -> None:
        logger.info("Asking for %s", request.url)
        self.steps.append(Step(request.method, request.url))

    def _came(self, response: Response, request: Request, **_: Any) -> None:
        step = next(each for each in reversed(self.steps) if each.url == request.url)
        step.status = response.status
        step.bytes = len(response.body)
        step.content_type = header(response, "Content-Type")
        if 300 <= response.status < 400:
            step.redirects_to = clean_address(header(response, "Location") or "") or None

    async def get_now(self, request: Request) -> Response:
        """Return the answer to a request, over redirects.

        :raises Finding: none came that a crawl would read.
        """
        count = len(self.steps)
        try:
            response = await self.crawler.engine.download_async(request)
        except Exception as error:
            is_forbidden = str(error) == FORBIDDEN
            self._explain(self.steps[count:], request, is_forbidden=is_forbidden, error=error)
            cause = "robots" if is_forbidden else cause_of(error)
            found = with_period(f"could not fetch {request.url}: {failure_reason(error)}")
            raise Finding(cause, found, request.url) from error
        self._explain(self.steps[count:], request)
        if not 200 <= response.status < 300:
            self.say(f"It is an error: status {response.status}.")
            who = who_answered(response)
            found = f"could not fetch {response.url}: {who} answered with status {response.status}."
            cause = "proxy" if may_be_of_proxy(response) else "status"
            raise Finding(cause, found, response.url)
        return response

    def _explain(
        self, steps: Iterable[Step], request: Request, *, is_forbidden: bool = False,
        error: Exception | None = None,
    ) -> None:  # fmt: skip
        """Describe the steps that led to a response."""
        for step in steps:
            if step.redirects_to:
                step.meaning = f"It redirects to {step.redirects_to}."
            elif urlsplit(step.url).path == "/robots.txt" and step.url != request.url:
                step.meaning = _meaning_of_robots(step, request.url, is_forbidden=is_forbidden)
            elif error is not None and step.status is None:
                step.meaning = with_period(f"It failed: {failure_reason(error)}")

    def say(self, sentence: str) -> None:
        """Describe the last response."""
        self.steps[-1].meaning = sentence


def with_period(text: str) -> str:
    """Return *text* with an end."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def cause_of(error: Exception) -> str:
    """Return the word for a request that robots.txt does not forbid and that failed."""
    if isinstance(error, IgnoreRequest) and isinstance(error.__cause__, Exception):
        return cause_of(error.__cause__)  # nothing was sent, for the want of a robots.txt
    if (bad := bad_certificate(error)) is not None and is_untrusted(bad):
        return "untrusted"
    if is_tls(error):
        return "tls"
    if is_lost(error):
        return "broken_off"
    if is_cut_off(error):
        return "no_connection"
    return next((cause for type_, cause in _CAUSES if isinstance(error, type_)), "failed")


def _meaning_of_robots(step: Step, url: str, *, is_forbidden: bool) -> str:
    if is_forbidden:
        return f"It forbids {url}."
    if step.status is None or step.status == 429 or step.status >= 500:
        return "It could not be fetched, so the crawl may request nothing."
    if step.status != 200:
        return "There is no robots.txt, so nothing is forbidden."
    return f"It allows {url}."
