"""Which SQL the served archive answers, tried with all that the SQLite at hand can do."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from archives import article, fill, page
from crawls import ROOT, command, query
from served import Answer, ask, serving

from newscrawl.archive.datasette import database as served_database
from newscrawl.archive.datasette.database import ArchiveDatabase, Guarded
from newscrawl.archive.datasette.server import make
from newscrawl.archive.datasette.sql_rules import (
    FUNCTIONS,
    PRAGMAS,
    SETTABLE,
    TABLE_FUNCTIONS,
)

ALLOWED = set(" ".join(FUNCTIONS.values()).split())
REFUSED = "Not allowed in a query: "
ADDRESS = re.compile(r"vtab:|0x[0-9a-f]{6}|[0-9A-F]{4}7[0-9A-F]{3}0000\b")

ELSEWHERE = [
    "readfile", "writefile", "edit", "fsdir", "lsmode", "zipfile", "sqlar_compress",
    "sqlar_uncompress", "shell_add_schema", "load_extension", "fts3_tokenizer", "fts5",
    "fts5_source_id", "fts5_locale", "fts5_insttoken", "fts5_decode", "matchinfo", "offsets",
    "optimize", "rtreecheck", "rtreedepth", "rtreenode", "geopoly_area", "sqlite_log",
    "sqlite_offset", "sqlite_version", "sqlite_source_id", "sqlite_compileoption_get",
    "sqlite_compileoption_used", "zeroblob", "randomblob", "subtype", "soundex", "regexp",
    "regexpi", "sha1", "sha3", "eval", "changes", "total_changes", "last_insert_rowid",
    "json_patch", "unhex", "dbstat", "sqlite_rename_column", "crypto_hash", "decimal",
    "ieee754", "icu_load_collation", "spellfix1_scriptcode", "carray", "jsonb",
]  # fmt: skip
"""Functions of other builds, extensions and later versions, and some that every build has."""
TABLES_ELSEWHERE = [
    "generate_series", "bytecode", "tables_used", "sqlite_dbpage", "sqlite_dbdata",
    "sqlite_dbptr", "sqlite_stmt", "dbstat", "fts3tokenize", "fts5vocab", "fts4aux",
    "completion", "fsdir", "csv", "wholenumber", "carray", "unionvtab", "sqlite_memstat",
    "sqlite_temp_master", "sqlite_temp_schema", "pragma_database_list", "pragma_table_info",
]  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a sample site."""
    db = tmp_path_factory.mktemp("served") / "news.db"
    ended = command("newscrawl", "demo", "--until", "2022-06-14", "--db", str(db))
    assert ended.returncode == 0, ended.stderr
    return db


@pytest.fixture(scope="module")
def site(archive: Path) -> Iterator[str]:
    """A server on it."""
    with serving(archive, is_asked_wrongly=True) as address:
        yield address


@pytest.fixture
def guarded(archive: Path) -> Iterator[Guarded]:
    """A connection as the server has them."""
    with closing(opened(archive)) as connection:
        yield connection


def opened(path: Path) -> Guarded:
    """Return a connection of the database that a server on *path* has."""
    made = make(path)
    (served,) = [each for name, each in made.databases.items() if name != "_internal"]
    assert isinstance(served, ArchiveDatabase)
    made.executor.shutdown()
    return served.connect()  # type: ignore[return-value]


def asked(site: str, sql: str, suffix: str = ".json", **more: str) -> Answer:
    """Ask the server a question."""
    return ask(f"{site}news{suffix}?{urlencode({'sql': sql, **more})}")


def refusal(connection: Guarded, sql: str) -> str | None:
    """Return why a connection does not take *sql*; None where it was not refused."""
    connection.rules.refusal = None
    try:
        connection.execute(sql)
    except sqlite3.Error:
        return connection.rules.refusal
    assert connection.rules.refusal is None
    return None


# -- functions, tables, pragmas ----------------------------------------------------------


def call(name: str, arguments: int) -> str:
    """Return a question that calls a function."""
    given = ", ".join(["NULL"] * (arguments if arguments >= 0 else 4))
    return f'SELECT "{name}"({given})'


