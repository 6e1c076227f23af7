"""The search index: the same hits as a scan of all texts, after inserts, changes and rereads."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page
from hypothesis import given
from hypothesis import strategies as st
from samplesite.site import Site

from newscrawl.store import search_index
from newscrawl.store.search_index import phrase, segment

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


@given(st.one_of(st.text(), st.text("银行股5GaB ，。…·\u3000\xa0\n\t_¶%-", max_size=12)))
def test_a_text_is_laid_out_as_by_its_characters(text: str) -> None:
    segments = " ".join(search_index._tokens(text))
    assert search_index.lay_out(text) == (segments, search_index.bigrams(segments))


def test_made_texts_are_laid_out_as_by_their_characters() -> None:
    for truth in Site(articles=100, oddities=frozenset({"all"})).truths():
        text = "\n".join(truth.paragraphs)
        segments = " ".join(search_index._tokens(text))
        assert search_index.lay_out(text) == (segments, search_index.bigrams(segments))


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
    sql = (
        "SELECT id FROM articles WHERE first_seq IN"
        " (SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?)"
    )
    return {code for (code,) in db.execute(sql, (phrase(text),))}


def scan(db: sqlite3.Connection, text: str) -> set[str]:
    """Look at every text, as the index should: token by token."""
    wanted = f" {segment(text)} "
    sql = "SELECT id, title, summary, body_text FROM articles"
    return {
        code
        for code, *texts in db.execute(sql)
        if any(wanted in f" {segment(each or '')} " for each in texts)
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
            asked = text[start : start + choose.randint(1, 6)]
            if segment(asked).replace("¶", "").strip():
                assert hits(db, asked) == scan(db, asked), asked


def test_change_leaves_nothing_of_the_earlier_text(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page(), title="旧标题"))
    fill(path, article(page(observed_at="2022-01-02"), title="新标题"))
    with closing(sqlite3.connect(path)) as db:
        assert hits(db, "旧标题") == set()
        assert hits(db, "新标题") == {"NW202112282228490028"}
        db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('integrity-check')")
