"""Pages that show something in the place of their articles: what is stored stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from archives import article, fill, page, writer
from crawls import Hands, assert_balanced, command, crawl, ledger, query
from placeholders import articles, garbled, plain, shows, texts
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site

from newscrawl import sites
from newscrawl.items import Article, BodyRank, Page
from newscrawl.runs.outcome import Exit
from newscrawl.runs.retry_rejected import accept
from newscrawl.sites.finews import post_file
from newscrawl.store.merger import observation_of
from newscrawl.store.suspicion import of_change, of_new
from newscrawl.store.target import Target

Serving = Callable[[Answers], Server]

# -- the table ----------------------------------------------------------------------------------

TITLE = "远帆证券：工业软件出口高于预期"
P1 = (
    "远帆证券发布研究报告称，今年前三季度工业软件出口额达312.8亿元，同比增长24.6%，高于市场此前的一致预期。"
    "报告指出，海外制造业客户的订单在第三季度明显加快，其中东南亚地区占比首次超过四成。"
)
P2 = (
    "分产品看，研发设计类软件出口同比增长31.2%，生产控制类软件增长19.5%。"
    "多家上市公司在业绩说明会上表示，人民币汇率的波动对毛利率影响有限，明年的订单可见度好于去年同期。"
)
P3 = (
    "临澜科技董事长王知渚在接受记者采访时说，公司正在越南和墨西哥设立交付中心，预计明年二季度投入使用。"
    "他同时提醒，部分客户的付款周期有所拉长，应收账款的管理需要更加审慎。"
)
P4 = (
    "业内人士认为，工业软件的国产替代仍处于早期，短期内价格竞争可能加剧，"
    "投资者应关注研发投入的转化效率。"
)
STORY = "\n".join((P1, P2, P3, P4))
FLASH = (
    "【临澜科技：拟回购不超过2亿元公司股份】临澜科技公告，"
    "拟以2亿元至4亿元回购公司股份，价格不超过35元/股。"
)
OTHER = (
    "恒岳银行今日公告，董事会审议通过了关于发行二级资本债券的议案，发行规模不超过三百亿元，期限为十年。"
    "本次债券募集的资金将用于补充二级资本，议案尚需提交股东大会审议，并报监管机构批准。"
)


def said(body: str | None, title: str | None = TITLE, **fields: Any) -> dict[str, Any]:
    html = None if body is None else f"<p>{body}</p>"
    return {"title": title, "body_text": body, "body_html": html, "summary": None, **fields}


def wall(*lines: str) -> dict[str, Any]:
    return said("\n".join(lines))


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any], str | None]] = [
    # What editors do.
    ("a number is corrected", said(STORY), said(STORY.replace("312.8", "321.8")), None),
    ("every number is corrected", said(STORY), said(re.sub(r"\d", "7", STORY)), None),
    ("a name is corrected", said(STORY), said(STORY.replace("王知渚", "王知楮")), None),
    ("a correction is added", said(STORY),
     said(f"{STORY}\n更正：出口额应为321.8亿元，特此说明。"), None),
    ("a correction is set before", said(STORY), said(f"（更正）本文更正了出口额。\n{STORY}"), None),
    ("the last paragraph is deleted", said(STORY), said("\n".join((P1, P2, P3))), None),
    ("a paragraph within is deleted", said(STORY), said("\n".join((P1, P3, P4))), None),
    ("two sentences are deleted", said(STORY), said(STORY.replace(P2[-48:], "")), None),
    ("paragraphs change places", said(STORY), said("\n".join((P1, P3, P2, P4))), None),
    ("paragraphs are joined", said(STORY), said(STORY.replace("\n", "")), None),
    ("white space", said(STORY), said(STORY.replace("，", "， ")), None),
    ("punctuation", said(STORY), said(STORY.replace("，", ",").replace("。", ".")), None),
    ("only the title", said(STORY), said(STORY, title="工业软件出口超预期 远帆证券看好明年"), None),
    ("only the title, with a mark", said(STORY), said(STORY, title=f"{TITLE}（更正）"), None),
    ("only the title, which asks", said(STORY), said(STORY, title="工业软件出口高于预期?"), None),
    ("only the source", said(STORY, source="证券时报"), said(STORY, source="中国证券报"), None),
    ("only the time", said(STORY, published_at="a"), said(STORY, published_at="b"), None),
    ("the body has a link more", said(STORY), said(STORY, body_html="<p><a>x</a></p>"), None),
    ("a flash is extended", said(FLASH),
     said(f"{FLASH}本次回购用于员工持股计划，期限12个月。"), None),
    ("a flash becomes a story", said(FLASH),
     said(f"临澜科技公告称，拟以2亿元至4亿元回购公司股份，回购价格不超过35元/股。{P3}{P4}"), None),
    ("a flash loses its heading", said(FLASH), said(FLASH.partition("】")[2]), None),
    ("a flash has a number corrected", said(FLASH), said(FLASH.replace("35元", "53元")), None),
    ("a summary gives way to its story", said(P1), said(STORY), None),
    ("a story is continued", said(STORY), said(f"{STORY}\n{OTHER}"), None),
    ("a picture's caption goes", said(f"图：临澜科技交付中心\n{STORY}"), said(STORY), None),
    ("the disclaimer goes", said(f"{STORY}\n风险提示：市场有风险，投资需谨慎。"),
     said(STORY), None),
    ("the reporter's name goes", said(f"{STORY}（记者 李远帆）"), said(STORY), None),
    ("advertising for an app goes", said(f"{STORY}\n请登录客户端查看全文"), said(STORY), None),
    ("a live report moves on", said(f"午间收盘，沪指报3210.55点，涨0.52%。\n{P4}"),
     said(f"收盘，沪指报3198.07点，跌0.11%。\n{P4}"), None),
    ("a story on maintenance is edited",
     said("多家银行发布系统维护公告。恒岳银行等将于周末暂停部分服务，请客户提前安排。"),
     said("多家银行发布系统维护公告。恒岳银行等将于本周末暂停部分服务，请提前安排。"), None),
    ("a stub gives way to its story", said("详情稍后更新，敬请关注本网后续报道"),
     said(STORY), None),
    ("a rare letter was ? and is there", said(STORY.replace("渚", "?")), said(STORY), None),
    ("it was a placeholder before", wall("网站维护中，请稍后再试"), said(STORY), None),
    ("its letters were gone before", said(garbled(STORY, "ascii", "ascii")), said(STORY), None),
    ("too little was said before", said("正文"), said("新"), None),
    ("there was no text before", said(None), said(STORY), None),
    # What only further visits tell.
    ("a story gives way to a note", said(STORY),
     said("编者按：因引用的数据有误，本文已由作者撤回，向读者致歉。"), "shrunken"),
    ("half of it is left", said(STORY), said("\n".join((P1, P2))[: len(STORY) // 2]), "shrunken"),
    ("two of four paragraphs are left", said(STORY), said("\n".join((P2, P4))), "shrunken"),
    ("it ends within a sentence", said(STORY), said(STORY[: len(STORY) * 9 // 10]), "shrunken"),
    ("another article is in its place", said(STORY), said(OTHER), "shrunken"),
    ("another, as long, of a flash", said(FLASH), said(OTHER), "shrunken"),
    ("the summary alone is left", said(STORY, summary=P1[:60]), said(P1[:60]), "shrunken"),
    ("the text goes, and the title changes", said(STORY), said(None, title="远帆证券"), "shrunken"),
    ("an unknown placeholder", said(STORY), wall("小编正在路上，精彩内容明日奉上"), "shrunken"),
    ("the first paragraph, and advertising", said(STORY), said(f"{P1}\n{OTHER}{OTHER}"),
     "shrunken"),
    # What is of no article.
    ("soft 404", said(STORY),
     said("您访问的页面不存在或已被删除\n返回首页", title="页面不存在"), "placeholder"),
    ("soft 404, title alone", said(STORY), said(None, title="404 Not Found"), "placeholder"),
    ("maintenance", said(STORY), wall("网站维护中，请稍后再试"), "placeholder"),
    ("maintenance, at length", said(STORY),
     wall("尊敬的用户：", "为了给您提供更好的服务，系统正在升级维护，",
          "预计今晚22:00恢复，不便之处敬请谅解。"), "placeholder"),
    ("too many requests", said(STORY), wall("访问过于频繁，请稍后再试"), "placeholder"),
    ("the server is busy", said(STORY), wall("服务器开小差了，请刷新重试"), "placeholder"),
    ("a login wall", said(STORY), wall("请先登录后查看全文"), "placeholder"),
    ("a login wall behind the beginning", said(STORY), wall(P1[:50], "登录后阅读全文"),
     "placeholder"),
    ("a challenge", said(STORY), wall("安全验证", "请拖动滑块完成拼图"), "placeholder"),
    ("a challenge in English", said(STORY),
     wall("Checking your browser before accessing finews. Please wait a few seconds.",
          "Ray ID: 7d1f09ac2e"), "placeholder"),
    ("JavaScript", said(STORY), wall("请开启JavaScript后继续访问"), "placeholder"),
    ("a redirect", said(STORY), wall("正在跳转，请稍候……"), "placeholder"),
    ("no access", said(STORY), wall("Access Denied", "You don't have permission to access this."),
     "placeholder"),
    ("a placeholder with words of its own", said(STORY),
     wall("远帆财经社区技术组提示各位股友：今晚机房搬迁，网站维护中，明早见"), "placeholder"),
    ("a placeholder over a flash", said(FLASH), wall("系统繁忙，请稍后再试"), "placeholder"),
    ("? for every letter", said(STORY), said(garbled(STORY, "ascii", "ascii")), "lost_letters"),
    ("? for some letters", said(STORY), said(re.sub("[工业软件]", "?", STORY)), "lost_letters"),
    ("? for one letter", said(STORY), said(STORY.replace("渚", "?")), "lost_letters"),
    ("U+FFFD", said(STORY), said(garbled(STORY, "gb18030", "utf-8")), "lost_letters"),
    ("UTF-8 read as GBK", said(STORY), said(garbled(STORY, "utf-8", "gb18030")), "lost_letters"),
    ("UTF-8 read as Latin-1", said(STORY), said(garbled(STORY, "utf-8", "latin-1")),
     "lost_letters"),
    ("锟斤拷", said(STORY),
     said(garbled(garbled(STORY, "gb18030", "utf-8"), "utf-8", "gb18030")), "lost_letters"),
    ("no Chinese is left", said(STORY), said(re.sub("[^ -~]", "", STORY)), "lost_letters"),
    ("written as references", said(STORY),
     said("".join(f"&#{ord(each)};" for each in STORY)), "lost_letters"),
    ("? in the source alone", said(STORY, source="证券时报"), said(STORY, source="????"),
     "lost_letters"),
    ("? in the title alone", said(STORY), said(STORY, title=garbled(TITLE, "ascii", "ascii")),
     "lost_letters"),
]  # fmt: skip


@pytest.mark.parametrize(("earlier", "later", "reason"), [case[1:] for case in CHANGES],
                         ids=[case[0] for case in CHANGES])  # fmt: skip
def test_change(earlier: dict[str, Any], later: dict[str, Any], reason: str | None) -> None:
    doubt = of_change(earlier, later)
    assert (doubt and doubt.reason) == reason, doubt


NEWS = [
    "上交所：3月5日系统维护期间暂停行情服务",
    "工行今晚系统维护 网银暂停服务",
    "招商银行：信用卡App请登录后查看账单",
    "微信系统繁忙登上热搜，腾讯回应正在修复",
    "工信部：App不得以登录后阅读全文为由强制注册",
    "某券商App无法登录，公司称服务器繁忙已恢复",
    "OpenAI服务中断，用户看到Access Denied提示",
    "??? What now? Wall Street asks",
    "Société Générale et Crédit Agricole publient leurs résultats",
    "涨停！600160、300111、002456",
    "3210.55 +0.52%",
    "快讯",
]


@pytest.mark.parametrize("text", NEWS)
def test_news_that_has_words_of_placeholders(text: str) -> None:
    assert of_new(said(text, title=text)) is None
    assert of_new(said(None, title=text)) is None


def _real_posts(folder: Path) -> Iterable[Article]:
    for path in sorted(folder.rglob("*.md")):
        file = Page("post_file", post_file.id_of(str(path)), path.as_uri(), path.read_bytes(),
                    "2024-01-01T00:00:00+00:00")  # fmt: skip
        try:
            yield sites.read_page(file)
        except sites.Unreadable:
            continue


def test_no_real_article_is_doubted(finews: Path) -> None:
    fields = [observation_of(each, each.page).fields for each in _real_posts(finews) if each.page]
    assert len(fields) > 50
    assert [each["title"] for each in fields if of_new(each)] == []
    for each in fields:  # as the mirror drops a paragraph that its editors strike
        lines = (each["body_text"] or "").splitlines()
        if len(lines) > 6:
            assert of_change(each, {**each, "body_text": "\n".join(lines[:3] + lines[4:])}) is None


# -- crawls -------------------------------------------------------------------------------------


async def test_validators_are_those_of_the_good_answer(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    """A 304 then says that the article is there again, and a 404 that the page is gone."""
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    await crawl("category", db, server.url)
    before = articles(db)
    paths = plain(site, 2)
    server.faults.update(dict.fromkeys(paths, shows(lambda n, t, b: (t, "<p>网站维护中</p>"))))
    hands.move(hours=1)
    assert (await crawl("category", db, server.url)).exit is Exit.DEGRADED
    etags = "SELECT etag FROM observations WHERE etag LIKE '%else%'"
    assert query(db, etags) == []
    server.requests.clear()
    hands.move(minutes=5)
    assert (await crawl("category", db, server.url)).exit is Exit.OK
    assert set(server.paths()).isdisjoint(paths)
    del server.faults[paths[0]]
    server.faults.update(dict.fromkeys(paths[1:], Fault(status=404)))
    server.requests.clear()
    hands.move(minutes=30)
    await crawl("category", db, server.url)
    statuses = {each.path: each.status for each in server.requests if each.path in paths}
    assert statuses == {paths[0]: 304, **dict.fromkeys(paths[1:], 404)}
    assert query(db, "SELECT DISTINCT state FROM suspicious_observations") == [("withdrawn",)]
    assert query(db, "SELECT count(*) FROM rejects") == [(0,)]
    assert articles(db)["articles"] == before["articles"]


async def test_page_that_is_old_is_asked_again(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    """Its last good answer is more days ago than the mirror keeps posts; no listing leads to it."""
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    await crawl("category", db, server.url)
    paths = plain(site, 3)
    made = shows(lambda n, t, b: (t, "<p>网站维护中</p>"))
    for path in paths:
        wrong = made(site.respond(path))
        server.faults[path] = lambda _, wrong=wrong: wrong
    hands.move(days=5)
    assert (await crawl("category", db, server.url, revisit="1")).exit is Exit.DEGRADED
    server.site = site.showing(20, 30)
    server.requests.clear()
    hands.move(hours=1)
    await crawl("category", db, server.url)
    assert set(paths) <= set(server.paths())


async def test_new_articles_with_a_known_placeholder(
    serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    paths = plain(site, 10)
    server.faults.update(dict.fromkeys(paths, shows(lambda n, t, b: (t, "<p>请先登录</p>"))))
    outcome = await crawl("category", db, server.url)
    assert outcome.exit is Exit.DEGRADED
    assert outcome.reason.startswith(f"{len(paths)} pages show a placeholder in the place of their")
    assert_balanced(ledger(db))
    assert query(db, "SELECT count(*) FROM articles") == [(20,)]
    server.faults.clear()
    hands.move(hours=1)
    assert (await crawl("category", db, server.url)).exit is Exit.OK
    clean = tmp_path / "clean.db"
    await crawl("category", clean, server.url)
    assert texts(db) == texts(clean)
    assert query(db, "SELECT count(*) FROM rejects") == [(0,)]
    assert query(db, "SELECT count(*) FROM article_categories") == query(
        clean, "SELECT count(*) FROM article_categories"
    )


@pytest.mark.parametrize("title", [None, "请稍候"])
async def test_new_articles_with_an_unknown_placeholder(
    serving: Serving, tmp_path: Path, hands: Hands, title: str | None
) -> None:
    """Two of them are taken, the third shows what it is; then all of them heal at once."""
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    text = "小编正在路上，明日为各位股友奉上精彩"
    paths = plain(site, 10)
    made = shows(lambda n, t, b: (title or t, f"<p>{text}</p>"))
    server.faults.update(dict.fromkeys(paths, made))
    outcome = await crawl("category", db, server.url)
    assert outcome.exit is Exit.DEGRADED, outcome
    assert f"pages show the same text in the place of their articles: {text}" in outcome.reason
    assert_balanced(ledger(db))
    assert query(db, "SELECT count(*) FROM articles WHERE body_text = ?", text) == [(2,)]
    server.faults.clear()
    hands.move(hours=1)
    assert (await crawl("category", db, server.url)).exit is Exit.OK
    clean = tmp_path / "clean.db"
    await crawl("category", clean, server.url)
    assert texts(db) == texts(clean)
    assert query(db, "SELECT count(*) FROM rejects") == [(0,)]


# -- the store ----------------------------------------------------------------------------------

ID = "NW202112282228490028"
OTHERS = [f"NW20211228222849{number:04}" for number in range(100, 120)]
WITHDRAWN = "编者按：因引用的数据有误，本文已由作者撤回，特此说明并致歉。"


def at(hours: float, id_: str = ID, text: str = STORY, **fields: Any) -> Article:
    """Return an article as its page shows it so many hours after the first day began."""
    kind = fields.pop("kind", "post_page")
    seen = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    body = f"<html>{text}</html>".encode()
    made = page(id_, kind=kind, observed_at=seen.isoformat(timespec="seconds"), body=body)
    return article(made, body_text=text, body_html=f"<p>{text}</p>", **fields)


def state(db: Path) -> list[tuple[Any, ...]]:
    return query(db, "SELECT reason, visits, state FROM suspicious_observations ORDER BY page_id")


SEQUENCES: list[tuple[str, list[Article], list[str], list[tuple[Any, ...]]]] = [
    ("three visits hours apart", [at(0), at(1, text=WITHDRAWN), at(5, text=WITHDRAWN),
                                  at(9, text=WITHDRAWN)],
     ["new", "rejected", "rejected", "changed"], [("shrunken", 3, "confirmed")]),
    ("many visits, not hours apart", [at(0), *(at(1 + n / 4, text=WITHDRAWN) for n in range(8))],
     ["new"] + ["rejected"] * 8, [("shrunken", 1, "pending")]),
    ("another note starts the count again",
     [at(0), at(1, text=WITHDRAWN), at(5, text=WITHDRAWN), at(9, text=WITHDRAWN[::-1])],
     ["new", "rejected", "rejected", "rejected"], [("shrunken", 1, "pending")]),
    ("the article is there between", [at(0), at(1, text=WITHDRAWN), at(5, text=WITHDRAWN), at(7),
                                      at(9, text=WITHDRAWN)],
     ["new", "rejected", "rejected", "unchanged", "rejected"], [("shrunken", 1, "pending")]),
    ("an edit between ends it", [at(0), at(1, text=WITHDRAWN), at(5, text=f"{STORY}更正。")],
     ["new", "rejected", "changed"], [("shrunken", 1, "withdrawn")]),
    ("a story comes back after its note",
     [at(hours, text=text, title=TITLE) for hours, text in (
         (0, STORY), (1, WITHDRAWN), (5, WITHDRAWN), (9, WITHDRAWN), (10, STORY))],
     ["new", "rejected", "rejected", "changed", "changed"], [("shrunken", 3, "confirmed")]),
    ("another page's story is shown on others, and then on its own",
     [at(0), at(0, OTHERS[0], FLASH * 5), at(1, text=OTHER * 3), at(1, OTHERS[0], OTHER * 3),
      at(2, OTHERS[1], OTHER * 3, title="恒岳银行发行二级资本债券")],
     ["new", "new", "rejected", "rejected", "new"],
     [("shared", 1, "pending"), ("shared", 1, "pending")]),
    ("one placeholder follows another",
     [at(0, text="网站维护中，请稍后再试", kind="post_file"),
      at(1, text="系统繁忙，请稍后再试")], ["new", "rejected"], [("placeholder", 1, "pending")]),
    ("a placeholder is never confirmed",
     [at(0), *(at(n * 9, text="网站维护中，请稍后再试") for n in range(1, 9))],
     ["new"] + ["rejected"] * 8, [("placeholder", 8, "pending")]),
    ("nor are lost letters", [at(0), *(at(n * 9, text="?" * 90) for n in range(1, 9))],
     ["new"] + ["rejected"] * 8, [("lost_letters", 8, "pending")]),
    ("nor is a text of two articles",
     [at(0), at(0, OTHERS[0], OTHER), at(1, text=WITHDRAWN), at(1, OTHERS[0], WITHDRAWN),
      *(at(n * 9, text=WITHDRAWN) for n in range(1, 5))],
     ["new", "new"] + ["rejected"] * 6, [("shared", 5, "pending"), ("shared", 1, "pending")]),
    ("nor one that was new with another article",
     [at(0), at(1, OTHERS[0], WITHDRAWN), *(at(n * 9, text=WITHDRAWN) for n in range(1, 5))],
     ["new", "new"] + ["rejected"] * 4, [("shared", 4, "pending")]),
    ("another page of the article shows a placeholder",
     [at(0), at(1, kind="api_answer", text="系统繁忙，请稍后再试")], ["new", "rejected"],
     [("placeholder", 1, "pending")]),
    ("another page of the article shows something else",
     [at(0), at(1, kind="api_answer", text=OTHER)], ["new", "rejected"],
      [("shrunken", 1, "pending")]),
    ("another page has a summary alone",
     [at(0), at(1, kind="list_entry", text=P1[:40], body_rank=BodyRank.SUMMARY)],
      ["new", "unchanged"],
     []),
    ("a summary gives way to another page's text",
     [at(0, kind="list_entry", text=P1[:40], body_rank=BodyRank.SUMMARY), at(1, text=OTHER)],
     ["new", "extended"], []),
    ("a text published under two ids", [at(0), at(0, OTHERS[0]), at(1, OTHERS[1], FLASH),
                                        at(2, OTHERS[2], FLASH)], ["new"] * 4, []),
    ("both of them corrected", [at(0), at(0, OTHERS[0]), at(1, text=f"{STORY}更正。"),
                                at(1, OTHERS[0], f"{STORY}更正。")],
     ["new", "new", "changed", "changed"], []),
    ("boilerplate that tells of each title",
     [at(0, each, f"{each}号公告正文详见附件，敬请投资者查阅", title=f"{each}号公告")
      for each in OTHERS[:9]], ["new"] * 9, []),
    ("a file that was cut",
     [at(0, kind="post_file"), at(1, kind="post_file", text=P1)], ["new", "changed"],
     []),
    ("a file whose letters are gone",
     [at(0, kind="post_file"), at(1, kind="post_file", text="?" * 90)],
     ["new", "rejected"], [("lost_letters", 1, "pending")]),
]  # fmt: skip


@pytest.mark.parametrize(("articles_", "verdicts", "states"), [case[1:] for case in SEQUENCES],
                         ids=[case[0] for case in SEQUENCES])  # fmt: skip
def test_sequence(
    tmp_path: Path, articles_: list[Article], verdicts: list[str], states: list[tuple[Any, ...]]
) -> None:
    path = tmp_path / "news.db"
    assert fill(path, *articles_) == verdicts
    assert state(path) == states
    pending = sum(each[-1] == "pending" for each in states)
    assert query(path, "SELECT count(*) FROM rejects") == [(pending,)]
    assert query(path, "SELECT count(*) FROM revisions") == [(verdicts.count("changed"),)]


def test_every_observation_in_a_run_of_its_own(tmp_path: Path) -> None:
    """What is known of a doubt is in the file: nothing is left in the memory of a run."""
    for number, (_, sequence, verdicts, states) in enumerate(SEQUENCES):
        if "new with another" in SEQUENCES[number][0]:
            continue  # that is seen within a run
        path = tmp_path / f"{number}.db"
        assert [fill(path, each)[0] for each in sequence] == verdicts, SEQUENCES[number][0]
        assert state(path) == states


def test_site_that_shortens_all_its_articles(tmp_path: Path) -> None:
    """Where seven shrink together, each to a text of its own, none is believed."""
    for count, believed in ((5, 5), (6, 6), (7, 0)):
        path = tmp_path / f"{count}.db"
        fill(
            path, *(at(0, each, f"{chr(0x5000 + n) * 9}\n{STORY}") for n, each in enumerate(OTHERS))
        )
        for hours in (1, 5, 9):
            fill(path, *(at(hours, each, f"编者按：{chr(0x4E00 + n) * 30}")
                         for n, each in enumerate(OTHERS[:count])))  # fmt: skip
        confirmed = [each for each in state(path) if each[-1] == "confirmed"]
        assert len(confirmed) == believed, count


def test_batch_that_is_done_again(tmp_path: Path) -> None:
    """A page that cannot be stored ends its batch's transaction; the doubts of the batch stay."""
    path = tmp_path / "news.db"
    fill(path, at(0))
    target = Target(path)
    made = writer(target)
    assert made.add(at(1, text=WITHDRAWN), loader_version=1) == "rejected"
    with pytest.raises(UnicodeEncodeError):
        made.add(at(2, OTHERS[0], title="\ud800"), loader_version=1)
    assert made.add(at(5, text=WITHDRAWN), loader_version=1) == "rejected"
    made.commit()
    made.rollback()  # as a kill
    target.finish(good=True)
    assert state(path) == [("shrunken", 2, "pending")]
    assert query(path, "SELECT times FROM rejects") == [(2,)]


