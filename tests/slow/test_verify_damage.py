"""Archives that are damaged in many ways: ``verify`` finds it, ``--repair`` mends it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from crawls import command, dump
from damaged import damage, found, make_whole

from newscrawl.store.connections import PAGE_SIZE


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_whole(tmp_path_factory.mktemp("whole") / "news.db")


@pytest.fixture
def db(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copy(whole, tmp_path / "news.db"))


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
    ("index", "INSERT INTO articles_fts (articles_fts, rowid, title, summary, body_text)"
              " VALUES ('delete', 1, 'a', '', '')"),
    ("index", "INSERT INTO articles_fts (rowid, title) VALUES (99999, '多余')"),
    ("index", "INSERT INTO articles_characters (rowid, characters) VALUES (99999, 'text_余')"),
    ("index", "INSERT INTO articles_characters (articles_characters) VALUES ('delete-all')"),
    ("tables", "DROP TABLE articles_characters"),
    ("index", "DELETE FROM character_folds WHERE character = '儲'"),
    ("index", "UPDATE character_folds SET simplified = '龙' WHERE character = '儲'"),
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
    ("articles", "UPDATE articles SET title = 'x' WHERE id = 'NW202112282228490028'",
     "said something else"),
    ("references", "DELETE FROM observations WHERE article_id = 'NW202112282228490028'",
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
    ("articles", "UPDATE observations SET differs = '{' WHERE article_id = 'NW202112282228490028'",
     "cannot be read"),
    ("articles", "UPDATE articles SET title = CAST(x'ff' AS TEXT)"
                 " WHERE id = 'NW202112282228490028'", "said something else"),
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
        "CREATE VIRTUAL TABLE articles_fts USING fts5(body_text, title, summary,"
        " content='', tokenize='trigram')",
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
    "a title that is not text, without numbers and an index": [
        "DELETE FROM meta", "UPDATE articles SET title = x'00ff' WHERE first_seq = 3",
        "DROP INDEX idx_articles_hits",
    ],
    "`differs` is not JSON": [
        "UPDATE observations SET differs = '{' WHERE article_id ="
        " (SELECT id FROM articles WHERE first_seq = 3)",
    ],
    "`unknown` is not JSON": ["UPDATE observations SET unknown = '{bad' WHERE rowid % 5 = 0"],
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


def test_a_flipped_byte_is_found(db: Path) -> None:
    size = db.stat().st_size
    missed = []
    # In pages of the file that hold rows: not in the free room of one.
    for place in range(PAGE_SIZE + 8_000, size, PAGE_SIZE * 7):
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
    assert len(missed) < size / (PAGE_SIZE * 7) / 2, missed
