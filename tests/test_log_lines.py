"""Log lines where standard error is not a terminal: dated, or objects of JSON."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from crawls import command
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site

Serving = Callable[[Answers], Server]


def crawled(server: Server, tmp_path: Path, *words: str) -> list[str]:
    ended = command(
        "newscrawl", "crawl", "category", "--base-url", server.url, "--fast", "--db",
        str(tmp_path / "news.db"), *words,
    )  # fmt: skip
    return ended.stderr.splitlines()


def test_lines_have_date_and_offset(serving: Serving, tmp_path: Path) -> None:
    lines = crawled(serving(Site(articles=3)), tmp_path)
    assert len(lines) > 2
    for line in lines:
        time, level, _ = line.split(" ", 2)
        assert abs(datetime.now().astimezone() - datetime.fromisoformat(time)) < timedelta(hours=1)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", time)
        assert level in ("info", "warning", "error")


def test_lines_of_json(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=3))
    server.faults["/"] = Fault(status=500)
    said = [json.loads(line) for line in crawled(server, tmp_path, "--log-json")]
    assert all(set(each) >= {"time", "level", "logger", "message"} for each in said)
    assert said[-1]["level"] == "error"
    assert said[-1]["message"].startswith("Run 1 finished: unreachable")
    assert datetime.fromisoformat(said[0]["time"]).utcoffset() is not None


@pytest.mark.parametrize("words", [[], ["--log-json"]])
def test_a_series_logs_as_its_runs(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "news.db").write_text("no archive")  # ends the series
    series = subprocess.run(
        [sys.executable, "-m", "newscrawl", "crawl", "category", "--base-url",
         "http://127.0.0.1:9/", "--every", "10s", "--db", tmp_path / "news.db", *words],
        capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert series.returncode == 6, series.stderr
    last = series.stderr.splitlines()[-1]
    names = ("time", "level", "message")
    said = json.loads(last) if words else dict(zip(names, last.split(" ", 2), strict=True))
    assert datetime.fromisoformat(said["time"]).utcoffset() is not None
    assert said["level"] == "info"
    assert said["message"].startswith(
        "--every: the run exited with 6 (store); no other run follows"
    )
