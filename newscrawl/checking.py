"""Whether all that must agree in an archive does: the file, its tables, its index, its ledgers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import combinations

from newscrawl.readers.status import runs as runs_of
from newscrawl.reextract import can_reread, rewrite
from newscrawl.store import raw, rows, search_index, stored_passwords
from newscrawl.store.archive import MEMORY, open_for_writing
from newscrawl.store.errors import Damaged
from newscrawl.store.fold import FIELDS, REVISED, Fields, fold
from newscrawl.store.merging import hash_content
from newscrawl.store.schema import SCHEMA_VERSION
from newscrawl.store.writer import Writer

Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree."""

    kind: str
    """``file``, ``schema``, ``tables``, ``references``, ``numbers``, ``articles``, ``pages``,
    ``index``, ``names`` or ``ledger``."""
    sentence: str
    can_repair: bool = False
    """Whether ``--repair`` mends it: what is made from other rows, or from the stored pages."""
    info_code: str | None = None
    """The article that is made anew from its pages, for a finding that ``--repair`` mends so."""


def examine(
    connection: sqlite3.Connection, *, quick: bool = False, each: Step | None = None
) -> Iterator[Finding]:
    """Yield what does not agree in the archive; *quick* leaves out what reads every text.

    All of one moment, also while a run writes. *each* is called after every article, page and
    indexed text, to show progress.
    """
    connection.execute("BEGIN")
    try:
        with _any_text(connection):
            yield from _examine(connection, quick, each or (lambda: None))
    finally:
        connection.execute("ROLLBACK")


