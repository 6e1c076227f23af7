"""The filters that lists, searches and exports share."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import SequenceMatcher
from itertools import takewhile

from newscrawl.text.escape import is_utf8

ALIKE = 0.5
"""How like a word must be to be called near: half of it the same, and in the same order."""


MANY = 5_000
"""Rows of a filter from which on articles are looked up one by one."""


class UnknownName(ValueError):
    """A filter names what the archive does not have."""

    def __init__(self, what: str, wanted: str, known: list[str]) -> None:
        super().__init__(f"The archive has no {what} {wanted!r}")
        self.what = what
        """``category``, ``source``, ``author``, ``security`` or ``listing``."""
        self.wanted = wanted
        self.known = known
        """Those it has, the ones with most articles first."""

    def sentence(self) -> str:
        """Return a message that suggests the most similar names."""
        named = ", ".join(self.nearest())
        return f"{self}. It has, for example: {named}" if named else f"{self}: it is empty."

    def nearest(self) -> list[str]:
        """Return the most similar names; if there are none, those with the most articles."""
        likeness = {each: _likeness(self.wanted, each) for each in self.known}
        near = sorted(
            (each for each, alike in likeness.items() if alike >= ALIKE),
            key=lambda each: -likeness[each],
        )
        return near[:5] or self.known[:10]


def _likeness(wanted: str, known: str) -> float:
    """Return 1 for what is a part of the other, up to 1 for what begins or reads alike.

    A code is compared without its market as well: 300112 is meant for 0.300111.
    """
    if wanted in known:
        return 1
    _, _, code = known.rpartition(".")
    pairs = [(wanted, known)] + ([(wanted.rpartition(".")[2], code)] if code != known else [])
    return max((SequenceMatcher(None, *pair).ratio() + _begin(*pair)) / 2 for pair in pairs)


def _begin(one: str, other: str) -> float:
    """Return the part of the longer that both begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return len(list(same)) / max(len(one), len(other))


