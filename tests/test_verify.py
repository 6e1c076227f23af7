"""Checking, repairing and copying an archive, each damage done for real."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, page, writer
from crawls import command, dump, query
from damaged import damage, found, make_whole

from newscrawl.runs import verify
from newscrawl.store.connections import PAGE_SIZE, open_for_reading
from newscrawl.store.target import Target

OTHER = "NW202112292228490029"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_whole(tmp_path_factory.mktemp("whole") / "news.db")


@pytest.fixture
def db(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copy(whole, tmp_path / "news.db"))


def test_a_copy_of_the_file_alone_says_that_its_run_never_ended(db: Path, tmp_path: Path) -> None:
    target = Target(db)
    run = writer(target)
    run.add(article(page(OTHER)), loader_version=1)
    run.commit()
    copy = Path(shutil.copy(db, tmp_path / "copy.db"))  # without its -wal
    done = command("newscrawl", "verify", "--db", str(copy))
    assert done.returncode == 0, done.stdout
    [(began,)] = query(db, "SELECT datetime(max(started_at), '+8 hours') FROM runs")
    assert f" of {began} (China time) " in done.stderr
    assert "never ended: it was killed, or this is a copy of a file in use" in done.stderr
    assert query(copy, "SELECT count(*) FROM articles WHERE id = ?", OTHER) == [(0,)]
    run.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)
    assert "never ended" not in command("newscrawl", "verify", "--db", str(db)).stderr


def test_quick_reads_no_texts(db: Path) -> None:
    damage(db, "UPDATE articles SET title = 'x' WHERE id = 'NW202112282228490028'")
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
    bad[PAGE_SIZE * 3 : PAGE_SIZE * 9] = bytes(PAGE_SIZE * 6)
    db.write_bytes(bad)
    done = command("newscrawl", "backup", str(copy), "--db", str(db))
    assert done.returncode == 6, done.stderr
    assert copy.read_bytes() == before
    assert not list(tmp_path.glob(".copy.db*"))
