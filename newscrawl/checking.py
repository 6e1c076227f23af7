"""Whether all that must agree in an archive does: the file, its tables, its index, its ledgers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import combinations

from newscrawl.readers.status import runs as runs_of
from newscrawl.store import raw, rows, search_index
from newscrawl.store.archive import MEMORY, open_for_writing
from newscrawl.store.fold import FIELDS, REVISED, Fields, fold
from newscrawl.store.merging import hash_content
from newscrawl.store.schema import SCHEMA_VERSION

Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree."""

    kind: str
    """``file``, ``tables``, ``references``, ``numbers``, ``articles``, ``pages``, ``index``,
    ``names`` or ``ledger``."""
    sentence: str
    can_repair: bool = False
    """Whether ``--repair`` mends it: only what is made from the articles is."""


def examine(
    connection: sqlite3.Connection, *, quick: bool = False, each: Step | None = None
) -> Iterator[Finding]:
    """Yield what does not agree in the archive; *quick* leaves out what reads every text.

    All of one moment, also while a run writes. *each* is called after every article, page and
    indexed text, to show progress.
    """
    connection.execute("BEGIN")
    try:
        yield from _examine(connection, quick, each or (lambda: None))
    finally:
        connection.execute("ROLLBACK")


def _examine(connection: sqlite3.Connection, quick: bool, step: Step) -> Iterator[Finding]:
    damaged = list(_file(connection))
    yield from damaged
    missing = list(_tables(connection))
    yield from missing
    if damaged or any(not found.can_repair for found in missing):
        return  # what else would be found follows from that
    yield from _references(connection)
    yield from _numbers(connection)
    yield from _ledgers(connection)
    yield from _names(connection)
    if not quick:
        yield from _articles(connection, step)
        yield from _pages(connection, step)
        if not missing:
            yield from _index(connection, step)


def work(connection: sqlite3.Connection) -> int:
    """Return how many steps :func:`examine` takes."""
    counts = ("SELECT 2 * count(*) FROM articles", "SELECT count(*) FROM pages")
    return sum(int(connection.execute(sql).fetchone()[0]) for sql in counts)


# -- the file ------------------------------------------------------------------------------


def _file(connection: sqlite3.Connection) -> Iterator[Finding]:
    for (said,) in connection.execute("PRAGMA integrity_check(5)"):
        if said != "ok":
            yield Finding("file", f"SQLite says: {said}")


def _tables(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Compare with what the migrations make: somebody may have dropped a table, or an index."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        yield Finding(
            "tables",
            f"the schema is {version} and not {SCHEMA_VERSION}: the next run migrates it. "
            "Check again then.",
        )
        return
    with closing(open_for_writing(MEMORY)) as pattern:
        wanted = _objects(pattern.conn)
    found = _objects(connection)
    for name, (kind, sql) in wanted.items():
        if name not in found:
            remakes = kind in ("index", "view") or name == search_index.TABLE
            yield Finding("tables", f"the {kind} {name} is missing", can_repair=remakes)
        elif found[name] != (kind, sql):
            yield Finding("tables", f"the {kind} {name} is not as newscrawl makes it")


