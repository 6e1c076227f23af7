"""Reads from git when the files of a checkout were committed.

Git runs on an empty git directory of our own that uses the checkout's objects. What else the
checkout's git directory contains is untrusted, and git would run the programs that it names: in its
configuration, hooks and lazy fetches; see docs/decisions/0013.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import io
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

from newscrawl.sites.post_files.git_dirs import History, NoHistory, history_of

if sys.platform == "linux":
    import resource

logger = logging.getLogger(__name__)

MAX_SECONDS = 600.0
"""A history of 100,000 commits takes git less than a minute; one that never ends is left."""
MAX_NAMES = 256 << 20
"""Bytes of memory for the names of files: a million files. An untrusted history may name
more than any disk holds, in a few bytes."""
MAX_NAME = 1 << 16
"""Bytes of one name: no system can have a file with a longer one."""
MAX_MEMORY = 2 << 30
"""Bytes of memory of git. It keeps the words of each commit that waits for its turn, and a few KB
hold many commits of as many words as one object may have."""
EARLIEST = datetime.datetime(1990, 1, 1, tzinfo=datetime.UTC)
"""Earlier commit times are ignored: git is from 2005, and there were no posts in 1990."""
_PER_FILE = 200
_COMPLAINT = 2000

_LOG = (
    "git", "--no-pager", "log", "--format==%ct %H", "--raw", "-z", "--abbrev=64", "--no-renames",
    "--diff-filter=d", "--no-show-signature", "--no-ext-diff", "--no-textconv", "--no-notes",
    "--no-mailmap", "--no-color",
)  # fmt: skip
_HEADER = re.compile(rb"=(\d{1,12}) ([0-9a-f]{40}|[0-9a-f]{64})")
_CONFIG = """\
[core]
\trepositoryformatversion = {version}
\tbare = true
\tcommitGraph = false
\tmultiPackIndex = false
{extensions}"""
_SHA256 = "[extensions]\n\tobjectFormat = sha256\n"


async def commit_times(
    folder: Path, git_dir: Path | None = None, seconds: float = MAX_SECONDS
) -> dict[str, str]:
    """Return when each file below *folder* was last committed, in UTC, by its path in *folder*.

    One pass over the history, which needs some 200 bytes a file. A file whose last commit has a
    time that cannot be, such as one in the future, is left out. So is one whose last commit is the
    first of a shallow clone: that holds all files, whenever they were committed. *git_dir* is as
    :func:`history_of` has it.

    :raises NoHistory: there is none to read, or git takes more than *seconds*.
    """
    history = history_of(folder, git_dir)
    try:
        with tempfile.TemporaryDirectory(prefix="newscrawl-git-") as own:
            _make(Path(own), history)
            return await _log(own, history, folder, seconds)
    except OSError as error:
        raise NoHistory(f"git cannot be run: {error.strerror}") from error


def _make(own: Path, history: History) -> None:
    """Make a git directory that holds nothing but where the history is cut off."""
    is_sha256 = len(history.head) == 64
    (own / "objects").mkdir()
    (own / "refs").mkdir()
    (own / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
    config = _CONFIG.format(version=int(is_sha256), extensions=_SHA256 if is_sha256 else "")
    (own / "config").write_text(config, encoding="ascii")
    if history.shallow:
        lines = "".join(f"{id_}\n" for id_ in history.shallow)
        (own / "shallow").write_text(lines, encoding="ascii")


def _environment(own: str, history: History) -> dict[str, str]:
    """Return the environment of git: nothing in it or in the user's files alters what git does."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "LC_ALL": "C",
        "GIT_DIR": own,
        "GIT_OBJECT_DIRECTORY": str(history.objects),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        # One object that unpacks to more ends git, not the machine's memory.
        "GIT_ALLOC_LIMIT": "512m",
    }


async def _log(own: str, history: History, folder: Path, seconds: float) -> dict[str, str]:
    """Run git, and return what it says; whatever happens, it has ended afterwards."""
    git = subprocess.Popen(  # noqa: S603  the command is ours, the rest is validated
        [*_LOG, history.head, "--", history.folder],
        cwd=own,
        env=_environment(own, history),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A session of its own: Ctrl-C is ours to pass on, and all of it can be ended.
        start_new_session=True,
    )
    _bound_memory(git)
    log = _Log(history)
    reading = asyncio.ensure_future(asyncio.to_thread(_read, git, log))
    try:
        async with asyncio.timeout(seconds):
            code, said = await asyncio.shield(reading)
    except TimeoutError as error:
        raise NoHistory(f"git took more than {seconds:g} seconds for {folder}") from error
    finally:
        _kill(git)
        await asyncio.gather(reading, return_exceptions=True)
    if code:
        raise NoHistory(f"git cannot read the history of {folder}: {said[:200]}")
    if log.cut_off:
        logger.warning(
            "%s is a shallow clone: %d of its files count as observed when they were published, "
            "since its oldest commit does not tell when they were written; "
            "`git fetch --unshallow` gets the times", folder, log.cut_off,
        )  # fmt: skip
    return log.times()


