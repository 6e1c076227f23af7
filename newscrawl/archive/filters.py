"""The filters that lists, searches and exports share."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date

from newscrawl.archive.names import BadFilter, UnknownCategory, UnknownName
from newscrawl.text.escape import is_utf8

MANY = 5_000
"""Rows of a filter from which on articles are looked up one by one."""
ORIGINS = ("link", "common_word", "chart", "text", "list")
"""The values of :class:`newscrawl.items.Origin`, which would be much to import."""

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
            "help": "Only articles published on or after this day in China (2022-06-13, 3d).",
        },
    )
    """A day in China: from its beginning on."""
    until: date | None = field(
        default=None,
        metadata={
            "metavar": "DAY",
            "help": "Only articles published on or before this day in China (2022-06-13, today).",
        },
    )
    """A day in China: to its end."""

    mention_origin: Names = field(
        default=None,
        metadata={
            "choices": ORIGINS,
            "help": "Only articles that mention a security (--security, or any) in this way.",
        },
    )
    """How the security is mentioned: by a ``link``, ``chart``, ``text`` or ``list``."""
    words: str | None = field(
        default=None,
        metadata={"metavar": "QUERY", "help": "Only articles that `newscrawl search` finds."},
    )
    """A query of :mod:`newscrawl.archive.search_query`."""
    rules: tuple[Filters, ...] = ()
    """Only articles that one of these finds: the rules of a watchlist. What a rule names and the
    archive does not have, other than a security, finds nothing, as it may come later."""

    def __post_init__(self) -> None:
        """Refuse a period that ends before it begins."""
        if self.since and self.until and self.since > self.until:
            raise BadFilter(f"since={self.since} is after until={self.until}.")

    def where(
        self, connection: sqlite3.Connection, *, of_each: bool = False
    ) -> tuple[str, list[str | int]]:
        """Return the conditions on the table ``articles``, joined by AND, and their parameters.

        With *of_each* they look an article up in its categories and mentions, for a few articles
        that something else has found; without, they find the articles of a category.

        :raises BadFilter: a filter names what the archive does not have, or is not a valid query.
        """
        where, parameters = self._own(connection, of_each, is_rule=False)
        alternatives: list[str] = []
        for rule in self.rules:
            condition, values = rule._own(connection, of_each, is_rule=True)
            alternatives.append(condition)
            parameters += values
        if alternatives:
            where = f"{where} AND (({') OR ('.join(alternatives)}))"
        return where, parameters

    def described(self) -> str:
        """Return what is asked for, in a line: ``security 600519 or 000858, since 2022-01-01``."""
        named = {
            each.name: getattr(self, each.name) for each in fields(self) if each.name != "rules"
        }
        parts = [
            f"{name.replace('_', ' ')} {' or '.join(several(value))}"
            for name, value in named.items()
            if value and not isinstance(value, date)
        ]
        days = [f"{name} {value}" for name, value in named.items() if isinstance(value, date)]
        return ", ".join(parts + days)

    def _own(
        self, connection: sqlite3.Connection, of_each: bool, *, is_rule: bool
    ) -> tuple[str, list[str | int]]:
        """Return the conditions without those of the rules.

        Of a rule, names that the archive does not have find nothing.
        """
        for what, names, known in (
            ("category", self.category, categories),
            ("source", self.source, sources),
            ("listing", self.listing, listings),
        ):
            for wanted in several(names):
                if not is_utf8(wanted):  # SQLite takes no half characters
                    raise UnknownName(what, wanted, known(connection))
        conditions = ["true"]
        parameters: list[str | int] = []
        for condition, values in (
            self._category(connection, of_each, is_rule),
            _equals(connection, "source", self.source, is_rule),
            _equals(connection, "author", self.author, is_rule),
            self._security(connection, of_each),
            self._listing(connection, of_each, is_rule),
            self._words(),
            ("published_at >= ?", [self.since.isoformat()] if self.since else None),
            # Behind the last second of the day, as U is behind T.
            ("published_at < ?", [f"{self.until}U"] if self.until else None),
        ):
            if values is not None:
                conditions.append(condition)
                parameters += values
        return " AND ".join(conditions), parameters

    def _category(
        self, connection: sqlite3.Connection, of_each: bool, is_rule: bool
    ) -> tuple[str, list[str | int] | None]:
        if not (names := several(self.category)):
            return "", None
        slugs: list[str | int] = []
        for wanted in names:
            found = connection.execute(
                "SELECT category FROM categories WHERE category = :wanted COLLATE NOCASE"
                " UNION SELECT category FROM category_names WHERE name IN (:wanted, :shown)",
                # The site shows the publication's name with 新闻 (news) behind it.
                {"wanted": wanted, "shown": wanted.removesuffix("新闻")},
            ).fetchall()
            if not found and not is_rule:
                raise UnknownCategory("category", wanted, _categories_and_names(connection))
            slugs += [slug for (slug,) in found]
        marks = ", ".join("?" * len(slugs))
        condition = f"category IN ({marks})"
        return _among(connection, "article_categories", condition, slugs, of_each), slugs

    def _security(
        self, connection: sqlite3.Connection, of_each: bool
    ) -> tuple[str, list[str | int] | None]:
        conditions: list[str] = []
        values: list[str | int] = []
        if wanted := several(self.security):
            from newscrawl.archive.securities import find_securities  # rarely needed

            found = [pair for each in wanted for pair in find_securities(connection, each)]
            if not found:
                return "false", []
            values += [part for each in found for part in each]
            conditions.append(f"(market, code) IN (VALUES {', '.join('(?, ?)' for _ in found)})")
        if origins := several(self.mention_origin):
            values += origins
            conditions.append(f"origin IN ({', '.join('?' * len(origins))})")
        if not conditions:
            return "", None
        return _among(connection, "mentions", " AND ".join(conditions), values, of_each), values

    def _words(self) -> tuple[str, list[str | int] | None]:
        if self.words is None:
            return "", None
        # Loaded where words are given: it knows the search index and its segments.
        from newscrawl.archive.search_query import parse_query
        from newscrawl.archive.search_sql import as_condition, values_of

        found = parse_query(self.words).found
        return as_condition(found), [*values_of(found)]

    def _listing(
        self, connection: sqlite3.Connection, of_each: bool, is_rule: bool
    ) -> tuple[str, list[str | int] | None]:
        wanted: list[str | int] = [*several(self.listing)]
        if not wanted:
            return "", None
        sql = "SELECT 1 FROM article_listings WHERE listing = ? LIMIT 1"
        for each in wanted:
            if not is_rule and connection.execute(sql, (each,)).fetchone() is None:
                raise UnknownName("listing", str(each), listings(connection))
        marks = ", ".join("?" * len(wanted))
        condition = f"listing IN ({marks})"
        return _among(connection, "article_listings", condition, wanted, of_each), wanted


def several(names: Names) -> tuple[str, ...]:
    """Return the names that a filter is given."""
    return (names,) if isinstance(names, str) else tuple(names or ())


def _equals(
    connection: sqlite3.Connection, column: str, names: Names, is_rule: bool
) -> tuple[str, list[str | int] | None]:
    """Return the condition that a column of ``articles`` is one of what is wanted.

    :raises UnknownName: no article has that.
    """
    wanted: list[str | int] = [*several(names)]
    if not wanted:
        return "", None
    sql = f"SELECT 1 FROM articles WHERE {column} = ? LIMIT 1"  # noqa: S608  constant names
    for each in wanted:
        if not is_rule and connection.execute(sql, (each,)).fetchone() is None:
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


def _categories_and_names(connection: sqlite3.Connection) -> list[str]:
    names = connection.execute("SELECT DISTINCT name FROM category_names ORDER BY name")
    return list(dict.fromkeys(categories(connection) + [name for (name,) in names]))


def listings(connection: sqlite3.Connection) -> list[str]:
    """Return the lists of news that showed articles, those with most articles first."""
    rows = connection.execute(
        "SELECT listing FROM article_listings GROUP BY listing ORDER BY count(*) DESC, listing"
    )
    return [listing for (listing,) in rows]
