"""An archive of each schema is read as it is, is migrated by who writes, and says the same."""

from __future__ import annotations

import lzma
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import command

import newscrawl
from newscrawl.runs.outcome import Exit
from newscrawl.store import search_index
from newscrawl.store.connections import MEMORY, open_for_writing
from newscrawl.store.schema import SCHEMA_VERSION

KEPT = Path(__file__).parent / "schemas"
VERSIONS = range(1, SCHEMA_VERSION + 1)
FIRST, SECOND, NOTICE = "NW202112282228490028", "NW202112292229500029", "finews:init"


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An archive of an earlier schema, or of this one, in a folder of its own."""
    path = tmp_path / f"{request.param}.db"
    path.write_bytes(lzma.decompress((KEPT / f"{request.param}.db.xz").read_bytes()))
    return path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        found: int = db.execute("PRAGMA user_version").fetchone()[0]
        return found


def structure(db: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Every table, index and view, with its columns."""
    return {
        (kind, name, *(column for (column,) in db.execute(
            "SELECT name FROM pragma_table_xinfo(:name) UNION ALL"
            " SELECT coalesce(name, '') FROM pragma_index_info(:name)", {"name": name})))
        for kind, name in db.execute("SELECT type, name FROM sqlite_schema").fetchall()
    }  # fmt: skip


def assert_reads(path: Path) -> None:
    """Check what every reader says of the kept articles."""
    with newscrawl.open(path) as archive:
        assert [each.info_code for each in archive.latest()] == [SECOND, FIRST, NOTICE]
        for words, found in {
            "降息": [SECOND, FIRST], "息": [SECOND, FIRST], "5g": [FIRST], "云岚股份订单": [FIRST],
            "降息 NOT 影响": [FIRST], "title:降息": [SECOND], "公告": [NOTICE], "更正": [FIRST],
        }.items():  # fmt: skip
            assert [each.info_code for each in archive.search(words)] == found, words
        assert [each.info_code for each in archive.search("降息", order="rank", limit=1)] == [
            SECOND
        ]
        for name, value in {
            "security": "1.600999", "source": "演示商报", "category": "yanshishangbao",
            "until": "2021-12-28",
        }.items():  # fmt: skip
            assert [h.info_code for h in archive.search("降息", **{name: value})] == [FIRST], name
        assert [(each.info_code, each.seq) for each in archive.changes()] == [
            (FIRST, 3), (SECOND, 4), (NOTICE, 5),
        ]  # fmt: skip
        assert [each.info_code for each in archive.changes(after_seq=4)] == [NOTICE]
        first = archive.article(FIRST)
        assert first is not None
        assert (first.title, first.summary, first.revisions) == (
            "云岚股份：订单回升（更正）", "订单回升", 1,
        )  # fmt: skip
        assert [each.page_kind for each in first.observations] == ["post_page", "post_page"]
        assert [(each.name, each.times) for each in first.mentions] == [("云岚股份", 2)]


def test_every_schema_is_kept() -> None:
    assert {each.name for each in KEPT.glob("*.xz")} == {f"{n}.db.xz" for n in VERSIONS}
    for each in VERSIONS:
        assert f"`{each}.db.xz`" in (KEPT / "README.md").read_text(encoding="utf-8")


def test_is_what_it_says(old: Path) -> None:
    assert version(old) == int(old.stem)


def test_is_read_as_it_is(old: Path) -> None:
    before = old.read_bytes()
    assert_reads(old)
    for words in (["list"], ["search", "降息"], ["status"], ["export", "--format", "jsonl"]):
        done = command("newscrawl", *words, "--db", str(old))
        assert (done.returncode, bool(done.stdout)) == (Exit.OK, True), (words, done.stderr)
    assert old.read_bytes() == before


def test_is_migrated_by_who_writes(old: Path) -> None:
    """Of the newest schema: a change without a migration would show here."""
    with closing(open_for_writing(old)) as db:
        found = structure(db.conn)
        assert db.conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.conn.execute("PRAGMA foreign_key_check").fetchall() == []
        check = f"INSERT INTO {search_index.TABLE} ({search_index.TABLE}) VALUES"
        db.conn.execute(f"{check} ('integrity-check')")
    with closing(open_for_writing(MEMORY)) as new:
        assert found == structure(new.conn)
    assert version(old) == SCHEMA_VERSION
    assert_reads(old)


def test_goes_on_after_a_migration(old: Path) -> None:
    again = page(FIRST, observed_at="2022-02-01")
    again.id = f"post/{FIRST}.html"  # since schema 5, a post is known by its path
    text = "央行降息后，云岚股份订单回升。\n5G产能明显改善，全年增长。"  # most of it as it was
    again_said = article(
        again, info_code=FIRST, title="第三个标题", body_text=text, body_html=f"<p>{text}</p>"
    )
    assert fill(old, again_said) == ["changed"]
    with newscrawl.open(old) as archive:
        assert [each.seq for each in archive.changes(after_seq=5)] == [6]
        assert [each.info_code for each in archive.search("第三个标题")] == [FIRST]
        assert [each.info_code for each in archive.search("更正")] == []


@pytest.mark.parametrize("old", range(1, 4), indirect=True)  # those whose index is made anew
def test_migration_that_is_cut_off_leaves_the_archive_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(texts: search_index.Texts) -> list[str]:
        raise MemoryError

    monkeypatch.setattr(search_index, "_values", fail)
    before = max(version(old), 2)  # what comes before one that makes the index anew is done
    with pytest.raises(MemoryError):
        open_for_writing(old)
    assert version(old) == before
    assert_reads(old)
