"""Links, pipes and devices below a folder of somebody else's: nothing outside of it is read."""

from __future__ import annotations

import io
import logging
import os
import socket
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from crawls import command, query
from post_files import NAME, commit, counted, folder, load, post, tar

from newscrawl.runs.outcome import Exit
from newscrawl.sites.post_files.contained import ContainedFolder, LeadsOut
from newscrawl.store.raw_pages import load_raw_page

OTHER = NAME.replace("645", "646")
SECRET = "TOPSECRET"  # noqa: S105  a word to look for


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one post, and beside it files that do not belong to it."""
    folder(
        tmp_path / "private",
        [("note.md", post(SECRET)), ("key", SECRET.encode()), (f"deep/{OTHER}", post(SECRET))],
    )
    return folder(tmp_path / "finews", [(NAME, post())])


def link(root: Path, name: str, target: str | Path) -> None:
    """Make a symbolic link below a folder."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).symlink_to(target)


def everything(db: Path) -> Iterator[bytes]:
    """Give all that an archive holds, its raw pages unpacked, and the bytes of its file."""
    yield from (path.read_bytes() for path in db.parent.glob(f"{db.name}*"))
    with closing(sqlite3.connect(db)) as connection:
        for (key,) in connection.execute("SELECT hash FROM raw_pages").fetchall():
            yield load_raw_page(connection, key)
        yield "\n".join(connection.iterdump()).encode("utf-8", "surrogateescape")


def assert_secret(db: Path, log: str) -> None:
    """Check that nothing of what lies outside is in the archive or in the log."""
    assert SECRET not in log
    assert not any(SECRET.encode() in each for each in everything(db))


