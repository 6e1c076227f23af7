"""Logs the progress of a run every few seconds."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from scrapy import signals

from newscrawl.items import REPORTED
from newscrawl.runs.run import run_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class Progress:
    """Logs the run's counters regularly; ``newscrawl crawl`` shows them live on a terminal."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.seconds = crawler.settings.getfloat("NEWSCRAWL_PROGRESS_SECONDS")
        self._began = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect to the crawler's signals."""
        progress = cls(crawler)
        crawler.signals.connect(progress.spider_opened, signals.spider_opened)
        crawler.signals.connect(progress.spider_closed, signals.spider_closed)
        return progress

    def spider_opened(self) -> None:
        """Start logging."""
        self._began = time.monotonic()
        if self.seconds > 0:
            self._task = asyncio.ensure_future(self._log_regularly())

    def spider_closed(self) -> None:
        """Log the last line, and stop."""
        if self._task is not None:
            self._task.cancel()
            if run_of(self.crawler).ledger.counters["scheduled"]:
                logger.info(self.line())

    def line(self) -> str:
        """Return the counters in a line: pages, their verdicts, pages per second."""
        count = run_of(self.crawler).ledger.counters
        done = sum(count[end] for end in REPORTED)
        elapsed = time.monotonic() - self._began
        ends = [f"{count[end]} {end.replace('_', ' ')}" for end in REPORTED if count[end]]
        worth = ", ".join(ends) or "none yet"
        rate = done / elapsed if elapsed else 0.0
        return (
            f"{done} of {count['scheduled']} pages: {worth} ({rate:.1f} pages/s){self.listings()}"
        )

    def listings(self) -> str:
        """Return how many listings were read, if the spider reads any."""
        asked = self.crawler.stats.get_value("listings/asked", 0)
        return (
            f", {self.crawler.stats.get_value('listings/read', 0)} of {asked} listings"
            if asked
            else ""
        )

    async def _log_regularly(self) -> None:
        while True:
            await asyncio.sleep(self.seconds)
            logger.info(self.line())
