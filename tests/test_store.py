"""The archive: what a page is worth, what a file may be, what a reader sees meanwhile."""

from __future__ import annotations

import itertools
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from archives import article, fill, page, writer
from crawls import dump, query

from newscrawl.items import Article, BodyRank, Listed, Mention, Rejected
from newscrawl.store import search_index
from newscrawl.store.connections import open_for_reading, open_for_writing
from newscrawl.store.errors import (
    AlreadyRunning,
    Damaged,
    NewerSchema,
    NotAnArchive,
    StoreError,
)
from newscrawl.store.raw_pages import LARGEST, load_raw_page, zstd
from newscrawl.store.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES, VIEWS
from newscrawl.store.target import Target

NW, EM = "NW202112282228490028", "202112282228490028"

VERDICTS = [
    ("first page", [article(page())], ["new"]),
    ("same again", [article(page()), article(page(observed_at="2022-01-02"))],
     ["new", "unchanged"]),
    ("second page adds a category",
     [article(page()), article(page(EM), categories=["emnews"])], ["new", "extended"]),
    ("second page with less adds nothing",
     [article(page(), body_rank=BodyRank.LINKED),
      article(page(EM), body_text="短", body_rank=BodyRank.SUMMARY, body_html=None)],
     ["new", "unchanged"]),
    ("title edited", [article(page()), article(page(observed_at="2022-01-02"), title="新标题")],
     ["new", "changed"]),
    ("text edited", [article(page()), article(page(observed_at="2022-01-02"), body_text="新")],
     ["new", "changed"]),
    ("only white space edited",
     [article(page()), article(page(observed_at="2022-01-02"), body_text="正 文")],
     ["new", "extended"]),
    ("only markup edited",
     [article(page()), article(page(observed_at="2022-01-02"), body_html="<p><b>正文</b></p>")],
     ["new", "extended"]),
    ("a field that vanishes is kept",
     [article(page()), article(page(observed_at="2022-01-02"), source=None)],
     ["new", "unchanged"]),
    ("edit of a page that does not supply the row",
     [article(page(), body_rank=BodyRank.LINKED), article(page(EM), body_rank=BodyRank.FULL),
      article(page(EM, observed_at="2022-01-02"), body_text="别的", body_rank=BodyRank.FULL)],
     ["new", "unchanged", "unchanged"]),
    ("an earlier state that comes late",
     [article(page(observed_at="2022-01-02")), article(page(), title="旧标题")],
     ["new", "changed"]),
]  # fmt: skip


def test_look_between_two_others(tmp_path: Path) -> None:
    """A page said A, then B, then A again; B comes last. It is a revision, and A is the text."""
    path = tmp_path / "news.db"
    looks = [
        article(page()),
        article(page(observed_at="2022-01-03")),
        article(page(observed_at="2022-01-02")),
        article(page(observed_at="2022-01-02"), title="乙"),
    ]  # fmt: skip
    assert fill(path, *looks) == ["new", "unchanged", "unchanged", "changed"]
    assert query(path, "SELECT title FROM articles") == [("标题",)]
    assert query(path, "SELECT substr(observed_at, 1, 10), substr(last_seen_at, 1, 10)"
                 " FROM observations") == [("2022-01-01", "2022-01-03")]  # fmt: skip
    assert query(path, "SELECT title, last_seen_at <= replaced_at FROM revisions") == [("乙", 1)]


@pytest.mark.parametrize(("articles", "verdicts"), [case[1:] for case in VERDICTS],
                         ids=[case[0] for case in VERDICTS])  # fmt: skip
def test_verdicts(tmp_path: Path, articles: list[Article], verdicts: list[str]) -> None:
    assert fill(tmp_path / "news.db", *articles) == verdicts
    revisions = query(tmp_path / "news.db", "SELECT count(*) FROM revisions")[0][0]
    assert revisions == verdicts.count("changed")


