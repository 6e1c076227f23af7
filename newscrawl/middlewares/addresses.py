"""Decides which addresses a crawl may connect to, and how a host must be spelled."""

from __future__ import annotations

import re
import weakref
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import yarl
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError, UsageError
from scrapy.http import Request
from scrapy.utils.spider import DefaultSpider

from newscrawl.items import options_of

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Place = tuple[str, int | None]
"""Host and port; None for any port."""
PORTS = {"http": 80, "https": 443}


class Refused(DownloadCancelledError):
    """Raised if a crawl may not connect to an address; its text is a sentence for the user."""


class OddHost(ValueError):
    """Raised by :func:`literal` for a host that programs read in different ways."""


# The registries of IANA (RFC 6890 and its updates), written out: what ipaddress.is_global says
# has changed between releases of Python.
_SPECIAL_4 = tuple(
    (IPv4Network(network), meaning)
    for network, meaning in (
        ("0.0.0.0/8", "this machine"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a provider's own network"),  # Alibaba Cloud's metadata is in it
        ("127.0.0.0/8", "this machine"),
        ("168.63.129.16/32", "the platform of a cloud"),  # Azure's: public by its number alone
        ("169.254.0.0/16", "the local link"),  # and the metadata of most clouds
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "protocols"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relays"),
        ("192.168.0.0/16", "a private network"),
        ("198.18.0.0/15", "measurements"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "many receivers"),
        ("240.0.0.0/4", "no one, or all"),
    )
)
# Of IPv6 only 2000::/3 is given out; these parts of it are not for servers.
_SPECIAL_6 = tuple(
    (IPv6Network(network), meaning)
    for network, meaning in (
        ("2001::/32", "Teredo tunnels"),
        ("2001::/23", "protocols"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4 tunnels"),
        ("3fff::/20", "documentation"),
    )
)
_GIVEN_OUT = IPv6Network("2000::/3")
_OUTSIDE_6 = tuple(
    (IPv6Network(network), meaning)
    for network, meaning in (
        ("::/128", "this machine"),
        ("::1/128", "this machine"),
        ("64:ff9b:1::/48", "translation inside a network"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "the local link"),
        ("fec0::/10", "a private network"),
        ("ff00::/8", "many receivers"),
    )
)
# An IPv4 address in the last 32 bits, which is the one that is reached: by this machine itself,
# and by the NAT64 of a network without IPv4 (RFC 6052), where every site has such an address.
_CARRIERS = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))

_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?")


