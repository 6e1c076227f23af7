"""``newscrawl check``: whether all that must agree in an archive does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from newscrawl.cli.options import db_option, example, json_option, reading
from newscrawl.cli.output import number, safe_line, say, to_json
from newscrawl.cli.writing import progress, writing
from newscrawl.outcome import Exit

if TYPE_CHECKING:
    from newscrawl.checking import Finding


@click.command("check", epilog=example("newscrawl check --db data/news.db"))
@db_option()
@click.option("--quick", is_flag=True, help="Leave out what reads every text and every page.")
@click.option(
    "--repair", is_flag=True,
    help="Make anew what is made from the articles: the search index, indexes, views, names.",
)  # fmt: skip
@json_option
@click.pass_context
def command(ctx: click.Context, db: str, quick: bool, repair: bool, as_json: bool) -> None:
    """Check that all that must agree in the archive does.

    The file itself, its tables, references between them, sequence numbers, the ledgers of the
    runs, each article against what its pages say, each page against its hash, and the search index
    against the texts. It may run while a crawl writes.

    The exit code is 1 where something does not agree. --repair never touches an article or a page:
    where these are damaged, restore a copy that `newscrawl backup` made.
    """
    found = _examine(db, quick=quick)
    if repair and any(each.can_repair for each in found):
        if any(each.kind == "file" for each in found):
            raise click.ClickException(
                f"{db} itself is damaged, and nothing in it is repaired: restore a backup."
            )
        _repair(db)
        found = _examine(db, quick=quick)
    if as_json:
        click.echo(to_json([asdict(each) for each in found]))
    else:
        _print(db, found)
    ctx.exit(Exit.CRASHED if found else Exit.GOOD)


def _examine(db: str, *, quick: bool) -> list[Finding]:
    from newscrawl.checking import examine, work

    with (
        reading(db) as connection,
        progress("checking", 0 if quick else work(connection)) as each,
    ):
        return list(examine(connection, quick=quick, each=each))


def _repair(db: str) -> None:
    from newscrawl.checking import repair

    with writing(db, "check", {"repair": True}) as writer:
        repair(writer.connection)
        writer.end(outcome="good", exit_code=0, reason="made anew what is made from the articles")
    say("Repaired what is made from the articles; looking again.")


def _print(db: str, found: Sequence[Finding]) -> None:
    for each in found:
        click.echo(f"{each.kind}: {safe_line(each.sentence)}")
    if not found:
        say(f"{db} agrees with itself.")
        return
    said = f"{number(len(found), 'thing does', 'things do')} not agree."
    if any(each.can_repair for each in found):
        said += " --repair mends what is made from the articles."
    if not all(each.can_repair for each in found):
        said += " For the rest, restore a copy that `newscrawl backup` made."
    say(said)
