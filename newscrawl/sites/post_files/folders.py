"""Finds post files in folders, git checkouts and tarballs, one at a time, without unpacking."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from newscrawl.sites.post_files.contained import ContainedFolder, LeadsOut
from newscrawl.sites.post_files.tarballs import MAX_BYTES, Bomb, Budget, DamagedTarball, members

__all__ = [
    "DamagedTarball",
    "Found",
    "Left",
    "Lost",
    "PostFile",
    "Unsafe",
    "files",
    "kind_of_source",
]

_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_POST_SUFFIXES = (".md", ".markdown")
_NO_POSTS = frozenset(
    ("readme", "license", "changelog", "contributing", "index", "404", "about", "emnews")
)
# Of a site's folders these hold its posts; category/ holds the pages of categories.
_POST_FOLDERS = ("_posts", "old_post")
_NO_POST_FOLDERS = frozenset(("category",))
MAX_DIRECTORY = 64 << 20
"""Bytes of a zip's list of members: half a million posts. It is read whole, and takes eight times
as much memory."""
# Python's zipfile unpacks what is packed otherwise in pieces without a bound: 2 KB to gigabytes.
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class PostFile:
    """A post file's bytes."""

    name: str
    """Its path in the folder or tarball."""
    url: str
    """``file:///folder/name``, or ``file:///posts.tar.gz!/name`` in a tarball."""
    body: bytes
    observed_at: str | None = None
    """When it was committed, in UTC; None where no commit says it."""


@dataclass(frozen=True, slots=True)
class Left:
    """A file that is left out, since it is not a post: README.md, a picture."""

    name: str
    url: str
    is_outside: bool = False
    """Whether it might be one, but is outside the folders in which a site has its posts."""
    leads_out: bool = False
    """Whether it is a symbolic link that points outside the folder."""


@dataclass(frozen=True, slots=True)
class Unsafe:
    """A member whose name points outside its tarball, or a link outside its folder; not read."""

    name: str
    url: str
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """A post file that cannot be read, and why."""

    name: str
    url: str
    detail: str


Found = PostFile | Left | Unsafe | Lost


def kind_of_source(path: Path) -> str | None:
    """Return ``folder``, ``zip``, ``tar`` or ``file``; None for any other path."""
    if path.is_dir():
        return "folder"
    # A link may say less than what it leads to: /dev/stdin, or latest -> posts.tar.gz.
    kind = _kind_by_name(path.name) or _kind_by_name(path.resolve().name)
    # Of tarballs, only a tar can be read from a pipe, such as a shell's <(…).
    return "tar" if path.is_fifo() and kind != "file" else kind


def _kind_by_name(name: str) -> str | None:
    name = name.casefold()
    if name.endswith(_POST_SUFFIXES):
        return "file"
    if name.endswith(_TARS):
        return "tar"
    return "zip" if name.endswith(".zip") else None


def files(path: Path, committed: Mapping[str, str] | None = None) -> Iterator[Found]:
    """Give what *path* holds, one file at a time: a folder's in the order of names.

    *committed* says when files of a folder were committed, by their path in it.

    :raises DamagedTarball: after what could be read, a tarball is truncated or a bomb.
    :raises OSError: it cannot be opened.
    """
    match kind_of_source(path):
        case "folder":
            yield from _in_folder(path, committed or {})
        case "zip":
            yield from _in_zip(path)
        case "tar":
            yield from _in_tar(path)
        case _:
            yield _named(path)


def is_post(name: str) -> bool:
    """Tell by its path whether a file may be a post: Markdown, and no part of the site itself."""
    *folders, last = name.casefold().split("/")
    stem, dot, suffix = last.rpartition(".")
    if f"{dot}{suffix}" not in _POST_SUFFIXES or stem in _NO_POSTS or last.startswith("."):
        return False
    return not any(
        folder in _NO_POST_FOLDERS or (folder[:1] in (".", "_") and folder not in _POST_FOLDERS)
        for folder in folders
        if folder != "."
    )


def _in_folder(root: Path, committed: Mapping[str, str]) -> Iterator[Found]:
    folder = ContainedFolder(root)
    tops = [name for name in _POST_FOLDERS if _is_top(folder, root, name)]
    for path, error in folder.files(tops or ["."]):
        yield _met(folder, root, path, error, committed.get(path))
    if tops:
        # What has not been listed yet is left out, with a warning.
        for path, error in folder.files(["."]):
            if error is None and is_post(path):
                yield Left(path, _url(root / path), is_outside=True)


