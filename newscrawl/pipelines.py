"""Item pipelines: account ▸ validate ▸ normalise ▸ since ▸ dedupe."""

from __future__ import annotations

import datetime
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from newscrawl.items import Article, Batch, Failure, Listed, Reject, Unchanged
from newscrawl.runs.run import run_of
from newscrawl.sites import REASONS
from newscrawl.sites.normalise import missing, normalise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class _Pipeline(ABC):
    """Takes items one by one, also those of a batch."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.run = run_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        """Return the item for the next pipeline; a batch without what is dropped of it."""
        if not isinstance(item, Batch):
            return self.process(item)
        item.items = list(self._passed(item))
        return item

    def _passed(self, batch: Batch) -> Iterator[Any]:
        for each in batch.items:
            try:
                yield self.process(each)
            except DropItem:
                continue
            except Exception as error:  # it must not take the others with it
                logger.exception("Processing %s", each)
                self.run.crashed(error, getattr(each, "page", None))

    @abstractmethod
    def process(self, item: Any) -> Any:
        """Return the item for the next pipeline.

        :raises DropItem: it ends here.
        """


def _dropped(why: str) -> DropItem:
    # It is counted in the run statistics; a warning for each would hide the important ones.
    return DropItem(why, log_level=logging.getLevelName(logging.DEBUG))


class Account(_Pipeline):
    """Counts items that are not articles, and drops them: rejects, failures, listed, unchanged."""

    def process(self, item: Any) -> Any:
        """Let articles through."""
        match item:
            case Reject():
                self.run.reject(item)
            case Failure():
                self.run.fail(item)
            case Listed():
                self.run.listed(item)
            case Unchanged():
                self.run.unchanged(item)
            case _:
                return item
        raise _dropped(f"counted: {type(item).__name__}")


class Validate(_Pipeline):
    """Rejects articles without an id, or with neither title nor body."""

    def process(self, item: Any) -> Any:
        """Return a complete article."""
        article = _article(item)
        reason = missing(article)
        if reason is None:
            return item
        if article.page is not None:
            self.run.reject(Reject(article.page, reason, REASONS[reason]))
        raise _dropped(f"rejected: {reason}")


class Normalise(_Pipeline):
    """Fills in an article's time, ids and URLs."""

    def process(self, item: Any) -> Any:
        """Return the article, completed."""
        normalise(_article(item))
        return item


class Since(_Pipeline):
    """Drops articles published before the spider's `since`."""

    def process(self, item: Any) -> Any:
        """Return an article published since then, or without a time."""
        since: datetime.date | None = getattr(self.crawler.spider, "since", None)
        if since is None:
            return item
        published_at = ItemAdapter(item).get("published_at")
        if published_at is None or published_at[:10] >= since.isoformat():
            return item
        self.run.withdraw(_article(item))
        raise _dropped(f"published {published_at}, before {since}")


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

    def process(self, item: Any) -> Any:
        """Return the article of a page once, and again if its body is better."""
        article = _article(item)
        if article.page is None:
            raise DropItem("an article without its page")
        key = article.page.key
        rank = -1 if article.body_rank is None else int(article.body_rank)
        if rank <= self._seen.get(key, -2):
            self.run.duplicate(article)
            raise _dropped(f"duplicate: {key}")
        self._seen[key] = rank
        return item


def _article(item: Any) -> Article:
    if not isinstance(item, Article):
        raise TypeError(f"newscrawl's pipelines take articles, not {type(item).__name__}")
    return item
