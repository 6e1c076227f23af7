"""``newscrawl restore``: a copy of the archive in the archive's place."""

from __future__ import annotations

from pathlib import Path

import click

from newscrawl.cli.options import FILE, db_option, example
from newscrawl.cli.output import number, say


@click.command("restore", epilog=example("newscrawl restore /backups/news.db"))
@click.argument("backup", type=FILE)
@db_option()
@click.option(
    "--of-another", is_flag=True,
    help="Also replace a file that is another archive, or none; it is kept under another name.",
)  # fmt: skip
def restore_command(backup: str, db: str, of_another: bool) -> None:
    """Replace the archive with a copy of BACKUP.

    BACKUP is a file made by `newscrawl backup`; it is verified first, and is not changed. The
    previous file is kept as FILE.before-restore-TIME, with its write-ahead log. While a run is
    writing the archive, nothing is restored (exit code 5).

    Readers that follow `seq` must go back, too: sequence numbers assigned after the copy was made
    are assigned again.
    """
    from newscrawl.store.restore import restore

    done = restore(Path(backup), Path(db), of_another=of_another)
    articles = number(done.articles, "article", "articles")
    last = f", last {done.last_run}" if done.last_run else ""
    say(f"{db} restored from {backup}: {articles}{last}.")
    if done.kept is not None:
        say(f"The previous file is kept as {done.kept}.")
