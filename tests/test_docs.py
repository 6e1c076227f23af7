"""The docs: what the code can print is as it prints it, and what a reader pastes works."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from crawls import ROOT, crawl
from documents import blocks
from samplesite.server import Answers, Server
from samplesite.site import Site

from newscrawl.cli import docs, schema_docs
from newscrawl.store import schema

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "printed", "command"),
    [
        ("docs/cli.md", docs.cli, "python -m newscrawl.cli.docs > docs/cli.md"),
        (
            "docs/schema.md",
            schema_docs.schema_as_markdown,
            "python -m newscrawl.cli.docs write",
        ),
    ],
)
def test_written_by_the_code(file: str, printed: Callable[[], str], command: str) -> None:
    written = (ROOT / file).read_text(encoding="utf-8")
    assert written == printed(), f"stale: {command}"


def test_the_module_prints_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "newscrawl.cli.docs"],
        capture_output=True, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert done.stdout == docs.cli()


def test_a_column_that_a_migration_added_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the last one of the file, wherever it is declared."""
    written = schema_docs.schema_as_markdown()
    declared = [replace(each, columns=each.columns[::-1]) for each in schema_docs.TABLES]
    monkeypatch.setattr(schema_docs, "TABLES", declared)
    assert schema_docs.schema_as_markdown() == written


def test_the_schema_says_what_others_rely_on() -> None:
    text = schema_docs.schema_as_markdown()
    mentions = text[text.index("## mentions") : text.index("## images")]
    for line in (
        "| `market` | TEXT | no | Eastmoney's market number",
        "empty if the link names none |",
        "- primary key: `article_id`, `market`, `code`",
        "- index: `market`, `code`, `article_id`",
        "- `article_id` refers to `articles.id`",
    ):
        assert line in mentions, line
    for line in (
        "| `title` | TEXT | yes |",
        "| `id` | INTEGER | no | number of the run |",
        "- unique index: `seq`",
        "`CFH` (a user's column), `AN` (notice) or `AP` (report)",
        "mode=ro&immutable=1",
    ):
        assert line in text, line
    assert text.count("- primary key: ") == len(schema.TABLES)


@pytest.mark.parametrize(
    ("file", "part"),
    [("README.md", "commands"), ("README.md", "exit-codes"), ("docs/faults.md", "causes")],
)
def test_tables_in_documents(file: str, part: str) -> None:
    pattern = rf"python -m newscrawl\.cli\.docs {part} -->\n(.*?)<!-- end -->"
    match = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.DOTALL)
    assert match is not None
    assert match[1] == docs.PARTS[part](), f"stale: python -m newscrawl.cli.docs {part}"


def test_the_two_commands() -> None:
    for line in (
        "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/newscrawl demo",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
    ):
        assert f"```sh\n{line}\n```" in README
    (start,) = blocks(ROOT / "docs" / "index.md")
    assert f"```sh\n{start.code}```" in README


def test_links_lead_somewhere() -> None:
    for file in (
        ROOT / "README.md",
        ROOT / "deploy" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
    ):
        for target in re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (file.parent / target).exists(), f"{file.name}: {target}"


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    reasons = (ROOT / "docs/decisions/0001-dependencies.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([a-z0-9-]+)` \|", reasons, re.MULTILINE)
    wanted = [re.split(r"[<>=; ]", each)[0] for each in project["dependencies"]]
    assert named == wanted


async def test_first_queries_run(
    serving: Callable[[Answers], Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "data").mkdir()
    db = tmp_path / "data" / "demo.db"
    await crawl("category", db, serving(Site()).url)  # as the demo
    with closing(sqlite3.connect(db)) as connection:
        (block,) = _blocks("sql")
        queries = [each for each in block.split(";") if each.strip()]
        assert len(queries) == 5
        for each in queries:
            rows = connection.execute(each).fetchall()
            assert rows, each
    monkeypatch.chdir(tmp_path)
    for each in _blocks("python"):
        exec(each, {})  # noqa: S102  the README's own words
        assert capsys.readouterr().out.strip(), each


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
