"""Where the article of an infoCode can be asked for, and in which order."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from newscrawl.items import Page, PageKind
from newscrawl.sites.eastmoney.info_code import digits_of
from newscrawl.text.urls import one_spelling

KINDS = tuple(kind for kind in PageKind if kind.is_resolved)
"""Kinds of pages that an infoCode leads to; see :mod:`newscrawl.sites`."""

_PLACEHOLDERS = {"base", "info_code", "digits"}
_EXAMPLE = '[["api_answer", "http://127.0.0.1:8000/NewsData/GetNewsText.do?id={info_code}"]]'


def resolver_urls(
    info_code: str,
    resolvers: Iterable[tuple[PageKind, str]],
    *,
    base: str | None,
    hosts: Iterable[str] | None,
) -> Iterator[tuple[PageKind, str]]:
    """Yield (kind of page, URL) of each place to ask for *info_code*, first one first.

    *resolvers* are pairs of kind and URL template with ``{base}``, ``{info_code}`` and
    ``{digits}``; *base* is the URL of the share link's host or of the user's site, None where
    neither is known. With *hosts*, only these and the base's own are asked, and every template is
    tried on the base, too: a mirror may serve all of them.
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
            spelling = one_spelling(url)
            is_foreign = allowed is not None and urlsplit(url).hostname not in allowed
            if spelling in seen or is_foreign:
                continue
            seen.add(spelling)
            yield kind, url


def resolver_page(info_code: str, kind: PageKind, url: str, site: str) -> Page:
    """Return the page that is to be had at *url*, still without its bytes."""
    printed = info_code if kind is PageKind.API_ANSWER else digits_of(info_code) or info_code
    return Page(kind=kind, id=printed, url=url, body=b"", observed_at="", site=site)


def resolvers_of(settings: BaseSettings) -> list[tuple[PageKind, str]]:
    """Return kind of page and URL template of each resolver, in the order of the setting.

    On a command line it is JSON text.

    :raises UsageError: it is anything else.
    """
    value = settings["NEWSCRAWL_RESOLVERS"]
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise _wrong(f"{value!r} is no JSON ({error})") from None
    if not isinstance(value, list | tuple) or not value:
        raise _wrong(f"{value!r} is no list of pairs")
    return [_resolver(each) for each in value]


def _resolver(pair: Any) -> tuple[PageKind, str]:
    match pair:
        case [str(kind), str(template)]:
            pass
        case _:
            raise _wrong(f"{pair!r} is no pair of a kind and an address")
    if kind not in KINDS:
        raise _wrong(f"there is no kind {kind!r}; there are {' and '.join(KINDS)}")
    if why := _not_a_template(template):
        raise _wrong(f"{template!r} {why}")
    return PageKind(kind), template


def _not_a_template(template: str) -> str | None:
    """Say what is wrong with an address; None where it is one."""
    try:
        names = {name for _, name, *_ in string.Formatter().parse(template) if name is not None}
        parts = urlsplit(template.replace("{base}", "http://base.test", 1))
        has_host = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return "is no address"
    if unknown := names - _PLACEHOLDERS:
        return f"has a placeholder {{{min(unknown)}}} that nothing stands for"
    if not names & {"info_code", "digits"}:
        return "has neither {info_code} nor {digits}: every article would be asked for there"
    if not has_host or "{" in parts.netloc or not parts.path.startswith("/"):
        return "is no address; it begins with {base}/ or http://host/"
    return None


def _wrong(found: str) -> UsageError:
    return UsageError(f"NEWSCRAWL_RESOLVERS: {found}; it looks like {_EXAMPLE}")
