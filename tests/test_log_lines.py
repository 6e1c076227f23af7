"""Log lines where standard error is not a terminal: dated, or objects of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

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
