"""Rejected pages, read again after a fix: what is an article now is stored, the rest stays."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page, writer
from crawls import assert_balanced, command, crawl, dump, ledger, query
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site

from newscrawl import sites
from newscrawl.cli.writing import writing
from newscrawl.items import Article, Page, Rejected
from newscrawl.runs.outcome import Exit
from newscrawl.runs.retry_rejected import Retried, retry
from newscrawl.store.target import Target

Serving = Callable[[Answers], Server]


def tried(path: Path, *reasons: str) -> Retried:
    with writing(str(path), "retry-rejected", {}) as made:
        found = retry(made, reasons)
        made.end(outcome="ok", exit_code=0, reason="")
    assert_balanced(ledger(path))
    return found


async def test_rule_that_was_mended(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug kept three pages from being read; after the fix, the archive is as if it never was."""
    site, read, bad = Site(articles=30), sites.read_page, set()

    def broken(page_: Page, stats: object = None) -> Article:
        if len(bad) < 3 or page_.id in bad:
            bad.add(page_.id)
            raise sites.Unreadable("not_a_post", "made by a test")
        return read(page_, stats)  # type: ignore[arg-type]

    server = serving(site)
    await crawl("category", tmp_path / "whole.db", server.url)
    monkeypatch.setattr(sites, "read_page", broken)
    await crawl("category", tmp_path / "news.db", server.url)
    monkeypatch.undo()
    assert query(tmp_path / "news.db", "SELECT count(*) FROM rejects") == [(3,)]
    found = tried(tmp_path / "news.db")
    assert (found.tried, found.stored, found.remain, found.errors) == (3, 3, 0, [])
    vary = ("seq", "first_seq", "first_seen_at", "changed_at", "observed_at", "last_seen_at",
            "etag", "last_modified", "ordered_at")  # fmt: skip
    for table, rows in dump(tmp_path / "news.db", without=vary).items():
        whole = dump(tmp_path / "whole.db", without=vary)[table]
        assert sorted(rows, key=repr) == sorted(whole, key=repr), table
    run = ledger(tmp_path / "news.db")
    assert (run["spider"], run["scheduled"], run["new"]) == ("retry-rejected", 3, 3)


async def test_what_is_still_none_stays(serving: Serving, tmp_path: Path) -> None:
    site, path = Site(articles=20), tmp_path / "news.db"
    server = serving(site)
    posts = [t.paths[0] for t in site.truths() if len(t.posts) == 1][:2]
    server.faults[posts[0]] = Fault(body=b"<html><title>Sign in</title><form></form></html>")
    server.faults[posts[1]] = Fault(body=b"")
    await crawl("category", path, server.url)
    before = query(path, "SELECT url, reason, page_hash, times, first_seen_at FROM rejects")
    found = tried(path)
    assert (found.tried, found.stored, found.untried) == (1, 0, 1)  # one has no bytes
    assert before == query(path, "SELECT url, reason, page_hash, times, first_seen_at FROM rejects")
    assert tried(path, "empty").tried == 0


def rejecting(path: Path, *rejects: Rejected, loader_version: int = 1) -> None:
    target = Target(path)
    made = writer(target)
    for reject in rejects:
        made.reject(reject, loader_version=loader_version)
    made.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)


def test_two_reasons_of_one_page_become_one(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    bad = page(body=b"<html>no post</html>")
    rejecting(path, Rejected(bad, "cut_off", "before"), Rejected(bad, "not_a_post", "before"))
    found = tried(path)
    assert found.remain == found.tried == 1
    [(detail,)] = query(path, "SELECT detail FROM rejects")
    assert detail != "before"


def test_bug_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "news.db"
    rejecting(path, Rejected(page("NW202112282228490028", body=b"1"), "cut_off", ""),
              Rejected(page("NW202112282228490029", body=b"2"), "cut_off", ""))  # fmt: skip

    def read(page_: Page) -> Article:
        if page_.body == b"1":
            raise ZeroDivisionError("made by a test")
        return article(page_)

    monkeypatch.setattr(sites, "read_page", read)
    found = tried(path)
    assert (found.stored, found.remain) == (1, 1)
    assert "ZeroDivisionError('made by a test')" in found.errors[0]
    assert query(path, "SELECT reason, page_id FROM rejects") == [("crash", "NW202112282228490028")]
    assert query(path, "SELECT id FROM articles") == [("NW202112282228490029",)]


ID = "NW202112282228490028"
FIRST_DAY, LAST_DAY = "2022-01-01T00:00:00+00:00", "2022-01-03T00:00:00+00:00"


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for each in statements:
            db.execute(each)


def titled(page_: Page, stats: object = None) -> Article:
    """Read a page whose bytes are its title."""
    return article(page_, id=ID, title=page_.body.decode())


async def test_page_of_another_article_is_no_page_of_this_one(
    serving: Serving, tmp_path: Path
) -> None:
    """Its address said so, by a redirect: its bytes can be read, under the wrong id."""
    site, path = Site(articles=20), tmp_path / "news.db"
    server = serving(site)
    one, other = [truth for truth in site.truths() if len(truth.posts) == 1][:2]
    server.faults[one.paths[0]] = Fault(status=302, headers={"Location": other.paths[0]})
    await crawl("category", path, server.url)
    assert query(path, "SELECT reason FROM rejects") == [("wrong_id",)]
    before = dump(path)
    found = tried(path)
    assert (found.tried, found.untried) == (0, 1)
    assert dump(path) == before
    sql = "SELECT 1 FROM articles WHERE id = ?"
    assert query(path, sql, one.info_code) == []


def between_two_looks(path: Path, body: bytes) -> None:
    """Make an archive of a page that was rejected between two visits that both found A."""
    looks = (page(ID, body=b"A", observed_at=at) for at in (FIRST_DAY, LAST_DAY))
    fill(path, *(article(each, title="A") for each in looks))
    rejecting(path, Rejected(page(ID, body=body), "cut_off", "before"))
    change(
        path,
        "UPDATE rejects SET last_seen_at = '2022-01-02T00:00:00+00:00'",
        "UPDATE observations SET etag = 'kept'",
    )


@pytest.mark.parametrize(
    ("body", "end", "rejects", "overtaken"),
    [(b"A", "unchanged", 0, 0), (b"B", "rejected", 1, 1)],
)
def test_page_that_was_seen_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes, end: str, rejects: int,
    overtaken: int,
) -> None:  # fmt: skip
    path = tmp_path / "news.db"
    between_two_looks(path, body)
    before = dump(path, without=())
    monkeypatch.setattr(sites, "read_page", titled)
    assert tried(path).overtaken == overtaken
    after = dump(path, without=())
    assert len(after.pop("rejects")) == rejects
    assert after == {table: rows for table, rows in before.items() if table != "rejects"}
    assert ledger(path)[end] == 1


