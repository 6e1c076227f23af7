"""Which addresses are nobody's public server, and how a host must be spelled."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


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
    """Return what an address is for, where it is for no public server: ``a private network`` …

    None for one that may be anybody's server.
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
        ``127.0.0.1.``), has a zone (``fe80::1%eth0``), or is no name of a host.
    """
    if ":" in host:
        try:
            address = ip_address(host)
        except ValueError:
            raise OddHost(f"{host} is no address") from None
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
        raise OddHost(f"{host!r} is no name of a host")
    return None


def is_local_name(host: str) -> bool:
    """Whether *host* is a name of this machine itself (RFC 6761)."""
    return host == "localhost" or host.endswith(".localhost")
