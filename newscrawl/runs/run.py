"""One run: its archive, its one writer, its ledger and its outcome."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import platform
import signal
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from scrapy import signals

from newscrawl import sites
from newscrawl._version import __version__
from newscrawl.items import Article, End, Failure, Listed, Page, Reject, Unchanged
from newscrawl.runs.clocks import clocks_of
from newscrawl.runs.judging import judge_run
from newscrawl.runs.ledger import Ledger
from newscrawl.runs.listing_tracker import ListingTracker
from newscrawl.runs.outcome import Exit, Outcome
from newscrawl.runs.run_options import RunOptions
from newscrawl.runs.schedule import IntervalBounds, is_listing_due, is_page_due
from newscrawl.store import open_files, suspects
from newscrawl.store.clock import utc_now
from newscrawl.store.connections import SQLITE_VERSION
from newscrawl.store.errors import StoreError, as_store_error, explained
from newscrawl.store.listings import Listing, ListingCheck, ListingKey
from newscrawl.store.stored_times import SAID, WRONG, StoredTimes, is_future, shifted
from newscrawl.store.target import Target
from newscrawl.store.uris import the_archive
from newscrawl.store.writer import Writer
from newscrawl.text.passwords import clean_address, without_passwords

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure as TwistedFailure

    from newscrawl.store.connections import Connection
    from newscrawl.store.known import Known, KnownPage
    from newscrawl.store.rules import Uses

logger = logging.getLogger(__name__)

_FILES = 8
"""Files that a run opens at most beside a connection for each request: the archive's, its lock's,
those that look names up and that modules are read from."""
_SIGNALS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}

interrupts: list[int] = []
"""Signals that asked this process to end, the first one first; noted by who runs the crawl."""


class Run:
    """Opens the archive before the first request, and closes it with the run's outcome.

    What the pipelines, the exporter and the spiders learn of a page comes here: it is written
    and counted in one transaction, so that the ledger in the file balances at every commit.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Open and lock the archive.

        :raises StoreError: it cannot be written. Here, and not when the spider opens, because
            Scrapy lets an exception pass from here alone.
        """
        self.crawler = crawler
        self._clocks = clocks_of(crawler)
        # Before the archive is opened: with too few files everything fails, and as something else.
        needed = _FILES + crawler.settings.getint("CONCURRENT_REQUESTS")
        if too_many := open_files.lack(needed):
            raise StoreError(f"{too_many}.")
        path, overwrite = the_archive(crawler.settings.getdict("FEEDS"))
        self._target = Target(path, overwrite=overwrite)
        self.options = RunOptions()
        """What the spider says of itself, from when it is open."""
        self.home_came = False
        """Whether the home page, or its failure, has come."""
        self.ledger = Ledger()
        shortest, longest = crawler.settings.getlist("NEWSCRAWL_LISTING_INTERVALS")
        bounds = IntervalBounds(float(shortest), float(longest))
        self.listings = ListingTracker(
            self._keep_check, bounds, write_confirmed=self._confirm_listing
        )
        self.outcome: Outcome | None = None
        """How the run ended; None until it has, or what will end it."""
        self._revisit_hours = [
            float(each) for each in crawler.settings.getlist("NEWSCRAWL_REVISIT_HOURS")
        ]
        self._is_crawl = crawler.crawling
        """Whether this is a crawl: `scrapy shell` has an engine, but crawls nothing."""
        self.troubles: list[str] = []
        """Sentences about what went wrong without being a page."""
        self.lost_lists: list[str] = []
        """Listings that could not be fetched."""
        self._rejected_bytes = 0
        self._writer: Writer | None = None
        self._broken: Writer | None = None
        """The writer after the store has failed."""
        self._verdict: Outcome | None = None
        self._commits: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        """Kept while it runs: asyncio itself holds no reference to a task."""
        self._closed = False
        self._run_id: int | None = None
        self._began_at: str | None = None
        self.times: StoredTimes
        """What stored times mean; from when the archive is open."""
        self._noted_difference: int | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect to the crawler's signals."""
        run = cls(crawler)
        connect = crawler.signals.connect
        connect(run.spider_opened, signals.spider_opened)
        connect(run.engine_started, signals.engine_started)
        connect(run.spider_error, signals.spider_error)
        connect(run.item_error, signals.item_error)
        # After the feeds have closed: they may still hand over an article. Where a setting has
        # switched them off, at the engine's end.
        connect(run.close, signals.feed_exporter_closed)
        connect(run.close, signals.engine_stopped)
        return run

    # -- what the run learns of its pages -----------------------------------------------

    def store(self, article: Article) -> None:
        """Write an article, and count what it was worth."""
        if article.page is None or self._writer is None:
            return
        try:
            self._writer.set_clock(self._clocks.difference or 0)
            verdict = self._writer.add(article, loader_version=sites.LOADER_VERSION)
        except StoreError as error:
            self._store_failed(error)
        except Exception as error:  # Scrapy would log it, and the page would be gone
            logger.exception("Storing %s", article.page.url)
            self.crashed(error, article.page)
        else:
            self._stored(article, verdict)
            self._commit_if_due()

    def store_all(self, articles: list[Article]) -> None:
        """Write articles as :meth:`store` does one, at a fraction of its cost."""
        if self._writer is None:
            return
        try:
            self._writer.set_clock(self._clocks.difference or 0)
            verdicts = self._writer.add_all(articles, loader_version=sites.LOADER_VERSION)
        except StoreError as error:
            self._store_failed(error)
        except Exception as error:  # one of them is to blame, and nothing of it is written
            logger.info("Storing one by one, after %r", error)
            for article in articles:
                self.store(article)
        else:
            for article, verdict in zip(articles, verdicts, strict=True):
                self._stored(article, verdict)
            self._commit_if_due()

    def _stored(self, article: Article, verdict: End) -> None:
        assert article.page is not None  # noqa: S101  it could not have been stored
        if verdict == "rejected":
            logger.info("Rejected %s: it is suspicious", article.page.url)
            self.crawler.stats.inc_value(f"rejected/{suspects.REASON}")
        elif article.page.kind.is_resolved and article.body_rank is not None:
            # Before it is counted, since then it may be committed.
            self._write_uncommitted("answered", article.page.site, article.info_code)
        # What is suspicious is kept, and judged for itself: see newscrawl.runs.judging.
        self._settle(article.page.url, verdict, final=verdict != "rejected")
        for construct, times in (article.unknown or {}).items():
            self.crawler.stats.inc_value(f"unknown/{construct}", times)

    def reject(self, reject: Reject) -> None:
        """Keep a page that gave no article, and count it."""
        reject.detail = without_passwords(reject.detail)
        logger.info("Rejected %s: %s", reject.page.url, reject.detail)
        self.crawler.stats.inc_value(f"rejected/{reject.reason}")
        # Counted first: what is written may be committed at once.
        self._settle(reject.page.url, "rejected", final=reject.final)
        self._rejected_bytes += len(reject.page.body)
        most = self.crawler.settings.getfloat("NEWSCRAWL_REJECTED_MB") * 1_000_000
        if self._rejected_bytes > most and reject.page.body:
            logger.warning("Not keeping the bytes of %s: NEWSCRAWL_REJECTED_MB", reject.page.url)
            reject.page.body = b""
        self._write("reject", reject, loader_version=sites.LOADER_VERSION)

    def fail(self, failure: Failure) -> None:
        """Count a page that could not be fetched."""
        logger.info("Failed %s: %s", failure.url, failure.detail)
        self._settle(failure.url, "failed", final=failure.final)
        if failure.gone is not None:
            self._write("lose", failure.gone)

    def unchanged(self, unchanged: Unchanged) -> None:
        """Count a stored page that is as it was."""
        self._settle(unchanged.page.url, "unchanged")
        self._write("touch", unchanged.page)

    def is_due(self, known: KnownPage) -> bool:
        """Whether a stored page is due for a revisit."""
        if self.options.revisit or (self.is_misdated(known) and not self._is_clock_wrong):
            return True
        first, last = known.shown
        if self.times.spans:
            first, last = self.times.true(first), self.times.true(last)
        return is_page_due(first, last, self.present, self._revisit_hours)

    def is_misdated(self, known: KnownPage) -> bool:
        """Whether a page was last seen by a clock that was wrong."""
        latest = max(known.observed_at, known.last_seen_at)
        is_marked = bool(self.times.spans) and self.times.is_marked(known.last_seen_at)
        return is_marked or is_future(latest, self.present)

    def is_listing_due(self, listing: Listing) -> bool:
        """Whether a listing is due for a check."""
        checked_at = self.times.true(listing.checked_at) if listing.checked_at else None
        return is_listing_due(checked_at, listing.interval, self.present)

    @property
    def present(self) -> str:
        """The present time for schedules: by the servers' clocks where they all contradict ours."""
        difference = self._clocks.difference or 0
        return shifted(utc_now(), difference) if abs(difference) > SAID else utc_now()

    @property
    def _is_clock_wrong(self) -> bool:
        return abs(self._clocks.difference or 0) > WRONG

    def skip(self, page: Page, *, is_rejected: bool) -> None:
        """Count a known page that is not due for a revisit."""
        self.ledger.skip(page.url)
        self.listings.settled(page.url, "rejected" if is_rejected else None)

    def expect_answer(self, info_code: str, link: str | None) -> None:
        """Note that an article is to be resolved, so that a later run knows it, whatever comes.

        To be called before the article's own page is handed on.
        """
        self._write("expect_answer", self.options.site, info_code, link)

    def unanswered(self, since: str | None = None) -> list[tuple[str, str | None]]:
        """Return the articles to resolve now, the newest first, with their share links.

        With *since*, those whose posts were seen since then are among them, whoever stored them.
        """
        if since is not None:
            self._write("expect_young", self.options.site, since)
        return self.known.due_links(self.options.site, utc_now())

    def answer_tried(self, info_code: str) -> None:
        """Note that no page had the article: it is requested again, but not soon."""
        self._write("answer_tried", self.options.site, info_code, self._revisit_hours)

    def answered(self, info_code: str) -> None:
        """Note that an article needs no answer any more."""
        self._write("answered", self.options.site, info_code)

    def listed(self, listed: Listed) -> None:
        """Note a listing's category for an article."""
        self._write("list", listed)

    def duplicate(self, article: Article) -> None:
        """Count a page that was already fetched in this run."""
        if article.page is not None:
            self._settle(article.page.url, "duplicate")

    def withdraw(self, article: Article) -> None:
        """Count a page as filtered after all."""
        if article.page is not None:
            self.ledger.withdraw(article.page.url)
            self.listings.settled(article.page.url, None)

    def _settle(self, url: str, end: End, *, final: bool = True) -> None:
        self.ledger.settle(url, end, final=final)
        self.listings.settled(url, end)

    # -- what the run learns of its listings ----------------------------------------------

    def _keep_check(self, check: ListingCheck) -> None:
        if self.options.keeps_checks:
            self._write("note_check", check)

    def _confirm_listing(self, key: ListingKey) -> None:
        if self.options.keeps_checks:
            self._write("confirm_listing", key)

    def fail_listing(self, key: ListingKey, *, url: str, found_in: str, failure: str) -> None:
        """Note that a listing could not be fetched."""
        failure = without_passwords(failure)
        self._write(
            "note_failed_check", key, url=clean_address(url), found_in=found_in, failure=failure
        )

    def trouble(self, sentence: str) -> None:
        """Note a problem that is not about a page; the run ends as degraded."""
        logger.warning(sentence)
        self.troubles.append(sentence)

    def fail_at_end(self, exit_: Exit, reason: str) -> None:
        """Let the run go on, and end with this outcome; the last one given stays."""
        self._verdict = Outcome(exit_, reason)

    def stop(self, exit_: Exit, reason: str) -> None:
        """End the run now, with this outcome; the first one given stays."""
        if self.outcome is None:
            self.outcome = Outcome(exit_, reason)
            close = self.crawler.engine.close_spider_async(reason=self.outcome.name)
            self._closing = asyncio.ensure_future(_unless_closing(close))

    @property
    def began_at(self) -> str | None:
        """When it began (UTC); None before it has."""
        return self._began_at

    @property
    def is_open(self) -> bool:
        """Whether the archive can be written."""
        return self._writer is not None

    def count_rules(self, uses: Mapping[str, Uses]) -> None:
        """Add how often the rules were used by which pages were read."""
        self._write("count_rules", uses)

    def suspicions(self) -> list[str]:
        """Return what was suspicious in the run."""
        if not self.is_open or not self.crawler.stats.get_value(f"rejected/{suspects.REASON}"):
            return []
        assert self._run_id is not None  # noqa: S101  it is open
        return suspects.sentences(self.connection, run_id=self._run_id)

    @property
    def known(self) -> Known:
        """What the archive knows, for spiders and middlewares.

        :raises StoreError: the store has failed, and the run is about to end.
        """
        return self._open_writer.known

    @property
    def connection(self) -> Connection:
        """The writer's connection, to judge the run by.

        :raises StoreError: the store has failed, and the run is about to end.
        """
        return self._open_writer.connection

    @property
    def _open_writer(self) -> Writer:
        if self._broken is not None:
            raise StoreError("The archive has failed.")
        if self._writer is None:
            raise RuntimeError("the archive is not open yet")
        return self._writer

    # -- signals ------------------------------------------------------------------------

    def spider_opened(self, spider: Spider) -> None:
        """Begin the run's row."""
        self.options = getattr(spider, "run_options", self.options)
        try:
            self._writer = Writer(
                self._target.db,
                spider=spider.name,
                arguments=dict(self.options.arguments),
                versions=software_versions(),
                pid=os.getpid(),
                batch_items=self.crawler.settings.getint("NEWSCRAWL_BATCH_PAGES"),
                batch_seconds=self.crawler.settings.getfloat("NEWSCRAWL_BATCH_SECONDS"),
                importing=self.options.is_import,
            )
        except StoreError as error:
            self.outcome = Outcome(Exit.STORE, str(error))
            return  # engine_started ends the run
        for kind in self.options.page_kinds:
            for rule in sites.rules_of(kind):
                # A rule that never matches is seen by its 0.
                self.crawler.stats.inc_value(rule.key, 0)
        self._run_id, self._began_at = self._writer.run_id, self._writer.began_at
        self.times = StoredTimes(self._writer.connection)
        logger.info("Writing to %s, run %d", self._target.path, self._run_id)
        self._commits = asyncio.ensure_future(self._commit_regularly())

    def engine_started(self) -> None:
        """End a run that was to end before it began: Scrapy forgets so early a signal."""
        gc.freeze()  # objects made at start-up live on: the collector can skip them
        if self.outcome is None and self._is_crawl and not self.crawler.crawling:
            self.outcome = interrupted() or Outcome(Exit.INTERRUPTED, "stopped")
        if self.outcome is not None:
            self._closing = asyncio.ensure_future(self._end_early())

    async def _end_early(self) -> None:
        while not self.crawler.engine.running:
            await asyncio.sleep(0)
        self.crawler.crawling = True  # else Scrapy takes the run for one that has ended
        await self.crawler.stop_async()

    def spider_error(self, failure: TwistedFailure, response: Response, spider: Spider) -> None:
        """A callback raised: a bug of ours. Its page is kept for another try."""
        request = getattr(response, "request", None)
        page: Page | None = request.meta.get("page") if request is not None else None
        if page is not None:
            page.body = getattr(response, "body", b"")
            page.observed_at = page.observed_at or utc_now()
        self.crashed(failure.value, page)

    def item_error(self, item: Any, failure: TwistedFailure) -> None:
        """A pipeline raised: a bug of ours. Its page is kept for another try."""
        self.crashed(failure.value, getattr(item, "page", None))

    def crashed(self, error: BaseException | None, page: Page | None) -> None:
        """Note a bug of ours; the page that met it is kept for another try."""
        if (failed := as_store_error(error, self._target.path)) is not None:
            self._store_failed(failed)
            return
        detail = f"a bug in newscrawl: {error!r}"
        if page is None or page.url not in self.ledger.under_way:
            self.trouble(detail)
            return
        self.trouble(f"{page.url} met {detail}")
        self.reject(Reject(page, "crash", detail))

    def close(self) -> None:
        """Judge the run, close its row and its archive; twice is once."""
        if self._closed:
            return
        self._closed = True
        if self._commits is not None and not self._commits.get_loop().is_closed():
            self._commits.cancel()
        self.outcome = self._judge_run()
        self._close_archive()
        level = logging.INFO if self.outcome.exit is Exit.OK else logging.ERROR
        run = f"Run {self._run_id} finished" if self._run_id else "Run did not start"
        logger.log(level, "%s: %s", run, self.outcome)

    def _judge_run(self) -> Outcome:
        try:
            with explained(self._target.path):
                outcome = self.outcome or interrupted() or self._verdict or judge_run(self)
                if outcome.exit is Exit.OK and self._target.would_empty:
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
            "db": self._target.path,
            "run": self._run_id,
            "spider": self.crawler.spider.name if self.crawler.spider else None,
            "arguments": dict(self.options.arguments),
            **self.outcome.as_dict(),
            "counters": self._counters(),
        }

    # -- the archive --------------------------------------------------------------------

    def _write(self, method: str, *args: Any, **options: Any) -> None:
        self._write_uncommitted(method, *args, **options)
        self._commit_if_due()

    def _write_uncommitted(self, method: str, *args: Any, **options: Any) -> None:
        if self._writer is None:
            return
        try:
            getattr(self._writer, method)(*args, **options)
        except StoreError as error:
            self._store_failed(error)

    def _commit_if_due(self) -> None:
        if self._writer is None or not self._writer.is_due:
            return
        self._writer.counters = self._counters()
        try:
            self._note_clock(self._writer)
            self._writer.commit()
        except StoreError as error:
            self._store_failed(error)

    def _note_clock(self, writer: Writer) -> None:
        """Mark the run's times with what the servers' clocks say of ours, also if it is killed."""
        difference = self._clocks.difference
        if difference is not None and difference != self._noted_difference:
            writer.note_clock(difference)
            self._noted_difference = difference

    async def _commit_regularly(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._commit_if_due()

    def _store_failed(self, error: StoreError) -> None:
        """Stop at the first error: Scrapy would swallow it, and the run would seem to succeed."""
        if self._writer is not None:
            self._broken, self._writer = self._writer, None
            self._broken.rollback()
        self.stop(Exit.STORE, str(error))

    def _close_archive(self) -> None:
        assert self.outcome is not None  # noqa: S101  close() has judged
        try:
            self._end_row(self._writer, self._counters())
        except StoreError as error:
            self.outcome = Outcome(Exit.STORE, str(error))
            self._broken = self._writer
            if self._broken is not None:
                self._broken.rollback()
        if self._broken is not None:
            with suppress(StoreError):  # a run that the store has failed may be able to say so
                self._end_row(self._broken, self._broken.committed)
        if self.outcome.exit is Exit.OK and self._writer is not None:
            self._optimize_index(self._writer)
        try:
            self._target.finish(good=self.outcome.exit is Exit.OK)
            if self._target.is_rebuild and self.outcome.exit is not Exit.OK:
                logger.warning("%s was not rebuilt: it is as it was", self._target.path)
        except StoreError as error:
            self.outcome = Outcome(Exit.STORE, str(error))

    def _optimize_index(self, writer: Writer) -> None:
        if not writer.is_big_import:
            return
        logger.info("Optimizing the search index, most of which this run wrote")
        try:
            writer.optimize_index()
        except StoreError as error:  # all is stored, and is found; searches take longer
            logger.warning("The search index could not be optimized: %s", error)

    def _end_row(self, writer: Writer | None, counters: Mapping[str, int]) -> None:
        if writer is None or self.outcome is None:
            return
        writer.counters = counters
        self._note_clock(writer)
        writer.end(
            outcome=self.outcome.name, exit_code=self.outcome.exit, reason=self.outcome.reason
        )

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
