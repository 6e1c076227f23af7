"""A log that lies beside an archive is that archive's, or is not read."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from archives import article, fill, page, writer
from crawls import ROOT, command, query
from samplesite.site import Site

from newscrawl.runs import verify
from newscrawl.runs.outcome import Exit
from newscrawl.store import rollback_journal, write_ahead_log
from newscrawl.store.backup import back_up
from newscrawl.store.connections import open_for_reading, open_for_writing
from newscrawl.store.errors import StoreError
from newscrawl.store.migrations import migrations
from newscrawl.store.target import Target
from newscrawl.store.write_ahead_log import is_foreign

LOG = "-wal"


def beside(path: Path, suffix: str = LOG) -> Path:
    return path.with_name(path.name + suffix)


def codes(path: Path) -> set[str]:
    return {code for (code,) in query(path, "SELECT id FROM articles")}


def code(number: int) -> str:
    return f"NW20220101{number:08d}"


class Killed:
    """Runs that are killed: their files are copied while they are open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.target = Target(path)
        self.writer = writer(self.target)
        self._number = len(codes(path))

    def commit(self, articles: int = 1) -> None:
        for _ in range(articles):
            self._number += 1
            made = article(page(code(self._number), body=str(self._number).encode() * 2000))
            self.writer.add(made, loader_version=1)
        self.writer.commit()

    def leave(self, folder: Path) -> Path:
        """Copy the file and its log as a kill leaves them; return the copy."""
        folder.mkdir()
        for each in (self.path, beside(self.path)):
            if each.exists():
                shutil.copy(each, folder)
        return folder / self.path.name

    def end(self) -> None:
        self.writer.end(outcome="ok", exit_code=0, reason="")
        self.target.finish(good=True)


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Killed]:
    """An archive with two articles, and a run that writes it."""
    path = tmp_path / "live" / "news.db"
    path.parent.mkdir()
    fill(path, article(page(code(1))), article(page(code(2))))
    made = Killed(path)
    yield made
    made.writer.close()
    made.target.finish(good=False)


def copied(path: Path, copy: Path) -> Path:
    with closing(open_for_reading(path)) as source:
        back_up(source, copy)
    return copy


# -- whose a log is ------------------------------------------------------------------------------


def test_logs_of_the_archive_are_its_own_whenever_a_run_is_killed(
    killed: Killed, tmp_path: Path
) -> None:
    """Whatever was written into the file by then, and whoever read meanwhile."""
    dice, expected, reader = random.Random(5), codes(killed.path), None
    for step in range(40):
        match dice.randrange(5):
            case 0 | 1:
                killed.commit(dice.randrange(1, 4))
                expected = codes(killed.path)
            case 2:
                killed.writer.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            case 3:
                # It keeps a part of the log out of the file, and the log from being begun again.
                if reader is not None:
                    reader.close()
                reader = sqlite3.connect(killed.path, isolation_level=None)
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM articles").fetchone()
            case 4 if reader is not None:
                reader.close()
                reader = None
        left = killed.leave(tmp_path / str(step))
        assert not is_foreign(left), step
        with closing(open_for_writing(left)) as db:
            found = {row[0] for row in db.execute("SELECT id FROM articles")}
        assert found == expected, step
        shutil.rmtree(left.parent)
    if reader is not None:
        reader.close()


def test_logs_are_never_those_of_a_copy(killed: Killed, tmp_path: Path) -> None:
    """A copy made at any time, and a log of any other time."""
    copies = [copied(killed.path, tmp_path / "at-rest.db")]
    logs = []
    for number in range(6):
        killed.commit()
        logs.append(killed.leave(tmp_path / f"log{number}"))
        copies.append(copied(killed.path, tmp_path / f"copy{number}.db"))
        vacuumed = tmp_path / f"vacuumed{number}.db"
        with closing(sqlite3.connect(killed.path)) as stranger:
            stranger.execute("VACUUM INTO ?", (str(vacuumed),))
        copies.append(vacuumed)
        if number % 2:
            killed.writer.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    for copy in copies:
        for left in logs:
            restored = tmp_path / "restored.db"
            shutil.copy(copy, restored)
            shutil.copy(beside(left), beside(restored))
            assert is_foreign(restored), (copy, left)
            assert not is_foreign(left)


