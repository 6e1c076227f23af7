"""Checking, repairing and copying an archive, each damage done for real."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page, writer
from crawls import command, dump, query

from newscrawl.runs import verify
from newscrawl.store.connections import open_for_reading
from newscrawl.store.integrity import Problem
from newscrawl.store.target import Target

OTHER = "NW202112292228490029"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a sample site, with an edited article, at rest."""
    db = tmp_path_factory.mktemp("whole") / "news.db"
    assert command("newscrawl", "demo", "--db", str(db), timeout=300).returncode == 0
    fill(
        db,
        article(page(body=b"a"), body_text="储能电池"),
        article(page(body=b"b", observed_at="2022-02-01"), body_text="光伏玻璃"),
    )
    return db


@pytest.fixture
def db(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copy(whole, tmp_path / "news.db"))


def found(db: Path, **options: bool) -> list[Problem]:
    """Return what does not agree."""
    with closing(open_for_reading(db, as_found=True)) as connection:
        return list(verify.find_problems(connection, **options))


def damage(db: Path, *statements: str) -> None:
    """Do what newscrawl never would."""
    with closing(sqlite3.connect(db, isolation_level=None)) as stranger:
        for each in statements:
            stranger.execute(each)


def test_whole_archive(db: Path) -> None:
    done = command("newscrawl", "verify", "--db", str(db))
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    assert "is OK" in done.stderr
    assert command("newscrawl", "verify", "--db", str(db), "--json").stdout == "[]\n"


