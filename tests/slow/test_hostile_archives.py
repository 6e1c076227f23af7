"""Archives of posts that a stranger made to fill memory, to last, or to end the load."""

from __future__ import annotations

import bz2
import lzma
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from post_files import NAME, post

from newscrawl.sites.post_files.folders import (
    DamagedTarball,
    Found,
    Left,
    Lost,
    PostFile,
    files,
)
from newscrawl.sites.post_files.tarballs import Bomb

ZEROS = 200 << 20
"""Bytes to which a small member unpacks."""
MUCH = 64 << 20
"""Bytes of memory that reading an archive never takes: a file may have 20 MB."""


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE, **fields: bytes) -> bytes:
    """Return a header of a tar, with bytes in its fields by their places, such as ``at_482``."""
    info = tarfile.TarInfo(name)
    info.size = size
    made = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    made[156:157] = kind
    for place, value in fields.items():
        at = int(place.removeprefix("at_"))
        made[at : at + len(value)] = value
    made[148:156] = b" " * 8
    made[148:156] = b"%06o\0 " % sum(made)
    return bytes(made)


def padded(body: bytes) -> bytes:
    return body + bytes(-len(body) % tarfile.BLOCKSIZE)


def pax(kind: bytes = tarfile.XHDTYPE, **fields: bytes) -> bytes:
    """Return a pax header; two underscores in the name of a field are a dot."""
    body = b""
    for name, value in fields.items():
        rest = b" %s=%s\n" % (name.replace("__", ".").encode(), value)
        size = len(rest) + len(str(len(rest) + 3))
        size = len(rest) + len(str(size))
        body += str(size).encode() + rest
    return header("pax", len(body), kind) + padded(body)


OK = header(NAME, len(post())) + padded(post())
END = bytes(2 * tarfile.BLOCKSIZE)
MAP_1_0 = {"GNU__sparse__major": b"1", "GNU__sparse__minor": b"0", "GNU__sparse__name": b"a.md"}


def read(path: Path) -> tuple[list[Found], DamagedTarball | None]:
    """Return what an archive gives, and why it was left before its end, without much memory."""
    found: list[Found] = []
    damage = None
    tracemalloc.start()
    try:
        found.extend(files(path))
    except DamagedTarball as error:
        damage = error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MUCH
    return found, damage


def is_good(found: Found) -> bool:
    return isinstance(found, PostFile) and found.body == post()


def test_headers_said_for_all_files_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "posts.tar"
    with path.open("wb") as file:
        for number in range(100):
            file.write(pax(tarfile.XGLTYPE, **{f"field{number}": b"x" * 1_000_000}) + OK)
        file.write(END)
    found, damage = read(path)
    assert (len(found), all(map(is_good, found)), damage) == (100, True, None)


@pytest.mark.parametrize(
    "one",
    [
        pax(comment=b"x"),
        pax(tarfile.XGLTYPE, comment=b"x"),
        header("././@LongLink", 5, tarfile.GNUTYPE_LONGNAME) + padded(b"a.md\0"),
        header("././@LongLink", 5, tarfile.GNUTYPE_LONGLINK) + padded(b"a.md\0"),
    ],
)
def test_headers_in_a_row(tmp_path: Path, one: bytes) -> None:
    path = tmp_path / "posts.tar"
    path.write_bytes(OK + 4 * one + OK + 3000 * one + OK + END)
    found, damage = read(path)
    assert len(found) == 2
    assert isinstance(damage, Bomb)
    assert "headers in a row" in str(damage)


def test_maps_of_files_with_holes_are_passed_by(tmp_path: Path) -> None:
    """One has as many entries as fit into 30 MB, the other is a number of 30 MB."""
    old = b"00000000001\0" * 42 + b"\1" + bytes(7)
    last = bytes(tarfile.BLOCKSIZE)
    many = b"99999999\n" + b"0\n" * (15 << 20)
    path = tmp_path / "posts.tar"
    with path.open("wb") as file:
        file.write(header("a.md", 0, tarfile.GNUTYPE_SPARSE, at_482=b"\1") + old * (60 << 10))
        file.write(last + OK)
        for body in (many, b"3" * (30 << 20)):
            file.write(pax(**MAP_1_0) + header("a.md", len(body)) + padded(body) + OK)
        file.write(END)
    found, damage = read(path)
    assert damage is None
    assert [is_good(each) for each in found] == [False, True] * 3
    assert all(isinstance(each, Left) for each in found[::2])


def test_a_map_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "posts.tar"
    path.write_bytes(OK + header("a.md", 0, tarfile.GNUTYPE_SPARSE, at_482=b"\1"))
    found, damage = read(path)
    assert (len(found), damage is not None) == (1, True)


def zip_of(path: Path, name: bytes, method: int, packed: bytes, size: int) -> Path:
    """Write a zip of one member as given, and one good post."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(NAME, post())
    whole = path.read_bytes()
    start = whole.index(b"PK\1\2")
    end = whole.index(b"PK\5\6")
    common = struct.pack("<HHHHHIIIHH", 63, 0, method, 0, 0, 0, len(packed), size, len(name), 0)
    local = b"PK\3\4" + common + name + packed
    listed = b"PK\1\2\x3f\0" + common + bytes(10) + struct.pack("<I", start) + name
    path.write_bytes(
        whole[:start] + local + listed + whole[start:end]
        + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 2, 2, len(listed) + end - start,
                      start + len(local), 0)
    )  # fmt: skip
    return path


def _bzip2() -> bytes:
    packer = bz2.BZ2Compressor()
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(ZEROS >> 20)) + packer.flush()


def _lzma() -> bytes:
    # Dictionary of 64 KB, and zipfile's own few bytes before it.
    packer = lzma.LZMACompressor(
        lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}]
    )
    zeros = b"".join(packer.compress(bytes(1 << 20)) for _ in range(ZEROS >> 20)) + packer.flush()
    return struct.pack("<BBHBI", 9, 4, 5, 93, 1 << 16) + zeros


@pytest.mark.parametrize(
    ("method", "packed"), [(zipfile.ZIP_BZIP2, _bzip2), (zipfile.ZIP_LZMA, _lzma)]
)
def test_a_member_that_unpacks_without_a_bound(
    tmp_path: Path, method: int, packed: Callable[[], bytes]
) -> None:
    path = zip_of(tmp_path / "posts.zip", b"a.md", method, packed(), ZEROS)
    found, damage = read(path)
    assert [type(each) for each in found] == [Lost, PostFile]
    assert damage is None


def test_a_member_without_a_name(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "posts.zip", b"", zipfile.ZIP_STORED, b"x", 1)
    found, damage = read(path)
    assert [type(each) for each in found] == [Left, PostFile]
    assert damage is None


def test_a_list_of_members_longer_than_memory(tmp_path: Path) -> None:
    """A file with a gap of 100 GB, of which its end says that it is the list."""
    path = tmp_path / "posts.zip"
    size = 100 << 30
    with path.open("wb") as file:
        file.seek(size)
        file.write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, size, 0))
        file.write(struct.pack("<4sLQL", b"PK\6\7", 0, size, 1))
        file.write(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, *[0xFFFF] * 2, *[0xFFFFFFFF] * 2, 0))
    found, damage = read(path)
    assert found == []
    assert "its list of members has" in str(damage)


def test_deflated_and_stored_members_are_read(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = tmp_path / f"{method}.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr(NAME, post())
        found, damage = read(path)
        assert ([is_good(each) for each in found], damage) == ([True], None)
