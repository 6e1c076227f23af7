"""Item pipelines: validate ▸ normalise ▸ dedupe."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import DropItem

from newscrawl.items import Article, Batch, Duplicate, Page, Rejected
from newscrawl.runs.run import run_of
from newscrawl.sites import REASONS
from newscrawl.sites.normalise import missing, normalise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class _Pipeline(ABC):
    """Takes articles one by one, also those of a batch."""

    def __init__(self, crawler: Crawler) -> None:
        self.channel = run_of(crawler).channel

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        """Return the item for the next pipeline; a batch without what is dropped of it.

        Items of foreign spiders pass as they are: other feeds and pipelines get their own.
        """
        if isinstance(item, Article):
            return self.process(item)
        if isinstance(item, Batch):
            item.items = list(self._passed(item))
        return item

    def _passed(self, batch: Batch) -> Iterator[Any]:
        for each in batch.items:
            try:
                yield self.process_item(each)
            except DropItem:
                continue
            except Exception as error:  # it must not take the others with it
                logger.exception("Processing %s", each)
                self.channel.crashed(error, each.page if isinstance(each, Article) else None)

    @abstractmethod
    def process(self, article: Article) -> Article:
        """Return the article for the next pipeline.

        :raises DropItem: it ends here.
        """


def _dropped(why: str) -> DropItem:
    # It is counted in the run statistics; a warning for each would hide the important ones.
    return DropItem(why, log_level=logging.getLevelName(logging.DEBUG))


class Validate(_Pipeline):
    """Rejects articles without an id, or with neither title nor body."""

    def process(self, article: Article) -> Article:
        """Return a complete article."""
        reason = missing(article)
        if reason is None:
            return article
        self.channel.send(Rejected(_page(article), reason, REASONS[reason]))
        raise _dropped(f"rejected: {reason}")


class Normalise(_Pipeline):
    """Fills in an article's time, ids and URLs."""

    def process(self, article: Article) -> Article:
        """Return the article, completed."""
        return normalise(article)


class Dedupe(_Pipeline):
    """Drops a page that was fetched before in this run, under another URL.

    One with a better body passes: two hosts may answer for one infoCode, and only the second may
    have its text. Nothing is compared with the archive: the writer's verdict is new, extended,
    changed or unchanged.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._seen: dict[str, int] = {}
        """The body rank of each page; -1 for none."""

    def process(self, article: Article) -> Article:
        """Return the article of a page once, and again if its body is better."""
        page = _page(article)
        rank = -1 if article.body_rank is None else int(article.body_rank)
        if rank <= self._seen.get(page.key, -2):
            self.channel.send(Duplicate(page.url))
            raise _dropped(f"duplicate: {page.key}")
        self._seen[page.key] = rank
        return article


def _page(article: Article) -> Page:
    if article.page is None:
        raise DropItem("an article without its page")
    return article.page
