"""What newscrawl is made of: bounds, locks, and workflows that run only our own code."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path
from typing import Any

import pytest
import yaml
from crawls import ROOT
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from newscrawl._version import __version__

BASE, CI = ROOT / "deploy" / "requirements.txt", ROOT / ".ci" / "requirements.txt"
LOCKS = pytest.mark.parametrize("lock", [BASE, CI], ids=["deploy", "ci"])
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
# atheris has wheels for few systems, and a campaign of fuzzing is not part of CI.
CI_EXTRAS = EXTRAS.keys() - {"fuzz"}


@cache
def pins(lock: Path) -> tuple[tuple[Requirement, tuple[str, ...]], ...]:
    """Return what a lock holds: each pin, with the hashes of its files."""
    found = []
    text = lock.read_text(encoding="utf-8").replace("\\\n", "")
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            pin, *hashes = re.split(r"\s+--hash=", line.strip())
            found.append((Requirement(pin), tuple(hashes)))
    return tuple(found)


def wanted(*extras: str) -> Iterator[Requirement]:
    """Yield what pyproject.toml asks for with these extras, and those that they bring."""
    lines = [*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"]]
    for extra in extras:
        lines += EXTRAS[extra]
    for each in map(Requirement, lines):
        if each.name == "newscrawl":
            yield from wanted(*each.extras)
        else:
            yield each


def environment(python: str) -> dict[str, str]:
    """Return what markers are asked of: this system, with another Python."""
    asked = {name: str(value) for name, value in default_environment().items()}
    return {**asked, "python_version": python, "python_full_version": f"{python}.0"}


def locked(lock: Path, python: str) -> dict[str, str]:
    """Return the version of each package that a lock has for a Python."""
    found: dict[str, str] = {}
    for pin, _ in pins(lock):
        if pin.marker is None or pin.marker.evaluate(environment(python)):
            assert canonicalize_name(pin.name) not in found, f"{pin.name} twice for {python}"
            found[canonicalize_name(pin.name)] = str(pin.specifier).removeprefix("==")
    return found


@LOCKS
def test_lock_names_versions_and_hashes_and_no_host(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(
        r"https?:|file:|://|@ |^\s*-", text.replace("    --hash=", ""), re.MULTILINE
    )
    assert len(pins(lock)) > 40
    for pin, hashes in pins(lock):
        assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(pin.specifier)), pin
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), pin


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("lock", "extras"), [(BASE, ()), (CI, tuple(CI_EXTRAS))], ids=["deploy", "ci"]
)
def test_lock_has_what_pyproject_allows(lock: Path, extras: tuple[str, ...], python: str) -> None:
    found = locked(lock, python)
    asked = environment(python)
    for each in wanted(*extras):
        if each.marker is None or each.marker.evaluate({**asked, "extra": ""}):
            name = canonicalize_name(each.name)
            assert name in found, f"{each} is not locked: run .ci/lock"
            assert each.specifier.contains(found[name]), f"{each}: {found[name]} is locked"


@LOCKS
def test_lock_is_whole(lock: Path) -> None:
    """What a locked package needs is locked as well, or pip would refuse the whole."""
    found = locked(lock, f"{sys.version_info[0]}.{sys.version_info[1]}")
    looked_at = 0
    for name, pinned in found.items():
        try:
            if version(name) != pinned:
                continue  # this environment was not made from the lock; CI's is
            needs = map(Requirement, requires(name) or ())
        except PackageNotFoundError:
            continue  # a linter, which the tests run without
        looked_at += 1
        for each in needs:
            if each.marker is None or each.marker.evaluate({"extra": ""}):
                assert canonicalize_name(each.name) in found, f"{name} needs {each}"
    assert looked_at > 5


@pytest.mark.parametrize("python", PYTHONS)
def test_what_is_deployed_was_tested(python: str) -> None:
    assert locked(BASE, python).items() <= locked(CI, python).items()


def test_every_dependency_is_bounded() -> None:
    for each in wanted(*EXTRAS):
        operators = {specifier.operator for specifier in each.specifier}
        assert operators & {"<", "==", "~="}, f"{each} has no upper bound"
    assert len(PROJECT["project"]["dependencies"]) <= 14  # docs/decisions/0001-dependencies.md


# Parts of what the bringer offers its users: its own version says which of theirs.
BROUGHT = {
    "parsel": "scrapy",
    "twisted": "scrapy",
    "w3lib": "scrapy",
    "uvicorn": "datasette",
    "yarl": "aiohttp",
    "pydantic": "mcp",
    "anyio": "mcp",
}


def test_what_is_imported_is_declared() -> None:
    """Nothing is used that only happens to be there because somebody else brings it."""
    declared = {canonicalize_name(each.name) for each in wanted(*EXTRAS)}
    providers = packages_distributions()
    imported = set()
    for path in (ROOT / "newscrawl").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).partition(".")[0])
    others = imported - set(sys.stdlib_module_names) - {"newscrawl", "compression"}  # 3.14 has it
    assert {"scrapy", "nh3", "click"} <= others
    undeclared = {
        name
        for name in others
        if not {canonicalize_name(each) for each in providers.get(name, [name])} & declared
    }
    assert undeclared == set(BROUGHT)
    for name, bringer in BROUGHT.items():
        brought = {canonicalize_name(Requirement(each).name) for each in requires(bringer) or ()}
        assert name in brought


# -- workflows ---------------------------------------------------------------------------

WORKFLOWS = sorted(
    path
    for folder in (ROOT / "deploy" / "github", ROOT / ".github")
    for path in (*folder.rglob("*.yml"), *folder.rglob("*.yaml"))
)


def steps(workflow: Path) -> Iterator[dict[str, Any]]:
    said = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    for job in said["jobs"].values():
        yield job
        yield from job.get("steps", ())


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_hash(workflow: Path) -> None:
    """A tag can be moved by whoever owns the action; a commit cannot."""
    for each in steps(workflow):
        action = each.get("uses", "")
        assert not action or re.fullmatch(r"[^@\s]+@[0-9a-f]{40}", action), action
        for service in (each.get("container"), *each.get("services", {}).values()):
            assert service is None or "@sha256:" in str(service), service


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_least_privilege(workflow: Path) -> None:
    said = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert said["permissions"] == {}  # nothing but what a job asks for
    for job in said["jobs"].values():
        assert job["permissions"] == {"contents": "write"}
        assert job["timeout-minutes"] <= 30
        assert "GH_TOKEN" not in {**said.get("env", {}), **job.get("env", {})}
        for step in job["steps"]:
            # The token is only where gh runs and nothing of ours, or of a package.
            if "GH_TOKEN" in step.get("env", {}):
                assert not re.search(r"\bpip\b|\bpython|newscrawl\b(?! )", step["run"]), step["run"]
            # What others may name (a branch, a title) would run as a part of the script.
            assert "${{" not in step["run"]


def test_there_are_workflows_to_look_at() -> None:
    assert [path.name for path in WORKFLOWS] == ["crawl.yml"]


def test_ci_installs_what_is_locked() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    hashed = script.index("pip install -q --require-hashes -r .ci/requirements.txt")
    offline = script.index("export PIP_NO_INDEX=1")
    assert hashed < offline < script.index("bash -c")


# -- docs/security.md --------------------------------------------------------------------

_TEST = re.compile(r"\[`(\w+)`\]\(\.\./tests/((?:slow/)?\w+\.py)\)")


def test_every_test_of_the_threat_page_exists() -> None:
    """The page claims what tests prove, so each must be there under its name."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = _TEST.findall(text)
    assert len(named) > 60
    assert text.count("](../tests/") == len(named)
    missing = [
        f"tests/{file}::{test}"
        for test, file in named
        if not (ROOT / "tests" / file).exists()
        or not re.search(rf"^(async )?def {test}\(", (ROOT / "tests" / file).read_text(), re.M)
    ]
    assert missing == []


def test_every_row_of_the_threat_page_is_proved() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\|.* proved by \|\n\|[- |]+\n((?:\|.*\n)+)", text, re.M)
    assert len(tables) == 8
    for row in "".join(tables).splitlines():
        assert len(row.split(" | ")) == 4, row
        assert _TEST.search(row), row


def test_one_version() -> None:
    assert PROJECT["project"]["version"] == __version__