def functions() -> set[tuple[str, int]]:
    """Return the names of this SQLite's functions, each with its number of arguments."""
    with closing(sqlite3.connect(":memory:")) as plain:
        return {(name, count) for name, _, _, _, count, _ in plain.execute("PRAGMA function_list")}


def test_every_function_of_this_sqlite_is_refused_but_those_listed(site: str) -> None:
    """A failure that names a function: it got past the rules, or sql_rules.py lists one that
    cannot be called. A function that a new SQLite brings needs nothing: it is refused."""
    known = functions()
    assert len(known) > 100
    for name, count in sorted(known):
        answer = asked(site, call(name, count))
        error = json.loads(answer.text).get("error") or ""
        is_refused = error == f"{REFUSED}the function {name}."
        assert is_refused is (name not in ALLOWED), (name, error)
        assert answer.status == 400 if is_refused else REFUSED not in error
    assert "fts3_tokenizer" not in ALLOWED


@pytest.mark.parametrize("name", ELSEWHERE)
def test_functions_of_other_builds_are_refused(guarded: Guarded, name: str) -> None:
    guarded.create_function(name, -1, lambda *_: "called")
    assert refusal(guarded, f"SELECT {name}(1, 2)") == f"{REFUSED}the function {name}."
    assert refusal(guarded, f"SELECT 1 ORDER BY {name.upper()}(1)") is not None


def test_each_listed_function_is_called_for_what_it_is(site: str) -> None:
    """The list has no name twice, and those of this SQLite answer."""
    names = " ".join(FUNCTIONS.values()).split()
    assert len(names) == len(set(names))
    assert len(ALLOWED & {name for name, _ in functions()}) > 90


def modules() -> list[str]:
    """Return the names of this SQLite's virtual tables."""
    with closing(sqlite3.connect(":memory:")) as plain:
        found = [str(name) for (name,) in plain.execute("PRAGMA module_list")]
        found += [f"pragma_{name}" for (name,) in plain.execute("PRAGMA pragma_list")]
    return found


def test_every_virtual_table_is_refused_but_those_listed(site: str) -> None:
    found = {*modules(), *TABLES_ELSEWHERE}
    assert len(found) > 60
    for name in sorted(found):
        answers = [
            asked(site, f"SELECT {what} FROM {name} LIMIT 1").status
            for what in ("*", "count(*)", "1", "rowid")
        ]
        assert answers == [200 if name in TABLE_FUNCTIONS else 400] * 4, name
    for name in TABLE_FUNCTIONS:
        assert asked(site, f"SELECT value FROM {name}('[1, 2]')").status == 200


def test_every_pragma_is_refused_but_those_listed(guarded: Guarded, site: str) -> None:
    with closing(sqlite3.connect(":memory:")) as plain:
        known = {str(name) for (name,) in plain.execute("PRAGMA pragma_list")}
    assert len(known) > 50
    for name in sorted(known | {"key", "activate_extensions", "vdbe_trace", "no_such"}):
        allowed = (name in PRAGMAS, name in SETTABLE)
        got = tuple(
            refusal(guarded, f"PRAGMA {name}{given}") is None for given in ("", " = articles")
        )
        assert got == allowed, name
        assert asked(site, f"PRAGMA {name}").status == 400


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO articles (id) VALUES ('x')",
        "UPDATE articles SET title = 'x'",
        "UPDATE sqlite_master SET sql = 'x'",
        "DELETE FROM articles",
        "DROP TABLE articles",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x (y)",
        "CREATE TEMP VIEW x AS SELECT 1",
        "CREATE VIRTUAL TABLE temp.x USING fts3(y)",
        "CREATE TEMP TRIGGER x AFTER INSERT ON articles BEGIN SELECT 1; END",
        "ATTACH ':memory:' AS x",
        "DETACH main",
        "ALTER TABLE articles RENAME TO x",
        "REINDEX",
        "ANALYZE",
        "VACUUM",
        "VACUUM INTO 'x.db'",
        "SAVEPOINT x",
    ],
)
def test_no_connection_does_more_than_read(guarded: Guarded, sql: str) -> None:
    """Nothing of it could come by HTTP: Datasette asks nothing but SELECT."""
    with pytest.raises(sqlite3.Error):
        guarded.execute(sql)


# -- ways in -----------------------------------------------------------------------------

