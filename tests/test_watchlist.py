"""Watchlists: what they may say, and what they find."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from archives import article, fill, page
from cli_runs import invoke

import newscrawl
from newscrawl.archive.watchlist import BadWatchlist, read_watchlist
from newscrawl.items import Mention

WATCHLIST = """
[[rule]]
name = "白酒"
securities = ["600519", "五粮液"]

[[rule]]
name = "降息"
words = "降息 OR 降准"
sources = ["证券时报", "没有的报"]

[[rule]]
name = "none yet"
sources = "没有的报"
"""
MAOTAI, WULIANGYE, CUT, OTHER, NEITHER = (f"NW20211229222849000{n}" for n in range(1, 6))


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "news.db"
    by_link = Mention("1", "600519", "贵州茅台", "stock", 1, "link")
    by_list = Mention("0", "000858", "五粮液", "stock", 1, "list")
    fill(
        path,
        article(page(MAOTAI), title="茅台提价", mentions=[by_link]),
        article(page(WULIANGYE), mentions=[by_list]),
        article(page(CUT), title="央行降准", source="证券时报"),
        article(page(OTHER), title="央行降准"),
        article(page(NEITHER)),
    )
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "watchlist.toml"
    path.write_text(WATCHLIST, encoding="utf-8")
    return path


def listed(*words: str | Path) -> set[str]:
    ended = invoke(*map(str, words))
    assert ended.exit_code == 0, ended.output
    return {each["id"] for each in json.loads(ended.stdout)}


def test_an_article_of_any_rule_is_found(db: Path, file: Path) -> None:
    found = {MAOTAI, WULIANGYE, CUT}
    assert listed("list", "--json", "--watchlist", file, "--db", db) == found
    assert listed("list", "--json", "--watchlist", f"{file}:降息", "--db", db) == {CUT}
    assert listed("search", "央行", "--json", "--watchlist", file, "--db", db) == {CUT}
    others = ("--source", "国际商报")
    assert listed("list", "--json", "--watchlist", file, *others, "--db", db) == found - {CUT}
    out = db.with_name("out.jsonl")
    ended = invoke("export", "--watchlist", str(file), "-o", str(out), "--db", str(db))
    assert ended.exit_code == 0
    assert {json.loads(line)["id"] for line in out.read_text().splitlines()} == found
    with newscrawl.open(db) as archive:
        assert {each.id for each in archive.latest(watchlist=str(file))} == found


def test_watch_says_what_each_rule_matches(db: Path, file: Path) -> None:
    ended = invoke("watch", str(file), "--json", "--db", str(db))
    assert ended.exit_code == 0
    assert [(each["rule"], each["articles"]) for each in json.loads(ended.stdout)] == [
        ("白酒", 2), ("降息", 1), ("none yet", 0),
    ]  # fmt: skip
    shown = invoke("watch", f"{file}:白酒", "--db", str(db))
    assert "白酒" in shown.stdout
    assert "降息" not in shown.stdout


def test_watch_names_what_the_archive_does_not_know(db: Path, file: Path) -> None:
    file.write_text('[[rule]]\nname = "x"\nsecurities = ["茅台股份", "600519"]\n', encoding="utf-8")
    ended = invoke("watch", str(file), "--db", str(db))
    assert ended.exit_code == 2
    assert "rule x: The archive has no security '茅台股份'" in ended.stderr
    assert "Write its code" in ended.stderr
    assert invoke("list", "--watchlist", str(file), "--db", str(db)).exit_code == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a watchlist"),
        ("[rule]\nname = 'x'\n", "is not a watchlist"),
        ("[[rules]]\nname = 'x'\n", "found 'rules'"),
        ("[[rule]]\nname = 'x'\n", "says nothing but its name"),
        ("[[rule]]\nwords = 'x'\n", "rule 1 has no name"),
        ("[[rule]]\nname = ' '\nwords = 'x'\n", "rule 1 has no name"),
        ("[[rule]]\nname = 'x'\nstocks = ['600519']\n", "has 'stocks', which is not one of"),
        ("[[rule]]\nname = 'x'\nsecurities = [600519]\n", "securities is a list of texts"),
        ("[[rule]]\nname = 'x'\nsecurities = []\n", "securities is a list of texts"),
        ("[[rule]]\nname = 'x'\nwords = ['x']\n", "words is a text"),
        ("[[rule]]\nname = 'x'\nwords = '('\n", "words cannot be searched for"),
        ("[[rule]]\nname = 'x'\nwords='a'\n[[rule]]\nname='x'\nwords='b'\n", "two rules named 'x'"),
        ("[[rule]\n", "is not valid TOML"),
        ("600519\n000858\n", "A file of codes alone is for --securities"),
        ("[[rule]]\nname = “白酒”\n", 'Quotation marks are " in TOML'),
        ('[[rule]]\nsecurities = ["600519"，"000858"]\n', "not wide characters"),
    ],
)
def test_what_is_no_watchlist(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "w.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadWatchlist, match=said):
        read_watchlist(str(path))
    ended = invoke("list", "--watchlist", str(path), "--db", str(tmp_path / "none.db"))
    assert ended.exit_code == 2
    assert said in ended.stderr


def test_files_that_cannot_be_read(tmp_path: Path, file: Path) -> None:
    with pytest.raises(BadWatchlist, match="cannot be read"):
        read_watchlist(str(tmp_path / "none.toml"))
    with pytest.raises(BadWatchlist, match=r"has no rule '白'\. It has: 白酒, 降息"):
        read_watchlist(f"{file}:白")
    file.write_bytes("[[rule]]\nname = '白酒'\nwords='a'\n".encode("gbk"))
    with pytest.raises(BadWatchlist, match="is not UTF-8"):
        read_watchlist(str(file))
    file.write_text("\ufeff[[rule]]\nname = 'a:b'\nwords = 'x'\n", encoding="utf-8")
    assert [each.name for each in read_watchlist(str(file))] == ["a:b"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("降准", {CUT, OTHER}),
        ("title:茅台", {MAOTAI}),
        ("央 NOT 降", set()),
        ("央行 降", {CUT, OTHER}),
    ],
)
def test_words_as_a_filter(db: Path, words: str, found: set[str]) -> None:
    assert listed("list", "--json", "--words", words, "--db", db) == found
    assert listed("list", "--json", "--words", words, "--source", "证券时报", "--db", db) == (
        found & {CUT}
    )


def test_words_that_are_no_query(db: Path) -> None:
    ended = invoke("list", "--words", "(", "--db", str(db))
    assert ended.exit_code == 2
    assert "between ( and )" in ended.stderr
