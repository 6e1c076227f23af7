"""Commit times of checkouts, honest and hostile: nothing that a git directory names is run."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import query
from post_files import NAME, commit, counted, folder, git, load, post

from newscrawl.runs.outcome import Exit
from newscrawl.sites.post_files import history
from newscrawl.sites.post_files.git_dirs import NoCheckout, NoHistory, history_of
from newscrawl.sites.post_files.history import commit_times

DAY = "2022-05-30T15:00:00+00:00"
PUBLISHED = "2022-05-30T14:00:29+00:00"


def checkout(path: Path, text: str = "一段。") -> Path:
    """Return a checkout with one post and one commit, of DAY."""
    commit(folder(path, [(NAME, post(text))]), DAY)
    return path


# -- nothing is run ------------------------------------------------------------------------------


@dataclass
class Trap:
    """A checkout whose git directory names a program, and the git command that would run it."""

    root: Path
    program: str

    def config(self, **values: str) -> None:
        """Set variables; two underscores are a dot."""
        for name, value in values.items():
            git(self.root, "config", name.replace("__", "."), value)

    def partial(self, **values: str) -> tuple[str, ...]:
        """Make it a partial clone that lacks a tree, which git would fetch."""
        tree = git(self.root, "rev-parse", "HEAD^{tree}")
        (self.root / ".git/objects" / tree[:2] / tree[2:]).unlink()
        git(self.root, "config", "core.repositoryFormatVersion", "1")
        self.config(extensions__partialClone="origin", remote__origin__promisor="true", **values)
        return ("log", "--name-only")


def _uploadpack(trap: Trap) -> tuple[str, ...]:
    return trap.partial(remote__origin__url=str(trap.root), remote__origin__uploadpack=trap.program)


def _ext(trap: Trap) -> tuple[str, ...]:
    return trap.partial(protocol__ext__allow="always", remote__origin__url=f"ext::{trap.program}")


def _ssh(trap: Trap) -> tuple[str, ...]:
    return trap.partial(remote__origin__url="ssh://127.0.0.1/y", core__sshCommand=trap.program)


def _proxy(trap: Trap) -> tuple[str, ...]:
    return trap.partial(remote__origin__url="git://127.0.0.1/y", core__gitProxy=trap.program)


def _fsmonitor(trap: Trap) -> tuple[str, ...]:
    trap.config(core__fsmonitor=trap.program)
    return ("status",)


def _include(trap: Trap) -> tuple[str, ...]:
    (trap.root / "more").write_text(f"[core]\n\tfsmonitor = {trap.program}\n")
    trap.config(include__path="../more")
    return ("status",)


def _worktree_config(trap: Trap) -> tuple[str, ...]:
    trap.config(core__repositoryFormatVersion="1", extensions__worktreeConfig="true")
    (trap.root / ".git/config.worktree").write_text(f"[core]\n\tfsmonitor = {trap.program}\n")
    return ("status",)


def _hooks(trap: Trap) -> tuple[str, ...]:
    (trap.root / "hooks").mkdir()
    for hook in ("pre-commit", "post-checkout", "post-index-change", "reference-transaction"):
        (trap.root / "hooks" / hook).symlink_to(trap.program)
    trap.config(core__hooksPath=str(trap.root / "hooks"))
    return ("commit", "--allow-empty", "-m", "x")


def _signature(trap: Trap) -> tuple[str, ...]:
    signed = git(trap.root, "cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n -----END PGP SIGNATURE-----\n\n", 1
    )
    rewrite(trap.root, lambda _: signed)
    trap.config(log__showSignature="true", gpg__program=trap.program)
    return ("log",)


def _diff(trap: Trap) -> tuple[str, ...]:
    (trap.root / ".git/info").mkdir(exist_ok=True)
    (trap.root / ".git/info/attributes").write_text("* diff=x\n")
    trap.config(diff__external=trap.program, diff__x__command=trap.program)
    return ("log", "-p", "--ext-diff")


def _textconv(trap: Trap) -> tuple[str, ...]:
    (trap.root / ".git/info").mkdir(exist_ok=True)
    (trap.root / ".git/info/attributes").write_text("* diff=x\n")
    trap.config(diff__x__textconv=trap.program)
    return ("log", "-p")


def _filter(trap: Trap) -> tuple[str, ...]:
    (trap.root / ".gitattributes").write_text("* filter=x\n")
    trap.config(filter__x__clean=trap.program)
    (trap.root / "x").write_text("x")
    return ("add", "x")


def _alternate_refs(trap: Trap) -> tuple[str, ...]:
    other = checkout(trap.root.parent / "other")
    (trap.root / ".git/objects/info/alternates").write_text(f"{other}/.git/objects\n")
    trap.config(core__alternateRefsCommand=trap.program)
    return ("log", "--alternate-refs")


def _credentials(trap: Trap) -> tuple[str, ...]:
    trap.config(credential__helper=trap.program, core__askPass=trap.program)
    asked = r"!printf 'protocol=https\nhost=x\n\n' | git credential fill"
    return ("-c", f"alias.x={asked}", "x")


def _pager(trap: Trap) -> None:
    # Git starts it on a terminal only.
    trap.config(core__pager=trap.program, pager__log=trap.program)


TRAPS: dict[str, Callable[[Trap], tuple[str, ...] | None]] = {
    "uploadpack": _uploadpack,
    "ext": _ext,
    "ssh": _ssh,
    "proxy": _proxy,
    "fsmonitor": _fsmonitor,
    "include": _include,
    "worktree_config": _worktree_config,
    "hooks": _hooks,
    "signature": _signature,
    "diff": _diff,
    "textconv": _textconv,
    "filter": _filter,
    "alternate_refs": _alternate_refs,
    "credentials": _credentials,
    "pager": _pager,
}


def program(tmp_path: Path) -> tuple[str, Path]:
    """Return a program that leaves a file, and that file."""
    path, ran = tmp_path / "program", tmp_path / "ran"
    path.write_text(f"#!/bin/sh\n: > '{ran}'\nexit 1\n")
    path.chmod(0o755)
    return str(path), ran


@pytest.mark.parametrize("name", TRAPS)
async def test_no_program_of_a_checkout_is_run(tmp_path: Path, name: str) -> None:
    path, ran = program(tmp_path)
    root = checkout(tmp_path / "finews")
    would_run = TRAPS[name](Trap(root, path))
    ran.unlink(missing_ok=True)  # what made the trap may have run it
    outcome = await load(tmp_path / "news.db", root)
    assert outcome.exit is Exit.OK, outcome
    assert counted(tmp_path / "news.db")["new"] == 1
    assert not ran.exists()
    if would_run is not None:
        git(root, *would_run, check=False)
        assert ran.exists(), "git itself does not run it: this trap shows nothing"


async def test_no_repository_that_is_hidden_in_a_folder_is_found(tmp_path: Path) -> None:
    """A clone brings a bare repository as plain files, with the configuration of its maker."""
    path, ran = program(tmp_path)
    inner = checkout(tmp_path / "inner")
    hidden = Trap(inner, path)
    hidden.config(core__bare="true")
    hidden.partial(remote__origin__url=str(inner), remote__origin__uploadpack=path)
    root = checkout(tmp_path / "finews")
    for name in ("HEAD", "config", "objects", "refs"):
        (inner / ".git" / name).rename(root / "_posts" / name)
    outcome = await load(tmp_path / "news.db", root / "_posts")
    assert outcome.exit is Exit.OK, outcome
    assert query(tmp_path / "news.db", "SELECT observed_at FROM observations") == [(DAY,)]
    assert not ran.exists()
    git(root / "_posts", "log", "--name-only", check=False)
    assert ran.exists()


async def test_the_environment_does_not_alter_what_git_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = checkout(tmp_path / "finews")
    path, ran = program(tmp_path)
    for name, value in {
        "GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere", "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": path, "GIT_SHALLOW_FILE": "/x",
        "GIT_EXTERNAL_DIFF": path, "GIT_PAGER": path, "GIT_TRACE": str(ran),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert await commit_times(root) == {NAME: DAY}
    assert not ran.exists()


# -- what git directories look like --------------------------------------------------------------


def rewrite(root: Path, edit: Callable[[str], str]) -> None:
    """Replace the last commit by another, which git would not make."""
    text = edit(git(root, "cat-file", "commit", "HEAD"))
    done = subprocess.run(
        ["git", "-C", str(root), "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        input=text.encode(), capture_output=True, check=True,
    )  # fmt: skip
    git(root, "update-ref", "HEAD", done.stdout.decode().strip())


def _many_grafts(root: Path) -> None:
    (root / ".git/info").mkdir(exist_ok=True)
    (root / ".git/info/grafts").write_text("this is not a graft, and git says so\n" * 4000)


def _replaced(root: Path) -> None:
    head = git(root, "rev-parse", "HEAD")
    git(root, "update-ref", f"refs/replace/{head}", git(root, "rev-parse", "HEAD^{tree}"))


def _broken_refs(root: Path) -> None:
    for number in range(4000):
        (root / f".git/refs/heads/broken-{number}").write_text("nonsense")
    git(root, "config", "log.decorate", "full")


def _garbled(name: str, text: str) -> Callable[[Path], object]:
    def garble(root: Path) -> None:
        path = root / ".git" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return garble


def _chain(root: Path) -> None:
    for number in range(5):
        (root / f".git/refs/heads/{number}").write_text(f"ref: refs/heads/{number + 1}\n")
    (root / ".git/refs/heads/5").write_text(git(root, "rev-parse", "HEAD"))
    (root / ".git/HEAD").write_text("ref: refs/heads/1\n")


def _worktree(root: Path) -> None:
    git(root, "init", "-q", "../main")
    (root / ".git").rename(root.parent / "aside")
    commit(folder(root.parent / "main", [(NAME, post())]), DAY)
    (root / NAME).unlink()
    (root / "_posts").rmdir()
    root.rmdir()
    git(root.parent / "main", "worktree", "add", "-q", str(root))


READABLE: dict[str, Callable[[Path], object]] = {
    "as git made it": lambda root: None,
    "packed refs": lambda root: git(root, "pack-refs", "--all"),
    "packed objects": lambda root: git(root, "gc", "-q"),
    "detached": lambda root: git(root, "checkout", "-q", "--detach"),
    "a chain of refs": _chain,
    "a worktree": _worktree,
    "grafts": _many_grafts,
    "replaced": _replaced,
    "broken refs": _broken_refs,
    "an invalid configuration": _garbled("config", "[[[[\n"),
    "a format of the future": _garbled("config", "[core]\nrepositoryformatversion = 99\n"),
    "an invalid commit graph": _garbled("objects/info/commit-graph", "CGPH" + "x" * 2000),
    "an invalid pack index": _garbled("objects/pack/multi-pack-index", "MIDX" + "x" * 2000),
    "an invalid index": _garbled("index", "DIRC"),
}


@pytest.mark.parametrize("kind", READABLE)
async def test_histories_that_are_read(tmp_path: Path, kind: str) -> None:
    root = checkout(tmp_path / "finews")
    READABLE[kind](root)
    assert await commit_times(root) == {NAME: DAY}
    assert await commit_times(root / "_posts") == {NAME.removeprefix("_posts/"): DAY}


def _objects_elsewhere(root: Path) -> None:
    (root / ".git/objects").rename(root.parent / "objects")
    (root / ".git/objects").symlink_to(root.parent / "objects")


def _pack_elsewhere(root: Path) -> None:
    git(root, "gc", "-q")
    pack = next((root / ".git/objects/pack").glob("*.pack"))
    pack.rename(root.parent / "p")
    pack.symlink_to(root.parent / "p")


def _head_elsewhere(root: Path) -> None:
    (root.parent / "HEAD").write_text(git(root, "rev-parse", "HEAD"))
    (root / ".git/HEAD").unlink()
    (root / ".git/HEAD").symlink_to(root.parent / "HEAD")


def _ref_elsewhere(root: Path) -> None:
    (root.parent / "ref").write_text(git(root, "rev-parse", "HEAD"))
    (root / ".git/refs/heads/x").symlink_to(root.parent / "ref")
    (root / ".git/HEAD").write_text("ref: refs/heads/x\n")


def _head_is_a_pipe(root: Path) -> None:
    (root / ".git/HEAD").unlink()
    os.mkfifo(root / ".git/HEAD")


def _moved(root: Path) -> Path:
    return (root / ".git").rename(root.parent / "elsewhere")


def _link(root: Path) -> None:
    (root / ".git").symlink_to(_moved(root))


def _gitdir_file(root: Path) -> None:
    (root / ".git").write_text(f"gitdir: {_moved(root)}\n")


def _worktree_of_another(root: Path) -> None:
    """What a stranger can write: the repository does not know of the worktree."""
    other = checkout(root.parent / "other")
    git(other, "worktree", "add", "-q", str(root.parent / "tree"))
    _moved(root)
    (root / ".git").write_text(f"gitdir: {other}/.git/worktrees/tree\n")


def _gitdir_loop(root: Path) -> None:
    _moved(root)
    (root / "worktrees").symlink_to("worktrees")
    (root / ".git").write_text("gitdir: worktrees/x\n")


def _lacks_tree(root: Path) -> None:
    tree = git(root, "rev-parse", "HEAD^{tree}")
    (root / ".git/objects" / tree[:2] / tree[2:]).unlink()


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "unborn": (lambda root: git(root, "checkout", "-q", "--orphan", "x"), "has no commit yet"),
    "a loop": (_garbled("refs/heads/x", "ref: refs/heads/x"), ""),
    "a loop of two": (_garbled("refs/heads/x", "ref: refs/heads/y"), ""),
    "no HEAD": (lambda root: (root / ".git/HEAD").unlink(), "has no HEAD"),
    "a long HEAD": (_garbled("HEAD", "ref: refs/" + "x" * 5000), "more than 4096 bytes"),
    "zero bytes": (_garbled("HEAD", "ref: refs/heads/\0"), "zero byte"),
    "a ref outside": (_garbled("HEAD", "ref: refs/../../x"), "where git has an object id"),
    "a ref that is a path": (_garbled("HEAD", "ref: /etc/passwd"), "where git has an object id"),
    "a lock": (_garbled("HEAD", "ref: refs/heads/master.lock"), "where git has an object id"),
    "an option": (_garbled("HEAD", "--output=x"), "where git has an object id"),
    "half an id": (_garbled("HEAD", "0" * 39), "where git has an object id"),
    "no such commit": (_garbled("HEAD", "1" * 40), "git cannot read the history"),
    "no such commit, of SHA-256": (_garbled("HEAD", "1" * 64), "git cannot read the history"),
    "odd shallow": (_garbled("shallow", "x\n" * 4000), "where git has object ids"),
    "alternates": (_garbled("objects/info/alternates", "/x/objects\n"), "git repack -a -d"),
    "a tree is missing": (_lacks_tree, "git cannot read the history"),
    "objects elsewhere": (_objects_elsewhere, "is not a folder"),
    "a pack elsewhere": (_pack_elsewhere, "is a link or a device"),
    "an object that is a pipe": (
        lambda root: os.mkfifo(root / ".git/objects/pack/pack-x.idx"), "is a link or a device"
    ),
    "HEAD elsewhere": (_head_elsewhere, "points outside"),
    "a ref elsewhere": (_ref_elsewhere, "points outside"),
    "HEAD is a pipe": (_head_is_a_pipe, "has no HEAD"),
    "a link": (_link, "is a link; .* by --git-dir"),
    "a .git file": (_gitdir_file, "as a submodule has it; .* by --git-dir"),
    "a .git file that leads nowhere": (_gitdir_loop, "cannot be read: Too many"),
    "a worktree of another": (_worktree_of_another, "by --git-dir"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_histories_that_are_not_read(tmp_path: Path, kind: str) -> None:
    root = checkout(tmp_path / "finews")
    make, sentence = UNREADABLE[kind]
    make(root)
    if "loop" in kind:
        (root / ".git/refs/heads/y").write_text("ref: refs/heads/x")
        (root / ".git/HEAD").write_text("ref: refs/heads/x")
        sentence = "more than 5 symbolic refs"
    with pytest.raises(NoHistory, match=sentence):
        await commit_times(root)
    outcome = await load(tmp_path / "news.db", root)
    assert outcome.exit is Exit.OK, outcome
    assert query(tmp_path / "news.db", "SELECT observed_at FROM observations") == [(PUBLISHED,)]


async def test_what_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(NoCheckout, match="is not in a git checkout"):
        await commit_times(tmp_path)
    (tmp_path / ".git").mkdir()
    with pytest.raises(NoHistory, match="this is not a git directory"):
        await commit_times(tmp_path)


async def test_sha256(tmp_path: Path) -> None:
    root = folder(tmp_path / "finews", [(NAME, post())])
    git(root, "init", "-q", "--object-format=sha256")
    commit(root, DAY)
    assert len(history_of(root).head) == 64
    assert await commit_times(root) == {NAME: DAY}


async def test_the_first_commit_of_a_shallow_clone_is_no_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root, other = checkout(tmp_path / "finews"), "_posts/2022-05-02-NW202205020000000001.md"
    commit(folder(root, [(other, post("二"))]), "2022-06-01T00:00:00+00:00")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", "clone")
    assert history_of(tmp_path / "clone").shallow == (git(root, "rev-parse", "HEAD"),)
    assert await commit_times(tmp_path / "clone") == {}
    assert "2 of its files count as observed when they were published" in caplog.text
    commit(folder(root, [(other, post("三"))]), "2022-07-01T00:00:00+00:00")
    git(tmp_path / "clone", "pull", "-q", "--depth=2")
    assert await commit_times(tmp_path / "clone") == {other: "2022-07-01T00:00:00+00:00"}


async def test_an_old_file_of_a_shallow_clone_replaces_no_newer_page(tmp_path: Path) -> None:
    db, code = tmp_path / "news.db", "NW202205302396671645"
    seen = page(code, observed_at="2022-05-30T20:00:00+00:00")
    fill(db, article(seen, body_text="新文", published_at="2022-05-30T22:00:29+08:00"))
    root = folder(tmp_path / "finews", [(NAME, post("旧文"))])
    commit(root, "2022-06-01T00:00:00+00:00")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", "clone")
    assert (await load(db, tmp_path / "clone")).exit is Exit.OK
    assert query(db, "SELECT body_text FROM articles") == [("新文",)]


# -- whose it is ---------------------------------------------------------------------------------


def owners(root: Path) -> dict[str, Path]:
    """Return what has to belong to the user."""
    return {"checkout": root, "git directory": root / ".git"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
@pytest.mark.parametrize("what", ["checkout", "git directory"])
async def test_another_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    root = checkout(tmp_path / "finews")
    monkeypatch.delenv("SUDO_UID", raising=False)
    os.chown(owners(root)[what], 4321, 4321)
    with pytest.raises(NoHistory, match=rf"belongs to another user; .* --git-dir {root}/\.git"):
        await commit_times(root)
    assert await commit_times(root, root / ".git") == {NAME: DAY}
    monkeypatch.setenv("SUDO_UID", "4321")  # sudo newscrawl …
    assert await commit_times(root) == {NAME: DAY}


async def test_git_dir_that_is_named(tmp_path: Path) -> None:
    root = checkout(tmp_path / "finews")
    (root / ".git").rename(tmp_path / "posts.git")
    outcome = await load(tmp_path / "news.db", root, git_dir=str(tmp_path / "posts.git"))
    assert outcome.exit is Exit.OK, outcome
    assert query(tmp_path / "news.db", "SELECT observed_at FROM observations") == [(DAY,)]


async def test_git_dir_that_is_none(tmp_path: Path) -> None:
    """The user asked for these times: a run without them is not good."""
    outcome = await load(tmp_path / "news.db", checkout(tmp_path / "finews"), git_dir=str(tmp_path))
    assert outcome.exit is Exit.DEGRADED, outcome
    assert "this is not a git directory" in outcome.reason
    assert counted(tmp_path / "news.db")["new"] == 1


# -- times and names -----------------------------------------------------------------------------

TIMES: dict[str, tuple[str, str | None]] = {
    "honest": ("1640000000 +0000", "2021-12-20T11:33:20+00:00"),
    "an invalid zone": ("1640000000 +9999", "2021-12-20T11:33:20+00:00"),
    "no date": ("xyz +0000", None),
    "empty": ("", None),
    "year 9999": ("253402300799 +0000", None),
    "year 5138": ("99999999999 +0000", None),
    "beyond any year": ("99999999999999999999 +0000", None),
    "before 1970": ("-1 +0000", None),
    "1970": ("0 +0000", None),
    "1989": ("631151999 +0000", None),
    "1990": ("631152000 +0000", "1990-01-01T00:00:00+00:00"),
    "2035": ("2051222400 +0000", None),
}


@pytest.mark.parametrize("kind", TIMES)
async def test_a_time_that_is_not_believed_costs_that_commit(tmp_path: Path, kind: str) -> None:
    other = NAME.replace("645", "646")
    root = checkout(tmp_path / "finews")
    commit(folder(root, [(other, post("二"))]), DAY)
    written, time = TIMES[kind]
    rewrite(root, lambda text: text.replace("1653922800 +0000\n\n", f"{written}\n\n"))
    assert await commit_times(root) == {NAME: DAY, **({other: time} if time else {})}
    outcome = await load(tmp_path / "news.db", root)
    assert outcome.exit is Exit.OK, outcome
    sql = "SELECT observed_at FROM observations ORDER BY page_id"
    assert query(tmp_path / "news.db", sql) == [(DAY,), (time or PUBLISHED,)]


async def test_names_are_never_taken_for_something_else(tmp_path: Path) -> None:
    names = [
        "\x012099.txt", "\x01", "=1", "=253402300799", "\n", "\n:1", ":100644 100644 1 2 M", "a\nb",
        "-x", "--", "名 字.md", ".md", "'\"\\$(x)",
    ]  # fmt: skip
    root = folder(tmp_path / "finews", [(f"_posts/{name}", b"x") for name in names])
    commit(root, DAY)
    commit(folder(root, [("_posts/last", b"x")]), "2022-06-01T00:00:00+00:00")
    expected = {**dict.fromkeys(names, DAY), "last": "2022-06-01T00:00:00+00:00"}
    assert await commit_times(root / "_posts") == expected
    assert await commit_times(root) == {f"_posts/{name}": at for name, at in expected.items()}


async def test_the_last_commit_counts_that_leaves_the_file(tmp_path: Path) -> None:
    root = checkout(tmp_path / "finews")
    (root / NAME).unlink()
    commit(folder(root, [("_posts*/x", b"x"), ("_posts/y", b"y")]), "2022-06-01T00:00:00+00:00")
    # Folders are taken as they are named: not as patterns.
    assert await commit_times(root / "_posts*") == {"x": "2022-06-01T00:00:00+00:00"}
    assert await commit_times(root / "_posts") == {
        NAME.removeprefix("_posts/"): DAY, "y": "2022-06-01T00:00:00+00:00",
    }  # fmt: skip


# -- git that does not answer --------------------------------------------------------------------


def fake_git(tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a program of ours be found in the place of git."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")


ANSWERS = {
    "another format": (r"printf 'x\0'", "which this version does not know"),
    "a word without an end": ("head -c 1000000 /dev/zero | tr '\\0' x", "a name of more than"),
    "complaints without an end": (
        "head -c 9000000 /dev/zero | tr '\\0' e >&2; printf '=1\\0'; exit 3", "finews: e{200}$"
    ),
    "a program that only it can end": ("trap '' TERM INT HUP; sleep 1000", "more than 0.2 seconds"),
    "its program goes on": ("sleep 1000 &\nexit 1", "more than 0.2 seconds"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ANSWERS)
async def test_answers_of_git(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = checkout(tmp_path / "finews")
    script, sentence = ANSWERS[kind]
    fake_git(tmp_path, script, monkeypatch)
    with pytest.raises(NoHistory, match=sentence):
        await commit_times(root, seconds=0.2 if "0.2" in sentence else 60)


async def test_more_names_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "finews", [(f"_posts/{n}", b"x") for n in range(10)])
    commit(root, DAY)
    monkeypatch.setattr(history, "MAX_NAMES", 2000)
    with pytest.raises(NoHistory, match="the names of its files take more than"):
        await commit_times(root)


async def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = checkout(tmp_path / "finews")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoHistory, match="git cannot be run: No such file"):
        await commit_times(root)


def is_running(pid: int) -> bool:
    """Whether a process is there, and is not a zombie."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()[:1] not in ("Z", "")
    return False