@contextmanager
def _any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Read also texts that a flipped bit has made no UTF-8: else one would end the check."""
    before = connection.text_factory
    connection.text_factory = lambda data: data.decode(errors="replace")
    try:
        yield
    finally:
        connection.text_factory = before


def _examine(connection: sqlite3.Connection, quick: bool, step: Step) -> Iterator[Finding]:
    damaged = list(_file(connection))
    yield from damaged
    if damaged:
        return  # what else would be found follows from that
    missing = list(_tables(connection))
    yield from missing
    if any(not found.can_repair for found in missing):
        return
    yield from _references(connection)
    yield from _numbers(connection)
    yield from _ledgers(connection)
    yield from _categories(connection)
    yield from _names(connection)
    for table, column, count in stored_passwords.find(connection):
        yield Finding("passwords", f"{count} of {table}.{column} hold a password", True)
    if not quick:
        yield from _articles(connection, step)
        yield from _pages(connection, step)
        if not missing:
            yield from _index(connection, step)


def work(connection: sqlite3.Connection) -> int:
    """Return how many steps :func:`examine` takes; 0 where the archive is too damaged to say."""
    counts = ("SELECT 2 * count(*) FROM articles", "SELECT count(*) FROM pages")
    try:
        return sum(int(connection.execute(sql).fetchone()[0]) for sql in counts)
    except sqlite3.DatabaseError:
        return 0


# -- the file ------------------------------------------------------------------------------


def _file(connection: sqlite3.Connection) -> Iterator[Finding]:
    try:
        for (said,) in connection.execute("PRAGMA integrity_check(5)"):
            if said != "ok":
                yield Finding("file", f"SQLite says: {said}")
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") != "SQLITE_CORRUPT":
            raise  # it could not be read at all
        yield Finding("file", f"SQLite says: {error}")


def _tables(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Compare with what the migrations make: somebody may have dropped a table, or an index."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        yield Finding(
            "schema",
            f"the schema is {version} and not {SCHEMA_VERSION}: the next run migrates it. "
            "Check again then.",
        )
        return
    with closing(open_for_writing(MEMORY)) as pattern:
        wanted = _objects(pattern.conn)
    found = _objects(connection)
    for name, (kind, sql, table) in wanted.items():
        if name not in found:
            if kind == "index" and table not in found:
                continue  # it went with its table
            remakes = kind in ("index", "view") or name == search_index.TABLE
            yield Finding("tables", f"the {kind} {name} is missing", can_repair=remakes)
        elif found[name][:2] != (kind, sql):
            yield Finding("tables", f"the {kind} {name} is not as newscrawl makes it")


def _objects(connection: sqlite3.Connection) -> dict[str, tuple[str, str, str]]:
    """Return what an archive is made of: kind, SQL and table of each name.

    The search index's own tables are its own matter.
    """
    found = connection.execute(
        "SELECT name, type, sql, tbl_name FROM sqlite_schema WHERE sql IS NOT NULL"
    ).fetchall()
    return {
        name: (kind, " ".join(sql.split()), table)
        for name, kind, sql, table in found
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
        sentence = f"the last seq given is {highest}, and meta says {said}"
        yield Finding("numbers", sentence, can_repair=True)
    sql = "SELECT count(*) FROM articles WHERE first_seq > seq"
    if count := connection.execute(sql).fetchone()[0]:
        yield Finding("numbers", f"{count} articles changed before they came: first_seq > seq")


def _ledgers(connection: sqlite3.Connection) -> Iterator[Finding]:
    for run in runs_of(connection):
        if not run.balances:
            yield Finding("ledger", f"the counters of run {run.id} do not balance")
    # Articles are never removed. What was put in without a run's counters makes them more.
    stored, counted = connection.execute(
        "SELECT (SELECT count(*) FROM articles), (SELECT coalesce(sum(new), 0) FROM runs)"
    ).fetchone()
    if stored < counted:
        yield Finding("ledger", f"runs have stored {counted} articles, and {stored} are here")


def _categories(connection: sqlite3.Connection) -> Iterator[Finding]:
    sql = (
        "SELECT count(DISTINCT category) FROM article_categories"
        " WHERE category NOT IN (SELECT category FROM categories)"
    )
    if count := connection.execute(sql).fetchone()[0]:
        sentence = f"{count} categories of articles are not among the categories"
        yield Finding("references", sentence, can_repair=True)


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
        try:
            wrong = list(_wrong(rows.load(connection, info_code), info_code))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # A damaged value: no JSON, a word in the place of a number.
            yield Finding("articles", f"{info_code} cannot be read: {error!r}")
        else:
            for sentence in wrong:
                can = can_reread(connection, info_code)
                yield Finding("articles", sentence, can, info_code if can else None)
        step()


def _wrong(known: rows.Known, info_code: str) -> Iterator[str]:
    row = fold(known.sightings.values())
    if differing := [name for name in FIELDS if row[name] != known.row[name]]:
        yield f"{info_code} is not what its pages say: {', '.join(differing)}"
    for key, sighting in known.sightings.items():
        if not _is_what_was_said(sighting.fields, known.evidence[key]["content_hash"]):
            yield f"{sighting.url} said something else of {info_code}"


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
            raw.load(connection, key)
        except Damaged as error:
            yield Finding("pages", str(error))
        step()


def _keys(connection: sqlite3.Connection, table: str, column: str) -> Iterator[str]:
    for (key,) in connection.execute(f"SELECT {column} FROM {table} ORDER BY {column}"):  # noqa: S608
        yield key


def _index(connection: sqlite3.Connection, step: Step) -> Iterator[Finding]:
    if differing := search_index.compare(connection, each=step):
        yield Finding("index", f"the search index is not of these articles: {differing}", True)


# -- repair -------------------------------------------------------------------------------


def remake(writer: Writer, info_codes: Iterable[str]) -> None:
    """Read the stored pages of these articles again, and write what they say.

    The search index may lose track of them on the way: :func:`repair` makes it anew.
    """
    with _any_text(writer.connection):
        rewrite(writer, info_codes)
        writer.commit()


def repair(connection: sqlite3.Connection) -> None:
    """Make anew what is made from the articles: indexes, views, the search index, names, the last
    sequence number.

    In one transaction; no article, page or revision is touched.
    """
    with closing(open_for_writing(MEMORY)) as pattern:
        wanted = {
            name: pattern.conn.execute(
                "SELECT sql FROM sqlite_schema WHERE name = ?", (name,)
            ).fetchone()[0]
            for name, (kind, _, _) in _objects(pattern.conn).items()
            if kind in ("index", "view")
        }
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _objects(connection)
        for name, sql in wanted.items():
            if name not in found:
                connection.execute(sql)
        connection.execute(
            "INSERT OR IGNORE INTO categories (category, first_seen_at) SELECT category,"
            " min(first_seen_at) FROM article_categories JOIN articles USING (info_code)"
            " GROUP BY category"
        )
        connection.execute(
            "INSERT INTO meta (key, value) SELECT 'seq', coalesce(max(seq), 0) FROM articles"
            " WHERE true ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)"
        )
        misnamed = [category for (category,) in connection.execute(_MISNAMED)]
        rows.name_categories(connection, misnamed)
        stored_passwords.remove(connection)
        with _any_text(connection):
            search_index.rebuild(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
