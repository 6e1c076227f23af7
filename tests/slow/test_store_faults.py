"""Every call by which a run uses the archive's files, made to fail; and a table of misfortunes.

The calls are counted and failed by tests/fault_shim.c, in whole runs of ``newscrawl crawl posts``.
A spread of them unless NEWSCRAWL_FAULTS says how many of each situation and fault; ``all`` is all.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from archives import article, fill, page
from crawls import ROOT, assert_balanced, dump, query
from samplesite import Site
from samplesite.server import Answers
from samplesite.server import Fault as Slow
from samplesite.server import Server as Mirror

from newscrawl.runs import verify
from newscrawl.runs.outcome import Exit
from newscrawl.store.connections import PAGE_SIZE, open_for_reading
from newscrawl.store.errors import StoreError
from newscrawl.store.schema import SCHEMA_VERSION

Serving = Callable[[Answers], Mirror]

TESTS = Path(__file__).parents[1]
FAULTS = os.environ.get("NEWSCRAWL_FAULTS", "2")

# -- runs under the shim -----------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """What happens to the n-th call; see tests/fault_shim.c."""

    action: int
    error: int
    reads: bool
    """Whether calls that read count, too."""
    exits: frozenset[int]
    """How the run may end. Good only if all of it is stored: some calls may fail without harm."""
    letters: str = ""
    """First letters of the calls that it is tried on; empty for all."""


BAD = frozenset({Exit.OK, Exit.STORE})
KINDS = {
    "fails once": Fault(0, errno.EIO, True, BAD),
    "disk is gone": Fault(1, errno.EIO, False, BAD),
    "disk is full": Fault(2, errno.ENOSPC, False, BAD),
    "half a write, then full": Fault(3, errno.ENOSPC, False, BAD, "pw"),
    "half a write, then the rest": Fault(4, errno.EIO, False, frozenset({Exit.OK}), "pw"),
    "half a write, then killed": Fault(5, errno.EIO, False, frozenset({-9})),
}


class Server:
    """Runs command lines in forks of one process that has the shim."""

    def __init__(self, shim: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(TESTS / "fork_server.py")], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            # Loading the certificates would take half of a run's time; posts need no network.
            env={**os.environ, "LD_PRELOAD": str(shim), "SSL_CERT_FILE": os.devnull,
                 "SSL_CERT_DIR": os.devnull},
        )  # fmt: skip

    def run(self, path: Path, words: list[str], fault: Fault | None, at: int = 0) -> dict[str, Any]:
        """Run ``newscrawl`` with a fault at the n-th call on *path*'s files; 0 only counts."""
        action, error, reads = (fault.action, fault.error, fault.reads) if fault else (0, 0, False)
        request = {"words": words, "path": str(path), "fault": [at, error, action, reads]}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate(timeout=10)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not sys.platform.startswith("linux"):
        pytest.skip("LD_PRELOAD is of Linux")
    shim = tmp_path_factory.mktemp("shim") / "fault_shim.so"
    source = TESTS / "fault_shim.c"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", shim, source],
        check=True,
    )
    made = Server(shim)
    yield made
    made.close()


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two folders of posts: ``first``, and ``second`` with some of them, edited, and others."""
    folder = tmp_path_factory.mktemp("posts")
    files = [(Path(name).name, body) for name, body in Site(articles=14).posts()]
    for each, some in (("first", files[:5]), ("second", files[2:9])):
        (folder / each).mkdir()
        for name, body in some:
            if each == "second" and name in dict(files[:4]):
                body = body.replace("。".encode(), "。更正。".encode(), 1)
            (folder / each / name).write_bytes(body)
    return {each: folder / each for each in ("first", "second")}


SITUATIONS = ("a new archive", "a second run")


@pytest.fixture(params=SITUATIONS, scope="module")
def situation(
    request: pytest.FixtureRequest, server: Server, posts: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Situation]:  # fmt: skip
    memory = Path("/dev/shm")  # noqa: S108  the disk's own fsync would take most of the time
    folder = memory if memory.is_dir() else tmp_path_factory.getbasetemp()
    folder = Path(tempfile.mkdtemp(dir=folder, prefix="newscrawl-faults-"))
    before = folder / "before" / "news.db"
    before.parent.mkdir()
    source = posts["second"]
    if request.param == "a new archive":
        source = posts["first"]
    else:
        assert server.run(before, _load(before, posts["first"]), None)["exit"] == Exit.OK
    yield Situation(server, folder, source)
    shutil.rmtree(folder)


def _load(db: Path, source: Path) -> list[str]:
    return ["crawl", "posts", str(source), "--db", str(db), "-s", "NEWSCRAWL_BATCH_PAGES=3"]


class Situation:
    """An archive as it is before a run, the run, and what it comes to undisturbed."""

    def __init__(self, server: Server, folder: Path, source: Path) -> None:
        self.server, self.source = server, source
        self.before = folder / "before"
        self.path = folder / "disturbed" / "news.db"
        self.path.parent.mkdir()
        self.words = _load(self.path, source)
        self.calls: dict[bool, str] = {}
        for reads in (False, True):
            self.restore()
            done = server.run(self.path, self.words, Fault(0, 0, reads, frozenset()))
            assert done["exit"] == Exit.OK, done
            self.calls[reads] = done["calls"]
        self.stored_before = self.stored(self.before / "news.db")
        self.expected = contents(self.path)
        self.uncounted = uncounted(self.path)

    def restore(self) -> None:
        """Put the files back as they were before the run."""
        shutil.rmtree(self.path.parent)
        shutil.copytree(self.before, self.path.parent)

    def moments(self, fault: Fault, number: int) -> list[int]:
        """Which calls are to fail: all, or a spread of them."""
        calls = [
            number
            for number, letter in enumerate(self.calls[fault.reads], 1)
            if letter in (fault.letters or letter)
        ]
        if FAULTS == "all":
            return calls
        step = max(1, len(calls) // int(FAULTS))
        return calls[step * number // len(KINDS) :: step]  # others for each kind of fault

    def disturb(self, fault: Fault, at: int) -> dict[str, Any]:
        self.restore()
        return self.server.run(self.path, self.words, fault, at)

    def stored(self, path: Path) -> int:
        """New and changed articles of all runs, or of the ledgers before there was one."""
        if not path.exists():
            return 0
        return int(query(path, "SELECT coalesce(sum(new + changed), 0) FROM runs")[0][0])


def uncounted(path: Path) -> int:
    """Return how many articles no run has counted; the kept archive of schema 1 has some."""
    found = "SELECT (SELECT count(*) FROM articles) - (SELECT coalesce(sum(new), 0) FROM runs)"
    return int(query(path, found)[0][0])


def contents(path: Path) -> dict[str, list[Any]]:
    """Return all rows, without what depends on when and in how many runs they came."""
    return dump(path, without=(
        "seq", "first_seq", "first_seen_at", "changed_at", "last_seen_at", "replaced_at", "id",
        "run_id",
    ))  # fmt: skip


def look_at_what_is_left(situation: Situation, committed: int) -> str:
    """Check the file as the fault left it; return how far the run was."""
    path = situation.path
    if not path.exists() or not path.stat().st_size:
        assert situation.stored_before == committed == 0
        return "before the file"
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        version = db.execute("PRAGMA user_version").fetchone()[0]
    if version < SCHEMA_VERSION:
        assert committed == 0
        return "before the tables"
    with closing(open_for_reading(path)) as db:
        assert list(verify.find_problems(db)) == []
        run = db.execute("SELECT * FROM runs ORDER BY id DESC LIMIT 1").fetchone()
        if run is None:
            return "before the run"
        assert_balanced(dict(run), interrupted=True)
    # An article is known only in the transaction that counted it.
    assert uncounted(path) == situation.uncounted
    assert situation.stored(path) >= situation.stored_before + committed
    return str(run["outcome"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_call_may_fail(situation: Situation, kind: str) -> None:
    fault, ends = KINDS[kind], Counter[str]()
    for at in situation.moments(fault, list(KINDS).index(kind)):
        done = situation.disturb(fault, at)
        where = f"{kind}, call {at}: {done}"
        try:
            assert done["hit"] or fault.exits == {-9}
            assert done["exit"] in fault.exits
            assert "Traceback" not in done["said"]
            left = look_at_what_is_left(situation, done["committed"])
            if done["exit"] == Exit.OK:
                assert left == "ok"
                assert contents(situation.path) == situation.expected
            elif done["exit"] == Exit.STORE:
                last = done["said"].strip().splitlines()[-1]
                assert re.search(
                    r"(Run (\d+ finished|did not start): store: .*\.|Error: .*\.)$", last
                ), last
            ends[f"{done['exit']} {left}"] += 1
            healed = situation.server.run(situation.path, situation.words, None)
            assert healed["exit"] == Exit.OK, healed
            assert contents(situation.path) == situation.expected
            look_at_what_is_left(situation, 0)
        except Exception as error:
            raise AssertionError(where) from error
    print(f"{kind}: {sum(ends.values())} calls: {dict(ends)}")
    assert ends


# -- misfortunes -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(server: Server, posts: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive at rest."""
    path = tmp_path_factory.mktemp("whole") / "news.db"
    assert server.run(path, _load(path, posts["first"]), None)["exit"] == Exit.OK
    return path


