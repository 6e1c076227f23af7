"""Applies NEWSCRAWL_SITES: contact, delay and proxy of single hosts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured, UsageError
from scrapy.http import Request

_KEYS = ("contact", "delay", "proxy")
_MARK = "newscrawl_site_proxy"
"""In a request's meta: its proxy is that of a site."""


class BadSites(ValueError):
    """The setting is not a table of sites; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the user set for one host."""

    contact: str = ""
    delay: float = 0.0
    """The least number of seconds between two requests; 0 if none was set."""
    proxy: str = ""


def sites_of(setting: Any) -> dict[str, Site]:
    """Return what was set, by host: ``www.example.org``, or with a port.

    :raises BadSites: it is anything else.
    """
    if not isinstance(setting, Mapping):
        raise BadSites('it is a table of hosts, as {"www.example.org": {"delay": 2}}')
    return {str(host).lower(): _site(str(host), each) for host, each in setting.items()}


def _site(host: str, given: Any) -> Site:
    if not host or "/" in host or "@" in host:
        raise BadSites(f"{host!r} is not a host; write it without https:// and path")
    if not isinstance(given, Mapping):
        raise BadSites(f"{host} takes {', '.join(_KEYS)}")
    for key in given.keys() - set(_KEYS):
        near = get_close_matches(key, _KEYS, 1, 0.5)
        hint = f"the nearest one is {near[0]}" if near else f"it has {', '.join(_KEYS)}"
        raise BadSites(f"{host} has no {key!r}; {hint}")
    contact, delay, proxy = (given.get(key) for key in _KEYS)
    if not isinstance(contact, str | None):
        raise BadSites(f"contact of {host} is an e-mail address or a URL")
    if delay is not None and not _is_seconds(delay):
        raise BadSites(f"delay of {host} is a number of seconds")
    if proxy is not None and not _is_proxy(proxy):
        raise BadSites(f"proxy of {host} is a URL, as http://127.0.0.1:3128")
    return Site(contact or "", float(delay or 0), proxy or "")


def _is_seconds(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0


def _is_proxy(value: Any) -> bool:
    try:
        return urlsplit(value).scheme in ("http", "https") and bool(urlsplit(value).hostname)
    except (ValueError, TypeError, AttributeError):
        return False


def site_of(sites: Mapping[str, Site], url: str) -> Site | None:
    """Return what was set for the host of *url*, first with its port, then without."""
    if not sites:
        return None
    parts = urlsplit(url)
    return sites.get(parts.netloc.rpartition("@")[2].lower()) or sites.get(parts.hostname or "")


class SitesMiddleware:
    """Sets User-Agent and proxy of each request by its host; the throttle keeps the delay."""

    def __init__(self, sites: Mapping[str, Site], agent: str, contact: str) -> None:
        self._sites = sites
        self._agent = agent
        self._contact = contact
        """That of all other hosts, at the end of the User-Agent; empty if there is none."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the middleware of a crawl.

        :raises NotConfigured: nothing was set for any host.
        :raises UsageError: the setting is invalid.
        """
        settings = crawler.settings
        try:
            sites = sites_of(settings.getdict("NEWSCRAWL_SITES"))
        except (BadSites, ValueError) as error:
            raise UsageError(f"NEWSCRAWL_SITES: {error}") from None
        if not sites:
            raise NotConfigured
        return cls(sites, settings["USER_AGENT"], " ".join(settings["NEWSCRAWL_CONTACT"].split()))

    def process_request(self, request: Request) -> None:
        """Set what the request's host is asked with: a redirect may have led to another one."""
        site = site_of(self._sites, request.url) or Site()
        request.headers["User-Agent"] = self._agent_for(site.contact)
        if site.proxy:
            request.meta.update({"proxy": site.proxy, _MARK: True})
        elif request.meta.pop(_MARK, False):
            request.meta.pop("proxy", None)

    def _agent_for(self, contact: str) -> str:
        if not contact:
            return self._agent
        bare = self._agent.removesuffix(f" (+{self._contact})")
        return f"{bare} (+{' '.join(contact.split())})"
