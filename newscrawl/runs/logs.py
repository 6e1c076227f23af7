"""Filters log records: no repeated notices, no passwords, no control characters."""

from __future__ import annotations

import logging
import re

from newscrawl.store.errors import is_store_error
from newscrawl.text.escape import escape_controls
from newscrawl.text.passwords import without_passwords

_LATER_LINE = re.compile(r"\n(?! )")
_SECRET = re.compile(r"('[A-Z_]{0,30}(?:PASS|SECRET|TOKEN)[A-Z_]{0,30}': )'[^'\n]*'")
_SSL_CONTEXT = re.compile(r" ssl:<[^<>]*>")


def quieten() -> None:
    """Drop log records that repeat what is known, and tracebacks that explain nothing.

    The run's own last line gives the failure in a sentence. No record contains a password, and text
    from pages and servers can neither look like a record nor control the terminal that shows it.
    """
    _once("scrapy.downloadermiddlewares.robotstxt", _shorten)
    _once("asyncio", _drop_unclosed)
    _once("scrapy.crawler", _hide_secrets)
    for name in ("scrapy.core.scraper", "scrapy.core.engine", "scrapy.utils.signal"):
        _once(name, _drop_store_errors)
    for handler in logging.root.handlers:
        if sanitize_record not in handler.filters:
            handler.addFilter(sanitize_record)


def _once(name: str, rule: logging._FilterType) -> None:
    logger = logging.getLogger(name)
    if rule not in logger.filters:
        logger.addFilter(rule)


def _drop_unclosed(record: logging.LogRecord) -> bool:
    # aiohttp logs it if a run was stopped at once; the system closes its connections.
    return not record.getMessage().startswith("Unclosed ")


def _drop_store_errors(record: logging.LogRecord) -> bool:
    # The run's last line says what is wrong with the archive; there is no bug to trace.
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    return not is_store_error(error)


def _hide_secrets(record: logging.LogRecord) -> bool:
    # Scrapy logs at its start which settings are overridden.
    record.msg = _SECRET.sub(r"\1'***'", record.getMessage())
    record.args = None
    return True


def _shorten(record: logging.LogRecord) -> bool:
    record.msg = _SSL_CONTEXT.sub("", record.getMessage())
    record.args = None
    record.exc_info = None
    return True


def sanitize_record(record: logging.LogRecord) -> bool:
    """Sanitize a record for a terminal, and indent its lines but the first.

    A filter of handlers: only a record begins at the margin, so no text from a page or a server
    can look like one.
    """
    record.msg = _LATER_LINE.sub("\n    ", escape_controls(without_passwords(record.getMessage())))
    record.args = None
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    if record.exc_text:
        text = escape_controls(without_passwords(record.exc_text))
        record.exc_text = _LATER_LINE.sub("\n    ", text)
    return True