def rebuilt(path: Path, folder: Path) -> Path:
    """The archive as a rebuild left it, under the log of the run before."""
    other = Path(shutil.copy(path, folder / "rebuilt.db"))
    target = Target(other, overwrite=True)
    made = writer(target)
    made.add(article(page(code(9))), loader_version=1)
    made.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)
    return other


def another(_path: Path, folder: Path) -> Path:
    other = folder / "another.db"
    fill(other, article(page(code(7))))
    return other


def vacuumed_at_rest(path: Path, folder: Path) -> Path:
    with closing(sqlite3.connect(path)) as stranger:
        stranger.execute("VACUUM INTO ?", (str(folder / "vacuumed.db"),))
    return folder / "vacuumed.db"


def backup_at_rest(path: Path, folder: Path) -> Path:
    return copied(path, folder / "backup.db")


@pytest.mark.parametrize("make", [rebuilt, another, vacuumed_at_rest, backup_at_rest])
def test_a_copy_in_the_place_of_an_archive_whose_run_was_killed(
    tmp_path: Path, make: Callable[[Path, Path], Path]
) -> None:
    path = tmp_path / "live" / "news.db"
    path.parent.mkdir()
    fill(path, article(page(code(1))), article(page(code(2))))
    copy = make(path, tmp_path)
    expected = codes(copy)
    kill_in_a_run(path)
    shutil.copy(copy, path)
    before = path.read_bytes()

    done = command("newscrawl", "backup", str(tmp_path / "copy.db"), "--db", str(path))
    assert (done.returncode, "`newscrawl restore`" in done.stderr) == (Exit.STORE, True)
    assert "was not written for this" in done.stderr
    log = beside(path).read_bytes()
    assert path.read_bytes() == before
    assert not (tmp_path / "copy.db").exists()

    done = command("newscrawl", "crawl", "posts", str(posts(tmp_path)), "--db", str(path))
    assert done.returncode == Exit.OK, done.stderr
    [aside] = path.parent.glob("news.db-wal.stale-*")
    assert aside.read_bytes() == log
    said = re.search(r"It holds at least (\d+) commits of that file .* set aside as", done.stderr)
    assert said is not None, done.stderr
    assert int(said[1]) >= 2
    assert aside.name in done.stderr
    assert codes(path) >= expected
    with closing(open_for_reading(path)) as db:
        assert list(verify.find_problems(db)) == []


def posts(folder: Path) -> Path:
    """Write some posts to load."""
    (folder / "posts").mkdir()
    for name, body in Site(articles=3).posts():
        (folder / "posts" / Path(name).name).write_bytes(body)
    return folder / "posts"


