"""What lies in deploy/: checked by the programs that it is for."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from crawls import ROOT, assert_balanced, ledger, query

from newscrawl.mirror.server import Answers, Server
from newscrawl.mirror.site import Site

Serving = Callable[[Answers], Server]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent


def test_systemd_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        if os.environ.get("CI"):
            pytest.fail("systemd-analyze is not installed; .ci/run installs systemd")
        pytest.skip("systemd-analyze is not installed")
    for unit in (DEPLOY / "systemd").iterdir():
        # The program is where this test has it; the rest is as it stands.
        text = unit.read_text().replace("/opt/newscrawl/.venv/bin", str(BIN))
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "newscrawl.service"),
         str(tmp_path / "newscrawl.timer")], capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "newscrawl" in line]
    assert (done.returncode, ours) == (0, []), done.stderr
    text = (DEPLOY / "systemd" / "newscrawl.timer").read_text()
    [when] = re.findall(r"OnCalendar=(.*)", text)
    done = subprocess.run(["systemd-analyze", "calendar", when], capture_output=True, check=False)
    assert done.returncode == 0


def test_crontab() -> None:
    lines = (DEPLOY / "crontab").read_text().splitlines()
    [line] = [each for each in lines if each and not each.startswith("#")]
    *when, command = line.split(maxsplit=5)
    assert len(when) == 5
    assert all(re.fullmatch(r"\*(/\d+)?", each) for each in when)
    assert "%" not in command  # cron takes it for the end of the line
    words = command.replace("cd /opt/newscrawl && .venv/bin", str(BIN)).partition(" 2>>")[0]
    done = subprocess.run([*words.split(), "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, "--due" in done.stdout) == (0, True)


def test_workflow() -> None:
    text = (DEPLOY / "github" / "crawl.yml").read_text()
    for action in re.findall(r"uses:\s*(\S+)", text):
        assert re.search(r"@[0-9a-f]{40}$", action), f"{action} is not pinned by its hash"
    assert re.search(r"^permissions:", text, re.MULTILINE)
    assert re.search(r"^concurrency:", text, re.MULTILINE)


@pytest.fixture
def scrapyd(tmp_path: Path) -> Iterator[str]:
    """A Scrapyd as deploy/scrapyd sets it up, on a free port; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = (DEPLOY / "scrapyd" / "scrapyd.conf").read_text()
    (tmp_path / "scrapyd.conf").write_text(text.replace("6800", str(port)))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    with (tmp_path / "scrapyd.log").open("wb") as log:
        process = subprocess.Popen(
            [BIN / "scrapyd"], cwd=tmp_path, stdout=log, stderr=log, env=environment
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        with _patience(f"{url}daemonstatus.json"):
            yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def _patience(url: str) -> Iterator[None]:
    for _ in range(150):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            break
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    yield


def ask(url: str, **fields: Any) -> dict[str, Any]:
    """Return an answer of Scrapyd's; with fields it is a POST."""
    data = urllib.parse.urlencode(fields, doseq=True).encode() if fields else None
    with urllib.request.urlopen(url, data=data, timeout=20) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    assert found["status"] == "ok", found
    return found


def test_scrapyd(scrapyd: str, serving: Serving, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(DEPLOY / "scrapyd", project)
    text = (project / "scrapy.cfg").read_text().replace("http://127.0.0.1:6800/", scrapyd)
    (project / "scrapy.cfg").write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [BIN / "scrapyd-deploy"], cwd=project, capture_output=True, text=True, check=False,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "category" in ask(f"{scrapyd}listspiders.json?project=newscrawl")["spiders"]

    site, db = Site(articles=20), tmp_path / "news.db"
    job = ask(
        f"{scrapyd}schedule.json", project="newscrawl", spider="category",
        base_url=serving(site).url,
        setting=[f"NEWSCRAWL_DB={db}", "DOWNLOAD_DELAY=0", "AUTOTHROTTLE_ENABLED=False"],
    )["jobid"]  # fmt: skip
    for _ in range(300):
        jobs = ask(f"{scrapyd}listjobs.json?project=newscrawl")
        if job in [each["id"] for each in jobs["finished"]]:
            break
        time.sleep(0.1)
    assert ledger(db)["outcome"] == "good"
    assert_balanced(ledger(db))
    stored = {code for (code,) in query(db, "SELECT info_code FROM articles")}
    assert stored == {truth.info_code for truth in site.truths() if truth.linked}
