"""Finds the archive among the feeds of Scrapy, and converts its URI to a path and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlparse

from newscrawl.store.connections import MEMORY
from newscrawl.store.errors import UnusableFeed

FORMATS = ("db", "sqlite", "sqlite3")
"""Names of the feed format, which are also the file suffixes that imply it."""

# Options of a feed that would silently keep articles out of the archive.
_REFUSED = ("batch_item_count", "item_classes", "item_filter", "postprocessing")


def is_archive(uri: Any, options: dict[str, Any]) -> bool:
    """Whether a feed is an archive: as in Scrapy, the suffix is the format where none is given."""
    return options.get("format", Path(str(uri)).suffix.removeprefix(".")) in FORMATS


def archive_feeds(feeds: dict[Any, dict[str, Any]]) -> list[tuple[str, bool]]:
    """Return path and overwrite of each feed that is an archive."""
    return [
        (path_of_uri(str(uri)), bool(options.get("overwrite", False)))
        for uri, options in feeds.items()
        if is_archive(uri, options)
    ]


def the_archive(feeds: dict[Any, dict[str, Any]]) -> tuple[str, bool]:
    """Return path and overwrite of the only archive; one in memory where none is named.

    :raises UnusableFeed: there are several: a run has one writer. Or the feed is not a file, or
        has an option that an archive cannot have.
    """
    found = archive_feeds(feeds)
    if len(found) > 1:
        names = ", ".join(path for path, _ in found)
        raise UnusableFeed(f"A run writes one archive, and {len(found)} were named: {names}")
    for uri, options in feeds.items():
        if is_archive(uri, options):
            _check(str(uri), options)
    return found[0] if found else (MEMORY, False)


def path_of_uri(uri: str) -> str:
    """Return the file that a feed's URI names."""
    if not uri.startswith("file:"):
        return uri
    return os.fsdecode(unquote_to_bytes(urlparse(uri).path))


def uri_of(path: str) -> str:
    """Return the feed's URI of a file, whatever its name contains.

    Scrapy reads ``data:x.db`` as a URI and ``%(name)s.db`` as a template.
    """
    return path if path == MEMORY else Path(path).absolute().as_uri()


def _check(uri: str, options: dict[str, Any]) -> None:
    if uri != MEMORY and urlparse(uri).scheme not in ("", "file"):
        raise UnusableFeed(
            f"Scrapy reads {uri} as a URI, but an archive is a local file. For a file of that "
            f"name, use ./{uri}"
        )
    if "%(" in uri:
        raise UnusableFeed(
            f"{uri} contains a placeholder: each run would write a separate archive. Name one file."
        )
    for name in _REFUSED:
        if options.get(name):
            raise UnusableFeed(
                f"The feed {uri} has the option {name}, which would keep articles out of the "
                "archive. Remove it, or set it on a feed of another format."
            )
