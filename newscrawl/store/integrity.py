"""Verifies an archive: the file, its tables, references, counters, articles, pages and index."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Protocol

from newscrawl.items import FIELDS, KEPT, Page, PageKind
from newscrawl.store import article_rows, counters, identity, search_index, shape, stored_passwords
from newscrawl.store.errors import Damaged, Pruned, StoreError
from newscrawl.store.merge import REVISED, merge
from newscrawl.store.merger import LAST_SEQ, hash_content
from newscrawl.store.observation import Fields
from newscrawl.store.raw_pages import load_raw_page
from newscrawl.store.schema import COUNTERS, SCHEMA_VERSION, TABLES, Table
from newscrawl.store.values import json_object
from newscrawl.text.passwords import clean_address

Step = Callable[[], None]


class Reread(Protocol):
    """How stored pages are read again: what the store cannot do by itself."""

    def can_reread(self, connection: sqlite3.Connection, article_id: str) -> bool:
        """Whether the stored pages of an article give it again."""

    def fields_of(self, page: Page) -> Fields | None:
        """Return what a page says; None if it cannot be read."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong."""

    kind: str
    """``file``, ``schema``, ``tables``, ``references``, ``numbers``, ``values``, ``articles``,
    ``pages``, ``index``, ``names`` or ``ledger``; of a comparison ``continues``."""
    sentence: str
    can_repair: bool = False
    """Whether ``--repair`` can fix it: it is built from other rows, or from the stored pages."""
    article_id: str | None = None
    """The article to rebuild from its pages, where that is how ``--repair`` fixes it."""
    touches: bool = False
    """Whether the repair alters or removes what is stored: the archive is copied first."""


def problems_of(
    connection: sqlite3.Connection, reread: Reread, *, quick: bool, each: Step
) -> Iterator[Problem]:
    """Yield the problems of the archive; *quick* leaves out what reads every text.

    All in one snapshot, also while a run writes. *each* is called after every article, page and
    indexed text, to show progress.
    """
    connection.execute("BEGIN")
    try:
        with any_text(connection):
            yield from _examine(connection, reread, quick, each)
    finally:
        connection.execute("ROLLBACK")


