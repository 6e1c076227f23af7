"""`newscrawl restore`, copies that were cut off, and archives with two names."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page, writer
from crawls import ROOT, command, dump, query
from samplesite.site import Site

from newscrawl.runs import verify
from newscrawl.runs.outcome import Exit
from newscrawl.store import restore as restoring
from newscrawl.store.backup import back_up
from newscrawl.store.connections import PAGE_SIZE, open_for_reading
from newscrawl.store.errors import StoreError
from newscrawl.store.restore import restore
from newscrawl.store.target import Target


def code(number: int) -> str:
    return f"NW20220101{number:08d}"


def codes(path: Path) -> set[str]:
    with closing(open_for_reading(path)) as db:
        return {row[0] for row in db.execute("SELECT id FROM articles")}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """An archive of three articles, of which its backup beside it has two."""
    path = tmp_path / "data" / "news.db"
    path.parent.mkdir()
    fill(path, article(page(code(1))), article(page(code(2))))
    with closing(open_for_reading(path)) as source:
        back_up(source, tmp_path / "backup.db")
    fill(path, article(page(code(3))))
    return path


@pytest.fixture
def backup(db: Path, tmp_path: Path) -> Path:
    return tmp_path / "backup.db"


def kept(db: Path) -> Path:
    [found] = [
        each for each in db.parent.glob("news.db.before-restore-*") if "-wal" not in each.name
    ]
    return found


def cut_off(path: Path, then: str) -> None:
    """Write an article in a process, and let it do something last: its log stays."""
    source = f"""
        import os, signal, sys
        from pathlib import Path
        from archives import article, page, writer
        from newscrawl.store.target import Target
        target = Target(Path(sys.argv[1]))
        run = writer(target)
        run.add(article(page("NW2022010100000004")), loader_version=1)
        run.commit()
        {then}
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source), str(path)], cwd=ROOT / "tests", check=False
    )


KILL = "os.kill(os.getpid(), signal.SIGKILL)"


def test_restores_a_copy_and_keeps_what_was_there(db: Path, backup: Path) -> None:
    before = dump(db)
    [(began,)] = query(backup, "SELECT datetime(started_at, '+8 hours') FROM runs")
    done = command("newscrawl", "restore", str(backup), "--db", str(db))
    assert done.returncode == Exit.OK, done.stderr
    assert re.search(
        rf"{db} restored from {backup}: 2 articles, last run 1 of {began} \(China time\), ok\.\n"
        rf"The previous file is kept as {kept(db)}\.",
        done.stderr,
    ), done.stderr
    assert dump(db) == dump(backup)
    assert dump(kept(db)) == before
    assert {each.name for each in db.parent.iterdir()} == {"news.db", "news.db.lock", kept(db).name}
    assert fill(db, article(page(code(5)))) == ["new"]
    with closing(open_for_reading(db)) as restored:
        assert list(verify.find_problems(restored)) == []


def test_the_file_keeps_its_owner_and_who_may_read_it(db: Path, backup: Path) -> None:
    db.chmod(0o640)
    owner = (12345, 12345) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(db, *owner)
    restore(backup, db)
    found = db.stat()
    assert (found.st_mode & 0o777, found.st_uid, found.st_gid) == (0o640, *owner)


def test_what_a_killed_run_committed_is_kept_with_the_file(db: Path, backup: Path) -> None:
    cut_off(db, KILL)
    restore(backup, db)
    assert codes(db) == {code(1), code(2)}
    assert codes(kept(db)) == {code(1), code(2), code(3), code(4)}


def test_while_somebody_reads(db: Path, backup: Path) -> None:
    """What is read goes on with the file that it began with; its log goes with it."""
    cut_off(db, KILL)
    with closing(open_for_reading(db)) as reader:
        reader.execute("BEGIN")
        assert len(reader.execute("SELECT id FROM articles").fetchall()) == 4
        restore(backup, db)
        assert codes(db) == {code(1), code(2)}
        assert len(reader.execute("SELECT title FROM articles").fetchall()) == 4
    assert codes(kept(db)) == {code(1), code(2), code(3), code(4)}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[PAGE_SIZE:] = bytes(len(data) - PAGE_SIZE)
    path.write_bytes(data)


def cut(path: Path) -> None:
    os.truncate(path, 20_000)


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
def test_a_damaged_or_missing_archive(
    db: Path, backup: Path, damage: Callable[[Path], None]
) -> None:
    damage(db)
    left = db.read_bytes() if db.exists() else None
    done = restore(backup, db)
    assert done.articles == 2
    assert codes(db) == {code(1), code(2)}
    assert left is None or kept(db).read_bytes() == left


def other_archive(path: Path) -> None:
    path.unlink()
    fill(path, article(page(code(8))))


