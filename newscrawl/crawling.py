"""Runs one spider to its end, and says how it ended: for both command lines."""

from __future__ import annotations

import asyncio
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess, Crawler, CrawlerProcessBase
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from newscrawl.addon import the_archive
from newscrawl.outcome import Exit, Outcome
from newscrawl.run import Run
from newscrawl.store.errors import StoreError


def settings_for(db: str, *, overwrite: bool = False, **overrides: Any) -> Settings:
    """Return newscrawl's settings for a run that writes *db*."""
    settings = Settings()
    settings.setmodule("newscrawl.settings", priority="project")
    settings.set("FEEDS", {db: {"format": "db", "overwrite": overwrite}}, priority="cmdline")
    settings.setdict(overrides, priority="cmdline")
    return settings


def crawl(spider: str, settings: Settings, arguments: dict[str, str]) -> Outcome:
    """Run *spider* in a process of its own event loop; return how it ended."""
    process = AsyncCrawlerProcess(settings, install_root_handler=False)
    return crawl_in(process, process.create_crawler(spider), arguments)


def crawl_in(process: CrawlerProcessBase, crawler: Crawler, arguments: dict[str, str]) -> Outcome:
    """Run *crawler* in *process*; return how it ended. Blocks until then."""
    try:
        the_archive(crawler.settings.getdict("FEEDS"))
    except UsageError as error:
        return Outcome(Exit.USAGE, str(error))
    assert isinstance(process, AsyncCrawlerProcess)  # noqa: S101  the settings have no reactor
    task = process.crawl(crawler, **arguments)
    process.start()
    try:
        task.result()
    except asyncio.CancelledError:
        pass  # Ctrl-C twice: the run's own outcome says so
    except UsageError as error:
        return Outcome(Exit.USAGE, str(error))
    except StoreError as error:
        return Outcome(Exit.STORE, str(error))
    run = crawler.get_extension(Run)
    if run is None or run.outcome is None:
        return Outcome(Exit.CRASHED, "the run ended without a verdict")
    return run.outcome
