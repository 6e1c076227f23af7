"""``newscrawl doctor``: diagnose a site that gives no articles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newscrawl.cli.crawl_options import BASE_URL, SETTINGS
from newscrawl.cli.options import (
    NAME,
    db_option,
    example,
    json_option,
    reading,
    verbose_option,
)
from newscrawl.cli.output import labelled, safe_line, size, to_json, width, wrap
from newscrawl.runs.doctor.diagnosis import Diagnosis, Step
from newscrawl.runs.outcome import Outcome

if TYPE_CHECKING:
    from newscrawl.sites.lists import RequestedList
    from newscrawl.store.connections import Connection

INDENT = "    "


@click.command("doctor", epilog=example("newscrawl doctor guojishangbao"))
@click.argument("category", required=False, type=NAME)
@click.option(
    "--base-url", type=BASE_URL, metavar="URL", help="URL of the site; default: NEWSCRAWL_BASE_URL."
)
@click.option(
    "--feed", type=NAME, metavar="NAME", help="Check this feed of `crawl feed` instead of a mirror."
)
@db_option()
@json_option
@SETTINGS
@verbose_option
@click.pass_context
def doctor_command(
    ctx: click.Context, category: str | None, base_url: str | None, feed: str | None, db: str,
    as_json: bool, settings: Iterable[tuple[str, str]], verbose: bool,
) -> None:  # fmt: skip
    """Diagnose a site that gives no articles.

    Requests the home page, the listing of CATEGORY if given, and an article, as a crawl does, but
    each URL once, and writes nothing. With --feed it requests that feed and the article of one of
    its entries. The exit code is 0 if no problem is found.
    """
    if category and feed:
        raise click.UsageError("--feed and CATEGORY cannot be combined.")
    asked = _list(feed) if feed else None
    arguments = {"category": category, "asked": asked}
    if base_url:
        arguments["base_url"] = base_url
    found = _examine(db, settings, arguments, verbose=verbose)
    if isinstance(found, Outcome):
        ctx.exit(found.exit)
    if as_json:
        click.echo(to_json(found))
    else:
        _print(found)
    ctx.exit(found.exit)


def _list(name: str) -> RequestedList:
    """Return the feed of this name; a usage error if there are none or several."""
    from newscrawl.sites.lists import UnknownList, find_lists

    try:
        found = find_lists(name)
    except UnknownList as error:
        raise click.UsageError(f"{error}.") from None
    if len(found) != 1:
        raise click.UsageError(f"--feed takes one list, and {name!r} is {len(found)}.")
    return found[0]


def _examine(
    db: str, settings: Iterable[tuple[str, str]], arguments: dict[str, Any], *, verbose: bool
) -> Diagnosis | Outcome:
    """Examine the site; its requests are logged to standard error."""
    from scrapy.exceptions import UsageError

    from newscrawl.cli.configured import configured_settings
    from newscrawl.cli.doctor_spider import DoctorSpider, doctor_settings
    from newscrawl.cli.log_file import log_to_file
    from newscrawl.cli.overrides import checked
    from newscrawl.cli.terminal import log_to_terminal
    from newscrawl.runs.doctor.examination import examine

    given = configured_settings()
    given.pop("RETRY_TIMES", None)  # it requests each URL once
    made = doctor_settings(**{**given, **checked(settings)})
    log_to_terminal(made["LOG_LEVEL"], verbose=verbose)
    try:
        with log_to_file(made), _known(db) as archive:
            return examine(made, DoctorSpider, archive=archive, **arguments)
    except UsageError as error:  # of what settings.py says
        raise click.UsageError(f"{error}.") from None


@contextmanager
def _known(db: str) -> Iterator[Connection | None]:
    """Open the archive; None where there is none yet."""
    path = Path(db)
    try:
        is_absent = not path.exists() or (path.is_file() and path.stat().st_size == 0)
    except OSError:
        is_absent = False  # opening it says why
    if is_absent:
        yield None
        return
    with reading(db) as connection:
        yield connection


def _print(found: Diagnosis) -> None:
    limit = width()
    for step in found.steps:
        click.echo(safe_line(f"{step.method} {step.url}"))
        room = limit - len(INDENT) if limit else None
        for text in (_answer(step), step.meaning):
            for line in wrap(safe_line(text), room) if text else ():
                click.echo(INDENT + line)
    click.echo("")
    for name, text in (
        ("diagnosis", found.cause),
        ("found", found.found),
        ("what to do", found.advice),
    ):
        for line in labelled(name, text, limit):
            click.echo(line)


def _answer(step: Step) -> str:
    """Return the response in one line; nothing if there was none."""
    if step.status is None:
        return ""
    return ", ".join(filter(None, (f"{step.status}", size(step.bytes or 0), step.content_type)))
