"""Finds the codes of securities that a text prints, such as 贵州茅台（600519） or 01548.HK."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newscrawl.items import Mention, Origin
from newscrawl.sites.eastmoney.securities import EXCHANGES, Mentions

_MARKETS = {
    **EXCHANGES, "上交所": "1", "深交所": "0", "北交所": "0",
    "HKEX": "116", "港交所": "116", "港股": "116",
    "NASDAQ": "105", "纳斯达克": "105", "O": "105", "OQ": "105",
    "NYSE": "106", "纽交所": "106", "N": "106", "AMEX": "107", "US": "",
}  # fmt: skip
"""Eastmoney's numbers; which of the American markets .US means is not said."""

_END = r"(?![0-9A-Za-z]|\.[0-9A-Za-z])"
_SUFFIXED = re.compile(rf"(?<![0-9A-Za-z.])([0-9]{{3,6}})\.(SH|SS|SZ|BJ|HK){_END}", re.IGNORECASE)
_LABELLED = re.compile(rf"(?:代码|代号)\s?[:：]?\s?([0-9]{{5,6}}){_END}")
_OF_EXCHANGE = re.compile(
    r"([上深北港纽]交所|纳斯达克|(?<![A-Za-z])(?:HKEX|NASDAQ|NYSE|AMEX))\s?[:：]\s?"
    rf"([0-9]{{4,6}}|[A-Z]{{1,5}}){_END}"
)
_IN_BRACKETS = re.compile(
    r"[（(]\s?(?:(SH|SZ|BJ|HK|港股)\s?[:：.]?\s?)?"
    r"(?:([0-9]{4,6})|([A-Z]{1,5})\.(US|OQ|O|N))\s?(?=[)）,，;；、/])",
    re.IGNORECASE,
)
# Shares of the mainland, and indices of Shenzhen: other six digits in brackets may be anything.
_ALONE = re.compile(
    r"60[0135]\d{3}|68[89]\d{3}|(?:00[0-3]|30[0-2]|399)\d{3}|(?:43|83|87|88|92)\d{4}"
)
_FUND = re.compile(r"(?:5[0168]|1[568])[0-9]{4}")
_FUND_NAMES = ("ETF", "LOF", "REIT", "基金")
"""Ends of the names of funds."""
_INDEX = re.compile(r"(?:上证|沪深|中证|科创).*|.*指数?")
_HINT = re.compile(
    r"[（(]\s?[A-Za-z0-9]{2,8}[)）,，;；、/:：.\s]|[0-9]\.[SBHsbh]|代[码号]\s?[:：]?\s?[0-9]|(?:交所|克|[EQX])\s?[:：]|港股\s?[0-9]"
)
"""What every text with a code has: looking for it first saves three other searches."""
_BRACKET = re.compile(r"[（(]\s?$")
_NAME = re.compile(r"(?:^|[^\w*·&-])([\w*·&-]{2,8})$")
_LONGEST_NAME = 12
"""Characters before the brackets among which the name is looked for."""


def printed_codes(text: str) -> list[Mention]:
    """Return the securities whose codes *text* prints.

    Six digits alone are a code in brackets behind a name, if they can be a share's or an index's;
    any other code needs its exchange. The name is what stands before the brackets, as far back as
    the last punctuation, if that is at most eight characters.
    """
    if _HINT.search(text) is None:  # as in most texts
        return []
    found = Mentions()
    for market, code, name in _codes(text):
        found.add(market, code, Origin.TEXT, name)
    return found.all()


def _codes(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield market, code and name."""
    for match in _SUFFIXED.finditer(text):
        market = _MARKETS[match[2].upper()]
        if code := _padded(market, match[1]):
            yield market, code, _name_of_bracketed(text, match.start())
    for match in _OF_EXCHANGE.finditer(text):
        market, said = _MARKETS[match[1]], match[2]
        if code := _padded(market, said) if said.isdigit() else said:
            yield market, code, _name_of_bracketed(text, match.start())
    for match in _LABELLED.finditer(text):
        code = match[1]
        if len(code) == 5:
            yield "116", code, ""
        elif _ALONE.fullmatch(code):
            yield _market_of(code, ""), code, ""
    for match in _IN_BRACKETS.finditer(text):
        yield from _bracketed(text, match)


def _bracketed(text: str, match: re.Match[str]) -> Iterator[tuple[str, str, str]]:
    exchange, digits, letters, suffix = match.groups()
    name = _name_before(text, match.start())
    if letters:
        if letters.isupper():
            yield _MARKETS[suffix.upper()], letters, name
    elif exchange:
        market = _MARKETS[exchange.upper()]
        if code := _padded(market, digits):
            yield market, code, name
    elif (_FUND.fullmatch(digits) and name.endswith(_FUND_NAMES)) or (
        _ALONE.fullmatch(digits) and (name or _is_behind_a_letter(text, match.start()))
    ):
        yield _market_of(digits, name), digits, name


def _is_behind_a_letter(text: str, at: int) -> bool:
    return text[max(0, at - 1) : at].isalpha()


def _padded(market: str, digits: str) -> str | None:
    """Return a code as its market writes it: five digits in Hong Kong, six on the mainland."""
    if market == "116":
        return digits.zfill(5) if len(digits) < 6 else None
    return digits if len(digits) == 6 else None


def _market_of(code: str, name: str) -> str:
    if code.startswith("000") and _INDEX.fullmatch(name):
        return "1"
    return "1" if code.startswith(("5", "6")) else "0"


def _name_of_bracketed(text: str, at: int) -> str:
    """Return the name before the bracket that a code at *at* follows; empty without one."""
    bracket = _BRACKET.search(text, max(0, at - 2), at)
    return _name_before(text, bracket.start()) if bracket else ""


def _name_before(text: str, at: int) -> str:
    match = _NAME.search(text[max(0, at - _LONGEST_NAME) : at])
    return match[1] if match and not match[1].isdigit() else ""
