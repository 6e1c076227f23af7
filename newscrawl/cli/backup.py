"""``newscrawl backup``: a consistent copy, also while a run writes."""

from __future__ import annotations

import re
from pathlib import Path

import click

from newscrawl.cli.options import FILE, db_option, example, reading
from newscrawl.cli.output import say, size
from newscrawl.store import identity
from newscrawl.store.backup import back_up
from newscrawl.store.clock import utc_now
from newscrawl.store.errors import StoreError


@click.command("backup", epilog=example("newscrawl backup /backups/news.db"))
@click.argument("file", type=FILE)
@db_option()
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="FILE is a folder: write a dated copy into it, and keep the last N of this archive.",
)
def backup_command(file: str, db: str, keep: int | None) -> None:
    """Copy the archive to FILE, consistently, also while a run is writing.

    An existing copy is replaced only when the new one is complete and on disk; a file of another
    program is never replaced. The copy is verified before the command ends.

    --keep names the copies as news-2026-11-28T050000Z.db, after the archive, and removes the
    oldest of those of the same archive once the new one is complete.
    """
    target = Path(file) if keep is None else _dated(Path(file), Path(db))
    _copy(db, target)
    if keep is not None:
        _remove_old(target, Path(db), keep)


def _dated(folder: Path, db: Path) -> Path:
    """Return the name of a copy that is made now."""
    if folder.exists() and not folder.is_dir():
        raise click.UsageError(f"{folder} is not a folder; with --keep, name one.")
    return folder / f"{db.stem}-{utc_now()[:19].replace(':', '')}Z{db.suffix}"


def _remove_old(newest: Path, db: Path, keep: int) -> None:
    """Remove all dated copies of the archive but the last ones."""
    name = re.compile(rf"{re.escape(db.stem)}-\d{{4}}-\d\d-\d\dT\d{{6}}Z{re.escape(db.suffix)}")
    # One that is dated after the one just made is older: the clock was ahead then.
    copies = sorted(
        (each for each in newest.parent.iterdir() if name.fullmatch(each.name)),
        key=lambda each: (each.name <= newest.name, each.name),
    )
    ours = [each for each in copies if _archive_of(each) == _archive_of(newest)]
    for old in ours[:-keep]:
        old.unlink()
        say(f"{old} removed")


def _archive_of(copy: Path) -> str | None:
    """Return the id of the archive that a file is a copy of; None where it cannot be read."""
    try:
        with reading(str(copy)) as connection:
            return identity.archive_id(connection)
    except StoreError:
        return None


def _copy(db: str, target: Path) -> None:
    from rich.progress import Progress

    from newscrawl.cli.terminal import stderr

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
    say(f"{db} copied to {target} ({size(target.stat().st_size)})")
