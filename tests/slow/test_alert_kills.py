"""Alerts over kill -9: no article is missed, and what comes twice has the same key."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from archives import article, fill, page
from test_alert import WATCHLIST, Hook, hook

from newscrawl.items import Mention
from newscrawl.runs.services import URLS

__all__ = ["hook"]
KILLS = 100
MAOTAI = Mention("1", "600519", "贵州茅台", "stock", 1, "link")
ARTICLES = 12
"""Articles that come before each start: so many that most kills hit between two of them."""


@pytest.mark.timeout(1200)
def test_kills_at_random_moments(tmp_path: Path, hook: Hook) -> None:
    dice, db = random.Random(1), tmp_path / "news.db"
    file, stored = tmp_path / "w.toml", list[str]()
    file.write_text(WATCHLIST, encoding="utf-8")
    words = [
        Path(sys.executable).with_name("newscrawl"), "alert", "--watchlist", file, "--db", db,
    ]  # fmt: skip
    environment = {**_environment(), URLS: hook.url}
    fill(db)
    subprocess.run(words, env=environment, check=True, capture_output=True)
    killed = 0
    for number in range(KILLS):
        day = f"NW202112{10 + number // 10}"
        new = [f"{day}{number % 10:02d}{each:08d}" for each in range(ARTICLES)]
        fill(db, *(article(page(each), mentions=[MAOTAI]) for each in new))
        stored += new
        process = subprocess.Popen(
            words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        taken = len(hook.taken)
        deadline = time.monotonic() + 30
        # It is killed while it sends: after some of the messages, at a random moment.
        wanted = taken + dice.randrange(ARTICLES)
        while len(hook.taken) < wanted and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(dice.random() * 0.01)
        process.kill()
        killed += process.wait() != 0
    assert killed > KILLS / 2
    subprocess.run(words, env=environment, check=True, capture_output=True)
    keys = [key for key, _ in hook.taken]
    # Each article has a key of its own: as many keys as articles, none missed.
    assert len(set(keys)) == len(stored)
    assert json.loads((tmp_path / "w.toml.cursor").read_text())["pending"] == []
    twice = len(keys) - len(set(keys))
    assert twice <= killed  # at most the one message of which the answer was not noted


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != URLS}