def _bound_memory(git: subprocess.Popen[bytes]) -> None:
    """Let git end where it would take more; the packs that it looks into do not count."""
    if sys.platform == "linux":
        # Where it has ended already, or has less by itself, nothing is to be done.
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(git.pid, resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))


def _kill(git: subprocess.Popen[bytes]) -> None:
    """End git and what it may have started, if it has not ended."""
    if git.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(git.pid, signal.SIGKILL)
        else:
            git.kill()


def _read(git: subprocess.Popen[bytes], log: _Log) -> tuple[int, str]:
    """Feed the log with what git prints; return its exit code and the begin of its complaints."""
    said = bytearray()
    with git:
        complaints = threading.Thread(target=_keep_begin, args=(_pipe(git.stderr), said))
        complaints.start()
        try:
            for chunk in iter(lambda: _pipe(git.stdout).read1(1 << 16), b""):
                log.feed(chunk)
        except BaseException:
            _kill(git)
            raise
        finally:
            complaints.join()
    return git.returncode, said.decode("utf-8", "replace").strip()


def _pipe(stream: IO[bytes] | None) -> io.BufferedReader:
    assert isinstance(stream, io.BufferedReader)  # noqa: S101  it is a pipe
    return stream


def _keep_begin(stream: io.BufferedReader, begin: bytearray) -> None:
    """Read a stream to its end: git may complain without an end, and would wait for a reader."""
    while chunk := stream.read1(1 << 16):
        begin += chunk[: _COMPLAINT - len(begin)]


class _Log:
    """Takes apart what ``git log --raw -z`` prints: words, each ended by a zero byte.

    A commit is ``=``, its time and its id; each of its files is a word that begins with a colon,
    and then the name, whatever that is: a word is never taken for another kind by its name.
    """

    def __init__(self, history: History) -> None:
        self._prefix = b"" if history.folder == "." else os.fsencode(f"{history.folder}/")
        self._shallow = {id_.encode() for id_ in history.shallow}
        self.cut_off = 0
        """Files of which no commit is there but the first of a shallow clone."""
        self._is_cut_off = False
        self._now = int(datetime.datetime.now(datetime.UTC).timestamp())
        self._found: dict[bytes, str | None] = {}
        self._time: str | None = None
        self._is_name = False
        self._rest = b""
        self._room = MAX_NAMES

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes.

        :raises NoHistory: git prints something else, or too much.
        """
        *words, self._rest = (self._rest + chunk).split(b"\0")
        if len(self._rest) > MAX_NAME:
            raise NoHistory(f"its history has a name of more than {MAX_NAME} bytes")
        for word in words:
            if self._is_name:
                self._add(word)
                self._is_name = False
            elif word.startswith(b"="):
                self._time = self._believed(word)
            elif word.startswith((b":", b"\n:")):
                self._is_name = True
            else:
                raise NoHistory(f"git prints {word[:80]!r}, which this version does not know")

    def times(self) -> dict[str, str]:
        """Return the time of each file, by its name; without those that are not believed."""
        return {os.fsdecode(name): time for name, time in self._found.items() if time is not None}

    def _add(self, path: bytes) -> None:
        name = path.removeprefix(self._prefix)
        if name in self._found or not path.startswith(self._prefix):
            return
        self._room -= len(name) + _PER_FILE
        if self._room < 0:
            raise NoHistory(f"the names of its files take more than {MAX_NAMES >> 20} MB")
        self._found[name] = self._time
        self.cut_off += self._is_cut_off

    def _believed(self, word: bytes) -> str | None:
        header = _HEADER.fullmatch(word)
        self._is_cut_off = header is not None and header[2] in self._shallow
        if header is None or self._is_cut_off:
            return None
        if not EARLIEST.timestamp() <= int(header[1]) <= self._now:
            return None
        return datetime.datetime.fromtimestamp(int(header[1]), datetime.UTC).isoformat()
