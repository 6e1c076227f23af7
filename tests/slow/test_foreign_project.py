"""A Scrapy project of other people: one ADDONS line, and its items are in an archive."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from crawls import assert_balanced, dump, ledger, query

ADDON = 'ADDONS = {"newscrawl.addon.Addon": 500}'
ITEMS = {
    "dict": "dict",
    "scrapy.Item": "ScrapyItem",
    "dataclass": "DataItem",
    "attrs": "AttrsItem",
}
SPIDER = """
    import dataclasses

    import attrs
    import scrapy


    class ScrapyItem(scrapy.Item):
        url, id, title, body_html, published_at = (scrapy.Field() for _ in range(5))


    @dataclasses.dataclass
    class DataItem:
        url: str
        id: str
        title: str
        body_html: str
        published_at: str


    @attrs.define
    class AttrsItem:
        url: str
        id: str
        title: str
        body_html: str
        published_at: str


    class News(scrapy.Spider):
        name = "theirs"
        start_urls = ["data:text/html;charset=utf-8,<p>page one</p>"]
        made = {made}

        def parse(self, response):
            for number in range(1, 4):
                yield self.made(
                    url=f"https://other.test/{{number}}.html",
                    id=str(number),
                    title=f"第{{number}}条新闻",
                    body_html=f"<p>央行今日降准，第{{number}}条{edit}</p>",
                    published_at=f"2026-01-0{{number}} 09:30",
                )
"""


def project(folder: Path, made: str, *, settings: str = ADDON, edit: str = "") -> Path:
    """Write a plain project, as `scrapy startproject` does but shorter."""
    (folder / "theirs" / "spiders").mkdir(parents=True, exist_ok=True)
    for each in ("theirs/__init__.py", "theirs/spiders/__init__.py"):
        (folder / each).touch()
    (folder / "scrapy.cfg").write_text("[settings]\ndefault = theirs.settings\n")
    (folder / "theirs" / "settings.py").write_text(
        f'SPIDER_MODULES = ["theirs.spiders"]\nREMOTE_CONTROL_ENABLED = False\n{settings}\n'
    )
    source = textwrap.dedent(SPIDER.format(made=made, edit=edit))
    (folder / "theirs" / "spiders" / "news.py").write_text(source)
    return folder


def crawl(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("scrapy"))
    return subprocess.run(
        [program, "crawl", "theirs", *words], cwd=folder, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip


@pytest.mark.parametrize("made", ITEMS.values(), ids=ITEMS.keys())
def test_items_are_stored_and_their_feed_is_their_own(tmp_path: Path, made: str) -> None:
    plain = project(tmp_path / "plain", made, settings="")
    crawl(plain, "-o", "x.jsonl")
    ours = project(tmp_path / "ours", made)
    crawl(ours, "-o", "x.jsonl")
    assert (ours / "x.jsonl").read_bytes() == (plain / "x.jsonl").read_bytes()
    db = ours / "data" / "news.db"
    rows: list[Any] = query(db, "SELECT id, title, body_text, published_at FROM articles")
    assert rows == [
        (f"theirs:{n}", f"第{n}条新闻", f"央行今日降准，第{n}条", f"2026-01-0{n}T09:30:00+08:00")
        for n in (1, 2, 3)
    ]
    assert_balanced(ledger(db))
    assert ledger(db)["outcome"] == "ok"
    # The page is kept, once.
    assert query(db, "SELECT page_kind, size FROM raw_pages") == [("item", len("<p>page one</p>"))]
    assert not (plain / "data").exists()


def test_a_later_crawl_merges_and_revises(tmp_path: Path) -> None:
    folder = project(tmp_path, "dict")
    db = tmp_path / "data" / "news.db"
    crawl(folder)
    crawl(folder)
    assert ledger(db)["unchanged"] == 3
    crawl(project(tmp_path, "dict", edit="，更正"))
    assert ledger(db)["changed"] == 3
    assert query(db, "SELECT count(*) FROM revisions") == [(3,)]
    program = str(Path(sys.executable).with_name("newscrawl"))

    def told(*words: str) -> str:
        command = [program, *words, "--db", str(db)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    hits = json.loads(told("search", "降准 更正", "--json"))
    assert len(hits) == 3
    assert "更正" in told("show", "theirs:1")
    before = dump(db)
    told("verify")
    told("reextract")
    assert dump(db) == before


def test_the_archive_may_be_named(tmp_path: Path) -> None:
    settings = f'{ADDON}\nNEWSCRAWL_DB = "archive.db"'
    crawl(project(tmp_path, "dict", settings=settings))
    assert query(tmp_path / "archive.db", "SELECT count(*) FROM articles") == [(3,)]
    feeds = f'{ADDON}\nFEEDS = {{"feed.db": {{"format": "sqlite"}}}}'
    crawl(project(tmp_path / "feed", "dict", settings=feeds))
    assert query(tmp_path / "feed" / "feed.db", "SELECT count(*) FROM articles") == [(3,)]
    assert not (tmp_path / "feed" / "data").exists()


def test_their_pipelines_see_their_items_and_may_change_or_drop_them(tmp_path: Path) -> None:
    folder = project(
        tmp_path, "dict", settings=f'{ADDON}\nITEM_PIPELINES = {{"theirs.pipelines.Theirs": 250}}'
    )
    (folder / "theirs" / "pipelines.py").write_text(
        textwrap.dedent(
            """
            from scrapy.exceptions import DropItem

            class Theirs:
                def process_item(self, item):
                    if item["id"] == "2":
                        raise DropItem("not wanted")
                    if item["id"] == "3":
                        raise ValueError("made by a test")
                    return {**item, "title": "改" + item["title"]}
            """
        )
    )
    done = crawl(folder, "-o", "x.jsonl")
    db = tmp_path / "data" / "news.db"
    assert query(db, "SELECT id, title FROM articles") == [("theirs:1", "改第1条新闻")]
    assert_balanced(ledger(db))
    assert ledger(db)["outcome"] == "degraded"
    assert "a bug in the spider or a pipeline: ValueError('made by a test')" in done.stderr
    assert len((tmp_path / "x.jsonl").read_text().splitlines()) == 1


MANY = """
    import asyncio

    import scrapy


    class News(scrapy.Spider):
        name = "theirs"

        async def start(self):
            for number in range({count}):
                body = "央行" * 20_000
                yield {{"id": str(number), "title": f"第{{number}}条", "body_text": body}}
                await asyncio.sleep({pause})
