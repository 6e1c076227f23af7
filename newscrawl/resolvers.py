"""Where the article of an infoCode can be asked for, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from newscrawl import ids
from newscrawl.items import Page


def addresses(
    info_code: str,
    resolvers: Iterable[tuple[str, str]],
    *,
    base: str | None,
    hosts: Iterable[str] | None,
) -> Iterator[tuple[str, str]]:
    """Yield (kind of page, URL) of each place to ask for *info_code*, first one first.

    *resolvers* are pairs of kind and URL template with ``{base}``, ``{info_code}`` and
    ``{digits}``; *base* is the URL of the share link's host or of the user's site, None where
    neither is known. With *hosts*, only these and the base's own are
    asked, and every template is tried on the base, too: a mirror may serve all of them.
    """
    digits = ids.digits(info_code)
    allowed = None if hosts is None else {*hosts, urlsplit(base or "").hostname}
    seen = set()
    for kind, template in resolvers:
        if "{digits}" in template and digits is None:
            continue
        templates = [template]
        if allowed is not None and not template.startswith("{base}"):
            parts = urlsplit(template)
            templates.append("{base}" + template[template.index(parts.path) :])
        for each in templates:
            if base is None and "{base}" in each:
                continue
            url = each.format(base=(base or "").rstrip("/"), info_code=info_code, digits=digits)
            if url in seen or (allowed is not None and urlsplit(url).hostname not in allowed):
                continue
            seen.add(url)
            yield kind, url


def page_of(info_code: str, kind: str, url: str, site: str) -> Page:
    """Return the page that is to be had at *url*, still without its bytes."""
    printed = info_code if kind == "answer" else ids.digits(info_code) or info_code
    return Page(kind=kind, id=printed, url=url, body=b"", observed_at="", site=site)
