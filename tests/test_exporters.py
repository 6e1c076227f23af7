"""SQLite as a feed format: what the exporter and its storage do with items."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from archives import article, page
from crawls import query
from running import open_run
from scrapy.utils.test import get_crawler

from newscrawl.exporters import ArchiveExporter, PathStorage
from newscrawl.items import Batch, PageKind
from newscrawl.runs.outcome import Exit


async def test_an_article_is_stored_and_counted(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    with open_run(db) as run:
        exporter = ArchiveExporter.from_crawler(run.crawler, BytesIO())
        made = page()
        run.ledger.schedule(made.url)
        exporter.start_exporting()
        exporter.export_item(article(made))
        exporter.finish_exporting()
        assert run.ledger.counters["new"] == 1
    assert query(db, "SELECT id, title FROM articles") == [("NW202112282228490028", "标题")]


async def test_a_batch_is_stored(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    with open_run(db) as run:
        exporter = ArchiveExporter.from_crawler(run.crawler, BytesIO())
        exporter.start_exporting()
        pages = [page(f"NW20211228000000000{number}") for number in range(3)]
        for each in pages:
            run.ledger.schedule(each.url)
        exporter.export_item(Batch([article(each) for each in pages]))
        assert run.ledger.counters["new"] == 3
    assert query(db, "SELECT count(*) FROM articles") == [(3,)]


async def test_what_is_no_item_is_left_alone(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    with open_run(db) as run:
        exporter = ArchiveExporter.from_crawler(run.crawler, BytesIO())
        exporter.start_exporting()
        exporter.export_item("题")
        assert run.ledger.counters.total() == 0
    assert query(db, "SELECT count(*) FROM articles") == [(0,)]


async def test_items_of_others_become_articles(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    with open_run(db) as run:
        exporter = ArchiveExporter.from_crawler(run.crawler, BytesIO())
        exporter.start_exporting()
        item = {"id": "7", "title": "题", "site": "other"}
        run.items.attach(item, page(kind=PageKind.ITEM, url="http://other.test/7"))
        exporter.export_item(item)
        exporter.export_item({"id": "8", "title": "无页"})
        exporter.export_item({"title": "没有编号"})
        assert run.ledger.counters["new"] == 2
        assert run.ledger.counters["rejected"] == 1
        assert run.ledger.balances
    assert query(db, "SELECT id, title FROM articles ORDER BY 1") == [
        ("finews:8", "无页"), ("other:7", "题"),
    ]  # fmt: skip
    assert query(db, "SELECT url, reason FROM rejects") == [("", "no_id")]


async def test_a_body_that_is_too_deep_is_rejected(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    with open_run(db) as run:
        deep = {"id": "1", "body_html": "<div>" * 2000 + "文"}
        exporter = ArchiveExporter.from_crawler(run.crawler, BytesIO())
        exporter.start_exporting()
        exporter.export_item(deep)
        assert run.ledger.balances
    assert query(db, "SELECT reason FROM rejects") == [("too_deep",)]


async def test_a_failing_store_ends_the_run(tmp_path: Path) -> None:
    with open_run(tmp_path / "news.db") as run:
        exporter = ArchiveExporter.from_crawler(run.crawler, BytesIO())
        exporter.start_exporting()
        run.archive.connection.execute("DROP TABLE observations")
        made = page()
        run.ledger.schedule(made.url)
        exporter.export_item(article(made))
        exporter.finish_exporting()
        assert run.outcome is not None
        assert run.outcome.exit is Exit.STORE


def test_without_the_run_it_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match=r"Run is not among EXTENSIONS"):
        ArchiveExporter.from_crawler(get_crawler(), BytesIO())


@pytest.mark.parametrize(("format_", "is_made"), [("sqlite", False), ("jsonlines", True)])
def test_only_other_formats_open_the_file(tmp_path: Path, format_: str, is_made: bool) -> None:
    path = tmp_path / "news.db"
    storage = PathStorage(str(path), feed_options={"format": format_, "overwrite": False})
    file = storage.open(None)  # type: ignore[arg-type]  # the spider is not looked at
    file.close()
    assert path.exists() == is_made
