"""What a message means for a run: it is counted, and written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from newscrawl import sites
from newscrawl.items import (
    Article,
    BadArgument,
    Duplicate,
    End,
    Failed,
    Filtered,
    HomeCame,
    InList,
    Listed,
    ListingChecked,
    ListingConfirmed,
    ListingFailed,
    Message,
    OutOfRange,
    Page,
    Rejected,
    Repeated,
    Resolved,
    RunOptions,
    Scheduled,
    Skipped,
    Stop,
    ToResolve,
    Trouble,
    Unchanged,
    Unreachable,
    Unresolved,
    YoungToResolve,
)
from newscrawl.runs.ledger import Ledger
from newscrawl.runs.listing_tracker import ListingTracker
from newscrawl.runs.outcome import Exit, Outcome
from newscrawl.runs.schedule import IntervalBounds
from newscrawl.store import suspects
from newscrawl.store.errors import as_store_error
from newscrawl.store.writer import Writer
from newscrawl.text.passwords import clean_address, without_passwords

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings
    from scrapy.statscollectors import StatsCollector

    from newscrawl.runs.open_archive import OpenArchive
    from newscrawl.store.listings import ListingCheck

logger = logging.getLogger(__name__)


class Channel:
    """The one way by which a run learns of its pages, its listings and its troubles.

    A message and what it counts are in one transaction with the articles before it, so that the
    counters in the file balance at every commit.
    """

    def __init__(
        self, archive: OpenArchive, ledger: Ledger, settings: BaseSettings, stats: StatsCollector,
        *, stop: Callable[[Outcome], None],
    ) -> None:  # fmt: skip
        self.options = RunOptions()
        """What the spider says of itself, from when it is open."""
        self.home_came = False
        """Whether the home page, or its failure, has come."""
        self.troubles: list[str] = []
        """Sentences about what went wrong without being a page."""
        self.lost_lists: list[str] = []
        """Categories whose listings could not be fetched."""
        self.verdict: Outcome | None = None
        """How the run ends if nothing stops it before."""
        self._archive = archive
        self._ledger = ledger
        self._stats = stats
        self._stop = stop
        shortest, longest = settings.getlist("NEWSCRAWL_LISTING_INTERVALS")
        bounds = IntervalBounds(float(shortest), float(longest))
        self._listings = ListingTracker(self._keep_check, bounds)
        self._revisit_hours = [float(each) for each in settings.getlist("NEWSCRAWL_REVISIT_HOURS")]
        self._rejected_most = settings.getfloat("NEWSCRAWL_REJECTED_MB") * 1_000_000
        self._rejected_bytes = 0

    def send(self, message: Message) -> None:
        """Count and write what a message says."""
        match message:
            case Scheduled():  # nothing is written
                self._ledger.schedule(message.url)
                return
            case Repeated():
                self._ledger.link("repeated")
                return
            case Filtered():
                self._ledger.link("filtered")
                return
            case Skipped():
                self._skipped(message)
            case Rejected():
                self._reject(message)
            case Failed():
                self._failed(message)
            case Unchanged():
                self._unchanged(message)
            case Duplicate():
                self._settle(message.url, "duplicate")
            case OutOfRange():
                self._settle(message.url, "out_of_range")
            case _:
                self._send_of_articles(message)
        self._archive.commit_if_due()

    def _send_of_articles(self, message: Message) -> None:
        write, site = self._archive.write, self.options.site
        match message:
            case Listed():
                write(Writer.list, message)
            case InList():
                write(Writer.note_in_list, message)
            case ToResolve():
                write(Writer.expect_answer, site, message.article_id, message.link)
            case YoungToResolve():
                write(Writer.expect_young, site, message.since)
            case Resolved():
                write(Writer.answered, site, message.article_id)
            case Unresolved():
                write(Writer.answer_tried, site, message.article_id, self._revisit_hours)
            case _:
                self._send_of_the_run(message)

    def _send_of_the_run(self, message: Message) -> None:
        match message:
            case ListingChecked():
                self._listings.checked(message)
            case ListingFailed():
                self._listing_failed(message)
            case ListingConfirmed():
                self._listing_confirmed(message)
            case HomeCame():
                self.home_came = True
            case Trouble():
                self.trouble(message.sentence)
            case Unreachable(at_once=True):
                self._stop(Outcome(Exit.UNREACHABLE, message.reason))
            case Unreachable():
                self.verdict = Outcome(Exit.UNREACHABLE, message.reason)
            case BadArgument():
                self.verdict = Outcome(Exit.USAGE, message.reason)
            case Stop():
                self._stop(Outcome(Exit.DEGRADED, message.reason))
            case _:
                raise TypeError(f"{type(message).__name__} is not a message of newscrawl")

    # -- links and pages ----------------------------------------------------------------

    def _skipped(self, skipped: Skipped) -> None:
        self._ledger.link("skipped")
        self._listings.settled(skipped.url, "rejected" if skipped.is_rejected else None)

    def _reject(self, reject: Rejected) -> None:
        reject.detail = without_passwords(reject.detail)
        logger.info("Rejected %s: %s", reject.page.url, reject.detail)
        if reject.reason == "crash":
            self.trouble(f"{reject.page.url} met {reject.detail}")
        self._stats.inc_value(f"rejected/{reject.reason}")
        self._settle(reject.page.url, "rejected", final=reject.final)
        self._rejected_bytes += len(reject.page.body)
        if self._rejected_bytes > self._rejected_most and reject.page.body:
            logger.warning("Not keeping the bytes of %s: NEWSCRAWL_REJECTED_MB", reject.page.url)
            reject.page.body = b""
        self._archive.write(Writer.reject, reject, loader_version=sites.LOADER_VERSION)

    def _failed(self, failure: Failed) -> None:
        logger.info("Failed %s: %s", failure.url, failure.detail)
        self._settle(failure.url, "failed", final=failure.final)
        if failure.gone is not None:
            self._archive.write(Writer.lose, failure.gone)

    def _unchanged(self, unchanged: Unchanged) -> None:
        self._settle(unchanged.page.url, "unchanged")
        self._archive.write(Writer.touch, unchanged.page)

    def _settle(self, url: str, end: End, *, final: bool = True) -> None:
        self._ledger.settle(url, end, final=final)
        self._listings.settled(url, end)

    def stored(self, article: Article, verdict: End) -> None:
        """Count what an article that was written was worth; the caller commits."""
        assert article.page is not None  # noqa: S101  it could not have been stored
        if verdict == "rejected":
            logger.info("Rejected %s: it is suspicious", article.page.url)
            self._stats.inc_value(f"rejected/{suspects.REASON}")
        elif article.page.kind.is_resolved and article.body_rank is not None and article.id:
            self._archive.write(Writer.answered, article.page.site, article.id)
        # What is suspicious is kept, and judged for itself: see newscrawl.runs.judging.
        self._settle(article.page.url, verdict, final=verdict != "rejected")
        for construct, times in (article.unknown or {}).items():
            self._stats.inc_value(f"unknown/{construct}", times)
        for kind, times in (article.removed or {}).items():
            self._stats.inc_value(f"removed/{kind}", times)

    def crashed(self, error: BaseException | None, page: Page | None) -> None:
        """Note a bug of ours; the page that met it is kept for another try."""
        if (failed := as_store_error(error, self._archive.target.path)) is not None:
            self._archive.fail(failed)
            return
        whose = "newscrawl" if self.options.page_kinds else "the spider or a pipeline"
        detail = f"a bug in {whose}: {error!r}"
        if page is None or page.url not in self._ledger.under_way:
            self.trouble(detail)
            return
        self.send(Rejected(page, "crash", detail))

    # -- listings -----------------------------------------------------------------------

    def _keep_check(self, check: ListingCheck) -> None:
        if self.options.keeps_checks:
            self._archive.write(Writer.note_check, check)

    def _listing_failed(self, failed: ListingFailed) -> None:
        failure = without_passwords(failed.failure)
        if failed.key.kind == "category":
            logger.warning("Could not fetch the listing of %s: %s", failed.key.name, failure)
            self.lost_lists.append(failed.key.name)
        self._archive.write(
            Writer.note_failed_check, failed.key, url=clean_address(failed.url),
            found_in=failed.found_in, failure=failure,
        )  # fmt: skip

    def _listing_confirmed(self, confirmed: ListingConfirmed) -> None:
        self._listings.confirm(confirmed.key)
        if self.options.keeps_checks:  # it may have been kept before
            self._archive.write(Writer.confirm_listing, confirmed.key)

    # -- the run ------------------------------------------------------------------------

    def trouble(self, sentence: str) -> None:
        """Note a problem that is not about a page; the run ends as degraded."""
        logger.warning(sentence)
        self.troubles.append(sentence)
