"""Info codes, the ids of articles: parsed from any URL, and the URLs made from them.

An infoCode is letters and digits: ``NW`` + 18 digits for news (17 before about 2018), where the
digits are the day, ``YYYYMMDD``, and a counter; ``CFH`` + 20 to 23 digits for columns of users;
``AN…`` notices, ``AP…`` reports. A page without one (the mirror's own notices) is known as
``<site>:<slug>``.
"""

from __future__ import annotations

import datetime
import re
from urllib.parse import parse_qsl, unquote, urlsplit

from newscrawl.text.passwords import without_passwords

_CODE = re.compile(r"([A-Z]{2,5})([0-9]{9,24})")
_NEWS_DIGITS = re.compile(r"20[0-9]{6}[0-9]{9,10}")
_DATE_PREFIX = re.compile(r"[0-9]{2,4}-[0-9]{1,2}-[0-9]{1,2}-")
# The last piece of a path: /a/<digits>.html, /news/<column>,<digits>.html, /news/<digits> and the
# mirror's own /…/NW<digits>.html and /old_post/<date>-<digits>.html.
_PATH_CODE = re.compile(
    r"(?:[0-9]+,|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}-|H[0-9]{1,4}_)?"
    r"([A-Za-z]{0,5}[0-9]{9,24})(?:_[0-9]{1,3})?(?:\.html?|\.pdf)?",
    re.IGNORECASE,
)
_SLUG = re.compile(r"\w[\w.·()（） -]*", re.UNICODE)
# newsid before id: a page that has both means its own row by id. infoCode always wins.
_QUERY_KEYS = ("infocode", "newsid", "art_code", "id")


_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")

MAX_SLUG = 255
"""Characters of a page's name: the longest file name of most file systems."""
MAX_URL = 2000
"""Characters of a URL, the most that browsers and servers agree on: Python's own URL functions
cache hundreds of URLs, however long."""


class BadInfoCode(ValueError):
    """A string that is not an info code, nor a URL with one; the message says what is wrong."""

    def __init__(self, found: str, why: str = "is not an info code or an article URL"):
        found = without_passwords(found)
        shown = found if len(found) <= 80 else found[:77] + "…"
        super().__init__(
            f"{shown!r} {why}; examples: NW202112282228490028, "
            "https://finews.zning.xyz/html_News/NewsShare.html?infoCode=NW202112282228490028"
        )


def parse_info_code(text: str) -> str:
    """Return the infoCode that *text* is or contains, in normal form.

    Takes an infoCode in any case, bare digits (17 or 18 are news, 20 to 23 a user's column), a
    share URL of any host, the public page's URL in its old and new form, and the mirror's own
    URLs. The result always matches ``^[A-Z]{2,5}[0-9]{9,24}$``.

    Raises BadInfoCode.
    """
    found = text.strip()
    if len(found) > MAX_URL:
        raise BadInfoCode(found, f"has {len(found):,} characters")
    if re.search(r"[/?=&]", found):
        return _from_url(found)
    return _normal(found, found)


def _normal(code: str, found: str) -> str:
    if code.isascii() and code.isdigit():
        prefix = "NW" if len(code) in (17, 18) else "CFH" if 20 <= len(code) <= 23 else ""
        code = prefix + code
    # str.upper turns some letters that are not ASCII into ASCII ones.
    match = _CODE.fullmatch(code.upper()) if code.isascii() else None
    if match is None:
        raise BadInfoCode(found)
    letters, number = match.groups()
    if letters == "NW" and (not _NEWS_DIGITS.fullmatch(number) or _day(number) is None):
        raise BadInfoCode(found, "does not begin with a day and a counter of 9 or 10 digits")
    if letters == "CFH" and not 20 <= len(number) <= 23:
        raise BadInfoCode(found, "does not have the 20 to 23 digits of a CFH id")
    return letters + number


def _from_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        query = {key.casefold(): value for key, value in parse_qsl(parts.query)}
    except ValueError:
        raise BadInfoCode(url) from None
    match = _PATH_CODE.fullmatch(unquote(parts.path).rstrip("/").rpartition("/")[2])
    for key in _QUERY_KEYS:
        if key in query:
            try:
                return _normal(query[key].strip(), url)
            except BadInfoCode:
                # Of two ids the query's counts, but not `?id=12` behind the address of an article.
                if not match:
                    raise
    if match:
        return _normal(match[1], url)
    raise BadInfoCode(url)


def path_of_url(url: str) -> str:
    """Return the path of a URL, unescaped.

    :raises BadInfoCode: it is too long, is not a URL, or contains control characters or bidi
        overrides: parts of a path become names of categories.
    """
    if len(url) > MAX_URL:
        raise BadInfoCode(url, f"has {len(url):,} characters")
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        raise BadInfoCode(url, "is not a URL") from None
    if _HIDDEN.search(path):
        raise BadInfoCode(url, "contains invisible characters")
    return path


def digits_of(info_code: str) -> str | None:
    """Return the 17 or 18 digits of a news id, which are also its public id; None for others."""
    if info_code.startswith("NW") and _NEWS_DIGITS.fullmatch(info_code[2:]):
        return info_code[2:]
    return None


def date_of_info_code(info_code: str) -> datetime.date | None:
    """Return the day in the id; None where it has none (``finews:init``)."""
    match = _CODE.fullmatch(info_code)
    return _day(match[2]) if match else None


def _day(number: str) -> datetime.date | None:
    if not number.startswith("20"):
        return None
    try:
        return datetime.date(int(number[:4]), int(number[4:6]), int(number[6:8]))
    except ValueError:
        return None


def info_code_of_stem(stem: str, site: str) -> str:
    """Return the id that a page's file name, without its suffix, stands for.

    ``NW202112282228490028``, ``202112082206672930`` and
    ``2021-12-08-202112082206672930`` (of old_post) give an infoCode, any other name
    ``<site>:<slug>``, for example ``finews:init``.

    Raises BadInfoCode for a name that is empty or could be more than a name, and for one that
    has the shape of a news id with an impossible day.
    """
    if len(stem) > MAX_SLUG:
        raise BadInfoCode(stem, f"has {len(stem):,} characters")
    slug = _DATE_PREFIX.sub("", stem.strip(), count=1)
    try:
        return _normal(slug, stem)
    except BadInfoCode:
        if re.fullmatch(r"(?:[Nn][Ww])?[0-9]{17,18}", slug):
            raise
    if not _SLUG.fullmatch(slug) or ".." in slug:
        raise BadInfoCode(stem, "is not the name of a page")
    return f"{site}:{slug}"


def public_url(info_code: str) -> str | None:
    """Return the article's page on Eastmoney; None for what is not news."""
    number = digits_of(info_code)
    return f"https://finance.eastmoney.com/a/{number}.html" if number else None


def canonical_url(url: str) -> str:
    """Return the one form of an original's URL, by its digits; unchanged where it has none.

    ``http://stock.eastmoney.com/news/1405,<digits>.html`` and
    ``https://finance.eastmoney.com/a/<digits>.html`` are one page.
    """
    try:
        info_code = parse_info_code(url)
    except BadInfoCode:
        return url.strip()
    if info_code[:3] == "CFH" and info_code[3:].isdigit():  # others only begin so: CFHNW…
        return f"https://caifuhao.eastmoney.com/news/{info_code[3:]}"
    return public_url(info_code) or url.strip()
