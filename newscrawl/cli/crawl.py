"""``newscrawl crawl``: run a spider into the archive."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from newscrawl.archive.overview import overview
from newscrawl.cli.every import Interval, repeat, without_every
from newscrawl.cli.options import (
    DAY,
    NAME,
    TEXT,
    WORD,
    Decorated,
    Name,
    Word,
    db_option,
    example,
    is_filled,
    reading,
    verbose_option,
)
from newscrawl.cli.output import print_table, safe, safe_line
from newscrawl.runs.outcome import Exit
from newscrawl.text.escape import is_utf8

if TYPE_CHECKING:
    from newscrawl.runs.outcome import Outcome
    from newscrawl.store.connections import Connection

POLITE = 0.1
"""Minimum number of seconds between requests to a host that is not this machine."""


@click.group("crawl", epilog=example("newscrawl crawl category guojishangbao --since 2021-12-01"))
def crawl_command() -> None:
    """Crawl a mirror, feeds, share links or post files into the archive."""


class Setting(click.ParamType[tuple[str, str]]):
    """A Scrapy setting as NAME=VALUE."""

    name = "setting"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return name and value."""
        name, equals, text = str(value).partition("=")
        if not equals or not name.isidentifier():
            self.fail(
                f"{value!r} is not a setting; use NAME=VALUE, for example DOWNLOAD_TIMEOUT=30.",
                param,
                ctx,
            )
        if not is_utf8(text):
            self.fail(f"{value!r} is not UTF-8.", param, ctx)
        return name, text


class BaseUrl(Name):
    """The address of a site."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address as it was given."""
        from scrapy.exceptions import UsageError

        from newscrawl.spiders.arguments import base_url

        url = super().convert(value, param, ctx)
        try:
            base_url(url)
        except UsageError as error:
            self.fail(f"{str(error).removeprefix('base_url ')}.", param, ctx)
        return url


BASE_URL = BaseUrl()


