"""Small archives made without a crawl."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from newscrawl.items import Article, BodyRank, Page
from newscrawl.store.target import Target
from newscrawl.store.writer import Writer


def page(
    id_: str = "NW202112282228490028", *, kind: str = "post", observed_at: str = "2022-01-01",
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
        "info_code": f"NW{digits}",
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
    verdicts: list[str] = [made.add(each, loader_version=1) for each in articles]
    made.end(outcome="good", exit_code=0, reason="made by a test")
    target.finish(good=True)
    return verdicts