def test_order_of_arrival_does_not_matter(tmp_path: Path) -> None:
    pages = [
        lambda: article(page(observed_at="2022-01-03"), title="改", mentions=None),
        lambda: article(page(observed_at="2022-01-01")),
        lambda: article(page(EM, observed_at="2022-01-02"), categories=["emnews"],
                        body_rank=BodyRank.LINKED, tags=["东财滚动新闻"], summary="摘要",
                        mentions=[Mention("1", "600160", "巨化股份", "stock", 2)]),
        lambda: article(page(EM, kind="api_answer", observed_at="2022-01-04"), categories=None,
                        tags=None, source="国际商报", images=["http://x.test/a.jpg"]),
    ]  # fmt: skip
    dumps = []
    for number, order in enumerate(itertools.permutations(pages)):
        path = tmp_path / f"{number}.db"
        fill(path, *[make() for make in order])
        without = ("seq", "first_seq", "first_seen_at", "changed_at", "last_seen_at", "id")
        dumps.append(dump(path, without=without))
    for each in dumps[1:]:
        assert each["articles"] == dumps[0]["articles"]
        for table in ("article_categories", "article_tags", "mentions", "images", "observations"):
            assert each[table] == dumps[0][table], table


def test_revision_keeps_the_earlier_text(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    old, new = b"<html>old</html>", b"<html>new</html>"
    fill(
        path,
        article(page(body=old), title="旧"),
        article(page(observed_at="2022-01-02", body=old), title="旧"),
        article(page(observed_at="2022-01-03", body=new), title="新"),
    )
    sql = "SELECT title, observed_at, last_seen_at, replaced_at, page_hash FROM revisions"
    [(title, observed_at, last_seen_at, replaced_at, page_hash)] = query(path, sql)
    assert title == "旧"
    days = [each[:10] for each in (observed_at, last_seen_at, replaced_at)]
    assert days == ["2022-01-01", "2022-01-02", "2022-01-03"]
    with closing(sqlite3.connect(path)) as db:
        assert load_raw_page(db, page_hash) == old


def test_seq_grows_with_inserts_and_changes_only(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()), article(page(observed_at="2022-01-02")))
    assert query(path, "SELECT seq, first_seq FROM articles") == [(1, 1)]
    fill(path, article(page(observed_at="2022-01-03"), title="新"))
    assert query(path, "SELECT seq, first_seq FROM articles") == [(2, 1)]


def test_listing_gives_its_category_before_and_after_the_article(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    target = Target(path)
    made = writer(target)
    made.list(Listed("key", NW, "zhongguozhengquanbao"))
    assert query_all(made.connection, "SELECT category FROM article_categories") == []
    made.add(article(page(), categories=["TechWeb"]), loader_version=1)
    made.list(Listed("key", NW, "techweb"))  # the path's spelling of what the footer said
    made.list(Listed("key", NW, "xinhuashe"))
    found = query_all(
        made.connection, "SELECT category, origin FROM article_categories ORDER BY category"
    )
    assert found == [
        ("TechWeb", "page"), ("xinhuashe", "listing"), ("zhongguozhengquanbao", "listing"),
    ]  # fmt: skip
    assert query_all(made.connection, "SELECT * FROM listed") == []
    made.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)


