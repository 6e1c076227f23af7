"""`newscrawl crawl … --alert FILE`: alerts as a step of each run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from crawls import ROOT, command, query
from samplesite.server import Answers, Server
from samplesite.site import Site
from test_alert import Hook, hook

import newscrawl
from newscrawl.runs.services import URLS

__all__ = ["hook"]
Serving = Callable[[Answers], Server]


@pytest.fixture
def watchlist(tmp_path: Path) -> Path:
    file = tmp_path / "w.toml"
    file.write_text('[[rule]]\nname = "all"\nwords = "的"\n', encoding="utf-8")
    return file


def crawled(
    tmp_path: Path, server: Server, *words: str, db: str = "news.db"
) -> subprocess.CompletedProcess[str]:
    return command(
        "newscrawl", "crawl", "category", "--base-url", server.url, "--fast", "--db",
        str(tmp_path / db), "--alert", str(tmp_path / "w.toml"), *words,
    )  # fmt: skip


def test_what_a_run_stored_is_sent_after_it(
    serving: Serving, tmp_path: Path, watchlist: Path, hook: Hook
) -> None:
    server, db = serving(Site(articles=30)), tmp_path / "news.db"

    def matching() -> set[str]:
        with newscrawl.open(db) as archive:
            return {f"[all] {hit.title}" for hit in archive.search("的")}

    assert crawled(tmp_path, server, "--limit", "5").returncode == 0
    assert hook.taken == []  # the cursor begins at the end of the first run
    before = matching()
    ended = crawled(tmp_path, server)
    assert ended.returncode == 0
    assert {said["title"] for _, said in hook.taken} == matching() - before
    assert f"{len(hook.taken)} messages sent" in ended.stderr
    assert len(hook.taken) > 3


def test_a_service_that_is_down_ends_no_series(
    serving: Serving, tmp_path: Path, watchlist: Path, hook: Hook
) -> None:
    server = serving(Site(articles=30))
    crawled(tmp_path, server, "--limit", "5")
    hook.status = 503
    ended = crawled(tmp_path, server)
    assert (ended.returncode, "did not take a message" in ended.stderr) == (4, True)
    ended = crawled(tmp_path, server, "--log-json")
    said = [json.loads(line) for line in ended.stderr.splitlines()]  # each line is of JSON
    assert [each["level"] for each in said if "take a message" in each["message"]] == ["error"]
    assert query(tmp_path / "news.db", "SELECT DISTINCT outcome FROM runs") == [("ok",)]
    ended = crawled(tmp_path, server, db="other.db")  # the cursor is of another archive
    assert (ended.returncode, "of another archive" in ended.stderr) == (4, True)


def test_what_is_missing_is_said_before_the_run(
    serving: Serving, tmp_path: Path, watchlist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serving(Site(articles=3))
    monkeypatch.delenv(URLS, raising=False)
    ended = crawled(tmp_path, server)
    assert (ended.returncode, "names no service" in ended.stderr) == (2, True)
    monkeypatch.setenv(URLS, "json://127.0.0.1:9/")
    watchlist.write_text("[[rule]\n", encoding="utf-8")
    ended = crawled(tmp_path, server)
    assert (ended.returncode, "is not valid TOML" in ended.stderr) == (2, True)
    assert server.paths() == []
    assert not (tmp_path / "news.db").exists()


def test_each_run_of_a_series_sends(
    serving: Serving, tmp_path: Path, watchlist: Path, hook: Hook
) -> None:
    server = serving(Site(articles=30))
    crawled(tmp_path, server, "--limit", "5")
    words = [
        str(Path(sys.executable).with_name("newscrawl")), "crawl", "category", "--base-url",
        server.url, "--fast", "--db", str(tmp_path / "news.db"), "--alert", str(watchlist),
        "--every", "1h",
    ]  # fmt: skip
    series = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert series.stderr is not None
    said = ""
    deadline = time.monotonic() + 60
    while "the next run starts" not in said and time.monotonic() < deadline:
        said += series.stderr.readline()
    series.send_signal(signal.SIGTERM)
    assert series.wait(30) == 143
    series.stderr.close()
    assert hook.taken
    cursor = json.loads((tmp_path / "w.toml.cursor").read_text())
    assert cursor["pending"] == []
