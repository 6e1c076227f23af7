"""Loading post files: posts a second, the first tenth against the last, and memory.

    python -m bench load --articles 86000

The posts of a sample site, packed into a .tar.gz, are loaded by `newscrawl crawl posts` into a
fresh archive, with the search index, in a process of its own on one core. What it has done is read
from the archive while it runs.

With 86,000 articles, which are 100,419 posts, some 4 minutes.
"""

from __future__ import annotations

import argparse
import io
import sqlite3
import sys
import tarfile
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from samplesite import Site

from bench import processes

PROGRAM = Path(sys.executable).with_name("newscrawl")
ENDS = "new + extended + changed + unchanged + duplicate + rejected + failed"


class Progress(threading.Thread):
    """Reads from an archive five times a second how many pages its run has dealt with."""

    def __init__(self, db: Path) -> None:
        super().__init__(daemon=True)
        self.db = db
        self.samples: list[tuple[float, int]] = []
        """Unix time, pages."""
        self._ending = threading.Event()

    def run(self) -> None:
        """Look until told to end."""
        while not self._ending.wait(0.2):
            self._look()

    def end(self) -> None:
        """Look once more, and end."""
        self._ending.set()
        self.join()
        self._look()

    def _look(self) -> None:
        try:
            with closing(sqlite3.connect(f"{self.db.as_uri()}?mode=ro", uri=True)) as connection:
                [(pages,)] = connection.execute(f"SELECT {ENDS} FROM runs")
        except (sqlite3.Error, ValueError):
            return  # before its first commit
        if pages and (not self.samples or pages > self.samples[-1][1]):
            self.samples.append((time.time(), pages))


def watch(words: processes.Command, db: Path, core: int) -> dict[str, Any]:
    """Run a crawl into a fresh archive; return how fast it was, and what memory it took, when."""
    progress, memory = Progress(db), list[tuple[float, float]]()
    progress.start()
    done = processes.run(words, db.parent / "log", core=core, watch=memory, limit=6 * 3600)
    progress.end()
    processes.check(done, "the crawl")
    samples = [(done.began, 0), *progress.samples]
    total = samples[-1][1]
    tenth = next(when for when, pages in samples if pages >= total / 10)
    return {
        "pages": total,
        "seconds": round(done.seconds, 2),
        "pages_a_second": round(total / done.seconds, 1),
        "first_tenth": _rate(samples[1:], 0, 0.1),
        "last_tenth": _rate(samples[1:], 0.9, 1),
        "tenth_mb": round(max((mb for when, mb in memory if when <= tenth), default=0), 1),
        "peak_mb": done.peak_mb,
        "archive_bytes_a_page": db.stat().st_size // total,
        "processor": round(done.processor, 2),
    }


def _rate(samples: list[tuple[float, int]], begin: float, end: float) -> float | None:
    """Return pages a second between two parts of the whole; None where that is one look."""
    total = samples[-1][1]
    before = [each for each in samples if each[1] <= begin * total] or samples[:1]
    part = [before[-1], *(each for each in samples if begin * total < each[1] <= end * total)]
    seconds = part[-1][0] - part[0][0]
    return round((part[-1][1] - part[0][1]) / seconds, 1) if seconds > 0 else None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen."""
    parser.add_argument("--articles", type=int, default=86_000)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure; return what was found."""
    core, _ = processes.cores()
    with tempfile.TemporaryDirectory() as folder:
        archive, db = Path(folder, "posts.tar.gz"), Path(folder, "news.db")
        count, size = pack(archive, options.articles)
        words: processes.Command = [PROGRAM, "crawl", "posts", archive, "--db", db]
        return {"posts": count, "post_bytes": size // count, **watch(words, db, core)}


def pack(path: Path, articles: int) -> tuple[int, int]:
    """Write a mirror's post files into an archive; return their number and bytes."""
    count = size = 0
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, body in Site(articles=articles).posts():
            member = tarfile.TarInfo(f"finews/{name}")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
            count, size = count + 1, size + len(body)
    return count, size
