"""`newscrawl export`: what other programs read of it."""

from __future__ import annotations

import csv
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from archives import article, fill, page
from click.testing import CliRunner
from crawls import command, query
from exporting import big
from lxml import etree

from newscrawl.archive.export import FORMATS
from newscrawl.cli.app import commands
from newscrawl.items import Mention
from newscrawl.runs.outcome import Exit

PROGRAM = Path(sys.executable).with_name("newscrawl")


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
        "origin": "link",
    }  # fmt: skip
    assert second["published_at"] == "2021-12-29T10:00:00+08:00"
    assert done.stderr == "2 articles written; the last seq is 2\n"


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
        return [json.loads(line)["id"] for line in done.stdout.splitlines()]

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
    assert "No such file or directory" in done.stderr
    (tmp_path / "file").touch()
    done = command(*words, "jekyll", "-o", str(tmp_path / "file"))
    assert (done.returncode, "file is a file; --format jekyll" in done.stderr) == (Exit.USAGE, True)
    done = command(*words, "jekyll")
    assert (done.returncode, "name one with -o" in done.stderr) == (Exit.USAGE, True)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_what_export_says(path: Path, tmp_path: Path) -> None:
    words = ["newscrawl", "export", "--db", str(path), "--format"]
    done = command(*words, "csv", "-o", "-", "NW209912280000000000")
    assert done.stdout.startswith("id,info_code,")
    assert done.stderr.splitlines()[0] == "The archive has no article NW209912280000000000."
    done = command(*words, "jekyll", "-o", str(tmp_path / "posts"))
    last = query(path, "SELECT max(seq) FROM articles")[0][0]
    assert done.stderr.endswith(f"; the last seq is {last}\n")


# What spreadsheets take for formulas, and what a careless one would.
FORMULAS = [
    "=1+1", '=HYPERLINK("http://x.test","点")', "+1+1", "-1+1", "@SUM(1,1)", "\t=1+1", "\r=1+1",
    "\n=1+1", "＝1+1", "'=1+1", '"=1+1', "=cmd|' /C calc'!A0", ' =1+1"', ",=1+1", ";=1+1",
]  # fmt: skip
XLSX = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def spreadsheet(csv_: Path) -> tuple[list[str], dict[str, str]]:
    """Open a CSV in Gnumeric; return the formulas that it found, and the text of each cell."""
    if shutil.which("ssconvert") is None:
        pytest.skip("ssconvert is not installed: apt-get install gnumeric")
    book = csv_.with_suffix(".xlsx")
    subprocess.run(["ssconvert", "--recalc", csv_, book], check=True, capture_output=True)
    with zipfile.ZipFile(book) as archive:
        sheet = etree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
        shared = [
            "".join(each.itertext())
            for each in etree.fromstring(archive.read("xl/sharedStrings.xml"))
        ]
    formulas = [each.text or "" for each in sheet.iter(f"{XLSX}f")]
    cells = {}
    for cell in sheet.iter(f"{XLSX}c"):
        value = cell.findtext(f"{XLSX}v")
        inline = "".join(text.text or "" for text in cell.iter(f"{XLSX}t"))
        shown = shared[int(value or 0)] if cell.get("t") == "s" else value or inline
        cells[cell.get("r", "")] = shown.strip()
    return formulas, cells


def test_a_spreadsheet_runs_no_formula(tmp_path: Path) -> None:
    path, out = tmp_path / "news.db", tmp_path / "a.csv"
    fill(path, *[
        article(page(f"NW2021122822284900{index:02}"), title=each, source=each, body_text=each,
                summary=each, categories=[each], tags=[each],
                mentions=[Mention("", each, each, "stock", 1)])
        for index, each in enumerate(FORMULAS)
    ])  # fmt: skip
    assert command("newscrawl", "export", "--format", "csv", "--db", str(path), "-o",
                   str(out)).returncode == 0  # fmt: skip
    formulas, cells = spreadsheet(out)
    assert formulas == []
    titles = [cells[f"D{row}"] for row in range(2, len(FORMULAS) + 2)]
    assert [each.lstrip("'").strip() for each in titles] == [
        each.lstrip("'").strip() for each in FORMULAS
    ]
    # The same titles without a mark do run: this engine would have told.
    with out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([each] for each in FORMULAS)
    formulas, cells = spreadsheet(out)
    assert len(formulas) >= 2
    assert cells["A1"] == "2"


def test_json_lines_by_jq(path: Path) -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed: apt-get install jq")
    done = command("newscrawl", "export", "--format", "jsonl", "--db", str(path))
    rule = "[.title, .body_text, (.mentions | map(.code)), (.seq | type)]"
    read = subprocess.run(["jq", "-c", rule], input=done.stdout, text=True,
                          capture_output=True, check=True)  # fmt: skip
    assert [json.loads(each) for each in read.stdout.splitlines()] == [
        ['=HYPERLINK("http://x")', '第一行\n“引号”,"逗号"', ["600160", "00700"], "number"],
        ["-1%的下跌", "正文", [], "number"],
    ]


STREAMS = sorted(FORMATS)


@pytest.mark.parametrize("name", STREAMS)
def test_filters_of_every_format(path: Path, name: str) -> None:
    for more in (["--source", "证券时报"], ["--since-seq", "1"], ["--since", "2021-12-29"],
                 ["NW202112292228490029"]):  # fmt: skip
        words = ["export", "--format", name, "--db", str(path), *more]
        done = CliRunner().invoke(commands, words)
        assert done.stderr == "1 article written; the last seq is 2\n"
        assert b"NW202112292228490029" in done.stdout_bytes
        assert b"NW202112282228490028" not in done.stdout_bytes


def test_a_device_stays_a_device(path: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        done = command("newscrawl", "export", "--format", "jsonl", "--db", str(path), "-o",
                       str(pipe))  # fmt: skip
        assert reader.stdout is not None
        assert len(reader.stdout.read().splitlines()) == 2
    assert done.returncode == 0
    assert pipe.is_fifo()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_export_leaves_the_file_as_it_was(tmp_path: Path, ending: int) -> None:
    path, folder = tmp_path / "news.db", tmp_path / "out"
    big(path, 60_000)
    folder.mkdir()
    out = folder / "a.jsonl"
    out.write_text("old")
    process = subprocess.Popen(
        [PROGRAM, "export", "--format", "jsonl", "--db", path, "-o", out],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not any(each.stat().st_size > 100_000 for each in folder.iterdir()):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(ending)
    _, err = process.communicate(timeout=30)
    assert out.read_text() == "old"
    if ending == signal.SIGINT:
        assert (process.returncode, list(folder.iterdir())) == (Exit.INTERRUPTED, [out])
        assert "Traceback" not in err


def test_who_closes_the_pipe_has_enough(tmp_path: Path) -> None:
    big(tmp_path / "news.db", 3000)
    with subprocess.Popen(
        [PROGRAM, "export", "--format", "jsonl", "--db", tmp_path / "news.db"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 0


def test_progress_on_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    big(path, 5000)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "export", "--format", "csv", "--db", path, "-o", tmp_path / "a.csv"],
        stderr=theirs, stdout=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # Linux's way to say that the other side is closed
        while piece := os.read(ours, 65536):
            shown += piece
    os.close(ours)
    assert process.wait() == 0
    assert b"writing" in shown
    assert b"%" in shown
    assert "5,001 articles written" in shown.decode()