def test_file_is_as_old_as_its_post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That it was loaded today does not make its text later than the page that was edited."""
    path = tmp_path / "news.db"
    fill(path, article(page(ID, observed_at=LAST_DAY), title="edited"))
    file = page(f"_posts/2021-12-28-{ID}", kind="post_file", body=b"as it was first")
    rejecting(path, Rejected(file, "crash", "before"))
    monkeypatch.setattr(sites, "read_page", titled)
    assert tried(path).stored == 1
    assert query(path, "SELECT title FROM articles") == [("edited",)]
    sql = "SELECT observed_at FROM observations WHERE page_kind = 'post_file'"
    assert query(path, sql) == [("2021-12-28T06:27:35+00:00",)]


def test_other_bytes_of_one_address_stay(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    one, two = (page(ID, body=b"<html>%d</html>" % each) for each in (1, 2))
    rejecting(path, Rejected(one, "cut_off", "before"), Rejected(two, "not_a_post", "before"))
    before = query(path, "SELECT reason, page_hash FROM rejects ORDER BY id")
    found = tried(path)
    assert found.tried == found.remain == 2
    assert query(path, "SELECT reason, page_hash FROM rejects ORDER BY id") == before
    assert query(path, "SELECT 1 FROM rejects WHERE detail = 'before'") == []
    again = query(path, "SELECT * FROM rejects")
    tried(path)
    assert query(path, "SELECT * FROM rejects") == again


@pytest.mark.parametrize("bug", ["read", "store"])
def test_bug_is_a_crash_wherever_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bug: str
) -> None:
    path = tmp_path / "news.db"
    rejecting(path, Rejected(page(ID, body=b"1"), "cut_off", "before"))

    def read(page_: Page) -> Article:
        if bug == "read":
            raise KeyError("Title")
        return article(page_, title="\ud800")  # SQLite takes no half of a character

    monkeypatch.setattr(sites, "read_page", read)
    assert len(tried(path).errors) == 1
    [(reason, detail)] = query(path, "SELECT reason, detail FROM rejects")
    assert (reason, detail[:18]) == ("crash", "a bug in newscrawl")
    assert query(path, "SELECT count(*) FROM articles") == [(0,)]


def test_copy_without_raw_pages(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    rejecting(path, Rejected(page(ID, body=b"1"), "cut_off", "before"))
    change(path, "DELETE FROM raw_pages")
    assert (tried(path).tried, tried(path).untried) == (0, 1)
    assert query(path, "SELECT reason, detail FROM rejects") == [("cut_off", "before")]
    change(path, "DROP TABLE raw_pages")
    done = command("newscrawl", "retry-rejected", "--db", str(path))
    assert done.returncode == Exit.STORE
    assert done.stderr.startswith(f"Error: {path} has lost raw_pages: the schema was altered")


def test_command(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    rejecting(path, Rejected(page("NW202112282228490029", body=b"<html></html>"), "cut_off", ""))
    done = command("newscrawl", "retry-rejected", "--db", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 page read again: 0 stored, 1 still rejected\n"
    done = command("newscrawl", "retry-rejected", "--db", str(path), "--json")
    assert json.loads(done.stdout)["tried"] == 1
    done = command("newscrawl", "retry-rejected", "--db", str(path), "--reason", "odd")
    assert done.returncode == Exit.USAGE
    assert "No page is rejected for 'odd'; the reasons are empty, charset" in done.stderr
    done = command("newscrawl", "retry-rejected", "--db", str(tmp_path / "none.db"))
    assert done.returncode == Exit.STORE
    assert not (tmp_path / "none.db").exists()
