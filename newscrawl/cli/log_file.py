"""The log in a file beside standard error: Scrapy's setting LOG_FILE."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from newscrawl.runs.logs import sanitize_record

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings


@contextmanager
def log_to_file(settings: BaseSettings) -> Iterator[None]:
    """Write the log to LOG_FILE as well, where it is set, in the form of Scrapy's log settings.

    :raises click.UsageError: it cannot be written.
    """
    path = settings.get("LOG_FILE")
    if not path:
        yield
        return
    mode = "a" if settings.getbool("LOG_FILE_APPEND") else "w"
    try:
        handler = logging.FileHandler(path, mode, encoding=settings["LOG_ENCODING"])
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.UsageError(f"Could not write the log to LOG_FILE={path}: {reason}.") from None
    handler.setLevel(settings["LOG_LEVEL"])
    form = logging.Formatter(settings["LOG_FORMAT"], settings["LOG_DATEFORMAT"])
    handler.setFormatter(form)
    handler.addFilter(sanitize_record)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
