"""Lists and reads what is in an untrusted folder, and nothing outside of it."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

# Neither follow a link that was put there a moment ago nor wait for the writer of a pipe.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_DIRECTORY", 0)


class LeadsOut(Exception):
    """A path that leaves the folder by a symbolic link."""

    def __init__(self) -> None:
        super().__init__("it is a symbolic link that points outside the folder")


class _Entry(NamedTuple):
    """What a folder holds, asked while the folder is open."""

    name: str
    is_link: bool
    is_folder: bool

    @classmethod
    def of(cls, entry: os.DirEntry[str]) -> Self:
        return cls(entry.name, entry.is_symlink(), entry.is_dir(follow_symlinks=False))


class ContainedFolder:
    """A folder whose symbolic links are followed only as long as they stay inside it.

    Paths are relative to the folder and separated by ``/``.
    """

    def __init__(self, path: Path) -> None:
        """Take the folder that *path* leads to: the user named it, so a link is followed."""
        self._root = os.path.realpath(path)
        self._walked: set[str] = set()

    def target(self, path: str) -> str:
        """Return *path* with its links resolved, as a path in the folder; it need not exist.

        :raises LeadsOut: it is not inside.
        """
        real = os.path.realpath(os.path.join(self._root, path))
        if real == self._root:
            return "."
        root = self._root.rstrip(os.sep) + os.sep
        if not real.startswith(root):
            raise LeadsOut
        return real.removeprefix(root).replace(os.sep, "/")

    def read(self, target: str, most: int) -> bytes | None:
        """Return at most *most* bytes of a file; None for what is not a regular file.

        *target* is from :meth:`target`. Devices, pipes and sockets are never opened.

        :raises LeadsOut: meanwhile something was replaced by a link.
        :raises OSError: it cannot be read.
        """
        with self._folder(os.path.dirname(target)) as (folder, at):
            path = os.path.join(folder, os.path.basename(target))
            seen = os.lstat(path, dir_fd=at)
            if not stat.S_ISREG(seen.st_mode):
                return None
            with open(os.open(path, _FLAGS, dir_fd=at), "rb") as file:
                # Only what was looked at is read, and only while no folder on the way is a link. A
                # new file may have the number of one that was removed.
                opened = os.fstat(file.fileno())
                is_same = stat.S_ISREG(opened.st_mode) and os.path.samestat(opened, seen)
                if not is_same or self.target(target) != target:
                    raise LeadsOut
                return file.read(most)

    @contextmanager
    def _folder(self, target: str) -> Iterator[tuple[str, int | None]]:
        """Give a path of a folder, and the open folder to which it is relative.

        Each folder on the way is opened in the one before, and none by a link: one that is put
        there and taken away again while a path is followed would not be seen afterwards.

        :raises LeadsOut: meanwhile a folder was replaced by a link.
        """
        if os.open not in os.supports_dir_fd:
            yield os.path.join(self._root, target), None
            return
        opened = os.open(self._root, _FOLDER_FLAGS)
        try:
            for name in target.split("/") if target not in ("", ".") else ():
                try:
                    below = os.open(name, _FOLDER_FLAGS, dir_fd=opened)
                except OSError as error:
                    if error.errno in (errno.ENOTDIR, errno.ELOOP):
                        raise LeadsOut from error
                    raise
                os.close(opened)
                opened = below
            yield ".", opened
        finally:
            os.close(opened)

    def files(self, tops: Iterable[str]) -> Iterator[tuple[str, LeadsOut | OSError | None]]:
        """Give the path of everything below *tops* that is not a folder, in the order of names.

        A folder is listed once for each ContainedFolder, by its own path rather than by a link to
        it. Folders whose names begin with a dot are left out. Links that point outside, and folders
        that cannot be listed, come with the error.
        """
        waiting = deque(tops)
        while waiting:
            yield from self._files(waiting.popleft(), waiting)

    def _files(
        self, top: str, links: deque[str]
    ) -> Iterator[tuple[str, LeadsOut | OSError | None]]:
        """Give what is below *top*; add the links to folders that are met to *links*."""
        stack = [top]  # a stack: folders may be nested deeper than functions
        while stack:
            folder = stack.pop()
            try:
                entries = self._entries(folder)
            except (LeadsOut, OSError) as error:
                yield folder, error
                continue
            folders = []
            for entry in entries:
                path = entry.name if folder == "." else f"{folder}/{entry.name}"
                try:
                    is_folder = self._is_folder(path, entry)
                except (LeadsOut, OSError) as error:
                    yield path, error
                    continue
                if not is_folder:
                    yield path, None
                elif entry.is_link:
                    links.append(path)
                else:
                    folders.append(path)
            stack.extend(reversed(folders))

    def _entries(self, folder: str) -> list[_Entry]:
        """Return what a folder holds, in the order of names; nothing the second time."""
        target = self.target(folder)
        if target in self._walked or _is_hidden(target):
            return []
        self._walked.add(target)
        with self._folder(target) as (path, at), os.scandir(path if at is None else at) as entries:
            return [_Entry.of(each) for each in sorted(entries, key=lambda each: each.name)]

    def _is_folder(self, path: str, entry: _Entry) -> bool:
        """Tell folders from the rest without asking for anything outside."""
        if not entry.is_link:
            return entry.is_folder
        return os.path.isdir(os.path.join(self._root, self.target(path)))


def _is_hidden(path: str) -> bool:
    return path != "." and any(name.startswith(".") for name in path.split("/"))
