"""What a run says of itself: broken or quiet, rules that died, and who is told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import command, crawl, query
from samplesite.server import Answers, Server
from samplesite.site import Site

from newscrawl import sites
from newscrawl.items import PageKind
from newscrawl.runs.judging import judge_pages
from newscrawl.runs.ledger import Ledger
from newscrawl.runs.notify import notify
from newscrawl.runs.outcome import Exit
from newscrawl.sites.finews import post_page
from newscrawl.sites.page_reader import PageReader
from newscrawl.store import clock, rules
from newscrawl.store.connections import MEMORY, open_for_reading, open_for_writing
from newscrawl.store.quiet import find_quiet

Serving = Callable[[Answers], Server]
NOON = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
"""A Tuesday, one o'clock in China."""


def history(path: Path, weeks: int, *, an_hour: int = 10, also_now: int = 0) -> None:
    """Make an archive with so many articles an hour, around noon, in each week before."""
    made = []
    spans = [(week, an_hour) for week in range(1, weeks + 1)] + [(0, also_now)]
    for week, count in spans:
        for hour in range(6):
            for number in range(count):
                at = NOON - timedelta(weeks=week, hours=hour, minutes=number * 5)
                digits = f"{at:%Y%m%d}{week:02}{hour:02}{number:06}"
                china = (at + timedelta(hours=8)).isoformat()[:19] + "+08:00"
                made.append(article(page(f"NW{digits}"), published_at=china))
    fill(path, *made)


QUIET = [
    ("no history", 0, 10, 0, []),
    ("one week", 1, 10, 0, []),
    ("two weeks", 2, 10, 0, [None]),
    ("eight weeks", 8, 10, 0, [None]),
    ("a small source", 8, 1, 0, []),
    ("as ever", 8, 10, 10, []),
    ("less, not far less", 8, 10, 2, []),
]


@pytest.mark.parametrize(("weeks", "an_hour", "also_now", "found"), [case[1:] for case in QUIET],
                         ids=[case[0] for case in QUIET])  # fmt: skip
def test_far_below_its_own_history(
    tmp_path: Path, weeks: int, an_hour: int, also_now: int, found: list[str | None]
) -> None:
    history(tmp_path / "news.db", weeks, an_hour=an_hour, also_now=also_now)
    with closing(open_for_reading(tmp_path / "news.db")) as db:
        quiet = find_quiet(db, NOON.isoformat(), share=0.1)
    assert [each.category for each in quiet] == found
    if quiet:
        assert "the source has 0 articles of the last 3 hours" in str(quiet[0])


def test_quiet_at_night_is_no_news(tmp_path: Path) -> None:
    history(tmp_path / "news.db", 8)
    night = NOON + timedelta(hours=14)
    with closing(open_for_reading(tmp_path / "news.db")) as db:
        quiet = find_quiet(db, night.isoformat(), share=0.1)
    assert {each.hours for each in quiet} == {24}  # the day as a whole is quiet, the night is not


def test_one_category_that_has_stopped(tmp_path: Path) -> None:
    made = []
    for week in range(4):
        for number in range(40):
            at = NOON - timedelta(weeks=week, hours=2, minutes=number)
            china = (at + timedelta(hours=8)).isoformat()[:19] + "+08:00"
            slug = "zhengquanshibao" if number % 2 or week == 0 else "xinhuashe"
            digits = f"{at:%Y%m%d}{week:02}{number:08}"
            made.append(article(page(f"NW{digits}"), published_at=china, categories=[slug]))
    fill(tmp_path / "news.db", *made)
    with closing(open_for_reading(tmp_path / "news.db")) as db:
        [quiet] = find_quiet(db, NOON.isoformat(), share=0.1)
    assert (quiet.category, quiet.found, quiet.expected, quiet.weeks) == ("xinhuashe", 0, 20, 3)


async def test_run_that_finds_nothing_at_noon_is_degraded(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "clock", lambda: NOON)
    history(tmp_path / "news.db", 3)
    server = serving(Site(articles=20))
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.DEGRADED
    assert "the source has 0 articles of the last 3 hours; in the same hours of the last 3" in (
        outcome.reason
    )
    # A part of the mirror says nothing about the whole.
    outcome = await crawl("category", tmp_path / "news.db", server.url, limit="3")
    assert outcome.exit is Exit.OK, outcome