@contextmanager
def any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Read also texts that are not UTF-8, because of a flipped bit: one would end the check."""
    before = connection.text_factory
    connection.text_factory = lambda data: data.decode(errors="replace")
    try:
        yield
    finally:
        connection.text_factory = before


def _examine(
    connection: sqlite3.Connection, reread: Reread, quick: bool, step: Step
) -> Iterator[Problem]:
    # First what is known of sqlite_schema alone: SQLite's own check would run what it says.
    made = list(_part("tables", _tables(connection)))
    yield from made
    if any(not found.can_repair for found in made if found.kind != "schema"):
        return  # what else would be found follows from that
    # The file itself is verified in every schema: a migration of a damaged one fails.
    damaged = list(_file(connection))
    yield from damaged
    if any(not found.can_repair for found in [*made, *damaged]):
        return
    yield from _part("references", _references(connection))
    yield from _part("articles", gone_articles(connection, reread))
    yield from _part("numbers", _numbers(connection))
    yield from _part("ledger", _ledgers(connection))
    yield from _part("references", _categories(connection))
    yield from _part("names", _names(connection))
    yield from _part("index", _folds(connection))
    yield from _part("passwords", _passwords(connection))
    if not quick:
        yield from _part("values", _values(connection, reread))
        yield from _part("articles", _articles(connection, reread, step))
        yield from _part("pages", _pages(connection, step))
        if not any(found.kind == "tables" for found in made):
            yield from _part("index", _index(connection, step))


def _folds(connection: sqlite3.Connection) -> Iterator[Problem]:
    if not search_index.has_folds(connection):
        yield Problem("index", "character_folds does not hold what the search index goes by", True)


def _passwords(connection: sqlite3.Connection) -> Iterator[Problem]:
    for table, column, count in stored_passwords.find(connection):
        yield Problem("passwords", f"{count} of {table}.{column} hold a password", True)


def _part(kind: str, findings: Iterator[Problem]) -> Iterator[Problem]:
    """Yield *findings*; where they end by a value that cannot be read, that is one."""
    try:
        yield from findings
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "").startswith(_NOT_READ):
            raise  # nothing could be read at all
        yield Problem("file" if _is_corrupt(error) else kind, f"SQLite says: {error}")
    except StoreError as error:
        yield Problem(kind, str(error))
    except (TypeError, ValueError) as error:  # a word in the place of a number
        yield Problem(kind, f"it cannot be read: {error}")


_NOT_READ = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_INTERRUPT")


def _is_corrupt(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith("SQLITE_CORRUPT")


def steps_of(connection: sqlite3.Connection) -> int:
    """Return how many steps :func:`problems_of` takes; 0 if the archive is too damaged to say."""
    if any(not found.can_repair for found in _part("tables", _tables(connection))):
        return 0
    counts = ("SELECT 2 * count(*) FROM articles", "SELECT count(*) FROM raw_pages")
    try:
        return sum(int(connection.execute(sql).fetchone()[0]) for sql in counts)
    except sqlite3.DatabaseError:
        return 0


# -- the file ------------------------------------------------------------------------------

# What SQLite says of an index that is not of its table's rows; and of a value, in a whole file.
_INDEX_HURT = re.compile(
    r"row \d+ missing from index|wrong # of entries in index|non-unique entry in index"
    r"|rowid not at end-of-record for row|row \d+ values differ from index"
)
_VALUE = re.compile(r"\w+ value in \w+\.\w+$")


def _file(connection: sqlite3.Connection) -> Iterator[Problem]:
    try:
        for said in _integrity(connection):
            if _INDEX_HURT.match(said):
                yield Problem("tables", f"SQLite says: {said}", can_repair=True)
            elif not _VALUE.match(said):  # those are found again, with their rows
                yield Problem("file", f"SQLite says: {said}")
    except sqlite3.DatabaseError as error:
        if not _is_corrupt(error):
            raise  # it could not be read at all
        yield Problem("file", f"SQLite says: {error}")


def _integrity(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what SQLite finds; of our tables only where there are others: these may have rules, and
    modules, that are not to be run."""
    if not shape.others(connection):
        tables: list[str | None] = [None]
    else:
        sql = "SELECT name FROM sqlite_schema WHERE type = 'table'"
        there = {name for (name,) in connection.execute(sql)}
        tables = [table.name for table in TABLES if table.name in there]
    for table in tables:
        # Without a name: all that there is.
        of = "" if table is None else "(?)"
        sql = f"SELECT integrity_check FROM pragma_integrity_check{of}"  # noqa: S608  constants
        for (said,) in connection.execute(sql, () if table is None else (table,)):
            if said != "ok":
                yield said


