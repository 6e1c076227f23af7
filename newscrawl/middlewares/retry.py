"""Tries a request again, after the time that the server names."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares import retry

from newscrawl.middlewares.throttle import throttle_of

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.http import Request, Response


class RetryMiddleware(retry.RetryMiddleware):
    """Tries again, and not before the time that an answer of 429 or 503 names.

    Until then nothing else is sent to that host either.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return the request for another try, or the answer where there is to be none."""
        wait = retry_after(response) if response.status in (429, 503) else None
        if wait is not None and not throttle_of(self.crawler).hold(request.url, wait):
            return response
        return super().process_response(request, response)


def retry_after(response: Response) -> float | None:
    """Return after how many seconds an answer says that it may be asked for again.

    A number of seconds or a date (RFC 9110, 10.2.3), by the server's own clock where it tells it.
    None where it says nothing, or nothing that can be read.
    """
    text = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 10 else float("inf")
    until = _date(text)
    if until is None:
        return None
    now = _date((response.headers.get("Date") or b"").decode("latin-1"))
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
