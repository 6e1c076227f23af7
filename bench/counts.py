"""What a fixed crawl does, counted and not timed: whatever the machine, within a narrow band.

    python -m bench counts          # prints, beside what is expected
    python -m bench counts --write  # makes it what is expected, in tests/regression.json

A sample site of 200 articles is crawled into a fresh archive, one request at a time; then again,
unchanged; then the same posts are loaded from files. Counted are requests, statements that SQLite
is given (not those that its search index makes of them), transactions, and calls of newscrawl's own
Python functions and from them, an article each. tests/slow/test_regression.py compares.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from samplesite.site import Site

from bench import processes
from bench.load import pack
from bench.serving import Serving

ROOT = Path(__file__).parents[1]
EXPECTED = ROOT / "tests" / "regression.json"
ARTICLES = 200
BAND = {"statements": 0.002, "calls": 0.02, "calls_of_c": 0.05}
"""What may differ. Two runs differ by a statement or two in all; libraries of another release call
back a little more or less often."""
ROUNDED = 0.02
"""What two runs may differ by in numbers an article, of which two decimals are kept."""
SETTINGS: dict[str, Any] = {
    # One at a time, and by number alone: nothing that is counted depends on the clock.
    "CONCURRENT_REQUESTS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 0,
    "AUTOTHROTTLE_ENABLED": False,
    "NEWSCRAWL_BATCH_SECONDS": 3600,
    "NEWSCRAWL_PROGRESS_SECONDS": 0,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen."""
    parser.add_argument("--write", action="store_true", help="renew tests/regression.json")
    parser.add_argument("--where", action="store_true", help="say which functions are called most")


def run(options: argparse.Namespace) -> None:
    """Count and print. There is no result: the expected numbers are the result."""
    counted, where = count()
    expected = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    for run_, numbers in counted.items():
        for name, number in numbers.items():
            before = expected.get(run_, {}).get(name)
            print(f"{run_:10} {name:24} {number:10}   expected {before}")
        if options.where:
            for function, calls in where[run_]:
                print(f"{'':10} {calls:10.2f} an article: {function}")
    if options.write:
        EXPECTED.write_text(json.dumps(counted, indent=1) + "\n")
        print(f"written: {EXPECTED.relative_to(ROOT)}")


def count() -> tuple[dict[str, dict[str, float]], dict[str, list[tuple[str, float]]]]:
    """Return for each run what it did an article, and the functions that it called most."""
    counted, where = {}, {}
    _, other = processes.cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = Site(articles=ARTICLES)
        site.write(folder / "site")
        pack(folder / "posts.tar.gz", ARTICLES)
        with Serving(folder / "site", folder / "server", other, nginx=False) as server:
            for run_, spider, arguments in (
                ("crawl", "category", {"base_url": server.url}),
                ("unchanged", "category", {"base_url": server.url}),
                ("posts", "posts", {"paths": str(folder / "posts.tar.gz")}),
            ):
                db = folder / ("posts.db" if spider == "posts" else "site.db")
                mark = server.mark()
                found = _count_in_a_process(spider, db, arguments, folder)
                numbers = {"requests": len(server.since(mark)), **found["counts"]}
                counted[run_] = {
                    name: each if name in TOTALS else round(each / ARTICLES, 2)
                    for name, each in numbers.items()
                }
                where[run_] = [(name, calls / ARTICLES) for name, calls in found["functions"]]
    return counted, where


TOTALS = ("requests", "transactions")
"""What is counted as a whole; the rest is an article's."""


def _count_in_a_process(
    spider: str, db: Path, arguments: dict[str, str], folder: Path
) -> dict[str, Any]:
    """Run one crawl in a fresh process, which counts itself; its hashes are the same always."""
    words = [sys.executable, "-m", "bench.counts", spider, str(db), json.dumps(arguments)]
    measuring = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
    variables = {name: each for name, each in os.environ.items() if name not in measuring}
    variables["PYTHONHASHSEED"] = "0"
    done = subprocess.run(
        words, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"the crawl {spider} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


class Counting:
    """Counts calls of this project's functions, from all threads, and SQLite's statements."""

    def __init__(self) -> None:
        self.statements: Counter[str] = Counter()
        self.calls: Counter[tuple[str, str]] = Counter()
        self.out = 0
        """Calls from our functions of functions in C."""
        self._package = str(ROOT / "newscrawl") + os.sep

    def begin(self) -> None:
        """Count from now on."""
        import sqlite3
        import threading

        connect = sqlite3.connect

        def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            connection.set_trace_callback(self._statement)
            return connection

        sqlite3.connect = traced  # type: ignore[assignment]
        threading.setprofile(self._call)
        sys.setprofile(self._call)

    def _statement(self, sql: str) -> None:
        # What FTS5 and triggers do is SQLite's own, and another release's may do it otherwise.
        if not sql.startswith("--") and "'main'." not in sql:
            self.statements[sql.split(None, 1)[0].upper()] += 1

    def _call(self, frame: Any, event: str, argument: object) -> None:
        if event == "call":
            code = frame.f_code
            # Before Python 3.12 comprehensions are functions.
            if code.co_filename.startswith(self._package) and code.co_name[0] != "<":
                self.calls[code.co_filename.removeprefix(self._package), code.co_qualname] += 1
        elif event == "c_call" and frame.f_code.co_filename.startswith(self._package):
            self.out += 1

    def as_dict(self) -> dict[str, Any]:
        """Return what was counted."""
        sys.setprofile(None)
        return {
            "counts": {
                "transactions": self.statements.pop("COMMIT", 0),
                "statements": sum(self.statements.values()),
                "calls": sum(self.calls.values()),
                "calls_of_c": self.out,
            },
            "functions": [
                (f"{file} {name}", calls) for (file, name), calls in self.calls.most_common(15)
            ],
        }


def main(spider: str, db: str, arguments: str) -> None:
    """Crawl in this process and print what was counted."""
    from newscrawl.runs.outcome import Exit
    from newscrawl.runs.process import crawl, settings_for

    counting = Counting()
    counting.begin()
    outcome = crawl(spider, settings_for(db, **SETTINGS), json.loads(arguments))
    found = counting.as_dict()
    if outcome.exit is not Exit.OK:
        sys.exit(str(outcome))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
