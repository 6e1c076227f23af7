"""Runs the doctor's spider in an event loop of its own, and returns its diagnosis."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from scrapy.crawler import AsyncCrawlerProcess

from newscrawl.runs.doctor.diagnosis import Diagnosis
from newscrawl.runs.logs import quieten
from newscrawl.runs.outcome import Outcome
from newscrawl.runs.process import run_until_end
from newscrawl.runs.run import interrupted

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.settings import Settings

logger = logging.getLogger(__name__)


@runtime_checkable
class Examiner(Protocol):
    """What the doctor's spider is."""

    diagnosis: Diagnosis | None
    error: Exception | None
    """What went wrong with the doctor itself."""


def examine(settings: Settings, spider: type[Spider], **arguments: Any) -> Diagnosis | Outcome:
    """Examine a site with *spider*, which takes *arguments*, in an event loop of its own.

    Returns the outcome where a signal ended the examination.

    :raises StoreError: the archive cannot be read.
    """
    quieten()
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(spider)
    task = process.crawl(crawler, **arguments)
    run_until_end(process, task)
    try:
        task.result()
    except asyncio.CancelledError:
        logger.debug("Stopped at once")
    return interrupted() or result_of(crawler)


def result_of(crawler: Crawler) -> Diagnosis:
    """Return what was found; raise what went wrong with the doctor itself."""
    spider = crawler.spider
    if not isinstance(spider, Examiner):
        raise TypeError(f"{spider} gives no diagnosis")
    if spider.diagnosis is None:
        raise spider.error or RuntimeError("the examination did not begin")
    return spider.diagnosis
