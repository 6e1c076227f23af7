"""The command ``doctor``: what it asks for, what it says of that, and that it writes nothing."""

from __future__ import annotations

import errno
import json
import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from archives import article, fill, page
from click.testing import CliRunner
from crawls import command, crawl, query
from diagnoses import diagnose
from samplesite.server import Answers, Fault, Server
from samplesite.site import HTML, Site
from scrapy.exceptions import DownloadConnectionRefusedError

from newscrawl.cli import doctor_requests, doctor_spider
from newscrawl.cli.app import commands
from newscrawl.demo import layout
from newscrawl.middlewares.failures import failure_reason
from newscrawl.runs.doctor.diagnosis import Step
from newscrawl.runs.outcome import Exit
from newscrawl.sites.lists import RequestedList, find_lists

Serving = Callable[[Answers], Server]

QUICK = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False")
TEXT = "text/plain; charset=utf-8"


def asked(name: str) -> RequestedList:
    (found,) = find_lists(name)
    return found


def listed(site: Site, path: str) -> set[bytes]:
    """Return the posts that a page of a sample site lists."""
    return set(re.findall(rb'<li><a href="([^"]+)"', site.respond(path).body))


def posts_asked(server: Server) -> list[str]:
    return [path for path in server.paths() if "/20" in path]


# -- a mirror -------------------------------------------------------------------------------


async def test_every_request_is_a_step(serving: Serving) -> None:
    site = Site(articles=20)
    server = serving(site)
    found = await diagnose(server.url)
    home, newest = site.respond("/"), max(site.truths(), key=lambda each: each.info_code)
    count = len(listed(site, "/"))
    (path,) = posts_asked(server)
    assert found.steps == [
        Step("GET", f"{server.url}robots.txt", 200, 24, TEXT,
             meaning=f"It allows {server.url}."),
        Step("GET", server.url, 200, len(home.body), HTML,
             meaning=f"A page of such a mirror, with {count} links to posts."),
        Step("GET", server.url.rstrip("/") + path, 200, len(site.respond(path).body), HTML,
             meaning=f"The article {newest.info_code}: {newest.title}"),
    ]  # fmt: skip
    assert found.found == (
        f"The home page has {count} articles, {count} not stored yet; {newest.info_code} was read."
    )
    assert [step.url for step in found.steps] == [
        server.url.rstrip("/") + each for each in server.paths()
    ]


async def test_real_site(real_mirror: Server) -> None:
    found = await diagnose(real_mirror.url)
    assert found.cause == "healthy", found
    found = await diagnose(real_mirror.url, category="guojishangbao")
    assert found.cause == "healthy", found
    assert "NW202112282228490028 was read" in found.found
    found = await diagnose(real_mirror.url, asked=asked("atom"))
    assert found.cause == "healthy", found


async def test_category(serving: Serving) -> None:
    site = Site(articles=60)
    server = serving(site)
    slug = next(slug for truth in site.truths() for slug in truth.listings if slug != "emnews")
    found = await diagnose(server.url, category=slug)
    assert found.cause == "healthy"
    assert server.paths()[:3] == ["/robots.txt", "/", f"/category/{quote(slug)}.html"]
    (post,) = posts_asked(server)
    members = listed(site, f"/category/{slug}.html")
    assert post.encode() in members
    assert f"The list of {slug} has {len(members)} article" in found.found


