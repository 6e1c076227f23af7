"""What lies in deploy/: checked by the programs that it is for."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from archives import fill
from crawls import ROOT, assert_balanced, command, ledger, query
from samplesite.server import Answers, Server
from samplesite.site import Site
from test_alert import Hook, hook

from newscrawl.runs.services import URLS

__all__ = ["hook"]
Serving = Callable[[Answers], Server]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent


def test_systemd_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        if os.environ.get("CI"):
            pytest.fail("systemd-analyze is not installed; .ci/run installs systemd")
        pytest.skip("systemd-analyze is not installed")
    for unit in (DEPLOY / "systemd").iterdir():
        # The program is where this test has it; the rest is as it stands.
        text = unit.read_text().replace("/opt/newscrawl/.venv/bin", str(BIN))
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "newscrawl.service"),
         str(tmp_path / "newscrawl-backup.service"), str(tmp_path / "newscrawl-backup.timer"),
         str(tmp_path / "newscrawl-failed@newscrawl.service"),
         str(tmp_path / "newscrawl.timer")], capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "newscrawl" in line]
    assert (done.returncode, ours) == (0, []), done.stderr
    text = (DEPLOY / "systemd" / "newscrawl.timer").read_text()
    [when] = re.findall(r"OnCalendar=(.*)", text)
    done = subprocess.run(["systemd-analyze", "calendar", when], capture_output=True, check=False)
    assert done.returncode == 0


def test_every_unit_is_copied() -> None:
    text = (DEPLOY / "README.md").read_text()
    [pattern] = re.findall(
        r"^sudo cp deploy/systemd/(\S+) /etc/systemd/system/$", text, re.MULTILINE
    )
    folder = DEPLOY / "systemd"
    assert sorted(folder.glob(pattern)) == sorted(folder.iterdir())


def test_a_backup_every_night(tmp_path: Path) -> None:
    text = (DEPLOY / "systemd" / "newscrawl-backup.service").read_text()
    [line] = re.findall(r"ExecStart=/opt/newscrawl/.venv/bin/newscrawl (.*)", text)
    fill(tmp_path / "news.db")
    words = line.replace("/var/lib/newscrawl", str(tmp_path)).split()
    done = command("newscrawl", *words, "--db", str(tmp_path / "news.db"))
    assert done.returncode == 0, done.stderr
    [copy] = (tmp_path / "backups").glob("news-*.db")
    assert command("newscrawl", "verify", "--db", str(copy)).returncode == 0


def test_a_unit_that_failed_is_told(hook: Hook) -> None:
    text = (DEPLOY / "systemd" / "newscrawl-failed@.service").read_text()
    [line] = re.findall(r"ExecStart=/bin/sh -c '(.*)'", text)
    # As systemd expands it.
    for before, after in {
        "$$": "$", "%i": "newscrawl.service", "%H": "here", "/opt/newscrawl/.venv/bin": str(BIN),
    }.items():  # fmt: skip
        line = line.replace(before, after)
    done = subprocess.run(
        ["/bin/sh", "-c", line], env={**os.environ, URLS: f"{hook.url} {hook.url}2"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert [said["title"] for _, said in hook.taken] == ["newscrawl.service failed on here"] * 2
    assert hook.taken[0][1]["message"] == "journalctl -u newscrawl.service -n 50"


def test_crontab() -> None:
    lines = (DEPLOY / "crontab").read_text().splitlines()
    [line] = [each for each in lines if each and not each.startswith("#")]
    *when, command = line.split(maxsplit=5)
    assert len(when) == 5
    assert all(re.fullmatch(r"\*(/\d+)?", each) for each in when)
    assert "%" not in command  # cron takes it for the end of the line
    words = command.replace("cd /opt/newscrawl && .venv/bin", str(BIN)).partition(" 2>>")[0]
    done = subprocess.run([*words.split(), "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, "--due" in done.stdout) == (0, True)


def test_workflow() -> None:
    text = (DEPLOY / "github" / "crawl.yml").read_text()
    for action in re.findall(r"uses:\s*(\S+)", text):
        assert re.search(r"@[0-9a-f]{40}$", action), f"{action} is not pinned by its hash"
    assert re.search(r"^permissions:", text, re.MULTILINE)
    assert re.search(r"^concurrency:", text, re.MULTILINE)


# -- the workflow, with a stand-in for the service ------------------------------------------

GH = r'''
"""gh, as far as the workflow uses it: the assets of a release are files of a folder."""
import json, os, shutil, subprocess, sys
from pathlib import Path

folder, words = Path(os.environ["FAKE_GH"]), sys.argv[1:]
calls = folder / "calls"
number = int(calls.read_text()) + 1 if calls.exists() else 1
calls.write_text(str(number))
with (folder / "log").open("a") as log:
    log.write(" ".join(words) + "\n")
at, how = os.environ.get("FAKE_GH_FAULT", "0 none").split(" ", 1)
fault = how if int(at) == number else ""
release = folder / "release"


def option(name):
    return words[words.index(name) + 1]


def listed():
    assets = [dict(zip(("id", "name"), each.name.split(" ")), size=each.stat().st_size)
              for each in release.iterdir()]
    return [{"tag_name": "v1", "assets": []}, {"tag_name": "archive", "assets": assets}]


def add(name, data):
    numbers = [int(each.name.split(" ")[0]) for each in release.iterdir()]
    (release / f"{max(numbers, default=0) + 1} {name}").write_bytes(data)


def by(id_):
    [found] = [each for each in release.iterdir() if each.name.startswith(f"{id_} ")]
    return found


if fault == "fails":
    sys.exit("gh: the service does not answer")
if words[:2] == ["release", "view"]:
    sys.exit(0 if release.exists() else "release not found")
elif words[:2] == ["release", "create"]:
    release.mkdir()
elif words[:2] == ["release", "upload"]:
    data, name = Path(words[3]).read_bytes(), Path(words[3]).name
    assert not list(release.glob(f"* {name}")) or "--clobber" in words
    add(name, data[: len(data) // 2] if fault else data)
    if fault == "dies midway":
        sys.exit("gh: the connection was reset")
elif words[:2] == ["release", "download"]:
    found = list(release.glob(f"* {option('--pattern')}"))
    if not found:
        sys.exit("no assets match the file pattern")
    data = found[0].read_bytes()
    Path(option("--output")).write_bytes(data[: len(data) // 2] if fault else data)
    if fault == "dies midway":
        sys.exit("gh: the connection was reset")
elif "--jq" in words:
    shown = listed() if release.exists() else []
    subprocess.run(["jq", "-r", option("--jq")], input=json.dumps(shown), text=True, check=True)
elif option("--method") == "PATCH":
    asset = by(words[3].rpartition("/")[2])
    name = option("-f").removeprefix("name=")
    asset.rename(asset.with_name(f"{asset.name.split(' ')[0]} {name}"))
elif option("--method") == "DELETE":
    by(words[3].rpartition("/")[2]).unlink()
'''


DATE = """#!/bin/bash
number=$(cat "$FAKE_GH/days" 2> /dev/null || echo 10)
echo $((number + 1)) > "$FAKE_GH/days"
echo "202601${number}T000000Z"
"""
"""Each run is on a day of its own."""


class Repository:
    """A repository with the workflow, and a release of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "service"
        self.release = self.folder / "release"
        self._job = folder / "job"
        self._bin = folder / "bin"
        for each in (self.folder, self._bin):
            each.mkdir()
        for name, text in (("gh", f"#!{sys.executable}\n{GH}"), ("date", DATE)):
            (self._bin / name).write_text(text)
            (self._bin / name).chmod(0o755)
        text = (DEPLOY / "github" / "crawl.yml").read_text(encoding="utf-8")
        [self.job] = yaml.safe_load(text)["jobs"].values()

    def run(
        self, posts: str, *, first: bool = False, fault: str = "0 none", last_step: bool = False
    ) -> tuple[bool, str, list[str]]:
        """Run the job from what it installed on; return whether it went well, what it said, and
        the calls of ``gh``. With *last_step* that alone, once more."""
        steps = self.job["steps"][2:]
        outcomes: dict[str, str] = {}
        if last_step:
            steps, outcomes = steps[-1:], {"whole": "success"}
        else:
            shutil.rmtree(self.folder.parent / "job", ignore_errors=True)
            (self._job / ".venv" / "bin").mkdir(parents=True)
            (self._job / ".venv" / "bin" / "newscrawl").symlink_to(BIN / "newscrawl")
        for name in ("calls", "log"):
            (self.folder / name).unlink(missing_ok=True)
        said, is_good = "", True
        for step in steps:
            if not self._is_due(step.get("if", ""), outcomes, is_good):
                outcomes[step.get("id", "")] = "skipped"
                continue
            script = step["run"].replace("crawl category", f"crawl posts {posts}")
            values = {
                name: {"${{ inputs.first_run }}": str(first).lower(), "${{ github.token }}": "t"}
                .get(value, value) for name, value in step.get("env", {}).items()
            }  # fmt: skip
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
                cwd=self._job, capture_output=True, text=True, check=False,
                env={
                    **os.environ, **self.job["env"], **values, "GITHUB_REPOSITORY": "me/news",
                    "PATH": f"{self._bin}:{os.environ['PATH']}", "FAKE_GH": str(self.folder),
                    "FAKE_GH_FAULT": fault,
                },
            )  # fmt: skip
            said += f"-- {step['name']}: {done.returncode}\n{done.stdout}{done.stderr}"
            outcomes[step.get("id", "")] = "success" if done.returncode == 0 else "failure"
            is_good = is_good and done.returncode == 0
        return is_good, said, (self.folder / "log").read_text().splitlines()

    @staticmethod
    def _is_due(condition: str, outcomes: dict[str, str], is_good: bool) -> bool:
        due = True
        for each in filter(None, condition.split(" && ")):
            if found := re.fullmatch(r"steps\.(\w+)\.outcome == 'success'", each):
                due = due and outcomes.get(found[1]) == "success"
            else:
                assert each == "always()"
        return due and (is_good or "always()" in condition)

    def newest(self) -> Path:
        """Return the asset that the next run would take."""
        whole = [each for each in self.release.iterdir() if each.name.endswith(".db")]
        return max(whole, key=lambda each: each.name.split(" ")[1])

    def assets(self) -> list[str]:
        return sorted(each.name.split(" ")[1] for each in self.release.iterdir())


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    if shutil.which("jq") is None:
        if os.environ.get("CI"):
            pytest.fail("jq is not installed")
        pytest.skip("jq is not installed")
    return Repository(tmp_path)