async def test_rule_that_stops_matching_is_said(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, db = Site(articles=140), tmp_path / "news.db"
    server = serving(whole.showing(0, 100))
    assert (await crawl("category", db, server.url)).exit is Exit.OK
    assert query(db, "SELECT count(*) FROM rules WHERE missed = 0 AND pages >= 100")[0][0] >= 3
    # As if the site had moved the title: only its meta element still has it.
    rules = tuple(
        rule if rule.path != "//section/h1" else type(rule)("title", "//section/h7")
        for rule in post_page.RULES
    )
    monkeypatch.setattr(post_page, "RULES", rules)
    server.site = whole
    known = "parser/title/xpath///section/h1"
    with closing(open_for_writing(db)) as archive:
        # A rule is known by its path; the site moves, not the rule.
        archive.execute(
            "UPDATE rules SET rule = 'parser/title/xpath///section/h7' WHERE rule = ?", (known,)
        )
    reader = PageReader(post_page.read_post_page, (*rules, *post_page.CODED))
    readers = {**sites._readers(), PageKind.POST_PAGE: reader}
    monkeypatch.setattr(sites, "_readers", lambda: readers)
    outcome = await crawl("category", db, server.url)
    assert outcome.exit is Exit.DEGRADED
    assert "the rule parser/title/xpath///section/h7 no longer matches" in outcome.reason


def test_rule_uses() -> None:
    with closing(open_for_writing(MEMORY)) as archive:
        db = archive

        def add(pages: int, **matches: int) -> list[str]:
            uses = {rule: rules.Uses(pages, number) for rule, number in matches.items()}
            rules.add_uses(db, uses, "2026-03-03T05:00:00+00:00")
            return rules.dead(db)

        assert add(60, main=60, rare=3) == []
        assert add(0, main=0, rare=0) == []
        assert add(19, main=0, rare=0) == []
        assert add(1, main=0, rare=0) == ["main"]
        assert add(5, main=1, rare=0) == []


def ledger_of(skipped: int, **ends: int) -> Ledger:
    made = Ledger()
    for end, number in ends.items():
        for each in range(number):
            made.schedule(f"{end}{each}")
            made.settle(f"{end}{each}", end)  # type: ignore[arg-type]
    for _ in range(skipped):
        made.link("skipped")
    return made


@pytest.mark.parametrize(
    ("made", "exit_"),
    [
        (ledger_of(0), Exit.OK),
        (ledger_of(0, failed=1), Exit.UNREACHABLE),
        (ledger_of(200, failed=1), Exit.OK),
        (ledger_of(200, failed=2), Exit.OK),
        (ledger_of(200, failed=3), Exit.DEGRADED),
        (ledger_of(200, failed=3, new=4), Exit.OK),
        (ledger_of(200, rejected=1), Exit.DEGRADED),
        (ledger_of(200, rejected=1, new=9), Exit.OK),
        (ledger_of(10, failed=2), Exit.DEGRADED),
    ],
)
def test_what_is_known_does_not_hide_what_is_lost(made: Ledger, exit_: Exit) -> None:
    outcome = judge_pages(made, finish_reason="finished", troubles=[], share=0.1)
    assert outcome.exit is exit_, outcome


# -- who is told ----------------------------------------------------------------------------


def test_notify(serving: Serving, tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    script = tmp_path / "tell.py"
    script.write_text(f"import sys; open({str(told)!r}, 'a').write(sys.stdin.read())")
    tell = f"{sys.executable} {script}"
    server = serving(Site(articles=5))
    words = ["crawl", "category", "--delay", "0", "--db", str(tmp_path / "news.db")]
    done = command("newscrawl", *words, "--base-url", server.url, "--notify", tell)
    assert (done.returncode, told.exists()) == (0, False)
    server.close()
    done = command(
        "newscrawl", *words, "--base-url", server.url, "--notify", tell, "-s", "RETRY_TIMES=0"
    )
    assert done.returncode == Exit.UNREACHABLE
    run = json.loads(told.read_text())
    assert (run["outcome"], run["exit_code"], run["spider"]) == ("unreachable", 4, "category")
    assert "refused" in run["reason"]
    assert run["counters"]["requests"] > 0


@pytest.mark.parametrize(
    ("words", "code", "outcome"),
    [
        (("feed", "nothing"), Exit.USAGE, "usage"),
        (("category", "--base-url", "http://127.0.0.1:9/", "--db", "rubbish"), Exit.STORE, "store"),
    ],
)
def test_notify_of_a_run_that_never_began(
    tmp_path: Path, words: tuple[str, ...], code: Exit, outcome: str
) -> None:
    (tmp_path / "rubbish").write_bytes(b"no archive" * 100)
    tell = f"tee {tmp_path / 'told.json'}"
    words = tuple(str(tmp_path / each) if each == "rubbish" else each for each in words)
    db = () if "--db" in words else ("--db", str(tmp_path / "news.db"))
    done = command("newscrawl", "crawl", *words, *db, "--notify", tell)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert json.loads((tmp_path / "told.json").read_text())["outcome"] == outcome


@pytest.mark.parametrize(
    ("tell", "said"),
    [
        ("/nowhere/tell", "could not run"),
        ("'", "could not run"),
        ("false", "exited with code 1"),
    ],
)
def test_notify_that_fails_is_logged(
    caplog: pytest.LogCaptureFixture, tell: str, said: str
) -> None:
    notify(tell, {"outcome": "degraded"})
    assert said in caplog.text
