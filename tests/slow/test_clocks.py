"""Wrong clocks: they are said, and hide no edit of an article afterwards."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from archives import article, fill, page, writer
from cli_runs import invoke
from crawls import ROOT, command, crawl, ledger, query
from samplesite.server import Answers, Server
from samplesite.site import Site
from scrapy.http import Response

from newscrawl.archive.metrics import exposition
from newscrawl.archive.status import status
from newscrawl.items import Article, Page
from newscrawl.runs.clocks import Clocks, sentence
from newscrawl.runs.outcome import Exit
from newscrawl.sites.lists import LISTS
from newscrawl.sites.normalise import normalise
from newscrawl.store import clock
from newscrawl.store.connections import open_for_reading
from newscrawl.store.known import Known
from newscrawl.store.stored_times import StoredTimes
from newscrawl.store.target import Target

Serving = Callable[[Answers], Server]

NOW = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)
DAY, YEAR = timedelta(days=1), timedelta(days=365)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
TIME = "%Y-%m-%dT%H:%M:%S+00:00"


# -- the servers' clocks ------------------------------------------------------------------------


def answer(host: str, ahead: timedelta | None, **headers: str) -> Response:
    if ahead is not None:
        headers["Date"] = f"{NOW + ahead:%a, %d %b %Y %H:%M:%S} GMT"
    return Response(f"http://{host}/", headers=dict(headers))


@pytest.mark.parametrize(
    ("answers", "difference", "odd"),
    [
        ([], None, []),
        ([("a.test", None, {})], None, []),
        ([("a.test", timedelta(0), {})], 0, []),
        ([("a.test", DAY, {})], 86_400, []),
        ([("a.test", -DAY, {})], -86_400, []),
        ([("a.test", each, {}) for each in (DAY, timedelta(0), timedelta(0))], 0, []),
        ([("a.test", DAY, {}), ("b.test", timedelta(0), {})], 0, ["a.test"]),
        ([("a.test", DAY, {}), ("b.test", 2 * DAY, {})], 86_400, []),
        ([("a.test", -DAY, {"Age": "86400"})], 0, []),
        ([("a.test", timedelta(0), {"Age": "86400"})], 0, []),
        ([("a.test", -2 * DAY, {"Age": "86400"})], -86_400, []),
        ([("a.test", -DAY, {"Age": "9" * 400})], -86_400, []),
    ],
)
def test_difference(
    monkeypatch: pytest.MonkeyPatch, answers: list[tuple[str, timedelta | None, dict[str, str]]],
    difference: int | None, odd: list[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(clock, "clock", lambda: NOW)
    clocks = Clocks()
    for host, ahead, headers in answers:
        clocks.note(answer(host, ahead, **headers))
    assert (clocks.difference, clocks.odd_hosts()) == (difference, odd)


@pytest.mark.parametrize("date", ["", "now", "Tue, 03 Mar 99999 04:00:00 GMT", "Sat, 0 Jan 0000"])
def test_date_that_is_none(date: str) -> None:
    clocks = Clocks()
    clocks.note(Response("http://a.test/", headers={"Date": date}))
    assert clocks.difference is None


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (700, "11 minutes behind the"), (-7300, "2 hours ahead of the"),
        (100_000, "27 hours behind"), (-63_072_000, "730 days ahead of"),
    ],
)  # fmt: skip
def test_sentence(difference: int, said: str) -> None:
    assert f"the clock of this machine is {said}" in sentence(difference)


class Clock:
    """This machine's clock, which may be wrong; the server's is right."""

    def __init__(self, server: Server) -> None:
        self.now, self.error = NOW, timedelta(0)
        server.clock = lambda: self.now

    def __call__(self) -> datetime:
        return self.now + self.error


@pytest.fixture
def wrong(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> tuple[Server, Clock]:
    server = serving(Site(articles=30))
    made = Clock(server)
    monkeypatch.setattr(clock, "clock", made)
    return server, made


@pytest.mark.parametrize(
    ("error", "exit_", "said"),
    [
        (timedelta(minutes=5), Exit.OK, ""),
        (timedelta(minutes=11), Exit.OK, "11 minutes ahead of the servers' clocks"),
        (-timedelta(hours=5), Exit.OK, "5 hours behind the servers' clocks"),
        (timedelta(hours=25), Exit.DEGRADED, "25 hours ahead of"),
        (-50 * YEAR, Exit.DEGRADED, "18,250 days behind the servers' clocks: the times of this"),
    ],
)
async def test_wrong_clock_is_said(
    wrong: tuple[Server, Clock], tmp_path: Path, error: timedelta, exit_: Exit, said: str
) -> None:
    server, now = wrong
    now.error = error
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is exit_
    assert said in outcome.reason
    assert ("clock" in outcome.reason) == bool(said)
    assert ledger(tmp_path / "news.db")["clock_difference"] == -error.total_seconds()
    with open_for_reading(tmp_path / "news.db") as connection:
        run = status(connection, NOW.isoformat(), days=3).runs[0]
    assert run.clock_difference == -error.total_seconds()


# -- afterwards ---------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [2 * YEAR, 2 * DAY, -2 * DAY, -2 * YEAR, -56 * YEAR])
@pytest.mark.parametrize("tells", [True, False], ids=["Date", "no Date"])
async def test_edit_after_a_wrong_clock(
    wrong: tuple[Server, Clock], tmp_path: Path, error: timedelta, tells: bool
) -> None:
    server, now = wrong
    site, db = server.site, tmp_path / "news.db"
    assert isinstance(site, Site)
    number = next(t.number for t in site.truths() if t.generation == "8" and len(t.posts) == 1)
    if not tells:
        now.now = NOW + error  # server and machine agree, and both are wrong
    else:
        now.error = error
    await crawl("category", db, server.url)
    now.now, now.error = NOW + timedelta(hours=1), timedelta(0)
    server.site = site.edited(number, 1)
    outcome = await crawl("category", db, server.url, due="1")
    assert outcome.exit is Exit.OK
    if not tells and error < timedelta(0):
        return  # no server said the time, and nothing looks wrong: a page of long ago
    assert ledger(db)["changed"] == 1
    info_code, title = site.article(number).info_code, server.site.article(number).title
    assert query(db, "SELECT title FROM articles WHERE id = ?", info_code) == [(title,)]
    sql = "SELECT observed_at <= last_seen_at, last_seen_at <= replaced_at FROM revisions"
    assert query(db, sql) == [(1, 1)]
    # And the next edit as well, by the usual schedule; no page is asked for more often than that.
    server.requests.clear()
    now.now += timedelta(minutes=5)
    await crawl("category", db, server.url, due="1")
    assert not [path for path in server.paths() if "/20" in path]
    now.now += timedelta(hours=1)
    server.site = site.edited(number, 3)
    await crawl("category", db, server.url, due="1")
    assert ledger(db)["changed"] == 1
    title = server.site.article(number).title
    assert query(db, "SELECT title FROM articles WHERE id = ?", info_code) == [(title,)]
    assert query(db, "SELECT count(*) FROM gaps") == [(0,)]
    assert command("newscrawl", "verify", "--db", str(db)).returncode == 0


async def test_edit_met_by_a_wrong_clock(wrong: tuple[Server, Clock], tmp_path: Path) -> None:
    """A right run, then one of 1970, which finds an edit, and a right one, which finds another."""
    server, now = wrong
    site, db = server.site, tmp_path / "news.db"
    assert isinstance(site, Site)
    number = next(t.number for t in site.truths() if t.generation == "8" and len(t.posts) == 1)
    for version, error in ((0, timedelta(0)), (1, -56 * YEAR), (3, 2 * YEAR), (5, timedelta(0))):
        now.error = error
        server.site = site.edited(number, version) if version else site
        await crawl("category", db, server.url)
        now.now += timedelta(hours=2)
        assert ledger(db)["changed"] == (version > 0)
    title = server.site.article(number).title
    sql = "SELECT title FROM articles WHERE id = ?"
    assert query(db, sql, site.article(number).info_code) == [(title,)]
    assert query(db, "SELECT count(*) FROM revisions") == [(3,)]


def seen(at: str, title: str, *, is_fetched: bool) -> Article:
    made = page(observed_at=at)
    made.is_fetched = is_fetched
    return article(made, title=title)


@pytest.mark.parametrize(
    ("is_fetched", "title", "revisions"), [(True, "later", 1), (False, "first", 1)]
)
def test_later_word_of_a_page(tmp_path: Path, is_fetched: bool, title: str, revisions: int) -> None:
    """What was fetched later is later; what was kept is as old as its time says."""
    db = tmp_path / "news.db"
    fill(
        db,
        seen("2028-03-03T00:00:00+00:00", "first", is_fetched=is_fetched),
        seen("2026-03-03T00:00:00+00:00", "later", is_fetched=is_fetched),
    )
    assert query(db, "SELECT title FROM articles") == [(title,)]
    assert query(db, "SELECT count(*) FROM revisions") == [(revisions,)]


async def test_a_clock_that_is_behind_makes_no_time_a_future_one(
    wrong: tuple[Server, Clock], tmp_path: Path
) -> None:
    """What is past by the server's clock was published then, however late this machine's is."""
    server, made = wrong
    newest = max(Site(articles=30).truths(), key=lambda truth: truth.published)
    made.now = newest.published.astimezone(UTC) + timedelta(minutes=5)
    made.error = -timedelta(minutes=90)
    await crawl("category", tmp_path / "news.db", server.url)
    sql = "SELECT published_at, published_precision FROM articles WHERE id = ?"
    [(at, precision)] = query(tmp_path / "news.db", sql, newest.info_code)
    assert datetime.fromisoformat(at) == newest.published
    assert precision != "day"


def test_last_good_run_is_the_last(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    fill(db)
    for at in ("2028-03-03T04:00:00+00:00", "2026-03-03T04:00:00+00:00"):
        _run(db, at, at, 0)
    with open_for_reading(db) as connection:
        assert status(connection, NOW.isoformat(), days=3).last_good_run_at == at


def test_a_run_in_the_future_is_no_success(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    fill(db)
    for at in ("2026-03-03T03:00:00+00:00", "2199-01-01T00:00:00+00:00"):
        _run(db, at, at, 0)
    with open_for_reading(db) as connection:
        found = status(connection, clock.utc_now(), days=3)
    assert found.last_good_run_at == "2026-03-03T03:00:00+00:00"
    assert [tuple(found.future_runs)] == query(db, "SELECT max(id) FROM runs")
    said = invoke("status", "--db", str(db)).stdout
    assert f"with the ids {found.future_runs[0]}: a clock was ahead" in " ".join(said.split())
    shown = exposition(found)
    assert "newscrawl_future_runs 1" in shown
    assert "newscrawl_last_good_run_timestamp_seconds 1772506800" in shown


_RUN = (
    "INSERT INTO runs (spider, arguments, versions, pid, started_at, ended_at, outcome,"
    " clock_difference) VALUES ('category', '{}', '{}', 1, ?, ?, 'ok', ?)"
)


def _run(db: Path, begin: str, end: str | None, difference: int) -> None:
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(_RUN, (begin, end, difference))


def test_stored_times(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    fill(db)
    _run(db, "1970-01-01T00:01:00+00:00", "2026-03-03T04:00:00+00:00", 1_000_000)  # put right
    _run(db, "2028-01-01T00:00:00+00:00", "2028-01-01T00:05:00+00:00", -100_000)
    _run(db, "2030-01-01T00:00:00+00:00", None, 100_000)  # killed
    _run(db, "2026-03-01T00:00:00+00:00", "2026-03-01T00:05:00+00:00", 4000)  # hours, not days
    with open_for_reading(db) as connection:
        times = StoredTimes(connection)
    for stored_, true in {
        "1970-01-01T10:01:00+00:00": "1970-01-12T23:47:40+00:00",
        "2026-03-03T03:00:00+00:00": "2026-03-03T03:00:00+00:00",
        "2028-01-01T00:05:00+00:00": "2027-12-30T20:18:20+00:00",
        "2028-01-01T00:05:01+00:00": "2028-01-01T00:05:01+00:00",
        "2030-01-01T20:00:00+00:00": "2030-01-02T23:46:40+00:00",
        "2026-03-01T00:01:00+00:00": "2026-03-01T00:01:00+00:00",
    }.items():
        assert times.true(stored_) == true


def test_the_last_of_the_times_that_came_again(tmp_path: Path) -> None:
    """A machine without a clock of its own is in 1970 after each start: the last run counts."""
    db = tmp_path / "news.db"
    fill(db)
    for days in (1000, 1007):
        begin = "1970-01-01T00:00:00+00:00"
        _run(db, begin, "1970-01-01T01:00:00+00:00", days * 86_400)
    with open_for_reading(db) as connection:
        true = StoredTimes(connection).true("1970-01-01T00:30:00+00:00")
    assert true == "1972-10-04T00:30:00+00:00"


def test_a_year_of_runs_with_a_wrong_clock(tmp_path: Path) -> None:
    """A prune asks for the true time of each page: it must not look at each run for it."""
    db = tmp_path / "news.db"
    fill(db)
    begins = [NOW + each * timedelta(hours=1) for each in range(8_760)]
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.executemany(
            _RUN, ((f"{begin:{TIME}}", f"{begin + MINUTE:{TIME}}", -86_401) for begin in begins)
        )
    with open_for_reading(db) as connection:
        times = StoredTimes(connection)
    shown = [f"{begin + MINUTE / 2:{TIME}}" for begin in begins]
    before = time.process_time()
    for _ in range(5):
        true = [times.true(each) for each in shown]
    assert time.process_time() - before < 2
    assert true == [f"{begin + MINUTE / 2 - DAY - SECOND:{TIME}}" for begin in begins]
    assert not times.is_marked(f"{begins[0] + 2 * MINUTE:{TIME}}")


def test_left_over_of_a_wrong_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lists named and could not be fetched is retried for days, and not for years."""
    monkeypatch.setattr(clock, "clock", lambda: NOW)
    db, wanted = tmp_path / "news.db", "NW202603021200000001"
    codes = [wanted, "NW202602011200000001", "NW209912311200000001"]
    entries = [
        article(
            Page("list_entry", code, f"http://a.test/{code}", b"{}", "2026-03-03T00:00:00+00:00"),
            id=code,
        )
        for code in codes
    ]  # fmt: skip
    monkeypatch.setattr(clock, "clock", lambda: NOW + 2 * YEAR)
    fill(db, *entries)
    monkeypatch.setattr(clock, "clock", lambda: NOW)
    with open_for_reading(db) as connection:
        assert Known(connection).entries_only() == [wanted]
    assert LISTS


