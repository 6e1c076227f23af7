"""The options of ``newscrawl crawl``, some of which `demo` and `doctor` have as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from newscrawl.cli.every import Interval
from newscrawl.cli.options import (
    DAY,
    TEXT,
    Decorated,
    Name,
    Word,
    db_option,
    verbose_option,
)
from newscrawl.cli.output import safe_line
from newscrawl.text.escape import is_utf8


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

SITE_OPTIONS: tuple[Callable[[Any], Any], ...] = (
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

COMMON_OPTIONS: tuple[Callable[[Any], Any], ...] = (
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


def with_options(*options: Callable[[Any], Any]) -> Callable[[Decorated], Decorated]:
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
