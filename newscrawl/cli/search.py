"""``newscrawl search``: full-text search."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from newscrawl.archive.filters import Filters
from newscrawl.archive.search import Hit, marked, search
from newscrawl.archive.search_query import BadQuery, hint
from newscrawl.cli.filters import filter_options
from newscrawl.cli.options import (
    TEXT,
    db_option,
    example,
    json_option,
    limit_option,
    reading,
)
from newscrawl.cli.output import (
    MORE,
    clock,
    print_json_array,
    print_table,
    safe_line,
    say,
    wrap,
)

if TYPE_CHECKING:
    from newscrawl.archive.search import Order

LIMIT = 20


@click.command(
    "search", epilog=example("newscrawl search 降息 --since 2022-01-01 --source 证券时报")
)
@click.argument("query", metavar="WORD...", nargs=-1, required=True, type=TEXT)
@db_option()
@filter_options
@click.option(
    "--by",
    type=click.Choice(["newest", "rank"]),
    default="newest",
    show_default=True,
    help="Order of the results: newest first, or by relevance.",
)
@limit_option(LIMIT)
@json_option
def search_command(
    query: tuple[str, ...], db: str, filters: Filters, by: Order, limit: int | None, as_json: bool
) -> None:
    """Search the titles, summaries and texts of articles.

    Chinese matches any substring, from one character on; Latin words and numbers match as whole
    words, ignoring case. All words must match (AND); "quoted words" match as a phrase. AND, OR,
    NOT and parentheses are supported, and so are the prefixes title:, text: and summary:.
    Traditional and simplified characters find each other; ="儲能" finds this form alone.
    """
    one_more = None if as_json else LIMIT + 1
    words = " ".join(query)
    with reading(db) as connection:
        try:
            found = search(connection, words, filters, order=by, limit=limit or one_more)
        except BadQuery as error:
            raise click.UsageError(safe_line(str(error))) from None
        if as_json:
            print_json_array(map(_as_dict, found))
            return
        hits = list(found)
    shown = hits[: limit or LIMIT]
    if not hits:
        say(f"No articles found. {hint(words)}".rstrip())
    elif sys.stdout.isatty():
        _print(shown)
    else:
        rows = [(clock(h.published_at), h.source, h.title or h.excerpt, h.id) for h in shown]
        print_table(("published", "source", "title", "infoCode"), rows, wide="title")
    if len(hits) > len(shown):
        say(MORE)


def _as_dict(hit: Hit) -> dict[str, Any]:
    return {name: getattr(hit, name) for name in hit.__slots__ if name != "terms"}


def _print(hits: Iterable[Hit]) -> None:
    """Print each hit in three lines: its title, where it is from, what it says around the words."""
    from newscrawl.cli.output import width

    for hit in hits:
        click.echo(_highlighted(safe_line(hit.title) or "(no title)", hit.terms, bold=True))
        where = f"{clock(hit.published_at)}  {safe_line(hit.source)}  {safe_line(hit.id)}"
        click.secho(where, dim=True)
        for line in wrap(safe_line(hit.excerpt), width()):
            click.echo("  " + _highlighted(line, hit.terms))
        click.echo()


def _highlighted(text: str, terms: tuple[str, ...], **style: Any) -> str:
    return "".join(
        click.style(part, fg="yellow", bold=True) if is_term else click.style(part, **style)
        for part, is_term in marked(text, terms)
    )
