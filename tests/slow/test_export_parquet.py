"""`newscrawl export --format parquet`: DuckDB, pandas and Polars read times as times."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archives import article, fill, page
from crawls import command

from newscrawl.archive.records import COLUMNS, changes
from newscrawl.items import Mention
from newscrawl.runs.outcome import Exit
from newscrawl.store.connections import open_for_reading

CHINA = ZoneInfo("Asia/Shanghai")
TIMES = ("published_at", "first_seen_at", "changed_at")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "news.db"
    fill(
        made,
        article(page(), title="=1+1“引”", body_text="第一行\n二", images=["https://i.test/1.png"],
                mentions=[Mention("1", "600160", "巨化股份", "stock", 2),
                          Mention("", "00700", "腾讯", "stock", 1)]),
        article(page("NW202112282359590029"), title=None, published_at=None, categories=[]),
        # In UTC it is another day.
        article(page("NW202112290001000030"), published_at="2021-12-29T00:01:00+08:00", tags=[]),
    )  # fmt: skip
    return made


@pytest.fixture
def file(path: Path, tmp_path: Path) -> Path:
    out = tmp_path / "a.parquet"
    done = command("newscrawl", "export", "--format", "parquet", "--db", str(path), "-o", str(out))
    assert done.stderr == f"3 articles written to {out}; the last seq is 3\n"
    return out


def stored(path: Path) -> list[dict[str, Any]]:
    """Return what the archive says, with times as times."""
    with closing(open_for_reading(path)) as connection:
        rows = [asdict(each) for each in changes(connection)]
    for row in rows:
        for name in TIMES:
            row[name] = row[name] and datetime.fromisoformat(row[name])
    return rows


def test_types(file: Path) -> None:
    form = pq.read_schema(file)
    assert form.names == [*COLUMNS, "categories", "tags", "mentions", "images"]
    assert form.field("published_at").type == pa.timestamp("us", "Asia/Shanghai")
    assert form.field("changed_at").type == pa.timestamp("us", "UTC")
    assert form.field("tags").type == pa.list_(pa.string())
    assert form.field("mentions").type.value_type.field("times").type == pa.int32()
    assert not form.field("id").nullable
    assert form.field("info_code").nullable


def test_duckdb(file: Path, path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Shanghai'")
        table = connection.read_parquet(str(file))
        types = dict(zip(table.columns, map(str, table.types), strict=True))
        assert {types[name] for name in TIMES} == {"TIMESTAMP WITH TIME ZONE"}
        assert types["categories"] == "VARCHAR[]"
        assert types["mentions"].startswith("STRUCT(")
        assert types["mentions"].endswith(")[]")
        rows = table.to_arrow_table().to_pylist()
        assert rows == stored(path)
        days = connection.execute(
            f"SELECT strftime(published_at, '%Y-%m-%d %H:%M'), count(*) FROM '{file}'"
            " WHERE published_at IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchall()
        assert days == [("2021-12-28 14:27", 1), ("2021-12-29 00:01", 1)]
        named = "SELECT m.name FROM (SELECT unnest(mentions) AS m FROM read_parquet(?)) ORDER BY 1"
        assert connection.execute(named, [str(file)]).fetchall() == [("巨化股份",), ("腾讯",)]


def test_pandas(file: Path, path: Path) -> None:
    table = pd.read_parquet(file)
    assert {name: str(table.dtypes[name].tz) for name in TIMES} == {
        "published_at": "Asia/Shanghai", "first_seen_at": "UTC", "changed_at": "UTC",
    }  # fmt: skip
    assert table.published_at[2] == pd.Timestamp("2021-12-29 00:01", tz=CHINA)
    assert table.published_at.dt.day.tolist()[::2] == [28, 29]
    assert table.published_at.isna().tolist() == [False, True, False]
    for name in table.columns:
        found = table[name].tolist()
        for value, row in zip(found, stored(path), strict=True):
            if isinstance(row[name], list):
                assert list(value) == row[name]
            elif row[name] is None:
                assert pd.isna(value)
            else:
                assert value == row[name]


def test_polars(file: Path, path: Path) -> None:
    table = pl.read_parquet(file)
    assert table.schema["published_at"] == pl.Datetime("us", "Asia/Shanghai")
    assert table.schema["first_seen_at"] == pl.Datetime("us", "UTC")
    assert table.schema["categories"] == pl.List(pl.String)
    assert table["published_at"].dt.day().to_list() == [28, None, 29]
    rows = table.to_dicts()
    assert rows == stored(path)
    assert rows[0]["published_at"].utcoffset() == timedelta(hours=8)
    assert rows[0]["changed_at"].utcoffset() == timedelta(0)


def test_nothing_is_a_table_too(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "none.parquet"
    done = command("newscrawl", "export", "--format", "parquet", "--db", str(path), "-o", str(out),
                   "--since-seq", "3")  # fmt: skip
    assert done.stderr == f"0 articles written to {out}; the last seq is 3\n"
    assert pl.read_parquet(out).height == 0


def test_through_a_pipe_but_not_to_a_terminal(path: Path) -> None:
    words = [Path(sys.executable).with_name("newscrawl"), "export", "--format", "parquet",
             "--db", str(path)]  # fmt: skip
    done = subprocess.run(words, capture_output=True, check=True)
    assert pq.read_table(io.BytesIO(done.stdout)).num_rows == 3
    ours, theirs = os.openpty()
    refused = subprocess.run(words, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False)
    os.close(theirs)
    os.set_blocking(ours, False)
    with pytest.raises(OSError):  # noqa: PT011  nothing came: closed, or nothing to read
        os.read(ours, 1)
    os.close(ours)
    assert refused.returncode == Exit.USAGE
    assert "not for a terminal: name a file with -o, or use a pipe" in refused.stderr


def test_without_pyarrow(path: Path, tmp_path: Path) -> None:
    # A module of its name that fails to import stands in the way, as if there were none.
    (tmp_path / "pyarrow.py").write_text("raise ModuleNotFoundError('No module named pyarrow')")
    done = subprocess.run(
        [Path(sys.executable).with_name("newscrawl"), "export", "--format", "parquet", "--db",
         str(path), "-o", str(tmp_path / "x")],
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == Exit.USAGE
    command = f"{shlex.quote(sys.executable)} -m pip install 'newscrawl[parquet]'"
    assert done.stderr.endswith(f"Error: --format parquet needs pyarrow: {command}\n")
    assert not (tmp_path / "x").exists()
