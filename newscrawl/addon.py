"""One line for another Scrapy project: ``ADDONS = {"newscrawl.addon.Addon": 500}``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlparse

from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from newscrawl.runs.logs import quieten
from newscrawl.store.connections import MEMORY

FORMATS = ("db", "sqlite", "sqlite3")
"""Names of the feed format, which are also the suffixes that mean it."""


class Addon:
    """Sets up what writes an archive: feed storage, pipelines, the run and what it knows."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Complete *settings* at the add-on's priority: the project's own ones win."""
        quieten()
        for scheme in ("", "file"):
            # Scrapy's own file storage would keep the database open beside SQLite: closing that
            # descriptor drops SQLite's locks, and -O would cut the file under its readers.
            settings["FEED_STORAGES"][scheme] = "newscrawl.exporters.PathStorage"
        feeds = {
            uri: {**_OF_ARCHIVES, **options} if _is_archive(uri, options) else options
            for uri, options in settings.getdict("FEEDS").items()
        }
        if not archive_feeds(feeds):
            # A run with no archive (-o articles.jsonl) keeps its ledger in memory.
            feeds[MEMORY] = {"format": "db", **_OF_ARCHIVES}
        the_archive(feeds)  # says what is wrong before Scrapy looks at the feeds
        settings.set("FEEDS", feeds, priority="cmdline")
        add_contact(settings)
        for name, order in _PIPELINES.items():
            settings["ITEM_PIPELINES"].setdefault(name, order)
        settings["EXTENSIONS"].setdefault("newscrawl.runs.run.Run", 0)
        # Nearest to the spider: what is known needs nothing of the others.
        settings["SPIDER_MIDDLEWARES"].setdefault(
            "newscrawl.middlewares.known.KnownMiddleware", 950
        )


# The order tells the story: count what is no article, then what it means, then whether it is new.
_PIPELINES = {
    "newscrawl.pipelines.Account": 100,
    "newscrawl.pipelines.Validate": 200,
    "newscrawl.pipelines.Normalise": 300,
    "newscrawl.pipelines.Since": 400,
    "newscrawl.pipelines.Dedupe": 500,
}


# The number of FEED_EXPORT_BATCH_ITEM_COUNT is for other feeds: an archive is one file.
_OF_ARCHIVES = {"batch_item_count": 0}
# Options of a feed that would keep articles out of the archive without a word.
_REFUSED = ("batch_item_count", "item_classes", "item_filter", "postprocessing")


def archive_feeds(feeds: dict[Any, dict[str, Any]]) -> list[tuple[str, bool]]:
    """Return path and overwrite of each feed that is an archive."""
    return [
        (path_of_uri(str(uri)), bool(options.get("overwrite", False)))
        for uri, options in feeds.items()
        if _is_archive(uri, options)
    ]


def the_archive(feeds: dict[Any, dict[str, Any]]) -> tuple[str, bool]:
    """Return path and overwrite of the one archive; one in memory where none is named.

    :raises UsageError: there are several: a run has one writer. Or what is named is no file, or
        has an option that an archive cannot have.
    """
    found = archive_feeds(feeds)
    if len(found) > 1:
        names = ", ".join(path for path, _ in found)
        raise UsageError(f"A run writes one archive, and {len(found)} were named: {names}")
    for uri, options in feeds.items():
        if _is_archive(uri, options):
            _check(str(uri), options)
    return found[0] if found else (MEMORY, False)


def takes_batches(settings: BaseSettings) -> bool:
    """Whether items may go together, as a :class:`~newscrawl.items.Batch`.

    Only what is newscrawl's knows them: no feed of another format, no pipeline of the user's.
    """
    only_archives = len(archive_feeds(settings.getdict("FEEDS"))) == len(settings["FEEDS"])
    return only_archives and settings.getdict("ITEM_PIPELINES").keys() <= _PIPELINES.keys()


def path_of_uri(uri: str) -> str:
    """Return the file that a feed's URI names."""
    if not uri.startswith("file:"):
        return uri
    return os.fsdecode(unquote_to_bytes(urlparse(uri).path))


def uri_of(path: str) -> str:
    """Return the feed's URI of a file, whatever is in its name.

    Scrapy takes ``data:x.db`` for an address and ``%(name)s.db`` for a template.
    """
    return path if path == MEMORY else Path(path).absolute().as_uri()


def _is_archive(uri: Any, options: dict[str, Any]) -> bool:
    # As Scrapy does: the suffix is the format where none is given.
    return options.get("format", Path(str(uri)).suffix.removeprefix(".")) in FORMATS


def _check(uri: str, options: dict[str, Any]) -> None:
    if uri != MEMORY and urlparse(uri).scheme not in ("", "file"):
        raise UsageError(
            f"{uri} is an address for Scrapy, and an archive is a file on this machine; a file of "
            f"that name is ./{uri}"
        )
    if "%(" in uri:
        raise UsageError(
            f"{uri} has a placeholder: each run would write an archive of its own. Name one file."
        )
    for name in _REFUSED:
        if options.get(name):
            raise UsageError(
                f"The feed {uri} has the option {name}, which would keep articles out of the "
                "archive; take it away, or give it to a feed of another format."
            )


def add_contact(settings: BaseSettings) -> None:
    """Say in each request who is asked about the crawl, where the user said so."""
    contact = " ".join(str(settings.get("NEWSCRAWL_CONTACT") or "").split())
    agent = str(settings["USER_AGENT"])
    if contact and contact not in agent:
        settings.set(
            "USER_AGENT", f"{agent} (+{contact})", priority=settings.getpriority("USER_AGENT") or 0
        )