EVIL = "fts3_tokenizer('simple', x'4141414141414141')"
WAYS = (
    f".json?sql=select {EVIL}",
    f"?sql=select {EVIL}",
    f".csv?sql=select {EVIL}",
    f".csv?_stream=1&sql=select {EVIL}",
    f".json?sql=/* x */ with a as (select {EVIL} as b) select b from a",
    f".json?sql=select 1 order by {EVIL}",
    f".json?sql=select 1 group by 1 having {EVIL}",
    f".json?sql=select count(*) filter (where {EVIL}) over () from articles",
    f".json?sql=select 1 where exists (select {EVIL})",
    f".json?sql=select 1 limit {EVIL}",
    f".json?sql=explain query plan select {EVIL}",
    f".json?sql=select FTS3_TOKENIZER{EVIL[14:]}",
    f'.json?sql=select "fts3_tokenizer"{EVIL[14:]}',
    f".json?sql=select [fts3_tokenizer]/**/{EVIL[14:]}",
    f".json?sql=values (1)&sql=select {EVIL}",
    ".json?sql=select fts3_tokenizer('simple', :p)&p=AAAAAAAA",
    ".json?sql=select * from fts3tokenize where input = 'a'",
    ".json?sql=with articles as (select * from fts3tokenize) select * from articles",
    ".json?sql=select count(*) from fts3tokenize('a')",
    ".json?sql=select 1 from main.fts3tokenize",
    ".json?sql=select * from [fts3tokenize]('a', 'b')",
    f"/articles.json?_where={EVIL}",
    f"/articles?_where={EVIL}",
    f"/articles.csv?_stream=1&_where={EVIL}",
    f"/articles.json?_where=1) union select {EVIL} --",
    f"/articles.json?_where=1 union select {EVIL} --",
    f"/articles.json?_where=first_seq in (select {EVIL})",
    f"/latest_articles.json?_where={EVIL}",
    "/articles.json?_fts_table=fts3tokenize&_search=a",
    "/articles.json?_fts_table=fts3tokenize&_search=a&_searchmode=raw",
    "/fts3tokenize.json",
    "/dbstat",
    "/sqlite_stmt.json",
    "/pragma_database_list.json",
    f"/articles.json?_facet={EVIL}",
    f"/articles.json?_facet_array={EVIL}",
    f"/articles.json?_facet_date={EVIL}",
    f"/articles.json?_sort={EVIL}",
    f"/articles.json?_sort_desc={EVIL}",
    f"/articles.json?_col={EVIL}",
    f'/articles.json?_through={{"table":"mentions","column":"{EVIL}","value":"1"}}',
)


def test_no_way_in_calls_a_refused_function(site: str) -> None:
    for way in WAYS:
        answer = ask(f"{site}news{quote(way, safe='/?=&')}")
        # Datasette's CSV of what is wrong is empty; a column to sort by that there is not, a 500.
        is_empty = way.startswith(".csv") and answer.text == "\r\n"
        assert answer.status in (400, 404, 500) or is_empty, way
        assert not ADDRESS.search(answer.text), way
    # A canned query takes it for a text.
    found = ask(f"{site}news/all_on_a_security.json?market={quote(EVIL)}&code=1&_shape=array")
    assert (found.status, found.text.strip()) == (200, "[]")
    assert ask(site).status == 200


def test_a_refusal_says_what_and_where_nothing_lies(archive: Path, site: str) -> None:
    for sql, says in (
        ("select load_extension('x')", "the function load_extension"),
        ("select * from fts3tokenize", "the table fts3tokenize"),
        ("select * from pragma_database_list", "the table pragma_database_list"),
        ("explain select 1 from articles_fts", "EXPLAIN. EXPLAIN QUERY PLAN is"),
        ("-- x\nexplain select 1", "EXPLAIN. EXPLAIN QUERY PLAN is"),
    ):
        for suffix in ("", ".json"):
            answer = asked(site, sql, suffix)
            assert (answer.status, f"{REFUSED}{says}." in answer.text) == (400, True), sql
            assert str(archive.parent) not in answer.text
            assert not ADDRESS.search(answer.text)
    answer = ask(f"{site}news/articles.json?{urlencode({'_where': 'zeroblob(9)'})}")
    assert answer.status == 400
    assert json.loads(answer.text)["error"] == f"{REFUSED}the function zeroblob."


