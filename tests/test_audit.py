"""`newscrawl audit`: whether an archive is complete for a period, and what that is known by."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from archives import article, fill, page
from cli_runs import invoke

from newscrawl.store.schema import COUNTERS
from newscrawl.text.china_time import CHINA

BEGIN = datetime.fromisoformat("2026-03-01T00:00:00+08:00")
DAYS = ["--since", "2026-03-01", "--until", "2026-03-02"]


def write(db: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(sql, values)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """An archive with a run in each hour of three days, and an article of the second."""
    made = tmp_path / "news.db"
    at = "2026-03-02T10:00:00+08:00"
    fill(made, article(page("NW202603022228490001"), published_at=at))
    write(made, "DELETE FROM runs")
    names = [name for name, _ in COUNTERS]
    with closing(sqlite3.connect(made)) as connection, connection:
        for hour in range(72):
            began = (BEGIN + timedelta(hours=hour, minutes=30)).astimezone(tz=None)
            times = [_utc(began), _utc(began + timedelta(minutes=1))]
            counts = [1 if name in ("requests", "responses") else 0 for name in names]
            marks = ", ?" * (2 + len(names))
            connection.execute(
                "INSERT INTO runs (spider, arguments, versions, pid, outcome, exit_code,"
                f" started_at, ended_at, {', '.join(names)})"
                f" VALUES ('category', '{{}}', '{{}}', 1, 'ok', 0{marks})",
                [*times, *counts],
            )
    return made


def _utc(time: datetime) -> str:
    from datetime import UTC

    return time.astimezone(UTC).isoformat(timespec="seconds")


def audited(db: Path, *words: str) -> tuple[int, dict[str, Any]]:
    ended = invoke("audit", *DAYS, "--json", "--db", str(db), *words)
    return ended.exit_code, json.loads(ended.stdout)


def rows(found: dict[str, Any], what: str) -> list[dict[str, Any]]:
    return [row for row in found["rows"] if row["what"] == what]


def test_a_complete_period(db: Path) -> None:
    code, found = audited(db)
    assert (code, found["rows"][-1]) == (
        0, {"what": "verdict", "is_complete": True, "problems": []}
    )  # fmt: skip
    days = [(row["day"], row["articles"], row["hours_watched"]) for row in rows(found, "day")]
    assert days == [("2026-03-01", 0, 24), ("2026-03-02", 1, 24)]
    assert len(rows(found, "run")) == 72
    shown = invoke("audit", *DAYS, "--db", str(db)).stdout
    assert "complete, as far as can be known" in shown
    assert shown.endswith(f"SHA-256 {found['sha256']}\n")
    assert "2026-03-01 00:30:00" in shown  # China time


GAP = (
    "INSERT INTO gaps (site, listing_kind, name, from_at, until_at, noticed_at) VALUES ('finews',"
    " 'category', 'zqsb', ?, ?, ?)"
)


@pytest.mark.parametrize(
    ("sql", "values", "what", "problem"),
    [
        (
            GAP,
            ("2026-03-01T02:00:00+00:00", "2026-03-01T03:00:00+00:00", "2026-03-03T00:00:00+00:00"),
            "gap",
            "the category zqsb may lack articles from 2026-03-01 10:00:00 to 2026-03-01 11:00:00"
            " (China time)",
        ),
        (
            "INSERT INTO unresolved (site, article_id, link, first_tried_at, due_at)"
            " VALUES ('finews', 'NW202603012228490009', NULL, '2026-03-01T04:00:00+00:00', NULL)",
            (),
            "failed",
            "articles that could not be fetched: 1",
        ),
        (
            "INSERT INTO listings (site, listing_kind, name, url, found_in, failed_at, failure)"
            " VALUES ('finews', 'category', 'zqsb', 'http://x/', 'name',"
            " '2026-03-01T04:00:00+00:00', '404')",
            (),
            "listing",
            "the category zqsb fails since 2026-03-01 12:00:00 (China time)",
        ),
        (
            "DELETE FROM runs WHERE id > 30",
            (),
            "run",
            "2026-03-02 has unwatched hours: 19",
        ),
        # The last hour of the period was still going on when the last run began.
        (
            "DELETE FROM runs WHERE id > 48",
            (),
            "run",
            "2026-03-02 has unwatched hours: 1",
        ),
        *(
            (
                f"UPDATE runs SET {wrong}",
                (),
                "run",
                "2026-03-01 has unwatched hours: 24",
            )
            for wrong in (
                """arguments = '{"limit": "1"}'""",
                """arguments = '{"category": "zqsb"}'""",
                """arguments = '{"since": "2026-03-02"}'""",
                "spider = 'share'",
                "spider = 'feed'",
                "clock_difference = -100000",
            )
        ),
        (
            "INSERT INTO listed (article_id, category) VALUES ('NW202603032228490009', 'zqsb')",
            (),
            "listed",
            "articles of a listing that are not stored: 1",
        ),
        (
            "UPDATE runs SET new = 5 WHERE id = (SELECT max(id) FROM runs)",
            (),
            "run",
            "the statistics of run",
        ),
    ],
)
def test_what_is_missing(
    db: Path, sql: str, values: tuple[object, ...], what: str, problem: str
) -> None:
    before = audited(db)[1]
    write(db, sql, *values)
    code, found = audited(db)
    assert code == 3
    assert any(each.startswith(problem) for each in found["rows"][-1]["problems"]), found["rows"][
        -1
    ]
    assert rows(found, what)
    assert found["sha256"] != before["sha256"]


def test_what_lies_outside_the_period(db: Path) -> None:
    before = audited(db)
    write(db, GAP, *["2025-01-01T00:00:00+00:00"] * 3)
    write(db, "INSERT INTO listed VALUES ('NW202603042228490009', 'zqsb')")
    assert audited(db) == before


def test_runs_in_the_future_have_watched_nothing(db: Path) -> None:
    today = datetime.now(CHINA).date()
    write(db, "UPDATE runs SET started_at = ?", _utc(datetime.now(CHINA) + timedelta(days=1)))
    words = ["--since", f"{today}", "--until", f"{today}", "--json", "--db", str(db)]
    ended = invoke("audit", *words)
    assert ended.exit_code == 3
    assert json.loads(ended.stdout)["rows"][-1]["problems"] == [f"{today} has unwatched hours: 24"]


def test_a_period_in_the_future(db: Path) -> None:
    ended = invoke("audit", "--since", "2026-03-01", "--until", "9999-12-31", "--db", str(db))
    assert ended.exit_code == 2
    assert "lies in the future" in ended.stderr


def test_pruned_rejects_are_not_forgotten(db: Path) -> None:
    at = "2020-03-01T04:00:00+00:00"
    write(db, REJECT, "x", at, at)
    write(db, "UPDATE rejects SET first_seen_at = ?, last_seen_at = ?", at, at)
    words = ["--rejects", "--older-than", "1y", "--yes", "--db", str(db)]
    assert invoke("prune", *words).exit_code == 0
    before = ["audit", "--since", "2020-03-01", "--until", "2020-03-01", "--db", str(db)]
    assert "rejected pages that were last seen before" in invoke(*before).stdout


def test_the_hash_is_that_of_the_rows(db: Path) -> None:
    found = audited(db)[1]
    printed = invoke("audit", *DAYS, "--json", "--db", str(db)).stdout
    lines = subprocess.run(
        ["jq", "-cS", ".rows[]"], input=printed, capture_output=True, text=True, check=True
    ).stdout
    assert hashlib.sha256(lines.encode()).hexdigest() == found["sha256"]


REJECT = (
    "INSERT INTO rejects (run_id, url, site, page_kind, page_id, reason, detail, first_seen_at,"
    " last_seen_at, times, loader_version) SELECT max(id), 'http://x/é', 'finews', 'post_page',"
    " 'x', 'not_a_post', ?, ?, ?, 1, 1 FROM runs"
)


def test_the_documented_recipe_hashes_the_same(db: Path, tmp_path: Path) -> None:
    """Characters that programs escape in different ways are among the rows."""
    at = "2026-03-01T04:00:00+00:00"
    write(db, REJECT, '央行 "\\ / <b> \x7f\x85\u2028\U0001f600\t\x01', at, at)
    page = Path(__file__).parents[1] / "docs" / "how-to" / "audit.md"
    [recipe] = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    (tmp_path / "audit.json").write_text(
        invoke("audit", *DAYS, "--json", "--db", str(db)).stdout, "utf-8"
    )
    said = _run(recipe, tmp_path / "audit.json")
    assert said == "True\n"
    harmed = (tmp_path / "audit.json").read_text("utf-8").replace("央行", "央")
    (tmp_path / "audit.json").write_text(harmed, "utf-8")
    assert _run(recipe, tmp_path / "audit.json") == "False\n"


def _run(recipe: str, file: Path) -> str:
    words = [sys.executable, "-c", recipe, str(file)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_headings(db: Path) -> None:
    at = "2026-03-01T04:00:00+00:00"
    for number in range(2):
        write(db, REJECT.replace("é", str(number)), "x", at, at)
    lines = invoke("audit", *DAYS, "--db", str(db)).stdout.splitlines()
    headings = [line for line in lines if not line.startswith("  ")]
    assert headings[:-1] == [
        "1 period", "2 days", "72 runs", "2 rejected pages", "3 things that cannot be known",
        "not known to be complete:",
    ]  # fmt: skip


def test_a_period_that_ends_before_it_begins(db: Path) -> None:
    words = ["--since", "2026-03-02", "--until", "2026-03-01"]
    assert invoke("audit", *words, "--db", str(db)).exit_code == 2