def _tables(connection: sqlite3.Connection) -> Iterator[Problem]:
    """Compare with what the migrations make."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for each in shape.differences(connection, version):
        yield Problem("tables", each.said, each.can_repair, touches=each.kind != "missing")
    if version != SCHEMA_VERSION:
        yield Problem(
            "schema",
            f"the schema is {version}, and will be migrated to {SCHEMA_VERSION} by the next run. "
            "Verify it again then: its articles and pages were not verified.",
        )


# -- what refers to what ---------------------------------------------------------------------


def _references(connection: sqlite3.Connection) -> Iterator[Problem]:
    for table in TABLES:
        sql = "SELECT parent, count(*) FROM pragma_foreign_key_check(?) GROUP BY 1"
        for parent, count in connection.execute(sql, (table.name,)):
            sentence = f"{count} rows of {table.name} refer to nothing in {parent}"
            # Of raw pages that were lost, the rows that name them have the hashes.
            yield Problem("references", sentence, can_repair=parent == "raw_pages")
    sql = (
        "SELECT count(*) FROM articles WHERE NOT EXISTS"
        " (SELECT 1 FROM observations WHERE observations.article_id = articles.id)"
    )
    if count := connection.execute(sql).fetchone()[0]:
        yield Problem("references", f"{count} articles were seen nowhere")


_GONE = (
    "SELECT DISTINCT article_id FROM observations WHERE NOT EXISTS"
    " (SELECT 1 FROM articles WHERE articles.id = observations.article_id)"
)


def gone_articles(connection: sqlite3.Connection, reread: Reread) -> Iterator[Problem]:
    """Articles that were deleted, and whose observations are still there."""
    for (article_id,) in connection.execute(_GONE).fetchall():
        found = _of_article(
            connection, reread, article_id, f"{article_id} is gone, and its pages are here"
        )
        if not found.can_repair:
            sentence = f"{article_id} is gone, and its pages cannot be read again"
            found = replace(found, sentence=sentence)
        yield found


def _numbers(connection: sqlite3.Connection) -> Iterator[Problem]:
    last = connection.execute("SELECT value FROM meta WHERE key = 'seq'").fetchone()
    highest = connection.execute("SELECT max(seq) FROM articles").fetchone()[0] or 0
    if last is None or last[0] < highest:
        said = "none" if last is None else last[0]
        sentence = f"the last seq given is {highest}, and meta says {said}"
        yield Problem("numbers", sentence, can_repair=True)
    if highest > LAST_SEQ:
        yield Problem("numbers", f"the last seq is {highest}: no run has given so many")
    if identity.archive_id(connection) is None:
        yield Problem("numbers", "the archive has no identity", can_repair=True)
    sql = "SELECT count(*) FROM articles WHERE first_seq > seq"
    if count := connection.execute(sql).fetchone()[0]:
        yield Problem("numbers", f"{count} articles changed before they came: first_seq > seq")


def _ledgers(connection: sqlite3.Connection) -> Iterator[Problem]:
    names = [name for name, _ in COUNTERS]
    sql = f"SELECT id, arguments, outcome, {', '.join(names)} FROM runs ORDER BY id DESC"  # noqa: S608
    for id_, arguments, outcome, *counted in connection.execute(sql).fetchall():
        json_object(arguments, f"runs.arguments of run {id_}")
        if not counters.balance(dict(zip(names, counted, strict=True)), outcome):
            yield Problem("ledger", f"the counters of run {id_} do not balance")
    # Articles are never removed. What was put in without a run's counters makes them more.
    stored, counted = connection.execute(
        "SELECT (SELECT count(*) FROM articles), (SELECT coalesce(sum(new), 0) FROM runs)"
    ).fetchone()
    if stored < counted:
        yield Problem("ledger", f"runs have stored {counted} articles, and {stored} are here")


def _categories(connection: sqlite3.Connection) -> Iterator[Problem]:
    sql = (
        "SELECT count(DISTINCT category) FROM article_categories"
        " WHERE category NOT IN (SELECT category FROM categories)"
    )
    if count := connection.execute(sql).fetchone()[0]:
        sentence = f"{count} categories of articles are not among the categories"
        yield Problem("references", sentence, can_repair=True)


MISNAMED = (
    "SELECT category FROM categories WHERE name IS NOT (SELECT name FROM category_names"
    " WHERE category_names.category = categories.category ORDER BY pages DESC, name LIMIT 1)"
)


def _names(connection: sqlite3.Connection) -> Iterator[Problem]:
    for (category,) in connection.execute(MISNAMED):
        yield Problem("names", f"the category {category} has not the name seen most", True)


MOST = 1_000
"""Rows with a wrong value that are named, of each table."""
# Texts of SQL that SQLite itself makes of the names of our tables and columns.
WRONG_ROWS = """
SELECT printf('SELECT rowid, * FROM "%w" WHERE ', :table) || group_concat(printf(
    '(typeof("%w") <> ''%s'' AND (%d OR "%w" IS NOT NULL))', name, lower(type), "notnull", name
), ' OR ') || ' LIMIT :most'
FROM pragma_table_info(:table)"""


def _values(connection: sqlite3.Connection, reread: Reread) -> Iterator[Problem]:
    """Yield the values that are not of their column's type: only another program writes them."""
    sql = "SELECT count(*) FROM observations WHERE unknown IS NOT NULL AND NOT json_valid(unknown)"
    if count := connection.execute(sql).fetchone()[0]:
        sentence = f"{count} rows of observations have no JSON in unknown"
        yield Problem("values", sentence, can_repair=True, touches=True)
    for table in TABLES:
        (sql,) = connection.execute(WRONG_ROWS, {"table": table.name}).fetchone()
        for rowid, *values in connection.execute(sql, {"most": MOST}).fetchall():
            row = dict(zip((each.name for each in table.columns), values, strict=True))
            yield from _wrong_values(connection, reread, table, rowid, row)