@pytest.mark.parametrize(
    "path",
    [
        *(f"-/{name}{suffix}" for suffix in ("", ".json")
          for name in ("settings", "versions", "plugins", "threads", "databases", "metadata",
                       "actor", "config")),
        "-/messages", "-/allow-debug", "-/permissions", "-/patterns", "-/logout",
        "-/auth-token?token=x", ".json", "_memory", "_memory.json?sql=select+1", ":memory:",
        "_internal", "_internal.json?sql=select+1", "_internal/databases", "~5Finternal",
        "%5Finternal", "-/static-plugins/x/y",
    ],
)  # fmt: skip
def test_what_datasette_says_of_itself_is_closed(site: str, path: str) -> None:
    assert ask(site + path)[::2] == (404, "Page not found.\n")


def test_no_link_of_another_site_queries(archive: Path, site: str) -> None:
    link = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    with serving(archive, "--host", "0.0.0.0", "--public") as address:
        for way in (site, address.replace("0.0.0.0", "127.0.0.1")):
            for path in (
                "news?sql=select+1",
                "news.json?sql=select+1",
                "news/articles?_where=1",
                "news/articles?_facet=source",
                "news/most_mentioned?since=2022",
            ):
                answer = ask(way + path, **link)
                assert answer.status == 403, path
                assert "A link of another site may not query the archive." in answer.text
                assert ask(way + path, **{**link, "Sec-Fetch-Site": "none"}).status == 200
            for path in ("", "search?q=x", "news", "news/articles"):
                assert ask(way + path, **link).status == 200, path
            assert ask(way, **{**link, "Sec-Fetch-Dest": "iframe"}).status == 403


# -- what is asked rightly ---------------------------------------------------------------

QUESTIONS = (
    "select count(*) from articles",
    "with n as (select 1 as a) select count(*) from n",
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9)"
    " select sum(i) from n",
    "select value from json_each('[1, 2]') where value > 1",
    "select '{\"a\": 1}' ->> 'a', json_object('a', 1)",
    "select bm25(articles_fts) as rank from articles_fts"
    " where articles_fts match '板块' order by rank limit 3",
    "select title, row_number() over (partition by source order by published_at) from articles"
    " limit 5",
    "select printf('%.2f', avg(length(body_text))), group_concat(distinct source) from articles",
    "select date(published_at, '+1 day'), strftime('%Y', published_at) from articles limit 1",
    "select title from articles where title like '%股%' or title glob '*股*' order by random()",
    "select instr(title, '股'), replace(title, '股', '-'), trim(title) from articles limit 1",
    "select name, sql from sqlite_master",
    "explain query plan select * from articles where info_code = 'x'",
    "select max(a.seq, 1) from articles a join mentions on a.id = article_id limit 1",
)


@pytest.mark.parametrize("sql", QUESTIONS)
def test_what_readers_ask_is_answered(site: str, sql: str) -> None:
    answer = asked(site, sql)
    assert (answer.status, json.loads(answer.text)["error"]) == (200, None)
    assert json.loads(answer.text)["rows"]


def test_queries_of_the_documents_are_answered(site: str) -> None:
    text = (ROOT / "docs" / "how-to" / "sql.md").read_text(encoding="utf-8")
    found = re.findall(r"```sql\n(.*?);\n```", text, re.DOTALL)
    assert len(found) > 5
    for sql in found:
        assert asked(site, sql).status == 200, sql


@pytest.mark.parametrize(
    "path",
    [
        "?_facet=source&_facet_date=published_at&_facet_size=3",
        "?_search=a",
        "?_search_title=a",
        "?_sort_desc=seq&_size=5&_next=10",
        "?_where=seq > 5&title__contains=股",
        "?_through={%22table%22:%22mentions%22,%22column%22:%22code%22,%22value%22:%221%22}",
    ],
)
def test_pages_of_tables_answer(site: str, path: str) -> None:
    for suffix in ("", ".json", ".csv"):
        answer = ask(f"{site}news/articles{suffix}{quote(path, safe='?=&_%')}")
        # No foreign key leads to articles; its error is not a failure of the rules.
        assert answer.status == 200 or "_through" in path, answer.text[-500:]
        assert REFUSED not in answer.text


# -- bounds ------------------------------------------------------------------------------


