"""Reading post pages that are in memory: speed, and how much of it is right, beside others.

    python -m bench reading --pages 500 --runs 5 --real FOLDER

The pages are the sample site's, with all its oddities. Each library runs in an environment and a
process of its own, pinned to one core; between two runs of one lies a run of each other. What it
says is marked against what is true: by the mirror for made pages; and for real ones (FOLDER/posts,
FOLDER/site: posts and the site that was built from them; $NEWSCRAWL_FINEWS names it as well)
by their post files.

With all libraries, 500 pages and five runs: some 4 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from samplesite.site import Site

from bench import environments, gold, processes, results
from bench.crawl import PEERS, add_sides, version_of

SIDES = {
    "lxml": "newscrawl",
    "newscrawl": "newscrawl",
    "readability": "readability",
    "gne": "gne",
    "trafilatura": "trafilatura",
    "newspaper4k": "newspaper4k",
    "newspaper4k-zh": "newspaper4k",
    "news-please": "news-please",
}
"""Each side, and whose environment it runs in."""
BASE = "lxml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen."""
    real = os.environ.get("NEWSCRAWL_FINEWS")
    parser.add_argument("--pages", type=int, default=500, help="synthetic articles")
    parser.add_argument("--runs", type=int, default=5, help="of each side")
    parser.add_argument(
        "--real", type=Path, default=Path(real) if real else None, metavar="FOLDER",
        help="real posts and their site; without it only made pages are read",
    )  # fmt: skip
    add_sides(parser, SIDES)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure; return what was found."""
    core, _ = processes.cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = gold.of_site(Site(articles=options.pages, oddities=frozenset({"all"})))
        golds = {"made": gold.write(made, folder / "made")}
        if options.real:
            real = gold.of_files(options.real / "posts", options.real / "site")
            golds["real"] = gold.write(real, folder / "real")
            if not golds["real"]:
                raise SystemExit(f"{options.real} has no site/ with pages of posts/*.md")
        sides: dict[str, dict[str, Any]] = {each: {"seconds": []} for each in options.sides}
        for number in range(options.runs):
            for each, found in sides.items():
                if "missing" not in found:
                    _run_once(each, number, folder, golds, core, options, found)
                    print(number + 1, each, found.get("missing") or found["seconds"][-1],
                          file=sys.stderr, flush=True)  # fmt: skip
        pages = {
            what: {"pages": len(every), "bytes": _size(folder / what, len(every))}
            for what, every in golds.items()
        }
    base = sides.get(BASE, {}).get("seconds", [])
    for found in sides.values():
        if found["seconds"]:
            found["pages_a_second"] = results.median(
                [len(golds["made"]) / each for each in found["seconds"]]
            )
            if len(base) == len(found["seconds"]):
                found["speed"] = results.ratio(base, found["seconds"])
    return {"pages": pages, "sides": sides}


def _run_once(
    name: str, number: int, folder: Path, golds: dict[str, list[gold.Gold]], core: int,
    options: argparse.Namespace, found: dict[str, Any],
) -> None:  # fmt: skip
    found["version"] = version_of(SIDES[name])
    try:
        python = environments.python_of(SIDES[name], here=options.here)
    except environments.Missing as missing:
        found["missing"] = str(missing)
        return
    script, log = PEERS / "read.py", folder / "log"
    if number == 0:
        for what, every in golds.items():
            out = folder / f"{name}-{what}.jsonl"
            words: processes.Command = [python, script, name, folder / what / "manifest.jsonl", out]
            done = processes.run(words, log, core=core)
            if done.code:
                text = f"ended with {done.code}: {done.output.strip()[-300:]}"
                found["missing"] = results.plain(text)
                return
            told = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
            found.setdefault("marks", {})[what] = gold.marks(every, told)
    words = [python, script, name, folder / "made" / "manifest.jsonl"]
    done = processes.run(words, log, core=core)
    if done.code:
        found["missing"] = results.plain(f"ended with {done.code}: {done.output.strip()[-300:]}")
        return
    told = json.loads(done.output.strip().splitlines()[-1])
    found["seconds"].append(round(told["seconds"], 4))
    found["errors"] = told["errors"]
    found["peak_mb"] = done.peak_mb


def _size(folder: Path, pages: int) -> int:
    return sum((folder / f"{number}.html").stat().st_size for number in range(pages)) // pages
