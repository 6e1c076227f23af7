"""Every benchmark runs, in small, and finds what is true; the document is what the results say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from crawls import ROOT

sys.path.insert(0, str(ROOT))
from bench import gold, plots, report, results
from bench.serving import Serving, write_site

OWN_SERVER = ("--no-nginx",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results"


def bench(folder: Path, name: str, *words: str) -> dict[str, Any]:
    """Run a benchmark as people do; return what it measured."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", name, *words, "--results", folder],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = results.load(name, folder)
    assert result is not None
    assert result["command"].startswith(f"python -m bench {name}")
    for file, print_ in report.PARTS.values():
        assert file != name or "python -m bench" in print_(result) or print_ is report.exactness
    measured: dict[str, Any] = result["measured"]
    return measured


def test_crawl(folder: Path) -> None:
    sides = ("newscrawl", "scrapy", "scrapy-project")
    found = bench(folder, "crawl", "--pages", "20", "--runs", "1", "--here", *OWN_SERVER,
                  "--sides", *sides)  # fmt: skip
    stored = {name: each["runs"][0]["stored"] for name, each in found["sides"].items()}
    assert found["pages"] in (19, 20)
    assert stored == {"newscrawl": found["pages"], "scrapy": None, "scrapy-project": found["pages"]}
    requests = {name: each["runs"][0]["requests"] for name, each in found["sides"].items()}
    assert (
        requests["scrapy"] == requests["scrapy-project"] == found["pages"] < requests["newscrawl"]
    )
    assert found["sides"]["scrapy"]["speed"] == 1
    assert found["sides"]["newscrawl"]["speed"] > 0
    assert found["served_by"] == "the mirror's own server"


def test_reading(folder: Path, finews: Path) -> None:
    found = bench(folder, "reading", "--pages", "60", "--runs", "1", "--here", "--real",
                  str(finews), "--sides", "lxml", "newscrawl", "gne")  # fmt: skip
    # A peer that is not there is named, and the others are measured.
    assert "not in this environment" in found["sides"]["gne"]["missing"]
    right = dict.fromkeys(("title", "time", "clock", "day", "source", "body", "body_f1"), 1)
    for pages in ("made", "real"):
        marks = found["sides"]["newscrawl"]["marks"][pages]
        assert marks == {**right, "mentions": 1, "body_empty": 0}
    # It tells no zone, and leaves the furniture in the body.
    assert found["sides"]["lxml"]["marks"]["made"]["time"] == 0
    assert found["sides"]["lxml"]["marks"]["made"]["body"] < 0.5
    assert (found["pages"]["made"]["pages"], found["pages"]["real"]["pages"]) == (61, 14)
    assert str(finews.parent) not in (folder / "reading.json").read_text()


def test_again(folder: Path) -> None:
    sides = ("newscrawl-again", "scrapy-cache", "scrapy-revalidates")
    found = bench(folder, "again", "--pages", "20", "--news", "4", "--edits", "2", "--runs", "1",
                  "--here", *OWN_SERVER, "--sides", *sides)  # fmt: skip
    mine, cached, asking = (found["sides"][name]["stages"] for name in sides)
    assert (asking["news"]["new_found"], asking["news"]["edits_found"]) == (4, 2)
    assert (mine["news"]["new_found"], mine["news"]["edits_found"]) == (4, 2)
    assert (cached["news"]["new_found"], cached["news"]["edits_found"]) == (0, 0)
    assert mine["unchanged"]["not_modified"] >= 20
    assert mine["first"]["articles"] == mine["unchanged"]["articles"]
    assert cached["unchanged"]["requests"] == 0


def test_growth(folder: Path) -> None:
    found = bench(folder, "growth", "--sizes", "60", "--runs", "1", "--queries", "20",
                  "--site", "8", "--formats", "jsonl", *OWN_SERVER)  # fmt: skip
    [each] = found["sizes"]
    assert each["articles"] == found["written"][-1][0] == 60
    assert each["search"]["by rank"]["queries"] == 20
    assert each["size"]["rest"] > each["size"]["text"] > 2000
    assert each["size"]["pages_raw"] > each["size"]["text"]
    assert each["exports"]["jsonl"]["mb"] > 0


def test_search(folder: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "bench.synthetic", tmp_path / "made.db", "0", "80"]
    subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
    found = bench(folder, "search", str(tmp_path / "made.db"), "--queries", "10")
    assert (found["articles"], found["ways"]["by rank"]["queries"]) == (80, 10)
    assert found["pieces"] >= 1


