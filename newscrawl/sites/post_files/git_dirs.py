"""Finds where the history of a checkout begins, without running git.

Nothing in a git directory is trusted: object ids and names of refs are validated, files are read up
to a size, links are not followed out of it. Its configuration is never read.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from newscrawl.sites.post_files.contained import ContainedFolder, LeadsOut

MAX_LINE = 4096
"""Bytes of HEAD, of a ref and of a ``.git`` file: each is one line, with a name or a path."""
MAX_LIST = 16 << 20
"""Bytes of ``packed-refs`` and ``shallow``: some 200,000 lines."""
MAX_HOPS = 5
"""Symbolic refs in a row, as in git."""
_ID = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
# As git-check-ref-format has it: no dots in a row or at the start of a name, no special character.
_REF = re.compile(rb"refs(?!.*\.\.)(?:/(?!\.)(?![^/]*\.lock(?:/|\Z))[^\0-\x20\x7f~^:?*\[\\/]+)+")


class NoHistory(Exception):
    """The history cannot be read; the message says why, and what to do."""


class NoCheckout(NoHistory):
    """The folder is not in a git checkout."""


@dataclass(frozen=True, slots=True)
class History:
    """Where git has to begin, all of it validated."""

    objects: Path
    """The folder of the objects."""
    head: str
    """The id of the commit that is checked out: 40 hexadecimal digits, or 64 for SHA-256."""
    shallow: tuple[str, ...]
    """Ids of the commits whose parents a shallow clone has left out."""
    folder: str
    """The path of the folder in the checkout, ``.`` for all of it."""


def history_of(folder: Path, git_dir: Path | None = None) -> History:
    """Return where the history of *folder* begins.

    Its git directory is the first ``.git`` in it or above it, which has to belong to this user; or
    *git_dir*, which the user has named, and which may belong to anybody.

    :raises NoHistory: there is none, or it is not what git makes.
    """
    try:
        return _history(folder.resolve(), git_dir and git_dir.resolve())
    except OSError as error:
        raise NoHistory(f"the history of {folder} cannot be read: {error.strerror}") from error


def _history(folder: Path, git_dir: Path | None) -> History:
    top = next((each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")), None)
    if git_dir is None:
        if top is None:
            raise NoCheckout(f"{folder} is not in a git checkout")
        git_dir = _git_dir_of(top)
    common = _common(git_dir)
    _check_objects(common / "objects")
    return History(
        objects=common / "objects",
        head=_head(git_dir, common),
        shallow=_ids(common, "shallow"),
        folder=folder.relative_to(top or folder).as_posix(),
    )


def _git_dir_of(top: Path) -> Path:
    """Return the git directory that the ``.git`` of a checkout is, or names."""
    entry = top / ".git"
    mode = entry.lstat().st_mode
    if stat.S_ISDIR(mode):
        git_dir = entry
    elif stat.S_ISREG(mode):
        git_dir = _worktree(entry)
    else:
        raise NoHistory(f"{entry} is a link; if you trust what it leads to, name that by --git-dir")
    for path in (top, entry, git_dir, _common(git_dir)):
        if not _is_ours(path):
            raise NoHistory(
                f"{path} belongs to another user; if you trust it, add --git-dir {git_dir}"
            )
    return git_dir


def _worktree(entry: Path) -> Path:
    """Return the git directory that a worktree's ``.git`` file names, if that knows the worktree.

    A submodule's does not say where its checkout is, but in its configuration.
    """
    words = _read(ContainedFolder(entry.parent), entry.name, MAX_LINE) or b""
    named = os.fsdecode(words.removeprefix(b"gitdir:").strip())
    git_dir = Path(os.path.realpath(entry.parent / named))
    if words.startswith(b"gitdir:") and git_dir.parent.name == "worktrees":
        back = _read(ContainedFolder(git_dir), "gitdir", MAX_LINE) or b""
        if os.path.realpath(git_dir / os.fsdecode(back.strip())) == str(entry):
            return git_dir
    raise NoHistory(
        f"{entry} is a file that names a git directory elsewhere, as a submodule has it; if you "
        "trust that directory, name it by --git-dir"
    )


def _common(git_dir: Path) -> Path:
    """Return the directory of objects and refs: a worktree shares its repository's."""
    is_worktree = git_dir.parent.name == "worktrees" and os.path.lexists(git_dir / "commondir")
    return git_dir.parent.parent if is_worktree else git_dir


