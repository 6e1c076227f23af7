"""``newscrawl info``: statistics of an archive."""

from __future__ import annotations

from collections.abc import Iterator

import click

from newscrawl.archive.overview import Overview, overview
from newscrawl.cli.options import db_option, example, json_option, reading
from newscrawl.cli.output import clock, labelled, number, size, to_json, width


@click.command("info", epilog=example("newscrawl info --db data/demo.db"))
@db_option()
@json_option
def info_command(db: str, as_json: bool) -> None:
    """Show statistics of the archive.

    Articles, their times and sources, raw pages, rejected pages by reason, and the last runs.
    """
    with reading(db) as connection:
        found = overview(connection)
    if as_json:
        click.echo(to_json(found))
        return
    limit = width()
    for name, text in _facts(found):
        for line in labelled(name, text, limit):
            click.echo(line)
    for name, counted in _counts(found):
        for count, text in counted:
            for line in labelled(name, text, limit, lead=f"{count:>7,}  "):
                click.echo(line)
            name = ""
    for name, text in _runs(found):
        for line in labelled(name, text, limit):
            click.echo(line)


def _facts(found: Overview) -> Iterator[tuple[str, str]]:
    yield "file", f"{found.path} ({size(found.size)}, schema {found.schema_version})"
    yield "articles", f"{found.articles:,} in {number(found.categories, 'category', 'categories')}"
    if found.first_published_at:
        first, last = clock(found.first_published_at), clock(found.last_published_at)
        yield "published", f"{first} to {last} (China time)"
    yield "mentions", f"{found.mentions:,} of securities, boards and indices"
    yield "revisions", f"{found.revisions:,}"
    pruned = f", {found.pages_pruned:,} pruned" if found.pages_pruned else ""
    yield (
        "raw pages",
        f"{found.pages:,} ({size(found.pages_size)}, kept in {size(found.pages_stored)}{pruned})",
    )


def _counts(found: Overview) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    yield "sources", [(each.articles, each.source or "(not named)") for each in found.sources]
    yield "rejects", [(each.pages, each.reason) for each in found.rejects]
    yield "unknown", [(each.pages, each.construct) for each in found.unknown]


def _runs(found: Overview) -> Iterator[tuple[str, str]]:
    for index, run in enumerate(found.runs):
        asked = "".join(
            f" {name}={' '.join(str(value).split())}" for name, value in run.arguments.items()
        )
        reason = f", {run.reason}" if run.reason else ""
        yield (
            "" if index else "last runs",
            f"{clock(run.started_at)} China time  {run.spider}{asked}: {run.outcome}{reason}",
        )
