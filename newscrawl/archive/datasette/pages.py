"""Our pages: what they are asked, and what they show."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import date
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote, urlencode

from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Response

from newscrawl.archive.article import read_article, resolve
from newscrawl.archive.datasette import front as front_numbers
from newscrawl.archive.datasette.safe_html import safe_body
from newscrawl.archive.datasette.served import serves
from newscrawl.archive.filters import Filters, sources
from newscrawl.archive.latest import latest
from newscrawl.archive.names import BadFilter
from newscrawl.archive.records import securities_of
from newscrawl.archive.related import related
from newscrawl.archive.revisions import Work, article_versions, difference
from newscrawl.archive.search import marked, search
from newscrawl.archive.search_query import hint
from newscrawl.archive.securities import split_securities
from newscrawl.archive.status import status
from newscrawl.archive.watchlist import read_watchlist
from newscrawl.sites.eastmoney.info_code import BadInfoCode
from newscrawl.sites.finews.retention import RETENTION_DAYS
from newscrawl.store.clock import utc_now
from newscrawl.store.errors import StoreError
from newscrawl.store.values import Rows
from newscrawl.text.china_time import in_china, read_day

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

T = TypeVar("T")

PAGE = 20
"""Articles on one page."""
LAST_PAGE = 50
"""Pages of one search: who turns more of them wants `newscrawl search`."""
TIME_LIMIT = 5000
"""Milliseconds that one page may ask SQLite."""
FILTERS = ("category", "source", "security", "rule", "since", "until")
ANY_RULE = "*"
"""Stands for all rules of the watchlist."""


async def front(datasette: Datasette, request: Request) -> Response:
    """The front page: the latest articles, numbers and crawl status."""

    rules, problem = _rules(datasette)
    watched = Filters(rules=tuple(rules.values()))

    def read(connection: sqlite3.Connection) -> dict[str, Any]:
        return {
            "rules": list(rules),
            "latest": list(latest(connection, watched, limit=PAGE)),
            "problem": problem,
            "numbers": front_numbers.numbers(connection),
            "status": status(connection, utc_now(), days=RETENTION_DAYS),
        }

    return await _answer(datasette, request, "front.html", read)


async def search_page(datasette: Datasette, request: Request) -> Response:
    """The articles that words and filters find, a page of them."""
    asked = _asked(request.args)
    rules, unreadable = _rules(datasette)

    def read(connection: sqlite3.Connection) -> dict[str, Any]:
        found: dict[str, Any] = {"hits": [], "more": False, "problem": unreadable}
        try:
            filters = _filters(asked, rules)
            found["hits"], found["more"] = _find(connection, asked, filters)
            found["hint"] = "" if found["hits"] or not asked["q"] else hint(asked["q"])
        except BadFilter as error:
            found["problem"] = error.sentence()
        return {
            **found,
            "asked": asked,
            "rules": list(rules),
            "sources": sources(connection)[:200],
            "page_url": _page_url,
        }

    return await _answer(datasette, request, "search.html", read)


async def article_page(datasette: Datasette, request: Request) -> Response:
    """One article, as one reads it, with all that is known of it."""
    name = unquote(request.url_vars["name"])

    def read(connection: sqlite3.Connection) -> dict[str, Any]:
        try:
            found = read_article(connection, resolve(connection, name))
        except BadInfoCode:
            found = None
        if found is None:
            return {"article": None, "name": name}
        states, work = article_versions(connection, found.id), Work()
        return {
            "article": found,
            "body": safe_body(found.body_html),
            "securities": securities_of(found.mentions),
            "related": related(connection, found.id),
            "changes": [(old, new, difference(old, new, work)) for old, new in pairwise(states)][
                ::-1
            ],
        }

    return await _answer(datasette, request, "article.html", read)


def _asked(args: Any) -> dict[str, Any]:
    asked = {name: (args.get(name) or "").strip() for name in ("q", *FILTERS, "by", "page")}
    asked["security"] = ", ".join(split_securities(",".join(args.getlist("security"))))
    page = asked["page"]
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 9 else 1
    by = asked["by"] if asked["by"] in ("newest", "rank") else "newest"
    return {**asked, "page": min(max(number, 1), LAST_PAGE), "by": by}


def _rules(datasette: Datasette) -> tuple[dict[str, Filters], str | None]:
    """Return the rules of the watchlist, if there is one, by name, and why it cannot be read."""
    watchlist = serves[datasette].watchlist
    if watchlist is None:
        return {}, None
    try:
        return {each.name: each.filters for each in read_watchlist(watchlist)}, None
    except BadFilter as error:
        return {}, error.sentence()


def _filters(asked: Mapping[str, Any], rules: Mapping[str, Filters]) -> Filters:
    rule = asked["rule"]
    if rule and rule != ANY_RULE and rule not in rules:
        raise BadFilter(f"There is no rule {rule!r} in the watchlist.")
    return Filters(
        rules=tuple(rules.values() if rule == ANY_RULE else [rules[rule]] if rule else ()),
        category=asked["category"] or None,
        source=asked["source"] or None,
        security=split_securities(asked["security"]),
        since=_day(asked["since"]),
        until=_day(asked["until"]),
    )


def _day(text: str) -> date | None:
    try:
        return read_day(text) if text else None
    except ValueError as error:
        raise BadFilter(str(error)) from None


def _find(
    connection: sqlite3.Connection, asked: Mapping[str, Any], filters: Filters
) -> tuple[list[Any], bool]:
    """Return a page of what was found, and whether there is another."""
    begin = (asked["page"] - 1) * PAGE
    limit = begin + PAGE + 1
    found = (
        search(connection, asked["q"], filters, order=asked["by"], limit=limit)
        if asked["q"]
        else latest(connection, filters, limit=limit)
    )
    hits = list(islice(found, begin, None))
    return hits[:PAGE], len(hits) > PAGE and asked["page"] < LAST_PAGE


def _page_url(asked: Mapping[str, Any], **other: Any) -> str:
    wanted = {**asked, **other}
    return "/search?" + urlencode({name: value for name, value in wanted.items() if value})


async def _answer(
    datasette: Datasette, request: Request, template: str,
    read: Callable[[sqlite3.Connection], dict[str, Any]],
) -> Response:  # fmt: skip
    """Read what a page shows within a time limit, and show it."""

    database = serves[datasette].database

    def limited(connection: sqlite3.Connection) -> dict[str, Any]:
        plain = connection.row_factory
        connection.row_factory = Rows(connection, f"{database}.db")
        try:
            with sqlite_timelimit(connection, TIME_LIMIT):
                return read(connection)
        finally:
            connection.row_factory = plain

    code = 200
    try:
        context = await datasette.get_database(database).read(limited)
    except (sqlite3.DatabaseError, StoreError) as error:
        template, code = "trouble.html", 503
        context = {"error": error, "is_slow": "interrupt" in str(error)}
    if context.get("problem"):
        code = 400
    if "article" in context and context["article"] is None:
        code = 404
    html = await datasette.render_template(
        f"newscrawl/{template}",
        {
            **context,
            "database": database,
            "marked": marked,
            "article_url": article_url,
            "is_web": is_web,
            "in_china": in_china,
        },
        request=request,
    )
    return Response.html(html, status=code)


def article_url(article_id: str) -> str:
    """Return the address of an article's page, whatever its id."""
    return f"/article/{quote(article_id, safe='')}"


def is_web(url: str | None) -> bool:
    """Whether an address may be a link: what stands in a file may also be ``javascript:``."""
    return url is not None and url.lower().startswith(("http://", "https://"))
