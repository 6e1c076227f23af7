"""The options that filter articles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

import click

from newscrawl.archive.filters import Filters, UnknownName
from newscrawl.cli.options import DAY, TEXT
from newscrawl.cli.output import safe_line

_OPTIONS = (
    click.option(
        "--category",
        type=TEXT,
        metavar="SLUG",
        help="Only articles of this category (slug or name).",
    ),
    click.option(
        "--source", type=TEXT, metavar="NAME", help="Only articles of this source (文章来源)."
    ),
    click.option(
        "--security",
        type=TEXT,
        metavar="CODE",
        help="Only articles that link to this security, board or index (1.600160, 600160 or name).",
    ),
    click.option(
        "--since",
        type=DAY,
        metavar="DAY",
        help="Only articles published on or after this day (in China).",
    ),
    click.option(
        "--until",
        type=DAY,
        metavar="DAY",
        help="Only articles published on or before this day (in China).",
    ),
)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which gets them as ``filters``."""

    @wraps(command)
    def with_filters(
        *args: Any, category: str | None, source: str | None, security: str | None,
        since: date | None, until: date | None, **options: Any,
    ) -> Any:  # fmt: skip
        filters = Filters(category, source, security, since, until)
        try:
            return command(*args, filters=filters, **options)
        except UnknownName as error:
            raise click.UsageError(safe_line(error.sentence())) from None

    found: Callable[..., Any] = with_filters
    for option in reversed(_OPTIONS):
        found = option(found)
    return found
