"""Finds the securities, boards and indices that a body links to."""

from __future__ import annotations

import re

from lxml import etree

from newscrawl.items import Mention
from newscrawl.loaders import text_of
from newscrawl.text.sanitize import squeeze

_MARKED = frozenset(("keytip", "em_stock_key_common", "infokey"))
QUOTE_URL = re.compile(r"//quote\.eastmoney\.com/(?:unify/)?r/([0-9]+)\.(\w+)", re.ASCII)
_ENTITY_ID = re.compile(r"(?:stock_|bk_|Info\.)([0-9]+)\.(\w+)", re.ASCII)
_CODE = re.compile(r"\w[\w.-]*", re.ASCII)

_STOCK_MARKETS = frozenset(("105", "106", "107", "116", "128", "155", "156"))
_FUTURE_MARKETS = frozenset(("8", "113", "114", "115", "142", "225"))


def security_kind(market: str, code: str) -> str:
    """Return what a security is, by Eastmoney's market number and its code there.

    The market decides where it can: 1.000001 is the Shanghai index, 0.000001 a bank's share.
    """
    if market in ("0", "1"):
        return _kind_on_the_mainland(market, code)
    if market in _STOCK_MARKETS:
        return "stock"
    if market == "90":
        return "board"
    if market in ("100", "124"):
        return "index"
    if market in _FUTURE_MARKETS:
        return "future"
    return "forex" if market == "119" else "unknown"


def _kind_on_the_mainland(market: str, code: str) -> str:
    if not re.fullmatch("[0-9]{6}", code):
        return "unknown"
    if code.startswith("000" if market == "1" else "399"):
        return "index"
    if code.startswith(("5",) if market == "1" else ("15", "16", "18")):
        return "fund"
    # Bonds: none of the kinds that a mention may have.
    if code.startswith(("01", "1", "2") if market == "1" else ("10", "11", "12", "13")):
        return "unknown"
    return "stock"


def mentions(root: etree._Element) -> list[Mention]:
    """Return what the body links to, once per market and code, in the order of first mention.

    ``keytip`` links and ``em_stock_key_common`` spans are mentions. ``infokey`` links are glossary
    terms (PPI, 业绩), and mentions only if they link to a quote (创业板指).
    """
    found: dict[tuple[str, str], Mention] = {}
    for element in root.iter("a", "span"):
        marks = _MARKED.intersection(element.get("class", "").split())
        if not marks:
            continue
        security = _security(element, by_address_only="infokey" in marks)
        if security is None:
            continue
        name = squeeze(text_of(element))
        if not name:
            continue
        count_mentions(found, security, name)
    return list(found.values())


def count_mentions(
    found: dict[tuple[str, str], Mention], security: tuple[str, str], name: str
) -> None:
    """Count a link to a security, by market and code; its name is that of the first link."""
    if known := found.get(security):
        found[security] = Mention(*security, known.name, known.kind, known.times + 1)
    else:
        found[security] = Mention(*security, name, security_kind(*security))


def _security(element: etree._Element, *, by_address_only: bool) -> tuple[str, str] | None:
    """Return the market and code of an entity link; the market is "" if it is unknown."""
    address = QUOTE_URL.search(element.get("href", "").strip())
    if by_address_only:
        return (address[1], address[2]) if address else None
    market, comma, code = element.get("data-code", "").strip().partition(",")
    if comma and market.isdigit() and _CODE.fullmatch(code):
        return market, code
    if address:
        return address[1], address[2]
    parent = element.getparent()
    if parent is not None and (match := _ENTITY_ID.fullmatch(parent.get("id", ""))):
        return match[1], match[2]
    # Old public pages print the code alone.
    return ("", market) if not comma and _CODE.fullmatch(market) else None
