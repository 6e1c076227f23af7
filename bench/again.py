"""A second crawl: of a site that is as it was, one that was rebuilt, and one that has news.

    python -m bench again --pages 500 --news 20 --edits 5 --runs 5

The same sample site as in `crawl`, served in the same way, is crawled once; then again when nothing
has changed; when the site was rebuilt, so that every file is the same and younger; and when
some articles are new and some were edited in place. Each program starts at the home page, as it
would by a schedule, and keeps what it likes between its runs. Counted are the requests of each
run, its bytes, its seconds, and how many of the new and edited articles it found.

newscrawl revisits a post half an hour after it was stored; `--revisit` revisits it at once, and is
measured besides. A run's seconds are those of the whole process, as a scheduler sees them.

news-please keeps what it knows in a database; without one it has no memory. Its crawler filters the
links of a site at an address with a port as those of another site, and finds nothing here.

With 500 pages and five runs: some 6 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samplesite.site import Site

from bench import environments, processes, results
from bench.crawl import FAST, PEERS, add_sides, version_of
from bench.serving import Serving, linked, site_with


@dataclass(frozen=True)
class Side:
    """One program that crawls again and again into the same folder."""

    about: str
    peer: str
    command: Callable[[Path, str, Path], list[str | Path]]
    titles: Callable[[Path], set[str]]
    """The titles and texts of what it has stored."""


def newscrawl(*words: str) -> Callable[[Path, str, Path], list[str | Path]]:
    """Return what makes the command of a crawl."""
    return lambda python, url, work: [
        python.with_name("newscrawl"), "crawl", "category", "--base-url", url,
        "--db", work / "news.db", *FAST, *words,
    ]  # fmt: skip


def in_archive(work: Path) -> set[str]:
    """Return title and last line of each article in an archive."""
    with closing(sqlite3.connect(work / "news.db")) as db:
        return {_key(*row) for row in db.execute("SELECT title, body_text FROM articles")}


def in_lines(work: Path) -> set[str]:
    """Return title and last line of each article in JSON Lines, the last of each address."""
    last: dict[str, str] = {}
    for line in (work / "articles.jsonl").read_text(encoding="utf-8").splitlines():
        each = json.loads(line)
        last[each["url"]] = _key(each.get("title"), each.get("body"))
    return set(last.values())


def in_folder(work: Path) -> set[str]:
    """Return title and last line of each article that news-please wrote as a file."""
    found = [json.loads(each.read_text(encoding="utf-8")) for each in work.rglob("*.html.json")]
    return {_key(each.get("title"), each.get("maintext")) for each in found}


def _key(title: str | None, text: str | None) -> str:
    return f"{title} {'本文经第' in (text or '')}"


def scrapy(*words: str) -> Callable[[Path, str, Path], list[str | Path]]:
    """Return what makes the command of the plain project, which appends to its file."""
    return lambda python, url, work: [
        python.with_name("scrapy"), "runspider", PEERS / "plain_spider.py", "-a", f"home={url}",
        "-s", "LOG_LEVEL=INFO", "-o", work / "articles.jsonl",
        *(each.format(work=work) for each in words),
    ]  # fmt: skip


CACHE = ("-s", "HTTPCACHE_ENABLED=1", "-s", "HTTPCACHE_DIR={work}/cache")
RFC = "scrapy.extensions.httpcache.RFC2616Policy"
SIDES = {
    "newscrawl": Side("newscrawl", "newscrawl", newscrawl(), in_archive),
    "newscrawl-again": Side("newscrawl --revisit", "newscrawl", newscrawl("--revisit"), in_archive),
    "scrapy-cache": Side(
        "Scrapy with HTTPCACHE, RFC2616Policy", "scrapy",
        scrapy(*CACHE, "-s", f"HTTPCACHE_POLICY={RFC}"), in_lines,
    ),
    "scrapy-revalidates": Side(
        "Scrapy with HTTPCACHE, asking each time (max-age=0)", "scrapy",
        scrapy(
            *CACHE, "-s", f"HTTPCACHE_POLICY={RFC}",
            "-s", 'DEFAULT_REQUEST_HEADERS={{"Cache-Control":"max-age=0"}}',
        ),
        in_lines,
    ),
    "scrapy": Side("Scrapy, no memory", "scrapy", scrapy(), in_lines),
    "deltafetch": Side(
        "Scrapy with scrapy-deltafetch", "deltafetch",
        scrapy(
            "-s", 'SPIDER_MIDDLEWARES={{"scrapy_deltafetch.DeltaFetch":100}}',
            "-s", "DELTAFETCH_ENABLED=1", "-s", "DELTAFETCH_DIR={work}/delta",
        ),
        in_lines,
    ),
    "news-please": Side(
        "news-please, its command", "news-please",
        lambda python, url, work: [python, PEERS / "newsplease_site.py", url, work],
        in_folder,
    ),
}  # fmt: skip
STAGES = ("first", "unchanged", "rebuilt", "news")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen."""
    parser.add_argument("--pages", type=int, default=500, help="posts of the site")
    parser.add_argument("--news", type=int, default=20, help="new articles in the last run")
    parser.add_argument("--edits", type=int, default=5, help="edited articles in the last run")
    parser.add_argument("--runs", type=int, default=5, help="of each side, from the start")
    add_sides(parser, SIDES)


