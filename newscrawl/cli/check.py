"""``newscrawl check``: whether all that must agree in an archive does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newscrawl.cli.options import FILE, db_option, example, json_option, reading
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
    help="Make anew what can be: the search index, indexes, views, names, numbers, and, after a "
    "copy of the archive is made beside it, damaged articles from their stored pages.",
)  # fmt: skip
@click.option(
    "--continues", type=FILE, metavar="OLD",
    help="Check only whether the archive is a later state of the archive OLD.",
)  # fmt: skip
@json_option
@click.pass_context
def command(
    ctx: click.Context, db: str, quick: bool, repair: bool, continues: str | None, as_json: bool
) -> None:
    """Check that all that must agree in the archive does.

    The file itself, its tables, references between them, sequence numbers, the ledgers of the
    runs, each article against what its pages say, each page against its hash, and the search index
    against the texts. It may run while a crawl writes.

    The exit code is 1 where something does not agree. --repair touches no article before it has
    copied the archive to FILE.before-repair-TIME. What it cannot mend, a copy that `newscrawl
    backup` made has.

    With --continues OLD both are read only: the archive continues OLD where it is the same one
    (`archive_id`, which copies keep) and has all runs and articles of OLD. Ask it before a copy is
    replaced by a newer one. An archive that --rebuild made anew does not continue what was there.
    """
    if continues is not None:
        if repair:
            raise click.UsageError("--continues only compares; give one of it and --repair.")
        found = _breaks(continues, db)
        ctx.exit(_report_breaks(continues, db, found, as_json=as_json))
    found = _examine(db, quick=quick)
    if repair and any(each.can_repair for each in found):
        if any(each.kind == "file" for each in found):
            raise click.ClickException(
                f"{db} itself is damaged, and nothing in it is repaired: restore a backup."
            )
        _repair(db, sorted({each.info_code for each in found if each.info_code}))
        found = _examine(db, quick=quick)
    if as_json:
        click.echo(to_json([asdict(each) for each in found]))
    else:
        _print(db, found)
        if not any(each.kind in ("file", "schema", "tables") for each in found):
            _note_open_run(db)
    ctx.exit(Exit.CRASHED if found else Exit.GOOD)


def _examine(db: str, *, quick: bool) -> list[Finding]:
    from newscrawl.checking import examine, work

    with (
        reading(db) as connection,
        progress("checking", 0 if quick else work(connection)) as each,
    ):
        return list(examine(connection, quick=quick, each=each))


def _breaks(old: str, new: str) -> list[Finding]:
    from newscrawl.checking import Finding
    from newscrawl.continuity import breaks

    with reading(old) as before, reading(new) as after:
        return [Finding("continues", sentence) for sentence in breaks(before, after)]


def _report_breaks(old: str, new: str, found: Sequence[Finding], *, as_json: bool) -> Exit:
    if as_json:
        click.echo(to_json([asdict(each) for each in found]))
        return Exit.CRASHED if found else Exit.GOOD
    for each in found:
        click.echo(f"{each.kind}: {safe_line(each.sentence)}")
    say(f"{new} does not continue {old}." if found else f"{new} continues {old}.")
    return Exit.CRASHED if found else Exit.GOOD


def _repair(db: str, info_codes: list[str]) -> None:
    """Make anew what can be, and these articles from their pages, after a copy is made."""
    from newscrawl.checking import remake, repair

    if info_codes:
        _copy_before(db)
    with writing(db, "check", {"repair": True}) as writer:
        if info_codes:
            remake(writer, info_codes)
        repair(writer.connection)
        some = f"{number(len(info_codes), 'article', 'articles')}, and " if info_codes else ""
        made = f"made anew {some}what is made from the articles"
        writer.end(outcome="good", exit_code=0, reason=made)
    say(f"Repaired: {made}. Looking again.")


def _copy_before(db: str) -> None:
    from newscrawl.store.backup import back_up
    from newscrawl.store.clock import utc_now

    copy = Path(f"{db}.before-repair-{utc_now()[:19].replace(':', '')}")
    with reading(db) as connection:
        back_up(connection, copy)
    say(f"Before articles are touched, {db} was copied to {copy}.")


def _note_open_run(db: str) -> None:
    """Say it where the archive's last run has no end: a copy of a file in use looks so."""
    from newscrawl.store.lock import WriterLock

    with reading(db) as connection:
        last = connection.execute(
            "SELECT id, started_at, outcome FROM runs ORDER BY id DESC LIMIT 1"
        ).fetchone()
    is_writing = WriterLock(os.path.realpath(db)).names_a_living_holder()
    if last is not None and last["outcome"] == "running" and not is_writing:
        say(
            f"Run {last['id']} of {last['started_at']} never ended: it was killed, or this is a "
            "copy of a file in use, made without its -wal, and lacks what the run stored after. "
            "Copy with `newscrawl backup`."
        )


def _print(db: str, found: Sequence[Finding]) -> None:
    for each in found:
        click.echo(f"{each.kind}: {safe_line(each.sentence)}")
    if not found:
        say(f"{db} agrees with itself.")
        return
    said = f"{number(len(found), 'thing does', 'things do')} not agree."
    if any(each.can_repair for each in found):
        said += " --repair mends what can be made anew."
    if not all(each.can_repair or each.kind == "schema" for each in found):
        said += " For the rest, restore a copy that `newscrawl backup` made."
    say(said)
