"""Normalizes URLs: which of them a run treats as the same page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from w3lib.url import canonicalize_url

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# Most URLs are in normal form: no default port, no query, no dots to resolve, and only bytes
# escaped that have to be.
_PLAIN = re.compile(
    r"https?://[a-z0-9.-]+(?::(?!(?:80|443)/)[0-9]+)?/(?![./])"
    r"(?:[A-Za-z0-9_,~()-]|%[89A-F][0-9A-F]|[./](?![./]))*"
)


def normalized_url(url: str) -> str:
    """Return the normal form of *url*: to be compared, never to be requested.

    It is what Scrapy's duplicate filter compares (parameters sorted, one escaping, no fragment, the
    host in lower case), without a port that the scheme implies.
    """
    if _PLAIN.fullmatch(url):
        return url
    canonical = canonicalize_url(url)
    parts = urlsplit(canonical)
    port = _DEFAULT_PORTS.get(parts.scheme, "")
    if not port or not parts.netloc.endswith(port):
        return canonical
    return parts._replace(netloc=parts.netloc.removesuffix(port)).geturl()


def normalized_path(url: str) -> str:
    """Return the path and query of *url* in normal form, without the leading slash.

    They distinguish pages of the same file name, whatever the host.
    """
    return normalized_url(url).partition("://")[2].partition("/")[2]
