"""An article's fields are declared once: what is written a second time agrees with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import command

import newscrawl
from newscrawl.archive.article_row import COLUMNS as EXPORTED
from newscrawl.archive.names import UnknownName
from newscrawl.archive.revisions import FIELDS as COMPARED
from newscrawl.items import COLUMNS, FIELDS, KEPT, Article
from newscrawl.store.merge import merge


def test_every_field_of_an_article_is_declared() -> None:
    undeclared = {"id", "published_shift", "unknown", "removed", "page"}
    assert {each.name for each in fields(Article)} == {*FIELDS, *undeclared}


def test_exports_have_the_declared_columns() -> None:
    exported = [name for name in COLUMNS if FIELDS[name].is_exported]
    assert [*EXPORTED] == ["id", "info_code", "seq", *exported, "first_seen_at", "changed_at"]


def test_the_archive_has_the_declared_columns(tmp_path: Path) -> None:
    fill(tmp_path / "news.db")
    with closing(sqlite3.connect(tmp_path / "news.db")) as db:
        found = [name for _, name, *_ in db.execute("PRAGMA table_info(articles)")]
        kept = [name for _, name, *_ in db.execute("PRAGMA table_info(revisions)")]
    ours = ["id", "seq", "first_seq", *COLUMNS, "first_seen_at", "changed_at"]
    assert sorted(found) == sorted(ours)
    assert {name for name in kept if name in FIELDS} == {*KEPT}


def test_versions_have_what_revisions_keep() -> None:
    assert {*COMPARED} == {*KEPT}


def test_the_row_of_no_page_has_every_field() -> None:
    assert merge([]) == dict.fromkeys(FIELDS)


def test_an_author_from_a_page_to_all_that_is_read(tmp_path: Path) -> None:
    """The way of a field that was added last: merged, filtered, exported, shown."""
    path = tmp_path / "news.db"
    first, second = page(), page("NW202112292228490029")
    entry = page("fast/NW202112282228490028", kind="list_entry")
    fill(
        path, article(first, author="张三"), article(second),
        article(entry, id="NW202112282228490028", author=None, body_html=None, body_text=None),
    )  # fmt: skip
    with newscrawl.open(path) as archive:
        assert [each.id for each in archive.latest(author="张三")] == ["NW202112282228490028"]
        assert {each.author for each in archive.articles()} == {"张三", None}
        with pytest.raises(UnknownName, match="no author"):
            archive.latest(author="李四")
    for format_ in ("csv", "jsonl", "markdown"):
        done = command("newscrawl", "export", "--format", format_, "--db", str(path))
        assert "张三" in done.stdout
