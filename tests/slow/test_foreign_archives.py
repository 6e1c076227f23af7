"""Archives that a stranger has altered: every reader ends with a sentence, and soon."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page
from click.testing import CliRunner
from crawls import query

from newscrawl.archive.revisions import Version, difference
from newscrawl.cli.app import commands
from newscrawl.runs.outcome import Exit
from newscrawl.store import shape, values
from newscrawl.store.connections import MEMORY, PAGE_SIZE, open_for_reading, open_for_writing
from newscrawl.store.errors import Altered, StoreError, Unexpected
from newscrawl.store.schema import SCHEMA_VERSION

ID = "NW202112282228490028"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive at rest, with an edited article."""
    path = tmp_path_factory.mktemp("whole") / "news.db"
    fill(
        path,
        article(page(body=b"a"), body_text="储能电池", title="标题"),
        article(page(body=b"b", observed_at="2022-02-01"), body_text="光伏玻璃", title="标题"),
    )
    return path


@pytest.fixture
def db(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "news.db"))


def alter(db: Path, *statements: str) -> None:
    with closing(sqlite3.connect(db, isolation_level=None)) as stranger:
        for each in statements:
            stranger.execute(each)


READERS = {
    "list": ["list"],
    "show": ["show", ID],
    "diff": ["diff", ID],
    "search": ["search", "玻璃"],
    "info": ["info"],
    "status": ["status"],
    **{f"plot {each}": ["plot", each] for each in ("articles-per-day", "coverage", "delay")},
    "backup": ["backup", "{folder}/copy.db"],
    "verify": ["verify"],
    "reextract": ["reextract"],
    "retry-rejected": ["retry-rejected"],
    **{f"export {each}": ["export", "--format", each] for each in ("jsonl", "csv", "rss", "atom")},
    "markdown": ["export", "--format", "markdown", "-o", "{folder}/md"],
    "jekyll": ["export", "--format", "jekyll", "-o", "{folder}/posts"],
}


def read_all(db: Path) -> dict[str, str]:
    """Run every reader; return what each printed that failed."""
    said = {}
    for name, words in READERS.items():
        asked = [each.format(folder=db.parent) for each in words]
        done = CliRunner().invoke(commands, [*asked, "--db", str(db)], prog_name="newscrawl")
        assert done.exception is None or isinstance(done.exception, SystemExit), (
            name, repr(done.exception),
        )  # fmt: skip
        if done.exit_code:
            assert done.exit_code in (Exit.STORE, Exit.CRASHED), (name, done.output)
            said[name] = done.output
    return said


# -- what an archive is made of ---------------------------------------------------------------


def test_what_each_schema_makes_is_known() -> None:
    """Otherwise opening is slow; ``python -m newscrawl.store.shape`` prints the fingerprints."""
    found = {n: shape.fingerprint(shape.pattern(n)) for n in range(1, SCHEMA_VERSION + 1)}
    assert found == shape.FINGERPRINTS


def test_a_fingerprint_that_is_not_known_costs_only_time(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shape, "FINGERPRINTS", {})
    open_for_reading(db).close()
    open_for_writing(db).close()