@pytest.fixture
def posts(tmp_path: Path) -> list[Path]:
    """Folders of posts, each with some more than the one before."""
    files = [(Path(name).name, body) for name, body in Site(articles=24).posts()]
    folders = []
    for number in range(1, 4):
        folders.append(tmp_path / f"posts{number}")
        folders[-1].mkdir()
        for name, body in files[: number * 6]:
            (folders[-1] / name).write_bytes(body)
    return folders


def articles(asset: Path) -> int:
    return int(query(asset, "SELECT count(*) FROM articles")[0][0])


def test_workflow_begins_an_archive_only_when_told(
    repository: Repository, posts: list[Path]
) -> None:
    good, said, _ = repository.run(str(posts[0]))
    assert (good, "start this workflow by hand with first_run" in said) == (False, True), said
    assert not repository.release.exists()
    good, said, _ = repository.run(str(posts[0]), first=True)
    assert good, said
    good, said, _ = repository.run(str(posts[0]), first=True)
    assert (good, "There is an archive" in said) == (False, True), said


def test_workflow_never_loses_the_archive(repository: Repository, posts: list[Path]) -> None:
    assert repository.run(str(posts[0]), first=True)[0]
    before = repository.newest()
    whole = [before.read_bytes()]
    for fault in ("1 fails", "2 fails", "2 dies midway", "2 is cut off"):  # the list, the download
        good, said, calls = repository.run(str(posts[1]), fault=fault)
        assert (good, len(calls)) == (False, int(fault[0])), (fault, said)
        assert [before] == list(repository.release.iterdir()), fault
        assert before.read_bytes() == whole[0]

    good, said, calls = repository.run(str(posts[1]))
    assert good, said
    number = len(calls) - 2
    whole.append(repository.newest().read_bytes())
    assert articles(repository.newest()) > articles(before)
    faults = [f"{at} fails" for at in range(1, number + 1)]
    # All the same in the step's own calls: view, upload, download, list, rename.
    for fault in (*faults, "2 dies midway", "2 is cut off", "3 dies midway", "3 is cut off"):
        good, said, _ = repository.run("", fault=fault, last_step=True)
        # A release that cannot be looked at is not made a second time.
        assert not good, (fault, said)
        assert before.read_bytes() == whole[0], fault
        assert repository.newest().read_bytes() == whole[1], fault
    for _ in range(4):
        good, said, calls = repository.run("", last_step=True)
        assert good, said
    assert any("DELETE" in each for each in calls)
    assert len(repository.assets()) == 4
    assert all(re.fullmatch(r"news-\w+\.db", name) for name in repository.assets())