# -- ids and times of the future ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("info_code", "printed", "at", "why"),
    [
        ("NW202603031200000001", "2026-03-03 11:00", "2026-03-03T11:00:00+08:00", "small"),
        ("NW202603031200000001", "2026-03-03 23:00", "2026-03-03T00:00:00+08:00", "in the future"),
        ("NW202603041200000001", None, "2026-03-04T00:00:00+08:00", "prints no time"),
        ("NW202603061200000001", None, None, "prints no time; nor is the day in the id"),
        ("NW209912311200000001", "2099-12-31 12:00", None, "2099-12-31, which is in the future"),
        ("NW209912311200000001", "2026-03-03 11:00", None, "more than 3 days from the day"),
        ("NW209912311200000001", "gestern", None, "nor is the day in the id, 2099-12-31"),
        ("finews:init", "2099-12-31 12:00", None, "in the future"),
    ],
)
def test_future_is_not_believed(
    info_code: str, printed: str | None, at: str | None, why: str
) -> None:
    found = Article(
        id=info_code, title="题", published_raw=printed, published_from="section small",
        page=Page("post_page", info_code, "http://a.test/", b"", NOW.isoformat()),
    )  # fmt: skip
    normalise(found)
    assert found.published_at == at
    if printed is not None or at is not None:
        assert why in (found.published_from or "")


