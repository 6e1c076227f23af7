"""`newscrawl export --format warc`: what warcio and cdxj-indexer read of it."""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import command, crawl, query
from samplesite.server import Answers, Server
from samplesite.site import Site
from warcio.archiveiterator import ArchiveIterator

from newscrawl.runs.outcome import Exit
from newscrawl.store.raw_pages import page_hash

BIN = Path(sys.executable).parent
FIRST, SECOND = "NW202112282228490028", "NW202112292228490029"


@dataclass
class Read:
    """A record as warcio reads it."""

    type: str
    headers: dict[str, str]
    body: bytes


def read(data: Path) -> list[Read]:
    with data.open("rb") as file:
        return [
            Read(each.rec_type, dict(each.rec_headers.headers), each.content_stream().read())
            for each in ArchiveIterator(file, check_digests="raise")
        ]


def export(db: Path, out: Path, *words: str) -> str:
    done = command("newscrawl", "export", "--db", str(db), "-o", str(out), *words)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two articles: a page with a revision and an entry of a list; a page with a hostile URL."""
    made = tmp_path / "news.db"
    old, new = page(body=b"old"), page(body=b"new", observed_at="2022-01-02")
    old.content_type = new.content_type = "text/html; charset=gbk\r\nWARC-Type: response"
    new.etag, new.is_fetched = '"v2"', True
    entry = page(kind="list_entry", body=b"{}", observed_at="2022-01-01")
    url = "http://mirror.test/新闻 \r\nWARC-Type: response"
    fill(
        made, article(old, body_text="旧"), article(new, body_text="新"), article(entry),
        article(page(SECOND, url=url, body=b"second"), source="证券时报"),
    )  # fmt: skip
    return made


def test_pages_and_revisions(path: Path, tmp_path: Path) -> None:
    said = export(path, tmp_path / "a.warc.gz")
    assert said.splitlines()[-1].startswith(
        f"3 pages of 2 articles written to {tmp_path}/a.warc.gz; the last seq is "
    )
    assert "1 entries of lists left out" in said
    info, *records = read(tmp_path / "a.warc.gz")
    assert (info.type, b"software: newscrawl/" in info.body) == ("warcinfo", True)
    assert [each.type for each in records] == ["resource", "metadata"] * 3
    revision, about_revision, current, about_current, second, _ = records
    assert (revision.body, current.body, second.body) == (b"old", b"new", b"second")
    assert revision.headers["WARC-Date"] == "2022-01-01T00:00:00Z"
    assert current.headers["WARC-Date"] == "2022-01-02T00:00:00Z"
    assert revision.headers["WARC-Target-URI"] == f"http://mirror.test/post_page/{FIRST}.html"
    assert about_current.headers["WARC-Refers-To"] == current.headers["WARC-Record-ID"]
    assert b'etag: "v2"\r\n' in about_current.body
    assert f"article_id: {FIRST}\r\n".encode() in about_current.body
    # What a header said at that time is not known.
    assert revision.headers["Content-Type"] == "application/octet-stream"
    assert b"etag" not in about_revision.body
    assert b"replaced_at: 2022-01-02T00:00:00+00:00\r\n" in about_revision.body


def test_no_text_begins_a_header(path: Path, tmp_path: Path) -> None:
    export(path, tmp_path / "a.warc.gz")
    records = read(tmp_path / "a.warc.gz")
    assert {each.type for each in records} == {"warcinfo", "resource", "metadata"}
    assert records[3].headers["Content-Type"].startswith("text/html; charset=gbk")
    uri = records[5].headers["WARC-Target-URI"]
    assert uri.startswith("http://mirror.test/%E6%96%B0%E9%97%BB%20")
    assert b"\nWARC-Type: response" not in gzip.decompress((tmp_path / "a.warc.gz").read_bytes())


async def test_a_crawl_is_read_by_an_indexer(
    serving: Callable[[Answers], Server], tmp_path: Path
) -> None:
    db, out = tmp_path / "news.db", tmp_path / "news.warc.gz"
    await crawl("category", db, serving(Site(articles=10)).url)
    export(db, out)
    stored = dict(query(db, "SELECT url, page_hash FROM observations"))
    resources = [each for each in read(out) if each.type == "resource"]
    assert {each.headers["WARC-Target-URI"]: page_hash(each.body) for each in resources} == stored
    assert all(each.headers["Content-Type"].startswith("text/html") for each in resources)

    checked = subprocess.run([BIN / "warcio", "check", out], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout
    done = subprocess.run(
        [BIN / "cdxj-indexer", out], capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = [json.loads(line.split(" ", 2)[2]) for line in done.stdout.splitlines()]
    lines = [each for each in found if each["mime"] == "text/html"]
    assert {each["url"] for each in lines} == stored.keys()
    assert all("status" not in each or each["status"] in ("", "-") for each in lines)
    # A reader that seeks to an offset finds a member that holds this record alone.
    data = out.read_bytes()
    for each in lines:
        begin, length = int(each["offset"]), int(each["length"])
        member = zlib.decompress(data[begin : begin + length], 16 + zlib.MAX_WBITS)
        assert each["url"].encode() in member
        assert member.count(b"WARC/1.1\r\n") == 1


def test_filters_choose_the_articles(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.warc.gz"

    def bodies(*words: str) -> list[bytes]:
        export(path, out, *words)
        return [each.body for each in read(out) if each.type == "resource"]

    assert bodies("--source", "证券时报") == [b"second"]
    assert bodies(FIRST) == [b"old", b"new"]
    ((seq,),) = query(path, f"SELECT seq FROM articles WHERE id = '{FIRST}'")
    assert bodies("--since-seq", str(seq)) == [b"second"]
    done = command("newscrawl", "export", "--db", str(path), "-o", str(out), "--columns", "title")
    assert (done.returncode, "not for warc" in done.stderr) == (Exit.USAGE, True)


def test_standard_output(path: Path, tmp_path: Path) -> None:
    words = [BIN / "newscrawl", "export", "--format", "warc", "--db", path]
    done = subprocess.run(words, capture_output=True, check=True)
    (tmp_path / "a.warc.gz").write_bytes(done.stdout)
    assert len(read(tmp_path / "a.warc.gz")) == 7


def test_bytes_that_are_not_there(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.warc.gz"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM raw_pages WHERE hash = ?", (page_hash(b"old"),))
    said = export(path, out)
    assert "1 pages left out: their bytes are not in this archive." in said
    before = out.read_bytes()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM raw_pages")
    done = command("newscrawl", "export", "--db", str(path), "-o", str(out))
    assert (done.returncode, "a copy without its raw pages" in done.stderr) == (
        Exit.STORE, True,
    )  # fmt: skip
    assert out.read_bytes() == before


def test_without_warcio(path: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['warcio'] = None; from newscrawl.cli import main; main()"
    out = tmp_path / "a.warc.gz"
    done = subprocess.run(
        [sys.executable, "-c", code, "export", "--db", path, "-o", out],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "pip install 'newscrawl[warc]'" in done.stderr) == (Exit.USAGE, True)
    assert not out.exists()


def test_pruned_pages(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.warc.gz"
    done = command(
        "newscrawl", "prune", "--raw-pages", "--older-than", "1y", "--yes", "--db", str(path)
    )
    assert done.returncode == 0, done.stderr
    ((pruned,),) = query(path, "SELECT count(*) FROM raw_pages WHERE pruned_at IS NOT NULL")
    assert pruned >= 3
    assert "3 pages left out: their bytes were pruned." in export(path, out)
    assert [each.type for each in read(out)] == ["warcinfo"]