BOMB = "WITH RECURSIVE a (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT x AS id FROM a"
SCHEMA = "PRAGMA writable_schema = ON"
NOT_READ = {
    "a view in the place of a table": ["DROP TABLE articles", f"CREATE VIEW articles AS {BOMB}"],
    "a column more": ["ALTER TABLE articles ADD COLUMN mine TEXT"],
    "a generated column": [
        "ALTER TABLE articles ADD COLUMN mine TEXT GENERATED ALWAYS AS (upper(title)) VIRTUAL"
    ],
    "a column less": ["DROP VIEW changes", "ALTER TABLE runs DROP COLUMN reason"],
    "a rule": [SCHEMA, "UPDATE sqlite_schema SET sql = replace(sql, '\"seq\" INTEGER NOT NULL',"
               " '\"seq\" INTEGER NOT NULL CHECK (length(title) > 1)') WHERE name = 'articles'"],
    "without row numbers": ["DROP TABLE rules", "CREATE TABLE rules (rule TEXT PRIMARY KEY NOT"
                            " NULL, pages INTEGER, matches, missed, matched_at) WITHOUT ROWID"],
    "a table less": ["DROP TABLE mentions"],
    "a view of ours that says something else": [
        "DROP VIEW changes", f"CREATE VIEW changes AS {BOMB}"],
    "an index of ours that works something out": [
        "DROP INDEX idx_articles_hits", "CREATE INDEX idx_articles_hits ON articles (upper(seq))"],
    "another search index": ["DROP TABLE articles_fts",
                             "CREATE VIRTUAL TABLE articles_fts USING fts4(title, body_text)"],
    "a search index of another shape": ["DROP TABLE articles_fts", "CREATE VIRTUAL TABLE"
        " articles_fts USING fts5(title, summary, body_text, content='', tokenize='trigram')"],
    "a part of the index that is a view": [
        SCHEMA, "UPDATE sqlite_schema SET type = 'view', rootpage = 0, sql ="
        " 'CREATE VIEW articles_fts_data AS SELECT 1 AS id, x''00'' AS block'"
        " WHERE name = 'articles_fts_data'"],
    "two of one name": [
        SCHEMA, "INSERT INTO sqlite_schema SELECT 'view', 'ARTICLES', 'ARTICLES', 0,"
        " 'CREATE VIEW ARTICLES AS SELECT 1'"],
    "a name that is not its own": [
        "CREATE TABLE mine (x)", SCHEMA, "UPDATE sqlite_schema SET sql ="
        " 'CREATE TABLE articles (info_code)' WHERE name = 'mine'"],
    "two in one place": [
        SCHEMA, "UPDATE sqlite_schema SET rootpage ="
        " (SELECT rootpage FROM sqlite_schema WHERE name = 'rules') WHERE name = 'gaps'"],
    "names that look like the rest of the table": [
        "DROP TABLE meta", 'CREATE TABLE meta ("key text primary key not null , value integer"'
        " NOT NULL)"],
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_READ)
def test_what_is_not_read(db: Path, case: str) -> None:
    alter(db, *NOT_READ[case])
    before = db.read_bytes()
    for opened in (open_for_reading, open_for_writing):
        with pytest.raises(StoreError, match=r"made|damaged"):
            opened(db)
    assert db.read_bytes() == before
    said = read_all(db)
    assert set(said) == set(READERS)
    assert "is OK" not in said["verify"]


NOT_WRITTEN = {
    "a trigger": "CREATE TRIGGER evil AFTER INSERT ON runs BEGIN UPDATE articles SET seq = 1; END",
    "a trigger on a view": "CREATE TRIGGER evil INSTEAD OF INSERT ON changes BEGIN SELECT 1; END",
    "a trigger on sqlite-utils' table": "CREATE TRIGGER evil AFTER INSERT ON _sqlite_migrations"
    " BEGIN DELETE FROM articles; END",
    "an index that works something out": "CREATE INDEX evil ON articles (upper(title))",
    "an index with a condition": "CREATE INDEX evil ON articles (title) WHERE seq > 1",
    "an index that forbids": "CREATE UNIQUE INDEX evil ON articles (title)",
}


@pytest.mark.parametrize("case", NOT_WRITTEN)
def test_what_is_read_and_not_written(db: Path, case: str) -> None:
    alter(db, "CREATE TABLE mine (x)", SCHEMA, NOT_WRITTEN[case])
    with pytest.raises(Altered, match=r"evil on .*`newscrawl verify --repair`"):
        open_for_writing(db)
    said = read_all(db)
    assert set(said) == {"verify", "retry-rejected"}
    assert "evil" in said["verify"]


