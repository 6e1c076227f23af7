"""Mentions of securities, counted by day: in Python, in a terminal and in files."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pandas as pd
import pytest
from archives import article, fill, page
from cli_runs import invoke
from lxml import etree

import newscrawl
from newscrawl.archive.api import Archive
from newscrawl.archive.names import UnknownName
from newscrawl.items import Mention

MAOTAI = Mention("1", "600519", "贵州茅台", "stock", 1, "link")
BY_LIST = Mention("1", "600519", "贵州茅台", "stock", 1, "list")
ICBC = Mention("1", "601398", "工商银行", "stock", 2, "text")
ARTICLES = [
    ("2021-12-06", [MAOTAI, BY_LIST]),
    ("2021-12-06", [MAOTAI, ICBC]),
    ("2021-12-08", [BY_LIST]),
    ("2021-12-13", [ICBC]),
    ("2021-12-13", []),
]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "news.db"
    fill(path, *(
        article(page(f"NW2021122822284900{number:02}"), mentions=mentions or None,
                published_at=f"{day}T10:00:00+08:00")
        for number, (day, mentions) in enumerate(ARTICLES)
    ))  # fmt: skip
    return path


def test_a_row_for_each_day_and_security(db: Path) -> None:
    with newscrawl.open(db) as archive:
        found = archive.mentions_df(["600519", "工商银行"], since="2021-12-06", until="2021-12-08")
    assert [tuple(row) for row in found.itertuples(index=False)] == [
        (pd.Timestamp("2021-12-06"), "1.600519", "贵州茅台", 2),
        (pd.Timestamp("2021-12-07"), "1.600519", "贵州茅台", 0),
        (pd.Timestamp("2021-12-08"), "1.600519", "贵州茅台", 1),
        (pd.Timestamp("2021-12-06"), "1.601398", "工商银行", 1),
        (pd.Timestamp("2021-12-07"), "1.601398", "工商银行", 0),
        (pd.Timestamp("2021-12-08"), "1.601398", "工商银行", 0),
    ]


@pytest.mark.parametrize(
    ("freq", "expected"),
    [
        ("W", [("2021-12-06", 3), ("2021-12-13", 0)]),
        ("M", [("2021-12-01", 3)]),
    ],
)
def test_weeks_and_months(db: Path, freq: str, expected: list[tuple[str, int]]) -> None:
    with newscrawl.open(db) as archive:
        found = archive.mentions_df("600519", since="2021-12-06", until="2021-12-14", freq=freq)
    assert list(zip(found["date"].dt.strftime("%Y-%m-%d"), found["articles"], strict=True)) == (
        expected
    )


def test_the_most_mentioned_without_a_name(db: Path) -> None:
    with newscrawl.open(db) as archive:
        found = archive.mentions_df(since="2021-12-06")
        assert list(found.groupby("security", sort=False)["articles"].sum().items()) == [
            ("1.600519", 3), ("1.601398", 2),
        ]  # fmt: skip
        assert archive.mentions_df("600000", since="2021-12-06")["articles"].sum() == 0
        with pytest.raises(UnknownName):
            archive.mentions_df("没有")


def test_the_view_says_the_same(db: Path) -> None:
    with newscrawl.open(db) as archive:
        found = archive.mentions_df(["600519", "601398"], since="2021-12-01", until="2021-12-31")
        sql = "SELECT day, market || '.' || code, articles FROM mentions_by_day"
        viewed = {tuple(row) for row in archive.connection.execute(sql)}
    some = found[found["articles"] > 0]
    days = some["date"].dt.strftime("%Y-%m-%d")
    assert viewed == set(zip(days, some["security"], some["articles"], strict=True))


def test_plot_on_a_terminal_and_as_json(db: Path) -> None:
    words = ("plot", "mentions", "--security", "600519", "--security", "601398", "--db", str(db))
    ended = invoke(*words, "--since", "2021-12-06", "--until", "2021-12-08")
    assert ended.exit_code == 0
    assert ended.stdout.splitlines()[0] == "贵州茅台 1.600519: 3"
    assert "工商银行 1.601398: 1" in ended.stdout
    found = json.loads(invoke(*words, "--json", "--mention-origin", "list").stdout)
    assert [(each["security"], sum(each["days"].values())) for each in found] == [
        ("1.600519", 2), ("1.601398", 0),
    ]  # fmt: skip


def test_plot_into_a_file(db: Path, tmp_path: Path) -> None:
    out = tmp_path / "mentions.svg"
    ended = invoke(
        "plot", "mentions", "--security", "600519", "--since", "2021-12-06", "-o", str(out),
        "--db", str(db),
    )  # fmt: skip
    assert ended.exit_code == 0
    texts = ["".join(each.itertext()) for each in etree.parse(out).iter("{*}text")]
    assert any("security 600519" in each and "since 2021-12-06" in each for each in texts)
    assert any("1.600519" in each for each in texts)
    ticks = {each for each in texts if each.replace(".", "").isdigit()}
    assert {"0", "1", "2"} <= ticks
    assert not any("." in each for each in ticks - {"1.600519"})


def test_a_watchlist_is_plotted(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    file.write_text('[[rule]]\nname = "x"\nsecurities = ["601398"]\n', encoding="utf-8")
    ended = invoke("plot", "mentions", "--watchlist", str(file), "--json", "--db", str(db))
    assert [each["security"] for each in json.loads(ended.stdout)] == ["1.601398"]


def test_notebooks_show_the_filters() -> None:
    for method in (Archive.latest, Archive.articles, Archive.search, Archive.to_pandas):
        shown = inspect.signature(method).parameters
        assert {"security", "words", "watchlist", "since"} <= shown.keys()
        assert "filters" not in shown