async def test_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = checkout(tmp_path / "finews")
    os.mkfifo(tmp_path / "pid")
    fake_git(tmp_path, f"echo $$ > {tmp_path}/pid\nsleep 1000", monkeypatch)
    task = asyncio.create_task(commit_times(root))
    pid = int(await asyncio.to_thread((tmp_path / "pid").read_text))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_running(pid)


def test_ctrl_c_while_git_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = checkout(tmp_path / "finews")
    os.mkfifo(tmp_path / "pid")
    fake_git(tmp_path, f"echo $$ > {tmp_path}/pid\nsleep 1000", monkeypatch)
    newscrawl = subprocess.Popen(
        [sys.executable, "-m", "newscrawl", "crawl", "posts", str(root),
         "--db", str(tmp_path / "news.db")],
        stderr=subprocess.PIPE,
    )  # fmt: skip
    pid = int((tmp_path / "pid").read_text())
    newscrawl.send_signal(signal.SIGINT)
    _, said = newscrawl.communicate(timeout=60)
    assert newscrawl.returncode == Exit.INTERRUPTED, said
    assert not is_running(pid)


def test_a_socket_among_the_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = checkout(tmp_path / "finews")
    with socket.socket(socket.AF_UNIX) as made:
        monkeypatch.chdir(root / ".git/objects/pack")  # an address of a socket is short
        made.bind("pack-x.pack")
        with pytest.raises(NoHistory, match="is a link or a device"):
            history_of(root)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of another")
async def test_commits_that_wait_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge of many commits of many words each: a few KB, and all are held at once."""
    root = checkout(tmp_path / "finews")
    words = tmp_path / "words"
    words.write_bytes(b"x" * (30 << 20))
    parents = []
    for number in range(12):
        (root / NAME).write_bytes(post(str(number)))
        git(root, "add", ".")
        tree = git(root, "write-tree")
        parents.append(git(root, "commit-tree", tree, "-F", str(words)))
    (root / NAME).write_bytes(post("merged"))
    git(root, "add", ".")
    named = [word for parent in parents for word in ("-p", parent)]
    merge = git(root, "commit-tree", git(root, "write-tree"), *named, "-m", "merge")
    git(root, "reset", "--soft", merge)
    monkeypatch.setattr(history, "MAX_MEMORY", 200 << 20)
    with pytest.raises(NoHistory, match="git cannot read the history"):
        await commit_times(root)
