"""Finds the securities, boards and indices that a body links to or shows a chart of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from lxml import etree

from newscrawl.items import Mention, Origin
from newscrawl.loaders import text_of
from newscrawl.text.sanitize import squeeze

_MARKED = frozenset(("keytip", "em_stock_key_common", "infokey"))
QUOTE_URL = re.compile(r"//quote\.eastmoney\.com/(?:unify/)?r/([0-9]+)\.(\w+)", re.ASCII)
_CHART_ADDRESS = re.compile(r"[?&;]nid=([0-9]{1,3})\.(\w[\w.-]*)", re.ASCII | re.IGNORECASE)
_CHART_CODE = re.compile(r"(?:K )?(\w[\w.-]*)\|([0-9]{1,3})\|.*", re.ASCII)
_ENTITY_ID = re.compile(r"(?:stock_|bk_|Info\.)([0-9]+)\.(\w+)", re.ASCII)
_CODE = re.compile(r"\w[\w.-]*", re.ASCII)

_MARKET_AND_CODE = re.compile(r"[0-9]{1,3}\.[0-9A-Z][0-9A-Z._-]{0,19}", re.ASCII)
_MAINLAND_CODE = re.compile("[0-9]{6}")
_EXCHANGE_BEHIND = re.compile(r"([0-9]{4,6})\.(SH|SS|SZ|BJ|HK)", re.ASCII)
_EXCHANGE_BEFORE = re.compile(r"(SH|SZ|BJ|HK)\.?([0-9]{4,6})", re.ASCII)
EXCHANGES = {"SH": "1", "SS": "1", "SZ": "0", "BJ": "0", "HK": "116"}
"""Eastmoney's market numbers of the exchanges that are written behind or before a code."""
_SHANGHAI = "569"
"""First digits of Shanghai's shares and funds; Beijing's begin with 4, 8 and 92."""

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


def market_and_code(text: str) -> str:
    """Return a security as the lists name it, ``1.600519``.

    Takes that form, ``600519.SH``, ``SH600519``, and six digits of the mainland alone.

    :raises ValueError: it has none of these forms.
    """
    found = text.strip().upper()
    if match := _EXCHANGE_BEHIND.fullmatch(found):
        digits, exchange = match.groups()
    elif match := _EXCHANGE_BEFORE.fullmatch(found):
        exchange, digits = match.groups()
    else:
        return _without_exchange(found, text)
    return f"{EXCHANGES[exchange]}.{digits.zfill(5 if exchange == 'HK' else 6)}"


def _without_exchange(found: str, text: str) -> str:
    if _MARKET_AND_CODE.fullmatch(found):
        return found
    if _MAINLAND_CODE.fullmatch(found):
        return f"{int(found[0] in _SHANGHAI and found[:2] != '92')}.{found}"
    raise ValueError(
        f"{text[:40]!r} is not a security; write its market and code, such as 1.600519, "
        "116.00700 or 600519.SH, or six digits, such as 600519"
    )


class Mentions:
    """Counts the mentions of one body, by market, code and origin, in the order of the first."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, Origin], Mention] = {}

    def add(self, market: str, code: str, origin: Origin, name: str = "") -> None:
        """Count a mention. A marked word that the body links as well is a link."""
        group = Origin.LINK if origin is Origin.COMMON_WORD else origin
        known = self._found.get((market, code, group))
        if known is None:
            kind = security_kind(market, code)
            self._found[market, code, group] = Mention(market, code, name, kind, 1, origin)
            return
        origin = group if group in (origin, known.origin) else origin
        self._found[market, code, group] = replace(
            known, name=known.name or name, times=known.times + 1, origin=origin
        )

    def add_links(self, root: etree._Element) -> None:
        """Count what a body links to.

        ``keytip`` links and ``em_stock_key_common`` spans are mentions. ``infokey`` links are
        glossary terms (PPI, 业绩), and mentions only if they link to a quote (创业板指).
        """
        for element in root.iter("a", "span"):
            marks = _MARKED.intersection(element.get("class", "").split())
            if not marks:
                continue
            security = _security(element, by_address_only="infokey" in marks)
            if security is None:
                continue
            name = squeeze(text_of(element))
            if name:
                is_common = marks == {"em_stock_key_common"}
                self.add(*security, Origin.COMMON_WORD if is_common else Origin.LINK, name)

    def all(self) -> list[Mention]:
        """Return them."""
        return list(self._found.values())


def of_list(values: object) -> tuple[list[Mention], int]:
    """Return the securities that a list names beside an article, and how many it names wrongly.

    *values* is a list of texts such as ``1.600519``; null and an empty list name none.
    """
    found, wrong = Mentions(), 0
    named = values if isinstance(values, list) else [values] if values else []
    for each in dict.fromkeys(str(value) for value in named if value):
        try:
            market, _, code = market_and_code(each).partition(".")
        except ValueError:
            wrong += 1
        else:
            found.add(market, code, Origin.LIST)
    return found.all(), wrong


def chart_security(places: Iterable[str]) -> tuple[str, str] | None:
    """Return the market and code of a chart, from its image's attributes and its link's."""
    for place in places:
        if match := _CHART_ADDRESS.search(place) or QUOTE_URL.search(place):
            return match[1], match[2]
        if match := _CHART_CODE.fullmatch(place):
            return match[2], match[1]
    return None


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