def test_values_and_answers_are_bounded(site: str) -> None:
    longest = served_database.LONGEST_OF_A_QUERY
    too_long = f"select replace(printf('%{longest // 2}d', 1), ' ', 'xxx')"
    too_much = f"select printf('%{longest - 100}d', value) from json_each(?)".replace(
        "?", "'[" + ",".join("1" * 100) + "]'"
    )
    for sql, says in (
        (too_long, "A value is longer than"),
        (too_much, "The answer has more than"),
        ("select " + " + ".join("1" * 300), "Expression tree is too large"),
        (" union all ".join(["select 1"] * 60), "too many terms in compound SELECT"),
        ("select " + ",".join("1" * 300), "too many columns in result set"),
        (f"select 'a' like '{'a' * 200}'", "LIKE or GLOB pattern too complex"),
        (f"select json_array({','.join('1' * 120)})", "too many arguments on function"),
    ):
        answer = asked(site, sql)
        assert (answer.status, says in answer.text) == (400, True), (sql[:50], answer.text[-300:])


def test_no_column_names_another_function(guarded: Guarded) -> None:
    """FTS5 calls what ``rank`` names by itself, without the authorizer: snippet()
    takes quadratic time."""
    for sql in (
        "SELECT 1 FROM articles_fts WHERE articles_fts MATCH 'a' AND rank MATCH 'snippet(1)'",
        "SELECT 1 FROM articles_fts AS f WHERE f.articles_fts MATCH 'a' AND f.RANK = 'x'",
        "SELECT rowid FROM articles_fts('a', 'snippet(1,1,1,1,1)') ORDER BY rank",
        "SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'a' ORDER BY \"rank\"",
    ):
        assert refusal(guarded, sql) == (
            "Not allowed in a query: the column rank; bm25(articles_fts) is the same."
        ), sql


def test_no_join_names_another_function(guarded: Guarded) -> None:
    """SQLite asks for no column that it compares by USING."""
    given = "(SELECT 'snippet(1,1,1,1,1)' AS rank)"
    for each in (f'{given} /**/ USING("rank")', f"{given} AS b USING (RANK)"):
        sql = f"SELECT 1 FROM articles_fts JOIN {each} JOIN {each} WHERE articles_fts MATCH 'a'"
        with pytest.raises(sqlite3.OperationalError, match="the search index USING a rank"):
            guarded.cursor().execute(sql)


TRIMMED = ("  a b ", "xxaxx", "", "中文中", "a", None, 12.5, 100, b"  a ", "é\u0301e")


@pytest.mark.parametrize("name", ["trim", "ltrim", "rtrim"])
def test_trim_of_ours_is_that_of_sqlite(guarded: Guarded, name: str) -> None:
    sql = f"SELECT {name}(?, ?), {name}(?)"
    with closing(sqlite3.connect(":memory:")) as plain:
        for text in TRIMMED:
            for characters in TRIMMED:
                asked_for = (text, characters, text)
                assert guarded.execute(sql, asked_for).fetchone() == (
                    plain.execute(sql, asked_for).fetchone()
                ), asked_for


@pytest.mark.parametrize("name", ["trim", "ltrim", "rtrim"])
def test_trim_takes_no_product_of_lengths(site: str, name: str) -> None:
    """In SQLite's own function it is an hour, within one step."""
    long = "replace(printf('%.499999c', 'a'), 'a', 'b')"
    many = (
        "(select group_concat(char(n), '') from (with recursive k(n) as"
        " (select 1000 union all select n + 1 from k where n < 51000) select n from k))"
    )
    answer = asked(site, f"select length({name}({long}, {many} || 'b')) as l", _shape="array")
    assert (answer.status, answer.text) == (200, '[{"l": 0}]')


FILL_MEMORY = """
import asyncio, sqlite3, sys
from pathlib import Path
from newscrawl.archive.datasette import database
from newscrawl.archive.datasette.server import make

async def main():
    served = make(Path(sys.argv[1])).get_database()
    sql = "SELECT " + ", ".join([f"printf('%{database.LONGEST_VALUE - 100}d', 1)"] * 40)
    try:
        await served.read(lambda connection: connection.execute(sql).fetchall())
    except sqlite3.OperationalError as error:
        print(error)
    print((await served.execute("SELECT count(*) > 0 FROM articles")).rows[0][0])

asyncio.run(main())
"""


