"""SQLite as a feed format: ``scrapy crawl category -o news.db``."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from scrapy.exporters import BaseItemExporter
from scrapy.extensions.feedexport import FileFeedStorage

from newscrawl.items import Article, Batch, Rejected, Scheduled
from newscrawl.runs.run import run_of
from newscrawl.sites import LOADER_VERSION, REASONS, Unreadable
from newscrawl.sites.foreign_items import as_article
from newscrawl.sites.normalise import missing
from newscrawl.store.uris import FORMATS
from newscrawl.store.writer import Writer

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from newscrawl.runs.run import Run

logger = logging.getLogger(__name__)


class PathStorage(FileFeedStorage):
    """Scrapy's file storage, which never opens an archive: SQLite alone may."""

    def __init__(self, uri: str, *, feed_options: dict[str, Any] | None = None) -> None:
        super().__init__(uri, feed_options=feed_options)
        self._is_archive = (feed_options or {}).get("format") in FORMATS

    def open(self, spider: Spider) -> IO[bytes]:
        """Return the open file; for an archive, a stand-in that is never written to."""
        return BytesIO() if self._is_archive else super().open(spider)


class ArchiveExporter(BaseItemExporter):
    """Adds articles to the archive that the run has open; items of any spider become articles.

    An error of the store goes to the run, which ends by it: Scrapy would only log it.
    """

    def __init__(self, run: Run, **options: Any) -> None:
        super().__init__(dont_fail=True, **options)
        self._run = run
        self._items = run.items
        self._channel = run.channel
        self._clocks = run.clocks

    @classmethod
    def from_crawler(cls, crawler: Crawler, file: IO[bytes], **options: Any) -> Self:
        """Build it for the crawler's run."""
        return cls(run_of(crawler), **options)

    def start_exporting(self) -> None:
        """Take the archive, which the run has opened before the first request."""
        self._archive = self._run.archive

    def export_item(self, item: Any) -> None:
        """Add an article, or those of a batch."""
        if isinstance(item, Article):
            self._add([item])
        elif isinstance(item, Batch):
            self._add([each for each in item.items if isinstance(each, Article)])
        else:
            self._add_foreign(item)
        self._archive.commit_if_due()

    def _add_foreign(self, item: Any) -> None:
        """Add an item of a foreign spider, which is validated only here: no feed loses it."""
        if not ItemAdapter.is_item(item):
            return
        page = self._items.page_of(item, self._channel.options.site)
        self._channel.send(Scheduled(page.url))
        try:
            article = as_article(ItemAdapter(item), page, zone=self._items.zone)
            if reason := missing(article):
                raise Unreadable(reason, REASONS[reason])
        except Unreadable as error:
            self._channel.send(Rejected(page, error.reason, error.detail))
        else:
            self._add([article])

    def finish_exporting(self) -> None:
        """Commit what was added."""
        self._archive.commit()

    def _add(self, articles: list[Article]) -> None:
        """Add articles and count what each was worth; many at once cost much less."""
        self._archive.write(Writer.set_clock, self._clocks.difference or 0)
        try:
            verdicts = self._archive.write(Writer.add_all, articles, loader_version=LOADER_VERSION)
        except Exception as error:  # one of them is to blame, and nothing of it is written
            if len(articles) > 1:
                logger.info("Storing one by one, after %r", error)
                for each in articles:
                    self._add([each])
                return
            logger.exception("Storing %s", articles[0].page)
            self._channel.crashed(error, articles[0].page)
            return
        for article, verdict in zip(articles, verdicts or (), strict=False):
            self._channel.stored(article, verdict)
