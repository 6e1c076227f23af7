"""The log in a file beside standard error: Scrapy's setting LOG_FILE."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from newscrawl.runs.logs import sanitize_record

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings


logger = logging.getLogger(__name__)


class _LogFile(logging.FileHandler):
    """A log file whose disk may become full: the run goes on, and says it once."""

    _is_failing = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        """Log why records cannot be written, once."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._is_failing:
            self._is_failing = True
            logger.warning("LOG_FILE lacks lines of this run: %s", error.strerror)


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
        handler = _LogFile(path, mode, encoding=settings["LOG_ENCODING"])
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
        with suppress(OSError):  # which it said
            handler.close()
