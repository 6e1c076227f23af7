"""``newscrawl list``: the latest articles."""

from __future__ import annotations

import click

from newscrawl.archive.filters import Filters
from newscrawl.archive.latest import latest
from newscrawl.cli.filters import filter_options
from newscrawl.cli.options import db_option, example, json_option, limit_option, reading
from newscrawl.cli.output import MORE, clock, print_json_array, print_table, say

LIMIT = 20


@click.command(
    "list", epilog=example("newscrawl list --source 国际商报 --since 2021-12-01 --limit 50")
)
@db_option()
@filter_options
@limit_option(LIMIT)
@json_option
def list_command(db: str, filters: Filters, limit: int | None, as_json: bool) -> None:
    """List the latest articles: time, source, title, infoCode."""
    one_more = None if as_json else LIMIT + 1
    with reading(db) as connection:
        found = latest(connection, filters, limit=limit or one_more)
        if as_json:
            print_json_array(found)
            return
        rows = [(clock(h.published_at), h.source, h.title or h.beginning, h.id) for h in found]
    if not rows:
        say("No articles found.")
        return
    shown = rows[: limit or LIMIT]
    print_table(("published", "source", "title", "infoCode"), shown, wide="title")
    if len(rows) > len(shown):
        say(MORE)
