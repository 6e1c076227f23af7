"""One line for another Scrapy project: ``ADDONS = {"newscrawl.addon.Archive": 500}``."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from newscrawl.logs import quieten
from newscrawl.store.archive import MEMORY

FORMATS = ("db", "sqlite", "sqlite3")
"""Names of the feed format, which are also the suffixes that mean it."""


class Archive:
    """Sets up what writes an archive: feed storage, pipelines and the run itself."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Complete *settings* at the add-on's priority: the project's own ones win."""
        quieten()
        for scheme in ("", "file"):
            # Scrapy's own file storage would keep the database open beside SQLite: closing that
            # descriptor drops SQLite's locks, and -O would cut the file under its readers.
            settings["FEED_STORAGES"][scheme] = "newscrawl.exporters.PathStorage"
        feeds = settings.getdict("FEEDS")
        if not archive_feeds(feeds):
            # A run with no archive (-o articles.jsonl) keeps its ledger in memory.
            settings.set("FEEDS", {**feeds, MEMORY: {"format": "db"}}, priority="cmdline")
        for name, order in _PIPELINES.items():
            settings["ITEM_PIPELINES"].setdefault(name, order)
        settings["EXTENSIONS"].setdefault("newscrawl.run.Run", 0)


# The order tells the story: count what is no article, then what it means, then whether it is new.
_PIPELINES = {
    "newscrawl.pipelines.Account": 100,
    "newscrawl.pipelines.Validate": 200,
    "newscrawl.pipelines.Normalise": 300,
    "newscrawl.pipelines.Since": 400,
    "newscrawl.pipelines.Dedupe": 500,
}


def archive_feeds(feeds: dict[Any, dict[str, Any]]) -> list[tuple[str, bool]]:
    """Return path and overwrite of each feed that is an archive."""
    return [
        (path_of(str(uri)), bool(options.get("overwrite", False)))
        for uri, options in feeds.items()
        if options.get("format") in FORMATS
    ]


def the_archive(feeds: dict[Any, dict[str, Any]]) -> tuple[str, bool]:
    """Return path and overwrite of the one archive; one in memory where none is named.

    :raises UsageError: there are several: a run has one writer.
    """
    found = archive_feeds(feeds)
    if len(found) > 1:
        names = ", ".join(path for path, _ in found)
        raise UsageError(f"A run writes one archive, and {len(found)} were named: {names}")
    return found[0] if found else (MEMORY, False)


def path_of(uri: str) -> str:
    """Return the file that a feed's URI names."""
    return unquote(urlsplit(uri).path) if uri.startswith("file:") else uri
