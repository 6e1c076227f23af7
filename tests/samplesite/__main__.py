"""``python tests/samplesite``: serves a sample site on loopback, or writes it to a folder."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

if __name__ == "__main__":  # the folder is run: Python has put it on the path, not its parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from samplesite.oddities import ODDITIES
from samplesite.server import Folder, serve
from samplesite.site import Site


def main(argv: list[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python tests/samplesite",
        description="Serve the sample site on loopback, or write it to a folder.",
        epilog="example: python tests/samplesite --articles 200 --oddities all --port 8000",
    )
    parser.add_argument("--articles", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another site")
    parser.add_argument("--categories", type=int, default=40, help="categories (default 40)")
    parser.add_argument("--days", type=int, help="over how many days they are spread")
    parser.add_argument(
        "--oddities", nargs="+", metavar="NAME", help=f"all, or some of: {', '.join(ODDITIES)}"
    )
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--folder", type=Path, help="serve this folder's files in place of it")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write static files, and end")
    options = parser.parse_args(argv)
    try:
        site = Site(
            seed=options.seed,
            articles=options.articles,
            categories=options.categories,
            days=options.days,
            **({"oddities": options.oddities} if options.oddities else {}),
        )
    except ValueError as error:
        parser.error(str(error))
    if options.write:
        print(f"{site.write(options.write)} files in {options.write}")
        return 0
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    try:
        server = serve(Folder(options.folder) if options.folder else site, options.port)
    except OSError as error:
        print(f"could not listen on port {options.port}: {error.strerror}", file=sys.stderr)
        return 1
    with server:
        print(server.url, flush=True)
        done.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
