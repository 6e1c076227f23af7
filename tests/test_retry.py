"""Rejected pages, read again after a fix: what is an article now is stored, the rest stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from archives import article, fill, page, writer
from crawls import assert_balanced, command, crawl, dump, ledger, query

from newscrawl import pages
from newscrawl.cli.writing import writing
from newscrawl.items import Article, Page, Reject
from newscrawl.mirror.server import Answers, Fault, Server
from newscrawl.mirror.site import Site
from newscrawl.outcome import Exit
from newscrawl.retry import Retried, retry
from newscrawl.store.target import Target

Serving = Callable[[Answers], Server]


def tried(path: Path, *reasons: str) -> Retried:
    with writing(str(path), "retry-rejected", {}) as made:
        found = retry(made, reasons)
        made.end(outcome="good", exit_code=0, reason="")
    assert_balanced(ledger(path))
    return found


async def test_rule_that_was_mended(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug kept three pages from being read; after the fix, the archive is as if it never was."""
    site, read, bad = Site(articles=30), pages.read, set()

    def broken(page_: Page, stats: object = None) -> Article:
        if len(bad) < 3 or page_.id in bad:
            bad.add(page_.id)
            raise pages.Unreadable("not_a_post", "made by a test")
        return read(page_, stats)  # type: ignore[arg-type]

    server = serving(site)
    await crawl("category", tmp_path / "whole.db", server.url)
    monkeypatch.setattr(pages, "read", broken)
    await crawl("category", tmp_path / "news.db", server.url)
    monkeypatch.undo()
    assert query(tmp_path / "news.db", "SELECT count(*) FROM rejects") == [(3,)]
    found = tried(tmp_path / "news.db")
    assert (found.tried, found.stored, found.remain, found.errors) == (3, 3, 0, [])
    vary = ("seq", "first_seq", "first_seen_at", "changed_at", "observed_at", "last_seen_at",
            "etag", "last_modified")  # fmt: skip
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


def rejecting(path: Path, *rejects: Reject, loader_version: int = 1) -> None:
    target = Target(path)
    made = writer(target)
    for reject in rejects:
        made.reject(reject, loader_version=loader_version)
    made.end(outcome="good", exit_code=0, reason="")
    target.finish(good=True)


def test_two_reasons_of_one_page_become_one(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    bad = page(body=b"<html>no post</html>")
    rejecting(path, Reject(bad, "cut_off", "before"), Reject(bad, "not_a_post", "before"))
    found = tried(path)
    assert found.remain == found.tried == 1
    [(detail,)] = query(path, "SELECT detail FROM rejects")
    assert detail != "before"


def test_bug_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "news.db"
    rejecting(path, Reject(page("NW202112282228490028", body=b"1"), "cut_off", ""),
              Reject(page("NW202112282228490029", body=b"2"), "cut_off", ""))  # fmt: skip

    def read(page_: Page) -> Article:
        if page_.body == b"1":
            raise ZeroDivisionError("made by a test")
        return article(page_)

    monkeypatch.setattr(pages, "read", read)
    found = tried(path)
    assert (found.stored, found.remain) == (1, 1)
    assert "ZeroDivisionError('made by a test')" in found.errors[0]
    assert query(path, "SELECT reason, page_id FROM rejects") == [("crash", "NW202112282228490028")]
    assert query(path, "SELECT info_code FROM articles") == [("NW202112282228490029",)]


def test_command(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    rejecting(path, Reject(page("NW202112282228490029", body=b"<html></html>"), "cut_off", ""))
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
