"""Finds the securities, boards and indices that a body links to or shows a chart of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from lxml import etree

from newscrawl.items import Mention, Origin
from newscrawl.loaders import text_of
from newscrawl.sites.eastmoney.security_codes import (
    AMERICAN,
    AMERICAN_MARKETS,
    EXCHANGES,
    MARKET_AND_CODE,
    STOCK_MARKETS,
    market_and_code,
    security_kind,
)
from newscrawl.text.sanitize import squeeze

_MARKED = frozenset(("keytip", "em_stock_key_common", "infokey"))
QUOTE_URL = re.compile(r"//quote\.eastmoney\.com/(?:unify/)?r/([0-9]+)\.(\w+)", re.ASCII)
_QUOTE_PAGE = re.compile(
    r"//quote\.eastmoney\.com/(?:concept/)?(?:(sh|sz|bj)([0-9]{6})|hk/([0-9]{5})|bk/(?:90\.)?(BK[0-9]{4}))"
    r"\.html",
    re.ASCII | re.IGNORECASE,
)
_CHART_ADDRESS = re.compile(r"[?&;]nid=([0-9]{1,3})\.(\w[\w-]*)", re.ASCII | re.IGNORECASE)
_CHART_CODE = re.compile(r"(?:K )?(\w[\w.-]*)\|([0-9]{1,3})\|.*", re.ASCII)
_OLD_CHART = re.compile(
    r"/GetPic\.aspx\?(?:[^#]{0,200}&)?id=([0-9]{6})([12])(?![0-9])", re.IGNORECASE
)
_OLD_MARKETS = {"1": "1", "2": "0"}
"""What Eastmoney's old addresses wrote behind a code: Shanghai, Shenzhen."""
_CHART_NAME = re.compile(r"K图 ?(\w+)_([0-9]{1,3})", re.ASCII)
_CHART_NAME_ALONE = re.compile(r"K图 ?(\w[\w.]*)", re.ASCII)
_ENTITY_ID = re.compile(r"(?:stock_|bk_|Info\.)([0-9]+)\.(\w+)", re.ASCII)
_CODE = re.compile(r"\w[\w.-]*", re.ASCII)


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
            if element.tag == "span" and _holds_a_link(element):
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


def _holds_a_link(span: etree._Element) -> bool:
    """Whether a marked word is a link on a security itself, which counts alone."""
    return any("keytip" in each.get("class", "").split() for each in span.iterdescendants("a"))


def of_list(values: object) -> tuple[list[Mention], int]:
    """Return the securities that a list names beside an article, and how many it names wrongly.

    *values* is a list of texts such as ``1.600519`` or of objects with a code, or one text with
    commas; null and an empty list name none.
    """
    found, wrong = Mentions(), 0
    named = values if isinstance(values, list) else [values] if values else []
    texts = [text for value in named if value for text in _texts_of(value)]
    for each in dict.fromkeys(texts):
        try:
            market, code = _listed(each)
        except ValueError:
            wrong += 1
        else:
            found.add(market, code, Origin.LIST)
    return found.all(), wrong


def _texts_of(value: object) -> list[str]:
    """Return what one value of a list names, each as a text."""
    if not isinstance(value, dict):
        return [each for each in re.split(r"[,，;；、\s]+", str(value)) if each]
    code, market = (
        next((str(value[key]) for key in keys if value.get(key) not in (None, "")), "")
        for keys in (("code", "stockCode", "securityCode"), ("market", "marketCode", "mkt"))
    )
    return [f"{market}.{code}" if market.isdigit() and "." not in code else code]


def _listed(text: str) -> tuple[str, str]:
    if match := AMERICAN.fullmatch(text.strip().upper()):
        return AMERICAN_MARKETS[match[2]], match[1]
    market, _, code = market_and_code(text).partition(".")
    return market, code


def chart_security(places: Iterable[str]) -> tuple[str, str] | None:
    """Return the market and code of a chart, from its image's attributes and its link's.

    What the image is called says least, and counts where nothing else does.
    """
    said = list(filter(None, places))
    for read in (_of_chart_address, _of_chart_code, _of_quote_page, _of_chart_name):
        for place in said:
            if found := read(place):
                return found
    return None


def _of_chart_address(text: str) -> tuple[str, str] | None:
    if match := _CHART_ADDRESS.search(text) or QUOTE_URL.search(text):
        return match[1], match[2].upper() if match[1] in STOCK_MARKETS else match[2]
    match = _OLD_CHART.search(text)
    return (_OLD_MARKETS[match[2]], match[1]) if match else None


def _of_chart_code(text: str) -> tuple[str, str] | None:
    match = _CHART_CODE.fullmatch(text.strip())
    return (match[2], match[1]) if match else None


def _of_quote_page(text: str) -> tuple[str, str] | None:
    """Return what a page of quotes is about: /sh600519.html, /hk/00700.html, /bk/90.BK0493.html."""
    match = _QUOTE_PAGE.search(text)
    if match is None:
        return None
    exchange, mainland, hong_kong, board = match.groups()
    if mainland:
        return EXCHANGES[exchange.upper()], mainland
    return ("116", hong_kong) if hong_kong else ("90", board.upper())


def _of_chart_name(text: str) -> tuple[str, str] | None:
    """Return what a chart is called: K图 600519_1 has its market behind the code."""
    if match := _CHART_NAME.fullmatch(text.strip()):
        code, market = match.groups()
        is_right = market not in ("0", "1") or (len(code) == 6 and code.isdigit())
        return (market, code) if is_right else None
    match = _CHART_NAME_ALONE.fullmatch(text.strip())
    try:
        market, _, code = market_and_code(match[1]).partition(".") if match else ("", "", "")
    except ValueError:
        return None
    return (market, code) if code else None


def _security(element: etree._Element, *, by_address_only: bool) -> tuple[str, str] | None:
    """Return the market and code of an entity link; the market is "" if it is unknown."""
    address = QUOTE_URL.search(element.get("href", "").strip())
    if by_address_only:
        return (address[1], address[2]) if address else None
    market, comma, code = map(str.strip, element.get("data-code", "").partition(","))
    if not comma and MARKET_AND_CODE.fullmatch(market):
        market, comma, code = market.partition(".")
    if comma and market.isdigit() and _CODE.fullmatch(code):
        return market, code
    if address:
        return address[1], address[2]
    if page := _of_quote_page(element.get("href", "")):
        return page
    parent = element.getparent()
    if parent is not None and (match := _ENTITY_ID.fullmatch(parent.get("id", ""))):
        return match[1], match[2]
    # Old public pages print the code alone.
    return ("", market) if not comma and _CODE.fullmatch(market) else None
