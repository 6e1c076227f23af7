"""What not every system has is not needed: modules of POSIX, and folders that can be synced."""

from __future__ import annotations

import ast
import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from archives import article, fill, page
from cli_runs import invoke
from crawls import ROOT, query

from newscrawl.store.lock import is_alive

POSIX = {"fcntl", "grp", "pwd", "resource", "termios", "tty"}


def test_no_module_needs_posix_to_be_imported() -> None:
    seen = 0
    for path in (ROOT / "newscrawl").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:  # at the top level alone
            names = {each.name for each in node.names} if isinstance(node, ast.Import) else set()
            if isinstance(node, ast.ImportFrom):
                names = {node.module}
            assert not names & POSIX, path
            seen += 1
    assert seen > 2000


def test_no_process_is_asked_by_a_signal_on_windows() -> None:
    """There ``os.kill(pid, 0)`` is Ctrl-C."""
    asked = [
        path.name
        for path in (ROOT / "newscrawl").rglob("*.py")
        if "os.kill(" in path.read_text(encoding="utf-8")
    ]
    assert asked == ["lock.py"]


def test_processes_that_are_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert is_alive(process.pid)
    assert not is_alive(process.pid)
    assert is_alive(1)  # somebody else's
    assert not is_alive(2**40)


def test_a_folder_that_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, and on some network file systems."""
    fsync, refused = os.fsync, []

    def refusing(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            refused.append(handle)
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(handle)

    fill(tmp_path / "news.db", article(page()))
    monkeypatch.setattr(os, "fsync", refusing)
    copy, db = str(tmp_path / "copy.db"), str(tmp_path / "news.db")
    assert invoke("backup", copy, "--db", db).exit_code == 0
    assert invoke("restore", copy, "--db", db).exit_code == 0
    assert len(refused) >= 2
    assert query(tmp_path / "news.db", "SELECT count(*) FROM articles") == [(1,)]


def test_owners_are_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has neither users by number nor groups of processes."""
    db, copy = str(tmp_path / "news.db"), str(tmp_path / "copy.db")
    fill(tmp_path / "news.db", article(page()))
    for name in ("chown", "fchown", "lchown", "geteuid", "getuid", "getgid", "killpg", "fork"):
        monkeypatch.delattr(os, name)
    assert invoke("backup", copy, "--db", db).exit_code == 0
    ended = invoke("restore", copy, "--db", db)
    assert (ended.exit_code, ended.exception) == (0, None)
    assert query(tmp_path / "news.db", "SELECT count(*) FROM articles") == [(1,)]
