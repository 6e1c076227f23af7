"""``newscrawl list``: the latest articles."""

from __future__ import annotations

import difflib
from datetime import date

import click

from newscrawl.cli.options import DAY, db_option, example, json_option, reading
from newscrawl.cli.output import clock, print_json_array, print_table
from newscrawl.readers.latest import Unknown, latest

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
        except Unknown as error:
            raise click.UsageError(_with_nearest(error)) from None
        if as_json:
            print_json_array(found)
            return
        rows = [(clock(h.published_at), h.source, h.title, h.info_code) for h in found]
    if not rows:
        click.echo("No article.", err=True)
        return
    print_table(("published", "source", "title", "infoCode"), rows, wide="title")


def _with_nearest(error: Unknown) -> str:
    """Say what is not there, and what is most like it."""
    near = difflib.get_close_matches(error.wanted, error.known)
    near += [each for each in error.known if error.wanted in each and each not in near]
    named = ", ".join(near[:5] or error.known[:10])
    return f"{error}. It has, for example: {named}" if named else f"{error}: it is empty."
