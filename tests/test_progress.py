"""The line that a run logs of its progress."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from running import open_run

from newscrawl.runs.progress import Progress


async def test_counts_in_a_line(tmp_path: Path) -> None:
    with open_run(tmp_path / "news.db") as run:
        progress = Progress(run.crawler)
        assert progress.line().startswith("0 of 0 pages: none yet (0.0 pages/s)")
        for number in range(4):
            run.ledger.schedule(f"http://mirror.test/{number}")
        run.ledger.settle("http://mirror.test/0", "new")
        run.ledger.settle("http://mirror.test/1", "new")
        run.ledger.settle("http://mirror.test/2", "failed")
        assert progress.line().startswith("3 of 4 pages: 2 new, 1 failed (")
        assert progress.listings() == ""
        run.crawler.stats.inc_value("listings/asked", 3)
        run.crawler.stats.inc_value("listings/read")
        assert progress.line().endswith("pages/s), 1 of 3 listings")


async def test_it_logs_until_the_spider_is_closed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"NEWSCRAWL_PROGRESS_SECONDS": 0.01}
    with (
        caplog.at_level(logging.INFO, "newscrawl.runs.progress"),
        open_run(tmp_path / "news.db", settings=settings) as run,
    ):
        progress = Progress.from_crawler(run.crawler)
        run.ledger.schedule("http://mirror.test/0")
        progress.spider_opened()
        async with asyncio.timeout(60):
            while not caplog.messages:
                await asyncio.sleep(0.01)
        progress.spider_closed()
        await asyncio.sleep(0)
        lines = len(caplog.messages)
        assert lines >= 2
        assert all("0 of 1 pages: none yet" in line for line in caplog.messages)
        await asyncio.sleep(0.1)
        assert len(caplog.messages) == lines


async def test_zero_seconds_log_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.INFO, "newscrawl.runs.progress"),
        open_run(tmp_path / "news.db") as run,
    ):
        progress = Progress(run.crawler)
        progress.spider_opened()
        await asyncio.sleep(0)
        progress.spider_closed()
        assert caplog.messages == []