REPAIRED = [
    ("tables", "DROP INDEX idx_articles_hits"),
    ("tables", "DROP VIEW changes"),
    ("tables", "DROP TABLE articles_fts"),
    ("names", "UPDATE categories SET name = 'x'"),
    ("numbers", "UPDATE meta SET value = 1 WHERE key = 'seq'"),
    ("numbers", "DELETE FROM meta"),
    ("index", "INSERT INTO articles_fts (articles_fts, rowid, title, summary, body_text,"
              " title_bigrams, summary_bigrams, body_text_bigrams)"
              " VALUES ('delete', 1, 'a', '', '', 'a_', '', '')"),
    ("index", "INSERT INTO articles_fts (rowid, title) VALUES (99999, '多 余')"),
    ("index", "INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "sql"), REPAIRED)
def test_what_is_made_from_articles_is_repaired(db: Path, kind: str, sql: str) -> None:
    before = dump(db)
    damage(db, sql)
    done = command("newscrawl", "verify", "--db", str(db), "--json")
    assert done.returncode == 1
    assert {each["kind"] for each in json.loads(done.stdout)} == {kind}
    assert all(each["can_repair"] for each in json.loads(done.stdout))
    repaired = command("newscrawl", "verify", "--db", str(db), "--repair")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert dump(db) == before
    searched = command("newscrawl", "search", "光伏玻璃", "--db", str(db), "--json")
    assert "NW202112282228490028" in searched.stdout


DAMAGES = [
    ("articles", "UPDATE articles SET title = 'x' WHERE info_code = 'NW202112282228490028'",
     "said something else"),
    ("references", "DELETE FROM observations WHERE info_code = 'NW202112282228490028'",
     "seen nowhere"),
    ("references", "INSERT INTO article_tags VALUES ('NW0', 'x')", "refer to nothing in articles"),
    ("pages", "UPDATE raw_pages SET bytes = x'00' WHERE hash = (SELECT min(hash) FROM raw_pages)",
     "cannot be unpacked"),
    ("pages", "UPDATE raw_pages SET bytes ="
              " (SELECT bytes FROM raw_pages ORDER BY hash DESC LIMIT 1)"
              " WHERE hash = (SELECT min(hash) FROM raw_pages)", "other ones"),
    ("ledger", "UPDATE runs SET new = new + 1 WHERE id = 1", "run 1 "),
    ("ledger", "UPDATE runs SET listed = listed + 99, scheduled = scheduled + 99, new = new + 99"
               " WHERE id = 1", "runs have stored"),
    ("articles", "UPDATE observations SET differs = '{' WHERE info_code = 'NW202112282228490028'",
     "cannot be read"),
    ("articles", "UPDATE articles SET title = CAST(x'ff' AS TEXT)"
                 " WHERE info_code = 'NW202112282228490028'", "said something else"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "sql", "says"), DAMAGES)
def test_what_is_no_longer_there_is_said(db: Path, kind: str, sql: str, says: str) -> None:
    damage(db, "PRAGMA foreign_keys = OFF", sql)
    findings = [each for each in found(db) if each.kind == kind]
    assert any(says in each.sentence for each in findings), found(db)
    assert not any(each.can_repair for each in findings)
    before = dump(db)
    done = command("newscrawl", "verify", "--db", str(db), "--repair")
    assert done.returncode == 1
    assert says in done.stdout
    assert "newscrawl backup" in done.stderr
    after = dump(db)
    assert after["articles"] == before["articles"]  # nothing is touched


MADE_ANEW = [
    "UPDATE articles SET title = 'x' WHERE first_seq = 1",
    "UPDATE articles SET title = CAST(x'ff' AS TEXT) WHERE first_seq = 1",
    "UPDATE articles SET body_text = NULL, body_html = NULL, body_rank = NULL WHERE first_seq = 1",
]


@pytest.mark.parametrize("sql", MADE_ANEW)
def test_an_article_is_made_anew_from_its_pages_after_a_copy(db: Path, sql: str) -> None:
    changing = ("last_seen_at", "seq", "changed_at")
    before = dump(db, without=changing)
    damage(db, sql)
    said = "SELECT CAST(title AS BLOB), body_text FROM articles WHERE first_seq = 1"
    damaged = query(db, said)
    done = command("newscrawl", "verify", "--db", str(db), "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rebuilt 1 article" in done.stderr
    [copy] = db.parent.glob("news.db.before-repair-*")
    assert f"was copied to {copy}" in done.stderr
    [(title, body)] = query(db, "SELECT title, body_text FROM articles WHERE first_seq = 1")
    assert dump(db, without=changing) == before
    word = max(re.findall("[\u4e00-\u9fff]+", title), key=len)
    assert title in command("newscrawl", "search", word, "--db", str(db), "--json").stdout
    assert body
    assert query(copy, said) == damaged


TOGETHER = {
    "a trigger": ["CREATE TRIGGER t AFTER INSERT ON articles BEGIN DELETE FROM articles; END"],
    "a trigger on a view": [
        "CREATE TRIGGER t INSTEAD OF INSERT ON changes BEGIN DELETE FROM articles; END"
    ],
    "a view of another kind": ["DROP VIEW changes", "CREATE VIEW changes AS SELECT 1 AS seq"],
    "an index that works something out": ["CREATE INDEX mine ON articles (upper(title))"],
    "a column more": ["ALTER TABLE articles ADD COLUMN mine TEXT"],
    "another search index": [
        "DROP TABLE articles_fts",
        "CREATE VIRTUAL TABLE articles_fts USING fts4(title, summary, body_text)",
    ],
    "another tokenizer": [
        "DROP TABLE articles_fts",
        "CREATE VIRTUAL TABLE articles_fts USING fts5(title, summary, body_text, title_bigrams,"
        " summary_bigrams, body_text_bigrams, content='', tokenize='trigram')",
    ],
    "articles and their index": [
        "UPDATE articles SET title = title || 'x', body_text = 'zap' WHERE first_seq % 3 = 0"
        " AND first_seq < 200",
        "INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')",
    ],
    "an article, and the index gone": [
        "UPDATE articles SET title = 'x' WHERE first_seq = 3", "DROP TABLE articles_fts",
    ],
    "an article, and a part of the index": [
        "UPDATE articles SET title = 'x' WHERE first_seq = 3",
        "DELETE FROM articles_fts_data WHERE id > 10",
    ],
    "a title that is no text, without numbers and an index": [
        "DELETE FROM meta", "UPDATE articles SET title = x'00ff' WHERE first_seq = 3",
        "DROP INDEX idx_articles_hits",
    ],
    "what differs is no JSON": [
        "UPDATE observations SET differs = '{' WHERE info_code ="
        " (SELECT info_code FROM articles WHERE first_seq = 3)",
    ],
    "what is unknown is no JSON": ["UPDATE observations SET unknown = '{bad' WHERE rowid % 5 = 0"],
    "an index that is another's": [
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema"
        " WHERE name = 'idx_mentions_code') WHERE name = 'idx_articles_seq'",
    ],
    "a table of the articles' own": ["PRAGMA foreign_keys = OFF", "DROP TABLE mentions"],
    "an article deleted": [
        "PRAGMA foreign_keys = OFF", "DELETE FROM articles WHERE first_seq = 3",
    ],
}  # fmt: skip


@pytest.mark.parametrize("case", TOGETHER)
def test_what_is_hurt_together_is_mended(db: Path, case: str) -> None:
    changing = ("last_seen_at", "seq", "first_seq", "first_seen_at", "changed_at")
    before = dump(db, without=changing)
    damage(db, *TOGETHER[case])
    done = command("newscrawl", "verify", "--db", str(db))
    assert done.returncode == 1, done.stderr
    assert "is OK" not in done.stderr
    done = command("newscrawl", "verify", "--db", str(db), "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "restore" not in done.stderr
    assert "is OK" in done.stderr
    after = dump(db, without=changing)
    assert {name for name in before if after[name] != before[name]} <= {"runs"}
    assert list(db.parent.glob("news.db.before-repair-*"))


def test_what_is_really_gone_is_said(db: Path) -> None:
    damage(db, "DROP TABLE gaps")
    done = command("newscrawl", "verify", "--db", str(db), "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Lost: the table gaps was not there: its rows are gone." in done.stderr
    bad = bytearray(db.read_bytes())
    [(root,)] = query(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'runs'")
    bad[16_384 * (root - 1) : 16_384 * root] = bytes(16_384)
    db.write_bytes(bad)
    done = command("newscrawl", "verify", "--db", str(db), "--repair")
    assert "Lost: rows from 1 on of runs cannot be read." in done.stderr
    assert query(db, "PRAGMA integrity_check") == [("ok",)]


def test_a_copy_of_the_file_alone_says_that_its_run_never_ended(db: Path, tmp_path: Path) -> None:
    target = Target(db)
    run = writer(target)
    run.add(article(page(OTHER)), loader_version=1)
    run.commit()
    copy = Path(shutil.copy(db, tmp_path / "copy.db"))  # without its -wal
    done = command("newscrawl", "verify", "--db", str(copy))
    assert done.returncode == 0, done.stdout
    assert "never ended: it was killed, or this is a copy of a file in use" in done.stderr
    assert query(copy, "SELECT count(*) FROM articles WHERE info_code = ?", OTHER) == [(0,)]
    run.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)
    assert "never ended" not in command("newscrawl", "verify", "--db", str(db)).stderr


def test_a_flipped_byte_is_found(db: Path) -> None:
    size = db.stat().st_size
    missed = []
    # In pages of the file that hold rows: not in the free room of one.
    for place in range(16_384 + 8_000, size, 16_384 * 7):
        bad = bytearray(db.read_bytes())
        bad[place] ^= 0xFF
        other = db.with_name("flipped.db")
        other.write_bytes(bad)
        try:
            done = command("newscrawl", "verify", "--db", str(other))
            if done.returncode == 0 and bad[place] != 0xFF:
                missed.append(place)
            assert done.returncode in (0, 1, 6), done.stderr
            assert "Traceback" not in done.stderr
        finally:
            other.unlink()
    # SQLite's pages have no checksums: a byte of an address or a date may change unseen.
    assert len(missed) < size / (16_384 * 7) / 2, missed


def test_quick_reads_no_texts(db: Path) -> None:
    damage(db, "UPDATE articles SET title = 'x' WHERE info_code = 'NW202112282228490028'")
    assert found(db, quick=True) == []


def test_check_while_a_run_writes(db: Path) -> None:
    target = Target(db)
    run = writer(target)
    run.add(article(page(OTHER)), loader_version=1)
    with closing(open_for_reading(db)) as connection:
        findings = verify.find_problems(connection)
        first = next(findings, None)
        run.commit()  # between two steps: the check sees one moment
        assert (first, list(findings)) == (None, [])
    run.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)
    assert found(db) == []


# -- backup --------------------------------------------------------------------------------


def test_backup_is_the_archive(db: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "news.db"
    done = command("newscrawl", "backup", str(copy), "--db", str(db))
    assert done.returncode == 0, done.stderr
    assert dump(copy) == dump(db)
    assert found(copy) == []
    assert sorted(each.name for each in copy.parent.iterdir()) == ["news.db"]
    again = command("newscrawl", "backup", str(copy), "--db", str(db))
    assert again.returncode == 0  # a copy is replaced


def test_backup_while_a_run_writes(db: Path, tmp_path: Path) -> None:
    target = Target(db)
    run = writer(target)
    copy = tmp_path / "copy.db"
    steps = 0

    def write(left: int, total: int) -> None:
        nonlocal steps
        steps += 1
        if steps < 20:
            number = f"NW2022010100000{steps:05d}"
            run.add(article(page(number, body=number.encode() * 4000)), loader_version=1)
            run.commit()

    from newscrawl.store import backup

    before = query(db, "SELECT count(*) FROM articles")
    with closing(open_for_reading(db)) as source:
        step, backup.STEP = backup.STEP, 8
        try:
            backup.back_up(source, copy, each=write)
        finally:
            backup.STEP = step
    assert steps > 20
    assert query(copy, "SELECT count(*) FROM articles") == before  # its first moment
    assert found(copy) == []
    run.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)
    [(now,)] = query(db, "SELECT count(*) FROM articles")
    assert now == before[0][0] + 19


def test_backup_replaces_nothing_but_a_copy(db: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    damage(foreign, "CREATE TABLE mine (x)")
    text = tmp_path / "text.txt"
    text.write_text("mine")
    link = tmp_path / "link.db"
    link.symlink_to(db)
    for target, says in (
        (foreign, "another program"), (text, "not an SQLite file"), (db, "the archive itself"),
        (link, "the archive itself"), (tmp_path, "is a folder"),
    ):  # fmt: skip
        before = target.read_bytes() if target.is_file() else None
        done = command("newscrawl", "backup", str(target), "--db", str(db))
        assert (done.returncode, says in done.stderr) == (6, True), done.stderr
        assert before is None or target.read_bytes() == before


def test_backup_of_a_damaged_archive_keeps_the_old_copy(db: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert command("newscrawl", "backup", str(copy), "--db", str(db)).returncode == 0
    before = copy.read_bytes()
    bad = bytearray(db.read_bytes())
    bad[16_384 * 3 : 16_384 * 9] = bytes(16_384 * 6)
    db.write_bytes(bad)
    done = command("newscrawl", "backup", str(copy), "--db", str(db))
    assert done.returncode == 6, done.stderr
    assert copy.read_bytes() == before
    assert not list(tmp_path.glob(".copy.db*"))


def test_no_archive_is_replaced_by_what_is_written_from_another(db: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    fill(other, article(page("NW202201010000000001")))
    before = [db.read_bytes(), other.read_bytes()]
    for words, says in [
        (["export", "--format", "csv", "-o", str(db)], "is an SQLite file"),
        (["export", "--format", "jsonl", "-o", str(other)], "is an SQLite file"),
        (["status", "--prometheus", str(db)], "is an SQLite file"),
        (["backup", str(other)], "is an archive of its own with 1 articles"),
    ]:
        done = command("newscrawl", *words, "--db", str(db))
        assert (done.returncode, done.stdout) == (6, ""), words
        assert says in done.stderr, words
        assert "Traceback" not in done.stderr
    assert [db.read_bytes(), other.read_bytes()] == before
    assert command("newscrawl", "backup", str(other), "--db", str(other)).returncode == 6
    copy = tmp_path / "copy.db"
    for _ in range(2):  # an earlier copy is replaced
        assert command("newscrawl", "backup", str(copy), "--db", str(db)).returncode == 0