@pytest.fixture
def db(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copy(whole, tmp_path / "news.db"))


def sql(*statements: str) -> Callable[[Path], None]:
    def do(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as stranger:
            for each in statements:
                stranger.execute(each)

    return do


def zeros(first: int, pages: int) -> Callable[[Path], None]:
    """Overwrite pages of the file, as a disk that forgets."""

    def do(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(first)
            file.write(bytes(pages * PAGE_SIZE))

    return do


def flip(place: int) -> Callable[[Path], None]:
    def do(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 0xFF]))

    return do


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def text(path: Path) -> None:
    path.write_text("Dear diary")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


STORE, CRASHED, OK = Exit.STORE, Exit.CRASHED, Exit.OK
DAMAGED = r"is damaged\. `newscrawl verify --repair`"
LOST = r"has lost mentions: the schema was altered\. Nothing was written"
NEWER = r"written by a later newscrawl \(schema 99.*left as it is; upgrade newscrawl"
Ending = tuple[Exit, str]
MISFORTUNES: dict[str, tuple[Callable[[Path], None], dict[str, Ending]]] = {
    "a file of a newer version": (sql("PRAGMA user_version = 99"), {
        "crawl": (STORE, NEWER), "verify": (STORE, NEWER), "list": (STORE, NEWER),
        "backup": (STORE, NEWER), "repair": (STORE, NEWER),
    }),
    "a table dropped": (sql("DROP TABLE mentions"), {
        "crawl": (STORE, LOST), "verify": (CRASHED, "tables: the table mentions is missing"),
        "export": (STORE, LOST), "list": (STORE, LOST), "backup": (STORE, LOST),
        "repair": (OK, r"Lost: the table mentions was not there: its rows are gone\."),
    }),
    "the articles dropped": (sql("DROP TABLE articles"), {
        "crawl": (STORE, "has lost articles"), "verify": (CRASHED, "the table articles is missing"),
        "list": (STORE, "has lost articles"),
    }),
    "the search index dropped": (sql("DROP TABLE articles_fts"), {
        "search": (STORE, "no such table: articles_fts"),
        "crawl": (STORE, "no such table: .*articles_fts.*`newscrawl verify`"),
        "verify": (CRASHED, "--repair rebuilds"), "repair": (OK, "is OK"),
    }),
    "the last number lost": (sql("DELETE FROM meta"), {
        "crawl": (OK, "finished: ok"), "verify": (CRASHED, "meta says none"),
        "repair": (OK, "is OK"),
    }),
    "articles deleted": (
        sql("DELETE FROM articles WHERE first_seq = 1"),
        {"verify": (CRASHED, r"ledger: runs have stored \d+ articles, and \d+ are here")},
    ),
    "a flipped byte in the header": (flip(2), {
        "crawl": (STORE, "not an SQLite file"), "verify": (STORE, "not an SQLite file"),
    }),
    "a flipped byte in the first page's tree": (flip(100), {
        "crawl": (STORE, DAMAGED), "list": (STORE, DAMAGED), "backup": (STORE, DAMAGED),
        "verify": (CRASHED, "file: SQLite says"), "repair": (STORE, DAMAGED),
    }),
    "pages lost": (zeros(PAGE_SIZE * 3, 6), {
        "verify": (CRASHED, "file: SQLite says"),
        "repair": (OK, r"its rows were put into a new file.*is OK"),
        "backup": (STORE, "copy is not whole|damaged"),
    }),
    "half of the file": (cut, {
        "crawl": (STORE, DAMAGED), "verify": (STORE, DAMAGED), "list": (STORE, DAMAGED),
    }),
    "a text in its place": (text, {
        "crawl": (STORE, "not an SQLite file"), "verify": (STORE, "not an SQLite file"),
        "backup": (STORE, "not an SQLite file"), "list": (STORE, "not an SQLite file"),
    }),
    "an empty file in its place": (empty, {
        "verify": (STORE, "is empty"), "list": (STORE, "is empty"), "backup": (STORE, "is empty"),
    }),
    "a folder in its place": (folder, {
        "crawl": (STORE, "is a folder"), "verify": (STORE, "is a folder"),
        "list": (STORE, "is a folder"), "backup": (STORE, "is a folder"),
    }),
    "another program's file": (sql("PRAGMA application_id = 7"), {
        "crawl": (STORE, "another program"), "verify": (STORE, "another program"),
        "list": (STORE, "another program"), "backup": (STORE, "another program"),
    }),
    "no file": (Path.unlink, {
        "verify": (STORE, "There is no archive"), "list": (STORE, "There is no archive"),
        "backup": (STORE, "There is no archive"), "repair": (STORE, "There is no archive"),
    }),
}  # fmt: skip
CASES = [(name, word) for name, (_, endings) in MISFORTUNES.items() for word in endings]


