"""``newscrawl audit``: whether the archive is complete for a period, as far as can be known."""

from __future__ import annotations

import re
from datetime import date
from itertools import groupby
from typing import Any

import click

from newscrawl.archive.audit import audit, hash_of
from newscrawl.cli.options import DAY, db_option, example, json_option, reading
from newscrawl.cli.output import number, safe_line, to_json
from newscrawl.runs.outcome import Exit
from newscrawl.sites.finews.retention import RETENTION_DAYS
from newscrawl.store.clock import utc_now
from newscrawl.store.values import moment
from newscrawl.text.china_time import CHINA, in_china

_HEADINGS = {
    "period": ("period", "periods"),
    "day": ("day", "days"),
    "run": ("run", "runs"),
    "listing": ("listing", "listings"),
    "gap": ("gap", "gaps"),
    "rejected": ("rejected page", "rejected pages"),
    "failed": ("article that could not be fetched", "articles that could not be fetched"),
    "listed": ("article that is not stored", "articles that are not stored"),
    "unknown": ("thing that cannot be known", "things that cannot be known"),
}
"""What a row is of, by its ``what``: one, several."""

_UTC = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+\+00:00")


@click.command(
    "audit", epilog=example("newscrawl audit --since 2022-06-01 --until 2022-06-14 --db demo.db")
)
@db_option()
@click.option(
    "--since", type=DAY, metavar="DAY", required=True, help="First day of publication (in China)."
)
@click.option(
    "--until", type=DAY, metavar="DAY", required=True, help="Last day of publication (in China)."
)
@json_option
def audit_command(db: str, since: date, until: date, as_json: bool) -> None:
    """Print whether the archive is complete for a period, and what that is known by.

    Runs, days and their hours, listings and their checks, gaps, rejected pages, articles that could
    not be fetched, and what cannot be known; times are in China. The last line is the SHA-256 of
    all rows, which --json prints. Ends with exit code 3 if anything may be missing.
    """
    if until < since:
        raise click.UsageError(f"--until {until} lies before --since {since}.")
    if until > moment(utc_now()).astimezone(CHINA).date():
        raise click.UsageError(f"--until {until} lies in the future.")
    with reading(db) as connection:
        rows = list(audit(connection, since, until, kept_days=RETENTION_DAYS))
    if as_json:
        click.echo(to_json({"rows": rows, "sha256": hash_of(rows)}))
    else:
        _print(rows)
        click.echo(f"SHA-256 {hash_of(rows)}")
    if not rows[-1]["is_complete"]:
        click.get_current_context().exit(Exit.DEGRADED)


def _print(rows: list[dict[str, Any]]) -> None:
    *facts, verdict = rows
    for what, group in groupby(facts, key=lambda row: row["what"]):
        found = list(group)
        click.secho(number(len(found), *_HEADINGS[what]), bold=True)
        for row in found:
            said = (f"{key} {_shown(value)}" for key, value in row.items() if key != "what")
            click.echo("  " + safe_line(", ".join(said)))
    if verdict["is_complete"]:
        click.secho("complete, as far as can be known", bold=True)
    else:
        click.secho("not known to be complete:", bold=True)
        for problem in verdict["problems"]:
            click.echo(f"  {safe_line(problem)}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={count}" for name, count in value.items()) or "none"
    if isinstance(value, str) and _UTC.fullmatch(value):
        return in_china(value)
    return "none" if value is None else str(value)