"""


def many(folder: Path, count: int, pause: float = 0) -> Path:
    """Write a project whose spider yields so many items of 120 KB; -o takes an archive."""
    exporters = 'FEED_EXPORTERS = {"db": "newscrawl.exporters.ArchiveExporter"}'
    settings = f"{ADDON}\n{exporters}\nNEWSCRAWL_BATCH_SECONDS = 0.1"
    project(folder, "dict", settings=settings)
    source = textwrap.dedent(MANY.format(count=count, pause=pause))
    (folder / "theirs" / "spiders" / "news.py").write_text(source)
    return folder


def test_no_item(tmp_path: Path) -> None:
    crawl(many(tmp_path, 0), "-o", "news.db")
    run = ledger(tmp_path / "news.db")
    assert (run["outcome"], run["scheduled"]) == ("ok", 0)
    assert query(tmp_path / "news.db", "SELECT count(*) FROM articles") == [(0,)]


def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    folder, db = many(tmp_path, 60), tmp_path / "news.db"
    program = str(Path(sys.executable).with_name("scrapy"))
    limited = f"ulimit -f 4000; exec {program} crawl theirs -o news.db"  # 4 MB a file
    done = subprocess.run(
        ["bash", "-c", limited], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Run 1 finished: store: " in done.stderr
    assert query(db, "PRAGMA integrity_check") == [("ok",)]
    assert_balanced(ledger(db), interrupted=True)
    crawl(folder, "-o", "news.db")
    assert query(db, "SELECT count(*) FROM articles") == [(60,)]
    assert ledger(db)["outcome"] == "ok"


def test_killed_half_way(tmp_path: Path) -> None:
    folder, db = many(tmp_path, 100, pause=0.05), tmp_path / "news.db"
    program = str(Path(sys.executable).with_name("scrapy"))
    words = [program, "crawl", "theirs", "-o", "news.db", "--nolog"]
    with subprocess.Popen(words, cwd=folder) as run:
        for _ in range(300):
            time.sleep(0.1)
            if db.exists() and count(db) > 5:
                break
        run.send_signal(signal.SIGKILL)
    stored = count(db)
    assert 5 < stored < 100
    killed = ledger(db)
    assert killed["outcome"] == "running"
    assert_balanced(killed, interrupted=True)
    assert killed["new"] == stored
    many(tmp_path, 100)
    crawl(folder, "-o", "news.db")
    assert count(db) == 100
    assert query(db, "SELECT outcome FROM runs ORDER BY id") == [("killed",), ("ok",)]
    assert ledger(db)["unchanged"] == stored


def count(db: Path) -> int:
    """Return how many articles are committed."""
    try:
        return int(query(db, "SELECT count(*) FROM articles")[0][0])
    except sqlite3.OperationalError:  # it has no tables yet
        return 0
