"""``newscrawl demo``: crawl a sample site on this machine."""

from __future__ import annotations

import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from newscrawl.archive.overview import other_site, overview
from newscrawl.cli.crawl import run
from newscrawl.cli.crawl_options import BASE_URL
from newscrawl.cli.options import DAY, db_option, example, is_filled, reading, verbose_option
from newscrawl.cli.output import clock, number, say
from newscrawl.cli.pace import is_loopback, pace
from newscrawl.runs.outcome import Exit, Outcome

if TYPE_CHECKING:
    from newscrawl.demo import SampleSite

DB = "data/demo.db"
SITE = "demo"
"""The site under which sample articles are stored: no real archive has it."""
MAX_ARTICLES = 20_000


@click.command("demo", epilog=example("newscrawl demo --articles 1000 --db /tmp/demo.db"))
@db_option(DB, envvar=None)  # sample articles must never slip into the real archive
@click.option(
    "--articles",
    type=click.IntRange(min=1, max=MAX_ARTICLES),
    default=200,
    show_default=True,
    metavar="N",
    help="Articles of the sample site; with --base-url, the maximum number of pages.",
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    metavar="N",
    help="Another seed gives other articles, which are added to the same file.",
)
@click.option(
    "--until",
    type=DAY,
    metavar="DAY",
    help="Last day of the sample articles, for the same archive each time.  [default: today]",
)
@click.option(
    "--keep", is_flag=True, help="Keep serving the sample site after the crawl, until Ctrl-C."
)
@click.option(
    "--port",
    type=click.IntRange(min=0, max=65_535),
    default=0,
    metavar="PORT",
    help="Port of the sample site on 127.0.0.1.  [default: a free one]",
)
@click.option(
    "--base-url", type=BASE_URL, metavar="URL", help="Crawl this site, politely, instead."
)
@verbose_option
@click.pass_context
def demo_command(
    ctx: click.Context, /, db: str, articles: int, seed: int, until: date | None, keep: bool,
    port: int, base_url: str | None, verbose: bool,
) -> None:  # fmt: skip
    """Crawl a sample site on this machine into an archive.

    It needs no network. The site has three days of synthetic news, and is crawled as if at several
    times in these days, so that the archive has a history. Run again, it adds only what is new.
    """
    _refuse_a_real_archive(db)
    if base_url:
        limited = {"base_url": base_url, "limit": str(articles), "share": "1"}
        settings = {**pace(None, base_url, None), **_without_proxy(base_url)}
        outcome = _crawl(limited, db, settings, verbose)
        _report(db, outcome)
        ctx.exit(outcome.exit)
    with _sample_site(articles, seed, until, port) as (url, site):
        outcome = _crawl_until(site, url, db, is_past=until is not None, verbose=verbose)
        _report(db, outcome)
        if keep:
            _wait(url)
    ctx.exit(outcome.exit)


def _refuse_a_real_archive(db: str) -> None:
    """Keep sample articles out of an archive of real ones."""
    if not is_filled(db):
        return
    with reading(db) as connection:
        other = other_site(connection, SITE)
    if other is not None:
        raise click.UsageError(
            f"{db} holds articles of {other!r}, and sample articles would be mixed with them. Name "
            "another file with --db."
        )


@contextmanager
def _sample_site(
    articles: int, seed: int, until: date | None, port: int
) -> Iterator[tuple[str, SampleSite]]:
    """Serve the sample site; yield its URL and the site."""
    from newscrawl.demo import SampleSite, Server, history

    site = SampleSite(history.end_of(until), articles, seed)
    try:
        server = Server(site, port)
    except OSError as error:
        raise click.ClickException(f"Could not listen on port {port}: {error.strerror}.") from None
    with server:
        say(f"A sample site of {articles:,} articles is at {server.url}")
        yield server.url, site


def _crawl_until(site: SampleSite, url: str, db: str, *, is_past: bool, verbose: bool) -> Outcome:
    """Crawl the sample site several times until its end; an archive that exists has a history."""
    from newscrawl.demo import history

    arguments = {"base_url": url, "share": "1"}
    settings = {**pace(0.0, url, None), **_without_proxy(url), "NEWSCRAWL_PROGRESS_SECONDS": 1}
    quiet = {**settings, "LOG_LEVEL": "WARNING", "NEWSCRAWL_PROGRESS_SECONDS": 0}
    for moment in [] if is_filled(db) else history.moments_before_end(site):
        say(f"Crawling it as of {clock(moment.isoformat())} (China time)")
        with history.clock_at(moment):
            outcome = _crawl(arguments, db, settings if verbose else quiet, verbose)
        if not _is_good(outcome):
            return outcome
    with history.clock_at(site.end if is_past else None):
        return _crawl(arguments, db, settings, verbose)


def _without_proxy(url: str) -> dict[str, Any]:
    """Return the settings for a site on this machine, which no proxy reaches as it does itself."""
    return {"HTTPPROXY_ENABLED": False} if is_loopback(urlsplit(url).hostname) else {}


def _crawl(
    arguments: dict[str, str], db: str, settings: Mapping[str, Any], verbose: bool
) -> Outcome:
    return run("category", {**arguments, "site": SITE}, db=db, settings=settings, verbose=verbose)


def _is_good(outcome: Outcome) -> bool:
    return outcome.exit in (Exit.OK, Exit.DEGRADED)


def _wait(url: str) -> None:
    """Return on Ctrl-C or SIGTERM; their handlers are still those of the crawl."""
    done = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: done.set())
    say(f"The sample site stays at {url} until Ctrl-C")
    done.wait()


def _report(db: str, outcome: Outcome) -> None:
    """Print what is stored, and what to try next."""
    if not _is_good(outcome):
        return
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
        "SELECT max(name), count(DISTINCT article_id) FROM mentions WHERE kind = 'stock'"
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
