"""``newscrawl info``: what is in an archive."""

from __future__ import annotations

from collections.abc import Iterator

import click

from newscrawl.cli.options import db_option, example, json_option, reading
from newscrawl.cli.output import clock, number, safe, safe_line, size, to_json
from newscrawl.readers.overview import Overview, overview


@click.command("info", epilog=example("newscrawl info --db data/demo.db"))
@db_option()
@json_option
def command(db: str, as_json: bool) -> None:
    """Say what is in the archive.

    Articles, their times and sources, raw pages, rejects by reason, and the last runs.
    """
    with reading(db) as connection:
        found = overview(connection)
    if as_json:
        click.echo(to_json(found))
        return
    for name, text in _facts(found):
        click.echo(click.style(f"{name:<12}", dim=True) + safe(text))


def _facts(found: Overview) -> Iterator[tuple[str, str]]:
    yield "file", f"{found.path} ({size(found.size)}, schema {found.schema_version})"
    yield "articles", f"{found.articles:,} in {number(found.categories, 'category', 'categories')}"
    if found.first_published_at:
        first, last = clock(found.first_published_at), clock(found.last_published_at)
        yield "published", f"{first} to {last} (China time)"
    yield "mentions", f"{found.mentions:,} of securities, boards and indices"
    yield "revisions", f"{found.revisions:,}"
    yield (
        "raw pages",
        f"{found.pages:,} ({size(found.pages_size)}, kept in {size(found.pages_stored)})",
    )
    for index, source in enumerate(found.sources):
        yield (
            "" if index else "sources",
            f"{source.articles:>7,}  {safe_line(source.source) or '(not named)'}",
        )
    for index, reject in enumerate(found.rejects):
        yield "" if index else "rejects", f"{reject.pages:>7,}  {reject.reason}"
    for index, run in enumerate(found.runs):
        asked = " ".join(f"{name}={value}" for name, value in run.arguments.items())
        yield (
            "" if index else "last runs",
            f"{clock(run.started_at)} UTC  {run.spider} {asked}: {run.outcome}"
            + (f", {safe_line(run.reason)}" if run.reason else ""),
        )