def _is_ours(path: Path) -> bool:
    """Whether git would trust the owner of *path*: this user, or who became root by sudo."""
    if not hasattr(os, "geteuid"):
        return True
    owner, user = path.lstat().st_uid, os.geteuid()
    return owner == user or (user == 0 and str(owner) == os.environ.get("SUDO_UID"))


def _check_objects(objects: Path) -> None:
    """Look that all objects lie in this folder: git would follow links, and wait for a pipe.

    :raises NoHistory: some do not.
    """
    for path in (str(objects), *_folders(objects)):
        with os.scandir(path) as entries:
            odd = next((each.path for each in entries if not _is_plain(each)), None)
        if odd is not None:
            raise NoHistory(f"{odd} is a link or a device, where git has files")
    if os.path.lexists(objects / "info" / "alternates"):
        raise NoHistory(
            f"some of its objects lie elsewhere, as {objects / 'info' / 'alternates'} says; "
            "git repack -a -d collects them, then remove that file"
        )


def _folders(objects: Path) -> list[str]:
    if objects.is_symlink() or not objects.is_dir():
        raise NoHistory(f"{objects} is not a folder: this is not a git directory")
    with os.scandir(objects) as entries:
        return [each.path for each in entries if each.is_dir(follow_symlinks=False)]


def _is_plain(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)


def _head(git_dir: Path, common: Path) -> str:
    """Return the id of the commit that is checked out."""
    name, line = "HEAD", _line(ContainedFolder(git_dir), "HEAD")
    if line is None:
        raise NoHistory(f"{git_dir} has no HEAD: this is not a git directory")
    refs = ContainedFolder(common)
    for _ in range(MAX_HOPS + 1):
        if _ID.fullmatch(line):
            return line.decode()
        name = _ref(name, line)
        found = _line(refs, name) or _packed(refs, name)
        if found is None:
            raise NoHistory(f"{name} has no commit yet")
        line = found
    raise NoHistory(f"HEAD leads through more than {MAX_HOPS} symbolic refs")


def _ref(name: str, line: bytes) -> str:
    """Return the name that the symbolic ref *name* holds."""
    target = line.removeprefix(b"ref:").strip()
    if not line.startswith(b"ref:") or not _REF.fullmatch(target):
        raise NoHistory(f"{name} holds {line[:80]!r}, where git has an object id or ref: refs/…")
    return os.fsdecode(target)


def _packed(refs: ContainedFolder, name: str) -> bytes | None:
    wanted = os.fsencode(name)
    for line in (_read(refs, "packed-refs", MAX_LIST) or b"").splitlines():
        id_, _, ref = line.partition(b" ")
        if ref == wanted:
            return id_
    return None


def _ids(common: Path, name: str) -> tuple[str, ...]:
    lines = (_read(ContainedFolder(common), name, MAX_LIST) or b"").split()
    odd = next((line for line in lines if not _ID.fullmatch(line)), None)
    if odd is not None:
        raise NoHistory(f"{common / name} holds {odd[:80]!r}, where git has object ids")
    return tuple(line.decode() for line in lines)


def _line(folder: ContainedFolder, name: str) -> bytes | None:
    text = _read(folder, name, MAX_LINE)
    return None if text is None else text.strip()


def _read(folder: ContainedFolder, name: str, most: int) -> bytes | None:
    """Return a file of a git directory; None where there is none."""
    try:
        text = folder.read(folder.target(name), most + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except LeadsOut as error:
        raise NoHistory(f"its {name} cannot be read: {error}") from error
    if text is not None and (len(text) > most or b"\0" in text):
        raise NoHistory(f"its {name} has more than {most} bytes, or a zero byte")
    return text
