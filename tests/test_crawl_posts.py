"""The spider `posts`, whole loads: folders, checkouts, archives, and what is wrong with them."""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
import tarfile
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from archives import article, fill, page
from crawls import FAST, crawl, dump, ledger, query
from post_files import NAME, Files, commit, counted, folder, load, post, tar, zipped
from samplesite import Site
from samplesite.server import Answers, Server
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.exceptions import UsageError

from newscrawl import pipelines, sites
from newscrawl.runs.outcome import Exit
from newscrawl.runs.process import settings_for
from newscrawl.runs.run import run_of
from newscrawl.runs.verify import find_problems
from newscrawl.sites.post_files.folders import is_post, is_safe
from newscrawl.store import search_index, writer
from newscrawl.store.connections import open_for_reading
from newscrawl.store.writer import Writer


def site_files(articles: int = 60) -> Files:
    """Return the post files of a sample site with every oddity."""
    return list(Site(articles=articles, oddities=frozenset({"all"})).posts())


SOURCES: dict[str, Callable[[Path, Files], Path]] = {
    "folder": lambda path, files: folder(path / "finews", files),
    "tar": lambda path, files: tar(path / "posts.tar", files),
    "tar.gz": lambda path, files: tar(path / "posts.tar.gz", files),
    "tar.xz": lambda path, files: tar(path / "posts.tar.xz", files),
    "tar.bz2": lambda path, files: tar(path / "posts.tar.bz2", files),
    "zip": lambda path, files: zipped(path / "posts.zip", files),
}


@pytest.mark.parametrize("kind", SOURCES)
async def test_every_source_gives_every_article(tmp_path: Path, kind: str) -> None:
    site = Site(articles=60, oddities=frozenset({"all"}))
    outcome = await load(tmp_path / "news.db", SOURCES[kind](tmp_path, site_files()))
    assert outcome.exit is Exit.OK, outcome
    sql = "SELECT id, title, published_at, source FROM articles"
    assert sorted(query(tmp_path / "news.db", sql)) == sorted(
        (truth.info_code, truth.title, truth.published_at, truth.source) for truth in site.truths()
    )
    assert query(tmp_path / "news.db", "SELECT count(*) FROM revisions") == [(0,)]
    assert query(tmp_path / "news.db", "SELECT DISTINCT page_kind FROM observations") == [
        ("post_file",)
    ]


@pytest.mark.parametrize(("big", "is_merged"), [(50, True), (500, False)])
async def test_a_big_import_leaves_its_search_index_in_one_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, big: int, is_merged: bool
) -> None:
    monkeypatch.setattr(writer, "BIG_IMPORT", big)
    db, path = tmp_path / "news.db", folder(tmp_path / "finews", site_files())
    outcome = await load(db, path, settings={"NEWSCRAWL_BATCH_PAGES": 10})
    assert outcome.exit is Exit.OK, outcome
    [(structure,)] = query(db, "SELECT block FROM articles_fts_data WHERE id = 10")
    segments = structure[5]  # behind a cookie of four bytes and the number of levels
    assert (segments == 1) == is_merged
    with closing(open_for_reading(db)) as connection:
        assert list(find_problems(connection)) == []


def merged_from(db: sqlite3.Connection) -> int:
    """How many pieces of the index a run lets lie before it merges them."""
    [(number,)] = db.execute("SELECT v FROM articles_fts_config WHERE k = 'automerge'")
    return int(number)


