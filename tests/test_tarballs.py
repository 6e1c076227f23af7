"""Tarballs as a stream: every file of good ones, and a sentence for bad ones."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from newscrawl.sites.post_files import tarballs
from newscrawl.sites.post_files.tarballs import Bomb, Budget, DamagedTarball, members

FILES = {"_posts/a.md": b"one", "_posts/b.md": b"", "_posts/" + "c" * 150 + ".md": "三".encode()}


def make(path: Path, mode: str = "w", **files: bytes) -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]  # the mode is a variable
        folder = tarfile.TarInfo("_posts")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in (files or FILES).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def everything(name: str) -> bool:
    return True


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_files_come_whatever_packs_them(tmp_path: Path, mode: str) -> None:
    path = make(tmp_path / "posts", mode)  # its bytes tell, not its name
    assert dict(members(path, everything)) == FILES


def test_only_what_is_wanted_is_read(tmp_path: Path) -> None:
    path = make(tmp_path / "posts.tar")
    found = dict(members(path, lambda name: name.endswith("a.md")))
    assert found == {name: b"one" if name.endswith("a.md") else None for name in FILES}


def test_links_have_no_bytes(tmp_path: Path) -> None:
    path = tmp_path / "posts.tar"
    with tarfile.open(path, "w") as tar:
        for type_ in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo(f"_posts/{type_.decode()}.md")
            info.type, info.linkname = type_, "/etc/passwd"
            tar.addfile(info)
    assert [content for _, content in members(path, everything)] == [None] * 4


def test_a_long_file_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarballs, "MAX_BYTES", 10)
    path = make(tmp_path / "posts.tar", a=b"x" * 50, b=b"y")
    assert dict(members(path, everything)) == {"a": b"x" * 11, "b": b"y"}


def test_what_comes_before_a_broken_end_is_read(tmp_path: Path) -> None:
    path = make(tmp_path / "posts.tar", a=b"one", b=b"x" * 4000)
    path.write_bytes(path.read_bytes()[:3000])
    reading = members(path, everything)
    assert next(reading) == ("a", b"one")
    with pytest.raises(DamagedTarball, match="is damaged after 1 files"):
        next(reading)


def test_noise_is_not_a_tarball(tmp_path: Path) -> None:
    path = tmp_path / "posts.tar"
    path.write_bytes(b"noise" * 1000)
    with pytest.raises(DamagedTarball, match="after 0 files"):
        list(members(path, everything))


def test_an_empty_tarball_has_no_files(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "posts.tar", "w"):
        pass
    assert list(members(tmp_path / "posts.tar", everything)) == []


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(members(tmp_path / "none.tar", everything))


def test_a_budget_is_a_ratio_and_a_minimum() -> None:
    budget = Budget(lambda: 1 << 20)
    budget.spend(tarballs.FREE_BYTES)
    budget.spend((tarballs.MAX_RATIO << 20) - tarballs.FREE_BYTES)
    with pytest.raises(Bomb, match="decompression bomb"):
        budget.spend(1)


def test_a_bomb_stops_after_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarballs, "FREE_BYTES", 100_000)
    path = make(tmp_path / "posts.tar.gz", "w:gz", a=b"one", b=bytes(5_000_000))
    with pytest.raises(Bomb, match=r"reading .* stopped after \d files: it unpacks to more"):
        list(members(path, everything))