def text(path: Path) -> None:
    path.write_text("mine")


def other_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as stranger:
        stranger.execute("CREATE TABLE mine (x)")


@pytest.mark.parametrize(
    ("there", "says"),
    [(other_archive, "is not a copy of"), (text, "not an SQLite file"),
     (other_program, "another program")],
)  # fmt: skip
def test_replaces_nothing_but_the_archive(
    db: Path, backup: Path, there: Callable[[Path], None], says: str
) -> None:
    there(db)
    before = db.read_bytes()
    done = command("newscrawl", "restore", str(backup), "--db", str(db))
    assert (done.returncode, says in done.stderr) == (Exit.STORE, True), done.stderr
    assert "--of-another" in done.stderr
    assert db.read_bytes() == before
    assert not list(db.parent.glob("*before*"))
    restore(backup, db, of_another=True)
    assert codes(db) == {code(1), code(2)}
    assert kept(db).read_bytes() == before


def test_restores_only_whole_archives(db: Path, backup: Path, tmp_path: Path) -> None:
    before = db.read_bytes()
    bad = Path(shutil.copy(backup, tmp_path / "bad.db"))
    flip(bad)
    (tmp_path / "text.db").write_text("mine")
    for name, says in (
        (bad, "damaged|not whole"), (tmp_path / "text.db", "not an SQLite file"),
        (tmp_path / "none.db", "There is no archive at"), (db, "is the archive itself"),
    ):  # fmt: skip
        with pytest.raises(StoreError, match=says):
            restore(name, db)
        assert db.read_bytes() == before, name
    assert not [
        each for each in db.parent.iterdir() if "before" in each.name or "copy" in each.name
    ]


def test_not_while_a_run_writes(db: Path, backup: Path) -> None:
    target = Target(db)
    run = writer(target)
    done = command("newscrawl", "restore", str(backup), "--db", str(db))
    assert done.returncode == Exit.BUSY, done.stderr
    run.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)
    assert codes(db) == {code(1), code(2), code(3)}


@pytest.mark.parametrize("moment", ["_put", "_take_along"])
def test_killed_while_it_restores(
    db: Path, backup: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Either the one or the other is there, whole, and the next restore puts all right."""
    cut_off(db, KILL)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(restoring, moment, killed)
        patched.setattr(restoring, "_fold", lambda _: None)  # a reader may keep the log
        with pytest.raises(KeyboardInterrupt):
            restore(backup, db)
    if moment == "_put":
        assert codes(db) == {code(1), code(2), code(3), code(4)}
    else:
        with pytest.raises(StoreError, match="was not written for this"):
            open_for_reading(db)
    restore(backup, db)
    assert codes(db) == {code(1), code(2)}


# -- copies that were cut off --------------------------------------------------------------------


def test_a_backup_removes_what_killed_ones_have_left(db: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    source = f"""
        import os, signal
        from contextlib import closing
        from pathlib import Path
        from newscrawl.store import backup
        from newscrawl.store.connections import PAGE_SIZE, open_for_reading
        backup.STEP = 4
        with closing(open_for_reading({str(db)!r})) as source:
            backup.back_up(source, Path({str(folder / "news.db")!r}),
                           each=lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(source)], check=False)
    assert done.returncode == -signal.SIGKILL
    left = [each.name for each in folder.iterdir()]
    assert left
    assert all(name.startswith(".news.db.copy-") for name in left)
    living = re.sub(r"-\d+-", f"-{os.getpid()}-", left[0])
    others = ["news.db.copy-1", ".other.db.copy-00000000-1-x", ".news.db.copy-x"]
    for name in (living, *others):
        (folder / name).write_text("somebody's")
    with closing(open_for_reading(db)) as archive:
        back_up(archive, folder / "news.db")
    found = {each.name for each in folder.iterdir()}
    assert found == {"news.db", living, *others}


# -- two names -----------------------------------------------------------------------------------


def test_an_archive_with_two_names_is_not_written(db: Path) -> None:
    other = db.with_name("other.db")
    os.link(db, other)
    posts = db.parent / "posts"
    posts.mkdir()
    for name, body in Site(articles=3).posts():
        (posts / Path(name).name).write_bytes(body)
    before = db.read_bytes()
    for each in (db, other):
        done = command("newscrawl", "crawl", "posts", str(posts), "--db", str(each))
        assert done.returncode == Exit.STORE, done.stderr
        assert f"{each} has 2 names (hard links)" in done.stderr
        assert f"-samefile {each}" in done.stderr
        assert codes(each) == {code(1), code(2), code(3)}
    assert db.read_bytes() == before
    other.unlink()
    assert fill(db, article(page(code(4)))) == ["new"]
    assert query(db, "SELECT count(*) FROM articles") == [(4,)]
