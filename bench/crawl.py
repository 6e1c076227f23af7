"""A crawl beside others: pages a second from the first request to the stored article.

    python -m bench crawl --pages 2000 --runs 5

A sample site is written to static files and served from another process, on another core where
there is one. Each program is pinned to one core, is given the same posts, and runs to its end;
between two runs of one lies a run of each other. The time is from the first request, by the
server's log, until the process has ended. All but newscrawl are given the addresses of the posts;
newscrawl finds them, so its robots.txt, home page and listings count against it.

With all peers, 2,000 pages and five runs: some 20 minutes.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from bench import environments, processes, results
from bench.serving import Serving, write_site

PEERS = Path(__file__).parent / "peers"
FAST = ("--fast",)
"""What makes `newscrawl crawl` as fast as it is: the server is our own."""
BASE = "scrapy"
"""The side that the others are compared with."""


@dataclass(frozen=True)
class Task:
    """What every side is given."""

    url: str
    urls: Path
    """A file with the addresses of all posts."""
    work: Path
    """An empty folder for what it writes."""


@dataclass(frozen=True)
class Side:
    """One program that crawls."""

    about: str
    peer: str
    command: Callable[[Path, Task], list[str | Path]]
    stored: Callable[[Task], int] | None = None
    """How many posts lie in what it wrote; None for one that keeps nothing."""


def newscrawl(python: Path, task: Task) -> list[str | Path]:
    """Return the crawl of a whole mirror."""
    return [
        python.with_name("newscrawl"), "crawl", "category", "--base-url", task.url,
        "--db", task.work / "news.db", *FAST,
    ]  # fmt: skip


def searchable(task: Task) -> int:
    """Return how many posts are committed; raise where one's article is not in the index."""
    with closing(sqlite3.connect(task.work / "news.db")) as db:
        [(pages,)] = db.execute("SELECT count(*) FROM observations WHERE page_kind = 'post_page'")
        [(without,)] = db.execute(
            "SELECT count(*) FROM articles WHERE first_seq NOT IN"
            " (SELECT id FROM articles_fts_docsize)"
        )
    if without:
        raise SystemExit(f"{without} articles are not in the search index")
    return int(pages)


def scrapy(spider: str, *words: str) -> Callable[[Path, Task], list[str | Path]]:
    """Return what makes the command of a spider in one file. INFO is newscrawl's level, too."""

    def command(python: Path, task: Task) -> list[str | Path]:
        given = [each.format(work=task.work) for each in words]
        return [
            python.with_name("scrapy"), "runspider", PEERS / spider, "-a", f"urls={task.urls}",
            "-s", "LOG_LEVEL=INFO", *given,
        ]  # fmt: skip

    return command


def library(name: str) -> Callable[[Path, Task], list[str | Path]]:
    """Return what makes the command of a library."""
    return lambda python, task: [
        python, PEERS / "fetch.py", name, task.urls, task.work / "articles.jsonl",
    ]  # fmt: skip


def lines(task: Task) -> int:
    """Return how many articles were written as JSON Lines."""
    with (task.work / "articles.jsonl").open("rb") as file:
        return sum(1 for _ in file)


TUNED = (
    "-s", "TWISTED_REACTOR_ENABLED=0", "-s", "CONCURRENT_ITEMS=1", "-s", "CONCURRENT_REQUESTS=16",
    "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=8", "-s", "COOKIES_ENABLED=0",
    "-s", "METAREFRESH_ENABLED=0", "-s", "REMOTE_CONTROL_ENABLED=0", "-s", "LOGSTATS_INTERVAL=0",
)  # fmt: skip

