"""How long searches take: random queries against an archive of synthetic articles.

    python -m bench.synthetic FILE 0 1000000
    python -m bench search FILE

Asks for random parts of random texts (1 to 6 characters, Latin words and numbers among them), for
two or three of them with AND, OR and NOT, in a field, and with each filter; the newest first and by
rank, the first twenty. Each query is asked once before it is timed: what is measured is an archive
in memory, as far as it fits.

The archive of a million articles takes some 40 minutes and 25 GB, the searches a minute.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from newscrawl.archive.filters import Filters
from newscrawl.archive.latest import latest
from newscrawl.archive.search import Order, search
from newscrawl.archive.search_query import BadQuery, parse_query
from newscrawl.archive.search_sql import as_condition, values_of
from newscrawl.store.connections import open_for_reading

MOST = 10_000
"""Hits of the queries that the bar is for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen."""
    parser.add_argument("file", type=Path, help="an archive that bench.synthetic has written")
    parser.add_argument("--queries", type=int, default=500)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure; return what was found."""
    with closing(open_for_reading(options.file)) as connection:
        [(articles,)] = connection.execute("SELECT count(*) FROM articles")
        [(structure,)] = connection.execute("SELECT block FROM articles_fts_data WHERE id = 10")
    return {
        "articles": articles,
        "pieces": structure[5],  # behind a cookie of four bytes and the number of levels
        "ways": measure(options.file, options.queries),
        "securities": of_securities(options.file),
    }


def of_securities(path: Path, count: int = 300, times: int = 20, seed: int = 5) -> dict[str, float]:
    """List the newest twenty articles on so many random securities, again and again."""
    dice, found = random.Random(seed), list[float]()
    with closing(open_for_reading(path)) as connection:
        sql = "SELECT DISTINCT market || '.' || code FROM mentions ORDER BY 1"
        known = [row[0] for row in connection.execute(sql)]
        for _ in range(times):
            wanted = dice.sample(known, min(count, len(known)))
            wanted += [f"0.{399_500 + each}" for each in range(count - len(wanted))]  # of none
            began = time.perf_counter()
            list(latest(connection, Filters(security=wanted), limit=20))
            found.append((time.perf_counter() - began) * 1000)
    return {"codes": count, "mentioned": min(count, len(known))} | _percentiles(found)


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
            "SELECT title, body_text FROM articles WHERE first_seq >= ? AND body_text <> ''"
            " ORDER BY first_seq LIMIT 1",
            (dice.randint(1, last),),
        )
        text = title if dice.random() < 0.2 else text
        start = dice.randrange(len(text))
        part = text[start : start + dice.randint(1, 6)]
        if latin:
            words = [word for word in text.replace("，", " ").split() if word.isascii()]
            part = dice.choice(words or [text[:3]])
        quoted: str = '"' + part.replace('"', "") + '"'
        try:
            parse_query(quoted)
        except BadQuery:
            continue
        return quoted


def filtered(connection: sqlite3.Connection, dice: random.Random) -> dict[str, Any]:
    """Return one of the filters, with a value of a random article."""
    [(last,)] = connection.execute("SELECT max(first_seq) FROM articles")
    sql = (
        "SELECT published_at, source, category, market || '.' || code FROM articles"
        " JOIN article_categories ON article_categories.article_id = articles.id"
        " JOIN mentions ON mentions.article_id = articles.id"
        " WHERE first_seq >= ? AND source <> '' ORDER BY first_seq LIMIT 1"
    )
    # From half on: behind the last number there is none.
    row = connection.execute(sql, (dice.randint(1, max(1, last // 2)),)).fetchone()
    at, source, category, security = row
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
    found = parse_query(query.text).found
    [(hits,)] = connection.execute(
        f"SELECT count(*) FROM articles WHERE {as_condition(found)}",
        values_of(found),
    )
    for order in ("newest", "rank"):
        for _ in range(2):
            began = time.perf_counter()
            list(search(connection, query.text, query.filters, order=order, limit=20))
            times[order] = (time.perf_counter() - began) * 1000
    began = time.perf_counter()
    with closing(open_for_reading(path)) as fresh:
        list(search(fresh, query.text, query.filters, limit=20))
    opened = (time.perf_counter() - began) * 1000
    return Timed(query, hits, times["newest"], times["rank"], opened)


def summary(found: list[Timed]) -> dict[str, dict[str, float]]:
    """Return the milliseconds of queries up to so many hits: median, percentiles and worst."""
    within = [each for each in found if each.hits <= MOST]
    ways = {
        "newest first": [each.newest for each in within],
        "by rank": [each.rank for each in within],
        "newest first, file reopened": [each.opened for each in within],
    }
    return {way: _percentiles(times) for way, times in ways.items()}


def _percentiles(times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    named = {"median": cuts[49], "p95": cuts[94], "p99": cuts[98], "worst": max(times)}
    return {"queries": len(times)} | {name: round(each, 2) for name, each in named.items()}


def measure(path: Path, count: int, seed: int = 5) -> dict[str, dict[str, float]]:
    """Ask so many queries; return what :func:`summary` says."""
    with closing(open_for_reading(path)) as connection:
        asked = list(queries(connection, count, seed))
        return summary([timed(connection, path, query) for query in asked])
