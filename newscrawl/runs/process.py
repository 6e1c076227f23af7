"""Runs one spider, and returns its outcome: for both command lines."""

from __future__ import annotations

import asyncio
import logging
from types import FrameType
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess, Crawler, CrawlerProcessBase
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from newscrawl.addon import uri_of
from newscrawl.runs.notify import notify
from newscrawl.runs.outcome import Exit, Outcome
from newscrawl.runs.run import Run, interrupts
from newscrawl.store.errors import AlreadyRunning, StoreError

logger = logging.getLogger(__name__)


def own_settings(**overrides: Any) -> Settings:
    """Return newscrawl's settings, with what the command line overrides."""
    settings = Settings()
    settings.setmodule("newscrawl.settings", priority="project")
    settings.setdict(overrides, priority="cmdline")
    return settings


def settings_for(db: str, *, overwrite: bool = False, **overrides: Any) -> Settings:
    """Return newscrawl's settings for a run that writes the file *db*, whatever its name."""
    settings = own_settings(**overrides)
    # At last: no override may take the archive away.
    feed = {"format": "db", "overwrite": overwrite}
    settings.set("FEEDS", {uri_of(db): feed}, priority="cmdline")
    return settings


def crawl(spider: str, settings: Settings, arguments: dict[str, str]) -> Outcome:
    """Run *spider* in a process of its own event loop; return how it ended."""
    # The command line logs in its own way.
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    return crawl_in(process, process.create_crawler(spider), arguments)


def crawl_in(process: CrawlerProcessBase, crawler: Crawler, arguments: dict[str, str]) -> Outcome:
    """Run *crawler* in *process*; return how it ended. Blocks until then.

    The last line of the log says it, also where the run could not begin. Whoever
    NEWSCRAWL_NOTIFY names is notified of every run that fails.
    """
    outcome = _run_in(process, crawler, arguments)
    command = str(crawler.settings.get("NEWSCRAWL_NOTIFY") or "").strip()
    if command and outcome.exit is not Exit.OK:
        run = crawler.get_extension(Run) if crawler.extensions else None
        notify(command, run.report() if run and run.outcome else outcome.as_dict())
    return outcome


def _run_in(process: CrawlerProcessBase, crawler: Crawler, arguments: dict[str, str]) -> Outcome:
    assert isinstance(process, AsyncCrawlerProcess)  # noqa: S101  the settings have no reactor
    note_signals(process)
    task = process.crawl(crawler, **arguments)
    process.start()
    try:
        task.result()
    except asyncio.CancelledError:
        pass  # Ctrl-C twice: close() below commits, and says so
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


def note_signals(process: AsyncCrawlerProcess) -> None:
    """Note which signal ends the crawl; what Scrapy does on it stays as it is.

    Scrapy installs its handler when the loop runs, over any other, so it is taken here, where it
    can be set before: on the process.
    """
    interrupts.clear()
    shutdown = process._signal_shutdown_reactorless

    def note(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        shutdown(number, frame)

    process._signal_shutdown_reactorless = note  # type: ignore[method-assign,assignment]  # see above


def _never_began(exit_: Exit, error: Exception) -> Outcome:
    outcome = Outcome(exit_, str(error))
    logger.error("Run did not start: %s", outcome)
    return outcome
