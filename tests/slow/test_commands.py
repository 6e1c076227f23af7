"""The commands of `scrapy` in a checkout, as processes: where they write, how they end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import ROOT, assert_balanced, command, dump, ledger, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site

from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]

QUICK = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False", "-s", "RETRY_TIMES=0")


def scrapy_crawl(spider: str, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return command("scrapy", "crawl", spider, *QUICK, *words, timeout=timeout)


def start(*words: str) -> subprocess.Popen[str]:
    """Start a slow crawl, to stop it half-way."""
    program = str(Path(sys.executable).with_name("scrapy"))
    slow = ("-s", "CONCURRENT_REQUESTS_PER_DOMAIN=1")
    return subprocess.Popen(
        [program, "crawl", "category", *QUICK, *slow, *words],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def slow_site(serving: Serving, articles: int = 300) -> tuple[Site, Server]:
    """Return a site whose posts take 20 ms each."""
    site = Site(articles=articles)
    server = serving(site)
    for truth in site.truths():
        for path in truth.paths:
            server.faults[path] = Fault(delay=0.02)
    return site, server


def test_list() -> None:
    done = command("scrapy", "list")
    assert done.stdout.split() == ["category", "feed", "posts", "share"]


def test_default_file_output_and_rebuild(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=20))
    base = ("-a", f"base_url={server.url}")
    default, other = tmp_path / "news.db", tmp_path / "other.db"
    done = scrapy_crawl("category", *base, "-s", f"NEWSCRAWL_DB={default}")
    assert done.returncode == 0, done.stderr
    assert "finished: ok: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "WARNING" not in done.stderr
    done = scrapy_crawl("category", *base, "-o", str(other), "-s", f"NEWSCRAWL_DB={default}")
    assert done.returncode == 0
    assert query(default, "SELECT count(*) FROM runs") == [(1,)]
    without = (
        "last_seen_at", "ordered_at", "observed_at", "first_seen_at", "changed_at", "seq",
        "first_seq",
    )  # fmt: skip
    assert dump(default, without=without) == dump(other, without=without)
    highest = query(other, "SELECT max(seq) FROM articles")[0][0]
    done = scrapy_crawl("category", *base, "-O", str(other), "-a", "limit=3")
    assert done.returncode == 0
    assert query(other, "SELECT count(*) FROM articles") == [(3,)]
    assert query(other, "SELECT min(seq) FROM articles")[0][0] > highest


def test_other_formats_keep_no_archive(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=10))
    out = tmp_path / "articles.jsonl"
    default = tmp_path / "news.db"
    done = scrapy_crawl(
        "category", "-a", f"base_url={server.url}", "-o", str(out), "-s", f"NEWSCRAWL_DB={default}"
    )
    assert done.returncode == 0, done.stderr
    assert len(out.read_text(encoding="utf-8").splitlines()) >= 10
    assert not default.exists()
    assert not (ROOT / ":memory:").exists()


def test_shell_and_parse(serving: Serving) -> None:
    site = Site(articles=5)
    server = serving(site)
    truth = next(truth for truth in site.truths() if truth.digits)
    url = server.url + truth.paths[0].lstrip("/")
    title = "response.xpath('//section/h1/text()').get()"
    done = command("scrapy", "shell", "--nolog", "-c", title, url)
    assert done.stdout.strip() == truth.title
    done = command("scrapy", "shell", "-c", title, url)
    assert ("Traceback" in done.stderr, "WARNING" in done.stderr) == (False, False), done.stderr
    done = command(
        "scrapy", "parse", "--nolog", "--spider", "category", "-c", "parse_home",
        "-a", f"base_url={server.url}", server.url,
    )  # fmt: skip
    assert truth.paths[0] in done.stdout
    base = ("-a", f"base_url={server.url}")
    done = command("scrapy", "parse", "--nolog", "--spider", "category", *base, url)
    assert truth.info_code in done.stdout
    assert truth.title in done.stdout


BAD = [
    (("category", "-a", "base_url=http://127.0.0.1:1/"), Exit.UNREACHABLE, "connection refused"),
    (("category", "-a", "base_url=ftp://x.test/"), Exit.USAGE, "is not the URL of a site"),
    (("category", "-a", "since=soon"), Exit.USAGE, "is not a valid date"),
    (("category", "-a", "hosts=http://x.test/"), Exit.USAGE, "is not a host name"),
    (("category", "-a", "nix=1"), Exit.USAGE, "has no argument nix"),
    (("share", "-a", "info_code=garbage"), Exit.USAGE, "is not an info code"),
    (("nix",), Exit.USAGE, "unknown spider nix"),
]


@pytest.mark.parametrize(("words", "exit_", "sentence"), BAD, ids=[" ".join(b[0]) for b in BAD])
def test_bad_input(tmp_path: Path, words: tuple[str, ...], exit_: Exit, sentence: str) -> None:
    done = scrapy_crawl(*words, "-o", str(tmp_path / "news.db"))
    assert done.returncode == exit_
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_bad_output(serving: Serving, tmp_path: Path) -> None:
    base = ("-a", f"base_url={serving(Site(articles=5)).url}")
    text, folder = tmp_path / "text.db", tmp_path / "folder.db"
    text.write_text("hello\n")
    folder.mkdir()
    for path, sentence in ((text, "is not an SQLite file"), (folder, "is a folder")):
        done = scrapy_crawl("category", *base, "-o", str(path))
        assert (done.returncode, sentence in done.stderr) == (Exit.STORE, True), done.stderr
        assert "Traceback" not in done.stderr
    assert text.read_text() == "hello\n"
    two = ("-o", str(tmp_path / "a.db"), "-o", str(tmp_path / "b.db"))
    done = scrapy_crawl("category", *base, *two)
    assert (done.returncode, "one archive" in done.stderr) == (Exit.USAGE, True)


def test_second_run_on_one_file(serving: Serving, tmp_path: Path) -> None:
    _, server = slow_site(serving)
    path = tmp_path / "news.db"
    words = ("-a", f"base_url={server.url}", "-o", str(path))
    first = start(*words)
    wait_until(lambda: (tmp_path / "news.db.lock.json").exists())
    done = scrapy_crawl("category", *words)
    assert done.returncode == Exit.BUSY
    assert f"process {first.pid}, started 20" in done.stderr
    first.kill()
    first.communicate()
    server.faults.clear()
    done = scrapy_crawl("category", *words)
    assert done.returncode == 0, done.stderr  # the dead run's lock does not block


def test_killed_run_loses_nothing_and_repeats_nothing(serving: Serving, tmp_path: Path) -> None:
    site, server = slow_site(serving)
    path = tmp_path / "news.db"
    words = ("-a", f"base_url={server.url}", "-o", str(path))
    killed = start(*words)
    wait_until(lambda: path.exists() and (stored(path) > 50))
    killed.kill()
    killed.communicate()
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    run = ledger(path)
    assert_balanced(run, interrupted=True)
    kept = stored(path)
    assert run["new"] == kept
    assert run["outcome"] == "running"
    server.faults.clear()
    done = scrapy_crawl("category", *words)
    assert done.returncode == 0, done.stderr
    assert_balanced(ledger(path))
    assert query(path, "SELECT outcome FROM runs ORDER BY id") == [("killed",), ("ok",)]
    assert ledger(path)["new"] == sum(t.linked for t in site.truths()) - kept
    codes = {row[0] for row in query(path, "SELECT id FROM articles")}
    assert codes == {truth.info_code for truth in site.truths() if truth.linked}


def stored(path: Path) -> int:
    if not query(path, "SELECT 1 FROM sqlite_master WHERE name = 'articles'"):
        return 0
    return int(query(path, "SELECT count(*) FROM articles")[0][0])


def test_killed_rebuild_leaves_the_file(serving: Serving, tmp_path: Path) -> None:
    _, server = slow_site(serving)
    path = tmp_path / "news.db"
    fill(path, article(page()))
    before = dump(path)
    killed = start("-a", f"base_url={server.url}", "-O", str(path))
    beside = tmp_path / "news.db.rebuild"
    wait_until(lambda: beside.exists() and stored(beside) > 20)
    killed.kill()
    killed.communicate()
    assert dump(path) == before
    server.faults.clear()
    done = scrapy_crawl("category", "-a", f"base_url={server.url}", "-O", str(path))
    assert done.returncode == 0, done.stderr
    assert stored(path) > 200
    assert not beside.exists()


@pytest.mark.parametrize(
    ("number", "exit_"), [(signal.SIGTERM, Exit.TERMINATED), (signal.SIGINT, Exit.INTERRUPTED)]
)
def test_signal_commits_and_says_so(
    serving: Serving, tmp_path: Path, number: signal.Signals, exit_: Exit
) -> None:
    _, server = slow_site(serving)
    path = tmp_path / "news.db"
    stopped = start("-a", f"base_url={server.url}", "-o", str(path))
    wait_until(lambda: path.exists() and stored(path) > 20)
    stopped.send_signal(number)
    _, log = stopped.communicate(timeout=30)
    assert stopped.returncode == exit_, log
    run = ledger(path)
    assert (run["outcome"], run["exit_code"]) == (exit_.name.lower(), exit_)
    assert run["new"] == stored(path)
    assert_balanced(run, interrupted=True)
    assert "Traceback" not in log
