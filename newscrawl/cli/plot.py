"""``newscrawl plot``: articles and mentions per day, coverage, and delays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newscrawl.archive import plots
from newscrawl.archive.filters import Filters
from newscrawl.cli.filters import filter_options
from newscrawl.cli.options import db_option, example, json_option, reading
from newscrawl.cli.output import cells, console, safe_line, say, to_install, to_json
from newscrawl.sites.finews.retention import RETENTION_DAYS
from newscrawl.store.errors import StoreError

if TYPE_CHECKING:
    from newscrawl.archive.mentions import Mentioned
    from newscrawl.store.connections import Connection

KINDS = ("articles-per-day", "mentions", "coverage", "delay")
SUFFIXES = (".png", ".svg")
_SIGNS = {"watched": "█", "gap": "×", "unwatched": "·"}
_STYLES = {"watched": "green", "gap": "bold red", "unwatched": "dim"}
_BAR = "█"
_PLAIN_WIDTH = 80
TITLE = 100
"""Characters of a title, which is one line."""


@click.command("plot", epilog=example("newscrawl plot articles-per-day --db data/demo.db"))
@click.argument("kind", type=click.Choice(KINDS))
@db_option()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Write a .png or .svg file instead of plotting on the terminal.",
)  # fmt: skip
@filter_options
@json_option
def plot_command(kind: str, db: str, output: Path | None, filters: Filters, as_json: bool) -> None:
    """Plot articles per day, mentions, coverage, or the delay until articles were seen.

    articles-per-day: by day of publication (in China); the last 30 days unless --since and --until
    are given.

    mentions: how many articles of each day mention each security of --security, --securities or
    --watchlist; without them, those that are mentioned most.

    coverage: which hours of each day were crawled before the mirror may have dropped their
    articles, and gaps. Of the filters, only --since and --until apply.

    delay: the time from publication until an article was first seen. Articles from post files, or
    published at an unknown time of day, are left out.
    """
    if output is not None and output.suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"{output.name!r} has an unknown suffix; use .png or .svg.")
    with reading(db) as connection:
        found = _numbers(kind, connection, filters)
    if as_json:
        click.echo(to_json(_as_dict(kind, found)))
    if output is not None:
        _draw(kind, found, output, filters.described())
        say(f"{output} written")
    elif not as_json:
        _print(kind, found)


def _numbers(kind: str, connection: Connection, filters: Filters) -> Any:
    if kind == "articles-per-day":
        return plots.articles_per_day(connection, filters)
    if kind == "mentions":
        from newscrawl.archive.mentions import mentions_by_day

        return mentions_by_day(connection, filters)
    if kind == "coverage":
        return plots.coverage(connection, filters, kept_days=RETENTION_DAYS)
    return plots.delays(connection, filters, kept_days=RETENTION_DAYS)


def _as_dict(kind: str, found: Any) -> Any:
    if kind != "delay":
        return [asdict(each) for each in found]
    days, histogram = found
    return {
        "days": [asdict(each) for each in days],
        "histogram": [{"at_most": name, "articles": count} for name, count in histogram],
    }


# -- into a file ---------------------------------------------------------------------------


def _draw(kind: str, found: Any, file: Path, asked: str) -> None:
    try:
        from newscrawl.archive import drawing
    except ImportError as error:
        raise click.UsageError(f"{error.name} is not installed: {to_install('plot')}") from None
    try:
        if kind == "articles-per-day":
            if drawing.chinese_font() is None:
                say("No font with Chinese is installed: sources are not distinguished.")
            title = _titled("Articles by day of publication", asked)
            drawing.draw_articles(found, file, title=title)
        elif kind == "mentions":
            if drawing.chinese_font() is None:
                say("No font with Chinese is installed: securities are shown by their codes.")
            title = _titled("Articles that mention a security, by day", asked)
            drawing.draw_mentions(found, file, title=title)
        elif kind == "coverage":
            drawing.draw_coverage(found, file, title="Hours that were watched")
        else:
            days, histogram = found
            drawing.draw_delays(days, histogram, file, title="How soon articles were seen")
    except OSError as error:
        raise StoreError(f"Could not write {file}: {error.strerror}.") from error


def _titled(what: str, asked: str) -> str:
    """Return a plot's title, with the filters that it is of."""
    line = f"{what}: {asked}" if asked else what
    return line if len(line) <= TITLE else f"{line[: TITLE - 1]}…"


# -- on a terminal -------------------------------------------------------------------------


def _print(kind: str, found: Any) -> None:
    days = found[0] if kind == "delay" else found
    if not days:
        say(
            "No article has a publication time."
            if kind != "mentions"
            else "No security is mentioned."
        )
    elif kind == "mentions":
        _print_mentions(found)
    elif kind == "articles-per-day":
        _print_bars([(each.day, each.articles, str(each.articles)) for each in days])
    elif kind == "coverage":
        _print_coverage(days)
    else:
        _print_delays(*found)


def _print_mentions(found: Sequence[Mentioned]) -> None:
    for each in found:
        click.secho(f"{safe_line(each.label)}: {each.articles}", bold=True)
        _print_bars([(day, count, str(count)) for day, count in each.days.items()])


def _print_bars(rows: Iterable[tuple[str, float, str]]) -> None:
    """Print a bar for each row: its label, how long it is, and what it says at its end."""
    rows = list(rows)
    most = max(1, *(value for _, value, _ in rows))
    label = max(cells(name) for name, _, _ in rows)
    room = _width() - label - max(cells(said) for _, _, said in rows) - 4
    for name, value, said in rows:
        bar = _bar(value, most, max(room, 5))
        click.echo(f"{name}{' ' * (label - cells(name))}  {click.style(bar, fg='red')}  {said}")


def _bar(value: float, most: float, room: int) -> str:
    """Return a bar by eighths of a cell; what is there is seen, however little it is."""
    if not value:
        return ""
    eighths = max(1, round(value / most * room * 8))
    return _BAR * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _print_coverage(days: Sequence[plots.Covered]) -> None:
    click.echo(f"{'':10}  {'0':6}{'6':6}{'12':6}{'18':6}  articles")
    for each in days:
        signs = "".join(click.style(_SIGNS[hour], **_click_style(hour)) for hour in each.hours)
        click.echo(f"{each.day}  {signs}  {each.articles}")
    say("█ checked in time   · not checked   × articles may be missing")


def _click_style(state: str) -> dict[str, Any]:
    *ways, last = _STYLES[state].split()
    return {"dim": True} if last == "dim" else {"fg": last, "bold": "bold" in ways}


def _print_delays(days: Sequence[plots.Delays], histogram: Sequence[tuple[str, int]]) -> None:
    click.echo("day         half within  9 of 10 within  articles")
    for each in days:
        if each.articles or each.late:
            late = f"  (and {each.late} when the mirror had dropped them)" if each.late else ""
            half, most = _span(each.median), _span(each.p90)
            click.echo(f"{each.day}  {half:>11}  {most:>14}  {each.articles:>8}{late}")
    if any(count for _, count in histogram):
        click.echo()
        _print_bars([(f"≤ {name}", count, str(count)) for name, count in histogram])


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _width() -> int:
    import sys

    return min(console().width, 120) if sys.stdout.isatty() else _PLAIN_WIDTH