def special(address: Address) -> str | None:
    """Return the use of a special address: ``a private network`` …

    None for an address that a public server may have.
    """
    if isinstance(address, IPv4Address):
        return _meaning(address, _SPECIAL_4)
    if any(address in carrier for carrier in _CARRIERS) and address.scope_id is None:
        return special(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.scope_id is not None:
        return "the local link"
    if address in _GIVEN_OUT:
        return _meaning(address, _SPECIAL_6)
    return _meaning(address, _OUTSIDE_6) or "no one"


def _meaning(address: Address, table: tuple[tuple[Network, str], ...]) -> str | None:
    return next((meaning for network, meaning in table if address in network), None)


def literal(host: str) -> Address | None:
    """Return the address that *host* is, in the one spelling that everybody reads alike.

    *host* is as ``urlsplit(url).hostname`` has it, IPv6 without brackets. None where it is a name.

    :raises OddHost: it is an address in another spelling (``0x7f.1``, ``2130706433``,
        ``127.0.0.1.``), has a zone (``fe80::1%eth0``), or is not a host name.
    """
    if ":" in host:
        try:
            address = ip_address(host)
        except ValueError:
            raise OddHost(f"{host} is not an address") from None
        if "%" in host:
            raise OddHost(f"{host} names an interface of this machine")
        return address
    # inet_aton, and so the system's resolver, takes 1 to 4 numbers, in three bases.
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        try:
            return IPv4Address(host)
        except ValueError:
            raise OddHost(f"{host} is an odd spelling of an address") from None
    if not _NAME.fullmatch(host):
        raise OddHost(f"{host!r} is not a host name")
    return None


def is_local_name(host: str) -> bool:
    """Whether *host* is a name of this machine itself (RFC 6761)."""
    return host == "localhost" or host.endswith(".localhost")


class AddressPolicy:
    """Knows which addresses one crawl may connect to.

    What a page says may lead to an allowed host only (``allowed_domains`` of the spider, exactly)
    and to no special address. A special address is allowed if the user named it: the host of
    base_url, with its port; one of ``hosts``; or a network of NEWSCRAWL_NETWORKS. A name that
    resolves to a special address is not such a host, unless it is localhost.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Read the settings.

        :raises UsageError: NEWSCRAWL_NETWORKS is not a list of networks.
        """
        self._crawler = weakref.proxy(crawler)  # what is kept for a crawl must not keep it
        self._networks = networks_of(crawler.settings.getlist("NEWSCRAWL_NETWORKS"))

    def check(self, request: Request) -> None:
        """Check the URL of a request, before its host is looked up.

        :raises Refused: it may not be fetched.
        """
        host, port = place_of(request.url)
        allowed = options_of(self._crawler.spider).allowed_domains
        if allowed and host not in allowed:
            raise Refused(f"{host} is not an allowed host")
        try:
            address = literal(host)
        except OddHost as error:
            raise Refused(f"{error}; no request is sent there") from None
        if address is None:
            return
        if reason := self.why_refused(address, host, port, self.named_places(request)):
            raise Refused(reason)

    def named_places(self, request: Request) -> list[Place]:
        """Return the places that the user named."""
        spider = self._crawler.spider
        if isinstance(spider, DefaultSpider):
            # `scrapy shell URL` and `fetch URL`: what was typed, not where that redirects to.
            return [place_of(request.meta.get("redirect_urls", [request.url])[0])]
        return list(options_of(spider).named_places)

    def why_refused(self, address: Address, host: str, port: int, named: list[Place]) -> str | None:
        """Return why an address may not be connected to; None if it may."""
        meaning = special(address)
        if meaning is None or any(address in network for network in self._networks):
            return None
        for name, its_port in named:
            is_it = name == host and its_port in (None, port)
            if is_it and is_local_name(host) and address.is_loopback:
                return None
            if is_it and _is_spelled(host, address):
                return None
        if _is_spelled(host, address):
            return f"{host}:{port} is an address of {meaning}, and is not that of base_url"
        return (
            f"{host} resolves to {address}, an address of {meaning}; if the site is meant to be "
            f"there, allow it: -s NEWSCRAWL_NETWORKS={address}"
        )


def _is_spelled(host: str, address: Address | str | None) -> bool:
    """Whether *host* is a spelling of *address*."""
    try:
        return literal(host) == (literal(address) if isinstance(address, str) else address)
    except OddHost:
        return False


def place_of(url: str) -> tuple[str, int]:
    """Return host and port of a URL, as every parser of it has them.

    :raises Refused: it is not an HTTP URL, or it can be read in two ways.
    """
    try:
        parts, other = urlsplit(url), yarl.URL(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Refused(f"{url} is not a valid URL") from None
    if parts.scheme not in PORTS or not host:
        raise Refused(f"{url} is not an HTTP URL")
    is_alike = other.raw_host == host or (":" in host and _is_spelled(host, other.raw_host))
    if not is_alike or (port or PORTS[parts.scheme]) != other.port:
        raise Refused(f"{url} can be read as {host} and as {other.raw_host}")
    return host, port or PORTS[parts.scheme]


def networks_of(texts: list[str]) -> list[Network]:
    """Return the networks of NEWSCRAWL_NETWORKS.

    :raises UsageError: one of them is not a network.
    """
    try:
        return [ip_network(text.strip()) for text in texts]
    except ValueError as error:
        raise UsageError(f"NEWSCRAWL_NETWORKS: {error}; use 10.1.0.0/16,192.168.1.5") from None


_policies: WeakKeyDictionary[Crawler, AddressPolicy] = WeakKeyDictionary()


def address_policy_of(crawler: Crawler) -> AddressPolicy:
    """Return the one address policy of a crawl.

    :raises UsageError: NEWSCRAWL_NETWORKS is not a list of networks.
    """
    if crawler not in _policies:
        _policies[crawler] = AddressPolicy(crawler)
    return _policies[crawler]
