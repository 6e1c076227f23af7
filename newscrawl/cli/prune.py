"""``newscrawl prune``: give back the space of what is old and can be done without."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newscrawl.cli.options import db_option, example, json_option, reading
from newscrawl.cli.output import clock, number, print_table, say, size, to_json
from newscrawl.cli.writing import progress

if TYPE_CHECKING:
    from newscrawl.store.prune import Prunable, What

_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
LEAST = 30
"""Days: younger pages are still compared with what the site shows."""
MOST = 99 * _DAYS["y"]


class Age(click.ParamType[int]):
    """An age as 90d, 12w, 6m or 1y."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the days."""
        found = re.fullmatch(r"([0-9]{1,4})([dwmy])", str(value))
        if found is None:
            self.fail(f"{value!r} is not an age; use for example 90d, 6m or 1y.", param, ctx)
        days = int(found[1]) * _DAYS[found[2]]
        if days > MOST:
            self.fail(f"{value!r} is too old; the most is 99y.", param, ctx)
        if days < LEAST:
            self.fail(f"{value!r} is too young; the least is {LEAST}d.", param, ctx)
        return days


@click.command("prune", epilog=example("newscrawl prune --raw-pages --older-than 1y"))
@db_option()
@click.option("--raw-pages", is_flag=True, help="The bytes of pages last seen before; see below.")
@click.option("--rejects", is_flag=True, help="Rejected pages last seen before, with their bytes.")
@click.option("--runs", is_flag=True, help="Runs that ended before, but for the last ones.")
@click.option(
    "--older-than", "days", type=Age(), metavar="AGE", required=True, help="90d, 12w, 6m or 1y."
)
@click.option("--yes", is_flag=True, help="Remove it without confirmation.")
@json_option
def prune_command(
    db: str, raw_pages: bool, rejects: bool, runs: bool, days: int, yes: bool, as_json: bool
) -> None:
    """Show what is old and can be done without; after confirmation, remove it.

    Articles, their revisions and gaps are never removed, nor the bytes of post files. Of a raw page
    its hash and size are kept, and when it was pruned; better rules can no longer be applied to it
    (newscrawl reextract leaves its article as it is). Make a backup first: newscrawl backup FILE.

    Ages are counted back from the archive's last run. The space is given back to the disk; this
    needs as much free space as the archive has left, beside it and in $SQLITE_TMPDIR (or /var/tmp).
    """
    from newscrawl.store.prune import cutoff, prunable, was_stopped

    chosen: list[What] = []
    chosen += ["raw_pages"] if raw_pages else []
    chosen += ["rejects"] if rejects else []
    chosen += ["runs"] if runs else []
    if not chosen:
        raise click.UsageError("Name what is to go: --raw-pages, --rejects or --runs.")
    with reading(db) as connection:
        before = cutoff(connection, days)
        found = [prunable(connection, what, before) for what in chosen]
        stopped = was_stopped(connection)
    _show(found, as_json=as_json)
    is_any = any(each.rows for each in found)
    if stopped:
        say("An earlier prune was stopped: the space of what it removed is not given back yet.")
    if not is_any and not stopped:
        say("Nothing is that old.")
    elif yes or _is_confirmed("Remove it?" if is_any else "Give it back?"):
        _remove(db, found, before)


def _show(found: list[Prunable], *, as_json: bool) -> None:
    if as_json:
        click.echo(to_json([each._asdict() for each in found]))
        return
    rows = [
        (each.what.replace("_", " "), f"{each.rows:,}", size(each.size), clock(each.first_at),
         clock(each.last_at))
        for each in found
    ]  # fmt: skip
    print_table(("what", "rows", "size", "from", "until"), rows, wide="what")


def _is_confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("Nothing was removed. Add --yes to remove what is listed.")
    return click.confirm(question, err=True)


def _remove(db: str, found: list[Prunable], before: str) -> None:
    from newscrawl.store.errors import explained
    from newscrawl.store.prune import give_back, prune
    from newscrawl.store.target import Target

    target = Target(db)
    size_before = Path(target.path).stat().st_size
    try:
        with explained(db):
            for each in found:
                with progress(f"pruning {each.what.replace('_', ' ')}", each.rows) as step:
                    rows = prune(target.db, each.what, before, each=step)
                say(f"{number(rows, 'row', 'rows')} of {each.what} pruned")
            give_back(target.db)
    finally:
        target.finish(good=True)
    given = size_before - Path(target.path).stat().st_size
    say(f"{size(max(given, 0))} given back to the disk")
