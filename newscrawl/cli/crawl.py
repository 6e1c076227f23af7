"""``newscrawl crawl``: run a spider into the archive."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newscrawl.archive.overview import overview
from newscrawl.cli.crawl_options import COMMON_OPTIONS, DUE, SINCE, SITE_OPTIONS, with_options
from newscrawl.cli.every import repeat, without_every
from newscrawl.cli.options import (
    NAME,
    TEXT,
    WORD,
    example,
    is_filled,
    reading,
)
from newscrawl.cli.output import print_table, safe, safe_line
from newscrawl.cli.pace import asked_site, fast_hosts, pace
from newscrawl.runs.outcome import Exit

if TYPE_CHECKING:
    from newscrawl.runs.outcome import Outcome
    from newscrawl.store.connections import Connection


@click.group("crawl", epilog=example("newscrawl crawl category guojishangbao --since 2021-12-01"))
def crawl_command() -> None:
    """Crawl a mirror, feeds, share links or post files into the archive."""


@crawl_command.command(
    "category",
    epilog=example("newscrawl crawl category guojishangbao --since 2021-12-01"),
)
@click.argument("names", metavar="[NAME]...", nargs=-1, type=NAME)
@SINCE
@DUE
@click.option("--share", is_flag=True, help="Resolve the share links in posts, too.")
@with_options(*SITE_OPTIONS, *COMMON_OPTIONS)
def category_command(
    names: tuple[str, ...], since: date | None, due: bool, share: bool, **options: Any
) -> None:
    """Crawl a mirror: its home page, its categories and their posts.

    NAME is the slug of a category; without NAME, all categories are crawled. Stored pages are not
    requested again until they are due for a revisit. Use --due with a scheduler that runs every
    few minutes.
    """
    arguments = {
        "category": ",".join(names),
        "since": _day(since),
        "due": "1" if due else None,
        "share": "1" if share else None,
    }
    _crawl("category", arguments, **options)


@crawl_command.command(
    "share", epilog=example("newscrawl crawl share NW202112282228490028 NW202201212257099936")
)
@click.argument("links", metavar="[URL or INFOCODE]...", nargs=-1, type=NAME)
@click.option(
    "--urls",
    type=WORD,
    metavar="FILE",
    help="Read URLs and infoCodes from FILE, one per line; - is standard input.",
)
@click.option("--stored", is_flag=True, help="Resolve stored articles that are not resolved yet.")
@with_options(*SITE_OPTIONS, *COMMON_OPTIONS)
def share_command(links: tuple[str, ...], urls: str | None, stored: bool, **options: Any) -> None:
    """Resolve share links and infoCodes to their articles."""
    if not (links or urls or stored):
        raise click.UsageError(
            "Nothing to resolve: give a share URL or an infoCode, or use --urls FILE or --stored."
        )
    arguments = {
        # The spider takes them by commas, and an old address has one of its own.
        "info_code": ",".join(link.replace(",", "%2C") for link in links),
        "urls": urls,
        "stored": "1" if stored else None,
    }
    _crawl("share", arguments, **options)


@crawl_command.command("feed", epilog=example("newscrawl crawl feed atom fast --pages 2"))
@click.argument("names", metavar="[NAME]...", nargs=-1, type=NAME)
@SINCE
@click.option(
    "--pages",
    type=click.IntRange(min=1),
    metavar="N",
    help="Maximum number of pages of each feed; default: 5 the first time, later as many as have "
    "news since the last run.",
)
@DUE
@click.option("--list", "lists_them", is_flag=True, help="Print the names of all lists.")
@click.option(
    "--watchlist",
    metavar="FILE[:RULE]",
    type=TEXT,
    help="Also the lists of the securities of this watchlist; see `newscrawl watch`.",
)
@with_options(*SITE_OPTIONS, *COMMON_OPTIONS)
def feed_command(
    names: tuple[str, ...],
    since: date | None,
    pages: int | None,
    due: bool,
    lists_them: bool,
    watchlist: str | None,
    **options: Any,
) -> None:
    """Crawl feeds and other lists of news, and the articles that are not stored yet.

    NAME is a feed, for example atom (the mirror's feed; the default), fast, security:1.600519 or
    search:茅台; --list prints all of them. With --base-url every feed is requested from that host.
    --watchlist adds the list of each security that it names; with --due, only those lists are
    requested that are due.
    """
    if lists_them:
        _print_lists()
        return
    arguments = {
        "name": ",".join(dict.fromkeys(_lists(names, watchlist, options["db"]))),
        "since": _day(since),
        "pages": str(pages) if pages else None,
        "due": "1" if due else None,
    }
    _crawl("feed", arguments, **options)


def _lists(names: Iterable[str], watchlist: str | None, db: str) -> list[str]:
    """Return the lists that are named, and those of the securities of a watchlist.

    Securities are named by codes, or by names that the archive knows.
    """
    from newscrawl.archive.names import BadFilter

    with ExitStack() as stack:
        connection = stack.enter_context(reading(db)) if is_filled(db) else None
        try:
            watched = _watched(watchlist) if watchlist is not None else []
            return [found for name in [*names, *watched] for found in _named(name, connection)]
        except BadFilter as error:
            raise click.UsageError(safe_line(error.sentence())) from None


def _watched(watchlist: str) -> list[str]:
    """Return the lists of the securities of a watchlist."""
    from newscrawl.archive.filters import several
    from newscrawl.archive.watchlist import read_watchlist

    rules = read_watchlist(watchlist)
    if found := [f"security:{name}" for each in rules for name in several(each.filters.security)]:
        return found
    raise click.UsageError(safe_line(f"{watchlist} names no security."))


def _named(name: str, connection: Connection | None) -> list[str]:
    """Return the lists of a name: several where a company has several securities."""
    from newscrawl.archive.securities import codes_of

    family, _, security = name.partition(":")
    if family != "security" or not security:
        return [name]
    return [f"security:{code}" for code in codes_of(connection, security)]


def _print_lists() -> None:
    from newscrawl.sites.eastmoney.lists import FAMILIES
    from newscrawl.sites.lists import LISTS

    rows = [(each.name + ":…" * each.takes_argument, each.about) for each in LISTS.values()]
    rows += [(f"{name}-N", f"number N of the same interface as {name}") for name in FAMILIES]
    print_table(("name", "what"), rows, wide="what")


@crawl_command.command("posts", epilog=example("newscrawl crawl posts finews/ old_posts.tar.gz"))
@click.argument("paths", metavar="PATH...", nargs=-1, type=WORD, required=True)
@SINCE
@click.option(
    "--git-dir",
    type=WORD,
    metavar="PATH",
    help="Git directory of the folders, if it is not their own .git or belongs to another user.",
)
@with_options(*COMMON_OPTIONS)
def posts_command(
    paths: tuple[str, ...], since: date | None, git_dir: str | None, **options: Any
) -> None:
    """Load the mirror's post files from disk, without network access.

    PATH is a folder, a git checkout, a tarball (.tar, .tar.gz, .tar.bz2, .tar.xz, .zip), a pipe
    with an uncompressed tarball, or a post file (.md).
    """
    # One path per line, with a final newline: a name may contain a comma.
    arguments = {
        "paths": "".join(f"{path}\n" for path in paths),
        "since": _day(since),
        "git_dir": git_dir,
    }
    _crawl("posts", arguments, **options)


def _day(since: date | None) -> str | None:
    return since.isoformat() if since else None


def _crawl(
    spider: str,
    arguments: Mapping[str, str | None],
    *,
    db: str,
    limit: int | None,
    rebuild: bool,
    yes: bool,
    settings: Iterable[tuple[str, str]],
    verbose: bool,
    notify: str | None,
    alert: str | None,
    alert_failures: bool,
    log_json: bool,
    base_url: str | None = None,
    hosts: str | None = None,
    revisit: bool = False,
    every: int | None = None,
    delay: float | None = None,
    fast: bool = False,
) -> None:
    """Run *spider*, and exit as the run did."""
    from newscrawl.cli.configured import configured_settings, without_site_delays
    from newscrawl.cli.overrides import checked

    if fast and delay is not None:
        raise click.UsageError("--fast leaves no delay; give one of --fast and --delay.")
    given, on_line = configured_settings(), checked(settings)
    overrides = {**given, **on_line}
    if spider != "posts":
        site = asked_site(spider, arguments, base_url, overrides)
        allowed = fast_hosts(overrides)
        paced = pace(0 if fast else delay, site, hosts, allowed)
        overrides = {**(without_site_delays(given) if paced else given), **paced, **on_line}
        if "DOWNLOAD_DELAY" in overrides:  # another way to ask for the same
            pace(float(overrides["DOWNLOAD_DELAY"]), site, hosts, allowed)
    if notify:
        overrides["NEWSCRAWL_NOTIFY"] = notify
    if alert_failures:
        overrides["NEWSCRAWL_ALERT_FAILURES"] = True
    urls_file = _checked_services(overrides)
    if every is not None:
        _repeat(every, db=db, rebuild=rebuild, urls=arguments.get("urls"), log_json=log_json)
    if alert:
        from newscrawl.cli.alert import check_alerts, send_alerts

        check_alerts(alert, urls_file)
    if rebuild and not yes:
        _ask_to_rebuild(db)
    asked = {
        **arguments,
        "base_url": base_url,
        "hosts": hosts,
        "revisit": "1" if revisit else None,
        "limit": str(limit) if limit else None,
    }
    outcome = run(
        spider,
        {name: value for name, value in asked.items() if value},
        db=db,
        rebuild=rebuild,
        settings=overrides,
        verbose=verbose,
        log_json=log_json,
    )
    sent = send_alerts(alert, db, urls_file) if alert and _has_ended(outcome) else Exit.OK
    click.get_current_context().exit(outcome.exit or sent)


def _checked_services(overrides: Mapping[str, Any]) -> Path | None:
    """Return the file of the services to alert, if one is named.

    :raises click.UsageError: a failed run is to be sent to services, and there are none.
    """
    from scrapy.settings import BaseSettings

    named = str(overrides.get("NEWSCRAWL_ALERT_URLS_FILE") or "")
    file = Path(named) if named else None
    if BaseSettings(dict(overrides)).getbool("NEWSCRAWL_ALERT_FAILURES"):
        from newscrawl.cli.alert import services_or_usage

        services_or_usage(file)
    return file


def _has_ended(outcome: Outcome) -> bool:
    """Whether a run came to its end: one that was stopped is not kept from stopping."""
    return outcome.exit not in (Exit.INTERRUPTED, Exit.TERMINATED, Exit.USAGE)


def _repeat(every: int, *, db: str, rebuild: bool, urls: str | None, log_json: bool) -> None:
    """Run this command line again and again, and exit in the end."""
    if rebuild:
        raise click.UsageError("--every adds to an archive; --rebuild replaces it, once.")
    if urls == "-":
        raise click.UsageError("Standard input can be read once; give --urls a file.")
    from newscrawl.cli.terminal import log_to_terminal

    log_to_terminal("INFO", verbose=False, as_json=log_json)
    click.get_current_context().exit(repeat(without_every(sys.argv[1:]), every, db=db))


def _ask_to_rebuild(db: str) -> None:
    """Ask for confirmation before an archive is replaced."""
    if not is_filled(db):
        return
    with reading(db) as connection:
        stored = overview(connection).articles
    if not stored:
        return
    question = f"{db} holds {stored} articles; those that the site has dropped will be lost."
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Add --yes to rebuild it all the same.")
    click.confirm(safe(f"{question} Rebuild it?"), abort=True, err=True)


def run(
    spider: str,
    arguments: dict[str, str],
    *,
    db: str,
    rebuild: bool = False,
    settings: Mapping[str, Any] | None = None,
    verbose: bool = False,
    log_json: bool = False,
) -> Outcome:
    """Run *spider* into *db* and show its progress; return how it ended.

    The log goes to standard error, and to LOG_FILE where that is set; its last line is the outcome.
    """
    from newscrawl.cli.log_file import log_to_file
    from newscrawl.cli.terminal import log_to_terminal, stderr
    from newscrawl.runs.process import crawl, settings_for

    made = settings_for(db, overwrite=rebuild, **(settings or {}))
    if stderr().is_terminal and not stderr().is_dumb_terminal and not log_json:
        made["EXTENSIONS"].update(
            {"newscrawl.runs.progress.Progress": None, "newscrawl.cli.live.LiveProgress": 10},
            priority="cmdline",
        )
    log_to_terminal(made["LOG_LEVEL"], verbose=verbose, as_json=log_json)
    try:
        with log_to_file(made):
            return crawl(spider, made, arguments)
    finally:
        stderr().show_cursor()
