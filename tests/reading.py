"""What a reader does while a crawl writes: ``python reading.py KIND DB ARTICLES``, until stopped.

It stops when a file ``stop`` lies beside the archive, after one more look, and prints as JSON how
often it looked and how many articles it read. Anything that is not as it should be is an error.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

from samplesite.site import Site

import newscrawl
from newscrawl.archive.records import Record

EDITED = 10
"""Every so many-th article is edited while it is read, so that it is no longer as it began."""

PAUSE = 0.2
"""Seconds between two reads: what is tried is a crawl at full speed, not five readers."""


class Reader:
    """One program that reads an archive of the sample site."""

    def __init__(self, path: Path, articles: int) -> None:
        self.path = path
        self.site = Site(articles=articles)
        self.read = 0
        self.cursor = 0
        self.seen: dict[str, int] = {}
        self.dice = random.Random(1)
        self.truth = cache(self.site.article)

    def list(self) -> None:
        """The latest are in order, and each of them is there, whole."""
        with newscrawl.open(self.path) as archive:
            found = list(archive.latest(limit=200))
            times = [each.published_at or "" for each in found]
            assert times == sorted(times, reverse=True)
            for each in self.dice.sample(found, min(20, len(found))):
                article = archive.article(each.id)
                assert article is not None
                assert article.observations, each
                assert article.categories, each
                assert article.body_text, each
            self.read += len(found)

    def search(self) -> None:
        """What an article says finds it: the index is never behind the texts."""
        with newscrawl.open(self.path) as archive:
            for order in ("newest", "rank"):
                hits = list(archive.search("公司 OR 板块 OR 的", order=order, limit=100))
                self.read += len(hits)
                for each in self.dice.sample(hits, min(10, len(hits))):
                    title = (each.title or "").partition("（更正")[0].replace('"', " ")
                    found = {hit.id for hit in archive.search(f'title:"{title}"')}
                    assert each.id in found, title

    def changes(self) -> None:
        """Each state of each article comes once, in order, and whole."""
        with newscrawl.open(self.path) as archive:
            for each in archive.changes(self.cursor):
                assert each.seq > self.cursor, (each.seq, self.cursor)
                self.cursor = each.seq
                self.seen[each.id] = each.seq
                self.check(each)

    def check(self, record: Record) -> None:
        """Compare an article with what is true of it."""
        self.read += 1
        assert record.categories, record
        number = self.site.find(record.id.removeprefix("NW"))
        assert number is not None, record
        truth = self.truth(number)
        if len(truth.posts) > 1 or number % EDITED == 0:
            return  # known in part, or edited by now
        assert record.title == truth.title
        assert (record.body_text or "").split("\n") == [*truth.paragraphs]
        assert {(m.market, m.code, m.name) for m in record.mentions} == {
            (m.market, m.code, m.name) for m in truth.mentions
        }

    def export(self) -> None:
        """The command writes every article there was when it began."""
        with newscrawl.open(self.path) as archive:
            [(before,)] = archive.connection.execute("SELECT count(*) FROM articles")
        program = str(Path(sys.executable).with_name("newscrawl"))
        done = subprocess.run(
            [program, "export", "--format", "jsonl", "--db", str(self.path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        codes = {json.loads(line)["info_code"] for line in done.stdout.splitlines()}
        assert len(codes) >= before
        self.read += len(codes)

    def sql(self) -> None:
        """Another program's questions in plain SQL: all tables agree in any one moment."""
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as db:
            for without in (
                "first_seq NOT IN (SELECT id FROM articles_fts_docsize)",
                "info_code NOT IN (SELECT article_id FROM observations)",
                "info_code NOT IN (SELECT article_id FROM article_categories)",
                "seq > (SELECT value FROM meta WHERE key = 'seq')",
            ):
                halves = db.execute(f"SELECT id FROM articles WHERE {without}").fetchall()
                assert not halves, (without, halves)
            [(count,)] = db.execute("SELECT count(*) FROM articles")
            self.read += count


KINDS: dict[str, Callable[[Reader], None]] = {
    "list": Reader.list,
    "search": Reader.search,
    "changes": Reader.changes,
    "export": Reader.export,
    "sql": Reader.sql,
}


def main() -> None:
    """Read repeatedly, until stopped."""
    kind, path, articles = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    reader, looks, last = Reader(path, articles), 0, False
    while not last:
        last = path.with_name("stop").exists()
        KINDS[kind](reader)
        looks += 1
        time.sleep(PAUSE)
    print(json.dumps({"looks": looks, "articles": reader.read, "seen": reader.seen}))


if __name__ == "__main__":
    main()
