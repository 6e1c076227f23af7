"""Examinations of a source, in this process."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

from crawls import FAST
from scrapy.crawler import AsyncCrawlerRunner

from newscrawl.cli.doctor_spider import DoctorSpider, doctor_settings
from newscrawl.runs.doctor.diagnosis import Diagnosis
from newscrawl.runs.doctor.examination import result_of
from newscrawl.store.connections import open_for_reading


async def diagnose(
    base_url: str | None, *, db: Path | None = None, settings: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> Diagnosis:  # fmt: skip
    """Run the doctor in this process; return what it finds."""
    made = doctor_settings(**{**FAST, **(settings or {})})
    runner = AsyncCrawlerRunner(made)
    crawler = runner.create_crawler(DoctorSpider)
    if base_url is not None:
        arguments["base_url"] = base_url
    is_there = db is not None and db.exists()
    with closing(open_for_reading(db)) if is_there else nullcontext() as archive:
        await runner.crawl(crawler, archive=archive, **arguments)
    return result_of(crawler)
