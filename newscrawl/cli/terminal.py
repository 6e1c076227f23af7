"""Standard error as a person watches it: log lines, and a live display that leaves them whole."""

from __future__ import annotations

import logging
import sys
from datetime import datetime
from functools import cache
from io import TextIOWrapper

from rich.console import Console
from rich.text import Text

from newscrawl.cli.output import drop_rest, to_json
from newscrawl.runs.logs import sanitize_record

_STYLES = {
    logging.DEBUG: "dim",
    logging.WARNING: "yellow",
    logging.ERROR: "red",
    logging.CRITICAL: "bold red",
}


class _Stderr(Console):
    """Standard error, whose reader may leave (``2>&1 | head``) before the run has ended."""

    def on_broken_pipe(self) -> None:
        """Say no more. Rich would end the program, and with it a run that has work to finish."""
        self.quiet = True
        drop_rest(sys.stderr)


@cache
def stderr() -> Console:
    """Return the one console on standard error: what shares it does not garble the other."""
    return _Stderr(stderr=True, highlight=False, markup=False, emoji=False)


class ConsoleHandler(logging.Handler):
    """Writes ``HH:MM:SS level message`` lines to the console, with date and offset elsewhere."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a traceback follows on lines of its own."""
        try:
            clock = _time(record)
            line = f"{clock} {record.levelname.lower()} {self.format(record)}"
            style = _STYLES.get(record.levelno, "")
            stderr().print(Text(line, style=style), soft_wrap=True)
        except Exception:
            self.handleError(record)


def _time(record: logging.LogRecord) -> str:
    """Return when a record was made, by the machine's time zone."""
    at = datetime.fromtimestamp(record.created).astimezone()
    return f"{at:%H:%M:%S}" if stderr().is_terminal else at.isoformat(timespec="seconds")


class JsonHandler(logging.Handler):
    """Writes an object of JSON on each line, for programs that collect logs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            at = datetime.fromtimestamp(record.created).astimezone()
            said = {
                "time": at.isoformat(timespec="milliseconds"),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": record.getMessage(),
            }
            if record.exc_text:  # sanitize_record() has written it
                said["traceback"] = record.exc_text
            sys.stderr.write(to_json(said) + "\n")
        except Exception:
            self.handleError(record)


def _is_worth_it(record: logging.LogRecord) -> bool:
    """Whether a record is newscrawl's own, or a warning of anybody."""
    return record.levelno >= logging.WARNING or record.name.split(".")[0] == "newscrawl"


def log_to_terminal(level: str, *, verbose: bool, as_json: bool = False) -> None:
    """Send the log to standard error: newscrawl's own and warnings, or with *verbose* all."""
    # Of the handler, too: Scrapy opens the root logger for every level.
    handler = JsonHandler(level) if as_json else ConsoleHandler(level)
    if as_json and isinstance(sys.stderr, TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8")  # whatever the locale
    if not verbose:
        handler.addFilter(_is_worth_it)
    handler.addFilter(sanitize_record)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
