"""How fast `posts` loads an archive of post files, and whether its memory stays flat.

    python bench/load_posts.py --articles 100000

Makes the posts of a made mirror into a .tar.gz, loads them by `scrapy crawl posts` into a fresh
archive in a process of its own on one core, and watches the run's counters from outside.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from newscrawl.mirror import Site

ROOT = Path(__file__).parents[1]
ENDS = "new + richer + changed + unchanged + duplicate + rejected + failed"


class Sample(NamedTuple):
    """How far a run is."""

    seconds: float
    posts: int
    memory: int
    """Bytes in memory now."""


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


def load(archive: Path, db: Path, core: int) -> list[Sample]:
    """Load the archive on one core; return how far it was, about five times a second."""
    scrapy = Path(sys.executable).with_name("scrapy")
    command = [str(scrapy), "crawl", "posts", "-a", f"paths={archive}", "-o", f"{db}:db"]
    with (db.parent / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )  # fmt: skip
    samples = []
    while process.poll() is None:
        time.sleep(0.2)
        if sample := look(db, process.pid):
            samples.append(sample)
    if process.returncode:
        sys.exit((db.parent / "log").read_text()[-3000:])
    return samples


def look(db: Path, pid: int) -> Sample | None:
    """Return how far a run is; None before its first commit."""
    try:
        with closing(sqlite3.connect(f"{db.as_uri()}?mode=ro", uri=True)) as connection:
            [(posts,)] = connection.execute(f"SELECT {ENDS} FROM runs")  # noqa: S608
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (sqlite3.Error, OSError, ValueError):
        return None
    return Sample(time.monotonic(), posts, pages * resource.getpagesize()) if posts else None


def rate(samples: list[Sample], begin: float, end: float) -> float:
    """Posts a second between two parts of the whole, such as 0.9 and 1."""
    total = samples[-1].posts
    part = [each for each in samples if begin * total <= each.posts <= end * total]
    if len(part) < 2 or part[-1].seconds == part[0].seconds:
        return float("nan")
    return (part[-1].posts - part[0].posts) / (part[-1].seconds - part[0].seconds)


def main() -> None:
    """Make, load, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--core", type=int, default=0, help="the core that loads")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive, db = Path(folder, "posts.tar.gz"), Path(folder, "news.db")
        count, size = pack(archive, options.articles)
        print(f"{count} posts of {size // count} bytes, {archive.stat().st_size >> 20} MB packed")
        begin = time.monotonic()
        samples = load(archive, db, options.core)
        seconds = time.monotonic() - begin
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        tenth = next(each for each in samples if each.posts >= samples[-1].posts / 10)
        print(f"first tenth {rate(samples, 0, 0.1):.0f} posts/s")
        print(f"last tenth  {rate(samples, 0.9, 1):.0f} posts/s")
        print(f"whole       {count / seconds:.0f} posts/s, with start and end ({seconds:.1f} s)")
        print(f"memory      {tenth.memory >> 20} MB after a tenth, {peak:.0f} MB at most")
        print(f"archive     {db.stat().st_size >> 20} MB")


if __name__ == "__main__":
    main()
