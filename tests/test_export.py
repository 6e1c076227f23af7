"""`newscrawl export`: what other programs read of it."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import command

from newscrawl.items import Mention
from newscrawl.outcome import Exit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "news.db"
    fill(
        made,
        article(page(), title='=HYPERLINK("http://x")', body_text="第一行\n“引号”,\"逗号\"",
                mentions=[Mention("1", "600160", "巨化股份", "stock", 2),
                          Mention("", "00700", "腾讯", "stock", 1)]),
        article(page("NW202112292228490029"), title="-1%的下跌", source="证券时报",
                published_at="2021-12-29T10:00:00+08:00"),
    )  # fmt: skip
    return made


def test_json_lines(path: Path) -> None:
    done = command("newscrawl", "export", "--format", "jsonl", "--db", str(path))
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["body_text"] == '第一行\n“引号”,"逗号"'
    assert first["mentions"][0] == {
        "market": "1", "code": "600160", "name": "巨化股份", "kind": "stock", "times": 2,
    }  # fmt: skip
    assert second["published_at"] == "2021-12-29T10:00:00+08:00"
    assert done.stderr == "2 articles written; the last seq is 2\n"
    if shutil.which("jq"):
        read = subprocess.run(["jq", "-r", ".info_code"], input=done.stdout, text=True,
                              capture_output=True, check=True)  # fmt: skip
        assert read.stdout.split() == [first["info_code"], second["info_code"]]


def test_csv(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    done = command("newscrawl", "export", "--format", "csv", "--db", str(path), "-o", str(out))
    assert done.returncode == 0
    with out.open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert first["body_text"] == '第一行\n“引号”,"逗号"'
    assert first["mentions"] == "1.600160 巨化股份; 00700 腾讯"
    # A spreadsheet runs no formula of it.
    assert first["title"] == '\'=HYPERLINK("http://x")'
    assert second["title"] == "'-1%的下跌"


def test_filters_and_seq(path: Path) -> None:
    words = ["newscrawl", "export", "--format", "jsonl", "--db", str(path)]

    def codes(*more: str) -> list[str]:
        done = command(*words, *more)
        assert done.returncode == 0, done.stderr
        return [json.loads(line)["info_code"] for line in done.stdout.splitlines()]

    first, second = codes()
    assert codes("--source", "证券时报") == [second]
    assert codes("--security", "1.600160") == [first]
    assert codes("--until", "2021-12-28") == [first]
    assert codes("--since-seq", "1") == [second]
    assert codes("--since-seq", "2") == []
    assert codes(second) == [second]


def test_bad_output(path: Path, tmp_path: Path) -> None:
    words = ["newscrawl", "export", "--db", str(path), "--format"]
    done = command(*words, "csv", "-o", str(tmp_path / "none" / "a.csv"))
    assert done.returncode == Exit.STORE
    assert "cannot be written: No such file or directory" in done.stderr
    done = command(*words, "jekyll")
    assert (done.returncode, "name one with -o" in done.stderr) == (Exit.USAGE, True)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []
