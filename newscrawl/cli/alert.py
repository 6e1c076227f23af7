"""``newscrawl alert``: tells of new and changed articles that a watchlist matches."""

from __future__ import annotations

import logging
import re
import signal
from pathlib import Path
from string import Template
from typing import Any

import click

from newscrawl.archive.names import BadFilter
from newscrawl.archive.watchlist import read_watchlist
from newscrawl.cli.options import TEXT, db_option, example, reading
from newscrawl.cli.output import number, safe_line, say, to_install
from newscrawl.runs import alerts
from newscrawl.runs.notify import failure_sent
from newscrawl.runs.outcome import Exit
from newscrawl.runs.services import URLS, BadServices, Service, services_of
from newscrawl.store.errors import StoreError

logger = logging.getLogger(__name__)

AGAIN = "it is sent again the next time"
TEST_RUN = {"outcome": "test", "reason": "newscrawl can tell you here of runs that fail."}


@click.command("alert", epilog=example("newscrawl alert --watchlist watchlist.toml --test"))
@click.option(
    "--watchlist",
    metavar="FILE[:RULE]",
    type=TEXT,
    help="The watchlist; see `newscrawl watch`.",
)
@db_option()
@click.option(
    "--urls", type=click.Path(path_type=Path), metavar="FILE",
    envvar="NEWSCRAWL_ALERT_URLS_FILE", show_envvar=True,
    help=f"A file with the services' addresses, one on each line, that only you may read; default: "
    f"the environment variable {URLS}.",
)  # fmt: skip
@click.option(
    "--batch", type=click.Choice(["each", "daily"]), default="each", show_default=True,
    help="A message for each article, or one a day with all of them.",
)  # fmt: skip
@click.option(
    "--at", "daily_at", metavar="HH:MM", default="08:00", show_default=True,
    help="The time in China before which the message of a day is not sent.",
)  # fmt: skip
@click.option(
    "--from",
    "since",
    type=click.IntRange(min=0),
    metavar="SEQ",
    help="Begin after this sequence number; default: the end of the archive, at the first time.",
)
@click.option(
    "--cursor", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Where it is noted what was sent; default: the watchlist's name with .cursor.",
)  # fmt: skip
@click.option(
    "--template", metavar="TEXT",
    help="What a message says: $title, $source, $time, $rules, $kind and $link are replaced.",
)  # fmt: skip
@click.option(
    "--test", "is_test", is_flag=True,
    help="Send each service two tests, and nothing else: one as of an article, one as of a failed "
    "run (`newscrawl crawl --alert-failures`).",
)  # fmt: skip
def alert_command(
    watchlist: str | None, db: str, urls: Path | None, batch: str, daily_at: str, since: int | None,
    cursor: Path | None, template: str | None, is_test: bool,
) -> None:  # fmt: skip
    """Send what is new or changed since the last time and matches a watchlist.

    Run it after each crawl, or as a step of one: newscrawl crawl … --alert FILE. The first time it
    only notes where the archive ends. New is an article that was stored for the first time, changed
    one of which a page says something else. Each is sent at least once to each service, whenever
    this command is stopped; a service that cannot be reached gets it the next time.

    Services are those of Apprise (mail, Telegram, WeCom, DingTalk, Feishu, Bark, Slack, webhooks),
    an address for each: https://github.com/caronc/apprise. Requires pip install
    'newscrawl[alert]'. Webhooks get the header Idempotency-Key. Ends with exit code 4 if a service
    did not take a message.
    """
    if not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", daily_at):
        raise click.UsageError(f"--at {daily_at!r} is not a time of day; write 08:00.")
    services = services_or_usage(urls)
    if is_test:
        sent = alerts.send_test(services)
        failed = failure_sent(TEST_RUN, services)
        both = tuple(dict.fromkeys((*sent.failed, *failed)))
        _report(
            alerts.Sent(sent.messages + len(services) - len(failed), 0, both),
            "check its address, and that it can be reached",
        )
        return
    if watchlist is None:
        raise click.UsageError("Missing option '--watchlist'.")
    _report(
        _send(
            db, watchlist, services, cursor, since=since,
            daily_at=daily_at if batch == "daily" else None,
            body=Template(template) if template else alerts.BODY,
        )
    )  # fmt: skip


def _send(
    db: str, watchlist: str, services: list[Service], cursor: Path | None = None, **options: Any
) -> alerts.Sent:
    """Send what is new, with the *options* of :func:`newscrawl.runs.alerts.alert`.

    :raises click.UsageError: the watchlist or the cursor cannot be read or written.
    """
    with reading(db) as connection:
        try:
            rules = read_watchlist(watchlist)
            file = cursor or Path(f"{watchlist}.cursor")
            return alerts.alert(connection, rules, services, file, **options)
        except BadFilter as error:
            raise click.UsageError(safe_line(error.sentence())) from None
        except alerts.BadCursor as error:
            raise click.UsageError(safe_line(f"{error}.")) from None
        except OSError as error:
            raise click.UsageError(
                safe_line(f"The cursor {error.filename} cannot be written: {error.strerror}.")
            ) from None


def check_alerts(watchlist: str, urls: Path | None = None) -> None:
    """Check what :func:`send_alerts` needs, before a run that may take hours.

    :raises click.UsageError: there is no such watchlist, or no service to send to.
    """
    try:
        read_watchlist(watchlist)
    except BadFilter as error:
        raise click.UsageError(safe_line(error.sentence())) from None
    services_or_usage(urls)


def send_alerts(watchlist: str, db: str, urls: Path | None = None) -> int:
    """Send alerts after a run, as the command does without options; return the exit code.

    What is wrong is logged, and never ends a series of runs: the code is 0 or 4.
    """
    # The run had handlers of its own, which do nothing once it has ended.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        sent = _send(db, watchlist, services_or_usage(urls))
    except (click.ClickException, StoreError) as error:
        logger.error("no alerts were sent: %s", getattr(error, "message", error))
        return Exit.UNREACHABLE
    logger.info(_summary(sent))
    for line in _failures(sent):
        logger.error(line)
    return Exit.UNREACHABLE if sent.failed else Exit.OK


def services_or_usage(urls: Path | None) -> list[Service]:
    """Return the services that *urls* or else the environment names.

    :raises click.UsageError: there is none, or an address is not one.
    """
    try:
        return services_of(urls)
    except BadServices as error:
        raise click.UsageError(safe_line(f"{error}.")) from None
    except ImportError:
        raise click.UsageError(f"newscrawl alert needs Apprise: {to_install('alert')}") from None


def _report(sent: alerts.Sent, then: str = AGAIN) -> None:
    """Report what was sent, and which services did not take it; *then* is what follows."""
    say(_summary(sent))
    for line in _failures(sent, then):
        say(line)
    if sent.failed:
        raise click.exceptions.Exit(Exit.UNREACHABLE)


def _summary(sent: alerts.Sent) -> str:
    if sent.is_first:
        return "Noted where the archive ends: what is new or changed from now on is sent."
    waiting = number(sent.waiting, "article waits", "articles wait")
    messages = number(sent.messages, "message", "messages")
    return f"{messages} sent" + (f"; {waiting}" if sent.waiting else "")


def _failures(sent: alerts.Sent, then: str = AGAIN) -> list[str]:
    """Return a sentence for each service that did not take a message."""
    return [safe_line(f"{each} did not take a message; {then}.") for each in sent.failed]
