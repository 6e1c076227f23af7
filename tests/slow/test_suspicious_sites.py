"""Whole sites that show placeholders in the place of articles."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from crawls import Hands, assert_balanced, command, crawl, ledger, query
from diagnoses import diagnose
from placeholders import articles, garbled, plain, shows, texts
from samplesite.server import Answers, Server
from samplesite.site import Response, Site

from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]


async def test_no_article_of_a_sample_site_is_doubted(serving: Serving, tmp_path: Path) -> None:
    site, db = Site(articles=300), tmp_path / "news.db"
    server = serving(site)
    outcome = await crawl("category", db, server.url)
    assert outcome.exit is Exit.OK, outcome
    server.site = replace(site, edits=dict.fromkeys(range(300), 1))
    outcome = await crawl("category", db, server.url, revisit="1")
    assert outcome.exit is Exit.OK, outcome
    assert query(db, "SELECT count(*) FROM suspicious_observations") == [(0,)]
    assert query(db, "SELECT count(*) > 250 FROM revisions") == [(1,)]


def half(number: str, title: str, body: str) -> tuple[str, str]:
    """The first half of the text, and all tags: a template that was cut off."""
    shown, left = [], len(re.sub(r"<[^>]*>|\s", "", body)) // 2
    for piece in re.findall(r"<[^>]*>|\s+|.", body):
        is_text = len(piece) == 1 and not piece.isspace()
        if not is_text or left > 0:
            shown.append(piece)
        left -= is_text
    return title, "".join(shown)


def asked(text: str) -> str:
    return re.sub("[\u4e00-\u9fff，。：；、（）《》“”]", "?", text)


KINDS = {
    "soft 404": (
        lambda n, t, b: ("页面不存在", "<p>您访问的页面不存在或已被删除</p>"),
        "show a placeholder in the place of their articles: 您访问的页面不存在或已被删除",
    ),
    "maintenance": (
        lambda n, t, b: (t, "<p>网站维护中，请稍后再试</p>"),
        "show a placeholder in the place of their articles: 网站维护中，请稍后再试",
    ),
    "login wall": (
        lambda n, t, b: (t, "<p>请先登录后阅读全文</p>"),
        "show a placeholder in the place of their articles: 请先登录后阅读全文",
    ),
    "challenge": (
        lambda n, t, b: ("Just a moment...", f"<p>Checking your browser. Ray ID: {n}</p>"),
        "show a placeholder in the place of their articles: Checking your browser. Ray ID:",
    ),
    "unknown": (
        lambda n, t, b: (t, "<p>小编正在路上，明日为各位股友奉上精彩</p>"),
        "show the same text in the place of their articles: 小编正在路上，明日为各位股友奉上精彩",
    ),
    "unknown, with a number": (
        lambda n, t, b: (t, f"<p>小编正在路上，明日为各位股友奉上精彩（编号{n}）</p>"),
        "show the same text in the place of their articles: 小编正在路上，明日为各位股友奉上精彩",
    ),
    "unknown, with the title": (
        lambda n, t, b: (t, f"<p>《{t}》一文小编还在写，明日奉上</p>"),
        "have lost most of their articles' texts: 《",
    ),
    "half bodies": (half, "have lost most of their articles' texts: "),
    "question marks": (
        lambda n, t, b: (asked(t), asked(b)),
        "have lost the letters of their articles: ",
    ),
    "mojibake": (
        lambda n, t, b: (garbled(t, "utf-8", "gb18030"), garbled(b, "utf-8", "gb18030")),
        "have lost the letters of their articles: ",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_forty_of_sixty(serving: Serving, tmp_path: Path, hands: Hands, kind: str) -> None:
    """At every step all texts are right, and the run says what is wrong; then the site heals."""
    make, reason = KINDS[kind]
    site, db = Site(articles=60), tmp_path / "news.db"
    server = serving(site)
    assert (await crawl("category", db, server.url)).exit is Exit.OK
    before = articles(db)
    assert len(before["articles"]) == 60
    paths = plain(site, 40)
    server.faults.update(dict.fromkeys(paths, shows(make)))

    for hours in (1, 5, 14, 41):  # one more than could confirm a text of one article
        hands.move(hours=hours)
        outcome = await crawl("category", db, server.url)
        assert outcome.exit is Exit.DEGRADED, outcome
        assert f"{len(paths)} pages {reason}" in outcome.reason
        run = ledger(db)
        assert_balanced(run)
        assert (run["rejected"], run["changed"], run["extended"]) == (len(paths), 0, 0)
        assert articles(db) == before
    found = await diagnose(server.url, db=db)
    assert found.cause == "suspicious", found
    assert query(db, "SELECT count(*) FROM rejects WHERE reason = 'suspicious'") == [(len(paths),)]

    server.faults.clear()
    hands.move(minutes=30)
    assert (await crawl("category", db, server.url)).exit is Exit.OK  # nothing is due
    hands.move(hours=41)
    outcome = await crawl("category", db, server.url, revisit="1")
    assert outcome.exit is Exit.OK, outcome
    assert articles(db) == before
    assert query(db, "SELECT count(*) FROM rejects") == [(0,)]
    assert query(db, "SELECT DISTINCT state FROM suspicious_observations") == [("withdrawn",)]
    assert (await diagnose(server.url, db=db)).cause == "all_known"


async def test_shortened_article_is_taken_at_the_third_visit(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    await crawl("category", db, server.url)
    [path] = plain(site, 1, posts=1)
    note = "<p>编者按：因引用的数据有误，本文已由作者撤回，特此说明并致歉。</p>"
    server.faults[path] = shows(lambda n, t, b: (f"{t}（已撤回）", note))
    start = len(server.requests)
    visits = []
    for half_hour in range(1, 60):
        hands.move(minutes=30)
        outcome = await crawl("category", db, server.url)
        if server.paths()[start:].count(path):
            visits.append((half_hour / 2, outcome.exit))
        start = len(server.requests)
    degraded, good = Exit.DEGRADED, Exit.OK
    # The schedule of revisits begins again, when the note first stood there.
    assert visits == [(0.5, degraded), (1.0, degraded), (2.0, degraded), (5.0, degraded),
                      (14.0, good), (14.5, good), (16.0, good)][: len(visits)]  # fmt: skip
    [(title, text, seen)] = query(
        db, "SELECT title, body_text, observed_at"
        " FROM articles JOIN observations ON articles.id = article_id"
        " WHERE url LIKE '%' || ?", path)  # fmt: skip
    assert (title[-5:], text[:4]) == ("（已撤回）", "编者按：")
    revised = query(db, "SELECT replaced_at, last_seen_at < replaced_at FROM revisions")
    assert revised == [(seen, 1)] == [("2026-03-03T04:30:00+00:00", 1)]
    assert query(db, "SELECT state, visits FROM suspicious_observations") == [("confirmed", 3)]
    assert query(db, "SELECT count(*) FROM rejects") == [(0,)]


def test_killed_among_placeholders(serving: Serving, tmp_path: Path) -> None:
    """No moment of a run leaves a placeholder in the place of an article."""
    site, db = Site(articles=60), tmp_path / "news.db"
    server = serving(site)
    words = ("newscrawl", "crawl", "category", "--db", str(db), "--base-url", server.url,
             "--delay", "0", "-s", "NEWSCRAWL_BATCH_PAGES=3")  # fmt: skip
    assert command(*words).returncode == Exit.OK
    before = texts(db)
    paths = plain(site, 40)
    made, shown = shows(lambda n, t, b: (t, "<p>小编正在路上，明日奉上精彩</p>")), Event()
    left = iter(range(25))

    def fault(response: Response) -> Response:
        if next(left, None) is None:
            shown.set()
        return made(response)

    server.faults.update(dict.fromkeys(paths, fault))
    program = str(Path(sys.executable).with_name("newscrawl"))
    crawl_ = subprocess.Popen(
        [program, *words[1:], "--revisit"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert shown.wait(60)
    crawl_.kill()
    assert crawl_.wait() == -signal.SIGKILL
    assert texts(db) == before
    [(there,)] = query(db, "SELECT count(*) FROM suspicious_observations")
    assert 0 < there <= len(paths)
    assert query(db, "SELECT count(*) FROM rejects") == [(there,)]
    run = ledger(db)
    assert_balanced(run, interrupted=True)
    assert run["rejected"] == there

    done = command(*words, "--revisit")
    assert done.returncode == Exit.DEGRADED
    assert f"{len(paths)} pages show the same text in the place of their" in done.stderr
    assert texts(db) == before
    server.faults.clear()
    assert command(*words, "--revisit").returncode == Exit.OK
    assert texts(db) == before
    assert command("newscrawl", "verify", "--db", str(db)).returncode == 0