def query_all(connection: sqlite3.Connection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


def test_names_of_categories(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(
        path,
        article(page(), categories=["meirijingjixinwen"], tags=["每日经济新闻新闻"]),
        article(page("NW202112282228490029"), categories=["21shiji", "21caijingAPP"],
                tags=["21世纪经济报道", "21财经APP新闻"]),
    )  # fmt: skip
    assert dict(query(path, "SELECT category, name FROM categories")) == {
        "meirijingjixinwen": "每日经济新闻",
        "21shiji": "21世纪经济报道",
        "21caijingAPP": "21财经APP",
    }


def test_reject_keeps_reason_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    for _ in range(2):
        target = Target(path)
        made = writer(target)
        made.reject(Rejected(page(body=b"login"), "not_a_post", "a login"), loader_version=1)
        made.end(outcome="ok", exit_code=0, reason="")
        target.finish(good=True)
    [(reason, times, page_hash)] = query(path, "SELECT reason, times, page_hash FROM rejects")
    assert (reason, times) == ("not_a_post", 2)
    with closing(sqlite3.connect(path)) as db:
        assert load_raw_page(db, page_hash) == b"login"


def test_bytes_are_stored_once(tmp_path: Path) -> None:
    fill(tmp_path / "news.db", article(page()), article(page(EM)))
    assert query(tmp_path / "news.db", "SELECT count(*) FROM raw_pages") == [(1,)]


def test_schema_is_as_documented(tmp_path: Path) -> None:
    fill(tmp_path / "news.db")
    with closing(sqlite3.connect(tmp_path / "news.db")) as db:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table'"
        found = {name for (name,) in db.execute(sql)}
        # Those of sqlite-utils' migrations and of the search index are not for readers.
        names = {each for each in found if not each.startswith(("_", *search_index.TABLES))}
        assert names == {table.name for table in TABLES}
        for table in TABLES:
            rows = db.execute(f"PRAGMA table_xinfo({table.name})").fetchall()
            columns = [(name, type_.split(" ")[0]) for _, name, type_, *_ in rows]
            types = {int: "INTEGER", str: "TEXT", bytes: "BLOB", float: "REAL"}
            # A column that a migration added is the last one of the file.
            assert sorted(columns) == sorted((e.name, types[e.type]) for e in table.columns)
        views = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'"))
        assert views == {each.name: f"CREATE VIEW {each.name} AS {each.sql}" for each in VIEWS}
        assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA page_size").fetchone() == (32768,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_file_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE t (x)")
        db.commit()
    before = path.read_bytes()
    for opened in (open_for_writing, open_for_reading, Target):
        with pytest.raises(NotAnArchive, match="another program"):
            opened(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["other.db"]


@pytest.mark.parametrize("content", [b"hello\n" * 100, b"x"])
def test_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "text.db"
    path.write_bytes(content)
    with pytest.raises(NotAnArchive, match="not an SQLite file"):
        Target(path)
    assert path.read_bytes() == content


def test_newer_schema(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    for opened in (open_for_writing, open_for_reading):
        with pytest.raises(NewerSchema, match="upgrade newscrawl"):
            opened(path)


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        Target(tmp_path)


def test_missing_and_empty_file_for_readers(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no archive"):
        open_for_reading(tmp_path / "news.db")
    (tmp_path / "news.db").touch()
    with pytest.raises(NotAnArchive, match="is empty"):
        open_for_reading(tmp_path / "news.db")
    fill(tmp_path / "news.db", article(page()))  # an empty file may become an archive


def as_nobody(action: Callable[[], None]) -> int:
    """Run *action* in a child that may not write everywhere; return its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setresuid(65534, 65534, 65534)
            action()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_folder_and_file_that_are_not_writable() -> None:
    # Not in tmp_path: the other user may not even list it.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "news.db"
        fill(path, article(page()))
        path.with_name("news.db.lock").unlink()
        path.chmod(0o444)
        Path(folder).chmod(0o555)

        def write() -> None:
            with pytest.raises(StoreError, match="is read-only for this user"):
                Target(path)
            with pytest.raises(StoreError, match="is read-only for this user"):
                Target(path.with_name("other.db"))

        def enter() -> None:
            for opened in (Target, open_for_reading):
                with pytest.raises(StoreError, match="Permission denied"):
                    opened(path)

        def read() -> None:
            with closing(open_for_reading(path)) as db:
                assert db.execute("SELECT count(*) FROM articles").fetchone()[0] == 1

        assert as_nobody(write) == 0
        assert as_nobody(read) == 0  # immutable: no -shm can be made here
        Path(folder).chmod(0o700)
        if os.geteuid() == 0:
            assert as_nobody(enter) == 0


def test_second_writer_is_told_who_is_first(tmp_path: Path) -> None:
    first = Target(tmp_path / "news.db")
    with pytest.raises(AlreadyRunning, match=rf"process {os.getpid()}, started \d{{4}}-"):
        Target(tmp_path / "news.db")
    first.finish(good=True)
    Target(tmp_path / "news.db").finish(good=True)


def test_locked_by_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newscrawl.store.connections.BUSY_TIMEOUT", 0.05)
    fill(tmp_path / "news.db", article(page()))
    with closing(sqlite3.connect(tmp_path / "news.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        target = Target(tmp_path / "news.db")
        with pytest.raises(StoreError, match="locked by another program"):
            writer(target)
        target.finish(good=False)


def test_full_disk_stops_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    target = Target(path)
    made = writer(target)
    pages = made.connection.execute("PRAGMA page_count").fetchone()[0]
    made.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match="disk is full"):  # noqa: PT012
        for number in range(50):
            id_ = f"NW20211228222849{number:04}"
            made.add(article(page(id_, body=os.urandom(9000))), loader_version=1)
            made.commit()
    made.close()
    target.finish(good=False)
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "SELECT count(*) FROM articles")[0][0] >= 1


def test_reader_keeps_its_snapshot_while_an_archive_is_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()), article(page("NW202112282228490029")))
    old_seq = query(path, "SELECT max(seq) FROM articles")[0][0]
    with closing(open_for_reading(path)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM articles").fetchone()[0] == 2
        target = Target(path, overwrite=True)
        made = writer(target)
        made.add(article(page("NW202112282228490030"), title="新"), loader_version=1)
        made.end(outcome="ok", exit_code=0, reason="")
        assert query(path, "SELECT count(*) FROM articles") == [(2,)]  # nothing until the end
        target.finish(good=True)
        assert reader.execute("SELECT count(*) FROM articles").fetchone()[0] == 2
        reader.execute("COMMIT")
        assert reader.execute("SELECT title FROM articles").fetchall()[0][0] == "新"
    assert query(path, "SELECT min(seq) FROM articles")[0][0] > old_seq
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["news.db", "news.db.lock"]


def test_rebuild_removes_no_table_of_the_users_own(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE labels (article_id, label)")
        db.execute("CREATE VIEW labelled AS SELECT * FROM articles JOIN labels ON id = article_id")
        db.execute("INSERT INTO labels VALUES ('x', 'y')")
    before = path.read_bytes()
    with pytest.raises(
        StoreError, match=r"of your own .*: labels, labelled\. It was left as it is"
    ):
        Target(path, overwrite=True)
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["news.db", "news.db.lock"]
    target = Target(path)  # and it is free for the next run
    target.finish(good=True)
    assert query(path, "SELECT * FROM labels") == [("x", "y")]


def test_rebuild_keeps_a_table_that_was_made_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    target = Target(path, overwrite=True)
    made = writer(target)
    made.add(article(page("NW202112282228490030"), title="新"), loader_version=1)
    made.end(outcome="ok", exit_code=0, reason="")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE labels AS SELECT 'x' AS article_id")
    with pytest.raises(StoreError, match=r"of your own .*: labels\. It was left as it is; the new"):
        target.finish(good=True)
    assert query(path, "SELECT * FROM labels") == [("x",)]
    assert query(tmp_path / "news.db.rebuild", "SELECT title FROM articles") == [("新",)]


def test_rebuild_that_ends_badly_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    before = path.read_bytes()
    target = Target(path, overwrite=True)
    made = writer(target)
    made.commit()
    made.close()
    target.finish(good=False)
    assert path.read_bytes() == before


def test_nothing_of_a_page_is_kept_when_it_fails(tmp_path: Path) -> None:
    target = Target(tmp_path / "news.db")
    made = writer(target)
    before, after = "NW202112282228490027", "NW202112282228490029"
    named: dict[str, Any] = {"categories": ["zqsb"], "tags": ["证券时报新闻"]}
    made.add(article(page(before), title="储能", **named), loader_version=1)
    for broken in (
        article(page(), mentions=[Mention("1", None, "名", "stock")], **named),  # type: ignore[arg-type]
        article(page(), tags=["\ud800"], categories=["wrong"]),
    ):
        with pytest.raises((StoreError, UnicodeEncodeError)):
            made.add(broken, loader_version=1)
    made.add(article(page(after), title="储能电池", **named), loader_version=1)
    made.end(outcome="ok", exit_code=0, reason="")
    target.finish(good=True)
    db = tmp_path / "news.db"
    assert query(db, "SELECT page_id FROM observations ORDER BY 1") == [(before,), (after,)]
    assert query(db, "SELECT id, seq FROM articles ORDER BY 2") == [(before, 1), (after, 2)]
    assert query(db, "SELECT category, name FROM categories") == [("zqsb", "证券时报")]
    assert query(db, "SELECT pages FROM category_names") == [(2,)]
    found = query(
        db,
        f"SELECT rowid FROM {search_index.TABLE} WHERE {search_index.TABLE} MATCH ?",
        search_index.phrase("储能"),
    )
    assert found == [(1,), (2,)]
    assert query(db, "SELECT value FROM meta WHERE key = 'seq'") == [(2,)]


def test_views(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(
        path,
        article(page(), mentions=[Mention("1", "600160", "巨化股份", "stock", 2)]),
        article(page("NW202112292228490029"), published_at="2021-12-29T10:00:00+08:00"),
        article(page(observed_at="2022-02-01"), title="新标题"),
    )
    assert query(path, "SELECT title FROM latest_articles") == [("标题",), ("新标题",)]
    assert query(path, "SELECT * FROM articles_by_day") == [
        ("2021-12-28", "国际商报", 1), ("2021-12-29", "国际商报", 1),
    ]  # fmt: skip
    assert query(path, "SELECT name, title FROM mentioned_in") == []  # the new body links nothing
    assert query(path, "SELECT seq, is_new, title FROM changes") == [
        (2, 1, "标题"),
        (3, 0, "新标题"),
    ]


def test_bytes_that_unpack_to_more_than_any_page(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()))
    bomb = zstd.compress(bytes(LARGEST + 1))
    assert len(bomb) < 10_000
    with closing(open_for_writing(path)) as db:
        db.execute("UPDATE raw_pages SET bytes = ?", (bomb,))
        [(key,)] = db.execute("SELECT hash FROM raw_pages").fetchall()
        with pytest.raises(Damaged, match="more than 64 MB"):
            load_raw_page(db, key)


def test_only_a_new_archive_needs_sqlite_utils(tmp_path: Path) -> None:
    """It takes time to import, and imports pandas, which takes 70 MB."""
    code = (
        "import sys, newscrawl.runs.run, newscrawl.exporters, newscrawl.spiders.category\n"
        "from newscrawl.store.connections import open_for_writing\n"
        "for _ in range(2): open_for_writing(sys.argv[1]).close()\n"
        "print(sorted({'pandas', 'numpy', 'sqlite_utils'} & set(sys.modules)))\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "news.db")]
    shown = [
        subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    ]
    assert "sqlite_utils" in shown[0]
    assert shown[1] == "[]"


def test_info_code_is_generated_and_indexed(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page()), article(page("init"), id="finews:init"))
    assert query(path, "SELECT id, info_code FROM articles ORDER BY id") == [
        ("NW202112282228490028", "NW202112282228490028"), ("finews:init", None),
    ]  # fmt: skip
    [(*_, plan)] = query(path, "EXPLAIN QUERY PLAN SELECT title FROM articles WHERE info_code = ?",
                         "NW202112282228490028")  # fmt: skip
    assert "USING INDEX idx_articles_info_code" in plan
    with closing(sqlite3.connect(path)) as db, pytest.raises(sqlite3.OperationalError):
        db.execute("UPDATE articles SET info_code = 'NW1'")


def test_transform_of_sqlite_utils_would_drop_the_generated_column(tmp_path: Path) -> None:
    """Why migrations of articles use SQL: when this fails, they may use sqlite-utils again."""
    path = tmp_path / "news.db"
    fill(path, article(page()))
    db = sqlite_utils.Database(path)
    db.execute("DROP INDEX idx_articles_author")  # a partial index, which transform() refuses
    db.table("articles").transform(rename={"summary": "abstract"})
    names = [name for _, name, *_ in db.execute("PRAGMA table_xinfo(articles)").fetchall()]
    db.close()
    assert "info_code" not in names


def test_a_page_edited_after_its_file_was_loaded_is_a_revision(tmp_path: Path) -> None:
    path, code = tmp_path / "news.db", "NW202112282228490028"
    summary = {"summary": "*ST甲、*ST乙"}
    typeset = {"summary": "ST甲、ST乙"}
    file = page(code, kind="post_file", observed_at="2022-01-01")
    assert fill(path, article(file, **summary)) == ["new"]
    first = page(code, observed_at="2022-01-02")
    assert fill(path, article(first, **typeset)) == ["unchanged"]
    assert query(path, "SELECT summary FROM articles") == [("*ST甲、*ST乙",)]
    edited = page(code, observed_at="2022-01-03", body=b"edited")
    assert fill(path, article(edited, title="更正", **typeset)) == ["changed"]
    assert query(path, "SELECT title, summary FROM articles") == [("更正", "ST甲、ST乙")]
    assert query(path, "SELECT title FROM revisions") == [("标题",)]
    again = page(code, observed_at="2022-01-04", body=b"edited again")
    assert fill(path, article(again, title="更正", **typeset)) == ["unchanged"]
    assert query(path, "SELECT count(*) FROM revisions") == [(1,)]


@pytest.mark.parametrize(("kind", "kept"), [("post_file", b"new footer"), ("post_page", b"footer")])
def test_a_file_edited_in_its_footer_alone_is_kept_as_it_is_now(
    tmp_path: Path, kind: str, kept: bytes
) -> None:
    path, code = tmp_path / "news.db", "NW202112282228490028"
    first = page(code, kind=kind, observed_at="2022-01-01", body=b"footer")
    fill(path, article(first))
    for day, body in (("2022-01-03", b"new footer"), ("2022-01-02", b"another, before that")):
        later = page(code, kind=kind, observed_at=day, body=body)
        assert fill(path, article(later)) == ["unchanged"]
    with closing(open_for_reading(path)) as db:
        [(key,)] = db.execute("SELECT page_hash FROM observations").fetchall()
        assert load_raw_page(db, key) == kept
