"""A crawl of a site that misbehaves in hundreds of ways, with good articles between: one run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from crawls import ROOT, assert_balanced, ledger, query
from crawls import crawl as in_process
from faults import SITE
from misbehaviours import ALONE
from misbehaviours.alone import FEED, Alone
from misbehaviours.http import FORGED, forged_later
from misbehaviours.making import HTML, MAXSIZE, TIMEOUT, Row, head, length
from misbehaviours.server import Asked, Hostile, Last, Step
from misbehaviours.site import Site
from misbehaviours.table import as_markdown, written
from samplesite.truth import Truth

from newscrawl.runs.outcome import Exit

MAX_LINKS = 500
SETTINGS = {
    "DOWNLOAD_TIMEOUT": TIMEOUT,
    "DOWNLOAD_MAXSIZE": MAXSIZE,
    "RETRY_TIMES": 1,
    "CONCURRENT_REQUESTS": 24,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 24,
    "NEWSCRAWL_MAX_LINKS": MAX_LINKS,
}
SECONDS, CPU_SECONDS, MEGABYTES = 300, 90, 500
"""What the crawl may take: by the clock of a busy machine, of the processor, and at its peak."""

MEASURED = """
import json, os, subprocess, sys

child = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, usage = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
print(json.dumps({"exit": child.returncode, "cpu_seconds": usage.ru_utime + usage.ru_stime,
                  "peak_kb": usage.ru_maxrss}))