class Made:
    """The site at its stages: as files, of which only those that differ get another time."""

    def __init__(self, folder: Path, pages: int, news: int, edits: int) -> None:
        self.folder = folder
        before = site_with(pages).articles
        total = before + news
        whole = Site(articles=total)
        self.first = whole.showing(0, before)
        edited = [each for each in range(before) if whole.kind(each).listed]
        self.edited = edited[:: max(1, len(edited) // edits)][:edits]
        after = whole
        for number in self.edited:
            after = after.edited(number, 1 + number % 2)
        self.after = after
        self.new = range(before, total)
        self.root = folder / "site"

    def stage(self, name: str) -> None:
        """Make the files what they are at a stage."""
        if name == "first":
            shutil.rmtree(self.root, ignore_errors=True)
            self.first.write(self.root)
            self._age(self.root.rglob("*"), 3 * 3600)
        elif name == "rebuilt":
            self._age(self.root.rglob("*"), 3600)  # younger than three hours
        elif name == "news":
            fresh = self.folder / "fresh"
            self.after.write(fresh)
            for file in [each for each in fresh.rglob("*") if each.is_file()]:
                old = self.root / file.relative_to(fresh)
                if not old.exists() or old.read_bytes() != file.read_bytes():
                    old.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, old)
            shutil.rmtree(fresh)

    @staticmethod
    def _age(files: Iterable[Path], seconds: float) -> None:
        for each in files:
            if each.is_file():
                when = time.time() - seconds
                os.utime(each, (when, when))

    def wanted(self) -> tuple[set[str], set[str]]:
        """Return the keys of the new articles, and of the edited ones."""
        new = {_truth(self.after, each) for each in self.new}
        return new, {_truth(self.after, each) for each in self.edited}


def _truth(site: Site, number: int) -> str:
    truth = site.article(number)
    return _key(truth.title, "\n".join(truth.full.paragraphs) + (truth.digest or ""))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure; return what was found."""
    core, other = processes.cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = Made(folder, options.pages, options.news, options.edits)
        made.stage("first")
        sides: dict[str, dict[str, Any]] = {each: {} for each in options.sides}
        with Serving(made.root, folder / "server", other, nginx=not options.no_nginx) as server:
            for number in range(options.runs):
                for stage in STAGES:
                    made.stage(stage)
                    for each, found in sides.items():
                        if "missing" not in found:
                            work = folder / f"{each}-{number}"
                            _run_once(each, work, server, core, options, found, stage, made)
                            print(number + 1, stage, each, found.get("missing") or "",
                                  file=sys.stderr, flush=True)  # fmt: skip
            served_by = server.name
        pages = len(linked(made.first))
    for found in sides.values():
        for stage in found.get("stages", {}).values():
            stage["median_seconds"] = results.median(stage["seconds"])
    return {
        "pages": pages, "news": options.news, "edits": options.edits, "served_by": served_by,
        "runs": options.runs,
        "sides": sides,
    }  # fmt: skip


def _run_once(
    name: str, work: Path, server: Serving, core: int, options: argparse.Namespace,
    found: dict[str, Any], stage: str, made: Made,
) -> None:  # fmt: skip
    side = SIDES[name]
    found.update(about=side.about, version=version_of(side.peer))
    try:
        python = environments.python_of(side.peer, here=options.here)
    except environments.Missing as missing:
        found["missing"] = str(missing)
        return
    work.mkdir(exist_ok=True)
    mark = server.mark()
    log = work.with_suffix(".log")
    done = processes.run(side.command(python, server.url, work), log, core=core, cwd=work)
    hits = server.since(mark)
    if done.code or (stage == "first" and len(hits) < options.pages // 2):
        found["missing"] = _reason(done, len(hits))
        return
    row = found.setdefault("stages", {}).setdefault(stage, {"seconds": []})
    row["seconds"].append(round(done.seconds, 3))
    row["requests"] = len(hits)
    row["not_modified"] = sum(hit.status == 304 for hit in hits)
    row["bytes"] = sum(hit.bytes for hit in hits)
    stored = side.titles(work)
    row["articles"] = len(stored)
    if stage == "news":
        new, edited = made.wanted()
        row["new_found"], row["edits_found"] = len(new & stored), len(edited & stored)


def _reason(done: processes.Done, requests: int) -> str:
    """Return why a program did not crawl: its last error, in a line."""
    if not done.code:
        return f"ended well after {requests} requests, without an article of this site"
    errors = [each for each in done.output.splitlines() if "Error" in each or "rror:" in each]
    last = (errors or done.output.strip().splitlines() or ["it said nothing"])[-1]
    return results.plain(f"does not start (exit code {done.code}): {last.strip()[:300]}")