async def test_asks_for_an_article_that_is_not_stored(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    server = serving(site)
    path = tmp_path / "news.db"
    await crawl("category", path, server.url, limit="15")
    server.requests.clear()
    found = await diagnose(server.url, db=path)
    assert found.cause == "healthy"
    (post,) = posts_asked(server)
    root = server.url.rstrip("/").encode()
    stored = {url.encode() for (url,) in query(path, "SELECT url FROM observations")}
    unknown = {each for each in listed(site, "/") if root + each not in stored}
    assert post.encode() in unknown
    assert f", {len(unknown)} not stored yet" in found.found


async def test_one_bad_post_is_no_diagnosis(serving: Serving) -> None:
    site = Site(articles=20)
    server = serving(site)
    await diagnose(server.url)
    (newest,) = posts_asked(server)
    server.requests.clear()
    server.faults[newest] = Fault(status=404)
    found = await diagnose(server.url)
    assert found.cause == "healthy"
    assert len(posts_asked(server)) == 2
    assert found.steps[2].meaning == "It is an error: status 404."


async def test_gives_up_after_three_posts(serving: Serving) -> None:
    site = Site(articles=20)
    server = serving(site)
    first = next(site.truths()).paths[0]
    for truth in site.truths():
        for path in truth.paths:
            server.faults[path] = Fault(status=302, headers={"Location": first})
    server.faults.pop(first)
    found = await diagnose(server.url)
    assert found.cause == "no_articles"
    assert found.found.startswith("None of 3 articles could be fetched: ")
    assert "the page of NW" in found.found


async def test_follows_redirects_on_the_host(serving: Serving) -> None:
    server = serving(Site(articles=20))
    server.faults["/"] = Fault(status=301, headers={"Location": "/index.html"})
    found = await diagnose(server.url)
    assert found.cause == "healthy"
    chain = [(each.url, each.status, each.redirects_to) for each in found.steps[1:3]]
    assert chain == [
        (server.url, 301, "/index.html"),
        (f"{server.url}index.html", 200, None),
    ]
    assert found.steps[1].meaning == "It redirects to /index.html."


async def test_asks_no_other_host(serving: Serving) -> None:
    server, other = serving(Site(articles=20)), serving(Site(articles=5))
    location = other.url.replace("127.0.0.1", "localhost")
    server.faults["/"] = Fault(status=302, headers={"Location": location})
    found = await diagnose(server.url)
    assert found.cause == "redirect"
    assert location in found.found
    assert other.requests == []


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (Fault(status=404), "There is no robots.txt, so nothing is forbidden."),
        (Fault(status=302, headers={"Location": "/other.txt"}), "It redirects to /other.txt."),
    ],
)
async def test_odd_robots(serving: Serving, fault: Fault, meaning: str) -> None:
    server = serving(Site(articles=20))
    server.faults["/robots.txt"] = fault
    found = await diagnose(server.url)
    assert found.cause == "healthy"
    assert found.steps[0].meaning == meaning


async def test_without_robots_nothing_is_asked_for(serving: Serving) -> None:
    server = serving(Site(articles=20))
    server.faults["/robots.txt"] = Fault(reset=True)
    found = await diagnose(server.url)
    assert found.cause == "broken_off"
    assert [step.meaning for step in found.steps] == [
        "It could not be fetched, so the crawl may request nothing."
    ]
    assert set(server.paths()) == {"/robots.txt"}  # aiohttp tries once more by itself


async def test_what_robots_forbids_is_not_asked_for(serving: Serving) -> None:
    server = serving(Site(articles=20, robots="deny"))
    found = await diagnose(server.url)
    assert server.paths() == ["/robots.txt"]
    assert [each.meaning for each in found.steps] == [f"It forbids {server.url}."]
    assert found.advice.startswith("The owner of 127.0.0.1 does not want")


async def test_answer_that_is_too_large(serving: Serving) -> None:
    found = await diagnose(serving(Site(articles=20)).url, settings={"DOWNLOAD_MAXSIZE": 1000})
    assert found.cause == "too_large"


def test_no_way_to_the_server_is_no_refusal() -> None:
    error = DownloadConnectionRefusedError("x")
    error.__cause__ = OSError(errno.EHOSTUNREACH, "No route to host")
    assert doctor_requests.cause_of(error) == "no_connection"
    assert failure_reason(error) == "could not connect: [Errno 113] No route to host"
    error.__cause__ = OSError(errno.ECONNREFUSED, "Connect call failed")
    assert doctor_requests.cause_of(error) == "refused"
    assert failure_reason(error) == "connection refused"


async def test_no_http() -> None:
    """Another protocol's port: an answer, but none of HTTP."""
    import asyncio

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await diagnose(f"http://127.0.0.1:{port}/")
    assert found.cause == "broken_off"
    assert "not an HTTP response" in found.found


