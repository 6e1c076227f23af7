"""Readers in other processes while a crawl writes: no error, no lock, no half article.

Two minutes: ``NEWSCRAWL_READERS_SECONDS=120 pytest -n 0 -rA -s tests/slow/test_reading.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from crawls import ROOT, query
from reading import EDITED, KINDS
from samplesite.server import Answers, Server
from samplesite.site import Site

from newscrawl.runs.outcome import Exit

SECONDS = float(os.environ.get("NEWSCRAWL_READERS_SECONDS") or 5)
ARTICLES, A_ROUND = 6_000, 60


def crawl(server: Server, path: Path) -> None:
    """Crawl all that the mirror shows, as fast as it goes."""
    program = str(Path(sys.executable).with_name("newscrawl"))
    done = subprocess.run(
        [program, "crawl", "category", "--db", str(path), "--base-url", server.url, "--delay", "0",
         "--revisit", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=8", "-s", "AUTOTHROTTLE_ENABLED=0"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == Exit.OK, done.stderr


def test_readers_while_crawls_write(serving: Callable[[Answers], Server], tmp_path: Path) -> None:
    whole, path = Site(articles=ARTICLES), tmp_path / "news.db"
    server = serving(whole.showing(0, A_ROUND))
    crawl(server, path)  # a reader needs an archive to open
    script = str(ROOT / "tests" / "reading.py")
    readers = {
        kind: subprocess.Popen(
            [sys.executable, "-W", "error", script, kind, str(path), str(ARTICLES)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for kind in KINDS
    }  # fmt: skip
    began, crawls = time.monotonic(), 0
    try:
        while crawls < 2 or time.monotonic() - began < SECONDS:
            crawls += 1
            for number in range(0, crawls * A_ROUND, EDITED):
                whole = whole.edited(number, crawls)
            first = max(0, (crawls - 3) * A_ROUND)
            server.site = whole.showing(first, (crawls + 1) * A_ROUND)
            crawl(server, path)
    finally:
        (tmp_path / "stop").touch()
        said = {kind: reader.communicate(timeout=120) for kind, reader in readers.items()}
    assert {kind: errors for kind, (_, errors) in said.items()} == dict.fromkeys(KINDS, "")
    assert all(reader.returncode == 0 for reader in readers.values())
    counts = {kind: json.loads(out) for kind, (out, _) in said.items()}
    followed = counts["changes"].pop("seen")
    assert followed == dict(query(path, "SELECT id, seq FROM articles"))
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    [(changed,)] = query(path, "SELECT count(*) FROM revisions")
    assert changed > 0
    print(f"{crawls} crawls, {len(followed)} articles, {changed} revisions in "
          f"{time.monotonic() - began:.0f} s")  # fmt: skip
    for kind, count in counts.items():
        print(f"{kind}: {count['looks']} looks at {count['articles']} articles")
        assert count["looks"] > 1