class Command(Word):
    """A program with its arguments, which no shell reads."""

    name = "command"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the command as it was given."""
        from newscrawl.runs.notify import BadCommand, words_of

        command = super().convert(value, param, ctx)
        try:
            words_of(command)
        except BadCommand as error:
            self.fail(safe_line(f"{error}."), param, ctx)
        return command


SETTINGS = click.option(
    "-s",
    "--set",
    "settings",
    type=Setting(),
    metavar="NAME=VALUE",
    multiple=True,
    help="Override a Scrapy setting; repeatable.",
)

_SITE: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--base-url",
        type=BASE_URL,
        metavar="URL",
        help="URL of the site; default: NEWSCRAWL_BASE_URL.",
    ),
    click.option("--hosts", type=TEXT, metavar="A,B", help="Additional hosts that may be crawled."),
    click.option(
        "--revisit", is_flag=True, help="Revisit stored pages, whether or not they are due."
    ),
    click.option(
        "--every",
        type=Interval(),
        metavar="5m",
        help="Keep running, once per interval (with jitter); stop with Ctrl-C.",
    ),
    click.option(
        "--delay",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="Delay between requests; 0 is allowed only for a server on this machine.",
    ),
    click.option(
        "--fast",
        is_flag=True,
        help="Crawl without delay or throttling: for a server on this machine, and for the hosts "
        "in NEWSCRAWL_FAST_HOSTS.",
    ),
)
"""Options of the spiders that ask a site."""

_COMMON: tuple[Callable[[Any], Any], ...] = (
    db_option(),
    click.option(
        "--limit", type=click.IntRange(min=1), metavar="N", help="Maximum number of pages."
    ),
    click.option(
        "--rebuild",
        is_flag=True,
        help="Build a new archive from this run, and replace the file if the run succeeds. "
        "Articles that the site has dropped are lost; to apply better rules, use reextract.",
    ),
    click.option("--yes", is_flag=True, help="Rebuild without confirmation."),
    click.option(
        "--notify",
        type=Command(),
        metavar="COMMAND",
        help="Run this command if the run fails, with the run as JSON on its standard input. No "
        "shell reads it: for pipes and variables, name a script, or write sh -c 'commands'.",
    ),
    click.option(
        "--alert-failures",
        is_flag=True,
        help="If the run fails, tell the services of `newscrawl alert`; try it with its --test.",
    ),
    click.option(
        "--alert",
        metavar="FILE[:RULE]",
        type=TEXT,
        help="After the run, send what is new and matches this watchlist; see `newscrawl alert`.",
    ),
    click.option(
        "--log-json", is_flag=True, help="Log an object of JSON on each line, for other programs."
    ),
    SETTINGS,
    verbose_option,
)


def _options(*options: Callable[[Any], Any]) -> Callable[[Decorated], Decorated]:
    """Add options, in this order."""

    def add(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return add


DUE = click.option(
    "--due",
    is_flag=True,
    help="Fetch only listings that are due, based on how often they have had news.",
)
SINCE = click.option(
    "--since", type=DAY, metavar="DAY", help="Only articles published on or after this day."
)


@crawl_command.command(
    "category",
    epilog=example("newscrawl crawl category guojishangbao --since 2021-12-01"),
)
@click.argument("names", metavar="[NAME]...", nargs=-1, type=NAME)
@SINCE
@DUE
@click.option("--share", is_flag=True, help="Resolve the share links in posts, too.")
@_options(*_SITE, *_COMMON)
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
@_options(*_SITE, *_COMMON)
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
@_options(*_SITE, *_COMMON)
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
@_options(*_COMMON)
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
        site = _site(spider, arguments, base_url, overrides)
        allowed = _fast_hosts(overrides)
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


def _site(
    spider: str, arguments: Mapping[str, str | None], base_url: str | None,
    overrides: Mapping[str, Any],
) -> str | None:  # fmt: skip
    """Return the one site that is asked; None where lists or resolvers on other hosts are, too."""
    from newscrawl import settings

    if base_url or spider != "category" or arguments.get("share"):
        return base_url
    return str(overrides.get("NEWSCRAWL_BASE_URL", settings.NEWSCRAWL_BASE_URL))


def _fast_hosts(overrides: Mapping[str, Any]) -> frozenset[str]:
    """Return the hosts that may be asked without a delay, though they are not this machine."""
    from scrapy.settings import BaseSettings

    from newscrawl import settings

    named = {"NEWSCRAWL_FAST_HOSTS": settings.NEWSCRAWL_FAST_HOSTS, **overrides}
    return frozenset(map(_host, BaseSettings(named).getlist("NEWSCRAWL_FAST_HOSTS")))


def _host(named: str) -> str:
    """Return the name of a host as an address has it."""
    return named.strip().rpartition("@")[2].strip("[]").lower()


def pace(
    delay: float | None, base_url: str | None, hosts: str | None,
    allowed: frozenset[str] = frozenset(),
) -> dict[str, Any]:  # fmt: skip
    """Return the settings for a delay; the project's own if None.

    *allowed* are hosts whose owners have agreed to any.

    :raises click.UsageError: it is too short for a host that is neither one of these nor this
        machine.
    """
    if delay is None:
        return {}
    further = map(_host, (hosts or "").split(","))
    asked = [urlsplit(_with_scheme(base_url or "")).hostname, *further]
    foreign = [host for host in asked if host and host not in allowed and not is_loopback(host)]
    if delay < POLITE and (foreign or not asked[0]):
        whom = f"not for {foreign[0]}" if foreign else "not without --base-url"
        what = f"A delay of {delay:g} seconds" if delay else "Crawling without a delay"
        raise click.UsageError(
            f"{what} is for a server on this machine (127.0.0.1), and {whom}; for any other, leave "
            f"at least {POLITE:g} seconds, or name it in NEWSCRAWL_FAST_HOSTS where its owner has "
            "agreed."
        )
    if delay:
        return {"DOWNLOAD_DELAY": delay}
    return {
        "DOWNLOAD_DELAY": 0,
        "AUTOTHROTTLE_ENABLED": False,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
        "CONCURRENT_REQUESTS": 16,
    }


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"//{url}"


def is_loopback(host: str | None) -> bool:
    """Whether *host* is this machine."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
