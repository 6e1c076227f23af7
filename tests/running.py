"""A run that is open without a crawl: its crawler has the product's settings and extensions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crawls import FAST
from scrapy import Spider
from scrapy.utils.test import get_crawler

from newscrawl.items import Message
from newscrawl.runs.process import settings_for
from newscrawl.runs.run import Run, run_of
from newscrawl.spiders.category import CategorySpider

BASE_URL = "http://mirror.test/"


@contextmanager
def open_run(
    db: Path, spider: type[Spider] = CategorySpider, *, settings: dict[str, Any] | None = None,
    base_url: str | None = BASE_URL, **arguments: str,
) -> Iterator[Run]:  # fmt: skip
    """Open an archive for a spider that requests nothing; close it at the end."""
    made = settings_for(str(db), overwrite=False, **{**FAST, **(settings or {})})
    crawler = get_crawler(spider, dict(made))
    if base_url is not None:
        arguments["base_url"] = base_url
    crawler.spider = crawler._create_spider(**arguments)
    run = run_of(crawler)
    run.spider_opened(crawler.spider)
    try:
        yield run
    finally:
        run.close()


def heard(run: Run, output: Iterable[Any]) -> list[Any]:
    """Return what a spider yields but its messages, which the run gets in their turn."""
    others = []
    for each in output:
        if isinstance(each, Message):
            run.channel.send(each)
        else:
            others.append(each)
    return others
