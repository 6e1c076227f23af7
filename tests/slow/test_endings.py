"""How runs end when the world is odd: nothing is lost in silence, and the exit code says so."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from archives import article, fill, page, writer
from crawls import FAST, ROOT, assert_balanced, crawl, ledger, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Response, Site
from scrapy.crawler import AsyncCrawlerRunner

from newscrawl.items import Article, BodyRank
from newscrawl.runs.outcome import Exit
from newscrawl.runs.process import settings_for
from newscrawl.spiders.category import CategorySpider
from newscrawl.store import article_rows, connections
from newscrawl.store.connections import open_for_reading, open_for_writing
from newscrawl.store.errors import AlreadyRunning, StoreError
from newscrawl.store.merger import Merger
from newscrawl.store.target import Target

Serving = Callable[[Answers], Server]


def plain(site: Site) -> Any:
    """Return the first article that has one post and a number."""
    return next(truth for truth in site.truths() if len(truth.posts) == 1 and truth.digits)


def redirect(location: str) -> Fault:
    return Fault(status=302, headers={"Location": location})


async def test_home_that_redirects_to_another_host(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=5))
    server.faults["/"] = redirect(server.url.replace("127.0.0.1", "localhost"))
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.UNREACHABLE
    assert "redirects to another host, http://localhost" in outcome.reason


async def test_post_that_redirects_to_a_page_met_before(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    server = serving(site)
    first, second = [t for t in site.truths() if len(t.posts) == 1][:2]
    server.faults[first.paths[0]] = redirect(second.paths[0])
    await crawl("category", tmp_path / "news.db", server.url)
    run = ledger(tmp_path / "news.db")
    assert_balanced(run)
    assert run["failed"] == 0


async def test_post_that_redirects_to_another_article(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    server = serving(site)
    first, second = [t for t in site.truths() if len(t.posts) == 1 and t.digits][:2]
    server.faults[first.paths[0]] = redirect(second.paths[0])
    await crawl("category", tmp_path / "news.db", server.url)
    titles = dict(query(tmp_path / "news.db", "SELECT id, title FROM articles"))
    assert first.info_code not in titles
    assert titles[second.info_code] == second.title
    assert query(tmp_path / "news.db", "SELECT reason FROM rejects") == [("wrong_id",)]


async def test_list_that_redirects_home_lists_nothing(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=30)
    server = serving(site)
    slug = next(site.truths()).listings[0]
    server.faults[f"/category/{slug}.html"] = redirect("/")
    await crawl("category", tmp_path / "news.db", server.url)
    listed = "SELECT article_id FROM article_categories WHERE category = ? AND origin = 'listing'"
    assert query(tmp_path / "news.db", listed, slug) == []


async def test_rebuild_that_finds_nothing_keeps_the_archive(
    serving: Serving, tmp_path: Path
) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    url = serving(Site(articles=10)).url
    outcome = await crawl("category", path, url, overwrite=True, since="2099-01-01")
    assert outcome.exit is Exit.DEGRADED
    assert "no articles were found" in outcome.reason
    assert query(path, "SELECT count(*) FROM articles") == [(1,)]


async def test_counters_of_a_failed_store_are_those_of_its_last_commit(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Merger) -> None:
        if not hasattr(self, "failed"):
            self.failed = True  # type: ignore[attr-defined]
            raise StoreError("The disk is full")

    monkeypatch.setattr(Merger, "finish", full)
    outcome = await crawl("category", tmp_path / "news.db", serving(Site(articles=10)).url)
    assert outcome.exit is Exit.STORE
    run = ledger(tmp_path / "news.db")
    assert query(tmp_path / "news.db", "SELECT count(*) FROM articles") == [(0,)]
    assert (run["outcome"], run["new"]) == ("store", 0)
    assert_balanced(run, interrupted=True)


async def test_limit_counts_what_since_takes_out_again(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=120)
    server = serving(site)
    last = max(truth.published_at[:10] for truth in site.truths())
    await crawl("category", tmp_path / "news.db", server.url, since=last, limit="3")
    assert sum("/20" in path for path in server.paths()) == 3


async def test_answer_that_redirects_elsewhere_leads_to_the_next(
    serving: Serving, tmp_path: Path
) -> None:
    site = Site(articles=10)
    server, truth = serving(site), plain(site)
    server.faults["/NewsData/GetNewsText.do"] = redirect("http://login.test/")
    outcome = await crawl("share", tmp_path / "news.db", server.url, info_code=truth.info_code)
    assert outcome.exit is Exit.OK, outcome
    assert query(tmp_path / "news.db", "SELECT page_kind FROM observations") == [("article_page",)]


async def test_second_host_has_the_text(serving: Serving, tmp_path: Path) -> None:
    """Two hosts answer for one infoCode; the first has a title only."""
    site = Site(articles=60, oddities=frozenset({"share_bare"}))
    truth = next(truth for truth in site.truths() if "share_bare" in truth.oddities)
    whole = Site(articles=60).respond(f"/NewsData/GetNewsText.do?id={truth.info_code}")
    server = serving(site)
    server.faults[f"/second/GetNewsText.do?id={truth.info_code}"] = lambda _: Response(
        200, whole.body, whole.headers
    )
    resolvers = [
        ("api_answer", "{base}/NewsData/GetNewsText.do?id={info_code}"),
        ("api_answer", "{base}/second/GetNewsText.do?id={info_code}"),
    ]
    await crawl(
        "share", tmp_path / "news.db", server.url, info_code=truth.info_code,
        settings={"NEWSCRAWL_RESOLVERS": resolvers},
    )  # fmt: skip
    [(body,)] = query(tmp_path / "news.db", "SELECT body_text FROM articles")
    assert body
    run = ledger(tmp_path / "news.db")
    assert (run["new"], run["extended"], run["duplicate"]) == (1, 1, 0)


async def test_error_in_the_store_costs_one_page_and_is_said(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, calls = article_rows.load_article, iter(range(100))

    def failing(*args: Any) -> Any:
        if next(calls) == 2:
            raise TypeError("made by a test")
        return load(*args)

    monkeypatch.setattr(article_rows, "load_article", failing)
    outcome = await crawl("category", tmp_path / "news.db", serving(Site(articles=20)).url)
    assert outcome.exit is Exit.DEGRADED
    assert "TypeError('made by a test')" in outcome.reason
    assert query(tmp_path / "news.db", "SELECT reason FROM rejects") == [("crash",)]
    assert_balanced(ledger(tmp_path / "news.db"))


async def test_error_after_an_article_does_not_reject_it(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(self: CategorySpider, article: Article, **_: Any) -> Any:
        raise TypeError("made by a test")

    monkeypatch.setattr(CategorySpider, "after", failing)
    site = Site(articles=5)
    outcome = await crawl("category", tmp_path / "news.db", serving(site).url)
    assert outcome.exit is Exit.DEGRADED
    run = ledger(tmp_path / "news.db")
    assert run["rejected"] == 0
    assert run["new"] == query(tmp_path / "news.db", "SELECT count(*) FROM articles")[0][0] > 0
    assert_balanced(run)


async def test_list_that_a_footer_names_and_that_is_gone(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=60)
    server = serving(site)
    lists = sorted({slug for truth in site.truths() for slug in truth.listings})
    for slug in lists[: len(lists) // 2]:
        server.faults[f"/category/{slug}.html"] = Fault(status=404)
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.DEGRADED
    assert "listings could not be fetched" in outcome.reason


async def test_list_that_redirects_and_fails(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=30)
    server = serving(site)
    slug = next(site.truths()).listings[0]
    server.faults[f"/category/{slug}.html"] = redirect("/nowhere.html")
    server.faults["/nowhere.html"] = Fault(status=500)
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert "bug" not in outcome.reason


async def test_link_to_another_host_is_filtered(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    server = serving(site)

    def with_foreign_link(response: Response) -> Response:
        link = b'<li><a href="http://x.test/a/2022/06/12/202206120000000000.html">x</a></li></ul>'
        body = response.body.replace(b"</ul>", link, 1)
        return Response(200, body, {"Content-Type": "text/html; charset=utf-8"})

    server.faults["/"] = with_foreign_link
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.OK
    run = ledger(tmp_path / "news.db")
    assert (run["failed"], run["filtered"]) == (0, 1)
    assert_balanced(run)


async def test_stored_links_lead_to_known_hosts_only(serving: Serving, tmp_path: Path) -> None:
    trap = serving(Site(articles=5, seed=2))
    path = tmp_path / "news.db"
    fill(path, article(page(), share_url=f"{trap.url}admin.html?infoCode=NW202112282228490028"))
    resolvers = [
        ("api_answer", "{base}/NewsData/GetNewsText.do?id={info_code}"),
        ("article_page", "http://localhost:1/a/{digits}.html"),
    ]
    runner = AsyncCrawlerRunner(settings_for(str(path), **FAST, NEWSCRAWL_RESOLVERS=resolvers))
    await runner.crawl(runner.create_crawler("share"), stored="1")
    assert trap.requests == []


async def test_body_of_an_image_is_a_body(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    image = "http://x.test/a.jpg"
    fill(
        path,
        article(page(), body_text=None, body_html=f'<img src="{image}">', images=[image]),
    )
    assert query(path, "SELECT body_rank, body_html FROM articles") == [
        (BodyRank.FULL, f'<img src="{image}">')
    ]
    assert query(path, "SELECT url FROM images") == [(image,)]


def test_case_twins_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(
        path,
        article(page(), categories=["TechWeb"]),
        article(page("202112282228490028"), categories=["Techweb"]),
    )
    found = query(path, "SELECT category FROM article_categories ORDER BY category")
    assert found == [("TechWeb",), ("Techweb",)]


# -- signals --------------------------------------------------------------------------------


def start(server: Server, path: Path, output: str = "-o") -> subprocess.Popen[str]:
    program = str(Path(sys.executable).with_name("scrapy"))
    quick = ["-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False"]
    return subprocess.Popen(
        [program, "crawl", "category", *quick, "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=1",
         "-a", f"base_url={server.url}", output, str(path)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def slow(serving: Serving) -> Server:
    site = Site(articles=200)
    server = serving(site)
    for truth in site.truths():
        for path in truth.paths:
            server.faults[path] = Fault(delay=0.05)
    return server


@pytest.mark.parametrize("line", ["Enabled addons", "Enabled downloader", "Spider opened"])
def test_early_signal_ends_the_run(serving: Serving, tmp_path: Path, line: str) -> None:
    crawl = start(slow(serving), tmp_path / "news.db")
    assert crawl.stderr is not None
    for said in crawl.stderr:
        if line in said:
            crawl.send_signal(signal.SIGTERM)
            break
    crawl.communicate(timeout=60)  # it used to hang for ever
    assert crawl.returncode == Exit.TERMINATED
    assert query(tmp_path / "news.db", "SELECT outcome FROM runs") == [("terminated",)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_that_failed_and_tells(tmp_path: Path, number: signal.Signals) -> None:
    program, db = Path(sys.executable).with_name("newscrawl"), tmp_path / "news.db"
    log = tmp_path / "log"
    with log.open("w") as file:  # no pipe: the command may outlive the run, and would hold it open
        crawl = subprocess.Popen(
            [program, "crawl", "category", "--base-url", "http://127.0.0.1:9/", "--db", db,
             "-s", "RETRY_TIMES=0", "--notify", f"sh -c 'touch {tmp_path}/told; exec sleep 60'"],
            stdout=subprocess.DEVNULL, stderr=file,
        )  # fmt: skip
    deadline = time.monotonic() + 30
    while not (tmp_path / "told").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    crawl.send_signal(number)
    began = time.monotonic()
    crawl.wait(60)
    assert time.monotonic() - began < 10
    assert crawl.returncode == (Exit.TERMINATED if number == signal.SIGTERM else Exit.INTERRUPTED)
    assert "Traceback" not in log.read_text()
    assert query(db, "SELECT outcome FROM runs") == [("unreachable",)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_on_a_site_that_stalls(
    serving: Serving, tmp_path: Path, number: signal.Signals
) -> None:
    site = Site(articles=30)
    server = serving(site)
    for truth in list(site.truths())[::2]:
        for path in truth.paths:
            server.faults[path] = Fault(delay=20)
    program, db = Path(sys.executable).with_name("newscrawl"), tmp_path / "news.db"
    crawl = subprocess.Popen(
        [program, "crawl", "category", "--fast", "--base-url", server.url, "--db", db,
         "--notify", "sleep 60"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while len(server.paths()) < 25 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(1)  # what does not stall is answered
    crawl.send_signal(number)
    began = time.monotonic()
    _, log = crawl.communicate(timeout=60)
    assert time.monotonic() - began < 10
    assert crawl.returncode == (Exit.TERMINATED if number == signal.SIGTERM else Exit.INTERRUPTED)
    assert "Traceback" not in log
    assert "destroyed" not in log
    [(articles,)] = query(db, "SELECT count(*) FROM articles")
    assert articles > 3
    assert_balanced(ledger(db), interrupted=True)


def test_log_that_nobody_reads_to_its_end(serving: Serving, tmp_path: Path) -> None:
    """``newscrawl crawl … 2>&1 | head -1``: the run has work to finish."""
    program, server = Path(sys.executable).with_name("newscrawl"), serving(Site(articles=20))
    crawl = subprocess.Popen(
        [program, "crawl", "category", "--fast", "--base-url", server.url, "--db",
         tmp_path / "news.db", "-s", "NEWSCRAWL_PROGRESS_SECONDS=0.01"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert crawl.stderr is not None
    with crawl.stderr as log:
        assert log.readline()
    assert crawl.wait(timeout=30) == Exit.OK
    assert query(tmp_path / "news.db", "SELECT outcome, new FROM runs") == [("ok", 20)]


@pytest.mark.parametrize("line", ["Enabled addons", "Enabled extensions", "Spider opened"])
def test_two_early_signals_leave_a_rebuilt_archive(
    serving: Serving, tmp_path: Path, line: str
) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    crawl = start(slow(serving), path, "-O")
    assert crawl.stderr is not None
    for said in crawl.stderr:
        if line in said:
            crawl.send_signal(signal.SIGINT)
            time.sleep(0.05)
            crawl.send_signal(signal.SIGINT)
            break
    _, log = crawl.communicate(timeout=60)
    # The second signal may come when the run has ended, and then ends the process as any other.
    assert crawl.returncode in (Exit.INTERRUPTED, -signal.SIGINT), log
    assert query(path, "SELECT id FROM articles") == [("NW202112282228490028",)]


def test_two_signals_still_commit_and_close_the_row(serving: Serving, tmp_path: Path) -> None:
    path, server = tmp_path / "news.db", slow(serving)
    crawl = start(server, path)
    assert crawl.stderr is not None
    for said in crawl.stderr:
        if "Writing to" in said:
            break
    deadline = time.monotonic() + 60
    while len(server.paths()) < 60 and time.monotonic() < deadline:  # robots.txt, lists, posts
        time.sleep(0.01)
    crawl.send_signal(signal.SIGINT)
    time.sleep(0.05)
    crawl.send_signal(signal.SIGINT)
    _, log = crawl.communicate(timeout=60)
    assert crawl.returncode == Exit.INTERRUPTED
    run = ledger(path)
    assert (run["outcome"], run["ended_at"] is not None) == ("interrupted", True)
    assert run["new"] == query(path, "SELECT count(*) FROM articles")[0][0] > 0
    assert "finished: interrupted" in log


# -- the file -------------------------------------------------------------------------------


def test_link_to_an_archive_has_its_lock(tmp_path: Path) -> None:
    fill(tmp_path / "real.db", article(page()))
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    held = Target(tmp_path / "real.db")
    with pytest.raises(AlreadyRunning):
        Target(tmp_path / "link.db")
    held.finish(good=True)


def test_second_reader_keeps_the_locks_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    inode = path.stat().st_ino

    def locks() -> int:
        return sum(f":{inode} " in line for line in Path("/proc/locks").read_text().splitlines())

    if not Path("/proc/locks").exists():
        pytest.skip("this system does not show its locks in /proc/locks")
    with closing(open_for_reading(path)) as first:
        first.execute("BEGIN")
        first.execute("SELECT count(*) FROM articles").fetchone()
        before = locks()
        assert before > 0
        open_for_reading(path).close()
        assert locks() == before


def test_rebuild_gives_up_on_a_file_that_stays_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY_TIMEOUT", 0.1)
    path = tmp_path / "news.db"
    fill(path, article(page()))
    target = Target(path, overwrite=True)
    made = writer(target)
    made.end(outcome="ok", exit_code=0, reason="")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"locked by another program.*news\.db\.rebuild"):
            target.finish(good=True)
    assert query(path, "SELECT count(*) FROM articles") == [(1,)]
    assert (tmp_path / "news.db.rebuild").exists()
    fill(path, article(page("NW202112282228490029")))  # the file is free again


def test_archive_whose_making_was_killed_is_made_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "news.db"

    def killed(_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("newscrawl.store.migrations.migrations.apply", killed)
        with pytest.raises(KeyboardInterrupt):
            open_for_writing(path)
    assert path.stat().st_size > 0
    fill(path, article(page()))
    assert query(path, "SELECT count(*) FROM articles") == [(1,)]


@pytest.mark.parametrize("name", ["/dev/null", "/dev/zero"])
def test_device_is_no_archive(name: str) -> None:
    with pytest.raises(StoreError, match="not a regular file"):
        Target(name)
