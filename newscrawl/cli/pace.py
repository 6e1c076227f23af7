"""How fast a crawl asks, and whom it may ask without a delay."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import click

POLITE = 0.1
"""Minimum number of seconds between requests to a host that is not this machine."""


def asked_site(
    spider: str, arguments: Mapping[str, str | None], base_url: str | None,
    overrides: Mapping[str, Any],
) -> str | None:  # fmt: skip
    """Return the one site that is asked; None where lists or resolvers on other hosts are, too."""
    from newscrawl import settings

    if base_url or spider != "category" or arguments.get("share"):
        return base_url
    return str(overrides.get("NEWSCRAWL_BASE_URL", settings.NEWSCRAWL_BASE_URL))


def fast_hosts(overrides: Mapping[str, Any]) -> frozenset[str]:
    """Return the hosts that may be asked without a delay, though they are not this machine."""
    from scrapy.settings import BaseSettings

    from newscrawl import settings

    named = {"NEWSCRAWL_FAST_HOSTS": settings.NEWSCRAWL_FAST_HOSTS, **overrides}
    return frozenset(map(_host, BaseSettings(named).getlist("NEWSCRAWL_FAST_HOSTS")))


def _host(named: str) -> str:
    """Return the name of a host as an address has it."""
    return named.strip().rpartition("@")[2].strip("[]").lower()


def pace(
    delay: float | None, base_url: str | None, hosts: str | None,
    allowed: frozenset[str] = frozenset(),
) -> dict[str, Any]:  # fmt: skip
    """Return the settings for a delay; the project's own if None.

    *allowed* are hosts whose owners have agreed to any.

    :raises click.UsageError: it is too short for a host that is neither one of these nor this
        machine.
    """
    if delay is None:
        return {}
    further = map(_host, (hosts or "").split(","))
    asked = [urlsplit(_with_scheme(base_url or "")).hostname, *further]
    foreign = [host for host in asked if host and host not in allowed and not is_loopback(host)]
    if delay < POLITE and (foreign or not asked[0]):
        whom = f"not for {foreign[0]}" if foreign else "not without --base-url"
        what = f"A delay of {delay:g} seconds" if delay else "Crawling without a delay"
        raise click.UsageError(
            f"{what} is for a server on this machine (127.0.0.1), and {whom}; for any other, leave "
            f"at least {POLITE:g} seconds, or name it in NEWSCRAWL_FAST_HOSTS where its owner has "
            "agreed."
        )
    if delay:
        return {"DOWNLOAD_DELAY": delay}
    return {
        "DOWNLOAD_DELAY": 0,
        "AUTOTHROTTLE_ENABLED": False,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
        "CONCURRENT_REQUESTS": 16,
    }


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"//{url}"


def is_loopback(host: str | None) -> bool:
    """Whether *host* is this machine."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