async def test_an_import_leaves_pieces_to_later_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only while it runs: it says so at its end, and the next run does where it was killed."""
    during = []
    commit = Writer.commit
    monkeypatch.setattr(
        Writer, "commit", lambda self: during.append(merged_from(self.connection)) or commit(self)
    )
    db, path = tmp_path / "news.db", folder(tmp_path / "finews", site_files())
    await load(db, path, settings={"NEWSCRAWL_BATCH_PAGES": 10})
    assert set(during) == {64}
    with closing(sqlite3.connect(db)) as connection:
        assert merged_from(connection) == 8
        search_index.configure(connection, importing=True)
        connection.commit()
        assert merged_from(connection) == 64
    fill(db, article(page("NW202112282228490028"), title="标题"))
    with closing(sqlite3.connect(db)) as connection:
        assert merged_from(connection) == 8


async def test_posts_elsewhere_in_a_site_are_counted_and_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = folder(
        tmp_path / "finews",
        [(f"_posts/{NAME}", post()), (f"2021/a/{NAME}", post()), ("2021/README.md", b""),
         ("_layouts/a.md", b""), (f".git/{NAME}", post())],
    )  # fmt: skip
    outcome = await load(tmp_path / "news.db", root)
    assert outcome.exit is Exit.OK, outcome
    assert query(tmp_path / "news.db", "SELECT new, filtered FROM runs") == [(1, 1)]
    assert f"1 Markdown files of {root} are outside _posts/ and old_post/" in caplog.text


async def test_what_came_before_a_broken_end_is_loaded(tmp_path: Path) -> None:
    whole = tar(tmp_path / "posts.tar.gz", site_files(40)).read_bytes()
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    unpacked = zlib.decompressobj(31).decompress(cut.read_bytes())
    there = 0
    with suppress(tarfile.ReadError), tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as all_:
        for member in all_:
            there += member.offset_data + member.size <= len(unpacked)
    outcome = await load(tmp_path / "news.db", cut)
    assert outcome.exit is Exit.DEGRADED, outcome
    assert there > 5
    assert ledger(tmp_path / "news.db")["scheduled"] == there


async def test_an_archive_without_a_whole_post_is_damaged_and_not_empty(tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(tar(tmp_path / "posts.tar.gz", site_files(40)).read_bytes()[:300])
    outcome = await load(tmp_path / "news.db", cut)
    assert outcome.exit is Exit.DEGRADED, outcome
    assert "damaged" in outcome.reason


@pytest.mark.parametrize("size", [-8, -512, 1 << 60, 1 << 40])
async def test_a_member_of_impossible_size_ends_an_archive(tmp_path: Path, size: int) -> None:
    first, odd = tarfile.TarInfo(f"_posts/{NAME}"), tarfile.TarInfo("b.bin")
    first.size = len(post())
    header = bytearray(odd.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = size.to_bytes(12, "big", signed=True)
    header[124] |= 0x80
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    padded = post() + bytes(-len(post()) % 512)
    path = tmp_path / "posts.tar"
    path.write_bytes(first.tobuf() + padded + bytes(header) + bytes(2048))
    outcome = await load(tmp_path / "news.db", path)
    assert outcome.exit is Exit.DEGRADED, outcome
    assert ledger(tmp_path / "news.db")["new"] == 1


async def test_what_an_observation_says(tmp_path: Path) -> None:
    path = tar(tmp_path / "a b.tar.gz", [(NAME, post())])
    await load(tmp_path / "news.db", path)
    sql = "SELECT site, page_id, url, observed_at FROM observations"
    assert query(tmp_path / "news.db", sql) == [(
        "finews", NAME.removesuffix(".md"), f"{path.as_uri()}!/{NAME}", "2022-05-30T14:00:29+00:00",
    )]  # fmt: skip
    stored = query(tmp_path / "news.db", "SELECT page_kind, size FROM raw_pages")
    assert stored == [("post_file", len(post()))]


async def test_loading_twice_changes_nothing(tmp_path: Path) -> None:
    path = tar(tmp_path / "posts.tar.gz", site_files())
    await load(tmp_path / "news.db", path)
    before = dump(tmp_path / "news.db")
    outcome = await load(tmp_path / "news.db", path)
    assert outcome.exit is Exit.OK
    count = counted(tmp_path / "news.db")
    assert count["unchanged"] == count["scheduled"]
    assert dump(tmp_path / "news.db") == before


async def test_copy_in_old_post_is_no_edit(tmp_path: Path) -> None:
    twin = post().replace(b"</p>", b"</p>\r\n ")
    path = folder(tmp_path / "finews", [(NAME, post()), (NAME.replace("_posts", "old_post"), twin)])
    outcome = await load(tmp_path / "news.db", path)
    assert outcome.exit is Exit.OK
    assert counted(tmp_path / "news.db") == {"scheduled": 2, "new": 1, "unchanged": 1}
    assert query(tmp_path / "news.db", "SELECT count(*) FROM revisions") == [(0,)]


@pytest.mark.parametrize("order", ["files first", "site first"])
async def test_files_and_site_make_the_same_rows(
    real_mirror: Server, finews: Path, tmp_path: Path, order: str
) -> None:
    files = (finews / "posts", finews / "old_post")
    both, alone = tmp_path / "both.db", tmp_path / "files.db"
    await load(alone, *files)
    if order == "files first":
        await load(both, *files)
    await crawl("category", both, real_mirror.url)
    if order == "site first":
        await load(both, *files)
    fields = (
        "id, title, published_at, published_precision, source, summary, body_html,"
        " body_text, body_rank, share_url, original_url"
    )
    # Not compared: published_raw and published_from say which page printed the time; the seqs and
    # times of this archive's own.
    sql = f"SELECT {fields} FROM articles ORDER BY id"
    assert query(both, sql) == query(alone, sql)
    for table in ("article_categories", "article_tags", "mentions", "images"):
        columns = "*" if table != "article_categories" else "article_id, category"
        assert sorted(query(both, f"SELECT {columns} FROM {table}")) == sorted(
            query(alone, f"SELECT {columns} FROM {table}")
        )
    assert query(both, "SELECT count(*) FROM revisions") == [(0,)]
    only = {code for code, *_ in query(alone, sql)}
    assert {"NW202112082206703990", "NW202112082207166919"} <= only
    assert len(only) == 15


async def test_made_files_and_site_in_either_order(
    serving: Callable[[Answers], Server], tmp_path: Path
) -> None:
    site = Site(articles=60, oddities=frozenset({"all"}))
    path, server = tar(tmp_path / "posts.tar.gz", site.posts()), serving(site)
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    await load(one, path)
    await crawl("category", one, server.url)
    await crawl("category", two, server.url)
    await load(two, path)
    sql = (
        "SELECT id, title, published_at, published_raw, published_from, source, summary,"
        " body_html, body_text, body_rank, share_url, original_url FROM articles ORDER BY 1"
    )
    assert query(one, sql) == query(two, sql)
    assert query(one, "SELECT count(*) FROM revisions") == [(0,)]


async def test_commit_time_is_when_a_file_was_seen(tmp_path: Path) -> None:
    checkout = folder(tmp_path / "finews", [(NAME, post("一")), ("_posts/空 白.md", post("二"))])
    commit(checkout, "2022-05-30T15:00:00+00:00")
    (checkout / NAME).write_bytes(post("一改"))
    commit(checkout, "2022-05-31T09:00:00+08:00")
    folder(checkout, [("_posts/2022-05-30-NW202205302396671646.md", post("三"))])
    await load(tmp_path / "news.db", checkout)
    sql = "SELECT page_id, observed_at FROM observations ORDER BY page_id"
    assert query(tmp_path / "news.db", sql) == [
        (NAME.removesuffix(".md"), "2022-05-31T01:00:00+00:00"),
        # not committed: when it was published
        ("_posts/2022-05-30-NW202205302396671646", "2022-05-30T14:00:29+00:00"),
        ("_posts/空 白", "2022-05-30T15:00:00+00:00"),
    ]


async def test_an_edit_between_two_commits_is_a_revision(tmp_path: Path) -> None:
    checkout = folder(tmp_path / "finews", [(NAME, post("一"))])
    commit(checkout, "2022-05-30T15:00:00+00:00")
    await load(tmp_path / "news.db", checkout)
    (checkout / NAME).write_bytes(post("一改"))
    commit(checkout, "2022-05-31T01:00:00+00:00")
    await load(tmp_path / "news.db", checkout)
    assert counted(tmp_path / "news.db") == {"scheduled": 1, "changed": 1}
    sql = "SELECT body_text, observed_at, replaced_at FROM revisions"
    assert query(tmp_path / "news.db", sql) == [
        ("一", "2022-05-30T15:00:00+00:00", "2022-05-31T01:00:00+00:00")
    ]


BAD: dict[str, tuple[bytes, str]] = {
    "2022-05-30-NW202205302396671646.md": (b"---\nlayout: post\ndate: 2022", "cut_off"),
    "2022-05-30-NW202205302396671647.md": (post()[:-10] + b"\xff", "charset"),
    "2022-05-30-NW202205302396671648.md": ("说明".encode(), "not_a_post"),
    "2022-05-30-NW202205992396671649.md": (post(), "no_id"),
    "../2022-05-30-NW202205302396671650.md": (post(), "unsafe_name"),
    "/2022-05-30-NW202205302396671651.md": (post(), "unsafe_name"),
    "a\\..\\2022-05-30-NW202205302396671652.md": (post(), "unsafe_name"),
    "C:/2022-05-30-NW202205302396671653.md": (post(), "unsafe_name"),
}
"""Members of an archive that are rejected, and why."""


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
async def test_bad_files_are_named_and_the_rest_is_loaded(tmp_path: Path, kind: str) -> None:
    files = [
        *((name, body) for name, (body, _) in BAD.items()),
        ("finews/README.md", b"# finews"), ("finews/LICENSE", b"MIT"),
        ("finews/_layouts/post.html", b"<html>"), ("finews/category/a.md", b"---\n---\n"),
        ("finews/_posts/._2022-05-30-NW202205302396671645.md", b"\0\5\26\7"),
        (f"finews/{NAME}", post()),
        ("finews/_posts/2022-05-30-NW202205302396671654.md", post(date="2022-01-01 10:00:00")),
    ]  # fmt: skip
    path = SOURCES[kind](tmp_path, files)
    outcome = await load(tmp_path / "news.db", path)
    assert outcome.exit is Exit.DEGRADED
    assert counted(tmp_path / "news.db") == {
        "filtered": 5, "scheduled": 10, "rejected": 8, "new": 2,
    }  # fmt: skip
    rejects = dict(query(tmp_path / "news.db", "SELECT url, reason FROM rejects"))
    assert sorted(rejects.values()) == sorted(reason for _, reason in BAD.values())
    assert any("points outside" in detail for (detail,) in
               query(tmp_path / "news.db", "SELECT detail FROM rejects"))  # fmt: skip
    [(at, from_)] = query(
        tmp_path / "news.db",
        "SELECT published_at, published_from FROM articles WHERE id LIKE '%71654'",
    )
    assert at == "2022-05-30T00:00:00+08:00"
    assert "more than 3 days from the day in the id" in from_


async def test_a_file_too_large_fails_alone(tmp_path: Path) -> None:
    huge = post() + b" " * (21 << 20)
    files = [("2022-05-30-NW202205302396671646.md", huge), (NAME, post())]
    for kind in ("tar", "zip", "folder"):
        (tmp_path / kind).mkdir()
        await load(tmp_path / kind / "news.db", SOURCES[kind](tmp_path / kind, files))
        assert counted(tmp_path / kind / "news.db")["new"] == 1


async def test_a_bomb_is_left_with_a_sentence(tmp_path: Path) -> None:
    zeros = (f"2022-05-30-NW20220530239667{n}.md" for n in range(1000, 1012))
    files = [(NAME, post()), *((name, bytes(19 << 20)) for name in zeros)]
    for kind in ("tar.gz", "zip"):
        (tmp_path / kind).mkdir()
        outcome = await load(tmp_path / kind / "news.db", SOURCES[kind](tmp_path / kind, files))
        assert outcome.exit is Exit.DEGRADED
        assert query(tmp_path / kind / "news.db", "SELECT count(*) FROM articles") == [(1,)]
        assert counted(tmp_path / kind / "news.db")["scheduled"] < 10


async def test_a_header_that_is_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "posts.tar.gz"
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    good = tarfile.TarInfo(NAME)
    good.size = len(post())
    padded = post() + bytes(-len(post()) % 512)
    path.write_bytes(gzip.compress(good.tobuf() + padded + name.tobuf() + bytes(4096)))
    outcome = await load(tmp_path / "news.db", path)
    assert outcome.exit is Exit.DEGRADED
    assert "after 1 files" in outcome.reason
    assert counted(tmp_path / "news.db") == {"scheduled": 1, "new": 1}


@pytest.mark.parametrize(
    ("kind", "keep"),
    [("tar", 1024), ("tar", 1700), ("tar.gz", 0.5), ("zip", 0.5), ("tar.xz", 0.5), ("tar.gz", 5)],
)
async def test_what_a_damaged_archive_has_is_kept(tmp_path: Path, kind: str, keep: float) -> None:
    files = [
        (name, os.urandom(3000).hex().encode().join([post(), b"\n"])) for name, _ in site_files(20)
    ]
    path = SOURCES[kind](tmp_path, files)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep if keep > 1 else len(whole) * keep)])
    outcome = await load(tmp_path / "news.db", path)
    assert outcome.exit in (Exit.DEGRADED, Exit.USAGE), outcome
    expected = keep in (0.5,) and kind != "zip"
    assert (query(tmp_path / "news.db", "SELECT count(*) FROM articles") > [(0,)]) is expected


async def test_a_damaged_member_of_a_zip_fails_alone(tmp_path: Path) -> None:
    other = "2022-05-30-NW202205302396671646.md"
    path = zipped(tmp_path / "posts.zip", [(NAME, post()), (other, post("二"))])
    data = bytearray(path.read_bytes())
    at = data.index(NAME.encode()) + len(NAME) + 20
    data[at : at + 8] = b"\xff" * 8
    path.write_bytes(data)
    await load(tmp_path / "news.db", path)
    assert counted(tmp_path / "news.db") == {"scheduled": 2, "failed": 1, "new": 1}


async def test_a_member_twice_in_an_archive(tmp_path: Path) -> None:
    path = tar(tmp_path / "posts.tar.gz", [(NAME, post("一")), (NAME, post("一")), (NAME, post())])
    await load(tmp_path / "news.db", path)
    assert counted(tmp_path / "news.db") == {
        "scheduled": 3, "new": 1, "unchanged": 1, "changed": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("paths", "sentence"),
    [
        ("", "Nothing to load"),
        ("/no/such/folder", "does not exist"),
        (__file__, "not a folder, a tarball"),
    ],
)
async def test_usage(tmp_path: Path, paths: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        await load(tmp_path / "news.db", *filter(None, [Path(paths)] if paths else []))


async def test_a_folder_without_posts(tmp_path: Path) -> None:
    empty = folder(tmp_path / "empty", [("README.md", b"# x")])
    outcome = await load(tmp_path / "news.db", empty)
    assert outcome.exit is Exit.USAGE
    assert "contains no post files" in outcome.reason
    assert counted(tmp_path / "news.db") == {"filtered": 1}


async def test_since_and_limit(tmp_path: Path) -> None:
    names = [f"2022-05-{day}-NW202205{day}2396671645.md" for day in (28, 29, 30)]
    files = [(name, post(date=f"{name[:10]} 10:00:00 +0800")) for name in names]
    path = folder(tmp_path / "posts", files)
    await load(tmp_path / "since.db", path, since="2022-05-29")
    assert counted(tmp_path / "since.db") == {"scheduled": 3, "out_of_range": 1, "new": 2}
    await load(tmp_path / "limit.db", path, limit="2")
    assert counted(tmp_path / "limit.db") == {"scheduled": 2, "new": 2}


async def test_a_bug_in_the_reader_loses_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = sites.read_page

    def broken(page: Any, stats: Any = None) -> Any:
        if page.id.endswith("6"):
            raise RuntimeError("oh")
        return read(page, stats)

    monkeypatch.setattr(sites, "read_page", broken)
    names = [f"2022-05-30-NW20220530239667164{n}.md" for n in (5, 6, 7)]
    path = folder(tmp_path / "posts", [(name, post()) for name in names])
    outcome = await load(tmp_path / "news.db", path)
    assert outcome.exit is Exit.DEGRADED
    assert counted(tmp_path / "news.db") == {"scheduled": 3, "rejected": 1, "new": 2}


async def test_a_store_that_fails_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from newscrawl.store.errors import StoreError
    from newscrawl.store.writer import Writer

    def full(*args: Any, **options: Any) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Writer, "add_all", full)
    taken = []
    known = sites.read_page
    monkeypatch.setattr(
        sites, "read_page", lambda *args, **kw: taken.append(1) or known(*args, **kw)
    )
    path = tar(tmp_path / "posts.tar.gz", site_files(300))
    settings = settings_for(str(tmp_path / "news.db"), **FAST, NEWSCRAWL_BATCH_PAGES=64)
    runner = AsyncCrawlerRunner(settings)
    crawler = runner.create_crawler("posts")
    await runner.crawl(crawler, paths=str(path))
    outcome = run_of(crawler).outcome
    assert outcome is not None
    assert outcome.exit is Exit.STORE
    assert len(taken) <= 64  # the rest of the archive was left alone


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (NAME, True), ("old_post/-202205262391921712.md", True), ("finews-main/_posts/a.md", True),
        ("a.markdown", True), ("./a.md", True), ("README.md", False), ("a.html", False),
        ("_layouts/a.md", False), (".github/a.md", False), ("category/a.md", False),
        ("_posts/.hidden.md", False), ("LICENSE", False), ("_drafts/a.md", False),
    ],
)  # fmt: skip
def test_is_post(name: str, expected: bool) -> None:
    assert is_post(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/b.md", True), ("a..b.md", True), ("../a", False), ("a/../b", False), ("/a", False),
     ("\\a", False), ("c:a", False), ("a\0b", False)],
)  # fmt: skip
def test_is_safe(name: str, expected: bool) -> None:
    assert is_safe(name) is expected


async def test_name_that_is_not_utf8_is_loaded_or_named(tmp_path: Path) -> None:
    folder_ = folder(tmp_path / "_posts", [("2022-05-30-NW202205302396671645.md", post())])
    odd = os.path.join(os.fsencode(folder_), b"2021-12-29-\xd6\xd0.md")
    try:
        with open(odd, "wb") as file:
            file.write(post("二。"))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(folder_, "_posts")
    for path in (folder_, tmp_path / "a.tar.gz"):
        db = tmp_path / f"{path.name}.db"
        await load(db, path)
        codes = [code for (code,) in query(db, "SELECT id FROM articles")]
        assert "NW202205302396671645" in codes
        assert ledger(db)["scheduled"] == 2


async def test_all_too_old_is_no_empty_folder(tmp_path: Path) -> None:
    outcome = await load(
        tmp_path / "news.db", folder(tmp_path / "f", [(NAME, post())]), since="2099-01-01"
    )
    assert outcome.exit is Exit.OK


async def test_copies_in_two_folders_settle(tmp_path: Path) -> None:
    one = folder(tmp_path / "one", [(NAME, post("一。"))])
    two = folder(tmp_path / "two", [(NAME, post("二。"))])
    db = tmp_path / "news.db"
    await load(db, one, two)
    before = dump(db)
    await load(db, one, two)
    assert counted(db) == {"scheduled": 2, "unchanged": 2}
    assert dump(db) == before


# -- many at once ------------------------------------------------------------------------------

WHEN = ("seq", "first_seq", "first_seen_at", "changed_at", "last_seen_at")


async def test_together_and_one_by_one_give_the_same_rows(tmp_path: Path) -> None:
    path = tar(tmp_path / "posts.tar.gz", site_files(120))
    await load(tmp_path / "together.db", path)
    settings = settings_for(str(tmp_path / "one.db"), **FAST)
    feeds = {**settings.getdict("FEEDS"), str(tmp_path / "articles.jsonl"): {"format": "jsonlines"}}
    settings.set("FEEDS", feeds, priority="cmdline")
    runner = AsyncCrawlerRunner(settings)
    # A feed of another format knows no batches.
    await runner.crawl(runner.create_crawler("posts"), paths=str(path))
    assert dump(tmp_path / "one.db", without=WHEN) == dump(tmp_path / "together.db", without=WHEN)
    assert counted(tmp_path / "one.db") == counted(tmp_path / "together.db")
    lines = (tmp_path / "articles.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == counted(tmp_path / "one.db")["scheduled"]


@pytest.mark.parametrize("place", ["newscrawl.pipelines.normalise", "Merger._insert"])
async def test_one_of_a_batch_that_fails_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    from newscrawl.store.merger import Merger

    known: Callable[..., Any] = pipelines.normalise if "normalise" in place else Merger._insert
    bad = "NW202205302396671646"

    def fail(*words: Any) -> Any:
        if bad in words or getattr(words[0], "id", None) == bad:
            raise ValueError("oh")
        return known(*words)

    if "normalise" in place:
        monkeypatch.setattr(pipelines, "normalise", fail)
    else:
        monkeypatch.setattr(Merger, "_insert", fail)
    names = [f"2022-05-30-NW20220530239667164{n}.md" for n in (5, 6, 7)]
    outcome = await load(
        tmp_path / "news.db", folder(tmp_path / "posts", [(name, post()) for name in names])
    )
    assert outcome.exit is Exit.DEGRADED
    assert counted(tmp_path / "news.db") == {"scheduled": 3, "rejected": 1, "new": 2}
    assert query(tmp_path / "news.db", "SELECT page_id, reason FROM rejects") == [
        (f"posts/2022-05-30-{bad}", "crash")
    ]
