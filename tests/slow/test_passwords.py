"""Passwords in URLs: used for their own host, and never stored, printed or forwarded."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from crawls import ROOT, command, query
from samplesite.site import Response, Site
from served import serving

from newscrawl.items import Article
from newscrawl.runs.outcome import Exit, Outcome
from newscrawl.text.limits import sanitize_article
from newscrawl.text.passwords import clean_address, clean_arguments, without_passwords

USER, OURS, THEIRS = "annie", "geheim%40eins", "geheim-zwei"
BASIC = "Basic " + base64.b64encode(b"annie:geheim@eins").decode()
SECRET = "geheim"  # noqa: S105


@pytest.mark.parametrize(
    ("address", "clean"),
    [
        ("http://u:p@host/a", "http://host/a"),
        ("http://token@host:80", "http://host:80"),
        ("//u:p@host/", "//host/"),
        ("u:p@host:8000/", "host:8000/"),
        ("http://u:p@ss@host/?x=a@b", "http://host/?x=a@b"),
        ("http://u:p w'\"@host/", "http://host/"),
        ("http://host/@u:p@x", "http://host/@u:p@x"),
        ("http://host?mail=a@b", "http://host?mail=a@b"),
        ("file:///home/a@b/x", "file:///home/a@b/x"),
        ("http://host/", "http://host/"),
    ],
)
def test_clean_address(address: str, clean: str) -> None:
    assert clean_address(address) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Crawled (200) <GET http://u:p@host/a> (referer: http://u:p@host/)",
         "Crawled (200) <GET http://host/a> (referer: http://host/)"),
        ("Cannot connect to https://u:p@ss@host:1", "Cannot connect to https://host:1"),
        ("{'A': '//u:p@host/'}", "{'A': '//host/'}"),
        ('{"url": "http://host", "mail": "a@b"}', '{"url": "http://host", "mail": "a@b"}'),
        ("write to a@b or see http://host/ a@b", "write to a@b or see http://host/ a@b"),
    ],
)  # fmt: skip
def test_without_passwords(text: str, clean: str) -> None:
    assert without_passwords(text) == clean
    assert Outcome(Exit.DEGRADED, text).reason == clean


def test_clean_arguments() -> None:
    given = {"base_url": "u:p@host/", "info_code": "http://u:p@a/,NW1,x:y@b/?c", "name": "a@b"}
    clean = {"base_url": "host/", "info_code": "http://a/,NW1,b/?c", "name": "a@b"}
    assert clean_arguments(given) == clean


def test_links_of_an_article() -> None:
    article = Article(share_url="http://u:p@a/", original_url="http://b/", images=["//u:p@c/d"])
    sanitize_article(article)
    assert (article.share_url, article.original_url) == ("http://a/", "http://b/")
    assert article.images == ["//c/d"]


# -- a site that asks for a password ------------------------------------------------------------


class Locked(ThreadingHTTPServer):
    """Answers from a site, or as a proxy does, and notes who asks with which password."""

    daemon_threads = True

    def __init__(self, site: Site, *, header: str = "Authorization", wanted: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.site, self.header, self.wanted = site, header, wanted
        self.made: dict[str, Callable[[Response], Response]] = {}
        """Answers that differ from the site's, by path."""
        self.got: list[tuple[str, str | None, str | None]] = []
        """Path, and the two headers, of each request."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"

    def inside(self, password: str) -> str:
        """The address with a user's name and a password in it."""
        return self.url.replace("://", f"://{USER}:{password}@")


