"""``newscrawl status``: crawl health and coverage."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newscrawl.archive.status import (
    DUE_SOON,
    STATES,
    Gap,
    ListingStatus,
    RunStatus,
    Status,
    status,
)
from newscrawl.cli.every import Interval
from newscrawl.cli.files import refuse_sqlite
from newscrawl.cli.options import WORD, db_option, example, json_option, reading
from newscrawl.cli.output import (
    clock,
    console,
    labelled,
    number,
    safe_line,
    size,
    to_json,
    width,
)
from newscrawl.items import ENDS
from newscrawl.runs.outcome import Exit
from newscrawl.store.clock import utc_now
from newscrawl.store.values import moment

if TYPE_CHECKING:
    from rich.text import Text

LISTINGS = 20
BARS = "▁▂▃▄▅▆▇█"
_STYLES = {"ok": "green", "running": "cyan", "killed": "red", "degraded": "yellow"}


@click.command("status", epilog=example("newscrawl status --db data/demo.db"))
@db_option()
@click.option(
    "--prometheus",
    type=WORD,
    metavar="FILE",
    help="Write the state as metrics into this file, for the node exporter's textfile collector.",
)
@click.option(
    "--fail-after",
    type=Interval(),
    metavar="1h",
    help="Check health instead: exit with code 3 if no run has been ok for so long, a gap was "
    "noticed since, or a listing may soon drop unseen articles.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=LISTINGS,
    show_default=True,
    metavar="N",
    help="Maximum number of listings and gaps.",
)
@json_option
def status_command(
    db: str, prometheus: str | None, fail_after: int | None, limit: int, as_json: bool
) -> None:
    """Show crawl health and coverage.

    The last runs and whether their statistics balance, new articles per hour, when each listing was
    checked and how long until it may drop unseen articles, gaps, and rejected pages. All times
    are in China.
    """
    from newscrawl.sites.finews.retention import RETENTION_DAYS

    with reading(db) as connection:
        found = status(connection, utc_now(), days=RETENTION_DAYS)
    if prometheus:
        _write_metrics(Path(prometheus), found)
    if fail_after is not None:
        _check_health(found, fail_after, RETENTION_DAYS, as_json=as_json)
    elif as_json:
        click.echo(to_json(found))
    elif not prometheus:
        _print(found, limit, RETENTION_DAYS)


def _check_health(found: Status, seconds: int, days: int, *, as_json: bool) -> None:
    """Print what is wrong, and exit with a code that says whether anything is."""
    from newscrawl.archive.health import problems

    said = problems(found, seconds=seconds, days=days)
    if as_json:
        click.echo(to_json({"is_healthy": not said, "problems": said}))
    else:
        click.echo("\n".join(map(safe_line, said)) or "healthy")
    if said:
        click.get_current_context().exit(Exit.DEGRADED)


def _write_metrics(path: Path, found: Status) -> None:
    from newscrawl.archive import metrics

    try:
        refuse_sqlite(path)
        metrics.write_metrics(path, found)
    except OSError as error:
        raise click.UsageError(f"Could not write {path}: {error.strerror}.") from error


def _print(found: Status, limit: int, days: int) -> None:
    for name, text in _facts(found):
        for line in labelled(name, text, width()):
            click.echo(line)
    _table("last runs", ("id", "began", "took", "spider", "outcome", "pages"),
           map(_run_row, found.runs))  # fmt: skip
    live = [each for each in found.listings if each.state != "missing"]
    _table(
        "listings",
        ("name", "last check", "last news", "asked", "time left"),
        (_listing_row(each, days) for each in live[:limit]),
    )
    _more(len(live) - limit, "listing", "listings")
    _table("gaps", ("name", "from", "until"), map(_gap_row, found.gaps[:limit]))
    _more(len(found.gaps) - limit, "gap", "gaps")
    _table("rejects", ("reason", "pages", "last seen", "for example"),
           ((each.reason, str(each.pages), _short(each.last_seen_at), each.example)
            for each in found.rejects))  # fmt: skip
    if found.rejects:
        click.echo("  After a fix, `newscrawl retry-rejected` reads them again.")
    if found.suspicious:
        click.echo("  `newscrawl retry-rejected --reason suspicious` lists what may be accepted.")
    for rule in found.dead_rules:
        click.echo(f"the rule {safe_line(rule)} no longer matches")


def _facts(found: Status) -> Iterator[tuple[str, str]]:
    states = Counter(each.state for each in found.listings)
    yield (
        "file",
        f"{found.path} ({size(found.size)}, {number(found.articles, 'article', 'articles')})",
    )
    new = number(sum(filter(None, found.hours)), "new article", "new articles")
    gaps = ", · where no run checked" if None in found.hours else ""
    yield "an hour", f"{sparkline(found.hours)} {new} in {len(found.hours)} hours{gaps}"
    if found.listings:
        parts = [f"{states[each]} {each}" for each in STATES if states[each]]
        yield "listings", ", ".join(parts)
    if found.suspicious:
        more = f"; and {len(found.suspicious) - 1} more" if len(found.suspicious) > 1 else ""
        yield "suspicious", safe_line(found.suspicious[0] + more)
    if found.last_good_run_at:
        yield "last ok run", f"{clock(found.last_good_run_at)} (China time)"
    if found.future_runs:
        numbers = ", ".join(map(str, found.future_runs[:5]))
        yield (
            "future runs",
            f"with the ids {numbers}: a clock was ahead; they do not count as the last ok run",
        )


def sparkline(counts: Sequence[int | None]) -> str:
    """Return a bar for each count, the lowest for 0 alone; a dot for None."""
    top = max(filter(None, counts), default=0)
    highest = len(BARS) - 1
    return "".join(
        "·" if each is None else BARS[max(1, round(each / top * highest)) if each else 0]
        for each in counts
    )


def _run_row(run: RunStatus) -> tuple[str, ...]:
    asked = "".join(f" {name}={value}" for name, value in run.arguments.items())
    ends = [f"{run.counters[end]} {end.replace('_', ' ')}" for end in ENDS if run.counters[end]]
    if run.counters["skipped"]:
        ends.append(f"{run.counters['skipped']} known")
    if run.unfinished:
        ends.append(f"{run.unfinished} unfinished")
    if not run.balances:
        ends.append("the run statistics do not balance: a bug")
    took = _took(run.started_at, run.ended_at)
    pages = ", ".join(ends) or "none"
    return str(run.id), _short(run.started_at), took, run.spider + asked, run.outcome, pages


def _short(moment: str | None) -> str:
    """Return a time as little as a table needs: ``11-24 09:23``; its year is at hand."""
    return clock(moment)[5:16]


def _took(start: str, end: str | None) -> str:
    if end is None:
        return ""
    return _span(int((moment(end) - moment(start)).total_seconds()))


def _listing_row(each: ListingStatus, days: int) -> tuple[str | Text, ...]:
    from rich.text import Text

    name = {"home": "(home page)"}.get(each.kind, each.name)
    every = f"every {_span(int(each.interval))}" if each.interval else ""
    if each.failure:
        every = f"fails: {each.failure}"
    elif each.stale_since:
        every = f"stale: nothing new since {_short(each.stale_since)}"
    left, style = "", ""
    if each.seconds_left is not None:
        overdue = each.seconds_left <= 0
        left = "may have lost something" if overdue else _span(each.seconds_left)
        soon = each.seconds_left < DUE_SOON * days * 86_400
        style = "red" if overdue else "yellow" if soon else "green"
    return (
        name, _short(each.checked_at), _short(each.news_at), every, Text(left, style=style)
    )  # fmt: skip


def _gap_row(each: Gap) -> tuple[str, ...]:
    name = {"home": "(home page)"}.get(each.kind, each.name)
    return name, _short(each.from_at), _short(each.until_at)


def _span(seconds: int) -> str:
    """Return a length of time for a person: ``5m``, ``2h 30m``, ``1d 4h``."""
    minutes, second = divmod(max(seconds, 0), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    parts = [(days, "d"), (hour, "h"), (minute, "m"), (second, "s")]
    shown = [f"{count}{unit}" for count, unit in parts if count][:2]
    return " ".join(shown) or "0s"


def _more(count: int, one: str, many: str) -> None:
    if count > 0:
        click.echo(f"  and {number(count, one, many)} more; --limit shows them")


def _table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str | Text, ...]]) -> None:
    """Print a table on a terminal; elsewhere lines with tabs."""
    from rich.table import Table
    from rich.text import Text

    lines = list(rows)
    if not lines:
        return
    if not sys.stdout.isatty():
        for line in lines:
            click.echo("\t".join([title, *(safe_line(str(value)) for value in line)]))
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False,
                  header_style="dim")  # fmt: skip
    for column in columns:
        is_time = column in ("began", "last check", "last news", "from", "until", "last seen")
        table.add_column(column, overflow="fold", no_wrap=is_time)
    for line in lines:
        table.add_row(*(
            value if isinstance(value, Text)
            else Text(safe_line(value), style=_STYLES.get(value, ""))
            for value in line
        ))  # fmt: skip
    click.echo()
    console().print(table)
