"""The identity of an archive, and whether one is a later state of another."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page, writer
from crawls import command, query

from newscrawl.archive.continuity import breaks
from newscrawl.runs.outcome import Exit
from newscrawl.store.backup import back_up
from newscrawl.store.connections import open_for_reading
from newscrawl.store.target import Target

ONE, TWO, THREE = "NW2022010100000001", "NW2022010100000002", "NW2022010100000003"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    fill(path, article(page(ONE)), article(page(TWO)))
    return path


def found(old: Path, new: Path) -> list[str]:
    with closing(open_for_reading(old)) as before, closing(open_for_reading(new)) as after:
        return list(breaks(before, after))


def as_it_was(path: Path) -> None:
    """Nothing happens."""


def grows(path: Path) -> None:
    fill(path, article(page(THREE)), article(page(ONE, observed_at="2022-02-01"), title="更正"))


def sql(statement: str) -> Callable[[Path], None]:
    def do(path: Path) -> None:
        with closing(sqlite3.connect(path)) as db, db:
            db.execute(statement)

    return do


def made_again(path: Path) -> None:
    path.unlink()
    fill(path, article(page(ONE)), article(page(TWO)), article(page(THREE)))


def rebuilt(path: Path) -> None:
    target = Target(path, overwrite=True)
    made = writer(target)
    for each in (ONE, TWO):
        made.add(article(page(each)), loader_version=1)
    made.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (as_it_was, []),
        (grows, []),
        (made_again, ["it is another archive: the two have no archive_id in common"]),
        (rebuilt, [f"it lacks 2 articles as they were: {ONE}, {TWO}"]),
        (sql("DELETE FROM runs"), ["it lacks 1 run as they were: 1"]),
        (sql("UPDATE articles SET seq = 0 WHERE first_seq = 2"),
         [f"it lacks 1 article as they were: {TWO}"]),
        (sql(f"DELETE FROM articles WHERE id = '{ONE}'"),
         [f"it lacks 1 article as they were: {ONE}"]),
        (sql("UPDATE identity SET archive_id = hex(randomblob(16))"),
         ["it is another archive: the two have no archive_id in common"]),
    ],
)  # fmt: skip
def test_continues(
    old: Path, tmp_path: Path, change: Callable[[Path], None], says: list[str]
) -> None:
    new = Path(shutil.copy(old, tmp_path / "new.db"))
    change(new)
    if change is rebuilt:  # its runs are numbered again, too
        assert says[0] in found(old, new)
    else:
        assert found(old, new) == says


def test_a_backup_does_not_continue_what_came_after(old: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with closing(open_for_reading(old)) as source:
        back_up(source, copy)
    assert (found(old, copy), found(copy, old)) == ([], [])
    fill(old, article(page(THREE)))
    assert found(copy, old) == []
    assert len(found(old, copy)) == 2  # a run, and an article


def test_command(old: Path, tmp_path: Path) -> None:
    new = Path(shutil.copy(old, tmp_path / "new.db"))
    grows(new)
    both = [old.read_bytes(), new.read_bytes()]
    done = command("newscrawl", "verify", "--continues", str(old), "--db", str(new))
    assert (done.returncode, done.stderr) == (Exit.OK, f"{new} continues {old}.\n")
    done = command("newscrawl", "verify", "--continues", str(new), "--db", str(old), "--json")
    kinds = {each["kind"] for each in json.loads(done.stdout)}
    assert (done.returncode, kinds) == (Exit.CRASHED, {"continues"})
    done = command(
        "newscrawl", "verify", "--continues", str(tmp_path / "none.db"), "--db", str(new)
    )
    assert (done.returncode, "There is no archive" in done.stderr) == (Exit.STORE, True)
    done = command("newscrawl", "verify", "--continues", str(old), "--repair", "--db", str(new))
    assert done.returncode == Exit.USAGE
    assert [old.read_bytes(), new.read_bytes()] == both


def test_the_id_stays_and_each_commit_is_a_link(old: Path) -> None:
    sql_ = "SELECT archive_id, last_commit, commit_before FROM identity"
    [(first, link, _)] = query(old, sql_)
    links = [link]
    for change in (grows, rebuilt):
        change(old)
        [(archive_id, link, before)] = query(old, sql_)
        assert archive_id == first
        links += [before, link]
    assert len(set(links)) == len(links)


def test_an_identity_that_somebody_has_deleted(old: Path) -> None:
    sql("DELETE FROM identity")(old)
    done = command("newscrawl", "verify", "--db", str(old))
    assert (done.returncode, "no identity" in done.stdout) == (Exit.CRASHED, True), done.stdout
    done = command("newscrawl", "verify", "--repair", "--db", str(old))
    assert done.returncode == Exit.OK, done.stdout
    assert query(old, "SELECT count(*) FROM identity") == [(1,)]
