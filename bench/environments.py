"""Each peer's own environment, from the versions of ``peers.toml``."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "build" / "bench" / "env"
OWN = "newscrawl"
"""The environment that the benchmark runs in."""


class Missing(Exception):
    """A peer cannot be installed here; the result says so in its place."""


@cache
def peers() -> dict[str, list[str]]:
    """Return the requirements of each peer."""
    text = Path(__file__).with_name("peers.toml").read_text(encoding="utf-8")
    return {name: each["requirements"] for name, each in tomllib.loads(text).items()}


def python_of(peer: str, *, here: bool = False) -> Path:
    """Return the Python of a peer's environment, which is made where it is not there yet.

    `here`: the environment of this process, where that has the peer in whatever version; nothing
    is installed.

    Raises Missing.
    """
    if peer == OWN:
        return Path(sys.executable)
    wanted = peers()[peer]
    if here:
        if not all(map(_is_here, wanted)):
            raise Missing(f"{' and '.join(wanted)}: not in this environment")
        return Path(sys.executable)
    folder = FOLDER / peer
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text().split() != wanted:
        _make(folder, wanted)
        stamp.write_text("\n".join(wanted))
    return folder / "bin" / "python"


def make_all() -> int:
    """Make every environment; return 1 where one cannot be."""
    failed = 0
    for peer in peers():
        try:
            python_of(peer)
            print(f"{peer:12} {' '.join(peers()[peer])}", flush=True)
        except Missing as error:
            failed = 1
            print(f"{peer:12} cannot be installed: {error}", flush=True)
    return failed


def _make(folder: Path, wanted: list[str]) -> None:
    venv.create(folder, with_pip=True, clear=True)
    words = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *wanted]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise Missing(f"{' and '.join(wanted)}: {last}")


def _is_here(requirement: str) -> bool:
    try:
        return bool(version(requirement.partition("==")[0]))
    except PackageNotFoundError:
        return False