def test_rollback_takes_a_doubt_back(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, at(0))
    target = Target(path)
    made = writer(target)
    made.add(at(1, text=WITHDRAWN), loader_version=1)
    made.rollback()
    assert made.add(at(2), loader_version=1) == "unchanged"
    made.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)
    assert state(path) == []
    assert texts(path) == [(ID, "标题", STORY)]


# -- what the user says -------------------------------------------------------------------------


async def test_accept(serving: Serving, tmp_path: Path, hands: Hands) -> None:
    """What the user says is true is taken in without a request, with a revision."""
    site, db = Site(articles=30), tmp_path / "news.db"
    server = serving(site)
    await crawl("category", db, server.url)
    before = texts(db)
    paths = plain(site, 4, posts=1)
    server.faults.update(dict.fromkeys(paths, shows(lambda n, t, b: (t, "<p>本文已被删除</p>"))))
    hands.move(hours=1)
    assert (await crawl("category", db, server.url)).exit is Exit.DEGRADED
    server.requests.clear()
    listed = command("newscrawl", "retry-rejected", "--db", str(db), "--reason", "suspicious")
    assert listed.returncode == 0
    ids = [line.split("\t")[0] for line in listed.stdout.splitlines()]
    assert len(ids) == len(paths)
    assert "本文已被删除" in listed.stdout
    as_json = command("newscrawl", "retry-rejected", "--db", str(db), "--reason", "suspicious",
                      "--json")  # fmt: skip
    assert [str(each["id"]) for each in json.loads(as_json.stdout)] == ids

    again = command("newscrawl", "retry-rejected", "--db", str(db))
    assert again.stdout.startswith("0 pages read again")
    assert texts(db) == before
    wrong = command("newscrawl", "retry-rejected", "--db", str(db), "--accept", "999999")
    assert wrong.returncode == Exit.USAGE
    assert "No suspicious page has the id 999999" in wrong.stderr
    both = command("newscrawl", "retry-rejected", "--db", str(db), "--accept", ids[0],
                   "--reason", "cut_off")  # fmt: skip
    assert both.returncode == Exit.USAGE

    done = command("newscrawl", "retry-rejected", "--db", str(db), "--accept", ids[0])
    assert (done.returncode, done.stdout) == (0, "1 page accepted\n")
    assert server.requests == []
    assert_balanced(ledger(db))
    changed = [new for old, new in zip(before, texts(db), strict=True) if old != new]
    assert [each[2] for each in changed] == ["本文已被删除"]
    found = command("newscrawl", "search", "本文已被删除", "--db", str(db), "--json")
    assert [each["id"] for each in json.loads(found.stdout)] == [changed[0][0]]
    assert query(db, "SELECT count(*) FROM revisions") == [(1,)]
    assert query(db, "SELECT count(*) FROM rejects") == [(len(paths) - 1,)]
    assert command("newscrawl", "verify", "--db", str(db)).returncode == 0
    server.faults.clear()
    hands.move(hours=1)
    assert (await crawl("category", db, server.url)).exit is Exit.OK
    assert texts(db) == before


