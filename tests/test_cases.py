"""Inputs that were once read wrongly, each served on loopback and crawled: what is right of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from crawls import crawl, query
from post_files import load
from samplesite.server import Answers, Response, Server

from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]
RESOLVERS = {
    "NEWSCRAWL_RESOLVERS": '[["api_answer", "{base}/NewsData/GetNewsText.do?id={info_code}"],'
    ' ["article_page", "{base}/a/{digits}.html"]]'
}


class Routes:
    """The answers of a case, as its ``routes.json`` names them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.routes: dict[str, list[Any]] = json.loads((folder / "routes.json").read_text("utf-8"))

    def respond(self, address: str) -> Response:
        path, _, query_ = address.partition("?")
        for named, (file, kind, *status) in self.routes.items():
            wanted, _, words = named.partition("?")
            if path == wanted and (not words or words in query_.split("&")):
                body = (self.folder / file).read_bytes()
                return Response(status[0] if status else 200, body, {"Content-Type": kind})
        return Response(404, b"", {"Content-Type": "text/plain"})


@dataclass(frozen=True)
class Case:
    """How a case is crawled, and what a question of the archive gives then."""

    folder: str
    spider: str
    arguments: dict[str, str]
    sql: str
    rows: list[tuple[Any, ...]]
    exit: Exit = Exit.OK


def share(folder: str, ids: str, sql: str, *rows: tuple[Any, ...], exit_: Exit = Exit.OK) -> Case:
    return Case(folder, "share", {"info_code": ids}, sql, list(rows), exit_)


def feed(folder: str, name: str, sql: str, *rows: tuple[Any, ...], exit_: Exit = Exit.OK) -> Case:
    return Case(folder, "feed", {"name": name}, sql, list(rows), exit_)


CASES = [
    share("01-ad-block", "NW202606133770600001",
          "SELECT summary, instr(body_text, '开户'),"
          " (SELECT group_concat(url) FROM images) FROM articles",
          ("光模块板块午后走强。", 0, "https://np-newspic.dfcfw.com/download/D25aaa_w580h300.jpg")),
    share("02-old-layout", "NW201905061100000001",
          "SELECT published_at, title, source, summary FROM articles",
          ("2019-05-06T08:15:00+08:00", "两市早盘震荡整理", "证券时报网", "早盘指数震荡。")),
    share("03-source-nian", "NW202606133770600002", "SELECT source FROM articles",
          ("中国青年报",)),
    share("04-title-spaces", "NW202608273850000001",
          "SELECT instr(title, '东方财富网') FROM articles", (0,)),
    feed("04e-list-then-page", "columns-345", "SELECT title FROM articles",
         ("示例：某公司龙虎榜数据(08-27)",)),
    feed("11-search-empty-limited", "search:603777", "SELECT reason FROM rejects", ("refused",),
         exit_=Exit.UNREACHABLE),
    feed("23-columns-list-null", "columns-345", "SELECT reason FROM rejects", ("refused",),
         exit_=Exit.UNREACHABLE),
    feed("13-search-em", "search:603777", "SELECT title, summary, body_html FROM articles",
         ("示例公司(603777)：回购进展", "示例公司(603777) 公告称， 回购AT&T债券 ……",
          "<p>示例公司(603777) 公告称， 回购AT&amp;T债券 ……</p>")),
    feed("20-fast-basic", "fast", "SELECT market, code, origin FROM mentions",
         ("1", "601068", "list"), ("90", "BK0475", "list")),
    feed("20-fast-basic", "fast", "SELECT title, summary FROM articles ORDER BY id",
         ("示例：央行开展逆回购操作", "央行今日开展1000亿元逆回购操作。"),
         ("示例：某公司&伙伴签约", "示例：某公司称“订单饱满”，详情点击查看全文 第二行。"),
         ("示例】标题", "【第二括号】正文【括号】末（财联社）")),
    share("40-answer-relate", "NW202611193900000002", "SELECT title, author FROM articles",
          ('示例："双碳"下的AT&T', "张三、李四")),
    share("40-answer-relate", "NW202611193900000002",
          "SELECT market, code, origin FROM mentions",
          ("0", "000858", "list"), ("1", "600519", "list")),
    feed("33-list-of-origin",
         "security:1.600519,security:0.000858,columns-345,columns-350,search:签约",
         "SELECT listing, market || '.' || code FROM article_listings LEFT JOIN mentions"
         " ON listing = 'security:' || market || '.' || code ORDER BY listing",
         ("columns-345", None), ("columns-350", None), ("search:签约", None),
         ("security:0.000858", "0.000858"), ("security:1.600519", "1.600519")),
    feed("71-notitle", "fast", "SELECT title, summary FROM articles",
         (None, "示例：没有标题的一条快讯，只有正文，没有方括号。")),
    share("80-wrong-article", "202607023791611401,202607023791611402",
          "SELECT reason FROM rejects ORDER BY page_id", ("wrong_id",), ("wrong_id",),
          exit_=Exit.DEGRADED),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.folder)
async def test_case(cases: Path, serving: Serving, tmp_path: Path, case: Case) -> None:
    server, db = serving(Routes(cases / case.folder)), tmp_path / "news.db"
    outcome = await crawl(case.spider, db, server.url, settings=RESOLVERS, **case.arguments)
    assert query(db, case.sql) == case.rows
    assert outcome.exit in (case.exit, Exit.DEGRADED)  # some cases serve no page of the article


async def test_broken_json_names_its_place(cases: Path, serving: Serving, tmp_path: Path) -> None:
    server, db = serving(Routes(cases / "35-bad-json")), tmp_path / "news.db"
    await crawl("feed", db, server.url, name="fast")
    [(reason, detail)] = query(db, "SELECT reason, detail FROM rejects")
    assert reason == "not_json"
    assert "line 1 column" in detail


async def test_a_security_is_asked_for_with_its_market(
    cases: Path, serving: Serving, tmp_path: Path
) -> None:
    server = serving(Routes(cases / "36-security-no-market"))
    await crawl("feed", tmp_path / "news.db", server.url, name="security:600519")
    assert any("mTypeAndCode=1.600519" in path for path in server.paths())


async def test_a_title_with_entities_is_one(cases: Path, tmp_path: Path) -> None:
    await load(tmp_path / "news.db", cases / "42-title-entities")
    assert query(tmp_path / "news.db", "SELECT title FROM articles") == [
        ('示例："双碳"下的AT&T <草案>',)
    ]


async def test_tables_keep_their_empty_cells(cases: Path, tmp_path: Path) -> None:
    await load(tmp_path / "news.db", cases / "05b-table-columns")
    for (text,) in query(tmp_path / "news.db", "SELECT body_text FROM articles"):
        rows = [line for line in text.split("\n") if "\t" in line]
        assert rows
        assert len({row.count("\t") for row in rows}) == 1, rows


async def test_lists_in_front_matter_are_those_of_yaml(cases: Path, tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    await load(db, cases / "60-hexo")
    sql = (
        "SELECT title, group_concat({0}, '|') FROM articles"
        " JOIN article_{1} ON id = article_id GROUP BY id"
    )
    assert dict(query(db, sql.format("tag", "tags"))) == {
        "示例：早盘要闻": "A股|白酒", "示例：晚间公告": "A股|白酒|财经", "示例": "a b|c",
    }  # fmt: skip
    assert dict(query(db, sql.format("category", "categories"))) == {
        "示例：早盘要闻": "财经早餐", "示例：晚间公告": "早餐", "示例": "finance|news",
    }  # fmt: skip
