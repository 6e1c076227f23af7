"""Options and arguments that commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from newscrawl.cli.output import safe_line
from newscrawl.store.connections import MEMORY, open_for_reading
from newscrawl.store.errors import explained
from newscrawl.text.china_time import CHINA, read_day
from newscrawl.text.escape import is_utf8

if TYPE_CHECKING:
    from newscrawl.store.connections import Connection

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

DB = "data/news.db"


def example(line: str) -> str:
    """Return the end of a command's help: a line to paste, which is never wrapped."""
    return f"\b\nExample:\n  {line}"


def _print_utf8(ctx: click.Context, param: click.Parameter, as_json: bool) -> bool:
    """Have standard output in UTF-8 for JSON, whatever the locale."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if as_json and reconfigure is not None:
        reconfigure(encoding="utf-8")
    return as_json


json_option = click.option(
    "--json", "as_json", is_flag=True, callback=_print_utf8,
    help="Print JSON to standard output, and nothing else.",
)  # fmt: skip

verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="Also show the log of Scrapy itself."
)


class Word(click.ParamType[str]):
    """Any text but none: an empty one is a shell variable that was not set."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text."""
        if not str(value).strip():
            self.fail("The value is empty; is a shell variable unset?", param, ctx)
        return str(value)


WORD = Word()


class Text(click.ParamType[str]):
    """Any text that can be looked for and stored: what names a file may be more."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text."""
        if not is_utf8(str(value)):
            self.fail(f"{value!r} is not UTF-8.", param, ctx)
        return str(value)


TEXT = Text()


class Name(Word):
    """Such a text, and not an empty one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text."""
        return TEXT.convert(super().convert(value, param, ctx), param, ctx)


NAME = Name()


class File(Word):
    """The path of an archive."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the path."""
        path = super().convert(value, param, ctx)
        if path == MEMORY:
            self.fail(f"{path!r} is not a file: nothing would be stored.", param, ctx)
        if not is_utf8(path):
            self.fail(f"{path!r} is not UTF-8, which SQLite requires of file names.", param, ctx)
        return path


FILE = File()


class DayType(click.ParamType[date]):
    """A day as 2021-12-01, today, yesterday or 3d."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day that *value* names."""
        if isinstance(value, date):
            return value
        try:
            return read_day(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DAY = DayType()


class Moment(click.ParamType[str]):
    """A time as 2021-12-01T10:00; without an offset it is in China, a day alone is its end."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the time as the archive writes its own: in UTC, to the second."""
        try:
            if len(value) == 10:
                value = f"{date.fromisoformat(value).isoformat()}T23:59:59"
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is not a valid time; use YYYY-MM-DD or YYYY-MM-DDTHH:MM.", param, ctx
            )
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=CHINA)
        return moment.astimezone(UTC).isoformat(timespec="seconds")


MOMENT = Moment()


def db_option(
    default: str = DB, *, envvar: str | None = "NEWSCRAWL_DB"
) -> Callable[[Decorated], Decorated]:
    """Return the option that names the archive; *envvar* may name it, too."""
    return click.option(
        "--db",
        type=FILE,
        metavar="FILE",
        default=default,
        envvar=envvar,
        show_default=True,
        show_envvar=True,
        help="The archive.",
    )


def limit_option(default: int) -> Callable[[Decorated], Decorated]:
    """Return the option that says how many articles are printed."""
    return click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="N",
        help=f"Maximum number of results; default: {default}, with --json all.",
    )


def article_id(connection: Connection, text: str) -> str:
    """Return the id of the article that *text* names.

    :raises click.UsageError: it names none.
    """
    from newscrawl.archive.article import resolve  # lists and searches do without
    from newscrawl.sites.eastmoney.info_code import BadInfoCode

    try:
        return resolve(connection, text)
    except BadInfoCode as error:
        raise click.UsageError(safe_line(str(error))) from None


def is_filled(db: str) -> bool:
    """Whether there is an archive at *db* that a run would add to, or replace."""
    try:
        return Path(db).is_file() and Path(db).stat().st_size > 0
    except OSError:
        return False  # the run reports why it cannot write


@contextmanager
def reading(db: str, *, as_found: bool = False) -> Iterator[Connection]:
    """Open the archive at *db* for a command that only reads.

    *as_found*: see :func:`newscrawl.store.connections.open_for_reading`.

    :raises StoreError: it cannot be read.
    """
    with closing(open_for_reading(db, as_found=as_found)) as connection, explained(db):
        yield connection
