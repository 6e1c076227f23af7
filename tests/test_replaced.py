"""An archive that is replaced while it is open, and one behind a link."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page
from cli_runs import invoke
from crawls import query
from served import ask, serving

import newscrawl
from newscrawl.store.connections import open_for_writing
from newscrawl.store.errors import StoreError

OLD, NEW = "NW202112292228490001", "NW202112292228490002"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    fill(tmp_path / "news.db", article(page(OLD), title="以前"))
    fill(tmp_path / "other.db", article(page(NEW), title="现在"))
    return tmp_path / "news.db"


def replace(db: Path) -> None:
    for suffix in ("-wal", "-shm"):
        db.with_name(db.name + suffix).unlink(missing_ok=True)
    db.with_name("other.db").replace(db)


def test_an_open_archive_reads_what_is_in_its_place(db: Path) -> None:
    with newscrawl.open(db) as archive:
        before = archive.latest()
        assert next(before).id == OLD
        replace(db)
        assert [each.id for each in archive.latest()] == [NEW]
        assert list(before) == []
        db.with_name("text.db").write_bytes(b"no archive, but a text" * 9)
        db.with_name("text.db").replace(db)
        for _ in range(2):
            with pytest.raises(StoreError, match="is not an SQLite file"):
                archive.latest()


def test_an_open_archive_reads_what_was_written_over_it(db: Path) -> None:
    with newscrawl.open(db) as archive:
        assert [each.id for each in archive.latest()] == [OLD]
        shutil.copyfile(db.with_name("other.db"), db)  # the same inode
        assert [each.id for each in archive.latest()] == [NEW]


def test_an_open_archive_is_the_same_where_the_program_goes_elsewhere(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(db.parent)
    (db.parent / "elsewhere").mkdir()
    shutil.copyfile("other.db", "elsewhere/news.db")
    with newscrawl.open("news.db") as archive:
        monkeypatch.chdir("elsewhere")
        assert [each.id for each in archive.latest()] == [OLD]


def test_a_transaction_reads_one_archive(db: Path) -> None:
    with newscrawl.open(db) as archive:
        archive.connection.execute("BEGIN")
        assert [each.id for each in archive.latest()] == [OLD]
        replace(db)
        assert [each.id for each in archive.latest()] == [OLD]
        archive.connection.execute("COMMIT")
        assert [each.id for each in archive.latest()] == [NEW]


def test_a_deleted_archive_is_read_to_the_end(db: Path) -> None:
    with newscrawl.open(db) as archive:
        db.unlink()
        assert [each.id for each in archive.latest()] == [OLD]


def test_a_served_archive_reads_what_is_in_its_place(db: Path) -> None:
    with serving(db) as site:
        for _ in range(6):  # each of its threads
            assert "以前" in ask(site).text
        replace(db)
        for _ in range(6):
            assert "现在" in ask(site).text
            assert NEW in ask(f"{site}news/articles.json?_shape=array").text


def test_a_served_archive_reads_what_was_written_over_it(db: Path) -> None:
    with serving(db) as site:
        for _ in range(6):
            assert "以前" in ask(site).text
        shutil.copyfile(db.with_name("other.db"), db)  # the same inode
        for _ in range(6):
            assert "现在" in ask(site).text


def test_a_served_link_that_leads_to_another_archive(db: Path) -> None:
    link, new = db.with_name("link.db"), db.with_name("new.db")
    link.symlink_to(db)
    with serving(link) as site:
        for _ in range(6):
            assert "以前" in ask(site).text
        new.symlink_to(db.with_name("other.db"))
        new.replace(link)
        for _ in range(6):
            assert "现在" in ask(site).text


def test_a_served_archive_that_is_deleted(db: Path) -> None:
    with serving(db) as site:
        other = db.with_name("other.db")
        db.unlink()
        assert ask(site).status == 503
        other.replace(db)
        assert "现在" in ask(site).text


def test_a_link_to_an_archive_that_is_written(db: Path, tmp_path: Path) -> None:
    link = tmp_path / "links" / "news.db"
    link.parent.mkdir()
    link.symlink_to(db)
    with closing(open_for_writing(db)) as writer:
        writer.execute("UPDATE articles SET title = '在日志中'")
        assert db.with_name("news.db-wal").stat().st_size
        assert "在日志中" in invoke("list", "--db", str(link)).stdout
        assert invoke("backup", str(tmp_path / "copy.db"), "--db", str(link)).exit_code == 0
    assert query(tmp_path / "copy.db", "SELECT title FROM articles") == [("在日志中",)]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_backup_onto_a_link_writes_its_target(db: Path, tmp_path: Path, is_there: bool) -> None:
    link, target = tmp_path / "links" / "copy.db", tmp_path / "copies" / "news.db"
    link.parent.mkdir()
    target.parent.mkdir()
    link.symlink_to(target)
    for _ in range(2 if is_there else 1):
        assert invoke("backup", str(link), "--db", str(db)).exit_code == 0
    assert link.is_symlink()
    assert query(target, "SELECT title FROM articles") == [("以前",)]
