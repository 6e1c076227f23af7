"""A long crawl: its memory at the end against that after a tenth.

    python -m bench flat --pages 60000

`newscrawl crawl category` walks a sample site of so many posts, served as in `crawl`, into a fresh
archive. What it has done is read from the archive while it runs. The bounds of a run are lifted;
that of a list is not: with 75,000 posts the sample site's largest has more than the 5 MB that are
read of one, since a third of all posts are of one category.

With 60,000 pages some 5 minutes and 4 GB.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from bench import processes
from bench.crawl import FAST
from bench.load import PROGRAM, watch
from bench.serving import Serving, write_site

UNBOUND = ("-s", "NEWSCRAWL_MAX_LINKS=1000000", "-s", "NEWSCRAWL_MAX_PAGES=1000000")
"""No mirror of three days has so many posts, and a run would leave some out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen."""
    parser.add_argument("--pages", type=int, default=60_000, help="posts of the site")
    parser.add_argument("--no-nginx", action="store_true", help="serve by the mirror's own server")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure; return what was found."""
    core, other = processes.cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_site(folder / "site", options.pages)
        db = folder / "news.db"
        nginx = not options.no_nginx
        with Serving(folder / "site", folder / "server", other, nginx=nginx) as server:
            words: processes.Command = [
                PROGRAM,
                "crawl",
                "category",
                "--base-url",
                server.url,
                "--db",
                db,
                *FAST,
                *UNBOUND,
            ]
            found = watch(words, db, core)
            if found["pages"] != len(paths):
                raise SystemExit(f"of {len(paths):,} posts {found['pages']:,} are stored")
            return {"posts": len(paths), "served_by": server.name, **found}
