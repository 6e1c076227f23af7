"""`newscrawl status`: what it says of runs, listings, gaps and rejects; as text, JSON, metrics."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import command
from prometheus_client.parser import text_string_to_metric_families

from newscrawl.archive import metrics
from newscrawl.archive.status import OFFLINE, Status, status
from newscrawl.cli.status import sparkline
from newscrawl.runs.outcome import Exit
from newscrawl.store.connections import open_for_reading

NOW = "2026-03-03T04:30:00+00:00"


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for each in statements:
            db.execute(each)


LISTING = (
    "INSERT INTO listings (site, listing_kind, name, url, found_in, checked_at, interval,"
    " checks, missing_since, failed_at, failure) VALUES ('finews', {}, 'http://x/', 'footer', {})"
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "news.db"
    fill(path, *(article(page(f"NW2021122822284900{n}")) for n in range(20, 26)))
    change(
        path,
        "UPDATE articles SET first_seen_at = '2026-03-03T04:10:00+00:00'",
        "UPDATE articles SET first_seen_at = '2026-03-03T02:10:00+00:00' WHERE seq <= 2",
        "UPDATE articles SET first_seen_at = '2026-03-01T02:10:00+00:00' WHERE seq = 1",
        LISTING.format("'home', ''", "'2026-03-03T04:25:00+00:00', 300, 9, NULL, NULL, NULL"),
        LISTING.format("'category', 'xinhuashe'",
                       "'2026-03-02T04:25:00+00:00', 4000, 9, NULL, NULL, NULL"),
        LISTING.format("'category', '36ke'",
                       "'2026-02-27T04:25:00+00:00', 300, 9, NULL, '2026-03-03T04:26:00+00:00',"
                       " 'the server answered with status 500'"),
        LISTING.format("'category', 'gone'",
                       "'2026-03-03T04:25:00+00:00', 43200, 9, '2026-03-01T04:25:00+00:00', NULL,"
                       " NULL"),
        # The name of 36Ke as a path spells it: a wrong guess is not a listing that has gone.
        LISTING.format("'category', '36Ke'",
                       "'2026-03-03T04:25:00+00:00', 43200, 9, '2026-03-01T04:25:00+00:00', NULL,"
                       " NULL").replace("'footer'", "'path'"),
        "INSERT INTO gaps (site, listing_kind, name, from_at, until_at, noticed_at) VALUES"
        " ('finews', 'category', '36ke', '2026-02-01T00:00:00+00:00', '2026-02-05T16:00:00+00:00',"
        " '2026-02-08T00:00:00+00:00')",
        "INSERT INTO rejects (run_id, url, site, page_kind, page_id, reason, detail,"
        " first_seen_at, last_seen_at, times, loader_version) VALUES (1, 'http://x/1\x1b[31m',"
        " 'finews', 'post_page', '1', 'cut_off', '', '2026-03-01T00:00:00+00:00',"
        " '2026-03-02T00:00:00+00:00', 3, 1)",
    )  # fmt: skip
    return path


def look(path: Path) -> Status:
    with closing(open_for_reading(path)) as connection:
        return status(connection, NOW, days=3)


def test_listings(archive: Path) -> None:
    found = look(archive)
    assert [(each.name, each.state) for each in found.listings] == [
        ("36ke", "failing"), ("xinhuashe", "ok"), ("", "ok"), ("gone", "missing"),
    ]  # fmt: skip
    failing, good, home, gone = found.listings
    # What was published in China on the 27th is dropped when it is the 2nd by UTC.
    assert failing.forgets_at == "2026-03-02T00:00:00+00:00"
    assert failing.seconds_left is not None
    assert failing.seconds_left < 0
    assert failing.failure == "the server answered with status 500"
    # A successful check of the home page is one of each category that does not fail.
    assert good.forgets_at == home.forgets_at == "2026-03-06T00:00:00+00:00"
    assert good.seconds_left == (2 * 24 + 19) * 3600 + 1800
    assert gone.seconds_left is None


def silent(path: Path, *hours: int, checked_at: str = NOW) -> Path:
    """Let a list have had something new so many hours ago each, and be checked."""
    rows = (
        f"INSERT INTO article_listings SELECT 'NW{hour}', 'fast', at, at FROM (SELECT strftime("
        f"'%Y-%m-%dT%H:%M:%S+00:00', '{NOW}', '-{hour} hours') AS at)"
        for hour in hours
    )
    change(
        path, *rows, LISTING.format("'list', 'fast'", f"'{checked_at}', 300, 9, NULL, NULL, NULL")
    )
    return path


@pytest.mark.parametrize(
    ("hours", "is_stale"),
    [
        ((2, 4, 6, 8, 10), False),
        ((40, 42, 44, 46, 48), True),
        ((20, 22, 24, 26, 28), False),  # no day
        ((40, 42, 44, 46), False),  # without a history
        ((40, 62, 64, 66, 68), False),  # it was silent for nearly as long before
        ((60, 62, 86, 88, 90), True),
    ],
)
def test_a_list_that_has_stopped(archive: Path, hours: tuple[int, ...], is_stale: bool) -> None:
    [found] = [each for each in look(silent(archive, *hours)).listings if each.kind == "list"]
    assert (found.state == "stale") is is_stale
    assert (found.stale_since is not None) is is_stale


def test_a_list_that_was_not_checked_is_not_silent(archive: Path) -> None:
    path = silent(archive, 40, 42, 44, 46, 48, checked_at="2026-03-01T12:00:00+00:00")
    assert {each.state for each in look(path).listings if each.kind == "list"} == {"ok"}


def test_hours_holes_rejects(archive: Path) -> None:
    found = look(archive)
    assert found.hours == [None] * 21 + [1, None, 4]
    assert [(each.name, each.from_at[:10], each.until_at[:10]) for each in found.gaps] == [
        ("36ke", "2026-02-01", "2026-02-05")
    ]
    assert [(each.reason, each.pages) for each in found.rejects] == [("cut_off", 1)]


@pytest.mark.parametrize(
    ("change_", "outcome", "balances", "unfinished"),
    [
        ("outcome = 'ok'", "ok", True, 0),
        (
            "outcome = 'degraded', reason = 'stopped early: memusage_exceeded',"
            " scheduled = scheduled + 3, listed = listed + 3",
            "degraded",
            True,
            3,
        ),
        ("outcome = 'degraded', new = new + 3", "degraded", False, -3),
        ("outcome = 'killed', scheduled = scheduled + 3, listed = listed + 3", "killed", True, 3),
        ("scheduled = scheduled + 3, listed = listed + 3", "ok", False, 3),
        ("listed = listed + 1", "ok", False, 0),
    ],
)
def test_runs(archive: Path, change_: str, outcome: str, balances: bool, unfinished: int) -> None:
    change(archive, f"UPDATE runs SET {change_} WHERE id = 1")
    run = look(archive).runs[0]
    assert (run.outcome, run.balances, run.unfinished) == (outcome, balances, unfinished)


RUN = (
    "INSERT INTO runs (spider, arguments, versions, pid, started_at, ended_at, outcome, exit_code)"
    " VALUES ({}, '{{}}', '{{}}', 1, '2026-03-0{}:10:00+00:00', {}, {})"
)


def test_hours_in_which_nobody_asked(archive: Path) -> None:
    change(
        archive,
        RUN.format("'category'", "2T04", "NULL", "'killed', NULL"),  # before the first hour
        RUN.format("'category'", "2T04", "'2026-03-02T06:00:00+00:00'", "'ok', 0"),
        RUN.format("'category'", "2T08", "NULL", "'killed', NULL"),
        RUN.format("'reextract'", "2T10", "'2026-03-02T10:30:00+00:00'", "'ok', 0"),
        RUN.format("'feed'", "3T01", "NULL", "'running', NULL"),
    )
    # From 5 to 6 one that ended; at 8 one that was killed, of unknown end; from 1 on one that runs.
    assert look(archive).hours == [0, 0, None, 0, *[None] * 16, 0, 1, 0, 4]


def test_runs_that_ask_nobody_do_not_hide_a_failure(archive: Path) -> None:
    """A scheduler's alarm asks how the sources are, not whether old pages could be read again."""
    change(
        archive, RUN.format("'category'", "3T01", "'2026-03-03T01:20:00+00:00'", "'degraded', 3")
    )
    before = look(archive)
    for each in OFFLINE * 3:
        change(archive, RUN.format(f"'{each}'", "3T02", "'2026-03-03T02:20:00+00:00'", "'ok', 0"))
    found = look(archive)
    assert {run.spider for run in found.runs} == set(OFFLINE)
    assert found.last_crawl == before.last_crawl == before.runs[0]
    assert found.last_good_run_at == before.last_good_run_at
    assert 'newscrawl_last_run_outcome{outcome="degraded"} 1' in metrics.exposition(found)


