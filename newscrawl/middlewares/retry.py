"""Retries requests, after the time that the server asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares import retry

from newscrawl.middlewares.throttle import throttle_of
from newscrawl.text.http_dates import read_http_date

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.http import Request, Response


class RetryMiddleware(retry.RetryMiddleware):
    """Retries a request no sooner than a response with status 429 or 503 asks for.

    Until then no other request is sent to that host either.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return the request to retry, or the response if it is not retried."""
        wait = retry_after(response) if response.status in (429, 503) else None
        if wait is not None and not throttle_of(self.crawler).hold(request.url, wait):
            return response
        return super().process_response(request, response)


def retry_after(response: Response) -> float | None:
    """Return the seconds that the Retry-After header of a response asks for; None if invalid.

    It is a number of seconds or a date (RFC 9110, 10.2.3), by the server's own clock if there is a
    Date header.
    """
    header = response.headers.get("Retry-After")
    text = (header or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 10 else float("inf")
    until = read_http_date(header)
    if until is None:
        return None
    now = read_http_date(response.headers.get("Date"))
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