@pytest.mark.parametrize(("name", "word"), CASES)
def test_misfortunes(
    server: Server, posts: dict[str, Path], db: Path, name: str, word: str
) -> None:
    befall, endings = MISFORTUNES[name]
    exits, says = endings[word]
    befall(db)
    before = db.read_bytes() if db.is_file() else None
    words = {
        "crawl": _load(db, posts["second"]),
        "repair": ["verify", "--repair", "--db", str(db)],
        "backup": ["backup", str(db.with_name("copy.db")), "--db", str(db)],
        "export": ["export", "--format", "jsonl", "--db", str(db)],
        "search": ["search", "公司", "--db", str(db)],
    }.get(word, [word, "--db", str(db)])
    done = server.run(db, words, None)
    assert done["exit"] == exits, done
    assert re.search(says, done["out"] + done["said"].replace("\n", " ")), done
    assert "Traceback" not in done["said"]
    if exits is not Exit.OK:
        assert not db.with_name("copy.db").exists()
        if before is not None and name != "the search index dropped":
            assert db.read_bytes() == before  # not touched


# -- the file is taken away under a run --------------------------------------------------------


def delete(path: Path) -> None:
    path.unlink()


def move(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def replace(path: Path) -> None:
    other = path.with_name("other.db")
    fill(other, article(page()))
    other.replace(path)


def delete_log(path: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


def codes(path: Path) -> set[str]:
    with closing(open_for_reading(path)) as archive:
        return {code for (code,) in archive.execute("SELECT id FROM articles")}


@pytest.mark.parametrize("take_away", [delete, move, replace, delete_log])
def test_file_taken_away_under_a_run(
    serving: Serving, tmp_path: Path, take_away: Callable[[Path], None]
) -> None:
    site, path = Site(articles=120), tmp_path / "news.db"
    mirror = serving(site)
    for truth in site.truths():
        for each in truth.paths:
            mirror.faults[each] = Slow(delay=0.05)
    program = str(Path(sys.executable).with_name("newscrawl"))
    run = subprocess.Popen(
        [program, "crawl", "category", "--db", str(path), "--base-url", mirror.url, "--delay", "0",
         "-s", "NEWSCRAWL_BATCH_PAGES=10"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    stored = 0
    while stored < 10 and run.poll() is None:
        time.sleep(0.1)
        with suppress(sqlite3.Error):
            stored = query(path, "SELECT count(*) FROM articles")[0][0] if path.exists() else 0
    take_away(path)
    left = path.read_bytes() if path.exists() else None
    if take_away is replace and run.poll() is None:
        with pytest.raises(StoreError, match=r"was not written for this news\.db"):
            open_for_reading(path)  # until the run's end its log lies beside a file not its own
    _, said = run.communicate(timeout=60)
    assert (run.returncode, "Traceback" in said) == (Exit.STORE, False), said
    [kept] = tmp_path.glob("news.db.rescued-*")
    assert re.search(
        rf"finished: store: {path}(-wal)? was (deleted, or moved away,|replaced by another file) "
        rf"while it was being written\. All that was committed until then is kept in {kept}\.",
        said,
    ), said
    assert query(kept, "SELECT count(*) FROM articles")[0][0] >= stored >= 10
    with closing(open_for_reading(kept)) as archive:
        assert list(verify.find_problems(archive)) == []
    if take_away is replace:
        assert path.read_bytes() == left  # not touched
    if take_away is move:  # what the run had committed is in the file, wherever that is
        assert len(codes(path.with_name("moved.db"))) == len(codes(kept))
    # No log of the run's is left for SQLite to add to another file.
    assert not [each for each in tmp_path.glob("news.db-*") if each.stat().st_size]
    if take_away is not delete_log:
        assert not list(tmp_path.glob("news.db-*"))


# -- real disks --------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """A file system of a given size: called again, it gets another size, or is read-only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = False

    def mount(*options: str) -> Path:
        nonlocal mounted
        words = ["mount", "-t", "tmpfs", "-o", ",".join(options), "newscrawl-test", str(folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(
                f"no file system can be mounted here ({done.stderr.strip()}); a full disk is made "
                "by max_page_count in tests/test_run.py, and by the shim above"
            )
        mounted = True
        return folder

    yield mount
    if mounted:
        subprocess.run(["umount", folder], check=True)


def test_disk_that_is_full(
    server: Server, posts: dict[str, Path], whole: Path, disk: Callable[..., Path], tmp_path: Path
) -> None:
    expected = Path(shutil.copy(whole, tmp_path / "expected.db"))
    assert server.run(expected, _load(expected, posts["second"]), None)["exit"] == Exit.OK
    room = whole.stat().st_size + (700 << 10)
    path = Path(shutil.copy(whole, disk(f"size={room}") / "news.db"))
    before = query(path, "SELECT count(*) FROM articles")[0][0]
    done = server.run(path, _load(path, posts["second"]), None)
    assert done["exit"] == Exit.STORE, done
    assert re.search(
        r"Run (\d+ finished|did not start): store: The disk is full: .* Free some space",
        done["said"],
    )
    assert "Traceback" not in done["said"]
    assert query(path, "SELECT count(*) FROM articles")[0][0] >= before
    with closing(open_for_reading(path)) as archive:
        assert list(verify.find_problems(archive)) == []
    disk("remount", "size=64m")
    assert server.run(path, _load(path, posts["second"]), None)["exit"] == Exit.OK
    assert contents(path) == contents(expected)


def test_disk_that_has_no_room_for_a_copy(
    server: Server, whole: Path, disk: Callable[..., Path]
) -> None:
    size = whole.stat().st_size
    copy = Path(shutil.copy(whole, disk(f"size={size + size // 2}") / "copy.db"))
    before = copy.read_bytes()
    done = server.run(whole, ["backup", str(copy), "--db", str(whole)], None)
    assert (done["exit"], "The disk is full" in done["said"]) == (Exit.STORE, True), done
    assert copy.read_bytes() == before
    assert [each.name for each in copy.parent.iterdir()] == ["copy.db"]


def test_disk_that_is_read_only(
    server: Server, posts: dict[str, Path], whole: Path, disk: Callable[..., Path], tmp_path: Path
) -> None:
    path = Path(shutil.copy(whole, disk("size=64m") / "news.db"))
    disk("remount", "ro")
    for words, exits, says in (
        (_load(path, posts["second"]), Exit.STORE, "is read-only for this user"),
        (["verify", "--repair", "--db", str(path)], Exit.OK, "is OK"),
        (["list", "--db", str(path)], Exit.OK, ""),
        (["backup", str(tmp_path / "copy.db"), "--db", str(path)], Exit.OK, "copied to"),
        (["backup", str(path.with_name("copy.db")), "--db", str(path)], Exit.STORE, "read-only"),
    ):
        done = server.run(path, words, None)
        assert (done["exit"], says in done["said"]) == (exits, True), done
        assert "Traceback" not in done["said"]


def test_every_call_of_a_backup_may_fail(server: Server, whole: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "copy.db"
    copy.parent.mkdir()
    words = ["backup", str(copy), "--db", str(whole)]
    # All files of the folder: the copy grows under a name of its own.
    calls = server.run(copy.parent, words, Fault(0, 0, False, BAD))["calls"]
    expected = dump(whole)
    step = 1 if FAULTS == "all" else max(1, len(calls) // int(FAULTS))
    ends = Counter[int]()
    for kind in ("fails once", "disk is full"):
        for at in range(1, len(calls) + 1, step):
            copy.write_bytes(b"")
            shutil.copy(whole, copy)
            sql("UPDATE articles SET title = 'an older copy'")(copy)
            older = copy.read_bytes()
            done = server.run(copy.parent, words, KINDS[kind], at)
            assert done["exit"] in BAD, (at, done)
            assert "Traceback" not in done["said"], (at, done)
            if done["exit"] == Exit.STORE:
                assert copy.read_bytes() == older, (at, done)
            else:
                assert dump(copy) == expected, (at, done)
            assert [each.name for each in copy.parent.iterdir()] == ["copy.db"], (at, done)
            ends[done["exit"]] += 1
    print(f"a backup: {sum(ends.values())} calls: {dict(ends)}")


def test_every_call_of_a_restore_may_fail(server: Server, whole: Path, tmp_path: Path) -> None:
    """The archive is as it was, or the copy; what was there is never gone."""
    db, backup = tmp_path / "data" / "news.db", tmp_path / "backup.db"
    db.parent.mkdir()
    words = ["restore", str(backup), "--db", str(db)]
    shutil.copy(whole, backup)
    sql("UPDATE articles SET title = 'the copy'")(backup)
    copy, before = dump(backup), dump(whole)
    shutil.copy(whole, db)
    # All files of the folder: the copy, and the file under its other name, have names of their own.
    calls = server.run(db.parent, words, Fault(0, 0, False, BAD))["calls"]
    step = 1 if FAULTS == "all" else max(1, len(calls) // (2 * int(FAULTS)))
    ends = Counter[int]()
    for kind in ("fails once", "disk is full", "half a write, then killed"):
        for at in range(1, len(calls) + 1, step):
            shutil.rmtree(db.parent)
            db.parent.mkdir()
            shutil.copy(whole, db)
            done = server.run(db.parent, words, KINDS[kind], at)
            assert done["exit"] in (*BAD, -9), (at, done)
            assert "Traceback" not in done["said"], (at, done)
            kept = list(db.parent.glob("news.db.before-restore-*"))
            if dump(db) == copy:
                assert [dump(each) for each in kept] == [before], (at, done)
            else:
                assert dump(db) == before, (at, done)
                assert done["exit"] != Exit.OK, (at, done)
            if done["exit"] != -9:
                assert not list(db.parent.glob(".news.db.copy-*")), (at, done)
            ends[done["exit"]] += 1
            healed = server.run(db.parent, words, None)
            assert (healed["exit"], dump(db)) == (Exit.OK, copy), (at, healed)
            assert not list(db.parent.glob(".news.db.copy-*")), at
    print(f"a restore: {sum(ends.values())} calls: {dict(ends)}")
