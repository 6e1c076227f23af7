"""What is not UTF-8 on a command line, or half characters in Python: a sentence, and no more."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import ROOT, query
from served import serving

import newscrawl
from newscrawl.archive.names import UnknownName
from newscrawl.archive.search_query import BadQuery
from newscrawl.runs.outcome import Exit
from newscrawl.sites.eastmoney.info_code import BadInfoCode

HALF = "\udc80"
SITE = ("--base-url", "http://127.0.0.1:9/", "--delay", "0")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    db = tmp_path_factory.mktemp("half") / "news.db"
    fill(db, article(page()))
    return db


def run(db: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("newscrawl"))
    return subprocess.run(
        [program, *words, "--db", str(db)], cwd=ROOT, capture_output=True, timeout=60, check=False,
        text=True, errors="surrogateescape",
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--source", HALF), ("list", "--category", HALF), ("list", "--security", HALF),
        ("search", HALF), ("search", "x", "--source", HALF), ("show", HALF),
        ("show", f"finews:{HALF}"), ("show", f"http://a.test/{HALF}"), ("diff", HALF),
        ("export", "--format", "csv", "--source", HALF), ("export", "--format", "csv", HALF),
        ("plot", "volume", "--category", HALF), ("retry-rejected", "--reason", HALF),
        ("doctor", HALF), ("doctor", "--feed", HALF), ("doctor", "--base-url", f"http://a/{HALF}"),
        ("crawl", "category", HALF, *SITE), ("crawl", "category", *SITE, "--hosts", HALF),
        ("crawl", "category", "--base-url", f"http://127.0.0.1:9/{HALF}"),
        ("crawl", "category", *SITE, "-s", f"USER_AGENT={HALF}"), ("crawl", "share", HALF),
        ("crawl", "feed", f"search:{HALF}", *SITE),
    ],
)  # fmt: skip
def test_command(archive: Path, words: tuple[str, ...]) -> None:
    done = run(archive, *words)
    assert done.returncode == Exit.USAGE, done.stderr
    assert "is not UTF-8" in done.stderr or "There is no" in done.stderr
    assert "Traceback" not in done.stderr
    assert HALF not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("category", "-a", f"category={HALF}"), ("feed", "-a", f"name=search:{HALF}"),
        ("share", "-a", f"info_code={HALF}"),
    ],
)  # fmt: skip
def test_scrapy_command(tmp_path: Path, words: tuple[str, ...]) -> None:
    program = str(Path(sys.executable).with_name("scrapy"))
    done = subprocess.run(
        [program, "crawl", *words, "-s", f"NEWSCRAWL_DB={tmp_path}/news.db"], cwd=ROOT,
        capture_output=True, timeout=60, check=False, text=True, errors="surrogateescape",
    )  # fmt: skip
    assert done.returncode == Exit.USAGE, done.stderr
    assert "is not UTF-8" in done.stderr
    assert "Traceback" not in done.stderr


def test_file_of_any_name_is_loaded(tmp_path: Path) -> None:
    db, folder = tmp_path / "news.db", tmp_path / f"posts{HALF}"
    folder.mkdir()
    post = folder / "2022-06-15-NW202206151200000001.md"
    post.write_text("---\ntitle: 题\n---\n文\n", encoding="utf-8")
    done = run(db, "crawl", "posts", str(folder))
    assert "Traceback" not in done.stderr, done.stderr
    assert query(db, "SELECT count(*) FROM runs") == [(1,)]


def test_python(archive: Path) -> None:
    with newscrawl.open(archive) as opened:
        for name in ("category", "source", "security"):
            with pytest.raises(UnknownName, match="has no"):
                list(opened.latest(**{name: HALF}))
        with pytest.raises(BadQuery, match="not UTF-8"):
            opened.search(HALF)
        with pytest.raises(BadInfoCode, match="not UTF-8"):
            opened.article(f"finews:{HALF}")


def test_served_pages(archive: Path) -> None:
    with serving(archive) as address:
        for path in ("search?q=%ED%A0%80", "search?q=x&source=%ED%A0%80", "article/%ED%A0%80"):
            try:
                with urllib.request.urlopen(address + path, timeout=30) as answer:
                    status = answer.status
            except urllib.error.HTTPError as error:
                status = error.code
            assert status < 500, path
