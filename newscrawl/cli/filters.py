"""The options that filter articles."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from newscrawl.archive.filters import Filters, UnknownName
from newscrawl.cli.options import DAY, TEXT
from newscrawl.cli.output import safe_line

_OPTIONS = tuple(
    click.option(f"--{each.name}", type=DAY, **each.metadata)
    if "date" in str(each.type)
    else click.option(f"--{each.name}", type=TEXT, multiple=True, **each.metadata)
    for each in fields(Filters)
)

_SECURITIES = click.option(
    "--securities",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path),
    help="Only articles that mention a security of this file: one on each line, # begins a "
    "comment; - is standard input.",
)
_COMMENT = re.compile("(?:^|\\s)#.*")


def _listed(file: Path | None) -> tuple[str, ...]:
    """Return the securities that a file names.

    :raises click.UsageError: it cannot be read, or names none.
    """
    if file is None:
        return ()
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(safe_line(f"--securities: {file} cannot be read: {error}")) from None
    lines = (_COMMENT.sub("", line).strip() for line in text.splitlines())
    if not (found := tuple(filter(None, lines))):
        raise click.UsageError(
            safe_line(f"--securities: {file} names no security; write one on each line: 600519.SH")
        )
    return found


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each field of Filters to a command, which gets them as ``filters``."""

    @wraps(command)
    def with_filters(*args: Any, **options: Any) -> Any:
        options["security"] += _listed(options.pop("securities"))
        filters = Filters(**{each.name: options.pop(each.name) for each in fields(Filters)})
        try:
            return command(*args, filters=filters, **options)
        except UnknownName as error:
            raise click.UsageError(safe_line(error.sentence())) from None

    found: Callable[..., Any] = with_filters
    for option in (_SECURITIES, *reversed(_OPTIONS)):
        found = option(found)
    return found
