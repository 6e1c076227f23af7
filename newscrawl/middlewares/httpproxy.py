"""Takes the proxies of the environment, and tells what a proxy is to blame for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares import httpproxy
from scrapy.exceptions import DownloadFailedError

from newscrawl.middlewares.addresses import PORTS

if TYPE_CHECKING:
    from scrapy.http import Request, Response

STATUSES = (403, 407, 500, 502, 503, 504)
"""Statuses with which a proxy says that it does not, or cannot, pass a request on. For a host that
does not resolve, tinyproxy and Privoxy answer with 500."""


class ProxyFailed(DownloadFailedError):
    """Raised if a proxy is to blame for a failed request; its text is a part of a sentence."""


class HttpProxyMiddleware(httpproxy.HttpProxyMiddleware):
    """Scrapy's own, which knows ``all_proxy`` too, as curl does.

    A proxy without a scheme is an HTTP one. Scrapy takes that of ``https_proxy`` for one that is
    reached by TLS.
    """

    def __init__(self, auth_encoding: str | None = "latin-1") -> None:
        super().__init__(auth_encoding)
        if "all" in self.proxies:
            for scheme in PORTS:
                self.proxies.setdefault(scheme, self.proxies["all"])

    def _get_proxy(self, url: str, orig_type: str) -> tuple[bytes | None, str]:
        return super()._get_proxy(url, "http")


def proxy_of(request: Request | None) -> str | None:
    """Return host and port of the proxy of a request; None if it has none.

    :raises ProxyFailed: it is not an HTTP proxy.
    """
    if request is None or not request.meta.get("proxy"):
        return None
    parts = urlsplit(str(request.meta["proxy"]))
    place = parts.netloc.rpartition("@")[2]
    if parts.scheme not in PORTS:
        raise ProxyFailed(
            f"the proxy {parts.scheme}://{place} is not an HTTP proxy, and no other kind is "
            "supported: name an HTTP proxy in http_proxy and https_proxy"
        )
    return place


def who_answered(response: Response) -> str:
    """Return who sent a response, as the subject of a sentence."""
    proxy = proxy_of(response.request)
    return f"the proxy {proxy}, or the server behind it," if proxy else "the server"


def may_be_of_proxy(response: Response) -> bool:
    """Whether a response may be that of a proxy which does not pass the request on."""
    return response.status in STATUSES and proxy_of(response.request) is not None


def refused_by(proxy: str, status: int) -> ProxyFailed:
    """Return the error for a proxy's own status."""
    if status == 407:
        return ProxyFailed(f"the proxy {proxy} does not accept the user name and password (407)")
    return ProxyFailed(f"the proxy {proxy} answered with status {status}")


def unreachable(proxy: str, number: int | None) -> ProxyFailed:
    """Return the error for a proxy that could not be connected to; *number* is the errno."""
    reason = f": {os.strerror(number)}" if number else ""
    return ProxyFailed(f"could not connect to the proxy {proxy}{reason}")
