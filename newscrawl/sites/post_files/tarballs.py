"""Reads tarballs as a stream, in constant memory whatever is in them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from typing import Self

MAX_BYTES = 20 << 20
"""Bytes of a file: the longest post of the mirror has some 100 KB."""
MAX_RATIO = 200
"""Unpacked bytes for one packed: posts have 3 to 10, a bomb has a thousand."""
FREE_BYTES = 100 << 20
"""Unpacked bytes from which on the ratio counts."""
_BLOCK = 1 << 15
"""Bytes that are unpacked at a time."""
_MAX_HEADER = 1 << 20
"""Bytes of a header that tarfile would read whole, such as a long name."""
_MAX_IN_A_ROW = 8
"""Such headers before one file: a long name, a long link and two of pax are four. Tarfile calls
itself for each."""

_DAMAGES = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)


class DamagedTarball(Exception):
    """A tarball that cannot be read to its end; the message says why, and after how many files."""


class Bomb(DamagedTarball):
    """A tarball that unpacks to much more than its size."""


class Budget:
    """How many bytes a tarball may still unpack to."""

    def __init__(self, packed: Callable[[], int]) -> None:
        """Begin; *packed* returns how many bytes the tarball has, or has so far."""
        self._packed = packed
        self._spent = 0

    def spend(self, count: int) -> None:
        """Count unpacked bytes.

        :raises Bomb: they are too many for the tarball's size.
        """
        self._spent += count
        if self._spent > max(FREE_BYTES, MAX_RATIO * self._packed()):
            raise Bomb(
                f"it unpacks to more than {MAX_RATIO} times its size, {self._spent >> 20} MB by "
                "now, as a decompression bomb does"
            )


class _Archive(tarfile.TarFile):
    """An archive that counts the headers that come before a file."""

    in_a_row = 0


class _Header(tarfile.TarInfo):
    """A header that is read whole only if it is small, and never ends a tarball silently."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read a header; of a plain file only what is asked for, in a third of tarfile's time.

        Tarfile would read nine fields more, and sum up each header twice.
        """
        plain = cls._plain(buf, encoding, errors)
        header = super().frombuf(buf, encoding, errors) if plain is None else plain
        if header.size < 0:
            raise tarfile.InvalidHeaderError("negative size")  # type: ignore[attr-defined]  # no stub
        return header

    @classmethod
    def _plain(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self | None:
        if len(buf) != tarfile.BLOCKSIZE or buf[156:157] != tarfile.REGTYPE:
            return None
        nti, nts = tarfile.nti, tarfile.nts  # type: ignore[attr-defined]  # no stub
        # The sum is taken with spaces in its own place.
        if nti(buf[148:156]) != sum(buf) - sum(buf[148:156]) + 8 * ord(" "):
            return None
        name, prefix = nts(buf[:100], encoding, errors), nts(buf[345:500], encoding, errors)
        header = cls(f"{prefix}/{name}" if prefix else name)
        header.size = nti(buf[124:136])
        return header

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise  # the mark at a tarball's end
        except tarfile.HeaderError as error:
            raise DamagedTarball(str(error)) from error

    def _proc_member(self, archive: _Archive) -> tarfile.TarInfo:
        archive.in_a_row = archive.in_a_row + 1 if self.type in _READ_WHOLE else 0
        if archive.in_a_row and self.size > _MAX_HEADER:
            raise Bomb(f"a header of {self.size} bytes, where names have a few hundred")
        if archive.in_a_row > _MAX_IN_A_ROW:
            raise Bomb(f"more than {_MAX_IN_A_ROW} headers in a row, where a file has one or two")
        return super()._proc_member(archive)  # type: ignore[misc,no-any-return]

    def _proc_sparse(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        """Pass by the map of a file with gaps: no post has one, and it may have no end."""
        stream = archive.fileobj
        is_longer = self._sparse_structs[1]  # type: ignore[attr-defined]  # no stub
        while is_longer:
            block = stream.read(tarfile.BLOCKSIZE)
            if len(block) < tarfile.BLOCKSIZE:
                raise tarfile.ReadError("unexpected end of data")
            is_longer = block[504] != 0
        self.sparse = b""
        self.offset_data = stream.tell()
        archive.offset = self.offset_data + self._block(self.size)  # type: ignore[attr-defined]
        return self

    def _proc_gnusparse_10(self, member: tarfile.TarInfo, *_: object) -> None:
        """Leave the map of a file with gaps, of the newer kind, to be passed by with the file."""
        member.sparse = b""


_READ_WHOLE = (
    tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)  # fmt: skip


class _Metered(io.RawIOBase):
    """A stream that counts what is read against a budget."""

    def __init__(self, stream: IO[bytes], budget: Budget) -> None:
        self._stream, self._budget = stream, budget
        self._has_ended = False

    def read(self, size: int = -1) -> bytes:
        # Bytes before a damaged end are returned; the error is raised by the next read.
        data = self._stream.read1(size)  # type: ignore[attr-defined]  # not in IO
        if not data and self._has_ended:
            # Tarfile would skip a member of an exabyte block by block, behind the end.
            raise tarfile.ReadError("unexpected end of data")
        self._has_ended = not data
        self._budget.spend(len(data))
        return cast("bytes", data)


def members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes | None]]:
    """Yield the name of each member that is not a folder, and its bytes, at most MAX_BYTES + 1.

    The bytes are None where *wanted*, asked with the name, says no, and for links and devices.

    Raises Damaged after what could be read; OSError where the file cannot be opened.
    """
    count = 0
    with path.open("rb") as file:
        packed = _Counted(file)
        try:
            # In stream mode tarfile never seeks, and reads in blocks.
            with _Archive.open(
                fileobj=_Metered(_unpacked(packed), Budget(lambda: packed.count)),
                mode="r|",
                tarinfo=_Header,
                bufsize=_BLOCK,
            ) as archive:
                while (member := archive.next()) is not None:
                    # It would keep every header it has met, and what was said for all files.
                    archive.members.clear()  # type: ignore[attr-defined]
                    archive.pax_headers.clear()  # type: ignore[attr-defined]
                    if not member.isdir():
                        yield member.name, _bytes(archive, member, wanted)
                        count += 1
        except Bomb as error:
            raise Bomb(f"reading {path} stopped after {count} files: {error}") from error
        except (DamagedTarball, *_DAMAGES) as error:
            raise DamagedTarball(f"{path} is damaged after {count} files: {error}") from error


class _Counted(io.RawIOBase):
    """A file or a pipe that counts the bytes that are read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


def _unpacked(packed: _Counted) -> IO[bytes]:
    """The stream in a file: by its first bytes, since names lie."""
    file = io.BufferedReader(packed, _BLOCK)
    begin = file.peek(8)
    if begin.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file, mode="rb"))
    if begin.startswith(b"BZh"):
        return cast("IO[bytes]", bz2.BZ2File(file))
    if begin.startswith(b"\xfd7zXZ\x00"):
        return cast("IO[bytes]", lzma.LZMAFile(file))
    return file


def _bytes(
    archive: tarfile.TarFile, member: tarfile.TarInfo, wanted: Callable[[str], bool]
) -> bytes | None:
    if not member.isreg() or member.issparse() or not wanted(member.name):
        return None
    # Not by extractfile(), which builds three objects for each member.
    size = min(member.size, MAX_BYTES + 1)
    archive.fileobj.seek(member.offset_data)
    content: bytes = archive.fileobj.read(size)
    if len(content) < size:
        raise tarfile.ReadError("unexpected end of data")
    return content
