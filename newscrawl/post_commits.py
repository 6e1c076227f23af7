"""When the files of a git checkout were committed."""

from __future__ import annotations

import datetime
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_MARK = b"\x01"


class NoHistory(Exception):
    """The folder is no git checkout, or git cannot read it; the message says which."""


def commit_times(folder: Path) -> dict[str, str]:
    """Return when each file below *folder* was last committed, in UTC, by its path in *folder*.

    One pass over the history, which needs some 200 bytes a file. Blocks: a long history takes
    minutes. In a shallow clone every file has at least the time of its oldest commit.

    :raises NoHistory: there is none to read.
    """
    command = [
        "git", "--no-pager", "-C", str(folder), "-c", "core.quotePath=false",
        "log", f"--format={_MARK.decode()}%cI", "--name-only", "--no-renames", "--diff-filter=d",
        # A checkout of somebody else's may name programs of its own in its configuration.
        "--no-show-signature", "--no-ext-diff", "--relative", "-z", "--", ".",
    ]  # fmt: skip
    if not any((each / ".git").exists() for each in (folder.resolve(), *folder.resolve().parents)):
        raise NoHistory(f"{folder} is no git checkout")
    try:
        git = subprocess.Popen(  # noqa: S603  the command is ours, folder is no option
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise NoHistory(f"git cannot be run: {error.strerror}") from error
    with git:
        output, errors = git.stdout, git.stderr
        assert output is not None  # noqa: S101  it is a pipe
        assert errors is not None  # noqa: S101  it is a pipe
        found = _newest(iter(lambda: output.read(1 << 16), b""))
        complaint = errors.read().decode("utf-8", "replace").strip()
    if git.returncode:
        raise NoHistory(f"git cannot read the history of {folder}: {complaint[:200]}")
    return found


def _newest(chunks: Iterator[bytes]) -> dict[str, str]:
    """Read git's words, each ended by a zero byte: a time, then the files of that commit."""
    found: dict[str, str] = {}
    time, rest = "", b""
    for chunk in chunks:
        *words, rest = (rest + chunk).split(b"\0")
        for word in words:
            if word.startswith(_MARK):
                at = datetime.datetime.fromisoformat(word[1:].decode())
                time = at.astimezone(datetime.UTC).isoformat()
            elif name := os.fsdecode(word.removeprefix(b"\n")):
                found.setdefault(name, time)
    return found