Names = str | Sequence[str] | None
"""What a filter is given: a name, several of which any will do, or none."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What an article must be; None where it does not matter. The command line has them all.

    Of several names for one filter, any will do.
    """

    category: Names = field(
        default=None,
        metadata={"metavar": "SLUG", "help": "Only articles of this category (slug or name)."},
    )
    """A slug in any case, or the source's name."""
    source: Names = field(
        default=None,
        metadata={"metavar": "NAME", "help": "Only articles of this source (文章来源)."},
    )
    """The source as the text names it."""
    author: Names = field(
        default=None, metadata={"metavar": "NAME", "help": "Only articles of this author."}
    )
    """The author as a page prints it."""
    security: Names = field(
        default=None,
        metadata={
            "metavar": "CODE",
            "help": "Only articles that mention this security, board or index (600519, 600519.SH, "
            "1.600519, 00700.HK, BK0475 or name).",
        },
    )
    """A security, board or index that an article mentions: a code in any of its forms, or a name
    that the archive has. A code that no article mentions finds none."""
    listing: Names = field(
        default=None,
        metadata={
            "metavar": "LIST",
            "help": "Only articles that this list of news showed (columns-345, security:1.600519).",
        },
    )
    """A list with its argument, as `crawl feed` takes it."""
    since: date | None = field(
        default=None,
        metadata={
            "metavar": "DAY",
            "help": "Only articles published on or after this day (in China).",
        },
    )
    """A day in China: from its beginning on."""
    until: date | None = field(
        default=None,
        metadata={
            "metavar": "DAY",
            "help": "Only articles published on or before this day (in China).",
        },
    )
    """A day in China: to its end."""

    def where(
        self, connection: sqlite3.Connection, *, of_each: bool = False
    ) -> tuple[str, list[str | int]]:
        """Return the conditions on the table ``articles``, joined by AND, and their parameters.

        With *of_each* they look an article up in its categories and mentions, for a few articles
        that something else has found; without, they find the articles of a category.

        :raises Unknown: a filter names what the archive does not have.
        """
        for what, names, known in (
            ("category", self.category, categories),
            ("source", self.source, sources),
            ("security", self.security, securities),
            ("listing", self.listing, listings),
        ):
            for wanted in _several(names):
                if not is_utf8(wanted):  # SQLite takes no half characters
                    raise UnknownName(what, wanted, known(connection))
        conditions = ["true"]
        parameters: list[str | int] = []
        for condition, values in (
            self._category(connection, of_each),
            _equals(connection, "source", self.source),
            _equals(connection, "author", self.author),
            self._security(connection, of_each),
            self._listing(connection, of_each),
            ("published_at >= ?", [self.since.isoformat()] if self.since else None),
            ("published_at < ?", [_next(self.until)] if self.until else None),
        ):
            if values is not None:
                conditions.append(condition)
                parameters += values
        return " AND ".join(conditions), parameters

    def _category(
        self, connection: sqlite3.Connection, of_each: bool
    ) -> tuple[str, list[str | int] | None]:
        slugs: list[str | int] = []
        for wanted in _several(self.category):
            found = connection.execute(
                "SELECT category FROM categories WHERE category = :wanted COLLATE NOCASE"
                " UNION SELECT category FROM category_names WHERE name IN (:wanted, :shown)",
                # The site shows the publication's name with 新闻 (news) behind it.
                {"wanted": wanted, "shown": wanted.removesuffix("新闻")},
            ).fetchall()
            if not found:
                names = connection.execute("SELECT DISTINCT name FROM category_names ORDER BY name")
                known = categories(connection) + [name for (name,) in names]
                raise UnknownName("category", wanted, list(dict.fromkeys(known)))
            slugs += [slug for (slug,) in found]
        if not slugs:
            return "", None
        marks = ", ".join("?" * len(slugs))
        condition = f"category IN ({marks})"
        return _among(connection, "article_categories", condition, slugs, of_each), slugs

    def _security(
        self, connection: sqlite3.Connection, of_each: bool
    ) -> tuple[str, list[str | int] | None]:
        wanted = _several(self.security)
        if not wanted:
            return "", None
        found = [pair for each in wanted for pair in _mentioned(connection, each)]
        if not found:
            return "false", []
        marks = ", ".join("(?, ?)" for _ in found)
        values: list[str | int] = [part for each in found for part in each]
        condition = f"(market, code) IN (VALUES {marks})"
        return _among(connection, "mentions", condition, values, of_each), values

    def _listing(
        self, connection: sqlite3.Connection, of_each: bool
    ) -> tuple[str, list[str | int] | None]:
        wanted: list[str | int] = [*_several(self.listing)]
        if not wanted:
            return "", None
        sql = "SELECT 1 FROM article_listings WHERE listing = ? LIMIT 1"
        for each in wanted:
            if connection.execute(sql, (each,)).fetchone() is None:
                raise UnknownName("listing", str(each), listings(connection))
        marks = ", ".join("?" * len(wanted))
        condition = f"listing IN ({marks})"
        return _among(connection, "article_listings", condition, wanted, of_each), wanted


def _several(names: Names) -> tuple[str, ...]:
    """Return the names that a filter is given."""
    return (names,) if isinstance(names, str) else tuple(names or ())


def _mentioned(connection: sqlite3.Connection, wanted: str) -> list[tuple[str, str]]:
    """Return market and code of the mentioned securities that *wanted* means, by code or by name.

    :raises UnknownName: it is neither a code nor a name that the archive has.
    """
    from newscrawl.sites.eastmoney.security_codes import market_and_code  # rarely needed

    try:
        code = market_and_code(wanted)
    except ValueError:
        code = ""
    market, _, digits = (code or wanted).partition(".")
    found = connection.execute(
        # Three questions, so that each has its index.
        "SELECT market, code FROM mentions WHERE code = :wanted COLLATE NOCASE"
        " UNION SELECT market, code FROM mentions WHERE name = :wanted"
        " UNION SELECT market, code FROM mentions"
        " WHERE code = :code COLLATE NOCASE AND market = :market COLLATE NOCASE",
        {"wanted": wanted.strip(), "market": market, "code": digits},
    ).fetchall()
    if not found and not code:
        raise UnknownName("security", wanted, securities(connection))
    return [(market, code) for market, code in found]


