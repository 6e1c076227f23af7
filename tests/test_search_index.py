"""The search index: the same hits as a scan of all texts, after inserts, changes and rereads."""

from __future__ import annotations

import random
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page
from hypothesis import given
from hypothesis import strategies as st
from samplesite.site import Site

from newscrawl.archive.search import search
from newscrawl.store import search_index
from newscrawl.store.search_index import phrase
from newscrawl.text.segments import (
    FOLDS,
    any_tokens,
    bigrams_of,
    lay_out,
    tokens_of,
    variants_of,
)


def segment(text: str) -> str:
    return " ".join(tokens_of(text))


SEGMENTED = [
    ("A股 5G大涨。", "a 股 ¶ 5g 大 涨 ¶"),
    ("Faraday Future (FF)", "faraday future ¶ ff ¶"),
    ("HFO-1234yf", "hfo ¶ 1234yf"),
    ("６．５４亿元", "6 ¶ 54 亿 元"),
    ("第一段\n第二段", "第 一 段 ¶ 第 二 段"),
    ("东财 滚动", "东 财 ¶ 滚 动"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "expected"), SEGMENTED)
def test_segment(text: str, expected: str) -> None:
    assert segment(text) == expected


def test_traditional_characters_count_as_simplified_ones() -> None:
    assert segment("儲能電池，臺積電") == "储 能 电 池 ¶ 台 积 电"
    assert set(variants_of("后")) == set(variants_of("後")) == {"后", "後"}


def test_folds_end_in_characters_that_are_not_folded() -> None:
    assert len(FOLDS) > 2500
    assert not FOLDS.keys() & set(FOLDS.values())
    assert all(len(one) == len(other) == 1 for one, other in FOLDS.items())


@given(st.one_of(st.text(), st.text("银行股儲5GaB ，。…·\u3000\xa0\n\t_¶%-", max_size=12)))
def test_a_text_is_parted_as_by_its_characters(text: str) -> None:
    assert tokens_of(text) == [FOLDS.get(each, each) for each in any_tokens(text)]
    tokens = tokens_of(text)
    bigrams, characters, words = lay_out(text)
    assert bigrams.split() == bigrams_of(tokens)
    assert words == [each for each in tokens if each < "\u2e80" and each != "¶"]
    assert characters == {*tokens} - {*words, "¶"}
    assert all(each >= "\u2e80" for each in characters)


def test_made_texts_are_parted_as_by_their_characters() -> None:
    for truth in Site(articles=100, oddities=frozenset({"all"})).truths():
        text = "\n".join(truth.paragraphs)
        assert tokens_of(text) == [FOLDS.get(each, each) for each in any_tokens(text)]


@pytest.mark.parametrize(
    ("text", "bigrams"),
    [
        ("储能电池", "¶储 储能 能电 电池 池¶"),
        ("A股 5G大涨。", "¶a a股 股¶ ¶5g 5g大 大涨 涨¶"),
        ("，的，", "¶的 的¶"),
        ("Faraday Future", "¶faraday faraday_future future¶"),
        ("", ""),
    ],
)
def test_bigrams(text: str, bigrams: str) -> None:
    assert " ".join(bigrams_of(tokens_of(text))) == bigrams


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("储能", '"储能"'),
        ("储能电池", '"储能 能电 电池"'),
        ("儲能", '"储能"'),
        ("5G", '"5g"'),
        ("A股 5G大涨", '"a股 股¶ ¶5g 5g大 大涨"'),
        ("5G 手机", '"5g¶ ¶手 手机"'),
        ("股 5G", '"股¶ ¶5g"'),
        ("大涨，的，大涨", '"大涨 涨¶ ¶的 的¶ ¶大 大涨"'),
    ],
)
def test_phrase(text: str, expected: str) -> None:
    assert phrase(text) == expected


@given(st.text())
def test_phrase_of_anything_is_no_syntax(text: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
        if segment(text):
            db.execute("SELECT * FROM t WHERE t MATCH ?", (phrase(text),)).fetchall()


@given(st.text("证券公司，。\n降息"), st.integers(0, 20), st.integers(1, 20))
def test_part_of_a_text_is_found_in_it(text: str, start: int, length: int) -> None:
    part = text.strip()[start : start + length]
    assert f" {segment(part)} ".strip() in segment(text)


def hits(db: sqlite3.Connection, text: str) -> set[str]:
    return {hit.id for hit in search(db, f'"{text}"')}


def laid_out(text: str) -> str:
    """Several separators count as one."""
    return re.sub("(?: ¶)+", " ¶", segment(text))


def scan(db: sqlite3.Connection, text: str) -> set[str]:
    """Look at every text, as the index should: token by token."""
    wanted = f" {laid_out(text).strip(' ¶')} "
    sql = "SELECT id, title, summary, body_text FROM articles"
    return {
        code
        for code, *texts in db.execute(sql)
        if any(wanted in f" {laid_out(each or '')} " for each in texts)
    }


def test_hits_are_those_of_a_scan(tmp_path: Path) -> None:
    truths = list(Site(articles=150, oddities=frozenset({"all"})).truths())
    made = [
        article(page(f"NW{20211228_0000000000 + truth.number}"), title=truth.title,
                body_text="\n".join(truth.paragraphs), summary=truth.digest_shown)
        for truth in truths
    ]  # fmt: skip
    fill(tmp_path / "news.db", *made)
    choose = random.Random(1)
    with closing(sqlite3.connect(tmp_path / "news.db")) as db:
        for _ in range(200):
            text = "\n".join([choose.choice(truths).title, *choose.choice(truths).paragraphs])
            start = choose.randrange(len(text))
            asked = text[start : start + choose.randint(1, 6)].replace('"', "").strip()
            if segment(asked).replace("¶", "").strip():
                assert hits(db, asked) == scan(db, asked), asked


def test_change_leaves_nothing_of_the_earlier_text(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page(), title="旧标题"))
    fill(path, article(page(observed_at="2022-01-02"), title="新标题"))
    with closing(sqlite3.connect(path)) as db:
        assert hits(db, "旧标题") == set()
        assert hits(db, "新标题") == {"NW202112282228490028"}
        for table in search_index.TABLES:
            db.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
        assert search_index.compare(db, each=lambda: None) is None


@pytest.mark.parametrize(
    ("table", "values"),
    [("articles_fts", {"title": "{}"}), ("articles_characters", {"characters": "title_{}"})],
)
def test_a_word_that_two_articles_exchange_is_found(
    tmp_path: Path, table: str, values: dict[str, str]
) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page(), title="甲"), article(page("NW202112282228490029"), title="乙"))
    [(column, form)] = values.items()
    with closing(sqlite3.connect(path)) as db:
        for rowid, old, new in ((1, "甲", "乙"), (2, "乙", "甲")):
            db.execute(
                f"INSERT INTO {table} ({table}, rowid, {column}) VALUES ('delete', ?, ?)",
                (rowid, form.format(old)),
            )
            db.execute(
                f"INSERT INTO {table} (rowid, {column}) VALUES (?, ?)", (rowid, form.format(new))
            )
        assert (search_index.compare(db, each=lambda: None) or "").startswith(f"{table} has (")
