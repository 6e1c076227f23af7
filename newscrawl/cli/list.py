"""``newscrawl list``: the latest articles."""

from __future__ import annotations

import difflib
import sqlite3
from datetime import date

import click

from newscrawl.cli.options import DAY, db_option, example, json_option, reading
from newscrawl.cli.output import clock, print_json_array, print_table
from newscrawl.readers.latest import NoSuchCategory, categories, latest

LIMIT = 20


@click.command(
    "list", epilog=example("newscrawl list --source 国际商报 --since 2021-12-01 --limit 50")
)
@db_option()
@click.option("--category", metavar="SLUG", help="Only of this category: its slug or its name.")
@click.option("--source", metavar="NAME", help="Only of this medium, as the articles name it.")
@click.option("--since", type=DAY, metavar="DAY", help="Only from this day in China on.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"At most so many; {LIMIT} unless given, with --json all.",
)
@json_option
def command(
    db: str,
    category: str | None,
    source: str | None,
    since: date | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List the latest articles: time, source, title, infoCode."""
    if limit is None and not as_json:
        limit = LIMIT
    with reading(db) as connection:
        try:
            found = latest(connection, category=category, source=source, since=since, limit=limit)
        except NoSuchCategory as error:
            raise click.UsageError(_no_category(connection, str(error))) from None
        if as_json:
            print_json_array(found)
            return
        rows = [(clock(h.published_at), h.source, h.title, h.info_code) for h in found]
    if not rows:
        click.echo("No article.", err=True)
        return
    print_table(("published", "source", "title", "infoCode"), rows, wide="title")


def _no_category(connection: sqlite3.Connection, wanted: str) -> str:
    known = categories(connection)
    near = difflib.get_close_matches(wanted, known) or known[:10]
    return f"The archive has no category {wanted!r}. It has, for example: {', '.join(near)}"
