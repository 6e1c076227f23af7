"""The URLs where the article of an infoCode may be found, and the order to try them in."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from newscrawl.items import Page, PageKind
from newscrawl.sites.eastmoney.info_code import digits_of
from newscrawl.text.urls import normalized_url

KINDS = tuple(kind for kind in PageKind if kind.is_resolved)
"""Kinds of pages that an infoCode leads to; see :mod:`newscrawl.sites`."""

_FORMER = {"answer": PageKind.API_ANSWER, "public": PageKind.ARTICLE_PAGE}
"""What settings from before the renames call them."""
_PLACEHOLDERS = {"base", "info_code", "digits"}
_EXAMPLE = '[["api_answer", "http://127.0.0.1:8000/NewsData/GetNewsText.do?id={info_code}"]]'


def resolver_urls(
    info_code: str,
    resolvers: Iterable[tuple[PageKind, str]],
    *,
    base: str | None,
    hosts: Iterable[str] | None,
) -> Iterator[tuple[PageKind, str]]:
    """Yield the (page kind, URL) pairs to try for *info_code*, in order.

    *resolvers* are pairs of page kind and URL template with ``{base}``, ``{info_code}`` and
    ``{digits}``; *base* is the URL of the share link's host or of the user's site, None if neither
    is known. With *hosts*, only these and the base's own are tried, and every template is also
    tried on the base: a mirror may serve all of them.
    """
    digits = digits_of(info_code)
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
            spelling = normalized_url(url)
            is_foreign = allowed is not None and urlsplit(url).hostname not in allowed
            if spelling in seen or is_foreign:
                continue
            seen.add(spelling)
            yield kind, url


def resolver_page(info_code: str, kind: PageKind, url: str, site: str) -> Page:
    """Return the page at *url*, still without its bytes."""
    printed = info_code if kind is PageKind.API_ANSWER else digits_of(info_code) or info_code
    return Page(kind=kind, id=printed, url=url, body=b"", observed_at="", site=site)


class BadResolvers(ValueError):
    """The setting NEWSCRAWL_RESOLVERS is wrong; the message says why, with an example."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"NEWSCRAWL_RESOLVERS: {problem}; example: {_EXAMPLE}")


def parse_resolvers(value: Any) -> list[tuple[PageKind, str]]:
    """Return the page kind and URL template of each resolver, from the setting or JSON text of it.

    :raises BadResolvers: it is anything else.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise BadResolvers(f"{value!r} is not JSON ({error})") from None
    if not isinstance(value, list | tuple) or not value:
        raise BadResolvers(f"{value!r} is not a list of pairs")
    return [_resolver(each) for each in value]


def _resolver(pair: Any) -> tuple[PageKind, str]:
    match pair:
        case [str(kind), str(template)]:
            pass
        case _:
            raise BadResolvers(f"{pair!r} is not a pair of a page kind and a URL")
    kind = _FORMER.get(kind, kind)
    if kind not in KINDS:
        raise BadResolvers(f"unknown page kind {kind!r}; use one of {', '.join(KINDS)}")
    if problem := _problem_of(template):
        raise BadResolvers(f"{template!r} {problem}")
    return PageKind(kind), template


def _problem_of(template: str) -> str | None:
    """Return what is wrong with a URL template; None if nothing is."""
    try:
        names = {name for _, name, *_ in string.Formatter().parse(template) if name is not None}
        parts = urlsplit(template.replace("{base}", "http://base.test", 1))
        has_host = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return "is not a URL"
    if unknown := names - _PLACEHOLDERS:
        return f"has an unknown placeholder {{{min(unknown)}}}"
    if not names & {"info_code", "digits"}:
        return "has neither {info_code} nor {digits}: it would be the same for every article"
    if not has_host or "{" in parts.netloc or not parts.path.startswith("/"):
        return "is not a URL; it must begin with {base}/ or http://host/"
    return None
