"""How long commands take to start: from the shell to the prompt.

    python -m bench start --runs 20

Each command is run so often, in turn, beside `python -c pass`, which is what any of them takes at
the least. The archive has 200 synthetic articles. What `newscrawl search` imports is counted by
tests/test_cli.py.

With 20 runs some 20 seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import processes, results, synthetic
from bench.load import PROGRAM

BASE = "python -c pass"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen."""
    parser.add_argument("--runs", type=int, default=20, help="of each command")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure; return what was found."""
    core, _ = processes.cores()
    with tempfile.TemporaryDirectory() as folder:
        db, log = Path(folder, "news.db"), Path(folder, "log")
        for _ in synthetic.write(db, 0, 200):
            pass
        commands: dict[str, processes.Command] = {
            BASE: [sys.executable, "-c", "pass"],
            "newscrawl --help": [PROGRAM, "--help"],
            "newscrawl search": [PROGRAM, "search", "公司", "--db", db],
            "newscrawl list": [PROGRAM, "list", "--db", db],
            "newscrawl info": [PROGRAM, "info", "--db", db],
            "newscrawl crawl --help": [PROGRAM, "crawl", "--help"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(options.runs + 1):
            for name, words in commands.items():
                done = processes.run(words, log, core=core, memory=False)
                processes.check(done, name)
                if number:  # the first reads the disk, and writes bytecode where there is none
                    seconds[name].append(round(done.seconds, 4))
    return {
        "commands": {
            name: {
                "median": results.median(every), "slowest": max(every), "runs": len(every),
                "times_python": results.ratio(every, seconds[BASE]),
            }
            for name, every in seconds.items()
        }
    }  # fmt: skip