def _objects(connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """Return what an archive is made of; the search index's own tables are its own matter."""
    found = connection.execute(
        "SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL"
    ).fetchall()
    return {
        name: (kind, " ".join(sql.split()))
        for name, kind, sql in found
        if not name.startswith((f"{search_index.TABLE}_", "sqlite_", "_sqlite_migrations"))
    }


# -- what refers to what ---------------------------------------------------------------------


def _references(connection: sqlite3.Connection) -> Iterator[Finding]:
    found = connection.execute(
        'SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2'
    )
    for table, parent, count in found:
        yield Finding("references", f"{count} rows of {table} refer to nothing in {parent}")
    sql = (
        "SELECT count(*) FROM articles WHERE NOT EXISTS"
        " (SELECT 1 FROM sightings WHERE sightings.info_code = articles.info_code)"
    )
    if count := connection.execute(sql).fetchone()[0]:
        yield Finding("references", f"{count} articles were seen nowhere")


def _numbers(connection: sqlite3.Connection) -> Iterator[Finding]:
    last = connection.execute("SELECT value FROM meta WHERE key = 'seq'").fetchone()
    highest = connection.execute("SELECT max(seq) FROM articles").fetchone()[0] or 0
    if last is None or last[0] < highest:
        said = "none" if last is None else last[0]
        yield Finding("numbers", f"the last seq given is {highest}, and meta says {said}")
    sql = "SELECT count(*) FROM articles WHERE first_seq > seq"
    if count := connection.execute(sql).fetchone()[0]:
        yield Finding("numbers", f"{count} articles changed before they came: first_seq > seq")


def _ledgers(connection: sqlite3.Connection) -> Iterator[Finding]:
    for run in runs_of(connection):
        if not run.balances:
            yield Finding("ledger", f"the counters of run {run.id} do not balance")


_MISNAMED = (
    "SELECT category FROM categories WHERE name IS NOT (SELECT name FROM category_names"
    " WHERE category_names.category = categories.category ORDER BY pages DESC, name LIMIT 1)"
)


def _names(connection: sqlite3.Connection) -> Iterator[Finding]:
    for (category,) in connection.execute(_MISNAMED):
        yield Finding("names", f"the category {category} has not the name seen most", True)


# -- every article, page and text ----------------------------------------------------------


def _articles(connection: sqlite3.Connection, step: Step) -> Iterator[Finding]:
    """Fold each article anew from what its pages say."""
    for info_code in _keys(connection, "articles", "info_code"):
        known = rows.load(connection, info_code)
        row = fold(known.sightings.values())
        if differing := [name for name in FIELDS if row[name] != known.row[name]]:
            yield Finding(
                "articles", f"{info_code} is not what its pages say: {', '.join(differing)}"
            )
        for key, sighting in known.sightings.items():
            if not _is_what_was_said(sighting.fields, known.evidence[key]["content_hash"]):
                yield Finding("articles", f"{sighting.url} said something else of {info_code}")
        step()


def _is_what_was_said(fields: Fields, content_hash: str) -> bool:
    """Whether the hash is of these fields, or of fewer: an older state may have filled gaps."""
    return any(
        hash_content({**fields, **dict.fromkeys(lacked)}) == content_hash
        for count in range(len(REVISED) + 1)
        for lacked in combinations(REVISED, count)
    )


def _pages(connection: sqlite3.Connection, step: Step) -> Iterator[Finding]:
    """Unpack each page's bytes, and hash them."""
    for key in _keys(connection, "pages", "hash"):
        try:
            body = raw.load(connection, key)
        except raw.Damaged as error:
            yield Finding("pages", f"the bytes under {key} cannot be unpacked: {error}")
        else:
            if raw.page_hash(body) != key:
                yield Finding("pages", f"the bytes under {key} are other ones")
        step()


def _keys(connection: sqlite3.Connection, table: str, column: str) -> Iterator[str]:
    for (key,) in connection.execute(f"SELECT {column} FROM {table} ORDER BY {column}"):  # noqa: S608
        yield key


def _index(connection: sqlite3.Connection, step: Step) -> Iterator[Finding]:
    if differing := search_index.compare(connection, each=step):
        yield Finding("index", f"the search index is not of these articles: {differing}", True)


# -- repair -------------------------------------------------------------------------------


def repair(connection: sqlite3.Connection) -> None:
    """Make anew what is made from the articles: indexes, views, the search index, names.

    In one transaction; no article, page or revision is touched.
    """
    with closing(open_for_writing(MEMORY)) as pattern:
        wanted = {
            name: pattern.conn.execute(
                "SELECT sql FROM sqlite_schema WHERE name = ?", (name,)
            ).fetchone()[0]
            for name, (kind, _) in _objects(pattern.conn).items()
            if kind in ("index", "view")
        }
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _objects(connection)
        for name, sql in wanted.items():
            if name not in found:
                connection.execute(sql)
        misnamed = [category for (category,) in connection.execute(_MISNAMED)]
        rows.name_categories(connection, misnamed)
        search_index.rebuild(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
