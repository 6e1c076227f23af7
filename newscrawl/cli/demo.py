"""``newscrawl demo``: the whole thing, against a made mirror on this machine."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import click

from newscrawl.archive.overview import other_site, overview
from newscrawl.cli.crawl import BASE_URL, pace, run
from newscrawl.cli.options import db_option, example, is_filled, reading, verbose_option
from newscrawl.cli.output import clock, number, say
from newscrawl.runs.outcome import Exit

DB = "data/demo.db"
SITE = "demo"
"""The name under which made articles are kept: no real archive has it."""


@click.command("demo", epilog=example("newscrawl demo --articles 1000 --db /tmp/demo.db"))
@db_option(DB, envvar=None)  # made articles must never slip into the real archive
@click.option(
    "--articles",
    type=click.IntRange(min=1, max=64_500_000),
    default=200,
    show_default=True,
    metavar="N",
    help="Articles of the made mirror; with --base-url, pages to get at most.",
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    metavar="N",
    help="Another seed makes other articles, which are added to the same file.",
)
@click.option(
    "--base-url", type=BASE_URL, metavar="URL", help="Crawl this mirror, politely, in place of it."
)
@verbose_option
@click.pass_context
def demo_command(
    ctx: click.Context, db: str, articles: int, seed: int, base_url: str | None, verbose: bool
) -> None:
    """Crawl a made mirror on this machine into an archive.

    It needs no network, and ends with what is stored and what to try next. A second time
    there is nothing new, and nothing changes.
    """
    _refuse_a_real_archive(db)
    with _mirror(base_url, articles, seed) as url:
        arguments = {"base_url": url, "share": "1", "site": SITE}
        if base_url:
            arguments["limit"] = str(articles)
        delay = None if base_url else 0.0
        settings = {**pace(delay, url, None), "NEWSCRAWL_PROGRESS_SECONDS": 1}
        outcome = run("category", arguments, db=db, settings=settings, verbose=verbose)
    if outcome.exit in (Exit.OK, Exit.DEGRADED):
        _report(db)
    ctx.exit(outcome.exit)


def _refuse_a_real_archive(db: str) -> None:
    """Keep made articles out of an archive of real ones."""
    if not is_filled(db):
        return
    with reading(db) as connection:
        other = other_site(connection, SITE)
    if other is not None:
        raise click.UsageError(
            f"{db} holds articles of {other!r}, which are none of a demo; made ones would be mixed "
            "with them for good. Name another file with --db."
        )


@contextmanager
def _mirror(base_url: str | None, articles: int, seed: int) -> Iterator[str]:
    """Yield the address of the mirror; without one, make it and serve it meanwhile."""
    if base_url:
        yield base_url
        return
    from newscrawl.demo import Site, serve

    site = Site(seed=seed, articles=articles)
    with serve(site) as server:
        say(f"A made mirror of {articles:,} articles is at {server.url}")
        yield server.url


def _report(db: str) -> None:
    """Print what is stored, and what to try next."""
    with reading(db) as connection:
        found = overview(connection)
    click.echo(f"\n{db} holds")
    click.echo(f"  {number(found.articles, 'article', 'articles')}")
    click.echo(f"  in {number(found.categories, 'category', 'categories')}")
    click.echo(f"  with {found.mentions:,} mentions of securities, boards and indices")
    if found.first_published_at:
        first, last = clock(found.first_published_at), clock(found.last_published_at)
        click.echo(f"  published {first} to {last} (China time)")
    click.echo("\nTry next:")
    for line in next_commands(db):
        click.echo(f"  {line}")


def next_commands(db: str) -> list[str]:
    """Return what to try next, ready to paste."""
    program, file = _program(), shlex.quote(db)
    question = (
        "SELECT name, count(*) FROM mentions WHERE kind = 'stock'"
        " GROUP BY market, code ORDER BY 2 DESC LIMIT 5"
    )
    return [
        f"{program} list --db {file} --limit 5",
        f'{_sqlite()} {file} "{question}"',
        f"{program} crawl category --base-url https://finews.withounder.com/ --limit 20",
    ]


def _program() -> str:
    """How newscrawl was called: from a venv that is not active, its name alone is not found."""
    called = Path(sys.argv[0])
    on_path = shutil.which("newscrawl")
    if called.name != "newscrawl" or (on_path and Path(on_path).samefile(called)):
        return "newscrawl"
    return shlex.quote(str(called))


def _sqlite() -> str:
    """The sqlite3 program; where there is none, Python has one since 3.12."""
    if shutil.which("sqlite3") or find_spec("sqlite3.__main__") is None:
        return "sqlite3"
    return f"{shlex.quote(sys.executable)} -m sqlite3"
