"""deploy/Containerfile: linted, and its commands run. Building it needs a container engine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from crawls import ROOT, ledger
from samplesite.server import Answers, Server
from samplesite.site import Site

FILE = ROOT / "deploy" / "Containerfile"
BIN = Path(sys.executable).parent
VOLUME = "/var/lib/newscrawl"


def stages() -> list[list[tuple[str, str]]]:
    """Return the instructions of each stage, as (name, rest)."""
    lines = [
        line
        for line in FILE.read_text(encoding="utf-8").splitlines()
        if not line.lstrip().startswith("#")
    ]
    found: list[list[tuple[str, str]]] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            name, rest = line.split(maxsplit=1)
            if name == "FROM":
                found.append([])
            found[-1].append((name, " ".join(rest.split())))
    return found


def only(name: str) -> str:
    """Return what the last stage says of an instruction."""
    [found] = [rest for each, rest in stages()[-1] if each == name]
    return found


def environment(volume: Path) -> dict[str, str]:
    """Return the variables of the image, with its folders where this test has them."""
    found = dict(re.findall(r"(\w+)=(\S+)", only("ENV")))
    assert found["PATH"] == "/opt/newscrawl/bin:$PATH"
    moved = {name: value.replace(VOLUME, str(volume)) for name, value in found.items()}
    return {**moved, "PATH": f"{BIN}:{os.defpath}", "HOME": str(volume)}


def health(volume: Path) -> subprocess.CompletedProcess[str]:
    """Run the health check as an engine would."""
    words = json.loads(only("HEALTHCHECK").partition(" CMD ")[2])
    return subprocess.run(
        words, cwd=volume, env=environment(volume), capture_output=True, text=True, check=False
    )


def test_hadolint_finds_nothing() -> None:
    done = subprocess.run(
        [BIN / "hadolint", "--no-color", FILE], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "Containerfile").write_text("FROM python:latest\nRUN cd /x && sudo ls\n")
    done = subprocess.run(
        [BIN / "hadolint", tmp_path / "Containerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "DL3007" in done.stdout) == (1, True)


def test_it_is_not_root_and_writes_only_into_its_volume() -> None:
    assert int(only("USER")) > 0
    assert json.loads(only("VOLUME")) == [VOLUME]
    assert only("WORKDIR") == VOLUME
    names = [name for name, _ in stages()[-1]]
    # Nothing is installed or copied by the user, who could change it then.
    assert max(n for n, each in enumerate(names) if each in ("RUN", "COPY")) < names.index("USER")
    for name, rest in stages()[-1]:
        assert name != "COPY" or "--chown" not in rest
    bases = {rest.split()[0] for stage in stages() for name, rest in stage if name == "FROM"}
    assert len(bases) == 1  # the environment leads to the Python of the image that it is copied to


def test_what_is_copied_is_all_that_the_build_needs() -> None:
    copied = [rest.split()[:-1] for name, rest in stages()[0] if name == "COPY"]
    sources = {each.rstrip("/") for part in copied for each in part}
    assert all((ROOT / each).exists() for each in sources)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"pyproject.toml", "newscrawl", project["readme"], "deploy/requirements.txt"} <= sources
    [install] = [rest for name, rest in stages()[0] if name == "RUN"]
    assert "--require-hashes -r deploy/requirements.txt" in install
    assert "--no-index --no-deps --no-build-isolation ." in install


def test_it_runs_and_is_healthy(serving: Callable[[Answers], Server], tmp_path: Path) -> None:
    done = health(tmp_path)
    assert (done.returncode, "There is no archive" in done.stderr) == (1, True)
    url = serving(Site(articles=10)).url
    words = [*json.loads(only("ENTRYPOINT")), *json.loads(only("CMD")), "--base-url", url]
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr
        try:
            said = next(line for line in run.stderr if "the next run starts at" in line)
            assert "exited with 0 (ok)" in said
            assert health(tmp_path).returncode == 0
            run.send_signal(getattr(signal, only("STOPSIGNAL")))
            run.wait(timeout=20)
        finally:
            run.kill()
    assert ledger(tmp_path / "news.db")["outcome"] == "ok"
    # What it writes is the archive, in the volume.
    assert all(each.name.startswith("news.db") for each in tmp_path.iterdir())
