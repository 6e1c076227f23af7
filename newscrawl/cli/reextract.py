"""``newscrawl reextract``: read the stored pages again, with the rules of this version."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from newscrawl.cli.options import db_option, example, json_option, reading
from newscrawl.cli.output import safe, safe_line, say, to_json
from newscrawl.cli.writing import progress, writing

if TYPE_CHECKING:
    from newscrawl.runs.reextract import Survey


@click.command("reextract", epilog=example("newscrawl reextract --db data/news.db --yes"))
@db_option()
@click.option("--yes", is_flag=True, help="Write the changes without confirmation.")
@json_option
def reextract_command(db: str, yes: bool, as_json: bool) -> None:
    """Extract all articles again from their stored pages, with the rules of this version.

    Shows first in how many articles each field would change, and asks for confirmation. Changed
    articles get a new seq; no revision is recorded.
    """
    from newscrawl.runs.reextract import survey
    from newscrawl.store.stored_pages import count_articles

    with reading(db) as connection, progress("reading", count_articles(connection)) as each:
        found = survey(connection, each=each)
    if as_json:
        click.echo(to_json(_as_dict(found)))
    else:
        _print(found)
    if not found.changed and not found.older:
        return
    if not yes:
        if not sys.stdin.isatty():
            say("Nothing was written. Add --yes to write the changes.")
            return
        question = safe(f"Write {_what_changes(found)} to {db}?")
        click.confirm(question, abort=True, err=True)
    _write(db)
    say(f"Written: {found.changed} articles.")


def _write(db: str) -> None:
    from newscrawl.runs.reextract import rewrite
    from newscrawl.store.stored_pages import count_articles

    with writing(db, "reextract", {}) as writer:
        with progress("writing", count_articles(writer.connection)) as each:
            found = rewrite(writer, each=each)
        changes = f"{found.changed} of {found.articles} articles changed"
        writer.end(outcome="ok", exit_code=0, reason=changes)


def _what_changes(found: Survey) -> str:
    if found.changed:
        return f"the {found.changed} changed articles"
    return f"that {found.older} pages, read by older rules, give the same articles"


def _as_dict(found: Survey) -> dict[str, object]:
    return {
        "articles": found.articles,
        "changed": found.changed,
        "pages_of_older_rules": found.older,
        "fields": dict(found.fields),
        "pruned": found.pruned,
        "unreadable": found.unreadable,
    }


def _print(found: Survey) -> None:
    click.echo(f"{found.changed} of {found.articles} articles would change")
    for name, number in found.fields.most_common():
        click.echo(f"  {name}: {number}")
    if found.pruned:
        say(f"{found.pruned:,} pages were pruned: their articles stay as they are")
    for each in found.unreadable:
        click.echo(f"  stays as it is: {safe_line(each)}")