def test_the_search_for_secrets_finds_them(tmp_path: Path) -> None:
    """It has to fail where one was loaded."""
    path = folder(tmp_path / "posts", [(NAME, post(SECRET))])
    subprocess.run(
        [sys.executable, "-m", "newscrawl", "crawl", "posts", str(path), "--db", "news.db"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    with pytest.raises(AssertionError):
        assert_secret(tmp_path / "news.db", "")


# -- links that lead out -------------------------------------------------------------------------


def _top_elsewhere(root: Path) -> None:
    (root / "_posts").rename(root / "_old")
    link(root, "_posts", "../private/deep/_posts")


def _through_another(root: Path) -> None:
    link(root, "_posts/a.md", "b.md")
    link(root, "_posts/b.md", "../../private/note.md")


def _through_a_folder(root: Path) -> None:
    link(root, "inner", "../private")
    link(root, OTHER, "../inner/note.md")


def _back_in(root: Path) -> None:
    """Through the outside and in again: only where it ends counts, and that is out."""
    link(root.parent / "private", "way", "key")
    link(root, OTHER, "../../finews/../private/way")


REJECTED: dict[str, Callable[[Path], object]] = {
    "a post": lambda root: link(root, OTHER, "../../private/note.md"),
    "by its whole path": lambda root: link(root, OTHER, root.parent / "private/note.md"),
    "a key": lambda root: link(root, OTHER, "../../private/key"),
    "no such file": lambda root: link(root, OTHER, "../../private/none.md"),
    "a device": lambda root: link(root, OTHER, "/dev/zero"),
    "a file of the system": lambda root: link(root, OTHER, "/proc/self/environ"),
    "a folder by the name of a post": lambda root: link(root, OTHER, "../../private"),
    "_posts itself": _top_elsewhere,
    "old_post": lambda root: link(root, "old_post", "../private"),
    "a link to a link": _through_another,
    "a link in the way": _through_a_folder,
    "out, in, and out": _back_in,
}


@pytest.mark.parametrize("kind", REJECTED)
async def test_link_that_leads_out_is_rejected(
    root: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    REJECTED[kind](root)
    db = root.parent / "news.db"
    await load(db, root)
    rejects = query(db, "SELECT DISTINCT reason FROM rejects")
    assert rejects == [("unsafe_link",)]
    kept = query(db, "SELECT sum(size) FROM raw_pages p JOIN rejects r ON p.hash = r.page_hash")
    assert kept in ([(0,)], [(None,)])
    assert counted(db).get("new", 0) == (kind != "_posts itself")
    assert_secret(db, caplog.text)


LEFT: dict[str, Callable[[Path], object]] = {
    "a folder": lambda root: link(root, "_posts/more", "../../private"),
    "the folder above": lambda root: link(root, "_posts/up", "../.."),
    "a folder of the system": lambda root: link(root, "_posts/sys", "/proc/self"),
    "no post": lambda root: link(root, "_posts/README.md", "../../private/note.md"),
    "a picture": lambda root: link(root, "_posts/a.png", "../../private/key"),
}


@pytest.mark.parametrize("kind", LEFT)
async def test_other_link_that_leads_out_is_told_of(
    root: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    LEFT[kind](root)
    db = root.parent / "news.db"
    outcome = await load(db, root)
    assert outcome.exit is Exit.OK, outcome
    assert counted(db) == {"filtered": 1, "scheduled": 1, "new": 1}
    assert f"1 symbolic links below {root} point outside it" in caplog.text
    assert_secret(db, caplog.text)


async def test_link_that_leads_out_of_the_folder_that_was_named(root: Path) -> None:
    """It stays in the checkout: but the user named a part of that."""
    folder(root, [(f"drafts/{Path(OTHER).name}", post(SECRET))])
    link(root, OTHER, f"../drafts/{Path(OTHER).name}")
    await load(root.parent / "news.db", root / "_posts")
    assert counted(root.parent / "news.db") == {"scheduled": 2, "rejected": 1, "new": 1}


# -- links that stay inside ----------------------------------------------------------------------


async def test_link_that_stays_inside_is_followed(root: Path) -> None:
    folder(root, [("2021/a.md", post("二"))])
    link(root, OTHER, "../2021/a.md")
    outcome = await load(root.parent / "news.db", root)
    assert outcome.exit is Exit.OK, outcome
    assert counted(root.parent / "news.db")["new"] == 2


async def test_folder_is_listed_once(root: Path) -> None:
    """By its own path; by a link only where it would not be listed."""
    folder(root, [(f"2021/{Path(OTHER).name}", post("二"))])
    for name in ("_posts/a", "_posts/b"):
        link(root, name, "../2021")
    link(root, "_posts/loop", ".")
    link(root, "old_post", "_posts")
    db = root.parent / "news.db"
    outcome = await load(db, root)
    assert outcome.exit is Exit.OK, outcome
    assert query(db, "SELECT page_id FROM observations ORDER BY page_id") == [
        (NAME.removesuffix(".md"),),
        # An id has the last folder only.
        (f"a/{Path(OTHER).stem}",),
    ]
    urls = query(db, "SELECT url FROM observations WHERE page_id LIKE 'a/%'")
    assert urls == [(f"{root.as_uri()}/_posts/a/{Path(OTHER).name}",)]


async def test_posts_in_another_folder_of_the_site(root: Path) -> None:
    (root / "_posts").rename(root / "content")
    link(root, "_posts", "content")
    outcome = await load(root.parent / "news.db", root)
    assert outcome.exit is Exit.OK, outcome
    assert query(root.parent / "news.db", "SELECT page_id FROM observations") == [
        (NAME.removesuffix(".md"),)
    ]


HIDDEN: dict[str, Callable[[Path], object]] = {
    "the configuration of git": lambda root: link(root, OTHER, "../.git/config"),
    "a hidden file": lambda root: link(root, OTHER, "../.env"),
    "a file that is not a post": lambda root: link(root, OTHER, "../secrets.yml"),
    "a hidden folder": lambda root: link(root, "_posts/git", "../.git"),
    "itself": lambda root: link(root, OTHER, Path(OTHER).name),
    "a pipe": lambda root: os.mkfifo(root / OTHER),
    "a pipe by a link": lambda root: (os.mkfifo(root / "pipe.md"), link(root, OTHER, "../pipe.md")),
}


@pytest.mark.parametrize("kind", HIDDEN)
async def test_what_is_no_post_is_not_read_by_a_link_either(
    root: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    commit(root, "2022-05-30T15:00:00+00:00")
    with (root / ".git/config").open("a") as config:
        config.write(f'[remote "origin"]\n\turl = https://{SECRET}@example.org/\n')
    folder(root, [(".env", SECRET.encode()), ("secrets.yml", SECRET.encode())])
    folder(root, [(".git/a.md", post(SECRET))])
    HIDDEN[kind](root)
    db = root.parent / "news.db"
    outcome = await load(db, root)
    assert outcome.exit is Exit.OK, outcome
    assert counted(db)["new"] == counted(db)["scheduled"] == 1
    assert_secret(db, caplog.text)


async def test_socket_and_broken_link(root: Path) -> None:
    link(root, OTHER, "../2021/none.md")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(root / "_posts/socket.md"))
        await load(root.parent / "news.db", root)
    assert counted(root.parent / "news.db") == {
        "filtered": 1, "scheduled": 2, "failed": 1, "new": 1,
    }  # fmt: skip


def test_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    ((path, error),) = ContainedFolder(tmp_path).files(["gone"])
    assert path == "gone"
    assert isinstance(error, FileNotFoundError)


# -- what changes while it is read ---------------------------------------------------------------


def _swap_file(root: Path) -> None:
    (root / NAME).unlink()
    link(root, NAME, root.parent / "private/note.md")


def _swap_folder(root: Path) -> None:
    (root / "_posts").rename(root / "aside")
    link(root, "_posts", root.parent / "private/deep/_posts")


def _swap_for_pipe(root: Path) -> None:
    (root / NAME).unlink()
    os.mkfifo(root / NAME)


@pytest.mark.parametrize("swap", [_swap_file, _swap_folder, _swap_for_pipe])
@pytest.mark.parametrize("call", ["lstat", "open"])
def test_replaced_before_it_is_opened(
    root: Path, monkeypatch: pytest.MonkeyPatch, swap: Callable[[Path], None], call: str
) -> None:
    folder(root.parent / "private/deep", [(NAME, post(SECRET))])
    contained = ContainedFolder(root)
    target = contained.target(NAME)
    known, swapped = getattr(os, call), []

    def late(path: str, *flags: int, dir_fd: int | None = None) -> object:
        if not swapped and str(path).endswith(Path(target).name):
            swapped.append(path)
            swap(root)
        return known(path, *flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, call, late)
    try:
        read = contained.read(target, 1000)
    except (LeadsOut, OSError):
        read = None
    assert swapped
    # What lay there when its folder was opened may be read.
    assert read is None or (swap is _swap_folder and read == post())


def test_replaced_while_it_is_opened_and_put_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that stands in a folder's place only while a file below it is opened."""
    folder(root.parent / "private/deep", [(NAME, post(SECRET))])
    contained = ContainedFolder(root)
    target = contained.target(NAME)
    lstat, target_of = os.lstat, contained.target

    def late_lstat(path: str, *, dir_fd: int | None = None) -> os.stat_result:
        if str(path).endswith(Path(target).name) and not (root / "aside").exists():
            _swap_folder(root)
        return lstat(path, dir_fd=dir_fd)

    def put_back(path: str) -> str:
        (root / "_posts").unlink()
        (root / "aside").rename(root / "_posts")
        return target_of(path)

    monkeypatch.setattr(os, "lstat", late_lstat)
    monkeypatch.setattr(contained, "target", put_back)
    assert contained.read(target, 1000) == post()


def test_folder_replaced_before_it_is_listed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(root.parent / "private/deep", [("_posts/2022-05-30-secret.md", post(SECRET))])
    contained = ContainedFolder(root)
    target_of = contained.target

    def late(path: str) -> str:
        target = target_of(path)
        if path == "_posts":
            _swap_folder(root)
        return target

    monkeypatch.setattr(contained, "target", late)
    ((path, error),) = contained.files(["_posts"])
    assert path == "_posts"
    assert isinstance(error, LeadsOut)


# -- archives ------------------------------------------------------------------------------------


def _zip_of(path: Path, mode: int) -> Path:
    with zipfile.ZipFile(path / "posts.zip", "w") as archive:
        archive.writestr(NAME, post())
        member = zipfile.ZipInfo(OTHER)
        member.create_system, member.external_attr = 3, (mode | 0o777) << 16
        archive.writestr(member, str(path / "private/note.md"))
    return path / "posts.zip"


def _tar_of(path: Path, kind: bytes) -> Path:
    tar(path / "posts.tar", [(NAME, post())])
    with tarfile.open(path / "posts.tar", "a") as archive:
        member = tarfile.TarInfo(OTHER)
        member.type, member.linkname = kind, str(path / "private/note.md")
        archive.addfile(member)
        member.linkname = NAME  # inside of the archive: nothing is unpacked that it could lead to
        archive.addfile(member)
    return path / "posts.tar"


ARCHIVES: dict[str, Callable[[Path], Path]] = {
    "zip: symbolic link": lambda path: _zip_of(path, stat.S_IFLNK),
    "zip: pipe": lambda path: _zip_of(path, stat.S_IFIFO),
    "zip: device": lambda path: _zip_of(path, stat.S_IFCHR),
    "tar: symbolic link": lambda path: _tar_of(path, tarfile.SYMTYPE),
    "tar: hard link": lambda path: _tar_of(path, tarfile.LNKTYPE),
    "tar: device": lambda path: _tar_of(path, tarfile.CHRTYPE),
    "tar: pipe": lambda path: _tar_of(path, tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("kind", ARCHIVES)
async def test_links_in_archives(
    root: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    db = root.parent / "news.db"
    outcome = await load(db, ARCHIVES[kind](root.parent))
    assert outcome.exit is Exit.OK, outcome
    filtered = 2 if kind.startswith("tar") else 1
    assert counted(db) == {"filtered": filtered, "scheduled": 1, "new": 1}
    assert_secret(db, caplog.text)


# -- what the user names is followed -------------------------------------------------------------


async def test_link_that_is_named(root: Path) -> None:
    path = root.parent
    tar(path / "posts.tar.gz", [(OTHER, post("二"))])
    third = "2022-05-30-NW202205302396671647.md"
    folder(path / "elsewhere", [(third, post("三"))])
    link(path, "site", "finews")
    link(path, "latest", "posts.tar.gz")
    link(path, third, f"elsewhere/{third}")
    outcome = await load(path / "news.db", path / "site", path / "latest", path / third)
    assert outcome.exit is Exit.OK, outcome
    assert counted(path / "news.db")["new"] == 3


def _tar_bytes(packing: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=f"w:{packing}") as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo(NAME)
        member.size = len(post())
        archive.addfile(member, io.BytesIO(post()))
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (Path(NAME).name, post()),
        ("posts.tar", _tar_bytes("")),
        ("posts.tar.gz", _tar_bytes("gz")),
        ("63", _tar_bytes("xz")),
    ],
)
async def test_pipe_that_is_named(tmp_path: Path, name: str, body: bytes) -> None:
    os.mkfifo(tmp_path / name)
    writer = threading.Thread(target=(tmp_path / name).write_bytes, args=(body,))
    writer.start()
    outcome = await load(tmp_path / "news.db", tmp_path / name)
    writer.join()
    assert outcome.exit is Exit.OK, outcome
    assert counted(tmp_path / "news.db")["new"] == 1


@pytest.mark.parametrize("is_pipe", [True, False])
def test_standard_input(tmp_path: Path, is_pipe: bool) -> None:
    path = tar(tmp_path / "posts.tar.gz", [(NAME, post())])
    words = [sys.executable, "-m", "newscrawl", "crawl", "posts", "/dev/stdin", "--db", "news.db"]
    with path.open("rb") as file:
        done = subprocess.run(
            words, cwd=tmp_path, check=False, capture_output=True,
            **({"input": path.read_bytes()} if is_pipe else {"stdin": file}),
        )  # fmt: skip
    assert done.returncode == Exit.OK, done.stderr
    assert counted(tmp_path / "news.db")["new"] == 1


async def test_zip_in_a_pipe(tmp_path: Path) -> None:
    """Its table of contents is at its end."""
    _zip_of(tmp_path, stat.S_IFREG)
    os.mkfifo(tmp_path / "pipe")
    body = (tmp_path / "posts.zip").read_bytes()
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(body,))
    writer.start()
    outcome = await load(tmp_path / "news.db", tmp_path / "pipe")
    writer.join()
    assert outcome.exit is Exit.DEGRADED, outcome
    assert "pipe is damaged after 0 files" in outcome.reason


# -- what is written -----------------------------------------------------------------------------


def _file_elsewhere(path: Path, name: str) -> None:
    link(path, name, path.parent / "private/key")


def _folder_elsewhere(path: Path, name: str) -> None:
    link(path, str(Path(name).parent), path.parent / "private")


def _pipe(path: Path, name: str) -> None:
    (path / name).parent.mkdir(parents=True)
    os.mkfifo(path / name)


@pytest.mark.parametrize(
    ("format_", "name", "make"),
    [
        ("jekyll", NAME, _file_elsewhere),
        ("jekyll", NAME, _folder_elsewhere),
        ("jekyll", NAME, _pipe),
        ("markdown", "NW202205302396671645.md", _file_elsewhere),
    ],
)
async def test_export_into_a_folder_of_somebody_elses(
    root: Path, format_: str, name: str, make: Callable[[Path, str], None]
) -> None:
    await load(root.parent / "news.db", root)
    before = sorted((path, path.read_bytes()) for path in root.parent.glob("private/*.*"))
    site = root.parent / "site"
    make(site, name)
    done = command(
        "newscrawl", "export", "--format", format_, "--db", str(root.parent / "news.db"),
        "-o", str(site),
    )  # fmt: skip
    assert done.returncode == Exit.STORE
    assert ("points outside the folder" if make is not _pipe else "regular file") in done.stderr
    assert (root.parent / "private/key").read_bytes() == SECRET.encode()
    assert sorted((path, path.read_bytes()) for path in root.parent.glob("private/*.*")) == before
