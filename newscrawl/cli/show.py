"""``newscrawl show``: one article."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from newscrawl.archive.article import StoredArticle, read_article
from newscrawl.archive.provenance import provenance
from newscrawl.archive.records import securities_of
from newscrawl.archive.revisions import FIELDS
from newscrawl.archive.revisions import as_of as as_of_time
from newscrawl.archive.shown_text import shown_lines
from newscrawl.cli.options import (
    MOMENT,
    TEXT,
    article_id,
    db_option,
    example,
    json_option,
    reading,
)
from newscrawl.cli.output import (
    cells,
    clock,
    labelled,
    number,
    safe_line,
    say,
    to_json,
    width,
    wrap,
)
from newscrawl.runs.outcome import Exit
from newscrawl.sites.summary import without_source

if TYPE_CHECKING:
    from newscrawl.store.connections import Connection


@click.command("show", epilog=example("newscrawl show NW202112282228490028"))
@click.argument("named", metavar="ID", type=TEXT)
@db_option()
@click.option(
    "--as-of", type=MOMENT, metavar="TIME", help="Show the version known at TIME (in China)."
)
@json_option
@click.pass_context
def show_command(ctx: click.Context, named: str, db: str, as_of: str | None, as_json: bool) -> None:
    """Show an article and its metadata.

    INFOCODE is an infoCode in any form, a share URL, the URL of one of its pages, or an ID such as
    finews:init.
    """
    with reading(db) as connection:
        wanted = article_id(connection, named)
        found = read_article(connection, wanted)
        if found is not None and as_of is not None:
            found = _at(connection, found, as_of)
        supplied = provenance(connection, wanted) if found is not None else {}
    if found is None:
        then = f" that was known at {as_of}" if as_of else ""
        say(f"{db} has no article {safe_line(wanted)}{then}.")
        ctx.exit(Exit.CRASHED)
    if as_json:
        click.echo(to_json({**asdict(found), "supplied_by": supplied}))
    else:
        for line in _lines(found, width()):
            click.echo(line)


def _at(connection: Connection, found: StoredArticle, time: str) -> StoredArticle | None:
    """Return the article with the fields that it had at *time*; None where it was not known."""
    version = as_of_time(connection, found.id, time)
    if version is None:
        return None
    return replace(found, **{name: getattr(version, name) for name in FIELDS})


def _lines(found: StoredArticle, limit: int | None) -> Iterator[str]:
    """Yield the article as a person reads it."""
    title = safe_line(found.title) or "(no title)"
    for line in wrap(title, limit):
        yield click.style(line, bold=True)
    yield "─" * min(cells(title), limit or 80)
    for name, text in _facts(found):
        yield from labelled(name, text, limit)
    for paragraph in shown_lines(found.body_text, found.body_html):
        yield ""
        yield from wrap(paragraph, limit)
    yield ""
    for observation in found.observations:
        yield from labelled(
            "seen",
            f"{clock(observation.last_seen_at)}  {observation.page_kind}  {observation.url}",
            limit,
        )
    if found.revisions:
        yield from labelled("revisions", number(found.revisions, "revision", "revisions"), limit)


def _facts(found: StoredArticle) -> Iterator[tuple[str, str]]:
    yield "id", found.id
    yield "published", _time(found)
    yield "time from", found.published_from or ""
    yield "source", found.source or ""
    yield (
        "categories",
        ", ".join(
            f"{each.category} ({each.name})" if each.name else each.category
            for each in found.categories
        ),
    )
    yield "tags", ", ".join(found.tags)
    yield "original", found.original_url or ""
    yield "share", found.share_url or ""
    yield (
        "mentions",
        ", ".join(
            f"{name} {security}".lstrip() for security, name in securities_of(found.mentions)
        ),
    )
    yield "lists", ", ".join(found.listings)
    if found.summary and without_source(found.summary) != found.body_text:
        yield "summary", found.summary


def _time(found: StoredArticle) -> str:
    """The time, and how precise it is."""
    if found.published_at is None:
        return "unknown"
    if found.published_precision == "day":
        return f"{found.published_at[:10]} (the time of day is not known)"
    shown = f"{clock(found.published_at)} {found.published_at[19:]}"
    return f"{shown} (to the {found.published_precision})"
