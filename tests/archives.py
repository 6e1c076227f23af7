"""Small archives made without a crawl."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from newscrawl.items import Article, BodyRank, Page
from newscrawl.sites import LOADER_VERSION
from newscrawl.store.target import Target
from newscrawl.store.writer import Writer


def page(
    id_: str = "NW202112282228490028", *, kind: str = "post_page", observed_at: str = "2022-01-01",
    body: bytes = b"<html></html>", url: str | None = None,
) -> Page:  # fmt: skip
    """Return a page, seen at midnight UTC of a day or at a given time."""
    if len(observed_at) == 10:
        observed_at += "T00:00:00+00:00"
    return Page(kind, id_, url or f"http://mirror.test/{kind}/{id_}.html", body, observed_at)


def article(page_: Page, **fields: Any) -> Article:
    """Return a plain article as a page tells it; give fields to tell something else."""
    digits = page_.id.removeprefix("NW")
    plain: dict[str, Any] = {
        "id": f"NW{digits}",
        "title": "标题",
        "published_at": "2021-12-28T14:27:35+08:00",
        "published_raw": "2021-12-28 14:27:35",
        "published_precision": "second",
        "published_from": "section small",
        "source": "国际商报",
        "body_html": "<p>正文</p>",
        "body_text": "正文",
        "body_rank": BodyRank.FULL,
        "categories": ["guojishangbao"],
        "tags": ["国际商报新闻"],
        "page": page_,
    }
    return Article(**{**plain, **fields})


def writer(target: Target) -> Writer:
    """Return a writer with a run of its own."""
    return Writer(target.db, spider="test", arguments={}, versions={}, pid=1)


def fill(path: Path, *articles: Article) -> list[str]:
    """Write articles into an archive; return what each was worth."""
    target = Target(path)
    made = writer(target)
    verdicts: list[str] = [made.add(each, loader_version=LOADER_VERSION) for each in articles]
    made.end(outcome="ok", exit_code=0, reason="made by a test")
    target.finish(good=True)
    return verdicts


def multiply(connection: sqlite3.Connection, articles: int, *, characters: int) -> None:
    """Add synthetic articles with bodies of so many characters, without search index or pages.

    Each has a category, a tag and two mentions; numbers in the texts make each its own.
    """
    first = connection.execute("SELECT max(seq) + 1 FROM articles").fetchone()[0]
    connection.execute(
        "CREATE TEMP TABLE made AS WITH RECURSIVE numbers(n) AS"
        " (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1 + ?2)"
        " SELECT n, printf('NW20220101%010d', n) AS id FROM numbers",
        (first, articles),
    )
    words = "公司公告，预计全年净利润同比增长约两成。"
    text = (words * (characters // len(words) + 1))[:characters]
    connection.execute(
        "INSERT INTO articles (id, seq, first_seq, title, published_at, source, body_text,"
        " body_html, body_rank, first_seen_at, changed_at, published_precision)"
        " SELECT id, n, n, '第' || n || '条：公司公告', '2022-01-01T09:30:00+08:00',"
        " '国际商报', n || ?1, '<p>' || n || ?1 || '</p>', 1, '2022-01-01T02:00:00+00:00',"
        " '2022-01-01T02:00:00+00:00', 'second' FROM made",
        (text,),
    )
    for table, values in (
        ("article_categories", "id, 'guojishangbao', 'page'"),
        ("article_tags", "id, '国际商报新闻'"),
        ("mentions", "id, '1', '600160', '巨化股份', 'stock', 2, 'link'"),
        ("mentions", "id, '0', '300111', '向日葵', 'stock', 1, 'link'"),
    ):
        connection.execute(f"INSERT INTO {table} SELECT {values} FROM made")
    connection.execute("DROP TABLE made")
    connection.execute("UPDATE meta SET value = (SELECT max(seq) FROM articles) WHERE key = 'seq'")
