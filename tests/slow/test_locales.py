"""Locales whose names of files are not UTF-8, in a home folder with a Chinese name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from crawls import query

from newscrawl.runs.outcome import Exit

NEWSCRAWL = str(Path(sys.executable).with_name("newscrawl"))


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of locales, made from the sources of Debian's package `locales`."""
    folder = tmp_path_factory.mktemp("locales")
    for source, charmap in (("zh_CN", "GBK"), ("zh_CN", "GB18030"), ("en_US", "ISO-8859-1")):
        made = ["localedef", "-i", source, "-f", charmap, str(folder / f"{source}.{charmap}")]
        subprocess.run(made, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("zh_CN.GBK", "用户".encode()),
        ("zh_CN.GBK", "目录".encode("gbk")),
        ("zh_CN.GB18030", "用户".encode()),
        ("en_US.ISO-8859-1", "用户".encode()),
    ],
)
def test_everything_works(locales: Path, tmp_path: Path, name: str, folder: bytes) -> None:
    home = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + folder))
    home.mkdir()
    environment = {**os.environ, "LOCPATH": str(locales), "LC_ALL": name, "HOME": str(home)}
    environment.pop("PYTHONUTF8", None)
    environment.pop("PYTHONIOENCODING", None)
    encoding = name.partition(".")[2]

    def run(*words: str | Path, code: int = 0) -> bytes:
        done = subprocess.run(
            [NEWSCRAWL, *words], cwd=home, env=environment, capture_output=True, timeout=120
        )
        assert done.returncode == code, done.stderr.decode(encoding, "replace")
        assert b"Traceback" not in done.stderr
        return done.stdout

    db = home / "新闻.db"
    run("demo", "--db", db)
    [article] = json.loads(run("list", "--db", db, "--limit", "1", "--json").decode("utf-8"))
    [(title,)] = query(db, "SELECT title FROM articles WHERE id = ?", article["id"])
    assert article["title"] == title
    line = run("list", "--db", db, "--limit", "1").decode(encoding)
    assert title in line or title.encode("ascii", "backslashreplace").decode() in line
    found = run("search", title[:4], "--db", db, "--limit", "200")
    assert article["id"].encode() in found
    run("export", "--db", db, "-o", home / "输出.csv")
    assert title in (home / "输出.csv").read_text(encoding="utf-8")
    assert b"0 bytes" not in run("status", "--db", db)
    run("backup", home / "备份.db", "--db", db)
    run("verify", "--db", home / "备份.db")
    told = home / "told.json"
    told.touch()
    run("crawl", "category", "--base-url", "http://127.0.0.1:9/", "--db", db,
        "--notify", "tee told.json", code=Exit.UNREACHABLE)  # fmt: skip
    assert json.loads(told.read_text(encoding="utf-8"))["outcome"] == "unreachable"


def started(folder: Path, locales: Path, *words: str | Path) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "LOCPATH": str(locales), "LC_ALL": "zh_CN.GBK"}
    environment.pop("PYTHONUTF8", None)
    environment.pop("PYTHONIOENCODING", None)
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, timeout=60)


@pytest.mark.parametrize("option", ["-E", "-I"])
def test_python_that_reads_no_variables(locales: Path, tmp_path: Path, option: str) -> None:
    db = tmp_path / "新闻.db"
    db.write_text("no archive")
    ended = started(
        tmp_path, locales, sys.executable, option, "-m", "newscrawl", "list", "--db", db
    )
    assert ended.returncode == Exit.STORE, ended.stderr
    assert b"Traceback" not in ended.stderr


def test_a_log_of_json_is_utf8(locales: Path, tmp_path: Path) -> None:
    db = tmp_path / "新闻.db"
    ended = started(
        tmp_path, locales, NEWSCRAWL, "crawl", "category", "--base-url", "http://127.0.0.1:9/",
        "--db", db, "--log-json",
    )  # fmt: skip
    assert ended.returncode == Exit.UNREACHABLE
    said = [json.loads(line)["message"] for line in ended.stderr.decode("utf-8").splitlines()]
    assert f"Writing to {db}, run 1" in said