def _wrong_values(
    connection: sqlite3.Connection, reread: Reread, table: Table, rowid: int, row: Mapping[str, Any]
) -> Iterator[Problem]:
    names = [each.name for each in table.columns if type(row[each.name]) is not each.type]
    article_id = row.get("article_id")
    wrong = ", ".join(name for name in names if row[name] is not None) or "a value that is missing"
    sentence = f"row {rowid} of {table.name} has what newscrawl never writes: {wrong}"
    if table.name == "revisions":
        can = revision_again(connection, reread, rowid) is not None
        yield Problem("values", sentence, can, touches=can)
    elif isinstance(article_id, str) and table.name != "articles":
        yield replace(_of_article(connection, reread, article_id, sentence), kind="values")
    else:
        yield Problem("values", sentence)


def revision_again(
    connection: sqlite3.Connection, reread: Reread, rowid: int
) -> tuple[Any, ...] | None:
    """Return what the page of a revision says; None where it cannot be read again."""
    site, kind, page_id, page_hash, observed_at = connection.execute(
        "SELECT site, page_kind, page_id, page_hash, observed_at FROM revisions WHERE id = ?",
        (rowid,),
    ).fetchone()
    try:
        page = Page(
            kind=PageKind(kind), id=page_id, url="", body=load_raw_page(connection, page_hash),
            observed_at=observed_at, site=site,
        )  # fmt: skip
        fields = reread.fields_of(page)
    except (KeyError, StoreError, TypeError, ValueError):
        return None
    return None if fields is None else tuple(fields[name] for name in KEPT)


# -- every article, page and text ----------------------------------------------------------


def _articles(connection: sqlite3.Connection, reread: Reread, step: Step) -> Iterator[Problem]:
    """Merge each article again from what its pages say."""
    for article_id in _keys(connection, "articles", "id"):
        try:
            wrong = list(_wrong(article_rows.load_article(connection, article_id), article_id))
        except sqlite3.DataError as error:
            yield Problem("articles", f"{article_id} cannot be read: {error}")
        except StoreError as error:
            yield _of_article(
                connection, reread, article_id, f"{article_id} cannot be read: {error}"
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # A damaged value: a word in the place of a number.
            yield _of_article(
                connection, reread, article_id, f"{article_id} cannot be read: {error!r}"
            )
        else:
            for sentence in wrong:
                yield _of_article(connection, reread, article_id, sentence)
        step()


def _of_article(
    connection: sqlite3.Connection, reread: Reread, article_id: str, sentence: str
) -> Problem:
    """Return what is wrong with an article, which its pages may repair."""
    try:
        can = reread.can_reread(connection, article_id)
    except (sqlite3.DataError, ValueError, TypeError, KeyError, AttributeError):
        can = False
    return Problem("articles", sentence, can, article_id if can else None, touches=can)


def _wrong(known: article_rows.ArticleRows, article_id: str) -> Iterator[str]:
    row = merge(known.observations.values())
    if differing := [name for name in FIELDS if row[name] != known.row[name]]:
        yield f"{article_id} is not what its pages say: {', '.join(differing)}"
    for key, observation in known.observations.items():
        if not _is_what_was_said(observation.fields, known.evidence[key]["content_hash"]):
            yield f"{clean_address(observation.url)} said something else of {article_id}"


def _is_what_was_said(fields: Fields, content_hash: str) -> bool:
    """Whether the hash is of these fields, or of fewer: an older state may have filled gaps."""
    return any(
        hash_content({**fields, **dict.fromkeys(lacked)}) == content_hash
        for count in range(len(REVISED) + 1)
        for lacked in combinations(REVISED, count)
    )


def _pages(connection: sqlite3.Connection, step: Step) -> Iterator[Problem]:
    """Unpack each page's bytes, and hash them."""
    for key in _keys(connection, "raw_pages", "hash"):
        try:
            load_raw_page(connection, key)
        except Pruned:
            pass  # as the user wanted
        except Damaged as error:
            yield Problem("pages", str(error))
        step()


def _keys(connection: sqlite3.Connection, table: str, column: str) -> Iterator[str]:
    for (key,) in connection.execute(f"SELECT {column} FROM {table} ORDER BY {column}"):  # noqa: S608
        yield key


def _index(connection: sqlite3.Connection, step: Step) -> Iterator[Problem]:
    if differing := search_index.compare(connection, each=step):
        yield Problem("index", f"the search index is not of these articles: {differing}", True)