# -- lists ----------------------------------------------------------------------------------


LIST = "/comm/web/getNewsByColumns"


@pytest.mark.parametrize(
    ("body", "cause", "sentence"),
    [
        ('{"code":"1","data":{"list":[]}}', "empty_list", "The list columns-345 is empty."),
        (
            '{"code":"1","data":{"totle_hits":9,"list":[]}}',
            "empty_list",
            "The list columns-345 announces 9 entries, and gives none.",
        ),
        ('{"code":"0","message":"no"}', "no_list", "the API refuses: code is '0'"),
        ('{"code":"1","data":{}}', "no_list", "data has no list"),
        ("<html><title>502</title></html>", "no_list", "a page of HTML titled '502'"),
        ('<html><input type="PASSWORD"></html>', "login_page", "a field for a password"),
        ('{"code":"1","data":{"list":[{"code":"x"}]}}', "no_articles", "none with an article's id"),
        ("", "no_list", "is not the list that is expected"),
    ],
)
async def test_list_at_fault(serving: Serving, body: str, cause: str, sentence: str) -> None:
    server = serving(Site(articles=20))
    server.faults[LIST] = Fault(status=200, body=body.encode())
    found = await diagnose(server.url, asked=asked("columns-345"))
    assert (found.cause, sentence in found.found) == (cause, True), found


async def test_list_without_articles(serving: Serving) -> None:
    site = Site(articles=20)
    server = serving(site)
    server.faults["/NewsData/GetNewsText.do"] = Fault(status=500)
    for truth in site.truths():
        server.faults[f"/a/{truth.digits}.html"] = Fault(status=404)
    found = await diagnose(server.url, asked=asked("columns-345"))
    assert found.cause == "no_articles", found


async def test_entries_that_lead_nowhere(serving: Serving) -> None:
    """Notices and users' columns are kept as entries: no address is known that has them."""
    server = serving(Site(articles=20))
    record = {"code": "AN202206141570000001", "title": "公告", "showTime": "2022-06-14 10:00:00"}
    body = json.dumps({"code": "1", "data": {"list": [record]}}).encode()
    server.faults[LIST] = Fault(status=200, body=body)
    found = await diagnose(server.url, asked=asked("columns-345"))
    assert found.cause == "healthy"
    assert found.found == "The list columns-345 has 1 article, 1 not stored yet."
    assert len(found.steps) == 2


async def test_list_that_has_stopped(serving: Serving, tmp_path: Path) -> None:
    server, db = serving(Site(articles=20)), tmp_path / "news.db"
    await crawl("feed", db, server.url, name="columns-345")
    with closing(sqlite3.connect(db)) as connection, connection:
        # It had something new every two hours, until it stopped days ago.
        connection.execute(
            "UPDATE article_listings SET first_seen_at = strftime('%Y-%m-%dT%H:%M:%S+00:00',"
            " 'now', '-5 days', (-2 * rowid) || ' hours')"
        )
    found = await diagnose(server.url, asked=asked("columns-345"), db=db)
    assert found.cause == "stale_list", found
    assert "nothing new since" in found.found
    assert "newscrawl crawl feed --list" in found.advice


# -- as a crawl asks ------------------------------------------------------------------------


def test_settings_are_those_of_a_crawl() -> None:
    made = doctor_spider.doctor_settings(NEWSCRAWL_CONTACT="you@example.org")
    assert made["USER_AGENT"].endswith("(news archive) (+you@example.org)")
    assert made.getbool("ROBOTSTXT_OBEY")
    assert made.getfloat("DOWNLOAD_DELAY") == 0.5
    assert "newscrawl.middlewares.redirect.RedirectMiddleware" in made["DOWNLOADER_MIDDLEWARES"]
    assert made.getint("RETRY_TIMES") == 0
    assert doctor_spider.doctor_settings(RETRY_TIMES="2").getint("RETRY_TIMES") == 2
    for name in ("ADDONS", "EXTENSIONS", "FEEDS", "ITEM_PIPELINES"):
        assert dict(made[name]) == {}


