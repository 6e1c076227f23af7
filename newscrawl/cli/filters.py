"""The options that filter articles."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import Field, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from newscrawl.archive.filters import Filters
from newscrawl.archive.names import BadFilter
from newscrawl.archive.securities import split_securities
from newscrawl.cli.options import DAY, TEXT
from newscrawl.cli.output import safe_line
from newscrawl.text.files import read_text

_FIELDS = tuple(each for each in fields(Filters) if each.metadata)


def _option(field: Field[Any]) -> Callable[[Any], Any]:
    """Return the option of a filter: a day, a text, or one or more names."""
    options: dict[str, Any] = {"type": TEXT, **field.metadata}
    if "date" in str(field.type):
        options["type"] = DAY
    elif "choices" in options:
        options |= {"type": click.Choice(options.pop("choices")), "multiple": True}
    elif "Names" in str(field.type):
        options["multiple"] = True
    return click.option(f"--{field.name.replace('_', '-')}", **options)


_WATCHLIST = click.option(
    "--watchlist",
    metavar="FILE[:RULE]",
    type=TEXT,
    help="Only articles that match a rule of this watchlist; see `newscrawl watch`.",
)
_SECURITIES = click.option(
    "--securities",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path),
    help="Only articles that mention a security of this file: one on each line, # begins a "
    "comment; - is standard input.",
)
_COMMENT = re.compile("(?:^|\\s)#.*")
_FOLLOWED = re.compile(r"[A-Za-z]{0,2}\d+(\.\w+)?\s*[\s,，;；]")
"""A code with more behind it, as programs export lists of stocks."""


def _listed(file: Path | None) -> tuple[str, ...]:
    """Return the securities that a file names.

    :raises click.UsageError: it cannot be read, or names none.
    """
    if file is None:
        return ()
    try:
        text = read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(safe_line(f"--securities: {file} cannot be read: {error}")) from None
    lines = (_COMMENT.sub("", line).strip() for line in text.splitlines())
    if not (found := tuple(filter(None, lines))):
        raise click.UsageError(
            safe_line(f"--securities: {file} names no security; write one on each line: 600519.SH")
        )
    if followed := next((each for each in found if _FOLLOWED.match(each)), None):
        code = re.split(r"[\s,，;；]", followed)[0]
        raise click.UsageError(
            safe_line(
                f"--securities: {file} has more than a security on the line {followed!r}; write "
                f"{code} alone, or put # before the rest."
            )
        )
    return found


def _with_commas(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the securities of options each of which may name several: ``600519,000858``."""
    found: list[str] = []
    for each in names:
        found += split_securities(each) or [each]
    return tuple(found)


def _rules(watchlist: str | None) -> tuple[Filters, ...]:
    """Return the rules of a watchlist, as filters.

    :raises BadFilter: it is not one.
    """
    if watchlist is None:
        return ()
    from newscrawl.archive.watchlist import read_watchlist  # rarely needed

    return tuple(each.filters for each in read_watchlist(watchlist))


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each field of Filters to a command, which gets them as ``filters``."""

    @wraps(command)
    def with_filters(*args: Any, **options: Any) -> Any:
        options["security"] = (
            *_with_commas(options["security"]), *_listed(options.pop("securities")),
        )  # fmt: skip
        watchlist = options.pop("watchlist")
        chosen = {each.name: options.pop(each.name) for each in _FIELDS}
        try:
            filters = Filters(**chosen, rules=_rules(watchlist))
            return command(*args, filters=filters, **options)
        except BadFilter as error:
            raise click.UsageError(safe_line(error.sentence())) from None

    found: Callable[..., Any] = with_filters
    for option in (_WATCHLIST, _SECURITIES, *map(_option, reversed(_FIELDS))):
        found = option(found)
    return found