def test_accepted_text_of_new_articles_is_doubted_no_more(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    text = "本条为视频新闻，请移步原网站观看完整视频"
    assert fill(path, *(at(0, each, text) for each in OTHERS[:4])) == [
        "new", "new", "rejected", "rejected"
    ]  # fmt: skip
    [(number, _), *_] = query(path, "SELECT id, url FROM rejects ORDER BY id")
    read = sites.read_page
    try:
        sites.read_page = lambda page_, stats=None: at(0, page_.id, text, page=page_)
        target = Target(path)
        made = writer(target)
        assert accept(made, [number]).stored == 1
        made.end(outcome="ok", exit_code=0, reason="")
        target.finish(good=True)
    finally:
        sites.read_page = read
    assert fill(path, *(at(5, each, text) for each in OTHERS[3:9])) == ["new"] * 6


async def test_status(serving: Serving, tmp_path: Path, hands: Hands) -> None:
    site, db = Site(articles=20), tmp_path / "news.db"
    server = serving(site)
    await crawl("category", db, server.url)
    server.faults.update(dict.fromkeys(
        plain(site, 3), shows(lambda n, t, b: (t, "<p>网站维护中</p>"))
    ))  # fmt: skip
    hands.move(hours=1)
    await crawl("category", db, server.url)
    shown = command("newscrawl", "status", "--db", str(db)).stdout
    sentence = f"{len(plain(site, 3))} pages show a placeholder in the place of their articles"
    assert f"{sentence}: 网站维护中" in shown
    assert "--reason suspicious" in shown
    data = json.loads(command("newscrawl", "status", "--db", str(db), "--json").stdout)
    assert data["suspicious"] == [f"{sentence}: 网站维护中"]