def test_future_ids_are_not_first(tmp_path: Path) -> None:
    db, codes = tmp_path / "news.db", ("NW209912311200000001", "NW202603031200000001")
    found = [
        normalise(Article(id=code, title=code, published_raw=f"{code[2:6]}-12-31 12:00",
                          published_from="x", page=page(code, observed_at=NOW.isoformat())))
        for code in codes
    ]  # fmt: skip
    fill(db, *found)
    listed = command("newscrawl", "list", "--json", "--db", str(db))
    assert [each["id"] for each in json.loads(listed.stdout)] == [codes[1], codes[0]]


# -- the machine's own clock --------------------------------------------------------------------


def test_real_clock_that_is_wrong(serving: Serving, tmp_path: Path) -> None:
    """The whole command under a clock of 1980: what it says, and what the next run finds."""
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not installed: it sets the clock of a program")
    site, db = Site(articles=10), tmp_path / "news.db"
    server = serving(site)
    words = ["crawl", "category", "--delay", "0", "--base-url", server.url, "--db", str(db)]
    program = str(Path(sys.executable).with_name("newscrawl"))
    faked = subprocess.run(
        ["faketime", "1980-01-01 00:00:00", program, *words],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert faked.returncode == Exit.DEGRADED, faked.stderr
    assert "days behind the servers' clocks: the times of this run are wrong" in faked.stderr
    number = next(t.number for t in site.truths() if t.linked and len(t.posts) == 1)
    server.site = site.edited(number, 1)
    done = command("newscrawl", *words)
    assert done.returncode == Exit.OK, done.stderr
    assert "the clock of" not in done.stderr
    title = server.site.article(number).title
    sql = "SELECT title FROM articles WHERE id = ?"
    assert query(db, sql, site.article(number).info_code) == [(title,)]


def test_visits_are_counted_by_the_servers_clocks(tmp_path: Path) -> None:
    """A shortened text is believed at the third visit, hours apart by a clock that is right."""
    text = "云岚股份公告，上半年订单增加，净利润同比增长两成，并上调全年目标。公司表示产能充足。"
    began = datetime(2026, 3, 5, 4, tzinfo=UTC)
    target = Target(tmp_path / "news.db")
    made = writer(target)

    def visit(hours: float, said: str, *, ahead: float = 0) -> str:
        made.set_clock(int(-ahead * 3600))
        seen = (began + timedelta(hours=hours + ahead)).isoformat()
        found = page(observed_at=seen, body=said.encode())
        found.is_fetched = True
        return made.add(article(found, body_text=said, body_html=said), loader_version=1)

    assert visit(0, text) == "new"
    short = text[:12] + "。"
    assert [
        visit(1, short),
        visit(2, short, ahead=480),
        visit(3, short),
        visit(3.5, short, ahead=960),
    ] == ["rejected"] * 4
    assert visit(5, short) == "rejected"
    assert visit(9, short) == "changed"
    made.close()
    target.finish(good=False)
