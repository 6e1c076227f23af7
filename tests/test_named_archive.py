"""The archive that was named is the one that is written, whatever feeds there are beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runs import invoke
from crawls import ROOT, query
from samplesite.server import Answers, Server
from samplesite.site import Site

from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]
QUICK = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False")
OWN = """
from newscrawl.settings import *
FEEDS = {"own.jsonl": {"format": "jsonlines"}}
NEWSCRAWL_DB = "own.db"
"""
FOREIGN = """
ADDONS = {"newscrawl.addon.Addon": 500}
FEEDS = {"foreign.jsonl": {"format": "jsonlines"}}
NEWSCRAWL_DB = "foreign.db"
SPIDER_MODULES = ["spiders"]
"""
SPIDER = """
import scrapy

class Theirs(scrapy.Spider):
    name = "theirs"
    start_urls = ["data:text/html,<p>page</p>"]

    def parse(self, response):
        yield {"id": "1", "title": "第一条", "body_text": "央行今日降准"}
"""


@pytest.fixture
def url(serving: Serving) -> str:
    return serving(Site(articles=5)).url


def scrapy(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("scrapy")
    return subprocess.run(
        [program, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": "", "PYTHONPATH": str(folder), **environment},
    )  # fmt: skip


def project(folder: Path, settings: str) -> Path:
    (folder / "scrapy.cfg").write_text("[settings]\ndefault = theirs\n")
    (folder / "theirs.py").write_text(settings)
    (folder / "spiders.py").write_text(SPIDER)
    return folder


def stored(db: Path) -> int:
    ((count,),) = query(db, "SELECT count(*) FROM articles")
    assert isinstance(count, int)
    return count


def ids(path: Path) -> int:
    """How many articles a feed has: one may be on several pages."""
    return len({json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()})


def test_feeds_on_the_command_line(url: str, tmp_path: Path) -> None:
    """As Scrapyd gives its items_dir."""
    db, out = tmp_path / "news.db", tmp_path / "items.jl"
    feeds = json.dumps({out.as_uri(): {"format": "jsonlines"}})
    done = scrapy(
        ROOT, "crawl", "category", "-a", f"base_url={url}", *QUICK, "-s", f"FEEDS={feeds}",
        "-s", f"NEWSCRAWL_DB={db}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert stored(db) == ids(out) > 0


def test_feeds_of_a_project_of_our_settings(url: str, tmp_path: Path) -> None:
    folder = project(tmp_path, OWN)
    done = scrapy(folder, "crawl", "category", "-a", f"base_url={url}", *QUICK)
    assert done.returncode == 0, done.stderr
    assert stored(folder / "own.db") == ids(folder / "own.jsonl") > 0


def test_feeds_of_another_project(tmp_path: Path) -> None:
    folder = project(tmp_path, FOREIGN)
    done = scrapy(folder, "crawl", "theirs")
    assert stored(folder / "foreign.db") == ids(folder / "foreign.jsonl") == 1, done.stderr
    feeds = json.dumps({"other.jsonl": {"format": "jsonlines"}})
    done = scrapy(folder, "crawl", "theirs", "-s", f"FEEDS={feeds}", "-s", "NEWSCRAWL_DB=other.db")
    assert stored(folder / "other.db") == ids(folder / "other.jsonl") == 1, done.stderr


def test_archive_of_the_environment(url: str, tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    words = ("crawl", "category", "-a", f"base_url={url}", "-a", "limit=1", *QUICK)
    done = scrapy(ROOT, *words, NEWSCRAWL_DB=str(db))
    assert (done.returncode, stored(db)) == (0, 1), done.stderr


def test_output_without_an_archive_is_said(url: str, tmp_path: Path) -> None:
    out = tmp_path / "articles.jsonl"
    folder = project(tmp_path, "from newscrawl.settings import *")
    words = ("-a", f"base_url={url}", "-a", "limit=1", *QUICK, "-o", str(out))
    done = scrapy(folder, "crawl", "category", *words)
    assert "Keeping no archive: -o names none; add -o data/news.db" in done.stderr
    assert (ids(out), (folder / "data").exists()) == (1, False)


@pytest.mark.parametrize(
    "command", [("fetch",), ("shell", "-c", "1"), ("parse", "--spider", "category")]
)
def test_commands_that_look_write_none(url: str, tmp_path: Path, command: tuple[str, ...]) -> None:
    folder = project(tmp_path, "from newscrawl.settings import *")
    done = scrapy(folder, *command, url)
    assert "Writing to :memory:" in done.stderr, done.stderr
    assert not (folder / "data").exists()


# -- JOBDIR ---------------------------------------------------------------------------------


def test_jobdir_is_refused(url: str, tmp_path: Path) -> None:
    db, jobs = tmp_path / "news.db", tmp_path / "jobs"
    done = scrapy(
        ROOT, "crawl", "category", "-a", f"base_url={url}", "-s", f"JOBDIR={jobs}",
        "-s", f"NEWSCRAWL_DB={db}",
    )  # fmt: skip
    assert done.returncode == Exit.USAGE
    assert "JOBDIR cannot be used: a crawl that was stopped is continued by the next" in done.stderr
    assert "Traceback" not in done.stderr
    result = invoke("crawl", "category", "--base-url", url, "--db", db, "-s", f"JOBDIR={jobs}")
    assert result.exit_code == Exit.USAGE
    assert "-s JOBDIR: a crawl that was stopped is continued" in " ".join(result.stderr.split())
    assert not db.exists()
    assert not jobs.exists()


# -- LOG_FILE -------------------------------------------------------------------------------


def test_log_file(url: str, tmp_path: Path) -> None:
    db, log = tmp_path / "news.db", tmp_path / "crawl.log"
    words = ("crawl", "category", "--base-url", url, "--fast", "--db", db, "-s", f"LOG_FILE={log}")
    for _ in range(2):
        result = invoke(*words)
        assert result.exit_code == Exit.OK
        assert "finished: ok" in result.stderr
    text = log.read_text("utf-8")
    assert [f"[newscrawl.runs.run] INFO: Run {n} finished: ok" in text for n in (1, 2)] == [
        True
    ] * 2
    assert "[scrapy.core.engine] INFO: Spider closed" in text
    invoke(*words, "-s", "LOG_FILE_APPEND=False", "-s", "LOG_LEVEL=WARNING")
    assert log.read_text("utf-8") == ""
    done = scrapy(
        ROOT, "crawl", "category", "-a", f"base_url={url}", *QUICK, "-s", f"LOG_FILE={log}",
        "-s", f"NEWSCRAWL_DB={db}",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "Run 4 finished: ok" in log.read_text("utf-8")


@pytest.mark.parametrize("command", [("crawl", "category"), ("doctor",)])
def test_log_file_that_cannot_be_written(tmp_path: Path, command: tuple[str, ...]) -> None:
    db, log = tmp_path / "news.db", tmp_path / "none" / "crawl.log"
    result = invoke(*command, "--db", db, "-s", f"LOG_FILE={log}")
    assert result.exit_code == Exit.USAGE
    said = " ".join(result.stderr.split())
    assert f"Could not write the log to LOG_FILE={log}: No such file or directory." in said
    assert not db.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_log_file_on_a_full_disk(url: str, tmp_path: Path) -> None:
    program, db = Path(sys.executable).with_name("newscrawl"), tmp_path / "news.db"
    done = subprocess.run(
        [program, "crawl", "category", "--base-url", url, "--fast", "--db", db,
         "-s", "LOG_FILE=/dev/full"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (Exit.OK, False), done.stderr
    assert done.stderr.count("LOG_FILE lacks lines of this run: No space left on device") == 1
    assert "finished: ok" in done.stderr
