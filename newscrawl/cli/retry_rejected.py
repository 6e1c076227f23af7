"""``newscrawl retry-rejected``: read rejected pages again, with the rules of this version."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from newscrawl.cli.options import TEXT, db_option, example, json_option
from newscrawl.cli.output import number, safe_line, say, to_json
from newscrawl.cli.writing import progress, writing

if TYPE_CHECKING:
    from newscrawl.retry import Retried


@click.command("retry-rejected", epilog=example("newscrawl retry-rejected --reason cut_off"))
@db_option()
@click.option(
    "--reason",
    "reasons",
    type=TEXT,
    metavar="WORD",
    multiple=True,
    help="Only what was rejected for this reason, for example not_a_post; may be given often.",
)
@json_option
def command(db: str, reasons: tuple[str, ...], as_json: bool) -> None:
    """Read rejected pages again, with the rules of this version.

    Nothing is fetched: their bytes are in the archive. What is an article now is stored, and is
    no reject any more; the rest stays.
    """
    from newscrawl.pages import REASONS

    for reason in reasons:
        if reason not in REASONS:
            raise click.UsageError(
                f"No page is rejected for {safe_line(reason)!r}; the reasons are "
                f"{', '.join(REASONS)}."
            )
    found = _retry(db, reasons)
    if as_json:
        click.echo(to_json(asdict(found)))
        return
    pages = number(found.tried, "page", "pages")
    click.echo(f"{pages} read again: {found.stored} stored, {found.remain} still rejected")
    if found.untried:
        click.echo(
            f"{found.untried} more cannot be: they have no bytes, are no single article, or are "
            "another article than the one asked for"
        )
    if found.overtaken:
        were = number(found.overtaken, "page was", "pages were")
        click.echo(f"{were} seen since to say something else: what is stored stays as it is")
    for each in found.errors:
        say(f"bug: {safe_line(each)}")


def _retry(db: str, reasons: tuple[str, ...]) -> Retried:
    from newscrawl.retry import count, retry

    asked = {"reason": ",".join(reasons)} if reasons else {}
    with writing(db, "retry-rejected", asked) as writer:
        with progress("reading", count(writer.connection, reasons)) as each:
            found = retry(writer, reasons, each=each)
        done = f"{found.stored} of {found.tried} rejected pages give an article now"
        writer.end(outcome="good", exit_code=0, reason=done)
    return found
