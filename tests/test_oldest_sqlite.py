"""An SQLite that is too old is refused before anything is written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from archives import fill
from cli_runs import invoke

from newscrawl.runs.outcome import Exit
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
