"""The options that filter articles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
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


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each field of Filters to a command, which gets them as ``filters``."""

    @wraps(command)
    def with_filters(*args: Any, **options: Any) -> Any:
        filters = Filters(**{each.name: options.pop(each.name) for each in fields(Filters)})
        try:
            return command(*args, filters=filters, **options)
        except UnknownName as error:
            raise click.UsageError(safe_line(error.sentence())) from None

    found: Callable[..., Any] = with_filters
    for option in reversed(_OPTIONS):
        found = option(found)
    return found
