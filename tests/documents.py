"""The blocks of documents that a reader would run: read from the page, and run as a reader does.

A block is shell, Python or SQL. A ``text`` block after it is what it prints; a ``…`` there stands
for anything. A comment ``<!-- not run…: reason -->`` before a block says why it is not run.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ("sh", "python", "sql", "r")

_BLOCK = re.compile(
    r"^(?:<!-- not run[^:\n]*: (?P<why>[^\n]+?) -->\n)?"
    r"^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<code>.*?)^```$"
    r"(?:\n\n(?:[^`\n]+\n)*?\n?^```text\n(?P<shown>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A block of a document."""

    where: str
    """File and line."""
    language: str
    title: str
    code: str
    shown: str | None
    """What the document says that it prints."""
    not_run: str | None
    """Why it is not run."""


def blocks(file: Path) -> list[Block]:
    """Return the blocks of a document that a reader would run."""
    text = file.read_text(encoding="utf-8")
    return [
        Block(
            f"{file.name}:{text.count(chr(10), 0, match.start()) + 1}", match["language"],
            match["title"] or "", match["code"], match["shown"], match["why"],
        )
        for match in _BLOCK.finditer(text) if match["language"] in LANGUAGES
    ]  # fmt: skip


def run(block: Block, folder: Path, db: str) -> str:
    """Run a block in a folder; return what it prints. Raises AssertionError where it fails."""
    if block.language == "sql" and block.title == "DuckDB":
        return _duckdb(block.code, folder)
    if block.language == "sql":
        return sqlite(block.code, folder / db)
    words = ["bash", "-euo", "pipefail", "-c", block.code]
    if block.language == "python":
        words = [sys.executable, "-W", "error", "-c", block.code]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "PYTHONUTF8": "1"}
    environment.pop("NEWSCRAWL_DB", None)
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{block.where}: {done.stdout[-1000:]}{done.stderr[-2000:]}"
    return done.stdout


def sqlite(sql: str, db: Path, *parameters: object) -> str:
    """Ask the archive, and print rows as the program sqlite3 does. At least one is expected."""
    with closing(sqlite3.connect(f"{db.as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute(sql, parameters).fetchall()
    assert rows, sql
    return "".join("|".join(map(str, row)) + "\n" for row in rows)


def _duckdb(sql: str, folder: Path) -> str:
    import duckdb

    before = Path.cwd()
    os.chdir(folder)
    try:
        with duckdb.connect() as connection:
            rows = connection.execute(sql).fetchall()
    finally:
        os.chdir(before)
    assert rows, sql
    return "".join("|".join(map(str, row)) + "\n" for row in rows)


def matches(shown: str, printed: str) -> bool:
    """Tell whether *printed* is what a document shows; ``…`` in it stands for anything."""
    pattern = ".*".join(re.escape(part) for part in shown.rstrip("\n").split("…"))
    return re.fullmatch(pattern, printed.rstrip("\n"), re.DOTALL) is not None
