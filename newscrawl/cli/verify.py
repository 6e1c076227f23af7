"""``newscrawl verify``: the integrity of an archive."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newscrawl.cli.options import FILE, db_option, example, json_option, reading
from newscrawl.cli.output import clock, number, safe_line, say, to_json
from newscrawl.cli.writing import progress, writing
from newscrawl.runs.outcome import Exit

if TYPE_CHECKING:
    from newscrawl.store.integrity import Problem


@click.command("verify", epilog=example("newscrawl verify --db data/news.db"))
@db_option()
@click.option("--quick", is_flag=True, help="Skip the checks that read every text and every page.")
@click.option(
    "--repair", is_flag=True,
    help="Rebuild what can be rebuilt: the search index, indexes, views, names, numbers and, after "
    "the archive is copied, damaged articles from their stored pages.",
)  # fmt: skip
@click.option(
    "--continues", type=FILE, metavar="OLD",
    help="Only check whether the archive is a later state of the archive OLD.",
)  # fmt: skip
@json_option
@click.pass_context
def verify_command(
    ctx: click.Context, db: str, quick: bool, repair: bool, continues: str | None, as_json: bool
) -> None:
    """Verify archive integrity.

    Checks the file, its tables and their references, sequence numbers, run statistics, each
    article against its pages, each page against its hash, and the search index against the texts.
    It can run while a crawl is writing. The exit code is 1 if a problem is found; after an upgrade
    it may say that the next run will migrate the archive, which is not one.

    --repair copies the archive to FILE.before-repair-TIME before it changes stored rows. It
    removes triggers, and indexes that are not newscrawl's. If the file is damaged, or a table
    altered, it moves all readable rows into a new file and reports the rows that are lost: a copy
    made by `newscrawl backup` may have them.

    --continues OLD only reads: the archive continues OLD if it is the same one (`archive_id`,
    which copies keep) and has all runs and articles of OLD. Use it before a copy is replaced by a
    newer one. An archive made by --rebuild does not continue the previous one.
    """
    if continues is not None:
        if repair:
            raise click.UsageError("--continues and --repair cannot be combined.")
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
    # After an upgrade the schema is older, which is not damage.
    ctx.exit(Exit.CRASHED if any(each.kind != "schema" for each in found) else Exit.OK)


def _examine(db: str, *, quick: bool) -> list[Problem]:
    from newscrawl.runs.verify import find_problems
    from newscrawl.store.integrity import steps_of

    with (
        reading(db, as_found=True) as connection,
        progress("checking", 0 if quick else steps_of(connection)) as each,
    ):
        return list(find_problems(connection, quick=quick, each=each))


def _must_salvage(found: Sequence[Problem]) -> bool:
    """Whether the file is damaged, or a table altered, so that the rows go into a new one.

    That has the present schema: of an earlier one it would lack what a migration adds.
    """
    if any(each.kind == "schema" for each in found):
        return False
    return any(each.kind in ("file", "tables") and not each.can_repair for each in found)


def _breaks(old: str, new: str) -> list[Problem]:
    from newscrawl.archive.continuity import breaks
    from newscrawl.store.integrity import Problem

    with reading(old) as before, reading(new) as after:
        return [Problem("continues", sentence) for sentence in breaks(before, after)]


def _report_breaks(old: str, new: str, found: Sequence[Problem], *, as_json: bool) -> Exit:
    if as_json:
        click.echo(to_json([asdict(each) for each in found]))
        return Exit.CRASHED if found else Exit.OK
    for each in found:
        click.echo(f"{each.kind}: {safe_line(each.sentence)}")
    say(f"{new} does not continue {old}." if found else f"{new} continues {old}.")
    return Exit.CRASHED if found else Exit.OK


def _salvage(db: str) -> bool:
    """Replace a damaged archive with a new one that has every row that can be read.

    Return whether something is lost that the pages of articles may say again.
    """
    from newscrawl.store.clock import utc_now
    from newscrawl.store.lock import WriterLock
    from newscrawl.store.salvage import OF_ARTICLES, replace_by_salvaged

    file = Path(os.path.realpath(db))
    lock = WriterLock(file).acquire(utc_now())
    try:
        kept = _name_before(db)
        saved = replace_by_salvaged(file, kept)
    finally:
        lock.release()
    say(f"{db} was damaged: its rows were put into a new file. As it was, it is {kept}.")
    for each in saved:
        for lost in each.lost:
            say(f"Lost: {lost}.")
    return any(each.lost for each in saved if each.table in OF_ARTICLES)


def _repair(db: str, found: Sequence[Problem], *, quick: bool, reread: bool) -> None:
    """Rebuild what can be rebuilt: first the parts of the file, then articles from their pages.

    *reread*: all articles, and not only those that are found to be damaged.
    """
    from newscrawl.runs.verify import repair_archive, repair_articles
    from newscrawl.store.stored_pages import article_ids as all_article_ids

    if any(each.touches for each in found):
        _copy_before(db)
    if lost := repair_archive(db):
        say(f"Lost: the bytes of {number(lost, 'raw page', 'raw pages')}; a backup may have them.")
    # By indexes that are right again, and with the articles that were brought back.
    if reread:
        with reading(db) as connection:
            article_ids = list(all_article_ids(connection))
    else:
        # Those that were brought back have no texts yet, which a quick check does not see.
        again = [*found, *_examine(db, quick=quick)]
        article_ids = sorted({each.article_id for each in again if each.article_id})
    if any(each.kind == "schema" for each in found):
        say("Repaired: recreated newscrawl's own tables and indexes. Verifying again.")
        return
    with writing(db, "verify", {"repair": True}) as writer:
        if article_ids:
            repair_articles(writer, article_ids)
        some = f"{number(len(article_ids), 'article', 'articles')}, and " if article_ids else ""
        made = f"rebuilt {some}what is derived from the articles"
        writer.end(outcome="ok", exit_code=0, reason=made)
    say(f"Repaired: {made}. Verifying again.")


def _copy_before(db: str) -> None:
    """Copy the archive as it is: a backup would refuse one that is damaged."""
    from newscrawl.store.backup import copy_as_found
    from newscrawl.store.restore import give_owner

    copy = _name_before(db)
    with reading(db, as_found=True) as connection:
        copy_as_found(connection, copy)
    give_owner(Path(os.path.realpath(db)), copy)
    say(f"Before anything is altered, {db} was copied to {copy}.")


def _name_before(db: str) -> Path:
    """Return a name that no file has: a repair may keep two in one second."""
    from newscrawl.store.clock import utc_now
    from newscrawl.store.write_ahead_log import unused

    return unused(Path(f"{os.path.realpath(db)}.before-repair-{utc_now()[:19].replace(':', '')}"))


def _note_open_run(db: str) -> None:
    """Report a last run that never ended: a copy of a file in use has one."""
    from newscrawl.store.lock import WriterLock

    with reading(db, as_found=True) as connection:
        last = connection.execute(
            "SELECT id, started_at, outcome FROM runs ORDER BY id DESC LIMIT 1"
        ).fetchone()
    is_writing = WriterLock(os.path.realpath(db)).names_a_living_holder()
    if last is not None and last["outcome"] == "running" and not is_writing:
        say(
            f"Run {last['id']} of {clock(last['started_at'])} (China time) never ended: it was "
            "killed, or this is a copy of a file in use, made without its -wal, "
            "and lacks what the run stored after. Copy with `newscrawl backup`."
        )


def _print(db: str, found: Sequence[Problem]) -> None:
    for each in found:
        click.echo(f"{each.kind}: {safe_line(each.sentence)}")
    if not found:
        say(f"{db} is OK.")
    if all(each.kind == "schema" for each in found):
        return
    said = f"{number(len(found), 'problem', 'problems')} found."
    if _must_salvage(found):
        said += " --repair puts what can be read into a new file."
    elif any(each.can_repair for each in found):
        said += " --repair rebuilds what can be rebuilt."
    if not all(each.can_repair or each.kind == "schema" for each in found):
        if any(each.kind == "schema" for each in found):
            said += " Repair the rest with the newscrawl that wrote it, or"
        else:
            said += " For the rest,"
        said += " restore a copy that `newscrawl backup` made."
    say(said)
