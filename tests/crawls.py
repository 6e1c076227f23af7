"""Whole crawls: in this process, and as the commands that people start."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scrapy.crawler import AsyncCrawlerRunner

from newscrawl.items import ENDS
from newscrawl.runs.outcome import Outcome
from newscrawl.runs.process import settings_for
from newscrawl.runs.run import run_of

ROOT = Path(__file__).parents[1]

FAST: dict[str, Any] = {
    "DOWNLOAD_DELAY": 0,
    "AUTOTHROTTLE_ENABLED": False,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
    "CONCURRENT_REQUESTS": 16,
    "RETRY_TIMES": 0,
    "LOG_ENABLED": False,
    "NEWSCRAWL_PROGRESS_SECONDS": 0,
    "MEMUSAGE_ENABLED": False,  # the process is that of all tests, and not a crawl's
}
"""The server is our own, on loopback: no politeness is due to it."""


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    @staticmethod
    def today() -> datetime:
        """Return the time that another process has."""
        return datetime.now(UTC)

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


async def crawl(
    spider: str, db: Path | str, base_url: str, *, overwrite: bool = False,
    settings: Mapping[str, Any] | None = None, **arguments: str,
) -> Outcome:  # fmt: skip
    """Run a spider in this process; return how it ended."""
    made = settings_for(str(db), overwrite=overwrite, **{**FAST, **(settings or {})})
    runner = AsyncCrawlerRunner(made)
    crawler = runner.create_crawler(spider)
    await runner.crawl(crawler, base_url=base_url, **arguments)
    outcome = run_of(crawler).outcome
    assert outcome is not None
    return outcome


def query(db: Path | str, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with closing(sqlite3.connect(db)) as connection:
        return connection.execute(sql, parameters).fetchall()


TABLES = (
    "articles", "article_categories", "article_tags", "mentions", "images", "categories",
    "category_names", "observations", "revisions", "raw_pages", "rejects",
)  # fmt: skip


def dump(db: Path | str, *, without: tuple[str, ...] = ("last_seen_at",)) -> dict[str, list[Any]]:
    """Return all rows of an archive but its runs, in a stable order, without some columns."""
    found = {}
    with closing(sqlite3.connect(db)) as connection:
        connection.row_factory = sqlite3.Row
        # A damaged text is compared, too.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        for table in TABLES:
            rows = [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
            for row in rows:
                for name in without:
                    row.pop(name, None)
            found[table] = sorted(rows, key=repr)
    return found


def ledger(db: Path | str) -> dict[str, Any]:
    """Return the row of the last run."""
    with closing(sqlite3.connect(db)) as connection:
        connection.row_factory = sqlite3.Row
        return dict(connection.execute("SELECT * FROM runs ORDER BY id DESC LIMIT 1").fetchone())


def assert_balanced(run: Mapping[str, Any], *, interrupted: bool = False) -> None:
    """Check that every link and every page of a run is accounted for."""
    links = run["repeated"] + run["skipped"] + run["filtered"] + run["scheduled"]
    assert run["listed"] == links
    unfinished = run["scheduled"] - sum(run[end] for end in ENDS)
    assert unfinished >= 0 if interrupted else unfinished == 0


def command(*words: str, cwd: Path = ROOT, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run ``scrapy`` or ``newscrawl`` as people do."""
    program = str(Path(sys.executable).with_name(words[0]))
    return subprocess.run(
        [program, *words[1:]], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )
