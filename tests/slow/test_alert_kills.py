"""Alerts over kill -9: no article is missed, and what comes twice has the same key."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from archives import article, fill, page
from test_alert import WATCHLIST, Hook, hook

from newscrawl.cli.alert import alert_command
from newscrawl.items import Mention
from newscrawl.runs.services import URLS

__all__ = ["hook"]
KILLS = 100
MAOTAI = Mention("1", "600519", "贵州茅台", "stock", 1, "link")
ARTICLES = 12
"""Articles that come before each start: so many that most kills hit between two of them."""


PROCESSES = multiprocessing.get_context("forkserver")
"""Starts processes that have imported everything: a hundred of them take seconds."""
PROCESSES.set_forkserver_preload(["newscrawl.cli.alert", "apprise"])


def send(url: str, words: list[str]) -> None:
    """Run the command, in a process of its own."""
    os.environ[URLS] = url
    alert_command.main(words)


def ended(process: BaseProcess) -> int | None:
    """Return the exit code of a process that is not killed."""
    process.join()
    return process.exitcode


@pytest.mark.timeout(1200)
def test_kills_at_random_moments(tmp_path: Path, hook: Hook) -> None:
    dice, db = random.Random(1), tmp_path / "news.db"
    file, stored = tmp_path / "w.toml", list[str]()
    file.write_text(WATCHLIST, encoding="utf-8")
    words = ["--watchlist", str(file), "--db", str(db)]

    def started() -> BaseProcess:
        process = PROCESSES.Process(target=send, args=[hook.url, words])
        process.start()
        return process

    fill(db)
    assert ended(started()) == 0
    killed = 0
    for number in range(KILLS):
        day = f"NW202112{10 + number // 10}"
        new = [f"{day}{number % 10:02d}{each:08d}" for each in range(ARTICLES)]
        fill(db, *(article(page(each), mentions=[MAOTAI]) for each in new))
        stored += new
        process = started()
        taken = len(hook.taken)
        deadline = time.monotonic() + 30
        # It is killed while it sends: after some of the messages, at a random moment.
        wanted = taken + dice.randrange(ARTICLES)
        while len(hook.taken) < wanted and process.is_alive() and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(dice.random() * 0.01)
        process.kill()
        process.join()
        killed += process.exitcode != 0
    assert killed > KILLS / 2
    assert ended(started()) == 0
    keys = [key for key, _ in hook.taken]
    # Each article has a key of its own: as many keys as articles, none missed.
    assert len(set(keys)) == len(stored)
    assert json.loads((tmp_path / "w.toml.cursor").read_text())["pending"] == []
    twice = len(keys) - len(set(keys))
    assert twice <= killed  # at most the one message of which the answer was not noted
