"""``python -m bench NAME``: runs one benchmark, or prints into the docs what they found."""

from __future__ import annotations

import argparse
import importlib
import json
import shlex
import signal
import sys
from pathlib import Path

from bench import report, results
from bench.environments import make_all

BENCHMARKS = (
    "crawl", "reading", "again", "growth", "search", "flat", "load", "start", "polling", "counts",
    "loader",
)  # fmt: skip
ROOT = Path(__file__).parents[1]


def main(argv: list[str]) -> int:
    """Run what the words ask for; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure newscrawl, alone and beside its peers.",
        epilog="example: python -m bench crawl --pages 2000 --runs 5 && python -m bench report",
    )  # fmt: skip
    commands = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name in BENCHMARKS:
        module = importlib.import_module(f"bench.{name}")
        about = (module.__doc__ or "").partition("\n")
        sub = commands.add_parser(
            name, help=about[0], description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        module.add_arguments(sub)
        sub.add_argument(
            "--results", type=Path, default=results.FOLDER, metavar="FOLDER",
            help="where the figures go (default bench/results)",
        )  # fmt: skip
        sub.set_defaults(run=module.run)
    commands.add_parser("setup", help="Make the environments of all peers, build/bench/env.")
    sub = commands.add_parser("report", help="Print the results into docs/benchmarks.md.")
    sub.add_argument("--check", action="store_true", help="only check whether it is stale")
    options = parser.parse_args(argv)
    if options.name == "setup":
        return make_all()
    if options.name == "report":
        return report.check(ROOT) if options.check else report.write(ROOT)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers and folders are cleared away
    begin = results.about(f"python -m bench {shlex.join(argv)}")
    measured = options.run(options)
    if measured is not None:
        file = results.save(options.results, options.name, begin, measured)
        print(json.dumps(measured, ensure_ascii=False, indent=2)[:4000])
        print(f"written: {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
