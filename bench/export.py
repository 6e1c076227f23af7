"""How fast articles are exported, and whether memory stays flat: rows a second and peak RSS.

    python bench/export.py --articles 1000000

Makes an archive of so many articles by SQL, then runs `newscrawl export` for each format in a
process of its own and watches what it took. Markdown and jsonl are streams here; a folder of a
million files measures the file system.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from archives import article, fill, multiply, page  # noqa: E402

from newscrawl.readers.exports import FORMATS  # noqa: E402


def make(path: Path, articles: int, characters: int) -> None:
    """Make an archive."""
    fill(path, article(page()))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        with connection:
            multiply(connection, articles - 1, characters=characters)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def run(path: Path, format_: str, out: Path) -> tuple[float, float, float]:
    """Export once; return seconds, those of the processor, and the peak of memory in MB."""
    program = str(Path(sys.executable).with_name("newscrawl"))
    begin = time.monotonic()
    words = [program, "export", "--format", format_, "--db", str(path)]
    with out.open("wb") as file:
        standard = [(os.POSIX_SPAWN_DUP2, file.fileno(), 1)]
        pid = os.posix_spawn(program, words, os.environ, file_actions=standard)
        _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{format_} ended with {os.waitstatus_to_exitcode(status)}")
    processor = usage.ru_utime + usage.ru_stime
    return time.monotonic() - begin, processor, usage.ru_maxrss / 1024


def main() -> None:
    """Make, export, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--characters", type=int, default=600, help="of each body")
    parser.add_argument("--formats", nargs="*", choices=FORMATS, default=list(FORMATS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "news.db"), Path(folder, "out")
        make(path, options.articles, options.characters)
        print(f"{options.articles} articles, {path.stat().st_size >> 20} MB")
        for format_ in options.formats:
            seconds, processor, peak = run(path, format_, out)
            size = out.stat().st_size >> 20
            rate, alone = options.articles / seconds, options.articles / processor
            print(
                f"{format_:<9} {rate:7.0f} rows/s  {alone:7.0f} rows a second of processor time"
                f"  {peak:4.0f} MB at most  {size:5} MB written",
                flush=True,
            )


if __name__ == "__main__":
    main()
