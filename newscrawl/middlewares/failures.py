"""Says why a request failed, for the log, the archive and the doctor."""

from __future__ import annotations

import errno
import ssl

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError

from newscrawl.middlewares.addresses import Refused
from newscrawl.middlewares.httpcompression import CannotUnpack
from newscrawl.middlewares.robotstxt import NoRules
from newscrawl.middlewares.throttle import LeftAlone


def status_of(error: BaseException | None) -> int | None:
    """Return the status that a request failed with; None if there was no response."""
    return error.response.status if isinstance(error, HttpError) else None


def failure_reason(error: BaseException | None) -> str:
    """Return why a request failed, as a part of a sentence."""
    if isinstance(error, HttpError):
        return f"the server answered with status {error.response.status}"
    if isinstance(error, IgnoreRequest):
        return _why_ignored(error)
    if isinstance(error, Refused | LeftAlone):
        return str(error)
    if is_tls(error):
        return "TLS handshake failed: is it https?"
    if error is not None and is_cut_off(error):
        return f"could not connect: {error.__cause__}"
    for type_, sentence in _DOWNLOAD_ERRORS:
        if isinstance(error, type_):
            return sentence
    return f"{type(error).__name__}: {error}"


def _why_ignored(error: IgnoreRequest) -> str:
    """Return why a request was not sent; its cause, if any, is the failure of robots.txt."""
    cause = error.__cause__
    if cause is None or isinstance(cause, Refused | NoRules):
        return _IGNORED.get(str(error), str(error))
    if is_tls(cause) or isinstance(cause, CannotResolveHostError | DownloadConnectionRefusedError):
        return failure_reason(cause)  # no other request to that host would succeed either
    return f"its robots.txt could not be fetched: {failure_reason(cause)}"


_DOWNLOAD_ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (CannotResolveHostError, "its host name does not resolve"),
    (DownloadConnectionRefusedError, "connection refused"),
    (DownloadTimeoutError, "no complete response in time"),
    (ResponseDataLossError, "the response was cut off"),
    (CannotUnpack, "its Content-Encoding is wrong"),
    (DownloadFailedError, "connection lost, or not an HTTP response"),
    (DownloadCancelledError, "the response is too large"),
)
_IGNORED = {"max redirections reached": "redirect loop, or too many redirects"}
"""Scrapy's own words for why it sent nothing, and what they mean; ours are sentences already."""


def is_tls(error: BaseException | None) -> bool:
    """Whether a request failed because no TLS connection could be made."""
    cause = getattr(error, "__cause__", None)
    return isinstance(cause, ssl.SSLError) or "SSL" in type(cause).__name__


def is_cut_off(error: BaseException) -> bool:
    """Whether no way led to the server, which Scrapy takes for a refusal by it."""
    number = getattr(getattr(error, "__cause__", None), "errno", None)
    is_refusal = number in (None, errno.ECONNREFUSED)
    return isinstance(error, DownloadConnectionRefusedError) and not is_refusal