def kill_in_a_run(path: Path, then: str = "") -> None:
    """Write three articles into an archive in a process that kills itself; its log stays."""
    source = f"""
        import os, signal, sys
        from pathlib import Path
        from archives import article, page, writer
        from newscrawl.store.target import Target
        target = Target(Path(sys.argv[1]))
        run = writer(target)
        for number in (21, 22, 23):
            run.add(article(page(f"NW20220101{{number:08d}}")), loader_version=1)
            run.commit()
        {then}
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source), str(path)], cwd=ROOT / "tests", check=False
    )
    assert done.returncode == -9
    assert beside(path).stat().st_size > 0


def test_what_a_killed_run_committed_is_not_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page(code(1))))
    for then in ("", "run.connection.execute('PRAGMA wal_checkpoint(PASSIVE)')"):
        kill_in_a_run(path, then)
        assert command("newscrawl", "verify", "--db", str(path)).returncode == Exit.OK
        assert codes(path) == {code(n) for n in (1, 21, 22, 23)}
    assert not list(tmp_path.glob("*stale*"))


def test_a_rebuild_that_is_killed_while_it_replaces(tmp_path: Path) -> None:
    """The file goes on as the same archive, and the log of the replacement is its own."""
    path = tmp_path / "news.db"
    fill(path, article(page(code(1))))
    before = query(path, "SELECT archive_id FROM identity")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")  # so that nothing of the log gets into the file
        reader.execute("SELECT count(*) FROM articles").fetchone()
        target = Target(path, overwrite=True)
        made = writer(target)
        made.add(article(page(code(9))), loader_version=1)
        made.end(outcome="ok", exit_code=0, reason="")
        target.finish(good=True)
        assert not is_foreign(path)
        left = tmp_path / "left" / "news.db"
        left.parent.mkdir()
        for each in (path, beside(path)):
            shutil.copy(each, left.parent)
    assert not is_foreign(left)
    assert codes(left) == {code(9)}
    assert query(left, "SELECT archive_id FROM identity") == before


def test_a_log_in_which_only_another_program_wrote_is_left_to_sqlite(tmp_path: Path) -> None:
    path, left = tmp_path / "news.db", tmp_path / "left.db"
    fill(path, article(page(code(1))))
    with closing(sqlite3.connect(path, isolation_level=None)) as stranger:
        stranger.execute("UPDATE articles SET title = 'theirs'")
        shutil.copy(path, left)
        shutil.copy(beside(path), beside(left))
    assert write_ahead_log.read_log(beside(left)).links == []
    assert not is_foreign(left)
    assert query(left, "SELECT title FROM articles") == [("theirs",)]


def test_a_schema_that_another_program_changed_in_the_log(killed: Killed, tmp_path: Path) -> None:
    with closing(sqlite3.connect(killed.path, isolation_level=None)) as stranger:
        for _ in range(2):
            stranger.execute("CREATE INDEX IF NOT EXISTS theirs ON articles (title)")
            left = killed.leave(tmp_path / f"left{_}")
            assert not is_foreign(left)
            killed.commit()
            stranger.execute("DROP INDEX theirs")
            killed.writer.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def test_a_frame_that_is_torn(killed: Killed, tmp_path: Path) -> None:
    killed.commit()
    killed.commit()
    left = killed.leave(tmp_path / "left")
    whole = beside(left).read_bytes()
    for size in (0, 1, 31, 32, 33, 60, 200, len(whole) // 2, len(whole) - 1):
        beside(left).write_bytes(whole[:size])
        assert not is_foreign(left), size


def test_the_log_of_an_archive_that_was_moved_away_is_kept(tmp_path: Path) -> None:
    """A new archive in its place begins without it, and it can be put beside its own again."""
    path, moved = tmp_path / "news.db", tmp_path / "moved.db"
    fill(path, article(page(code(1))))
    kill_in_a_run(path)
    path.rename(moved)
    fill(path, article(page(code(2))))
    assert codes(path) == {code(2)}
    [aside] = tmp_path.glob("news.db-wal.stale-*")
    aside.rename(beside(moved))
    assert not is_foreign(moved)
    assert codes(moved) == {code(n) for n in (1, 21, 22, 23)}


def test_a_link_leads_to_the_log(killed: Killed, tmp_path: Path) -> None:
    killed.commit()
    left = killed.leave(tmp_path / "left")
    shutil.copy(copied(killed.path, tmp_path / "copy.db"), left)
    link = tmp_path / "link.db"
    link.symlink_to(left)
    with pytest.raises(StoreError, match="was not written for this"):
        open_for_reading(link)


# -- rollback journals ---------------------------------------------------------------------------


def hot_journal(path: Path, *statements: str) -> bytes:
    """Return the journal that a kill leaves in a transaction, when the file is half written."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA cache_size = 1")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN IMMEDIATE")
        for each in statements:
            db.execute(each)
        db.execute("PRAGMA cache_spill = ON")
        found = beside(path, "-journal").read_bytes()
        db.execute("ROLLBACK")
    return found


