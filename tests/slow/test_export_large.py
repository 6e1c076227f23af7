"""Exports of large archives: memory that does not grow, and files as on standard output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from archives import article, fill, page
from exporting import big

from newscrawl.archive.export import FORMATS
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


STREAMS = sorted(FORMATS)


@pytest.mark.parametrize("name", STREAMS)
def test_a_file_is_what_standard_output_is(path: Path, tmp_path: Path, name: str) -> None:
    words = [PROGRAM, "export", "--format", name, "--db", path]
    piped = subprocess.run(words, capture_output=True, check=True)
    assert piped.stderr == b"2 articles written; the last seq is 2\n"
    if name == "markdown":
        return
    out = tmp_path / "out"
    out.write_text("old")
    out.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(out)
    subprocess.run([*words, "-o", link], check=True, capture_output=True)
    assert out.read_bytes() == piped.stdout
    assert (link.is_symlink(), out.stat().st_mode & 0o777) == (True, 0o640)
    folder = subprocess.run([*words, "-o", tmp_path], capture_output=True, text=True, check=False)
    assert (folder.returncode, "is a folder" in folder.stderr) == (Exit.USAGE, True)


MEASURE = """
import sys, tracemalloc
import newscrawl
from newscrawl.archive.export import FORMATS, parquet
from newscrawl.archive.records import NAMES, changes

parquet._CHARACTERS //= 20  # several row groups also of the small archive
for path in sys.argv[2:]:
    with newscrawl.open(path) as archive:
        found = changes(archive.connection)
        pieces = FORMATS[sys.argv[1]](found, "2022-01-01T00:00:00+00:00", NAMES)
        next(pieces)
        tracemalloc.start()
        size = sum(map(len, pieces))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    arrow = sys.modules.get("pyarrow")
    print(size, peak, arrow.default_memory_pool().max_memory() if arrow else 0)
"""


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Archives of 1,500 and 6,000 articles."""
    folder = tmp_path_factory.mktemp("growing")
    made = [folder / "1500.db", folder / "6000.db"]
    for path in made:
        big(path, int(path.stem))
    return made


@pytest.mark.parametrize("name", STREAMS)
def test_memory_does_not_grow_with_rows(growing: list[Path], name: str) -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE, name, *growing], check=True,
                          capture_output=True, text=True)  # fmt: skip
    (size, *peaks), (larger, *later) = [map(int, line.split()) for line in done.stdout.splitlines()]
    assert larger > 2 * size
    assert sum(later) < sum(peaks) * 1.2
