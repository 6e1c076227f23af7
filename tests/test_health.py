"""`newscrawl status --fail-after`: what is wrong with how an archive is kept."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from archives import fill
from cli_runs import invoke
from crawls import crawl
from samplesite.server import Answers, Server
from samplesite.site import Site

Serving = Callable[[Answers], Server]


@pytest.fixture
async def db(serving: Serving, tmp_path: Path) -> Path:
    await crawl("category", tmp_path / "news.db", serving(Site(articles=10)).url)
    return tmp_path / "news.db"


def checked(db: Path, *words: str) -> tuple[int, list[str]]:
    ended = invoke("status", "--fail-after", "1h", "--json", "--db", str(db), *words)
    said = json.loads(ended.stdout)
    assert said["is_healthy"] is (ended.exit_code == 0)
    return ended.exit_code, said["problems"]


def write(db: Path, sql: str) -> None:
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(sql)


async def test_all_is_well(db: Path) -> None:
    assert checked(db) == (0, [])
    assert invoke("status", "--fail-after", "1h", "--db", str(db)).stdout == "healthy\n"


async def test_the_last_ok_run_is_older(db: Path) -> None:
    write(db, "UPDATE runs SET ended_at = '2026-01-01T00:00:00+00:00'")
    assert checked(db) == (
        3, ["the last run that was ok ended at 2026-01-01 08:00:00 (China time)"]
    )  # fmt: skip
    write(db, "UPDATE runs SET outcome = 'degraded'")
    assert checked(db) == (3, ["no run has ended with ok"])


async def test_a_gap_is_new(db: Path) -> None:
    def gap(noticed_at: str) -> str:
        return (
            "INSERT INTO gaps (site, listing_kind, name, from_at, until_at, noticed_at)"
            " SELECT site, 'category', 'zqsb', '2026-01-01T00:00:00+00:00',"
            f" '2026-01-02T00:00:00+00:00', {noticed_at} FROM listings LIMIT 1"
        )

    write(db, gap("'2026-01-03T00:00:00+00:00'"))
    assert checked(db) == (0, [])  # it was noticed long ago
    write(db, gap("(SELECT ended_at FROM runs)"))
    code, [said] = checked(db)
    assert (code, said) == (
        3,
        "the category zqsb may have lost articles from 2026-01-01 08:00:00 to "
        "2026-01-02 08:00:00 (China time)",
    )


async def test_a_gap_of_the_future(db: Path) -> None:
    """A clock was ahead when it was noticed: it does not alarm for years."""
    write(
        db,
        "INSERT INTO gaps (site, listing_kind, name, from_at, until_at, noticed_at)"
        " SELECT site, 'category', 'zqsb', '2026-01-01T00:00:00+00:00',"
        " '2026-01-02T00:00:00+00:00', '2999-01-01T00:00:00+00:00' FROM listings LIMIT 1",
    )
    assert checked(db) == (0, [])


async def test_a_listing_is_about_to_forget(db: Path) -> None:
    write(db, "UPDATE listings SET checked_at = datetime('now', '-66 hours')")
    write(db, "UPDATE listings SET checked_at = replace(checked_at, ' ', 'T') || '+00:00'")
    code, said = checked(db)
    assert code == 3
    assert all("may drop unseen articles from" in each for each in said)
    assert said


def test_an_archive_without_runs(tmp_path: Path) -> None:
    fill(tmp_path / "news.db")
    write(tmp_path / "news.db", "DELETE FROM runs")
    assert checked(tmp_path / "news.db") == (3, ["no run has ended with ok"])
