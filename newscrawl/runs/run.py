"""One run: opens the archive before the first request, and closes it with an outcome."""

from __future__ import annotations

import asyncio
import gc
import logging
import platform
import signal
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from scrapy import signals

from newscrawl import sites
from newscrawl._version import __version__
from newscrawl.items import Article, Page, options_of
from newscrawl.runs.channel import Channel
from newscrawl.runs.clocks import clocks_of
from newscrawl.runs.foreign_items import ForeignItems
from newscrawl.runs.judging import judge_run
from newscrawl.runs.ledger import Ledger
from newscrawl.runs.open_archive import OpenArchive
from newscrawl.runs.outcome import Exit, Outcome
from newscrawl.runs.schedule import Schedule
from newscrawl.runs.scrapy_private import end_idle_scraper
from newscrawl.store import open_files
from newscrawl.store.clock import utc_now
from newscrawl.store.connections import SQLITE_VERSION
from newscrawl.store.errors import StoreError, explained
from newscrawl.store.stored_times import StoredTimes
from newscrawl.store.target import Target
from newscrawl.store.uris import the_archive

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure as TwistedFailure

logger = logging.getLogger(__name__)

_FILES = 8
"""Files that a run opens at most beside a connection for each request: the archive's, its lock's,
those that look names up and that modules are read from."""
_SIGNALS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}
_CLOSING_SECONDS = 0.1
"""How often it is seen whether an engine that closes has nothing left to do."""

interrupts: list[int] = []
"""Signals that asked this process to end, the first one first; noted by who runs the crawl."""


