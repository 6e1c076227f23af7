"""docs/how-to/operate.md: backups that are kept, sent away and restored, and an upgrade."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archives import article, fill, page
from cli_runs import invoke
from crawls import command, query
from damaged import damage

from newscrawl.store import clock, errors, integrity
from newscrawl.store.connections import PAGE_SIZE

ONE, TWO = "NW202112292228490001", "NW202112292228490002"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    fill(tmp_path / "news.db", article(page(ONE)))
    return tmp_path / "news.db"


def test_the_last_copies_are_kept(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    fill(folder / "news-2020-01-01T000000Z.db", article(page(TWO)))  # another archive
    fill(folder / "news-2027-01-01T000000Z.db", article(page(TWO)))
    (folder / "news-2028-01-01T000000Z.db").write_text("damaged")
    (folder / "news-notes.db").write_text("mine")
    for day in range(1, 6):
        monkeypatch.setattr(clock, "clock", lambda day=day: datetime(2026, 1, day, tzinfo=UTC))
        ended = invoke("backup", str(folder), "--keep", "2", "--db", str(db))
        assert ended.exit_code == 0, ended.output
    assert sorted(each.name for each in folder.glob("*.db")) == [
        "news-2020-01-01T000000Z.db", "news-2026-01-04T000000Z.db", "news-2026-01-05T000000Z.db",
        "news-2027-01-01T000000Z.db", "news-2028-01-01T000000Z.db", "news-notes.db",
    ]  # fmt: skip
    assert query(folder / "news-2026-01-05T000000Z.db", "SELECT id FROM articles") == [(ONE,)]
    ended = invoke("backup", str(db), "--keep", "2", "--db", str(db))
    assert (ended.exit_code, "is not a folder" in ended.stderr) == (2, True)


def test_a_copy_is_kept_beside_those_of_a_clock_that_was_ahead(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    folder = tmp_path / "backups"
    for year in (2036, 2026, 2027):
        monkeypatch.setattr(clock, "clock", lambda year=year: datetime(year, 1, 1, tzinfo=UTC))
        ended = invoke("backup", str(folder), "--keep", "1", "--db", str(db))
        assert ended.exit_code == 0, ended.output
        [kept] = folder.iterdir()
        assert kept.name.startswith(f"news-{year}")


def test_a_copy_that_cannot_be_removed_is_a_sentence(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    words = ["backup", str(folder), "--keep", "1", "--db", str(db)]
    assert invoke(*words).exit_code == 0
    [copy] = folder.iterdir()
    copy.rename(folder / "news-2020-01-01T000000Z.db")

    really = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path.name.startswith("news-2020"):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        really(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", unlink)
        ended = invoke(*words)
    assert (ended.exit_code, len(list(folder.glob("*.db")))) == (6, 2)
    assert "news-2020-01-01T000000Z.db could not be removed: Operation not" in ended.stderr


def test_restic_and_back(db: Path, tmp_path: Path) -> None:
    """With the real one: what comes back is the archive, and continues what was sent."""
    assert shutil.which("restic"), "apt-get install restic"
    environment = {
        **os.environ, "RESTIC_REPOSITORY": str(tmp_path / "repository"),
        "RESTIC_PASSWORD": "secret", "RESTIC_CACHE_DIR": str(tmp_path / "cache"),
    }  # fmt: skip

    def restic(*words: str) -> None:
        subprocess.run(["restic", "--quiet", *words], env=environment, check=True, cwd=tmp_path)

    restic("init")
    for name in (TWO, "NW202112292228490003"):
        assert invoke("backup", str(tmp_path / "copy.db"), "--db", str(db)).exit_code == 0
        restic("backup", "copy.db")
        fill(db, article(page(name)))
    restic("forget", "--keep-daily", "7", "--prune")
    restic("restore", "latest", "--target", str(tmp_path / "restored"))
    [copy] = (tmp_path / "restored").rglob("copy.db")
    other = tmp_path / "elsewhere" / "news.db"
    other.parent.mkdir()
    done = command("newscrawl", "restore", str(copy), "--db", str(other))
    assert done.returncode == 0, done.stderr
    assert command("newscrawl", "verify", "--db", str(other)).returncode == 0
    assert query(other, "SELECT id FROM articles ORDER BY id") == [(ONE,), (TWO,)]
    done = command("newscrawl", "verify", "--continues", str(copy), "--db", str(db))
    assert done.returncode == 0, done.stderr


def test_after_an_upgrade_it_says_that_it_will_be_migrated(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "SCHEMA_VERSION", 2)
    ended = invoke("verify", "--db", str(db))
    assert ended.exit_code == 0, ended.output
    assert "will be migrated to 2 by the next run" in ended.stdout


def test_a_damaged_file_is_found_before_it_is_migrated(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "SCHEMA_VERSION", 2)
    with db.open("r+b") as file:
        file.seek(PAGE_SIZE)
        file.write(bytes(PAGE_SIZE * 3))
    damaged = db.read_bytes()
    for words in (["verify"], ["verify", "--quick"], ["verify", "--repair"]):
        ended = invoke(*words, "--db", str(db))
        assert ended.exit_code == 1, ended.output
        assert "file: SQLite says" in ended.stdout
        assert "Repair the rest with the newscrawl that wrote it, or restore" in ended.stderr
    assert db.read_bytes() == damaged


def test_what_only_a_migrated_archive_has_is_not_called_missing(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = sqlite3.OperationalError("no such column: desk")
    assert "is not as newscrawl made it" in str(errors.explain(lacking, str(db)))
    monkeypatch.setattr(errors, "SCHEMA_VERSION", 2)
    said = str(errors.explain(lacking, str(db)))
    assert "has schema 1, and this needs schema 2" in said
    assert "newscrawl retry-rejected" in said


def test_a_damaged_file_is_left_to_repair(db: Path) -> None:
    with db.open("r+b") as file:
        file.seek(PAGE_SIZE)
        file.write(bytes(PAGE_SIZE * 3))
    ended = invoke("verify", "--db", str(db))
    assert ended.exit_code == 1
    assert "--repair puts what can be read into a new file." in ended.stderr


def test_a_quick_repair_rebuilds_deleted_articles_too(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    assert command("newscrawl", "demo", "--db", str(db)).returncode == 0
    texts = "SELECT id, title, body_text FROM articles ORDER BY id"
    before = query(db, texts)
    damage(db, "DELETE FROM articles WHERE rowid = 3")
    done = command("newscrawl", "verify", "--quick", "--repair", "--db", str(db))
    assert done.returncode == 0, done.stdout + done.stderr
    assert query(db, texts) == before


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE raw_pages SET bytes = x'', stored_size = 0, pruned_at = '2026-01-01'",
        "UPDATE observations SET page_kind = 'item'",
    ],
)
def test_deleted_articles_that_no_page_gives_again_are_named(tmp_path: Path, sql: str) -> None:
    """Pruned pages, and items, which only their spider can read: nothing is made up."""
    db = tmp_path / "news.db"
    assert command("newscrawl", "demo", "--db", str(db)).returncode == 0
    damage(db, sql, "DELETE FROM articles WHERE rowid = 3")
    done = command("newscrawl", "verify", "--repair", "--db", str(db))
    assert done.returncode == 1
    [said] = [line for line in done.stdout.splitlines() if " is gone" in line]
    assert said.endswith("is gone, and its pages cannot be read again")
    assert "was copied to" not in done.stderr  # again and again, for a repair that cannot be
    assert query(db, "SELECT count(*) FROM articles WHERE title IS NULL") == [(0,)]


def test_articles_whose_rows_were_deleted_are_rebuilt(tmp_path: Path) -> None:
    db = tmp_path / "demo.db"
    assert command("newscrawl", "demo", "--db", str(db)).returncode == 0
    before = query(db, "SELECT id, title, body_text, published_at FROM articles ORDER BY id")
    from contextlib import closing

    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM articles WHERE rowid % 3 = 0")
    assert command("newscrawl", "verify", "--db", str(db)).returncode == 1
    done = command("newscrawl", "verify", "--repair", "--db", str(db))
    assert done.returncode == 0, done.stdout + done.stderr
    after = query(db, "SELECT id, title, body_text, published_at FROM articles ORDER BY id")
    assert after == before
