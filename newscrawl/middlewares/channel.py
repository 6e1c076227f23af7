"""Takes the messages out of what spiders yield, and hands them to the run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from scrapy.spidermiddlewares.base import BaseSpiderMiddleware
from scrapy.spidermiddlewares.httperror import HttpError

from newscrawl.items import Batch, Message
from newscrawl.runs.run import run_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure


class ChannelMiddleware(BaseSpiderMiddleware):
    """The middleware nearest the engine: messages of all others come here, too.

    A message is handed on before the next object is taken from the spider, so that spiders find
    in the archive what they have said.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._channel = run_of(crawler).channel

    def get_processed_item(self, item: Any, response: Response | None) -> Any:
        """Return an item, a batch without its messages; None for a message."""
        if isinstance(item, Message):
            self._channel.send(item)
            return None
        if isinstance(item, Batch):
            item.items = [
                each for each in item.items if self.get_processed_item(each, response) is not None
            ]
            return item if item.items else None
        return item


def of_errback(crawler: Crawler, failure: Failure, output: Iterable[Any]) -> Iterable[Any]:
    """Return what an errback yields, without its messages.

    Scrapy calls the spider middlewares for an errback only if one of them raised the failure,
    which only HttpErrorMiddleware does.
    """
    if isinstance(failure.value, HttpError):
        return output
    return ChannelMiddleware(crawler).process_spider_output(None, output)
