"""Runs one spider in this process and returns its outcome, for both command lines."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess, Crawler, CrawlerProcessBase
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings, Settings
from scrapy.utils.ossignal import install_shutdown_handlers

from newscrawl.runs.notify import SECONDS, SECONDS_AFTER_SIGNAL, notify, send_failure
from newscrawl.runs.outcome import Exit, Outcome
from newscrawl.runs.run import Run, interrupts
from newscrawl.store.errors import AlreadyRunning, StoreError
from newscrawl.store.uris import uri_of

logger = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that running requests have after a signal. Docker kills a process after ten."""


def own_settings(**overrides: Any) -> Settings:
    """Return newscrawl's settings, with what the command line overrides."""
    settings = Settings()
    settings.setmodule("newscrawl.settings", priority="project")
    settings.setdict(overrides, priority="cmdline")
    return settings


def settings_for(db: str, *, overwrite: bool = False, **overrides: Any) -> Settings:
    """Return newscrawl's settings for a run that writes the file *db*, whatever its name."""
    settings = own_settings(**overrides)
    # Last: no override may remove the archive.
    feed = {"format": "db", "overwrite": overwrite}
    settings.set("FEEDS", {uri_of(db): feed}, priority="cmdline")
    return settings


def crawl(spider: str, settings: Settings, arguments: dict[str, str]) -> Outcome:
    """Run *spider* in a process of its own event loop; return how it ended."""
    # The command line configures logging itself.
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    # Scrapy opens its logger for every level: a record of each page and item, for no handler.
    logging.getLogger("scrapy").setLevel(settings["LOG_LEVEL"])
    return crawl_in(process, process.create_crawler(spider), arguments)


def crawl_in(process: CrawlerProcessBase, crawler: Crawler, arguments: dict[str, str]) -> Outcome:
    """Run *crawler* in *process*; return how it ended. Blocks until then.

    The last line of the log says it, also if the run could not begin. NEWSCRAWL_NOTIFY and
    NEWSCRAWL_ALERT_FAILURES tell of every outcome but ok; the latter not of a run that was stopped.
    """
    outcome = _run_in(process, crawler, arguments)
    if outcome.exit is not Exit.OK:
        run = _begun(crawler)
        _tell(crawler.settings, run.report() if run and run.outcome else outcome.as_dict())
    return outcome


def _tell(settings: BaseSettings, run: Mapping[str, Any]) -> None:
    """Tell of a failed run; of one that was stopped in little time, and to the command alone."""
    if not interrupts:
        install_shutdown_handlers(_end_at_once)
    if command := str(settings.get("NEWSCRAWL_NOTIFY") or "").strip():
        notify(command, run, seconds=SECONDS_AFTER_SIGNAL if interrupts else SECONDS)
    if settings.getbool("NEWSCRAWL_ALERT_FAILURES") and not interrupts:
        urls = str(settings.get("NEWSCRAWL_ALERT_URLS_FILE") or "")
        send_failure(run, Path(urls) if urls else None)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    """End without telling any longer: the run is closed."""
    raise SystemExit(Exit.INTERRUPTED if number == signal.SIGINT else Exit.TERMINATED)


def _begun(crawler: Crawler) -> Run | None:
    """Return the crawler's run; None where it never began."""
    try:
        return crawler.get_extension(Run)
    except RuntimeError:
        return None


def _run_in(process: CrawlerProcessBase, crawler: Crawler, arguments: dict[str, str]) -> Outcome:
    assert isinstance(process, AsyncCrawlerProcess)  # noqa: S101  the settings have no reactor
    task = process.crawl(crawler, **arguments)
    run_until_end(process, task)
    try:
        task.result()
    except asyncio.CancelledError:
        pass  # Ctrl-C twice: close() below commits
    except UsageError as error:
        return _never_began(Exit.USAGE, error)
    except AlreadyRunning as error:
        return _never_began(Exit.BUSY, error)
    except StoreError as error:
        return _never_began(Exit.STORE, error)
    run = crawler.get_extension(Run)
    if run is not None:
        run.close()
    if run is None or run.outcome is None:
        return _never_began(Exit.CRASHED, RuntimeError("the run ended without an outcome"))
    return run.outcome


def run_until_end(process: AsyncCrawlerProcess, task: asyncio.Task[None]) -> None:
    """Run a crawl in *process* until it ends, and note which signals asked it to.

    The first signal stops the crawl once the running requests have ended, or :data:`PATIENCE` is
    over; the second at once. Scrapy's own handlers do not say which signal came, and wait for a
    site that stalls.
    """
    interrupts.clear()
    loop = task.get_loop()

    def stop(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        if loop.is_closed():
            return
        name = signal.Signals(number).name
        if len(interrupts) == 1:
            logger.info("Received %s, stopping; send it again to stop at once", name)
            loop.call_soon_threadsafe(stop_soon)
        elif len(interrupts) == 2:
            logger.info("Received %s again, stopping at once", name)
            loop.call_soon_threadsafe(stop_now)

    def stop_soon() -> None:
        stopping.append(loop.create_task(process.stop()))
        loop.call_later(PATIENCE, stop_now)

    def stop_now() -> None:
        # What is in flight is dropped: asyncio would report each as a failure, now and when the
        # objects are destroyed.
        loop.set_exception_handler(lambda loop, context: None)
        sys.unraisablehook = lambda unraisable: None
        for each in asyncio.all_tasks(loop):
            each.cancel()

    stopping: list[asyncio.Task[None]] = []
    """asyncio itself holds no reference to a task."""
    install_shutdown_handlers(stop)
    process.start(install_signal_handlers=False)


def _never_began(exit_: Exit, error: Exception) -> Outcome:
    outcome = Outcome(exit_, str(error))
    logger.error("Run did not start: %s", outcome)
    return outcome
