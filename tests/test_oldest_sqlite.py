"""An SQLite that is too old, or lacks a part, is refused before anything is written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from archives import fill
from cli_runs import invoke

from newscrawl.archive.datasette import sql_rules
from newscrawl.runs.outcome import Exit
from newscrawl.store import connections
from newscrawl.store.connections import open_for_writing
from newscrawl.store.errors import StoreError


def test_an_sqlite_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "old.db")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 33, 0))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.33.0")
    sentence = (
        r"Python uses SQLite 3\.33\.0, and newscrawl needs 3\.34 or later\. Nothing was written"
    )
    with pytest.raises(StoreError, match=sentence):
        open_for_writing(tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
    ended = invoke("list", "--db", str(tmp_path / "old.db"))
    assert (ended.exit_code, "needs 3.34 or later" in ended.stderr) == (Exit.STORE, True)


def test_the_oldest_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 0))
    fill(tmp_path / "news.db")
    assert invoke("list", "--db", str(tmp_path / "news.db")).exit_code == Exit.OK


def test_an_sqlite_without_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Python has one that reads zip files: it stands for FTS5, which this one has."""
    needed = {"ZIP": "CREATE VIRTUAL TABLE part USING zipfile ('none.zip')"}
    monkeypatch.setattr(connections, "_COMPILED_IN", connections._COMPILED_IN | needed)
    connections._lacking.cache_clear()
    try:
        with pytest.raises(StoreError, match=r"compiled without ZIP\. Nothing was written\."):
            open_for_writing(tmp_path / "new.db")
    finally:
        connections._lacking.cache_clear()
    assert list(tmp_path.iterdir()) == []


def test_virtual_tables_are_told_by_their_statements() -> None:
    """As an SQLite before 3.37 must, which cannot list them: they are closed to readers."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(
            "CREATE TABLE virtual_one (x, y AS (x) VIRTUAL);"
            "CREATE VIRTUAL TABLE plain USING fts5(x);"
            "CREATE VIRTUAL TABLE forged USING fts5(x);"
            "PRAGMA writable_schema = ON;"
            "UPDATE sqlite_master SET sql = 'create/* ( */--'||char(10)||' virtual TABLE forged"
            " USING fts5(x)' WHERE name = 'forged';"
        )
        found = sql_rules._virtual_tables_as_written(db)
        assert found == {"plain", "forged"}
        if sqlite3.sqlite_version_info >= (3, 37):
            assert found == sql_rules._virtual_tables(db)
