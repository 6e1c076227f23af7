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
from newscrawl.middlewares.httpproxy import ProxyFailed, who_answered
from newscrawl.middlewares.robotstxt import NoRules
from newscrawl.middlewares.throttle import LeftAlone


def status_of(error: BaseException | None) -> int | None:
    """Return the status that a request failed with; None if there was no response."""
    return error.response.status if isinstance(error, HttpError) else None


def failure_reason(error: BaseException | None) -> str:
    """Return why a request failed, as a part of a sentence."""
    # What the handler notes: that it went through a proxy.
    return ", ".join([_reason(error), *getattr(error, "__notes__", ())])


def _reason(error: BaseException | None) -> str:
    if isinstance(error, HttpError):
        return f"{who_answered(error.response)} answered with status {error.response.status}"
    if isinstance(error, IgnoreRequest):
        return _why_ignored(error)
    if isinstance(error, Refused | LeftAlone | ProxyFailed):
        return str(error)
    if (bad := bad_certificate(error)) is not None:
        return _why_not_verified(bad)
    if is_tls(error):
        return "TLS handshake failed: is it https?"
    if error is not None and is_lost(error):
        return _LOST
    if error is not None and is_cut_off(error):
        return f"could not connect: {getattr(error.__cause__, 'os_error', error.__cause__)}"
    for type_, sentence in _DOWNLOAD_ERRORS:
        if isinstance(error, type_):
            return sentence
    return f"{type(error).__name__}: {error}"


def _why_ignored(error: IgnoreRequest) -> str:
    """Return why a request was not sent; its cause, if any, is the failure of robots.txt."""
    cause = error.__cause__
    if cause is None or isinstance(cause, Refused | NoRules):
        return _IGNORED.get(str(error), str(error))
    if is_tls(cause) or isinstance(cause, _OF_ANY_REQUEST):
        return failure_reason(cause)  # no other request to that host would succeed either
    return f"its robots.txt could not be fetched: {failure_reason(cause)}"


_OF_ANY_REQUEST = (CannotResolveHostError, DownloadConnectionRefusedError, ProxyFailed)
_LOST = "connection lost, or not an HTTP response"
_DOWNLOAD_ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (CannotResolveHostError, "its host name does not resolve"),
    (DownloadConnectionRefusedError, "connection refused"),
    (DownloadTimeoutError, "no complete response in time"),
    (ResponseDataLossError, "the response was cut off"),
    (CannotUnpack, "its Content-Encoding is wrong"),
    (DownloadFailedError, _LOST),
    (DownloadCancelledError, "the response is too large"),
)
_IGNORED = {"max redirections reached": "redirect loop, or too many redirects"}
"""Scrapy's own words for why it sent nothing, and what they mean; ours are sentences already."""


def is_tls(error: BaseException | None) -> bool:
    """Whether a request failed because no TLS connection could be made."""
    cause = getattr(error, "__cause__", None)
    return isinstance(cause, ssl.SSLError) or "SSL" in type(cause).__name__


def bad_certificate(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return why the certificate of a server could not be verified; None if that is not it."""
    cause = getattr(error, "__cause__", None)
    bad = getattr(cause, "certificate_error", cause)
    return bad if isinstance(bad, ssl.SSLCertVerificationError) else None


def is_untrusted(bad: ssl.SSLCertVerificationError) -> bool:
    """Whether nothing is wrong with a certificate but that its issuer is not known."""
    return bad.verify_code in _UNTRUSTED


def _why_not_verified(bad: ssl.SSLCertVerificationError) -> str:
    if is_untrusted(bad):
        return (
            f"the issuer of its certificate is not trusted ({bad.verify_message}); if it is your "
            "own or your proxy's, add the issuer's certificate to those of the system, or name "
            "its file in SSL_CERT_FILE"
        )
    return _CERTIFICATE.get(bad.verify_code, f"its certificate is not valid: {bad.verify_message}")


# Codes of OpenSSL: X509_V_ERR_…
_UNTRUSTED = (2, 18, 19, 20, 21)
_CERTIFICATE = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    62: "its certificate is for another host name",
    64: "its certificate is for another address",
}


def is_lost(error: BaseException) -> bool:
    """Whether a connection ended before TLS had begun, which Scrapy takes for a refusal."""
    reason = getattr(error.__cause__, "os_error", None)
    return isinstance(reason, ConnectionResetError | ConnectionAbortedError)


def is_cut_off(error: BaseException) -> bool:
    """Whether no way led to the server, which Scrapy takes for a refusal by it."""
    number = getattr(getattr(error, "__cause__", None), "errno", None)
    is_refusal = number in (None, errno.ECONNREFUSED)
    return isinstance(error, DownloadConnectionRefusedError) and not is_refusal
