"""newscrawl keeps a complete, exact and searchable archive of a news feed in one SQLite file.

import newscrawl

with newscrawl.open("data/news.db") as archive:
    for hit in archive.search("降息", since="2022-01-01", limit=10):
        print(hit.published_at, hit.title)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from newscrawl._version import __version__ as __version__

if TYPE_CHECKING:
    from newscrawl.archive.api import Archive


def open(path: str | Path) -> Archive:
    """Open the archive at *path* read-only, also while a crawl writes it.

    :raises newscrawl.store.errors.StoreError: there is none that this version can read.
    """
    from newscrawl.archive.api import Archive

    return Archive(path)
