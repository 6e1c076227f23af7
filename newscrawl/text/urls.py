"""The spellings of one address: which of them a run takes for one page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from w3lib.url import canonicalize_url

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# Most addresses have one spelling only. No default port, no query, no dots to resolve, and of what
# is escaped only bytes that have to be.
_PLAIN = re.compile(
    r"https?://[a-z0-9.-]+(?::(?!(?:80|443)/)[0-9]+)?/(?![./])"
    r"(?:[A-Za-z0-9_,~()-]|%[89A-F][0-9A-F]|[./](?![./]))*"
)


def normalized_url(url: str) -> str:
    """Return the one spelling of *url* that stands for all: to compare, never to ask for.

    It is what Scrapy's filter of requests compares (parameters sorted, one escaping, no fragment,
    the host in small letters), without a port that the scheme implies.
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
    """Return the path and query of *url* in their one spelling, without the slash at their head.

    They tell pages of one file name apart, whichever host has them.
    """
    return normalized_url(url).partition("://")[2].partition("/")[2]
