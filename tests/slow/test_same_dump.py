"""Undisturbed crawls of one site: the same archive, whichever answer comes first."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from crawls import crawl, query
from samplesite.server import Answers, Server
from samplesite.site import Response, Site

from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]

OF_THE_FILE = {"seq", "first_seq", "id", "run_id", "pid", "clock_difference"}
"""Columns that number the rows of this file, or name its process or its moment; so do all that end
in `_at`."""
OF_THE_ORDER = {
    "extended": "whether the second page of an article adds to it depends on which was the first",
    "unchanged": "the rest of them",
    "reason": "names both numbers",
}
"""Columns of a run that cannot but depend on the order, and why; the sum of the two must not."""


@dataclass
class Shuffled:
    """A site that answers in an order of its own: what waits for an answer is drawn by lot."""

    site: Answers
    seed: int = 0
    at_once: int = 1
    """How many requests the crawl has under way."""
    _waiting: list[threading.Event] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def respond(self, address: str) -> Response:
        """Answer when drawn, or when no other request comes."""
        turn = threading.Event()
        with self._lock:
            self._waiting.append(turn)
            full = len(self._waiting) >= self.at_once
        if full or not turn.wait(0.02):
            self._draw(turn)
        return self.site.respond(address)

    def _draw(self, own: threading.Event) -> None:
        """Let one that waits go first, drawn by lot, until it is the turn of this one."""
        while not own.is_set():
            with self._lock:
                drawn = self._waiting.pop(self._dice.randrange(len(self._waiting)))
            drawn.set()


def everything(db: Path) -> dict[str, list[Any]]:
    """Return all rows of all tables, in any order, without times and numbers of rows."""
    found = {}
    with closing(sqlite3.connect(db)) as connection:
        connection.row_factory = sqlite3.Row
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                # The search index is by the numbers of rows; `check` compares it with the texts.
                " AND name NOT LIKE 'articles_fts%' AND name NOT LIKE 'articles_characters%'"
                " AND name NOT IN ('_sqlite_migrations', 'meta', 'identity')"
            )
        ]
        for table in tables:
            rows = [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
            for row in rows:
                if "missing_since" in row:
                    row["missing_since"] = row["missing_since"] is not None  # a time
                for name in list(row):
                    if name in OF_THE_FILE or name in OF_THE_ORDER or name.endswith("_at"):
                        del row[name]
            found[table] = sorted(rows, key=repr)
        [total] = connection.execute("SELECT sum(new + extended + unchanged) FROM runs").fetchone()
        found["worth"] = [total]
    return found


TWIN = "another"


@dataclass(frozen=True)
class Twins:
    """A site that has each post of one category at a second path, too, with another text."""

    site: Site

    @property
    def paths(self) -> dict[str, str]:
        """The posts that have a twin: its path, and theirs."""
        own = [p for truth in self.site.truths() for p in truth.paths if p.count("/") == 5][:12]
        return {f"/{TWIN}/" + path.split("/", 2)[2]: path for path in own}

    def respond(self, address: str) -> Response:
        """Answer; every list of links to posts has those to the twins."""
        path = self.paths.get(address, address)
        found = self.site.respond(path)
        body = found.body
        if path != address:
            body = body.replace("。".encode(), "。另一文本。".encode())
        elif address == "/" or "/category/" in address:
            for twin, own in self.paths.items():
                link = f'href="{own}"'.encode()
                body = body.replace(link, f'href="{twin}"></a><a '.encode() + link)
        return Response(found.status, body, found.headers)


ALL = Site(seed=7, articles=300, oddities=frozenset({"all"}))
CRAWLS: dict[str, tuple[str, Answers, dict[str, str]]] = {
    "category": ("category", ALL, {"share": "1"}),
    "two paths": ("category", Twins(Site(articles=60)), {"share": "1"}),
    "feed": (
        "feed", Site(articles=70, oddities=frozenset({"all"})),
        {"name": "atom,columns-345,fast,kuaixun,rolling,nodes,market-37,choice"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CRAWLS)
async def test_three_crawls(serving: Serving, tmp_path: Path, name: str) -> None:
    spider, site, arguments = CRAWLS[name]
    server = serving(site)
    dumps = []
    for number, at_once in enumerate((1, 4, 8)):
        db = tmp_path / f"{number}.db"
        server.site = Shuffled(site, seed=number, at_once=at_once)
        settings = {"CONCURRENT_REQUESTS_PER_DOMAIN": 2 * at_once}
        outcome = await crawl(spider, db, server.url, settings=settings, **arguments)
        assert outcome.exit is Exit.OK, outcome
        dumps.append(everything(db))
    if spider == "feed":
        # An article that a second list names counts as repeated, or as known if it came by then;
        # and it is the first of them that waits for it.
        for each in dumps:
            del each["runs"], each["listings"]
    for table, rows in dumps[0].items():
        assert rows == dumps[1][table], table
        assert rows == dumps[2][table], table


async def test_one_name_at_two_paths_is_two_pages(serving: Serving, tmp_path: Path) -> None:
    """Which of them came first says nothing, and neither replaces the other, however often."""
    site, db = Twins(Site(articles=60)), tmp_path / "news.db"
    server = serving(site)
    titles = []
    for number in range(4):
        server.site = Shuffled(site, seed=number, at_once=4)
        assert (await crawl("category", db, server.url, revisit="1")).exit is Exit.OK
        titles.append(query(db, "SELECT id, title, body_text FROM articles ORDER BY 1"))
    assert titles[1:] == titles[:1] * 3
    assert query(db, "SELECT count(*) FROM revisions") == [(0,)]
    found = {page_id for (page_id,) in query(db, "SELECT page_id FROM observations")}
    assert {path[1:] for pair in site.paths.items() for path in pair} <= found