class Run:
    """Opens and locks the archive, and closes it with the run's outcome.

    What becomes of each page is told to :attr:`channel`, and articles are written by the exporter.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Open and lock the archive.

        :raises StoreError: it cannot be written. Here, and not when the spider opens, because
            Scrapy lets an exception pass from here alone.
        """
        self.crawler = crawler
        # Before the archive is opened: with too few files everything fails, and as something else.
        needed = _FILES + crawler.settings.getint("CONCURRENT_REQUESTS")
        if too_many := open_files.lack(needed):
            raise StoreError(f"{too_many}.")
        path, overwrite = the_archive(crawler.settings.getdict("FEEDS"))
        self.items = ForeignItems(str(crawler.settings["NEWSCRAWL_ITEM_TIMEZONE"]))
        """Where items of foreign spiders come from."""
        self.ledger = Ledger()
        self.clocks = clocks_of(crawler)
        self.archive = OpenArchive(
            Target(path, overwrite=overwrite), self.clocks, counters=self._counters,
            failed=self._store_failed,
        )  # fmt: skip
        self.channel = Channel(
            self.archive, self.ledger, crawler.settings, crawler.stats, stop=self._stop
        )
        self.schedule: Schedule
        """What is due; from when the spider is open."""
        self.outcome: Outcome | None = None
        """How the run ended; None until it has, or what will end it."""
        self._is_crawl = crawler.crawling
        """Whether this is a crawl: `scrapy shell` has an engine, but crawls nothing."""
        self._closing: list[asyncio.Task[None]] = []
        """Kept while they run: asyncio itself holds no reference to a task."""
        self._closed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect to the crawler's signals."""
        run = cls(crawler)
        connect = crawler.signals.connect
        connect(run.spider_opened, signals.spider_opened)
        connect(run.engine_started, signals.engine_started)
        connect(run.spider_error, signals.spider_error)
        connect(run.item_error, signals.item_error)
        connect(run.item_dropped, signals.item_dropped)
        # After the feeds have closed: they may still hand over an article. Where a setting has
        # switched them off, at the engine's end.
        connect(run.close, signals.feed_exporter_closed)
        connect(run.close, signals.engine_stopped)
        return run

    # -- signals ------------------------------------------------------------------------

    def spider_opened(self, spider: Spider) -> None:
        """Begin the run's row."""
        settings, options = self.crawler.settings, options_of(spider)
        self.channel.options = options if options.site else replace(options, site=spider.name)
        try:
            self.archive.begin(spider.name, options, software_versions(), settings)
        except StoreError as error:
            self.outcome = Outcome(Exit.STORE, str(error))
            return  # engine_started ends the run
        for kind in options.page_kinds:
            for rule in sites.rules_of(kind):
                # A rule that never matches is seen by its 0.
                self.crawler.stats.inc_value(rule.key, 0)
        assert self.archive.began_at is not None  # noqa: S101  it has just begun
        self.schedule = Schedule(
            self.archive.began_at, StoredTimes(self.archive.connection), self.clocks,
            [float(each) for each in settings.getlist("NEWSCRAWL_REVISIT_HOURS")],
            revisit=options.revisit,
        )  # fmt: skip
        logger.info("Writing to %s, run %d", self.archive.target.path, self.archive.run_id)

    def engine_started(self) -> None:
        """End a run that was to end before it began: Scrapy forgets so early a signal."""
        gc.freeze()  # objects made at start-up live on: the collector can skip them
        if self.outcome is None and self._is_crawl and not self.crawler.crawling:
            self.outcome = interrupted() or Outcome(Exit.INTERRUPTED, "stopped")
        self._closing.append(asyncio.ensure_future(self._end_closing()))
        if self.outcome is not None:
            self._closing.append(asyncio.ensure_future(self._end_early()))

    async def _end_early(self) -> None:
        while not self.crawler.engine.running:
            await asyncio.sleep(0)
        self.crawler.crawling = True  # else Scrapy takes the run for one that has ended
        await self.crawler.stop_async()

    async def _end_closing(self) -> None:
        """Let a closing engine go on when its last item is done."""
        while not self._closed:
            await asyncio.sleep(_CLOSING_SECONDS)
            end_idle_scraper(self.crawler)

    def spider_error(self, failure: TwistedFailure, response: Response, spider: Spider) -> None:
        """A callback raised: a bug of ours. Its page is kept for another try."""
        request = getattr(response, "request", None)
        page: Page | None = request.meta.get("page") if request is not None else None
        if page is not None:
            page.body = getattr(response, "body", b"")
            page.observed_at = page.observed_at or utc_now()
        self.channel.crashed(failure.value, page)

    def item_error(self, item: Any, failure: TwistedFailure) -> None:
        """A pipeline raised: a bug of ours. Its page is kept for another try."""
        page = item.page if isinstance(item, Article) else self.items.take(item)
        self.channel.crashed(failure.value, page)

    def item_dropped(self, item: Any) -> None:
        """A pipeline of the project dropped an item: its page is not needed any more."""
        self.items.take(item)

    def _stop(self, outcome: Outcome) -> None:
        """End the run now, with this outcome; the first one given stays."""
        if self.outcome is None:
            self.outcome = outcome
            close = self.crawler.engine.close_spider_async(reason=outcome.name)
            self._closing.append(asyncio.ensure_future(_unless_closing(close)))

    def _store_failed(self, error: StoreError) -> None:
        self._stop(Outcome(Exit.STORE, str(error)))

    # -- the end ------------------------------------------------------------------------

    def close(self) -> None:
        """Judge the run, close its row and its archive; twice is once."""
        if self._closed:
            return
        self._closed = True
        self.archive.stop_committing()
        self.outcome = self.archive.close(self._judge())
        level = logging.INFO if self.outcome.exit is Exit.OK else logging.ERROR
        run_id = self.archive.run_id
        run = f"Run {run_id} finished" if run_id else "Run did not start"
        logger.log(level, "%s: %s", run, self.outcome)

    def _judge(self) -> Outcome:
        target = self.archive.target
        try:
            with explained(target.path):
                outcome = self.outcome or interrupted() or self.channel.verdict or judge_run(self)
                if outcome.exit is Exit.OK and target.would_empty:
                    reason = "no articles were found for the new archive"
                    return Outcome(Exit.DEGRADED, reason)
        except StoreError as error:
            return self.outcome or Outcome(Exit.STORE, str(error))
        # What is judged is written, too: that may have failed.
        return self.outcome or outcome

    def report(self) -> dict[str, Any]:
        """Return the run as whoever is to be told of it gets it."""
        assert self.outcome is not None  # noqa: S101  called at its end
        return {
            "db": self.archive.target.path,
            "run": self.archive.run_id,
            "spider": self.crawler.spider.name if self.crawler.spider else None,
            "arguments": dict(self.channel.options.arguments),
            **self.outcome.as_dict(),
            "counters": self._counters(),
        }

    def _counters(self) -> dict[str, int]:
        stat = self.crawler.stats.get_value
        # What robots.txt forbids counts there as an exception, and was never sent.
        never_sent = stat("downloader/exception_type_count/scrapy.exceptions.IgnoreRequest", 0)
        return {
            **self.ledger.counters,
            "requests": stat("downloader/request_count", 0),
            "responses": stat("downloader/response_count", 0),
            "errors": stat("downloader/exception_count", 0) - never_sent,
        }


def interrupted() -> Outcome | None:
    """Return the outcome of a run that a signal has ended; None where none came."""
    if not interrupts:
        return None
    number = signal.Signals(interrupts[0])
    return Outcome(_SIGNALS.get(number, Exit.INTERRUPTED), f"stopped by {number.name}")


async def _unless_closing(close: Any) -> None:
    """Await the engine's end; it may have come already, for another reason."""
    try:
        await close
    except RuntimeError as error:
        logger.debug("The spider was closing already: %s", error)


def run_of(crawler: Crawler) -> Run:
    """Return the crawler's run.

    :raises RuntimeError: the extension is not enabled.
    """
    run = crawler.get_extension(Run)
    if run is None:
        raise RuntimeError("newscrawl.runs.run.Run is not among EXTENSIONS")
    return run


def software_versions() -> dict[str, str]:
    """Return the versions that a run's row keeps."""
    return {
        "newscrawl": __version__,
        "scrapy": version("scrapy"),
        "python": platform.python_version(),
        "sqlite": SQLITE_VERSION,
    }