class _Handler(BaseHTTPRequestHandler):
    server: Locked

    def do_GET(self) -> None:
        path = "/" + self.path.split("/", 3)[3] if self.path.startswith("http") else self.path
        names = ("Authorization", "Proxy-Authorization")
        self.server.got.append((path, *map(self.headers.get, names)))  # type: ignore[arg-type]
        if self.server.wanted and self.headers.get(self.server.header) != self.server.wanted:
            answer = Response(401 if self.server.header == "Authorization" else 407, b"", {})
        else:
            answer = self.server.site.respond(path)
            answer = self.server.made.get(path, lambda plain: plain)(answer)
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def running(server: Locked) -> Iterator[Locked]:
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def stored_bytes(db: Path) -> bytes:
    """All of an archive but the bytes of its pages, which are what the site sent."""
    copy = db.with_suffix(".copy")
    shutil.copy(db, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("UPDATE raw_pages SET bytes = ''")
        connection.execute("VACUUM")
    found = copy.read_bytes()
    copy.unlink()
    return found


def run(db: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return command("newscrawl", *words, "--db", str(db))


def test_no_password_is_stored_said_or_sent_on(tmp_path: Path) -> None:
    site, db, told = Site(articles=12), tmp_path / "news.db", tmp_path / "told.json"
    paths = [truth.paths[0] for truth in site.truths() if truth.linked and len(truth.posts) == 1]
    tell = f"{sys.executable} -c \"import sys; open({str(told)!r}, 'w').write(sys.stdin.read())\""
    with running(Locked(site, wanted=BASIC)) as server, running(Locked(site)) as other:
        port = other.server_address[1]
        elsewhere = f"http://x:{THEIRS}@localhost:{port}{paths[0]}"
        refused = f"http://x:{THEIRS}@evil.test{paths[1]}"
        link = server.inside(THEIRS) + paths[2].lstrip("/")
        server.made[paths[0]] = lambda _: Response(302, b"", {"Location": elsewhere})
        server.made[paths[1]] = lambda _: Response(302, b"", {"Location": refused})
        server.made["/"] = lambda plain: Response(
            200, plain.body.replace(paths[2].encode(), link.encode()), plain.headers
        )
        crawled = run(
            db, "crawl", "category", "--base-url", server.inside(OURS), "--hosts", "localhost",
            "--delay", "0", "-v", "-s", "LOG_LEVEL=DEBUG", "-s", "NEWSCRAWL_LOST_SHARE=0",
            "--notify", tell,
        )  # fmt: skip
        again = command(
            "scrapy", "crawl", "share", "-a", f"base_url={server.inside(OURS)}", "-a", "stored=1",
            "-s", f"NEWSCRAWL_DB={db}", "-s", "LOG_LEVEL=DEBUG", "-s", "DOWNLOAD_DELAY=0",
            "-s", "AUTOTHROTTLE_ENABLED=False", "-s", f"HTTPAUTH_PASS={THEIRS}",
            "-s", "HTTPAUTH_DOMAIN=x.test",
        )  # fmt: skip
        looked = run(db, "doctor", "--base-url", server.inside(OURS), "--json")
    assert crawled.returncode == Exit.DEGRADED, crawled.stderr
    assert "1 failed" in query(db, "SELECT reason FROM runs WHERE id = 1")[0][0]
    assert "it redirects to another host, http://evil.test/" in crawled.stderr
    assert again.returncode == 0, again.stderr
    assert json.loads(looked.stdout)["cause"] in ("all_known", "healthy")
    assert query(db, "SELECT count(*) FROM articles")[0][0] > 8
    assert "Crawled (200)" in crawled.stderr
    assert {given for _, given, _ in server.got} == {BASIC}
    assert paths[0] in {path for path, _, _ in other.got}
    assert {(given, proxy) for _, given, proxy in other.got} == {(None, None)}
    said = [crawled, again, looked, *_readers(db, tmp_path)]
    said += [run(db, "crawl", "category", "--base-url", f"http://{USER}:{SECRET}/x@host/")]
    said += [run(db, "crawl", "category", "--base-url", server.url, "--hosts", f"a:{SECRET}@b")]
    said += [run(db, "crawl", "share", f"http://{USER}:{SECRET}@host/nothing")]
    for each in said:
        assert SECRET not in each.stdout + each.stderr, each.args
    assert SECRET not in told.read_text()
    assert json.loads(told.read_text())["arguments"]["base_url"] == server.url
    assert SECRET.encode() not in stored_bytes(db)
    for file in tmp_path.rglob("*"):
        if file.is_file() and not file.name.startswith("news.db"):
            assert SECRET.encode() not in file.read_bytes(), file
    with serving(db) as address:
        for page in ("", "search?q=%E5%85%AC", "news/runs", "news/observations", "news/listings"):
            with urllib.request.urlopen(address + page) as answer:
                assert SECRET not in answer.read().decode(), page
    assert run(db, "verify").returncode == 0


def _readers(db: Path, folder: Path) -> Iterator[subprocess.CompletedProcess[str]]:
    yield run(db, "status")
    yield run(db, "status", "--json")
    yield run(db, "status", "--prometheus", str(folder / "metrics"))
    yield run(db, "list", "--json")
    yield run(db, "info")
    yield run(db, "export", "--format", "jsonl")
    yield run(db, "export", "--format", "csv")
    yield run(db, "export", "--format", "atom")
    yield run(db, "export", "--format", "markdown", "-o", str(folder / "posts"))


def test_password_of_a_proxy(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    proxy_basic = "Basic " + base64.b64encode(b"annie:geheim@eins").decode()
    with running(
        Locked(Site(articles=5), header="Proxy-Authorization", wanted=proxy_basic)
    ) as proxy:
        words = [
            "crawl", "category", "--base-url", "http://mirror.test/", "--db", str(db), "-v",
            "-s", "LOG_LEVEL=DEBUG", "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0",
            "-s", "AUTOTHROTTLE_ENABLED=False", "-s", "NEWSCRAWL_FAST_HOSTS=mirror.test",
        ]  # fmt: skip
        good = _by_proxy(proxy.inside(OURS), words)
        wrong = _by_proxy(proxy.inside(THEIRS), words)
    gone = _by_proxy(proxy.inside(OURS), words)
    assert good.returncode == 0, good.stderr
    assert {(given, sent) for path, given, sent in proxy.got[:3]} == {(None, proxy_basic)}
    assert (wrong.returncode, gone.returncode) == (Exit.UNREACHABLE, Exit.UNREACHABLE)
    for each in (good, wrong, gone):
        assert SECRET not in each.stderr
    assert SECRET.encode() not in stored_bytes(db)


def _by_proxy(proxy: str, words: list[str]) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("newscrawl"))
    return subprocess.run(
        [program, *words], cwd=ROOT, env={**os.environ, "http_proxy": proxy, "no_proxy": ""},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


# -- those that an earlier version has stored ---------------------------------------------------


def test_stored_passwords_are_found_and_removed(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    with running(Locked(Site(articles=5))) as server:
        assert (
            run(db, "crawl", "category", "--base-url", server.url, "--delay", "0").returncode == 0
        )
    inside = f"http://{USER}:{SECRET}@host/a"
    reject = (
        "INSERT INTO rejects (run_id, url, site, page_kind, page_id, reason, detail,"
        " first_seen_at, last_seen_at, times, loader_version)"
        " VALUES (1, ?, 'finews', 'post_page', 'a', 'no_id', ?, '2022', '2022', 1, 1)"
    )
    with closing(sqlite3.connect(db)) as connection, connection:
        change = connection.execute
        change(
            "UPDATE runs SET arguments = ?, reason = ?",
            (json.dumps({"base_url": f"{USER}:{SECRET}@host"}), f"could not fetch {inside}"),
        )
        change("UPDATE observations SET url = replace(url, '://', ?)", (f"://{USER}:{SECRET}@",))
        change("UPDATE listings SET url = replace(url, '://', ?)", (f"://{USER}:{SECRET}@",))
        change("UPDATE articles SET share_url = ? WHERE share_url IS NOT NULL", (inside,))
        change(reject, (inside, f"it redirects to {inside}"))
        change(reject, ("http://host/a", "what is left when the password is gone"))
    found = run(db, "verify", "--json")
    assert found.returncode == 1
    kinds = [each["sentence"] for each in json.loads(found.stdout) if each["kind"] == "passwords"]
    assert len(kinds) == 7, kinds
    assert SECRET not in found.stdout + found.stderr
    mended = run(db, "verify", "--repair")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert SECRET.encode() not in db.read_bytes()  # also in what SQLite has set free
    assert query(db, "SELECT url, detail FROM rejects") == [
        ("http://host/a", "what is left when the password is gone")
    ]
