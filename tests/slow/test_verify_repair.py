"""Damaged articles are rebuilt from their pages."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archives import article, fill, page
from cli_runs import invoke
from crawls import command, dump, query
from damaged import damage, found, make_whole

from newscrawl.store import clock
from newscrawl.store.connections import PAGE_SIZE


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_whole(tmp_path_factory.mktemp("whole") / "news.db")


@pytest.fixture
def db(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copy(whole, tmp_path / "news.db"))


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
    db.chmod(0o640)
    done = command("newscrawl", "verify", "--db", str(db), "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rebuilt 1 article" in done.stderr
    [copy] = db.parent.glob("news.db.before-repair-*")
    assert f"was copied to {copy}" in done.stderr
    assert copy.stat().st_mode & 0o777 == 0o640
    [(title, body)] = query(db, "SELECT title, body_text FROM articles WHERE first_seq = 1")
    assert dump(db, without=changing) == before
    word = max(re.findall("[\u4e00-\u9fff]+", title), key=len)
    assert title in command("newscrawl", "search", word, "--db", str(db), "--json").stdout
    assert body
    assert query(copy, said) == damaged


def test_what_is_the_users_own_is_named_and_kept_beside_the_archive(db: Path) -> None:
    damage(db, "CREATE TABLE labels AS SELECT 'x' AS label", "DROP TABLE gaps")
    link = db.parent / "links" / "link.db"
    link.parent.mkdir()
    link.symlink_to(db)
    done = command("newscrawl", "verify", "--db", str(link), "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Lost: labels, which is your own, was not copied." in done.stderr
    [kept] = db.parent.glob("news.db.before-repair-*[0-9]")
    assert f"As it was, it is {kept}." in done.stderr
    assert query(kept, "SELECT label FROM labels") == [("x",)]
    assert list(link.parent.iterdir()) == [link]


def test_both_files_that_are_kept_in_one_second_stay(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(db, "DROP TABLE gaps", "UPDATE articles SET title = 'x' WHERE first_seq = 1")
    damaged = db.read_bytes()
    monkeypatch.setattr(clock, "clock", lambda: datetime(2026, 1, 1, tzinfo=UTC))
    ended = invoke("verify", "--db", str(db), "--repair")
    assert ended.exit_code == 0, ended.output
    kept, copy = sorted(
        each for each in db.parent.glob("*.before-repair-*") if "-wal" not in each.name
    )
    assert kept.read_bytes() == damaged
    assert query(copy, "SELECT title FROM articles WHERE first_seq = 1") == [("x",)]
    assert f"was copied to {copy}" in ended.stderr


def test_the_new_file_is_its_owners_as_the_old_one_was(db: Path) -> None:
    damage(db, "DROP TABLE gaps")
    db.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(db, 65534, 65534)
    before = db.stat()
    ended = invoke("verify", "--quick", "--db", str(db), "--repair")
    assert ended.exit_code == 0, ended.output
    after = db.stat()
    assert after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid,
    )  # fmt: skip


def test_pages_that_were_lost_are_noted(db: Path) -> None:
    """What names them has their hashes; the bytes are as if they had been pruned."""
    named = "SELECT page_hash FROM observations UNION SELECT page_hash FROM revisions"
    lost = set(query(db, f"SELECT hash FROM raw_pages WHERE rowid % 3 = 0 AND hash IN ({named})"))
    damage(db, "PRAGMA foreign_keys = OFF", "DELETE FROM raw_pages WHERE rowid % 3 = 0")
    assert any("nothing in raw_pages" in each.sentence for each in found(db))
    done = command("newscrawl", "verify", "--db", str(db), "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    noted = query(db, "SELECT hash FROM raw_pages WHERE pruned_at IS NOT NULL AND bytes = x''")
    assert set(noted) == lost != set()
    assert f"Lost: the bytes of {len(lost)} raw pages; a backup" in done.stderr
    assert command("newscrawl", "reextract", "--db", str(db)).returncode == 0


def test_a_page_that_was_lost_and_comes_again_has_its_size(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    fill(db, article(page()))
    columns = "SELECT hash, page_kind, size, stored_size, bytes, pruned_at FROM raw_pages"
    stored = query(db, columns)
    damage(db, "PRAGMA foreign_keys = OFF", "DELETE FROM raw_pages")
    ended = invoke("verify", "--db", str(db), "--repair")
    assert ended.exit_code == 0, ended.output
    fill(db, article(page(), title="另一个标题"))
    assert query(db, columns) == stored


def test_what_is_really_gone_is_said(db: Path) -> None:
    damage(db, "DROP TABLE gaps")
    done = command("newscrawl", "verify", "--db", str(db), "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Lost: the table gaps was not there: its rows are gone." in done.stderr
    bad = bytearray(db.read_bytes())
    [(root,)] = query(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'runs'")
    bad[PAGE_SIZE * (root - 1) : PAGE_SIZE * root] = bytes(PAGE_SIZE)
    db.write_bytes(bad)
    done = command("newscrawl", "verify", "--db", str(db), "--repair")
    assert "Lost: rows from 1 on of runs cannot be read." in done.stderr
    assert query(db, "PRAGMA integrity_check") == [("ok",)]


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
