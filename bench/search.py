"""How long `newscrawl search` takes in an archive of a million articles.

    python bench/search.py --articles 1000000 --keep /var/tmp

Asks for random parts of random texts (1 to 6 characters, Latin words and numbers among them), for
two or three of them with AND, OR and NOT, in a field, and with each filter; the newest first and by
rank, the first twenty. `bench/million.py` makes the archive and says what is in it; --keep leaves
the file there for the next time. Each query is asked once before it is timed: what is measured is
an archive in memory.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from million import make

from newscrawl.readers.filters import Filters
from newscrawl.readers.query import BadQuery, parse
from newscrawl.readers.search import Order, search
from newscrawl.store.archive import open_for_reading

MOST = 10_000
"""Hits of the queries that the bar is for."""
BAR = 20.0
"""Milliseconds that 95 of 100 of them may take."""


class Query(NamedTuple):
    """What is asked, and what kind of query it is."""

    kind: str
    text: str
    filters: Filters


class Timed(NamedTuple):
    """A query, its hits, and milliseconds until the first twenty are had."""

    query: Query
    hits: int
    """Of its words; filters leave fewer."""
    newest: float
    rank: float
    opened: float
    """The newest again, with a connection that has read nothing yet, and its opening."""


def term(connection: sqlite3.Connection, dice: random.Random, latin: bool = False) -> str:
    """Return a part of a random text, quoted."""
    [(last,)] = connection.execute("SELECT max(first_seq) FROM articles")
    while True:
        [(title, text)] = connection.execute(
            "SELECT title, body_text FROM articles WHERE first_seq = ?", (dice.randint(1, last),)
        )
        text = title if dice.random() < 0.2 else text
        start = dice.randrange(len(text))
        part = text[start : start + dice.randint(1, 6)]
        if latin:
            words = [word for word in text.replace("，", " ").split() if word.isascii()]
            part = dice.choice(words or [text[:3]])
        quoted = '"' + part.replace('"', "") + '"'
        try:
            parse(quoted)
        except BadQuery:
            continue
        return quoted


def filtered(connection: sqlite3.Connection, dice: random.Random) -> dict[str, Any]:
    """Return one of the filters, with a value of a random article."""
    [(last,)] = connection.execute("SELECT max(first_seq) FROM articles")
    sql = (
        "SELECT published_at, source, category, market || '.' || code FROM articles"
        " JOIN article_categories USING (info_code) JOIN mentions USING (info_code)"
        " WHERE first_seq = ? LIMIT 1"
    )
    at, source, category, security = connection.execute(sql, (dice.randint(1, last),)).fetchone()
    day = date.fromisoformat(at[:10])
    return dice.choice(
        (
            {"source": source},
            {"category": category},
            {"security": security},
            {"since": day, "until": day + timedelta(days=dice.randint(0, 60))},
        )
    )


def queries(connection: sqlite3.Connection, count: int, seed: int) -> Iterator[Query]:
    """Yield random queries, of half of which nothing but one part of a text is asked."""
    dice = random.Random(seed)
    for number in range(count):
        one, other = term(connection, dice), term(connection, dice)
        match number % 10:
            case 0 | 1 | 2 | 3 | 4:
                yield Query(f"{len(one) - 2} characters", one, Filters())
            case 5:
                yield Query("Latin", term(connection, dice, latin=True), Filters())
            case 6:
                operator = dice.choice(("AND", "OR", "NOT"))
                yield Query(operator, f"{one} {operator} {other}", Filters())
            case 7:
                yield Query("field", f"{dice.choice(('title', 'text'))}:{one}", Filters())
            case _:
                filters = filtered(connection, dice)
                yield Query(f"with {'/'.join(filters)}", one, Filters(**filters))


def timed(connection: sqlite3.Connection, path: Path, query: Query) -> Timed:
    """Ask a query each way, and for the number of its hits."""
    times: dict[Order, float] = {}
    [(hits,)] = connection.execute(
        "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?",
        (parse(query.text, by_pairs=True).fts,),
    )
    for order in ("newest", "rank"):
        for _ in range(2):
            began = time.perf_counter()
            list(search(connection, query.text, query.filters, order=order, limit=20))
            times[order] = (time.perf_counter() - began) * 1000
    began = time.perf_counter()
    with closing(open_for_reading(path)) as anew:
        list(search(anew, query.text, query.filters, limit=20))
    opened = (time.perf_counter() - began) * 1000
    return Timed(query, hits, times["newest"], times["rank"], opened)


def report(what: str, times: list[float]) -> None:
    """Print median, 95th and 99th percentile."""
    if len(times) < 2:
        return
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    median = statistics.median(times)
    print(
        f"{what:34} {len(times):5} queries   median {median:7.2f}   95 % {cuts[94]:7.1f}"
        f"   99 % {cuts[98]:7.1f}   worst {max(times):7.1f} ms",
        flush=True,
    )


def report_all(found: list[Timed]) -> None:
    """Print what was measured: within the bar by kind, and by hits."""
    within = [each for each in found if each.hits <= MOST]
    print(f"\nUp to {MOST:,} hits:")
    report("newest first", [each.newest for each in within])
    report("by rank", [each.rank for each in within])
    report("newest first, file opened anew", [each.opened for each in within])
    for kind in sorted({each.query.kind for each in within}):
        report(f"  {kind}, newest", [each.newest for each in within if each.query.kind == kind])
        report(f"  {kind}, rank", [each.rank for each in within if each.query.kind == kind])
    print("\nBy hits:")
    edges = (0, 100, 1_000, MOST, 100_000, 10**9)
    for low, high in itertools.pairwise(edges):
        part = [each for each in found if low <= each.hits < high]
        report(f"  {low:,} to {high:,}, newest", [each.newest for each in part])
        report(f"  {low:,} to {high:,}, rank", [each.rank for each in part])
    print("\nThe slowest within the bar:")
    for each in sorted(within, key=lambda each: -max(each.newest, each.rank))[:8]:
        print(f"  {each.newest:7.1f} {each.rank:7.1f} ms, {each.hits:6} hits: {each.query}")


def main() -> None:
    """Make the archive where there is none, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="folder in which the archive is left")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(options.keep or folder, f"search-{options.articles}.db")
        if not path.exists():
            half = path.with_suffix(".half")
            make(half, options.articles)
            half.rename(path)
        print(f"{options.articles:,} articles, {path.stat().st_size / 2**30:.1f} GiB")
        with closing(open_for_reading(path)) as connection:
            asked = list(queries(connection, options.queries, options.seed))
            report_all([timed(connection, path, query) for query in asked])


if __name__ == "__main__":
    main()