def test_what_is_the_users_own(db: Path) -> None:
    alter(
        db, "CREATE TABLE mine (id TEXT REFERENCES articles (id))",
        "CREATE VIEW my_view AS SELECT * FROM articles JOIN mine USING (id)",
        "CREATE INDEX my_index ON articles (summary, source DESC)",
        "CREATE TRIGGER my_trigger AFTER INSERT ON mine BEGIN SELECT * FROM articles; END",
        "ANALYZE",
    )  # fmt: skip
    assert read_all(db) == {}
    open_for_writing(db).close()


def test_a_module_of_somebody_else_is_not_asked(db: Path) -> None:
    """Neither by opening, nor by a check: connecting to it would run it."""
    alter(
        db, SCHEMA, "INSERT INTO sqlite_schema VALUES ('table', 'mine', 'mine', 0,"
        " 'CREATE VIRTUAL TABLE mine USING no_such_module(x)')",
    )  # fmt: skip
    assert read_all(db) == {}


# -- what stands in its rows --------------------------------------------------------------------

ROWS = {
    "bytes in a title": "UPDATE articles SET title = x'00ff'",
    "bytes in an id": "UPDATE articles SET id = x'00ff'",
    "a number that is a text": "UPDATE articles SET seq = 'x'",
    "a number beyond all": "UPDATE articles SET seq = 9223372036854775807",
    "no UTF-8": "UPDATE articles SET title = CAST(x'ff' AS TEXT)",
    "half of a character": "UPDATE articles SET body_text = CAST(x'eda080' AS TEXT)",
    "an invalid day": "UPDATE articles SET published_at = 'yesterday'",
    "a day of the first year": "UPDATE articles SET published_at = '0001-01-01T00:00:00+08:00'",
    "an invalid time": "UPDATE articles SET first_seen_at = 'x', changed_at = 'x'",
    "a run that began never": "UPDATE runs SET started_at = 'x', ended_at = 'x'",
    "no JSON in what differs": "UPDATE observations SET differs = '{'",
    "other JSON in what differs": """UPDATE observations SET differs = '{"body_rank": "x"}'""",
    "deep JSON": "UPDATE observations SET differs = replace(hex(zeroblob(50000)), '0', '[')",
    "half of a character in JSON": """UPDATE observations SET differs = '{"title": "\\ud800"}'""",
    "no JSON of what is unknown": "UPDATE observations SET unknown = '{'",
    "no JSON in a run": "UPDATE runs SET arguments = '[', versions = '['",
    "nothing where there is something": "UPDATE articles SET changed_at = NULL",
    "70 MB": "UPDATE articles SET body_text = replace(hex(zeroblob(35000000)), '0', 'x')",
    "bytes in a revision": "UPDATE revisions SET body_text = x'00'",
    "bytes in a page's hash": "UPDATE observations SET page_hash = x'00', content_hash = 5",
}
NOT_CHECKED = {"an invalid time", "a run that began never"}
"""What no check looks for: text where there is text."""


@pytest.mark.parametrize("case", ROWS)
def test_rows(db: Path, case: str) -> None:
    [(made,)] = query(db, "SELECT quote(sql) FROM sqlite_schema WHERE name = 'articles'")
    alter(
        db, "PRAGMA foreign_keys = OFF", SCHEMA,
        "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'articles'",
    )  # fmt: skip
    alter(db, ROWS[case])
    alter(db, SCHEMA, f"UPDATE sqlite_schema SET sql = {made} WHERE name = 'articles'")
    said = read_all(db)
    assert ("verify" in said) == (case not in NOT_CHECKED), said
    for words in said.values():
        assert "newscrawl" in words or "--repair" in words or "has no article" in words


def test_a_row_is_named(db: Path) -> None:
    alter(db, "UPDATE articles SET title = x'00ff'")
    said = read_all(db)["list"]
    assert f"holds bytes in the column title (id {ID}), where newscrawl writes text" in said


def test_sql_that_finds_no_row_ends(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "PATIENCE", 3)
    monkeypatch.setattr(values, "OPERATIONS", 1000)
    with closing(open_for_reading(db)) as connection:
        many = "WITH RECURSIVE a (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a LIMIT 100000)"
        assert len(connection.execute(f"{many} SELECT x FROM a").fetchall()) == 100_000
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            connection.execute(f"{many} SELECT x FROM a WHERE x < 0").fetchall()