SIDES = {
    "newscrawl": Side("newscrawl, into a searchable archive", "newscrawl", newscrawl, searchable),
    BASE: Side("Scrapy, stock settings: downloads and drops", "scrapy", scrapy("bare_spider.py")),
    "scrapy-tuned": Side(
        "Scrapy without a reactor, otherwise tuned: downloads and drops", "newscrawl",
        scrapy("bare_spider.py", *TUNED),
    ),
    "scrapy-project": Side(
        "plain Scrapy project: ItemLoader, JSON Lines", "scrapy",
        scrapy("plain_spider.py", "-O", "{work}/articles.jsonl"), lines,
    ),
    "gne": Side("GNE with requests, JSON Lines", "gne", library("gne"), lines),
    "trafilatura": Side("trafilatura, JSON Lines", "trafilatura", library("trafilatura"), lines),
    "newspaper4k": Side("newspaper4k, JSON Lines", "newspaper4k", library("newspaper4k"), lines),
    "news-please": Side("news-please, JSON Lines", "news-please", library("news-please"), lines),
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen."""
    parser.add_argument("--pages", type=int, default=2000, help="posts of the site")
    parser.add_argument("--runs", type=int, default=5, help="of each side")
    add_sides(parser, SIDES)


def add_sides(parser: argparse.ArgumentParser, sides: dict[str, Any]) -> None:
    """Add what says which sides are measured, where, and by which server."""
    parser.add_argument("--sides", nargs="+", choices=list(sides), default=list(sides))
    parser.add_argument(
        "--here", action="store_true",
        help="run peers in this environment, in whatever version it has (for tests)",
    )  # fmt: skip
    parser.add_argument(
        "--no-nginx", action="store_true", help="serve by the mirror's own server"
    )  # fmt: skip


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure; return what was found."""
    core, other = processes.cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_site(folder / "site", options.pages)
        files = [folder / "site" / unquote(path).lstrip("/") for path in paths]
        size = sum(each.stat().st_size for each in files)
        with Serving(
            folder / "site", folder / "server", other, nginx=not options.no_nginx
        ) as server:
            urls = folder / "urls.txt"
            urls.write_text("".join(f"{server.url}{path[1:]}\n" for path in paths))
            sides: dict[str, dict[str, Any]] = {each: {"runs": []} for each in options.sides}
            for number in range(options.runs):
                for each, found in sides.items():
                    if "missing" not in found:
                        work = folder / f"{each}-{number}"
                        _run_once(each, Task(server.url, urls, work), server, core, options, found)
                        print(f"{number + 1} {each}: {(found['runs'] or [found])[-1]}",
                              file=sys.stderr, flush=True)  # fmt: skip
            served_by = server.name
    summarise(sides, len(paths))
    return {
        "pages": len(paths), "page_bytes": size // len(paths), "served_by": served_by,
        "cores": "one each" if core != other else "one for both", "sides": sides,
    }  # fmt: skip


def _run_once(
    name: str, task: Task, server: Serving, core: int, options: argparse.Namespace,
    found: dict[str, Any],
) -> None:  # fmt: skip
    side = SIDES[name]
    found.update(about=side.about, version=version_of(side.peer))
    try:
        python = environments.python_of(side.peer, here=options.here)
    except environments.Missing as missing:
        found["missing"] = str(missing)
        return
    task.work.mkdir()
    mark = server.mark()
    done = processes.run(side.command(python, task), task.work / "log", core=core, cwd=task.work)
    hits = server.since(mark)
    if done.code or not hits:
        found["missing"] = results.plain(f"ended with {done.code}: {done.output.strip()[-300:]}")
        return
    found["runs"].append(
        {
            "seconds": round(done.ended - min(hit.began for hit in hits), 3),
            "processor": round(done.processor, 3),
            "peak_mb": done.peak_mb,
            "requests": len(hits),
            "bytes": sum(hit.bytes for hit in hits),
            "stored": side.stored(task) if side.stored else None,
        }
    )


def version_of(peer: str) -> str:
    """Return a side's version in words."""
    if peer == environments.OWN:
        return "this checkout"
    return " ".join(environments.peers()[peer]).replace("==", " ")


def summarise(sides: dict[str, dict[str, Any]], pages: int) -> None:
    """Add to each side its medians, and its ratio to the base run by run."""
    base = [each["seconds"] for each in sides.get(BASE, {}).get("runs", [])]
    for found in sides.values():
        runs = found["runs"]
        if "missing" in found or not runs:
            continue
        seconds = [each["seconds"] for each in runs]
        found["pages_a_second"] = results.median([pages / each for each in seconds])
        found["peak_mb"] = results.median([each["peak_mb"] for each in runs])
        found["us_a_page"] = results.median([each["processor"] / pages * 1e6 for each in runs])
        if len(base) == len(seconds):
            found["speed"] = results.ratio(base, seconds)
