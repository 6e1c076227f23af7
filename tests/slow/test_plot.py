"""Plots: the numbers against archives made by hand, and the files by readers of their own."""

from __future__ import annotations

import json
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from archives import article, fill, page
from crawls import command
from lxml import etree

from newscrawl.archive.filters import Filters
from newscrawl.archive.plots import articles_per_day, coverage, delays, top_sources
from newscrawl.store.connections import open_for_reading


def published(number: int, at: str, *, kind: str = "post_page", **fields: Any) -> Any:
    """Return an article that was published at a time in China."""
    return article(page(f"NW20211228{number:010d}", kind=kind), published_at=at, **fields)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of three days, one of them without articles."""
    db = tmp_path / "news.db"
    fill(
        db,
        published(1, "2021-12-26T23:59:59+08:00", source="证券时报"),
        published(2, "2021-12-28T00:00:00+08:00", source="证券时报"),
        published(3, "2021-12-28T10:00:00+08:00", source="国际商报"),
        published(4, "2021-12-28T11:00:00+08:00", source=None),
        published(5, "2021-12-28T00:00:00+08:00", published_precision="day"),
        published(6, "2021-12-28T12:00:00+08:00", kind="post_file"),
    )
    return db


def change(db: Path, *statements: str) -> None:
    """Write into an archive what its runs would."""
    with closing(sqlite3.connect(db)) as connection, connection:
        for each in statements:
            connection.execute(each)


def test_articles_per_day(archive: Path) -> None:
    with closing(open_for_reading(archive)) as connection:
        days = articles_per_day(connection)
        assert len(days) == 30
        assert [(each.day, each.articles) for each in days[-3:]] == [
            ("2021-12-26", 1), ("2021-12-27", 0), ("2021-12-28", 5),
        ]  # fmt: skip
        assert days[-1].sources == {"证券时报": 1, "国际商报": 3, "": 1}
        assert top_sources(days, 5) == ["国际商报", "证券时报"]
        only = articles_per_day(connection, Filters(source="证券时报"))
        assert sum(each.articles for each in only) == 2


def run_at(began: str, *, outcome: str = "ok", spider: str = "category", responses: int = 3) -> str:
    return (
        "INSERT INTO runs (spider, arguments, versions, pid, started_at, outcome, responses)"
        f" VALUES ('{spider}', '{{}}', '{{}}', 1, '{began}', '{outcome}', {responses})"
    )


def test_coverage(archive: Path) -> None:
    change(
        archive,
        run_at("2021-12-26T04:30:00+00:00"),  # 12:30 in China
        run_at("2021-12-28T02:00:00+00:00", outcome="unreachable"),
        run_at("2021-12-28T02:00:00+00:00", spider="posts"),
        run_at("2021-12-28T02:00:00+00:00", responses=0),
        "INSERT INTO gaps (site, listing_kind, name, from_at, until_at, noticed_at) VALUES"
        " ('finews', 'category', 'zqsb', '2021-12-24T20:00:00+00:00', '2021-12-24T22:00:00+00:00',"
        " '2021-12-26T04:30:00+00:00')",
    )
    with closing(open_for_reading(archive)) as connection:
        days = {each.day: each for each in coverage(connection, kept_days=2)}
    assert days["2021-12-26"].hours == ("watched",) * 12 + ("unwatched",) * 12
    # From 4 to 6 in the morning something was dropped; the run came within two days of the rest.
    assert days["2021-12-25"].hours == ("watched",) * 4 + ("gap",) * 2 + ("watched",) * 18
    assert days["2021-12-24"].hours == ("unwatched",) * 13 + ("watched",) * 11
    assert set(days["2021-12-28"].hours) == {"unwatched"}
    assert days["2021-12-28"].articles == 5


def test_delays(archive: Path) -> None:
    change(
        archive,
        "UPDATE articles SET first_seen_at = '2021-12-27T16:04:00+00:00' WHERE first_seq = 2",
        "UPDATE articles SET first_seen_at = '2021-12-28T02:20:00+00:00' WHERE first_seq = 3",
        "UPDATE articles SET first_seen_at = '2022-01-28T02:20:00+00:00' WHERE first_seq = 4",
        # Seen before it says it was published: its clock is ahead.
        "UPDATE articles SET first_seen_at = '2021-12-26T15:59:00+00:00' WHERE first_seq = 1",
    )
    with closing(open_for_reading(archive)) as connection:
        days, histogram = delays(connection, kept_days=3)
    last = days[-1]
    assert (last.articles, last.median, last.p90, last.late) == (2, 240.0, 1200.0, 1)
    assert (days[-2].articles, days[-2].median) == (0, None)
    assert days[-3].median == 0.0
    assert dict(histogram)["5 min"] == 2
    assert dict(histogram)["30 min"] == 1
    assert sum(count for _, count in histogram) == 3


@pytest.mark.parametrize("kind", ["articles-per-day", "coverage", "delay"])
def test_files_and_terminal(archive: Path, tmp_path: Path, kind: str) -> None:
    png, svg = tmp_path / "plot.png", tmp_path / "plot.svg"
    for file in (png, svg):
        drawn = command("newscrawl", "plot", kind, "--db", str(archive), "-o", str(file))
        assert (drawn.returncode, drawn.stdout) == (0, ""), drawn.stderr
    width, height = struct.unpack(">II", png.read_bytes()[16:24])
    assert png.read_bytes().startswith(b"\x89PNG\r\n")
    assert (width > 1000, height > 500) == (True, True)
    words = " ".join(etree.parse(svg).getroot().itertext())
    assert "2021-12-" in words
    shown = command("newscrawl", "plot", kind, "--db", str(archive))
    assert shown.returncode == 0
    assert "2021-12-28" in shown.stdout
    assert "\x1b" not in shown.stdout  # no colours into a pipe
    numbers = json.loads(command("newscrawl", "plot", kind, "--db", str(archive), "--json").stdout)
    assert (numbers["days"] if kind == "delay" else numbers)[-1]["day"] == "2021-12-28"


@pytest.mark.parametrize("kind", ["articles-per-day", "coverage", "delay"])
def test_nothing_to_plot(tmp_path: Path, kind: str) -> None:
    db = tmp_path / "empty.db"
    fill(db)
    shown = command("newscrawl", "plot", kind, "--db", str(db))
    assert (shown.returncode, shown.stdout, shown.stderr) == (
        0,
        "",
        "No article has a publication time.\n",
    )
    drawn = command("newscrawl", "plot", kind, "--db", str(db), "-o", str(tmp_path / "a.svg"))
    assert drawn.returncode == 0, drawn.stderr


def test_what_cannot_be_drawn_is_said(archive: Path, tmp_path: Path) -> None:
    def ends(*words: str) -> tuple[int, str]:
        ended = command("newscrawl", "plot", *words, "--db", str(archive))
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stderr

    assert ends("nothing")[0] == 2
    code, said = ends("delay", "-o", str(tmp_path / "a.gif"))
    assert (code, "use .png or .svg" in said) == (2, True)
    code, said = ends("delay", "-o", str(tmp_path / "none" / "a.png"))
    assert (code, "Could not write" in said) == (6, True)
    code, said = ends("articles-per-day", "--source", "无此报")
    assert (code, "has no source" in said) == (2, True)


def test_missing_extra_is_named(archive: Path, tmp_path: Path) -> None:
    words = ["newscrawl", "plot", "delay", "--db", str(archive), "-o", str(tmp_path / "a.png")]
    blocked = (
        f"import sys; sys.modules['matplotlib'] = None; sys.argv = {words!r}\n"
        "from newscrawl.cli.app import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", blocked], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert "pip install 'newscrawl[plot]'" in ended.stderr