"""
"""Runs a command from a small process: a child's peak is at least that of its parent, and that of
the tests may be a gigabyte."""


@dataclass(frozen=True)
class Crawled:
    """What the crawl came to."""

    db: Path
    log: str
    seconds: float
    exit: int
    cpu_seconds: float
    peak_kb: int

    def ends(self) -> Mapping[str, set[tuple[str, str]]]:
        """Return how each address ended, by its path: the end, and its reason or sentence."""
        found: dict[str, set[tuple[str, str]]] = {}
        for url, end, says in (
            *query(self.db, "SELECT url, 'stored', '' FROM observations"),
            *query(self.db, "SELECT url, 'rejected', reason FROM rejects"),
            *((url, "failed", says) for url, says in self._said("Failed")),
            *query(
                self.db,
                "SELECT url, iif(failure IS NULL, 'read', 'lost'), coalesce(failure, '')"
                " FROM listings WHERE listing_kind = 'category'",
            ),
        ):
            found.setdefault("/" + url.split("/", 3)[3], set()).add((end, says))
        return found

    def _said(self, word: str) -> list[tuple[str, str]]:
        return re.findall(rf"info {word} (http://[^ ]+): (.*)", self.log)


def crawl(site: Site, folder: Path) -> Crawled:
    """Crawl the site with the command that people use."""
    db, log = folder / "news.db", folder / "log"
    words = [
        str(Path(sys.executable).with_name("newscrawl")), "crawl", "category", "--share",
        "--db", str(db), "--base-url", site.url, "--delay", "0",
    ]  # fmt: skip
    for name, value in SETTINGS.items():
        words += ["-s", f"{name}={value}"]
    began = time.monotonic()
    with log.open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=file,
            text=True, check=True,
        )  # fmt: skip
    used = json.loads(done.stdout)
    seconds = time.monotonic() - began
    return Crawled(db, log.read_text("utf-8", "replace"), seconds, **used)


def test_site_of_misbehaviours(tmp_path: Path) -> None:
    site = Site()
    with Hostile(site.answer) as server, Hostile(lambda path, time: ()) as canary:
        site.url, site.canary = server.url, canary.url
        crawled = crawl(site, tmp_path)
    assert crawled.exit == Exit.DEGRADED, crawled.log[-2000:]
    assert "\nTraceback" not in crawled.log

    assert server.errors == []
    ends = crawled.ends()
    assert wrong_ends(site, ends) == []
    assert wrong_articles(site, crawled.db) == []
    assert_all_accounted_for(crawled, ends)

    assert canary.asked == [], "another port of the host was asked"
    assert [path for path, headers in server.asked if "cookie" in headers] == []
    unsafe = "body_html LIKE '%<script%' OR body_html LIKE '%onerror%' OR body_html LIKE '%<svg%'"
    assert query(crawled.db, f"SELECT id FROM articles WHERE {unsafe}") == []

    print(
        f"{crawled.seconds:.0f} s, {crawled.cpu_seconds:.0f} s of the processor, "
        f"{crawled.peak_kb // 1024} MB at the peak"
    )
    assert crawled.seconds < SECONDS
    assert crawled.cpu_seconds < CPU_SECONDS
    assert crawled.peak_kb / 1024 < MEGABYTES


def wrong_ends(site: Site, ends: Mapping[str, set[tuple[str, str]]]) -> list[str]:
    """Name the rows that ended otherwise than their table says."""
    wrong = []
    for address, row in site.rows.items():
        found = ends.get(address, set())
        if row.end == "open":
            is_right = not found
        else:
            is_right = len(found) == 1 and any(
                end == row.end and row.says in says for end, says in found
            )
        if not is_right:
            wrong.append(f"{row.about}: {row.end} {row.says!r} was to be, and it is {found}")
    return wrong


def wrong_articles(site: Site, db: Path) -> list[str]:
    """Name the articles that are not stored as they are, or that are and should not be."""
    stored = articles(db)
    wrong = []
    for truth in site.good:
        expected = as_stored(truth, is_resolved=truth.info_code in site.resolved)
        found = stored.pop(truth.info_code, None)
        if found != expected:
            wrong.append(f"{truth.info_code}: {found} is not {expected}")
    for address, row in site.rows.items():
        if row.end == "stored" and (truth := site.truths[address]).info_code in stored:
            wrong += wrong_words(row, truth, stored.pop(truth.info_code), site)
    return wrong + [f"{each} should not be stored" for each in stored]


def wrong_words(row: Row, truth: Truth, found: dict[str, Any], site: Site) -> list[str]:
    """Return what is wrong with an article of a page that misbehaved."""
    expected = as_stored(truth, is_resolved=truth.info_code in site.resolved)
    if row.kept == "exact":
        return [] if found == expected else [f"{row.about}: {found} is not {expected}"]
    lost = set() if row.kept == "title" else set(lines(expected)[1:]) - set(lines(found))
    is_right = found["title"].startswith(truth.title) and not lost
    return [] if is_right else [f"{row.about}: without {lost} of {found}"]


def lines(article: dict[str, Any]) -> list[str]:
    return (article["body_text"] or "").split("\n")


def as_stored(truth: Truth, *, is_resolved: bool) -> dict[str, Any]:
    """Return an article as the archive should have it, from its post or its share answer."""
    told = truth.full if is_resolved else truth
    return {
        "title": truth.title,
        "published_at": truth.published_at,
        "source": truth.source,
        "body_text": "\n".join(told.paragraphs),
        "categories": sorted({*truth.slugs, *truth.listings}),
        "tags": sorted(truth.tags),
        "mentions": sorted(
            (m.market, m.code, m.name, m.kind, m.times, m.origin) for m in told.mentions
        ),
    }


def articles(db: Path) -> dict[str, dict[str, Any]]:
    """Return every article as :func:`as_stored` does, by infoCode."""
    names = ("title", "published_at", "source", "body_text")
    found: dict[str, dict[str, Any]] = {
        info_code: {
            **dict(zip(names, values, strict=True)),
            "categories": [],
            "tags": [],
            "mentions": [],
        }
        for info_code, *values in query(db, f"SELECT id, {', '.join(names)} FROM articles")
    }
    for name, sql in (
        ("categories", "SELECT article_id, category FROM article_categories ORDER BY 1, 2"),
        ("tags", "SELECT article_id, tag FROM article_tags ORDER BY 1, 2"),
    ):
        for info_code, value in query(db, sql):
            found[info_code][name].append(value)
    sql = (
        "SELECT article_id, market, code, name, kind, times, origin FROM mentions"
        " WHERE origin <> 'list' ORDER BY market, code, name, kind, times, origin"
    )
    for info_code, *values in query(db, sql):
        found[info_code]["mentions"].append(tuple(values))
    return found


def assert_all_accounted_for(crawled: Crawled, ends: Mapping[str, set[tuple[str, str]]]) -> None:
    """Check the run's ledger: it balances, and counts what there is."""
    run = ledger(crawled.db)
    assert_balanced(run)
    counted = Counter(end for found in ends.values() for end, _ in found)
    assert run["failed"] == counted["failed"]
    assert run["rejected"] == counted["rejected"]
    stored = sum(run[each] for each in ("new", "extended", "changed", "unchanged", "duplicate"))
    assert stored == counted["stored"]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=f"{title}: {row.about}")
        for title, rows in ALONE.items()
        for row in rows
    ],
)
async def test_run_of_its_own(row: Alone, tmp_path: Path) -> None:
    def answer(path: str, time: int) -> Iterable[Step]:
        found = SITE.respond(path)
        if path != row.path:
            yield head(HTML, length(found.body), status=f"{found.status} X") + found.body
            yield Last.KEEP
            return
        other = next(SITE.truths()).paths[0]
        body = SITE.respond(other).body
        yield from row.answer(Asked(server.url, path, found.body, other, body, canary.url, time))

    spider = "feed" if row.path == FEED else "category"
    settings = {"DOWNLOAD_TIMEOUT": 2, "DOWNLOAD_MAXSIZE": MAXSIZE}
    with Hostile(answer) as server, Hostile(lambda path, time: ()) as canary:
        outcome = await in_process(spider, tmp_path / "news.db", server.url, settings=settings)
    assert server.errors == []
    assert outcome.exit is row.exit, outcome
    assert row.says in outcome.reason
    assert canary.asked == []
    run = ledger(tmp_path / "news.db")
    assert_balanced(run)
    if row.exit is Exit.OK and spider == "category":
        assert run["new"] == len({truth.info_code for truth in SITE.truths() if truth.linked})


async def test_answer_that_nobody_asked_for(tmp_path: Path) -> None:
    """On a connection that is kept it would pass for the answer to the next request.

    Of another page of the same article it may: what a server says of an article is its own affair.
    """

    def answer(path: str, time: int) -> Iterable[Step]:
        found = SITE.respond(path)
        asked = Asked(server.url, path, found.body, "", b"", "", time)
        if path in posts:
            yield from forged_later(asked)
        else:
            yield head(HTML, length(found.body), status=f"{found.status} X") + found.body
            yield Last.KEEP

    posts = {path for truth in SITE.truths() for path in truth.paths}
    with Hostile(answer) as server:
        settings = {"DOWNLOAD_TIMEOUT": 2}
        await in_process("category", tmp_path / "news.db", server.url, settings=settings)
    assert_balanced(ledger(tmp_path / "news.db"))
    [(stored,)] = query(tmp_path / "news.db", "SELECT count(*) FROM articles")
    assert stored > 0
    told = "SELECT id, body_text FROM articles WHERE body_text LIKE ?"
    for id_, text in query(tmp_path / "news.db", told, f"%{FORGED}%"):
        assert f"{FORGED}{id_.removeprefix('NW').removeprefix('finews:')}" in text, id_


def test_table_of_the_doc() -> None:
    assert written() == as_markdown(), "stale: cd tests; python -m misbehaviours"
