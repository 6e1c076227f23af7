"""Tutorial, how-to guides and explanations: every block that a reader would run is run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from crawls import ROOT, command
from documents import blocks, matches, run, sqlite

DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial.md"
PAGES = sorted(
    [*(DOCS / "how-to").glob("*.md"), *(DOCS / "explanation").glob("*.md"), DOCS / "python.md"]
)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of ``newscrawl demo``, and what the command printed beside it."""
    db = tmp_path_factory.mktemp("demo") / "demo.db"
    done = command("newscrawl", "demo", "--until", "2022-06-14", "--db", str(db))
    assert done.returncode == 0, done.stderr
    return db


@pytest.fixture
def folder(demo: Path, tmp_path: Path) -> Path:
    """A folder as a reader has it: the checkout's documents, and an archive ``data/news.db``."""
    (tmp_path / "data").mkdir()
    shutil.copy(demo, tmp_path / "data" / "news.db")
    (tmp_path / "docs").symlink_to(DOCS)
    return tmp_path


def test_the_tutorial_from_nothing(tmp_path: Path) -> None:
    told = [each for each in blocks(TUTORIAL) if each.not_run is None]
    assert len(told) > 7
    for block in told:
        printed = run(block, tmp_path, "data/demo.db")
        assert block.shown is not None, block.where
        assert matches(block.shown, printed), f"{block.where} prints\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page: Path, folder: Path) -> None:
    for block in blocks(page):
        if block.not_run is not None:
            continue
        if block.code.startswith("sqlite3 ") and shutil.which("sqlite3") is None:
            pytest.skip(f"{block.where}: the program sqlite3 is not on this machine")
        sql = block.code.replace("$__from", "0").replace("$__to", "4102444800000")
        if block.language == "sql" and block.title != "DuckDB":
            printed = sqlite(sql, folder / "data" / "news.db")
        else:
            printed = run(block, folder, "data/news.db")
        if block.shown is not None:
            assert matches(block.shown, printed), f"{block.where} prints\n{printed}"


def test_what_is_not_run_is_run_elsewhere_or_cannot_be(demo: Path) -> None:
    for page in (TUTORIAL, *PAGES):
        for block in blocks(page):
            for test in re.findall(r"tests/\w+\.py", block.not_run or ""):
                assert (ROOT / test).exists(), f"{block.where}: {test}"
            if block.not_run and block.language == "sql" and block.title != "DuckDB":
                assert sqlite(f"EXPLAIN {block.code}", demo)  # its columns exist


def test_the_sql_in_r(folder: Path) -> None:
    (block,) = blocks(DOCS / "how-to" / "r.md")
    days, stock = re.findall(r'r"\((.*?)\)"', block.code, re.DOTALL)
    parameters = re.findall(r'"(\w+)"', block.code.split("params = list")[1].split(")")[0])
    db = folder / "data" / "news.db"
    assert len(sqlite(days, db).splitlines()) == 3
    assert "T" in sqlite(stock, db, *parameters)


def test_the_metrics_in_documents(demo: Path, tmp_path: Path) -> None:
    file = tmp_path / "newscrawl.prom"
    done = command("newscrawl", "status", "--db", str(demo), "--prometheus", str(file))
    assert done.returncode == 0, done.stderr
    written = set(re.findall(r"^# HELP (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE))
    for page in ("watch", "grafana"):
        text = (DOCS / "how-to" / f"{page}.md").read_text(encoding="utf-8")
        named = set(re.findall(r"newscrawl_\w+", text))
        assert named
        assert named <= written, named - written


def test_no_block_is_overlooked() -> None:
    for page in (TUTORIAL, *PAGES):
        text = page.read_text(encoding="utf-8")
        fences = re.findall(r"^```(\w+)", text, re.MULTILINE)
        seen = [each.language for each in blocks(page)]
        assert [each for each in fences if each != "text"] == seen, page.name
        assert fences.count("text") == sum(each.shown is not None for each in blocks(page))


def test_expected_output_is_compared() -> None:
    assert matches("a\n…\nc\n", "a\nb\nc\n")
    assert matches("{…", "{1}\n")
    assert not matches("a\nc\n", "a\nb\nc\n")
    assert not matches("a…", "b")
    assert shutil.which("bash") is not None
    assert subprocess.run(["bash", "-c", "exit 3"], check=False).returncode == 3