def _is_top(folder: ContainedFolder, root: Path, name: str) -> bool:
    """Whether a site's folder has this folder of posts, or a link out of it by this name."""
    try:
        return (root / folder.target(name)).is_dir()
    except LeadsOut:
        return True


def _met(
    folder: ContainedFolder, root: Path, path: str, error: LeadsOut | OSError | None, at: str | None
) -> Found:
    """What a file of a folder is, or a folder that cannot be listed."""
    url = _url(root / path)
    try:
        if error is not None:
            raise error
        # A link names a post only where the file that it leads to might be one.
        if not (is_post(path) and is_post(target := folder.target(path))):
            return Left(path, url)
        body = folder.read(target, MAX_BYTES + 1)
    except LeadsOut:
        may_be_posts = is_post(path) or path in _POST_FOLDERS
        return Unsafe(path, url, is_link=True) if may_be_posts else Left(path, url, leads_out=True)
    except OSError as error:
        return Lost(path, url, f"it cannot be read: {error.strerror}")
    return Left(path, url) if body is None else _within_size(path, url, body, at)


def _named(path: Path) -> Found:
    """Read a post file that the user named: links are followed, and pipes are read."""
    url = _url(path)
    try:
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        return Lost(path.name, url, f"it cannot be read: {error.strerror}")
    return _within_size(path.name, url, body)


def _within_size(name: str, url: str, body: bytes, observed_at: str | None = None) -> Found:
    if len(body) > MAX_BYTES:
        return Lost(name, url, f"it is larger than {MAX_BYTES >> 20} MB, too large for a post")
    return PostFile(name, url, body, observed_at)


def is_safe(name: str) -> bool:
    """Whether a tarball's member stays in the folder that it would be unpacked in."""
    plain = name.replace("\\", "/")
    leads_out = plain.startswith("/") or ".." in plain.split("/") or _DRIVE.match(plain)
    return not leads_out and "\0" not in plain


def _wanted(name: str) -> bool:
    return is_safe(name) and is_post(name)


def _member(tarball: str, name: str, body: bytes | None) -> Found:
    """What a member is; *tarball* is the tarball's URL, *body* None if it is not a plain file."""
    url = f"{tarball}!/{_quoted(name)}"
    if not is_safe(name):
        return Unsafe(name, url)
    return Left(name, url) if body is None else _within_size(name, url, body)


def _in_tar(path: Path) -> Iterator[Found]:
    tarball = _url(path)
    for name, body in members(path, _wanted):
        yield _member(tarball, name, body)


def _in_zip(path: Path) -> Iterator[Found]:
    size = path.stat().st_size
    url, budget, count = _url(path), Budget(lambda: size), 0
    with closing(_ZipFile(io.FileIO(path))) as opened:
        try:
            archive = zipfile.ZipFile(opened)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise DamagedTarball(f"{path} cannot be read as a zip archive: {error}") from error
        for member in archive.infolist():
            name = member.filename
            if name.endswith("/"):
                continue
            try:
                is_read = _wanted(name) and _is_plain(member)
                body = _unzipped(archive, member, budget) if is_read else None
                yield _member(url, name, body)
            except Bomb as error:
                raise Bomb(f"reading {path} stopped after {count} files: {error}") from error
            except _UnreadableMember as error:
                yield Lost(name, f"{url}!/{_quoted(name)}", str(error))
            count += 1


class _ZipFile(io.BufferedReader):
    """A zip's file, whose list of members says itself how long it is."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise zipfile.BadZipFile(
                f"its list of members has {size} bytes, and {MAX_DIRECTORY >> 20} MB are read; "
                "a tar may have any number"
            )
        return super().read(size)


def _is_plain(member: zipfile.ZipInfo) -> bool:
    """Whether it is a plain file, not a link or device; only zips made on Unix say which."""
    return stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)


class _UnreadableMember(Exception):
    pass


def _unzipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget) -> bytes:
    if member.compress_type not in _BOUNDED:
        raise _UnreadableMember(
            "it is packed by a method of which no bound is known; pack it as zip does by itself"
        )
    try:
        with archive.open(member) as file:
            body = file.read(MAX_BYTES + 1)
    except Exception as error:
        # A damaged member raises what its method's decoder raises, an encrypted one
        # RuntimeError; the others are still there.
        raise _UnreadableMember(f"it cannot be unpacked: {error}") from error
    budget.spend(len(body))
    return body


def _url(path: Path) -> str:
    return f"file://{_quoted(os.path.abspath(path))}"


def _quoted(name: str) -> str:
    # A name that is not UTF-8 contains lone surrogates; its bytes are the original ones.
    return quote(os.fsencode(name))
