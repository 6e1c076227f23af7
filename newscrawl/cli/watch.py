"""``newscrawl watch``: checks a watchlist, and shows what its rules match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newscrawl.archive.filters import Filters
from newscrawl.archive.latest import latest
from newscrawl.archive.names import BadFilter
from newscrawl.archive.records import extent
from newscrawl.archive.watchlist import Rule, read_watchlist
from newscrawl.cli.options import TEXT, db_option, example, json_option, reading
from newscrawl.cli.output import clock, print_table, safe_line, say, to_json

if TYPE_CHECKING:
    from newscrawl.store.connections import Connection


@click.command("watch", epilog=example("newscrawl watch watchlist.toml"))
@click.argument("watchlist", metavar="FILE[:RULE]", type=TEXT)
@db_option()
@json_option
def watch_command(watchlist: str, db: str, as_json: bool) -> None:
    """Check a watchlist, and print how many articles each rule matches, and the newest.

    A watchlist is a TOML file of rules. An article matches a rule that meets all of its parts; of
    the names in a part, any will do:

    \b
      [[rule]]
      name = "白酒"
      securities = ["600519", "000858.SZ"]    # codes in any form, or names
      words = "提价 OR 涨价"                  # as newscrawl search takes them
      sources = ["证券时报"]
      categories = ["cjzq"]

    --watchlist FILE[:RULE] filters list, search, export, plot and serve by it. Ends with exit code
    2 if a rule names a security that the archive does not know: write its code instead.
    """
    try:
        rules = read_watchlist(watchlist)
    except BadFilter as error:
        raise click.UsageError(error.sentence()) from None
    with reading(db) as connection:
        found = [_matched(connection, each) for each in rules]
    if as_json:
        click.echo(to_json(found))
    else:
        columns = ("rule", "articles", "published", "newest")
        rows = [
            (each["rule"], str(each["articles"]), clock(each["published_at"]), each["title"])
            for each in found
        ]
        print_table(columns, rows, wide="newest")
    problems = [each for each in found if each["problem"]]
    for each in problems:
        say(safe_line(f"rule {each['rule']}: {each['problem']}"))
    if problems:
        raise click.exceptions.Exit(2)


def _matched(connection: Connection, rule: Rule) -> dict[str, Any]:
    """Return how many articles a rule matches, and the newest; or why it matches none."""
    filters = Filters(rules=(rule.filters,))
    found: dict[str, Any] = {"rule": rule.name, "articles": 0, "id": None, "published_at": None}
    found |= {"title": None, "problem": None}
    try:
        count, _ = extent(connection, filters)
        newest = next(latest(connection, filters, limit=1), None)
    except BadFilter as error:
        return {**found, "problem": error.sentence()}
    found["articles"] = count
    if newest is not None:
        title = newest.title or newest.beginning
        found |= {"id": newest.id, "published_at": newest.published_at, "title": title}
    return found