async def test_bug_is_no_diagnosis(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> None:
        raise ZeroDivisionError("made by a test")

    monkeypatch.setattr(doctor_spider.listing_page, "read_listing", failing)
    with pytest.raises(ZeroDivisionError):
        await diagnose(serving(Site(articles=5)).url)


# -- the command ----------------------------------------------------------------------------


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return command("newscrawl", "doctor", *QUICK, *map(str, words))


def test_command_and_its_exit_codes(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=20))
    path = tmp_path / "absent" / "news.db"
    done = run("--base-url", server.url, "--db", path)
    assert done.returncode == Exit.OK, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        f"GET {server.url}robots.txt",
        f"    200, 24 bytes, {TEXT}",
        f"    It allows {server.url}.",
    ]
    assert lines[-3] == "diagnosis   healthy"
    assert lines[-1] == "what to do  No problem found: the next crawl stores them."
    assert "info Asking for" in done.stderr
    assert not path.parent.exists()

    server.close()
    done = run("--base-url", server.url, "--db", path, "--json")
    assert done.returncode == Exit.CRASHED
    found = json.loads(done.stdout)
    assert list(found) == ["cause", "found", "advice", "steps"]
    assert found["cause"] == "refused"
    assert [each["status"] for each in found["steps"]] == [None]
    assert "error" not in done.stderr.lower()


def test_command_writes_nothing(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=20))
    path = tmp_path / "news.db"
    fill(path, article(page()))
    before = path.read_bytes()
    done = run("--base-url", server.url, "--db", path)
    assert done.returncode == Exit.OK, done.stderr
    assert path.read_bytes() == before
    assert query(path, "SELECT count(*) FROM runs") == [(1,)]


def test_what_comes_is_safe_to_print(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=1)
    server = serving(site)
    truth = next(site.truths())
    evil = layout.missing_page().replace("404 找不到页面", "\x1b[31m\u202e红")
    for path in truth.paths:
        server.faults[path] = Fault(status=200, body=evil.encode())
    server.faults["/"] = lambda answer: Fault(
        status=200, body=answer.body, headers={"Content-Type": "text/html; \x1b[2J"}
    )
    done = run("--base-url", server.url, "--db", tmp_path / "news.db")
    assert done.returncode == Exit.CRASHED
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout


@pytest.mark.parametrize(
    ("words", "exit_", "sentence"),
    [
        (["a", "--feed", "atom"], Exit.USAGE, "cannot be combined"),
        (["--feed", "nix"], Exit.USAGE, "Unknown list 'nix'; use one of atom"),
        (["--feed", "atom,fast"], Exit.USAGE, "--feed takes one list"),
        (["--feed", ","], Exit.USAGE, "--feed takes one list"),
        (["--feed", "search"], Exit.USAGE, "needs an argument after a colon"),
        (["--base-url", "ftp://x.test/"], Exit.USAGE, "is not the URL of a site"),
        (["-s", "DOWNLOAD_DELAY=abc"], Exit.USAGE, "it is a number"),
        (["--db", "{folder}"], Exit.STORE, "is a folder"),
        (["--db", "{folder}/notes.txt"], Exit.STORE, "is not an SQLite file"),
    ],
)
def test_bad_input(tmp_path: Path, words: list[str], exit_: Exit, sentence: str) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    asked_for = [each.format(folder=tmp_path) for each in words]
    result = CliRunner().invoke(commands, ["doctor", *asked_for], prog_name="newscrawl")
    assert result.exit_code == exit_, result.output
    assert sentence in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_archive_that_cannot_be_read(serving: Serving, tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    query(path, "DROP TABLE observations")
    done = run("--base-url", serving(Site(articles=5)).url, "--db", path)
    assert done.returncode == Exit.STORE
    assert "has lost observations" in done.stderr
    assert "Traceback" not in done.stderr


def test_archive_that_is_still_empty(serving: Serving, tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    path.touch()
    done = run("--base-url", serving(Site(articles=5)).url, "--db", path)
    assert done.returncode == Exit.OK, done.stderr
