"""SQLite as a feed format: ``scrapy crawl category -o news.db``."""

from __future__ import annotations

from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from scrapy.exporters import BaseItemExporter
from scrapy.extensions.feedexport import FileFeedStorage

from newscrawl.items import Article, Batch
from newscrawl.store.uris import FORMATS

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from newscrawl.runs.run import Run


class PathStorage(FileFeedStorage):
    """Scrapy's file storage, which never opens an archive: SQLite alone may."""

    def __init__(self, uri: str, *, feed_options: dict[str, Any] | None = None) -> None:
        super().__init__(uri, feed_options=feed_options)
        self._is_archive = (feed_options or {}).get("format") in FORMATS

    def open(self, spider: Spider) -> IO[bytes]:
        """Return the open file; for an archive, a stand-in that is never written to."""
        return BytesIO() if self._is_archive else super().open(spider)


class ArchiveExporter(BaseItemExporter):
    """Hands articles to the run, which opened the archive before the first request."""

    def __init__(self, run: Run, **options: Any) -> None:
        super().__init__(dont_fail=True, **options)
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler, file: IO[bytes], **options: Any) -> Self:
        """Build it for the crawler's run."""
        from newscrawl.runs.run import Run

        run = crawler.get_extension(Run)
        if run is None:
            raise RuntimeError(
                "an archive is written by newscrawl.runs.run.Run; add it to EXTENSIONS"
            )
        return cls(run, **options)

    def export_item(self, item: Any) -> None:
        """Store an article, or those of a batch."""
        if isinstance(item, Batch):
            self._run.store_all([each for each in item.items if isinstance(each, Article)])
        elif isinstance(item, Article):
            self._run.store(item)
