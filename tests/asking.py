"""A sample site with every oddity, and what its server answers."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import quote

from samplesite import Server, Site

ALL = frozenset({"all"})


EVERY = Site(articles=180, oddities=ALL)


def get(server: Server, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a path."""
    url = server.url.rstrip("/") + quote(path, safe="/?=&%")
    request = urllib.request.Request(
        url, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()
