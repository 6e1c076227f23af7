"""Finds the securities, boards and indexes that a text means, among those that articles mention."""

from __future__ import annotations

import re
import sqlite3

from newscrawl.archive.names import AmbiguousName, BadFilter, UnknownName
from newscrawl.text.escape import is_utf8

_BY_CODE = "SELECT DISTINCT market, code FROM mentions WHERE code = :code COLLATE NOCASE"
_BY_MARKET = (
    "SELECT market, code FROM mentions"
    " WHERE code = :code COLLATE NOCASE AND market = :market LIMIT 1"
)
_BY_NAME = "SELECT DISTINCT market, code FROM mentions WHERE name = :name"


class UnknownSecurity(UnknownName):
    """What is neither a code nor a name that the archive has."""

    def sentence(self) -> str:
        """Return a message that says how codes are written."""
        forms = "600519, 600519.SH, 1.600519, 00700.HK, AAPL or BK0475"
        return f"{super().sentence().rstrip('.')}. Write its code, such as {forms}."


def split_securities(text: str) -> list[str]:
    """Return the codes and names that commas, also Chinese ones, separate in a text."""
    return [name for each in re.split("[,，、;；]", text) if (name := each.strip())]


def find_securities(connection: sqlite3.Connection, wanted: str) -> list[tuple[str, str]]:
    """Return market and code of the mentioned securities that *wanted* means, by code or by name.

    A code that no article mentions finds none. A name may be that of several: a company's shares
    in Shanghai and in Hong Kong.

    :raises AmbiguousName: a share and an index have the code.
    :raises UnknownSecurity: it is neither a code nor a name that the archive has.
    """
    from newscrawl.sites.eastmoney.security_codes import KNOWN_TWICE, meanings  # rarely needed

    if not is_utf8(wanted):  # SQLite takes no half characters
        raise UnknownSecurity("security", wanted, securities(connection))
    try:
        codes = meanings(wanted)
    except ValueError:
        codes = []
    text = wanted.strip()
    rows = connection.execute(_BY_NAME, {"name": text}).fetchall()
    for market, code in codes:
        if not market:
            rows += connection.execute(_BY_CODE, {"code": code}).fetchall()
            continue
        for each in (market, ""):  # a market that no page says
            rows += connection.execute(_BY_MARKET, {"market": each, "code": code}).fetchall()
    found = {(row[0], row[1]) for row in rows}
    if len(codes) > 1 and (text in KNOWN_TWICE or len({market for market, _ in found}) > 1):
        raise AmbiguousName(text, KNOWN_TWICE.get(text) or _with_names(connection, codes))
    if not found and not codes:
        raise UnknownSecurity("security", wanted, securities(connection))
    return sorted(found)


def codes_of(connection: sqlite3.Connection | None, wanted: str) -> list[str]:
    """Return each security that *wanted* means as lists of news name it, ``1.600519``.

    A code needs no archive; of ``000300`` it is the share. A name needs one that knows it.

    :raises AmbiguousName: a share and an index have the code.
    :raises BadFilter: it is neither a code with a market nor a name that the archive has.
    """
    from newscrawl.sites.eastmoney.security_codes import (  # rarely needed
        KNOWN_TWICE,
        security_with_list,
    )

    text, found = wanted.strip(), list[str]()
    if text in KNOWN_TWICE:
        raise AmbiguousName(text, KNOWN_TWICE[text])
    try:
        return [security_with_list(text)]
    except ValueError:
        pass
    if connection is not None:
        found = [".".join(each) for each in find_securities(connection, text) if each[0]]
    if not found:
        forms = "1.600519, 116.00700 or 105.AAPL"
        raise BadFilter(f"The archive does not know {wanted!r}. Write market and code: {forms}.")
    return found


def _with_names(connection: sqlite3.Connection, codes: list[tuple[str, str]]) -> list[str]:
    """Return each as ``1.000300 沪深300``, with the name that it was last seen under."""
    sql = "SELECT max(name) FROM mentions WHERE market = ? AND code = ?"
    names = [connection.execute(sql, each).fetchone()[0] or "" for each in codes]
    return [f"{'.'.join(each)} {name}".rstrip() for each, name in zip(codes, names, strict=True)]


def securities(connection: sqlite3.Connection) -> list[str]:
    """Return market and code, and the name, of all securities, the most mentioned first."""
    rows = connection.execute(
        "SELECT CASE market WHEN '' THEN code ELSE market || '.' || code END, max(name)"
        " FROM mentions GROUP BY market, code"
        " ORDER BY count(DISTINCT article_id) DESC, market, code"
    ).fetchall()
    return [each for row in rows for each in row if each]
