"""Makes the small archive of the schema that the newscrawl on the path writes; see the README."""

from __future__ import annotations

import lzma
import sys
import tempfile
from pathlib import Path
from typing import Any

from newscrawl.items import Article, BodyRank, Listed, Mention, Page, Reject
from newscrawl.store.schema import SCHEMA_VERSION
from newscrawl.store.target import Target
from newscrawl.store.writer import Writer

FIRST, SECOND, THIRD = "NW202112282228490028", "NW202112292229500029", "finews:init"


def page(id_: str, observed_at: str, kind: str = "post") -> Page:
    """Return a page with the id in its address."""
    url = f"http://mirror.test/{kind}/{id_}.html"
    return Page(
        kind,
        f"{kind}/{id_}.html" if kind == "post" else id_,
        url,
        f"<html>{id_} {observed_at}</html>".encode(),
        observed_at,
    )


def article(page_: Page, info_code: str, **fields: Any) -> Article:
    """Return an article as a page tells it."""
    return Article(**{"info_code": info_code, "page": page_, "body_rank": BodyRank.FULL, **fields})


def articles() -> list[Article]:
    """One that was changed and has two pages, one of another day, and a notice without a time."""
    said: dict[str, Any] = {
        "published_at": "2021-12-28T14:27:35+08:00",
        "published_raw": "2021-12-28 14:27:35",
        "published_precision": "second",
        "published_from": "section small",
        "source": "演示商报",
        "categories": ["yanshishangbao"],
        "tags": ["演示商报新闻"],
        "mentions": [Mention("1", "600999", "云岚股份", "stock", 2)],
        "images": ["http://mirror.test/1.jpg"],
    }
    text = "央行降息后，云岚股份订单回升。\n5G产能明显改善。"
    return [
        article(page(FIRST, "2021-12-28T07:00:00+00:00"), FIRST, title="云岚股份：订单回升",
                body_text=text, body_html=f"<p>{text}</p>", **said),
        article(page(FIRST, "2021-12-28T09:00:00+00:00"), FIRST, title="云岚股份：订单回升（更正）",
                body_text=text, body_html=f"<p>{text}</p>", **said),
        article(page(FIRST.removeprefix("NW"), "2021-12-28T10:00:00+00:00"), FIRST,
                title="云岚股份：订单回升（更正）", digest="订单回升", body_rank=None),
        article(page(SECOND, "2021-12-29T03:00:00+00:00"), SECOND, **{
            **said, "title": "海澄科技回应降息", "source": "演示日报", "categories": ["Riebao"],
            "published_at": "2021-12-29T10:00:00+08:00", "tags": ["演示日报新闻"], "mentions": None,
            "images": None, "body_text": "影响有限。", "body_html": "<p>影响有限。</p>"}),
        article(page("init", "2021-12-01T00:00:00+00:00"), THIRD, title="开站大吉",
                body_text="本站公告", body_html="<p>本站公告</p>", categories=["sitenews"]),
    ]  # fmt: skip


def make(path: Path) -> None:
    """Write the archive, compressed, to *path*."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, "news.db")
        target = Target(plain)
        writer = Writer(target.db, spider="category", arguments={}, versions={}, pid=1)
        for each in articles():
            writer.add(each, loader_version=1)
        writer.list(Listed("finews/post/init", "NW202112302230510030", "sitenews"))
        writer.reject(
            Reject(
                page("NW202112312231520031", "2021-12-31T00:00:00+00:00"),
                "nothing",
                "no title, no body",
            ),
            loader_version=1,
        )
        writer.end(outcome="good", exit_code=0, reason="made for tests")
        target.finish(good=True)
        path.write_bytes(lzma.compress(plain.read_bytes()))


if __name__ == "__main__":
    make(Path(sys.argv[1], f"{SCHEMA_VERSION}.db.xz"))
