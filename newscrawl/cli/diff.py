"""``newscrawl diff``: what changed in an article."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise

import click

from newscrawl.archive.revisions import (
    Change,
    Piece,
    Version,
    article_versions,
    difference,
)
from newscrawl.cli.options import (
    TEXT,
    article_id,
    db_option,
    example,
    json_option,
    reading,
)
from newscrawl.cli.output import clock, safe, safe_line, say, to_json
from newscrawl.runs.outcome import Exit


@click.command("diff", epilog=example("newscrawl diff NW202112282228490028"))
@click.argument("named", metavar="ID", type=TEXT)
@db_option()
@json_option
@click.pass_context
def diff_command(ctx: click.Context, named: str, db: str, as_json: bool) -> None:
    """Show the changes between the revisions of an article.

    Removed text is shown in [-brackets-], added text in {+braces+}; on a terminal they are red
    and green. INFOCODE is as for `newscrawl show`.
    """
    with reading(db) as connection:
        wanted = article_id(connection, named)
        found = article_versions(connection, wanted)
    if not found:
        say(f"{db} has no article {safe_line(wanted)}.")
        ctx.exit(Exit.CRASHED)
    steps = list(pairwise(found))
    if as_json:
        click.echo(to_json([_as_dict(*step) for step in steps]))
        return
    if not steps:
        say(f"{wanted} has no recorded revisions.")
    for earlier, later in steps:
        for line in _lines(earlier, later):
            click.echo(line)


def _as_dict(earlier: Version, later: Version) -> dict[str, object]:
    return {
        "earlier": asdict(earlier),
        "later": asdict(later),
        "changes": [asdict(each) for each in difference(earlier, later)],
    }


def _lines(earlier: Version, later: Version) -> Iterator[str]:
    seen = f"seen {clock(earlier.observed_at)} to {clock(earlier.last_seen_at)} (China time)"
    yield click.style(f"--- {seen}", fg="red")
    yield click.style(f"+++ seen from {clock(later.observed_at)} (China time)", fg="green")
    field = None
    for change in difference(earlier, later):
        if change.field != field:
            field = change.field
            yield click.style(f"@@ {field} @@", fg="cyan")
        yield _line(change)


_SIGNS = {"gone": "- ", "new": "+ ", "changed": "~ "}


def _line(change: Change) -> str:
    whole = change.kind != "changed"
    return _SIGNS[change.kind] + "".join(_piece(each, whole=whole) for each in change.pieces)


def _piece(piece: Piece, *, whole: bool) -> str:
    text = safe(piece.text)
    if piece.kind == "same":
        return text
    begin, end, colour = ("[-", "-]", "red") if piece.kind == "gone" else ("{+", "+}", "green")
    return click.style(text if whole else f"{begin}{text}{end}", fg=colour, bold=not whole)