def journal_of_first_page(path: Path, *, pages: int | None = None) -> bytes:
    """Return the journal of the switch to a log, cut off after it was on the disk."""
    data = path.read_bytes()
    size = int.from_bytes(data[16:18], "big") % 65_535 or 65_536
    number = len(data) // size if pages is None else pages
    nonce = 7
    first = data[:size]
    checksum = (nonce + sum(first[at] for at in range(size - 200, 0, -200))) % 2**32
    header = bytes.fromhex("d9d505f920a163d7") + b"".join(
        each.to_bytes(4, "big") for each in (int(number > 0), nonce, number, 512, size)
    )
    record = (1).to_bytes(4, "big") + first + checksum.to_bytes(4, "big")
    return header.ljust(512, b"\0") + (record if number else b"")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """An archive in the making of its copies: a smaller copy, and the present one."""
    path = tmp_path / "live.db"
    fill(path, article(page(code(1))))
    small = copied(path, tmp_path / "small.db")
    for number in range(2, 40):
        fill(path, article(page(code(number), body=random.Random(number).randbytes(9000))))
    return small, copied(path, tmp_path / "large.db")


def test_a_journal_of_another_file_is_set_aside(pair: tuple[Path, Path], tmp_path: Path) -> None:
    small, large = pair
    for name, journal in {
        "the making of an archive": journal_of_first_page(small, pages=0),
        "the switch of a smaller copy": journal_of_first_page(small),
    }.items():
        path = Path(shutil.copy(large, tmp_path / "news.db"))
        beside(path, "-journal").write_bytes(journal)
        # What would happen: SQLite cuts the file.
        harmed = Path(shutil.copy(large, tmp_path / "harmed.db"))
        beside(harmed, "-journal").write_bytes(journal)
        with closing(sqlite3.connect(harmed)) as db, suppress(sqlite3.DatabaseError):
            db.execute("SELECT count(*) FROM articles").fetchone()
        assert harmed.stat().st_size < large.stat().st_size, name

        with pytest.raises(StoreError, match="The next run puts that right"):
            open_for_reading(path)  # a reader writes nothing back
        with closing(open_for_writing(path)) as opened:
            assert opened.execute("SELECT count(*) FROM articles").fetchone() == (39,)
            assert list(verify.find_problems(opened)) == [], name
        [aside] = tmp_path.glob("news.db-journal.stale-*")
        assert aside.read_bytes() == journal
        for each in tmp_path.glob("news.db*"):
            each.unlink()


def test_a_journal_of_the_file_is_written_back(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, large = pair
    path = Path(shutil.copy(large, tmp_path / "news.db"))
    journal = journal_of_first_page(path)
    switched = bytearray(path.read_bytes())
    switched[18:20] = b"\x02\x02"
    switched[27] = (switched[27] + 1) % 256
    path.write_bytes(switched)
    beside(path, "-journal").write_bytes(journal)
    assert rollback_journal.set_aside_foreign_journal(path) is None
    with closing(open_for_writing(path)) as opened:
        assert list(verify.find_problems(opened)) == []
    assert not beside(path, "-journal").exists()


def test_a_journal_of_another_program_is_left_to_sqlite(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    path = Path(shutil.copy(pair[1], tmp_path / "news.db"))
    journal = hot_journal(path, "UPDATE articles SET title = 'theirs'")
    beside(path, "-journal").write_bytes(journal)
    assert rollback_journal.set_aside_foreign_journal(path) is None


def test_what_makes_an_archive_goes_through_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No journal of more than a page: the table of migrations, and each migration, come after."""
    path, seen = tmp_path / "news.db", []
    ensure = migrations.ensure_migrations_table

    def look(db: sqlite3.Connection) -> None:
        ensure(db)
        seen.append((beside(path, "-journal").exists(), beside(path).exists()))

    monkeypatch.setattr(migrations, "ensure_migrations_table", look)
    open_for_writing(path).close()
    assert set(seen) == {(False, True)}