def _equals(
    connection: sqlite3.Connection, column: str, names: Names
) -> tuple[str, list[str | int] | None]:
    """Return the condition that a column of ``articles`` is one of what is wanted.

    :raises UnknownName: no article has that.
    """
    wanted: list[str | int] = [*_several(names)]
    if not wanted:
        return "", None
    sql = f"SELECT 1 FROM articles WHERE {column} = ? LIMIT 1"  # noqa: S608  constant names
    for each in wanted:
        if connection.execute(sql, (each,)).fetchone() is None:
            raise UnknownName(column, str(each), _values(connection, column))
    if len(wanted) == 1:
        return f"{column} = ?", wanted
    return f"{column} IN ({', '.join('?' * len(wanted))})", wanted


def _values(connection: sqlite3.Connection, column: str) -> list[str]:
    """Return the values of a column of ``articles``, those with most articles first."""
    rows = connection.execute(
        f"SELECT {column} FROM articles WHERE {column} IS NOT NULL"  # noqa: S608  constant names
        f" GROUP BY {column} ORDER BY count(*) DESC, {column}"
    )
    return [value for (value,) in rows]


def _among(
    connection: sqlite3.Connection, table: str, condition: str, values: list[str | int],
    of_each: bool,
) -> str:  # fmt: skip
    """Return the condition that an article has a row in *table* for which *condition* holds.

    Where many rows are found, each article is looked up: the newest are found without all others.
    """
    if not of_each:
        some = f"SELECT 1 FROM {table} WHERE {condition} LIMIT {MANY}"  # noqa: S608  constants, marks
        [(count,)] = connection.execute(f"SELECT count(*) FROM ({some})", values)  # noqa: S608  as above
        of_each = count == MANY
    if of_each:
        return (
            f"EXISTS (SELECT 1 FROM {table}"  # noqa: S608  constants and marks
            f" WHERE {table}.article_id = articles.id AND {condition})"
        )
    return f"id IN (SELECT article_id FROM {table} WHERE {condition})"  # noqa: S608


def _next(day: date) -> str:
    return (day + timedelta(days=1)).isoformat()


def sources(connection: sqlite3.Connection) -> list[str]:
    """Return the sources that wrote articles, those with most articles first."""
    return _values(connection, "source")


def categories(connection: sqlite3.Connection) -> list[str]:
    """Return the slugs of all categories, those with most articles first."""
    rows = connection.execute(
        "SELECT categories.category FROM categories LEFT JOIN article_categories USING (category)"
        " GROUP BY categories.category ORDER BY count(article_id) DESC, categories.category"
    )
    return [slug for (slug,) in rows]


def securities(connection: sqlite3.Connection) -> list[str]:
    """Return market and code, and the name, of all securities, the most mentioned first."""
    rows = connection.execute(
        "SELECT CASE market WHEN '' THEN code ELSE market || '.' || code END, max(name)"
        " FROM mentions GROUP BY market, code"
        " ORDER BY count(DISTINCT article_id) DESC, market, code"
    ).fetchall()
    return [each for row in rows for each in row if each]


def listings(connection: sqlite3.Connection) -> list[str]:
    """Return the lists of news that showed articles, those with most articles first."""
    rows = connection.execute(
        "SELECT listing FROM article_listings GROUP BY listing ORDER BY count(*) DESC, listing"
    )
    return [listing for (listing,) in rows]