def test_memory_is_bounded(archive: Path) -> None:
    """A row may have many values of the longest: 2.5 GB here, all made before the clock is checked.

    In a process of its own, since the bound is of the process, and it stays large.
    """
    ended = subprocess.run(
        [sys.executable, "-c", FILL_MEMORY, str(archive)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert (ended.stdout, ended.stderr) == ("The query needs too much memory.\n1\n", "")


# -- a stranger's archive ----------------------------------------------------------------

# SQLite would not make it; a file may have it all the same.
FORGE = (
    "CREATE TABLE t (x); INSERT INTO t VALUES ('x');"
    " PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql ="
)
STRANGE = (
    ("CREATE VIEW v AS SELECT fts3_tokenizer('simple') AS x", "v"),
    ("CREATE VIEW v AS SELECT load_extension('x') AS x", "v"),
    ("CREATE VIEW v AS SELECT * FROM pragma_database_list", "v"),
    ("CREATE VIEW v AS SELECT * FROM fts3tokenize WHERE input = 'a'", "v"),
    ("CREATE VIEW v AS SELECT count(*) FROM dbstat", "v"),
    ("CREATE VIEW v AS WITH articles AS (SELECT zeroblob(9) AS x) SELECT x FROM articles", "v"),
    (f"{FORGE} 'CREATE TABLE t (x, y AS (fts3_tokenizer(x)))' WHERE name = 't'", "t"),
    (f"{FORGE} 'CREATE TABLE t (x, y AS (load_extension(x)))' WHERE name = 't'", "t"),
    ("CREATE VIRTUAL TABLE t USING fts3(x)", "t"),
    ("CREATE VIRTUAL TABLE t USING fts4(x)", "t"),
    ("CREATE VIRTUAL TABLE t USING fts5(x)", "t"),
    ("CREATE VIRTUAL TABLE t USING fts5(x, content='sqlite_temp_master')", "t"),
    ("CREATE VIRTUAL TABLE t USING rtree(a, b, c)", "t"),
    ("CREATE VIRTUAL TABLE t USING fts5vocab('articles_fts', 'row')", "t"),
    # A KELVIN SIGN, of which Python's small letter is k.
    ('CREATE TABLE "pragma_foreign_\u212aey_list" (x)', "pragma_foreign_key_list"),
    ("DROP TABLE articles_fts; CREATE VIRTUAL TABLE articles_fts USING fts4(x)", "articles_fts"),
    (
        "DROP TABLE articles_fts; CREATE VIRTUAL TABLE articles_fts"
        " USING fts5(file, content='pragma_database_list', content_rowid='seq')",
        "articles_fts",
    ),
    ("DROP TABLE articles_fts; CREATE VIEW articles_fts AS SELECT changes() AS x", "articles_fts"),
    (
        "CREATE VIEW v AS SELECT 1 FROM articles_fts JOIN (SELECT '' AS rank) USING(rank)",
        "v",
    ),
    # The function by which `ORDER BY rank` of our own search would rank.
    (
        "INSERT INTO articles_fts (articles_fts, rank) VALUES ('rank', 'snippet(0, 1, 1, 1, 9)')",
        "articles_fts",
    ),
)


@pytest.mark.parametrize(("made", "name"), STRANGE)
def test_what_a_strangers_file_has_is_refused(tmp_path: Path, made: str, name: str) -> None:
    db = tmp_path / "news.db"
    fill(db, article(page()))
    with closing(sqlite3.connect(db)) as stranger:
        try:
            stranger.executescript(made)
        except sqlite3.OperationalError as error:
            pytest.skip(f"this SQLite cannot make it: {error}")
    for what in ("*", "count(*)", "1"):
        with pytest.raises(sqlite3.Error), closing(opened(db)) as connection:
            connection.execute(f"SELECT {what} FROM {name}").fetchall()


def test_the_archive_is_not_changed(archive: Path, site: str) -> None:
    before = query(archive, "SELECT count(*), max(seq) FROM articles")
    for way in WAYS:
        ask(f"{site}news{quote(way, safe='/?=&')}")
    assert query(archive, "SELECT count(*), max(seq) FROM articles") == before
