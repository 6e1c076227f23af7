"""``newscrawl backup``: a consistent copy, also while a run writes."""

from __future__ import annotations

from pathlib import Path

import click

from newscrawl.cli.options import FILE, db_option, example, reading
from newscrawl.cli.output import say, size
from newscrawl.store.backup import back_up


@click.command("backup", epilog=example("newscrawl backup /backups/news.db"))
@click.argument("file", type=FILE)
@db_option()
def backup_command(file: str, db: str) -> None:
    """Copy the archive to FILE, consistently, also while a run is writing.

    An existing copy is replaced only when the new one is complete and on disk; a file of another
    program is never replaced. The copy is verified before the command ends.
    """
    from rich.progress import Progress

    from newscrawl.cli.terminal import stderr

    target = Path(file)
    console = stderr()
    with (
        reading(db) as connection,
        Progress(console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task("copying", total=None)
        back_up(
            connection, target,
            each=lambda left, total: bar.update(task, total=total, completed=total - left),
        )  # fmt: skip
    say(f"{db} copied to {file} ({size(target.stat().st_size)})")