def test_workflow_keeps_nothing_that_does_not_continue(
    repository: Repository, posts: list[Path]
) -> None:
    assert repository.run(str(posts[0]), first=True)[0]
    before = repository.assets()
    # Somebody changes the workflow, and it rebuilds the archive.
    good, said, calls = repository.run(f"{posts[1]} --rebuild --yes")
    assert (good, "continues: it lacks" in said) == (False, True), said
    assert not any("upload" in each for each in calls)
    assert repository.assets() == before


# -- Scrapyd ------------------------------------------------------------------------------


@pytest.fixture
def scrapyd(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A Scrapyd as deploy/scrapyd sets it up, on a free port; yields its address.

    Its parameter is what its configuration has besides.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = (DEPLOY / "scrapyd" / "scrapyd.conf").read_text()
    (tmp_path / "scrapyd.conf").write_text(text.replace("6800", str(port)) + request.param)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    with (tmp_path / "scrapyd.log").open("wb") as log:
        process = subprocess.Popen(
            [BIN / "scrapyd"], cwd=tmp_path, stdout=log, stderr=log, env=environment
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        with _patience(f"{url}daemonstatus.json"):
            yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def _patience(url: str) -> Iterator[None]:
    for _ in range(150):
        try:
            urllib.request.urlopen(url, timeout=30).close()
            break
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    yield


def ask(url: str, **fields: Any) -> dict[str, Any]:
    """Return an answer of Scrapyd's; with fields it is a POST."""
    data = urllib.parse.urlencode(fields, doseq=True).encode() if fields else None
    with urllib.request.urlopen(url, data=data, timeout=20) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    assert found["status"] == "ok", found
    return found


@pytest.mark.parametrize(
    "scrapyd", ["", "items_dir = items\n"], indirect=True, ids=["as is", "items"]
)
def test_scrapyd(scrapyd: str, serving: Serving, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(DEPLOY / "scrapyd", project)
    text = (project / "scrapy.cfg").read_text().replace("http://127.0.0.1:6800/", scrapyd)
    (project / "scrapy.cfg").write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [BIN / "scrapyd-deploy"], cwd=project, capture_output=True, text=True, check=False,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "category" in ask(f"{scrapyd}listspiders.json?project=newscrawl")["spiders"]

    site, db = Site(articles=20), tmp_path / "news.db"
    job = ask(
        f"{scrapyd}schedule.json", project="newscrawl", spider="category",
        base_url=serving(site).url,
        setting=[f"NEWSCRAWL_DB={db}", "DOWNLOAD_DELAY=0", "AUTOTHROTTLE_ENABLED=False"],
    )["jobid"]  # fmt: skip
    for _ in range(300):
        jobs = ask(f"{scrapyd}listjobs.json?project=newscrawl")
        if job in [each["id"] for each in jobs["finished"]]:
            break
        time.sleep(0.1)
    assert ledger(db)["outcome"] == "ok"
    assert_balanced(ledger(db))
    stored = {code for (code,) in query(db, "SELECT id FROM articles")}
    assert stored == {truth.info_code for truth in site.truths() if truth.linked}
    for feed in (tmp_path / "items").glob("**/*.jl"):
        lines = feed.read_text("utf-8").splitlines()
        assert {json.loads(line)["id"] for line in lines} == stored
