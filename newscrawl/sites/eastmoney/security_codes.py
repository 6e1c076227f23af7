"""The codes of securities in the forms that people and pages write, and what each code is."""

from __future__ import annotations

import re

MARKET_AND_CODE = re.compile(r"[0-9]{1,3}\.[0-9A-Z][0-9A-Z._-]{0,19}", re.ASCII)
_MAINLAND_CODE = re.compile("[0-9]{6}")
_BOARD = re.compile("BK[0-9]{4}")
AMERICAN = re.compile(r"([A-Z]{1,5}(?:[.-][A-Z])?)\.(US|OQ|O|N)", re.ASCII)
AMERICAN_MARKETS = {"US": "", "OQ": "105", "O": "105", "N": "106"}
"""Which of them .US means is not said."""
_TICKER = re.compile(r"[A-Z]{1,5}(?:[.-][A-Z])?", re.ASCII)
_HONG_KONG = re.compile("[0-9]{5}")
_SHARE_OR_INDEX = re.compile("000[0-9]{3}")
_EXCHANGE_BEHIND = re.compile(
    r"(?=[0-9]{4}|[0-9]{1,3}\.HK)([0-9]{1,6})\.(SH|SS|SZ|BJ|HK)", re.ASCII
)
_EXCHANGE_BEFORE = re.compile(r"(?=HK|.*[0-9]{4})(SH|SZ|BJ|HK)\.?([0-9]{1,6})", re.ASCII)
EXCHANGES = {"SH": "1", "SS": "1", "SZ": "0", "BJ": "0", "HK": "116"}
"""Eastmoney's market numbers of the exchanges that are written behind or before a code."""
_SHANGHAI = re.compile("[569]|11[0138]|204")
"""First digits of Shanghai's shares, funds and bonds; Beijing's begin with 4, 8 and 92."""

KNOWN_TWICE = {"000001": ["1.000001 上证指数", "0.000001 平安银行"]}
"""Codes that everybody knows as two: never taken for one because only that was mentioned yet."""

STOCK_MARKETS = frozenset(("105", "106", "107", "116", "128", "155", "156"))
_FUTURE_MARKETS = frozenset(("8", "113", "114", "115", "142", "225"))


def security_kind(market: str, code: str) -> str:
    """Return what a security is, by Eastmoney's market number and its code there.

    The market decides where it can: 1.000001 is the Shanghai index, 0.000001 a bank's share.
    """
    if market in ("0", "1"):
        return _kind_on_the_mainland(market, code)
    if market in STOCK_MARKETS:
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
    if _BOARD.fullmatch(found):
        return f"90.{found}"
    market, _, code = found.partition(".")
    is_whole = market not in ("0", "1") or _MAINLAND_CODE.fullmatch(code)
    if MARKET_AND_CODE.fullmatch(found) and is_whole:
        return f"116.{code.zfill(5)}" if market == "116" and code.isdigit() else found
    if _MAINLAND_CODE.fullmatch(found):
        return f"{market_of_mainland(found)}.{found}"
    raise ValueError(
        f"{text[:40]!r} is not a security; write its market and code, such as 1.600519, "
        "116.00700 or 600519.SH, or six digits, such as 600519"
    )


def meanings(text: str) -> list[tuple[str, str]]:
    """Return market and code of each security that a user may mean by a code.

    More than :func:`market_and_code` takes: five digits are of Hong Kong, and letters alone or with
    ``.US`` have the market "", which is any. ``000300`` is two: a share of Shenzhen and an index of
    Shanghai.

    :raises ValueError: it has no form of a code.
    """
    found = text.strip().upper()
    if match := AMERICAN.fullmatch(found):
        return [(AMERICAN_MARKETS[match[2]], match[1])]
    if _TICKER.fullmatch(found):
        return [("", found)]
    if _HONG_KONG.fullmatch(found):
        return [("116", found)]
    if _SHARE_OR_INDEX.fullmatch(found):
        return [("1", found), ("0", found)]
    market, _, code = market_and_code(text).partition(".")
    return [(market, code)]


def security_with_list(text: str) -> str:
    """Return a security as lists of news name it, ``1.600519``; of ``000300`` it is the share.

    :raises ValueError: it has no form of a code, no market, or may be two.
    """
    code = text.strip()
    if code in KNOWN_TWICE:
        both = " or ".join(KNOWN_TWICE[code])
        raise ValueError(f"{code} may be {both}; write one of these codes")
    market, code = meanings(code)[-1]
    if not market:
        raise ValueError(f"{text[:40]!r} has no market; write it, such as 105.{code}")
    return f"{market}.{code}"


def market_of_mainland(code: str) -> str:
    """Return the market of six digits that are a share, fund or bond of the mainland."""
    return "1" if _SHANGHAI.match(code) and not code.startswith("92") else "0"
