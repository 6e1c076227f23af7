"""Finds the codes of securities that a text prints, such as 贵州茅台（600519） or 01548.HK."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newscrawl.items import Mention, Origin
from newscrawl.sites.eastmoney.securities import Mentions
from newscrawl.sites.eastmoney.security_codes import (
    AMERICAN_MARKETS,
    EXCHANGES,
    market_of_mainland,
)

_MARKETS = {
    **EXCHANGES, **AMERICAN_MARKETS, "上交所": "1", "深交所": "0", "北交所": "0",
    "HKEX": "116", "港交所": "116", "港股": "116",
    "NASDAQ": "105", "纳斯达克": "105", "NYSE": "106", "纽交所": "106", "AMEX": "107",
}  # fmt: skip
"""Eastmoney's numbers."""

_END = r"(?![0-9A-Za-z]|\.[0-9A-Za-z])"
_SUFFIXED = re.compile(rf"(?<![0-9A-Za-z.])([0-9]{{3,6}})\.(SH|SS|SZ|BJ|HK){_END}", re.IGNORECASE)
_LABELLED = re.compile(rf"(?:代码|代号)\s?[:：]?\s?([0-9]{{5,6}}){_END}")
_OF_EXCHANGE = re.compile(
    r"([上深北港纽]交所|纳斯达克|(?<![A-Za-z])(?:HKEX|NASDAQ|NYSE|AMEX))"
    r"\s?(?:(?:股票|证券)?(?:交易)?代[码号])?\s?[:：]\s?"
    rf"([0-9]{{4,6}}|[A-Z]{{1,5}}(?:\.[A-Z])?){_END}"
)
_IN_BRACKETS = re.compile(
    r"[（(]\s?(?:(SH|SZ|BJ|HK|港股)\s?[:：.]?\s?)?"
    r"(?:([0-9]{4,6})|([A-Z]{1,5})\.(US|OQ|O|N))\s?(?=[)）,，;；、/])",
    re.IGNORECASE,
)
# Behind another code: （601318、02318）, (9988.HK/BABA.N).
_SECOND = re.compile(
    r"(?<=[0-9A-Za-z])\s?[,，、/|]\s?(?:([0-9]{5,6})|([A-Z]{1,5})\.(US|OQ|O|N))(?=\s?[)）,，;；、/|])"
)
_WIDE = re.compile("[（(、，][０-９]")
_NARROW = {ord("０") + digit: str(digit) for digit in range(10)}
# What six digits in brackets are as well: an amount, a number of a paper or of a telephone …
_AMOUNT_BEHIND = re.compile(
    r"[^()（）]{0,40}[)）]\s?(?:[万亿](?:[元股吨人户份件台]|美元|港元)|[%％]"
    r"|(?:[元股人吨家只份台套辆户件点张]|美元|港元)(?![\u4e00-\u9fff]))"
)
_LABEL_BEFORE = re.compile(
    "(?:编号|文号|案号|单号|序号|号码|邮编|邮政编码|电话|热线|传真|合同|专利|批文|收入|营收|利润|金额"
    "|产量|销量|数量|股数|人数|总计|合计|市值|规模|余额|净值)$"
)
# … or an open fund, whose codes are those of shares in Shenzhen.
_FUND_NAMED = re.compile("基金|混合|债券|货币|联接|理财|余额宝")
_FUND_BEHIND = re.compile(r"[)）]\s?(?:基金|混合|联接|净值)")
_PING_AN, _ITS_NAMES = "000001", ("平安银行", "深发展A", "深发展", "指数", "指")
"""A code that a fund has, too: it is the bank's, or an index's, by name alone."""
# Shares of the mainland, and indices of Shenzhen: other six digits in brackets may be anything.
_ALONE = re.compile(
    r"60[0135]\d{3}|68[89]\d{3}|(?:00[0-3]|30[0-2]|399)\d{3}|(?:43|83|87|88|92)\d{4}"
)
_B_SHARE = re.compile("(?:900|200)[0-9]{3}")
_FUND = re.compile(r"(?:5[0168]|1[568])[0-9]{4}")
_FUND_NAMES = ("ETF", "LOF", "REIT", "基金")
"""Ends of the names of funds."""
_INDEX = re.compile(r"(?:上证|沪深|中证|科创).*|.*指数?")
_HINT = re.compile(
    r"[（(]\s?[A-Za-z0-9]{2,8}[)）,，;；、/:：.\s]|[0-9]\.[SBHsbh]|代[码号]\s?[:：]?\s?[0-9A-Z]|[（(][０-９]"
    r"|(?:交所|克|[EQX])\s?[:：]|港股\s?[0-9]"
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
    if _WIDE.search(text):
        text = text.translate(_NARROW)
    found = Mentions()
    for market, code, name in _codes(text):
        found.add(market, code, Origin.TEXT, name)
    return found.all()


def _codes(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield market, code and name."""
    ends = set()
    for match in _SUFFIXED.finditer(text):
        market = _MARKETS[match[2].upper()]
        if code := _padded(market, match[1]):
            ends.add(match.end())
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
        for found in _bracketed(text, match):
            ends.add(match.end())
            yield found
    for match in _SECOND.finditer(text) if ends else ():
        if match.start() in ends:
            ends.add(match.end())
            yield from _second(match)


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
    elif _is_code(text, match, digits, name):
        yield _market_of(digits, name), digits, name


def _is_code(text: str, match: re.Match[str], digits: str, name: str) -> bool:
    """Whether six digits alone are a code: of what they may be, by what stands around them."""
    if _AMOUNT_BEHIND.match(text, match.end()) or _LABEL_BEFORE.search(name):
        return False
    if _FUND.fullmatch(digits):
        return name.endswith(_FUND_NAMES)
    if _B_SHARE.fullmatch(digits):
        return name.endswith(("B", "Ｂ", "B股"))
    if not _ALONE.fullmatch(digits) or not (name or _is_behind_a_letter(text, match.start())):
        return False
    if digits == _PING_AN and not name.endswith(_ITS_NAMES):
        return False
    is_fund = _FUND_NAMED.search(name) or _FUND_BEHIND.match(text, match.end())
    return not (digits.startswith("00") and is_fund)


def _second(match: re.Match[str]) -> Iterator[tuple[str, str, str]]:
    """Give a code behind another; five digits are one of Hong Kong."""
    digits, letters, suffix = match.groups()
    if letters:
        yield _MARKETS[suffix], letters, ""
    elif len(digits) == 5:
        yield "116", digits, ""
    elif _ALONE.fullmatch(digits):
        yield _market_of(digits, ""), digits, ""


def _is_behind_a_letter(text: str, at: int) -> bool:
    return text[max(0, at - 4) : at].rstrip(" 】")[-1:].isalpha()


def _padded(market: str, digits: str) -> str | None:
    """Return a code as its market writes it: five digits in Hong Kong, six on the mainland."""
    if market == "116":
        return digits.zfill(5) if len(digits) < 6 else None
    return digits if len(digits) == 6 else None


def _market_of(code: str, name: str) -> str:
    if code.startswith("000") and _INDEX.fullmatch(name):
        return "1"
    return market_of_mainland(code)


def _name_of_bracketed(text: str, at: int) -> str:
    """Return the name before the bracket that a code at *at* follows; empty without one."""
    bracket = _BRACKET.search(text, max(0, at - 2), at)
    return _name_before(text, bracket.start()) if bracket else ""


def _name_before(text: str, at: int) -> str:
    match = _NAME.search(text[max(0, at - _LONGEST_NAME) : at].rstrip(" 】"))
    return match[1] if match and not match[1].isdigit() else ""