def test_long_runs(folder: Path) -> None:
    flat = bench(folder, "flat", "--pages", "30", *OWN_SERVER)
    assert flat["pages"] == flat["posts"]
    assert flat["peak_mb"] >= flat["tenth_mb"] > 20
    load = bench(folder, "load", "--articles", "30")
    assert load["pages"] == load["posts"] > 30
    assert load["archive_bytes_a_page"] > 3000


def test_start(folder: Path) -> None:
    found = bench(folder, "start", "--runs", "1")["commands"]
    assert found["python -c pass"]["times_python"] == 1
    assert found["newscrawl search"]["median"] > 0


def test_polling(folder: Path) -> None:
    ways = bench(folder, "polling", "--categories", "20", "--a-day", "20")["ways"]
    assert (ways[0]["way"], ways[-1]["way"]) == ("everything, every five minutes",
                                                 "crawl category --due")  # fmt: skip
    assert ways[-1]["missed"] == 0
    assert ways[-1]["requests"] < ways[0]["requests"]


def test_every_result_is_printed_and_drawn(tmp_path: Path) -> None:
    text = (ROOT / report.DOCUMENT).read_text(encoding="utf-8")
    assert [part[1] for part in report._PART.findall(text)] == list(report.PARTS)
    assert "Not measured yet" not in text
    assert report.rendered(text, tmp_path).count("Not measured yet") == len(report.PARTS)
    for name, draw in plots.PLOTS.items():
        found = [results.load(each) for each in plots.NEEDS[name]]
        draw(*(each["measured"] for each in found if each), tmp_path / name, "results x")
        drawn = (tmp_path / name).read_text(encoding="utf-8")
        assert "results x" in drawn
        assert "#ffffff" not in drawn  # no ground: it is read on white and on black


def test_the_document_is_what_the_results_say() -> None:
    assert report.check(ROOT) == 0, "python -m bench report"


def test_served_by_nginx_the_pages_are_the_same(tmp_path: Path) -> None:
    if not (shutil.which("nginx") or shutil.which("/usr/sbin/nginx")):
        pytest.skip("nginx is not installed: the benchmarks then take the mirror's own server")
    import urllib.request

    paths = write_site(tmp_path / "site", 10)
    assert len(paths) in (9, 10)
    for nginx in (True, False):
        with Serving(tmp_path / "site", tmp_path / f"nginx-{nginx}", 0, nginx=nginx) as server:
            assert server.name.startswith("nginx") is nginx
            mark = server.mark()
            address = f"{server.url}{paths[0][1:]}"
            with urllib.request.urlopen(address, timeout=30) as response:
                body = response.read()
                assert response.headers["Content-Type"] == "text/html; charset=utf-8"
                assert response.headers["ETag"]
            end = time.monotonic() + 5  # nginx writes its log after it has answered
            while not (hits := server.since(mark)) and time.monotonic() < end:
                time.sleep(0.01)
            assert [(hit.status, hit.bytes, hit.path) for hit in hits] == [
                (200, len(body), paths[0])
            ]


@pytest.mark.parametrize(
    ("text", "wanted", "alike"),
    [("一二三四五", "一二三四五", 1), ("一二三四五", "", 0), ("", "", 1),
     ("一二三四五", "一二三四六", 0.5), ("一二", "一二", 1)],
)  # fmt: skip
def test_f1(text: str, wanted: str, alike: float) -> None:
    assert gold.f1(text, wanted) == alike


@pytest.mark.parametrize(
    ("value", "bar", "most", "said"),
    [
        (1.0, 1.0, False, "- it ≥ 1: 1.00, reached."),
        (0.999, 1.0, False, "- it ≥ 1: **0.999, missed by 0.1%.**"),
        (0.4, 1.0, False, "- it ≥ 1: **0.4, missed by 60.0%.**"),
        (7.5, 3, True, "- it ≤ 3: **7.5, missed by 150.0%.**"),
        (None, 3, True, "- it ≤ 3: not measured."),
    ],
)
def test_goals_say_by_how_much(value: float | None, bar: float, most: bool, said: str) -> None:
    assert report.goal("it", value, bar, most=most) == said


def test_results_name_no_folder() -> None:
    for file in results.FOLDER.glob("*.json"):
        result = json.loads(file.read_text(encoding="utf-8"))
        assert results.plain(result["command"]) == result["command"]
        assert str(ROOT) not in file.read_text(encoding="utf-8")
