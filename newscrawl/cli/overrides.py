"""Settings as ``-s NAME=VALUE`` gives them: checked before a run begins, by what they override.

Scrapy reads a setting where it needs it, and raises there, deep in a run that has begun.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

import click
from scrapy.settings import default_settings
from scrapy.utils.misc import load_object

from newscrawl import settings as own_settings
from newscrawl.middlewares.sites import BadSites, sites_of
from newscrawl.runs.notify import BadCommand, words_of
from newscrawl.sites.eastmoney.share_urls import BadResolvers, parse_resolvers

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_FEEDS = "the archive is named by --db; `scrapy crawl` writes other feeds (-o articles.jsonl)"
_ADDON = "an archive needs newscrawl's own"
REFUSED = {
    "ADDONS": _ADDON,
    "FEEDS": _FEEDS,
    "FEED_EXPORTERS": _ADDON,
    "FEED_EXPORT_BATCH_ITEM_COUNT": _FEEDS,
    "FEED_FORMAT": _FEEDS,
    "FEED_STORAGES": _ADDON,
    "FEED_URI": _FEEDS,
    "JOBDIR": "a crawl that was stopped is continued by the next, which fetches what is not stored",
    "NEWSCRAWL_DB": "the archive is named by --db",
    "SPIDER_MODULES": "the spiders are newscrawl's own",
    "TWISTED_REACTOR_ENABLED": "newscrawl's runs have no reactor",
}
"""Settings that would take the archive, or its pages, away from the run, and what to do instead."""

# Whole numbers by default, but read with getfloat.
_FLOATS = ("DNS_TIMEOUT", "DOWNLOAD_TIMEOUT")
_BOOLEANS = ("0", "1", "true", "false", "True", "False")


def checked(overrides: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the settings as they may be given to a run.

    :raises click.UsageError: one cannot be overridden, or has an invalid value.
    """
    found = {}
    for name, text in overrides:
        if name in REFUSED:
            raise click.UsageError(f"-s {name}: {REFUSED[name]}.")
        if wanted := wrong(name, text):
            raise click.UsageError(f"-s {name}={text}: {wanted}.")
        found[name] = text.upper() if name.endswith("LOG_LEVEL") else text
    return found


def wrong(name: str, text: str) -> str | None:
    """Return what a value should be; None if it is valid."""
    if name.endswith("LOG_LEVEL"):
        return None if text.upper() in LEVELS else f"it is one of {', '.join(LEVELS)}"
    if name == "NEWSCRAWL_RESOLVERS":
        return _wrong_resolvers(text)
    if name == "NEWSCRAWL_NOTIFY":
        return _wrong_command(text)
    if name == "NEWSCRAWL_SITES":
        return _wrong_sites(text)
    default: Any = getattr(own_settings, name, getattr(default_settings, name, None))
    match default:
        case bool():
            return None if text in _BOOLEANS else "it is True or False"
        case int() | float():
            is_whole = isinstance(default, int) and name not in _FLOATS
            return _wrong_number(name, text, is_whole=is_whole)
        case dict():
            return None if isinstance(_json(text), dict) else "it is JSON: {…}"
        case list() if name.endswith("_CODES"):
            return None if re.fullmatch(r"\d+(,\d+)*|", text) else "it is numbers, by commas"
        case [int() | float(), *_]:
            return _wrong_numbers(name, text)
        case str() if default.startswith(("scrapy.", "newscrawl.")):
            return None if _is_there(text) else "the class does not exist"
        case _:
            return None


def _wrong_number(name: str, text: str, *, is_whole: bool) -> str | None:
    try:
        number = int(text) if is_whole else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        return f"it is a {'whole ' if is_whole else ''}number"
    if name.startswith("CONCURRENT_") and number < 1:
        return "it is a number above 0"
    if number < 0 and "PRIORITY" not in name:
        return "it cannot be below 0"
    return None


def _wrong_numbers(name: str, text: str) -> str | None:
    values = text.split(",") if text else []
    if name == "NEWSCRAWL_LISTING_INTERVALS" and len(values) != 2:
        return "it is two numbers, by commas: the shortest and the longest"
    if any(_wrong_number(name, each, is_whole=False) for each in values):
        return "it is numbers, by commas"
    if name == "NEWSCRAWL_LISTING_INTERVALS" and float(values[0]) > float(values[1]):
        return "the first is the shortest: it cannot be above the longest"
    return None


def _wrong_resolvers(text: str) -> str | None:
    try:
        parse_resolvers(text)
    except BadResolvers as error:
        return str(error).removeprefix("NEWSCRAWL_RESOLVERS: ")
    return None


def _wrong_command(text: str) -> str | None:
    try:
        words_of(text)
    except BadCommand as error:
        return str(error) if text.strip() else None
    return None


def _wrong_sites(text: str) -> str | None:
    try:
        sites_of(_json(text))
    except BadSites as error:
        return str(error)
    return None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _is_there(path: str) -> bool:
    try:
        load_object(path)
    except (ValueError, NameError, ImportError):
        return False
    return True
