"""Keeps the user names and passwords of the user's URLs, each for its own origin only."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from w3lib.http import basic_auth_header

from newscrawl.middlewares.addresses import PORTS
from newscrawl.text.passwords import clean_address

Origin = tuple[str, str | None, int | None]
"""Scheme, host and port."""


class Credentials:
    """Keeps the credentials of the user's URLs; requests and pages hold none of them.

    So nothing that stores, logs or redirects a request can reveal them. They are added to the
    headers that are sent, and only if scheme, host and port are those that they were given for.
    """

    def __init__(self) -> None:
        self._headers: dict[Origin, bytes] = {}

    def take(self, url: str) -> str:
        """Return the user's URL without user name and password, which are kept."""
        clean = clean_address(url)
        if clean != url:
            try:
                parts = urlsplit(url if "://" in url else f"http://{url}")
                user, password = unquote(parts.username or ""), unquote(parts.password or "")
                self._headers[_origin(url)] = basic_auth_header(user, password, encoding="utf-8")
            except ValueError:
                return clean  # it is not a valid URL: whoever uses it reports that
        return clean

    def header(self, url: str) -> bytes | None:
        """Return the Authorization header for a request; None if it has none."""
        return self._headers.get(_origin(url)) if self._headers else None


def _origin(url: str) -> Origin:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


_kept: WeakKeyDictionary[Crawler, Credentials] = WeakKeyDictionary()


def credentials_of(crawler: Crawler) -> Credentials:
    """Return the one store of a crawl."""
    if crawler not in _kept:
        _kept[crawler] = Credentials()
    return _kept[crawler]
