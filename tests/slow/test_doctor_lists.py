"""What newscrawl doctor says of each list."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from crawls import ROOT, crawl
from diagnoses import diagnose
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site

from newscrawl.runs.outcome import Exit
from newscrawl.sites.lists import LISTS, RequestedList, find_lists

Serving = Callable[[Answers], Server]


def asked(name: str) -> RequestedList:
    (found,) = find_lists(name)
    return found


NAMES = {
    "security": "security:1.600519",
    "search": f"search:{next(Site(articles=60).truths()).title[:2]}",
}


@pytest.mark.parametrize("name", [NAMES.get(each, each) for each in LISTS])
async def test_list(serving: Serving, tmp_path: Path, name: str) -> None:
    server = serving(Site(articles=60))
    found = await diagnose(server.url, asked=asked(name))
    assert found.cause == "healthy", found
    assert len(found.steps) <= 6
    await crawl("feed", tmp_path / "news.db", server.url, name=name)
    found = await diagnose(server.url, asked=asked(name), db=tmp_path / "news.db")
    assert found.cause == "all_known", found


@pytest.mark.parametrize(
    ("number", "exit_"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)]
)
def test_signal_ends_it(serving: Serving, number: signal.Signals, exit_: Exit) -> None:
    server = serving(Site(articles=5))
    server.faults["/"] = Fault(delay=3)
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("newscrawl")), "doctor", "--base-url", server.url],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip().endswith(f"Asking for {server.url}"):
            process.send_signal(number)
            break
    output, log = process.communicate(timeout=60)
    assert (process.returncode, output) == (exit_, ""), log
    assert "Traceback" not in log