def test_sparkline() -> None:
    assert sparkline([None, 0, 1, 4, 8]) == "·▁▂▅█"
    assert sparkline([0, 1, 10_000]) == "▁▂█"
    assert sparkline([0, None]) == "▁·"
    assert sparkline([]) == ""


def test_metrics(archive: Path, tmp_path: Path) -> None:
    file = tmp_path / "newscrawl.prom"
    file.write_text("before")
    metrics.write_metrics(file, look(archive))
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
    }
    assert found["newscrawl_articles",] == 6
    assert found["newscrawl_listings", "failing"] == 1
    assert found["newscrawl_seconds_until_loss",] == -(24 + 4.5) * 3600
    assert found["newscrawl_rejects", "cut_off"] == 1
    assert found["newscrawl_last_run_exit_code",] == 0
    assert found["newscrawl_last_run_outcome", "ok"] == 1
    assert found["newscrawl_gaps",] == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert sorted(each.name for each in tmp_path.iterdir() if "prom" in each.name) == [file.name]


def test_command(archive: Path, tmp_path: Path) -> None:
    done = command("newscrawl", "status", "--db", str(archive))
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "fails: the server answered with status 500" in done.stdout
    assert "retry-rejected" in done.stdout
    assert "last ok run " in done.stdout
    done = command("newscrawl", "status", "--db", str(archive), "--json")
    assert json.loads(done.stdout)["articles"] == 6
    file = tmp_path / "m.prom"
    done = command("newscrawl", "status", "--db", str(archive), "--prometheus", str(file))
    assert (done.returncode, done.stdout) == (0, "")
    assert "newscrawl_articles 6" in file.read_text()
    bad = str(tmp_path / "none" / "m.prom")
    done = command("newscrawl", "status", "--db", str(archive), "--prometheus", bad)
    assert done.returncode == Exit.USAGE
    assert "No such file or directory" in done.stderr
    done = command("newscrawl", "status", "--db", str(archive), "--limit", "1")
    assert "and 2 listings more" in done.stdout


def test_it_imports_no_scrapy(archive: Path) -> None:
    code = (
        "import sys; from newscrawl.cli import main\n"
        "sys.argv[1:] = ['status', '--db', sys.argv[1]]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "assert not {'scrapy', 'twisted'} & set(sys.modules), 'imported'"
    )
    done = subprocess.run([sys.executable, "-c", code, str(archive)], check=False, text=True,
                          capture_output=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
