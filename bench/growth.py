"""One archive as it grows: writing, an unchanged site, searches, size, exports, starts, migration.

    python -m bench growth --sizes 10000 100000 1000000 --keep FOLDER

Synthetic articles of 800 to 1,200 characters, each with its page, are written by the project's
writer; at each size everything is measured on the same file. Searches: see `bench/search.py`. A run
without news is `newscrawl crawl category` on a sample site whose articles are all stored. The
migration is of a file with the same articles in the schema before; its search index is empty, but
for what the migration makes. FOLDER keeps the archive: what is in it is not made again.

Up to 10,000 some 3 minutes, up to 100,000 some 15, up to 1,000,000 some two and a half hours and
30 GB.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from samplesite.site import Site
from sqlite_utils import Database

from bench import processes, results, search
from bench.crawl import FAST
from bench.serving import Serving
from newscrawl.archive.export import FORMATS
from newscrawl.store.connections import PAGE_SIZE
from newscrawl.store.migrations import migrations
from newscrawl.store.search_index import TABLES as SEARCH_INDEX

PROGRAM = Path(sys.executable).with_name("newscrawl")
COMMANDS = {
    "list": ("list", "--limit", "20"),
    "search": ("search", "公司", "--limit", "20"),
    "show": ("show", "NW202001010000000001"),
    "info": ("info",),
    "status": ("status",),
}
"""Commands whose time to the prompt is measured: name, words."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen."""
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=5, help="of what is short")
    parser.add_argument("--queries", type=int, default=500, help="searches at each size")
    parser.add_argument("--site", type=int, default=1000, help="articles of the unchanged site")
    parser.add_argument("--formats", nargs="*", choices=FORMATS, default=list(FORMATS))
    parser.add_argument(
        "--migrate", type=int, default=100_000, metavar="N", help="migrate files up to this size"
    )
    parser.add_argument("--keep", type=Path, help="folder in which the archive is left")
    parser.add_argument("--no-nginx", action="store_true", help="serve by the mirror's own server")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure; return what was found."""
    core, other = processes.cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        db = (options.keep or folder) / "growth.db"
        db.parent.mkdir(parents=True, exist_ok=True)
        Site(articles=options.site).write(folder / "site")
        written: list[list[float]] = _known(db)
        if written and written[-1][0] > min(options.sizes):
            raise SystemExit(f"{db} has {written[-1][0]:,} articles: more than the smallest size")
        found = []
        nginx = not options.no_nginx
        with Serving(folder / "site", folder / "server", other, nginx=nginx) as server:
            for size in sorted(options.sizes):
                if not written or written[-1][0] < size:
                    _say(f"{size:,}: writing")
                    written += _write(db, int(written[-1][0]) if written else 0, size, core, folder)
                    db.with_suffix(".written.json").write_text(json.dumps(written))
                found.append(_measure(db, size, server.url, core, folder, options))
    return {"site": options.site, "written": written, "flat": flat(written), "sizes": found}


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _known(db: Path) -> list[list[float]]:
    """Return how an archive that was kept was written."""
    notes = db.with_suffix(".written.json")
    return json.loads(notes.read_text()) if notes.exists() and db.exists() else []


def _write(db: Path, first: int, last: int, core: int, folder: Path) -> list[list[float]]:
    words: processes.Command = [sys.executable, "-m", "bench.synthetic", db, str(first), str(last)]
    root = Path(__file__).parents[1]
    done = processes.run(words, folder / "log", core=core, cwd=root, limit=6 * 3600)
    processes.check(done, "writing")
    return [
        [*json.loads(line), done.peak_mb] for line in (folder / "log").read_text().splitlines()
    ]  # fmt: skip


def flat(written: list[list[float]]) -> dict[str, float]:
    """Return the rate of the first and the last tenth of all that was written, and their ratio."""
    total = written[-1][0]
    starts = [0, *(each[0] for each in written)]
    parts = [
        (start, end, seconds, processor)
        for start, (end, seconds, processor, _) in zip(starts, written, strict=False)
    ]
    ends = {}
    for name, low, high in (("first", 0, total / 10), ("last", total * 0.9, total)):
        inside = [each for each in parts if each[0] >= low - 1 and each[1] <= high + 1]
        count = sum(end - start for start, end, _, _ in inside)
        ends[name] = results.median([count / sum(each[2] for each in inside)])
        ends[f"{name}_processor"] = results.median([count / sum(each[3] for each in inside)])
    ends["ratio"] = round(ends["last"] / ends["first"], 3)
    ends["ratio_processor"] = round(ends["last_processor"] / ends["first_processor"], 3)
    ends["peak_mb"] = max(each[3] for each in written)
    return ends


def _measure(
    db: Path, size: int, url: str, core: int, folder: Path, options: argparse.Namespace
) -> dict[str, Any]:
    found: dict[str, Any] = {"articles": size}
    _say(f"{size:,}: a run without news")
    found["unchanged"] = unchanged(db, url, core, folder, options.runs)
    _say(f"{size:,}: searches")
    found["search"] = search.measure(db, options.queries)
    _say(f"{size:,}: commands")
    found["commands"] = commands(db, core, folder, options.runs)
    _say(f"{size:,}: exports")
    found["exports"] = {each: export(db, each, core, folder) for each in options.formats}
    _say(f"{size:,}: size")
    found["size"] = sizes(db)
    if size <= options.migrate and len(migrations.pending(Database(memory=True))) > 1:
        _say(f"{size:,}: migration")
        found["migration"] = migration(db, core, folder)
    return found


def unchanged(db: Path, url: str, core: int, folder: Path, runs: int) -> dict[str, Any]:
    """Crawl the site once, so that it is stored, then again and again."""
    words: processes.Command = [PROGRAM, "crawl", "category", "--base-url", url, "--db", db, *FAST]
    processes.check(processes.run(words, folder / "log", core=core), "the first crawl")
    every = [
        processes.check(processes.run(words, folder / "log", core=core), "a crawl")
        for _ in range(runs)
    ]
    return {
        "seconds": results.median([each.seconds for each in every]),
        "processor": results.median([each.processor for each in every]),
        "peak_mb": max(each.peak_mb for each in every),
    }


def commands(db: Path, core: int, folder: Path, runs: int) -> dict[str, float]:
    """Return the median seconds of each command, from the shell and back."""
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, words in COMMANDS.items():
            command: processes.Command = [PROGRAM, *words, "--db", db]
            done = processes.run(command, folder / "log", core=core, memory=False)
            found[name].append(processes.check(done, name).seconds)
    return {name: results.median(seconds) for name, seconds in found.items()}


def export(db: Path, format_: str, core: int, folder: Path) -> dict[str, Any]:
    """Export everything once, to standard output."""
    words: processes.Command = [PROGRAM, "export", "--format", format_, "--db", db]
    out = folder / "out"
    done = processes.check(processes.run(words, out, core=core), format_)
    size = out.stat().st_size
    out.unlink()
    with closing(sqlite3.connect(db)) as connection:
        [(articles,)] = connection.execute("SELECT count(*) FROM articles")
    return {
        "articles_a_second": results.median([articles / done.seconds]), "peak_mb": done.peak_mb,
        "mb": round(size / 2**20, 1),
    }  # fmt: skip


def sizes(db: Path) -> dict[str, Any]:
    """Return bytes an article: of its text alone, of the archive, and of raw pages."""
    with closing(sqlite3.connect(db)) as connection:
        articles, text, markup = connection.execute(
            "SELECT count(*), sum(length(CAST(concat.texts AS BLOB))), sum(markup) FROM"
            " (SELECT ifnull(title, '') || ifnull(summary, '') || ifnull(body_text, '') AS texts,"
            " length(CAST(ifnull(body_html, '') AS BLOB)) AS markup FROM articles) AS concat"
        ).fetchone()
        raw, packed = connection.execute(
            "SELECT sum(size), sum(length(bytes)) FROM raw_pages"
        ).fetchone()
        rows = connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()
        of = dict(connection.execute("SELECT name, tbl_name FROM sqlite_schema"))
        [(free,)] = connection.execute("PRAGMA freelist_count")
    tables: dict[str, int] = {}
    for name, size in rows:
        table = of.get(name, name)
        table = next((each for each in SEARCH_INDEX if table.startswith(each)), table)
        tables[table] = tables.get(table, 0) + size
    pages = tables.pop("raw_pages", 0)
    rest = sum(tables.values())
    return {
        "text": round(text / articles),
        "markup": round(markup / articles),
        "rest": round(rest / articles),
        "times_text": round(rest / text, 2),
        "pages": round(pages / articles),
        "pages_raw": round(raw / articles),
        "compression": round(raw / packed, 2),
        "free_bytes": free * PAGE_SIZE,
        "tables": {
            name: round(size / articles)
            for name, size in sorted(tables.items(), key=lambda each: -each[1])[:8]
        },
    }


def migration(db: Path, core: int, folder: Path) -> dict[str, Any]:
    """Copy the articles into a file of the schema before, and open it with this version."""

    last = [each.name for each in migrations.pending(Database(memory=True))][-1]
    old = folder / "old.db"
    made = Database(sqlite3.connect(old, isolation_level=None))
    made.conn.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    with closing(sqlite3.connect(db)) as connection:
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
    made.conn.execute(f"PRAGMA application_id = {mark}")
    migrations.apply(made, stop_before=last)
    made.conn.execute("PRAGMA synchronous = OFF")
    made.conn.execute("ATTACH ? AS present", (str(db),))
    for table in [each.name for each in made.tables]:
        if table.startswith((*SEARCH_INDEX, "character_folds", "sqlite_", "_sqlite")):
            continue
        columns = [
            name for _, name, *_ in made.conn.execute(f"PRAGMA main.table_info({table})").fetchall()
        ]
        there = {name for _, name, *_ in made.conn.execute(f"PRAGMA present.table_info({table})")}
        if not there:
            continue
        named = ", ".join(each for each in columns if each in there)
        made.conn.execute(
            f"INSERT OR REPLACE INTO main.{table} ({named}) SELECT {named} FROM present.{table}"
        )
    made.close()
    code = f"from newscrawl.store.connections import open_for_writing as o; o({str(old)!r}).close()"
    done = processes.run([sys.executable, "-c", code], folder / "log", core=core, limit=6 * 3600)
    processes.check(done, "the migration")
    old.unlink()
    return {
        "to": last, "seconds": results.median([done.seconds]),
        "processor": results.median([done.processor]), "peak_mb": done.peak_mb,
    }  # fmt: skip
