"""``newscrawl check``: whether all that must agree in an archive does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newscrawl.cli.options import FILE, db_option, example, json_option, reading
from newscrawl.cli.output import number, safe_line, say, to_json
from newscrawl.cli.writing import progress, writing
from newscrawl.outcome import Exit
from newscrawl.store.errors import explain

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

    The exit code is 1 where something does not agree. --repair alters nothing that is stored
    before it has copied the archive to FILE.before-repair-TIME. It removes triggers, and indexes
    that are not newscrawl's; where the file is damaged, or a table altered, it puts all rows that
    can be read into a new file, and says which cannot: a copy that `newscrawl backup` made may
    have them.

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
    reread = False
    if repair and _must_salvage(found):
        reread = _salvage(db)
        found = _examine(db, quick=quick)
    if reread or (repair and any(each.can_repair for each in found)):
        _repair(db, found, quick=quick, reread=reread)
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
        reading(db, as_found=True) as connection,
        progress("checking", 0 if quick else work(connection)) as each,
    ):
        return list(examine(connection, quick=quick, each=each))


def _must_salvage(found: Sequence[Finding]) -> bool:
    """Whether the file is damaged, or a table altered, so that the rows go into a new one."""
    return any(each.kind in ("file", "tables") and not each.can_repair for each in found)


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


def _salvage(db: str) -> bool:
    """Put a new archive in the place of a damaged one, with all that can be read of that.

    Return whether something is lost that the pages of articles may say again.
    """
    from newscrawl.salvage import OF_ARTICLES, replace_by_salvaged
    from newscrawl.store.clock import utc_now
    from newscrawl.store.lock import WriterLock

    file = Path(os.path.realpath(db))
    lock = WriterLock(file).acquire(utc_now())
    try:
        kept = Path(f"{db}.before-repair-{utc_now()[:19].replace(':', '')}")
        saved = replace_by_salvaged(file, kept)
    finally:
        lock.release()
    say(f"{db} was damaged: its rows were put into a new file. As it was, it is {kept}.")
    for each in saved:
        for lost in each.lost:
            say(f"Lost: {lost}.")
    return any(each.lost for each in saved if each.table in OF_ARTICLES)


def _repair(db: str, found: Sequence[Finding], *, quick: bool, reread: bool) -> None:
    """Rebuild what can be rebuilt: first the structure of the file, then articles from their pages.

    *reread*: all articles, and not only those that are found to be damaged.
    """
    from newscrawl.checking import info_codes_of, remake

    if any(each.touches for each in found):
        _copy_before(db)
    _repair_file(db)
    # By indexes that are right again, and with the articles that were brought back.
    if reread:
        with reading(db) as connection:
            info_codes = info_codes_of(connection)
    else:
        again = _examine(db, quick=quick)
        info_codes = sorted({each.info_code for each in again if each.info_code})
    if any(each.kind == "schema" for each in found):
        say("Repaired: made anew what newscrawl makes. Looking again.")
        return
    with writing(db, "check", {"repair": True}) as writer:
        if info_codes:
            remake(writer, info_codes)
        some = f"{number(len(info_codes), 'article', 'articles')}, and " if info_codes else ""
        made = f"made anew {some}what is made from the articles"
        writer.end(outcome="good", exit_code=0, reason=made)
    say(f"Repaired: {made}. Looking again.")


def _repair_file(db: str) -> None:
    """Repair what keeps a run from opening the archive, with the lock that a run takes."""
    from newscrawl.checking import repair
    from newscrawl.store.archive import BUSY_TIMEOUT
    from newscrawl.store.clock import utc_now
    from newscrawl.store.lock import WriterLock

    file = os.path.realpath(db)
    lock = WriterLock(file).acquire(utc_now())
    try:
        with closing(
            sqlite3.connect(file, timeout=BUSY_TIMEOUT, isolation_level=None)
        ) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            repair(connection)
    except sqlite3.Error as error:
        raise explain(error, db) from error
    finally:
        lock.release()


def _copy_before(db: str) -> None:
    """Copy the archive as it is: a backup would refuse one that is damaged."""
    from newscrawl.store.clock import utc_now

    copy = Path(f"{db}.before-repair-{utc_now()[:19].replace(':', '')}")
    with reading(db, as_found=True) as connection, closing(sqlite3.connect(copy)) as target:
        connection.backup(target)
    say(f"Before anything is altered, {db} was copied to {copy}.")


def _note_open_run(db: str) -> None:
    """Say it where the archive's last run has no end: a copy of a file in use looks so."""
    from newscrawl.store.lock import WriterLock

    with reading(db, as_found=True) as connection:
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