def test_texts_that_are_too_long_to_compare_are_shown_whole() -> None:
    earlier, later = (
        Version(None, None, None, None, "\n".join([letter * 9000] * 9), None, "", None)
        for letter in ("ab", "ba")
    )
    changes = difference(earlier, later)
    assert {each.kind for each in changes} == {"gone", "new"} or len(changes) == 9


def test_json_is_an_object() -> None:
    assert values.json_object(None, "x") == {}
    assert values.json_object('{"a": 1}', "x") == {"a": 1}
    for text in ("[", "[]", "1", "1" * 9999, '{"a": "\\ud800"}'):
        with pytest.raises(Unexpected, match=r"The JSON in runs\.arguments"):
            values.json_object(text, "runs.arguments")


# -- files --------------------------------------------------------------------------------------


def put(at: int, data: bytes) -> Callable[[Path], None]:
    def change(db: Path) -> None:
        content = bytearray(db.read_bytes())
        content[at : at + len(data)] = data
        db.write_bytes(content)

    return change


def swap_roots(db: Path) -> None:
    alter(
        db, SCHEMA, "UPDATE sqlite_schema SET rootpage = (SELECT sum(rootpage) FROM sqlite_schema"
        " WHERE name IN ('articles', 'observations')) - rootpage"
        " WHERE name IN ('articles', 'observations')",
    )  # fmt: skip


FILES: dict[str, Callable[[Path], None]] = {
    "an invalid page size": put(16, b"\x12\x34"),
    "a page size of 512": put(16, b"\x02\x00"),
    "a schema of -1": put(60, b"\xff\xff\xff\xff"),
    "a schema beyond all": put(60, b"\x7f\xff\xff\xff"),
    "another encoding": put(56, b"\x00\x00\x00\x02"),
    "an invalid encoding": put(56, b"\x00\x00\x00\x09"),
    "the first page full of ff": put(100, b"\xff" * 900),
    "the first page's cells moved": put(108, b"\x00\x01" * 40),
    "roots swapped": swap_roots,
    "half of it": lambda db: db.write_bytes(db.read_bytes()[: db.stat().st_size // 2]),
    "no page but the first": lambda db: db.write_bytes(db.read_bytes()[:PAGE_SIZE]),
    "the header alone": lambda db: db.write_bytes(db.read_bytes()[:100]),
    "like a cipher": lambda db: db.write_bytes(bytes(each ^ 0xA5 for each in db.read_bytes())),
    "a log of rubbish": lambda db: db.with_name("news.db-wal").write_bytes(b"\x37\x7f" * 30_000),
    "64 KB of all bytes": put(PAGE_SIZE, bytes(range(256)) * 256),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_files(db: Path, case: str) -> None:
    FILES[case](db)
    for words in read_all(db).values():
        assert "." in words


@pytest.mark.skipif(sys.platform != "linux", reason="asks for a limit of memory")
def test_memory_is_bounded(db: Path) -> None:
    """70 MB in each of the columns, and a limit of 1 GB for the process."""
    alter(db, ROWS["70 MB"])
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30));"
        "from newscrawl.cli.app import main; sys.argv = ['newscrawl', *sys.argv[1:]]; main()"
    )
    for words in (["export", "--format", "jsonl"], ["show", ID]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words, "--db", str(db)],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode in (Exit.STORE, Exit.CRASHED), done
        assert "Traceback" not in done.stderr


def test_nothing_heavy_is_imported_to_look_at_an_archive(db: Path) -> None:
    code = (
        "import sys; from newscrawl.store.connections import open_for_reading;"
        "open_for_reading(sys.argv[1]); print('sqlite_utils' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, db], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_memory_archive_is_what_the_fingerprint_says() -> None:
    with closing(open_for_writing(MEMORY)) as made:
        assert shape.differences(made, SCHEMA_VERSION) == []
