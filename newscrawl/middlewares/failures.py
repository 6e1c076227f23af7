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
        return "no TLS connection could be made: is it https?"
    if error is not None and is_cut_off(error):
        return f"no connection could be made: {error.__cause__}"
    for type_, sentence in _DOWNLOAD_ERRORS:
        if isinstance(error, type_):
            return sentence
    return f"{type(error).__name__}: {error}"


def _why_ignored(error: IgnoreRequest) -> str:
    """Return why a request was not sent: with a cause, it is for the want of a robots.txt."""
    cause = error.__cause__
    if cause is None or isinstance(cause, Refused | NoRules):
        return _IGNORED.get(str(error), str(error))
    if is_tls(cause) or isinstance(cause, CannotResolveHostError | DownloadConnectionRefusedError):
        return failure_reason(cause)  # nothing else can be had there, either
    return f"its robots.txt cannot be had: {failure_reason(cause)}"


_DOWNLOAD_ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (CannotResolveHostError, "the name of its host does not resolve"),
    (DownloadConnectionRefusedError, "the connection was refused"),
    (DownloadTimeoutError, "no whole answer came in time"),
    (ResponseDataLossError, "the answer broke off"),
    (CannotUnpack, "it is not packed as it says"),
    (DownloadFailedError, "the connection broke off, or what came was no HTTP"),
    (DownloadCancelledError, "the answer is too large"),
)
_IGNORED = {"max redirections reached": "it redirects in a circle, or too often"}
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
