"""`newscrawl export`: the format by the file's name, chosen columns, and CSV for Excel."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from archives import article, fill, page
from cli_runs import invoke

from newscrawl.archive.records import NAMES


@pytest.fixture
def db(tmp_path: Path) -> Path:
    fill(tmp_path / "news.db", article(page(), title="=标题", tags=["甲", "乙"]))
    return tmp_path / "news.db"


def test_the_suffix_names_the_format(db: Path, tmp_path: Path) -> None:
    beginnings = {
        "a.csv": b"id,info_code", "a.jsonl": b'{"id"', "a.NDJSON": b'{"id"', "a.parquet": b"PAR1",
        "a.atom": b"<?xml", "a.rss": b"<?xml",
    }  # fmt: skip
    for name, beginning in beginnings.items():
        out = tmp_path / name
        ended = invoke("export", "-o", str(out), "--db", str(db))
        assert ended.exit_code == 0, ended.output
        assert out.read_bytes().startswith(beginning), name


@pytest.mark.parametrize("words", [(), ("-o", "a.xlsx"), ("-o", "a")])
def test_a_format_that_nothing_says(db: Path, words: tuple[str, ...]) -> None:
    ended = invoke("export", *words, "--db", str(db))
    assert ended.exit_code == 2
    assert "--format" in ended.stderr
    assert ".csv" in ended.stderr


def test_chosen_columns(db: Path, tmp_path: Path) -> None:
    chosen = ("--columns", "source, title,tags,source", "--db", str(db))
    ended = invoke("export", "--format", "csv", *chosen)
    assert list(csv.reader(io.StringIO(ended.stdout))) == [
        ["source", "title", "tags"], ["国际商报", "'=标题", "乙; 甲"],
    ]  # fmt: skip
    ended = invoke("export", "--format", "jsonl", *chosen)
    assert list(json.loads(ended.stdout).items()) == [
        ("source", "国际商报"), ("title", "=标题"), ("tags", ["乙", "甲"]),
    ]  # fmt: skip
    import pyarrow.parquet

    out = tmp_path / "a.parquet"
    assert invoke("export", "-o", str(out), *chosen).exit_code == 0
    assert pyarrow.parquet.read_table(out).column_names == ["source", "title", "tags"]


def test_all_columns_are_those_without_a_choice(db: Path) -> None:
    every = invoke("export", "--format", "csv", "--columns", ",".join(NAMES), "--db", str(db))
    assert every.stdout == invoke("export", "--format", "csv", "--db", str(db)).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "csv", "--columns", "id,heading"), "no column 'heading'; choose from id"),
        (("--format", "atom", "--columns", "id"), "--columns is for csv, jsonl, parquet"),
        (("--format", "jsonl", "--excel"), "--excel is for csv"),
    ],
)
def test_what_cannot_be_chosen(db: Path, words: tuple[str, ...], said: str) -> None:
    ended = invoke("export", *words, "--db", str(db))
    assert ended.exit_code == 2
    assert said in ended.stderr


def test_a_csv_for_excel_begins_with_a_mark(db: Path, tmp_path: Path) -> None:
    for words in ((), ("--excel",)):
        out = tmp_path / "a.csv"
        assert invoke("export", "-o", str(out), *words, "--db", str(db)).exit_code == 0
        assert out.read_bytes().startswith(b"\xef\xbb\xbf") == bool(words)
        assert out.read_text(encoding="utf-8-sig").startswith("id,")
