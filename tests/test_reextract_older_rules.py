"""`newscrawl reextract` over pages that older rules read: it says what changes before it writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from archives import writer
from crawls import command, query

from newscrawl.items import Article, BodyRank, Mention, Page, PageKind
from newscrawl.store.target import Target

DIGITS = "202606133770600001"
BODY = (
    '<p><a href="https://acttg.eastmoney.com/pub/x">想炒股，先开户！</a></p>'
    '<p><img src="https://webquoteklinepic.eastmoney.com/GetPic.aspx?nid=1.600519&imageType=k"></p>'
    "<p>贵州茅台（600519）公告。</p>"
)
PUBLIC = (
    "<!DOCTYPE html><html><head><title>某公司公告 _ 东方财富网</title></head><body>"
    '<div class="infos"><div class="item">2026年06月13日 09:20</div>'
    '<div class="item">中国青年报</div></div>'
    f'<div class="txtinfos" id="ContentBody">{BODY}</div></body></html>'
)
SUMMARY = (
    '{"code":"202606133770600002","showTime":"2026-06-13 10:00:00",'
    '"summary":"【甲】乙。（财联社）"}'
)
"""Pages as they were stored before; the rules of then made this of them."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    db = tmp_path / "news.db"
    target = Target(db)
    made = writer(target)
    at = "2026-06-14T00:00:00+00:00"
    pages = [
        Page(PageKind.ARTICLE_PAGE, DIGITS, f"http://a.test/a/{DIGITS}.html", PUBLIC.encode(), at),
        Page(PageKind.LIST_ENTRY, "fast:202606133770600002", "http://a.test/fast#1",
             SUMMARY.encode(), at),
    ]  # fmt: skip
    articles = [
        Article(
            id=f"NW{DIGITS}", title="某公司公告 _ 东方财富网", source=None,
            published_at="2026-06-13T00:00:00+08:00", published_precision="day",
            published_from="the id", body_text="想炒股，先开户！\n贵州茅台（600519）公告。",
            body_html="<p>想炒股，先开户！</p>\n<p>贵州茅台（600519）公告。</p>",
            body_rank=BodyRank.FULL, mentions=[Mention("0", "000001", "误", "stock")],
            page=pages[0],
        ),
        Article(
            id="NW202606133770600002", title="甲", summary="乙。（财联社）", source="财联社",
            body_text="乙。（财联社）", body_html="<p>乙。（财联社）</p>",
            body_rank=BodyRank.SUMMARY,
            published_at="2026-06-13T10:00:00+08:00", published_precision="second",
            published_raw="2026-06-13 10:00:00", published_from="fast showTime", page=pages[1],
        ),
    ]  # fmt: skip
    for each in articles:
        made.add(each, loader_version=1)
    made.end(outcome="ok", exit_code=0, reason="made by a test")
    target.finish(good=True)
    return db


def rows(path: Path) -> list[tuple[object, ...]]:
    return query(
        path, "SELECT title, published_at, source, body_text, (SELECT group_concat(code || origin)"
        " FROM mentions WHERE article_id = id) FROM articles ORDER BY id",
    )  # fmt: skip


def test_it_says_what_changes_and_then_writes_it(path: Path) -> None:
    before = rows(path)
    asked = command("newscrawl", "reextract", "--db", str(path))
    assert asked.stdout.splitlines()[0] == "2 of 2 articles would change"
    told = {line.strip().partition(":")[0] for line in asked.stdout.splitlines()[1:]}
    assert told >= {"title", "published_at", "source", "body_text", "body_html", "mentions"}
    assert "Nothing was written. Add --yes" in asked.stderr
    assert rows(path) == before

    done = command("newscrawl", "reextract", "--db", str(path), "--yes")
    assert "Written: 2 articles." in done.stderr
    assert rows(path) == [
        ("某公司公告", "2026-06-13T09:20:00+08:00", "中国青年报", "贵州茅台（600519）公告。",
         "600519chart,600519text"),
        ("甲", "2026-06-13T10:00:00+08:00", "财联社", "乙。", None),
    ]  # fmt: skip
    assert query(path, "SELECT count(*) FROM revisions") == [(0,)]
    again = command("newscrawl", "reextract", "--db", str(path))
    assert again.stdout == "0 of 2 articles would change\n"
    assert again.stderr == ""
