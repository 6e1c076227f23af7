"""What a benchmark found, in a file: with the machine, the versions, the day and the command."""

from __future__ import annotations

import json
import os
import platform
import re
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def about(command: str) -> dict[str, Any]:
    """Return what a reader of a result needs to know; asked before anything is measured."""
    names = ("scrapy", "lxml", "itemloaders", "sqlite-utils")
    return {
        "command": plain(command),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": {
            "cpu": _cpu(),
            "cores": len(os.sched_getaffinity(0)),
            "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
            "system": f"{platform.system()} {platform.release().partition('-')[0]}",
            "idle_before": _idle(),
        },
        "versions": {
            "newscrawl": f"{version('newscrawl')} {_commit()}",
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **{name: version(name) for name in names},
        },
    }


def plain(text: str) -> str:
    """Return a text with the last part of each path alone: folders are of one machine."""
    return re.sub(r"(?<![\w:/])(?:\.{0,2}/)(?:[^\s/\"']+/)*(?=[^\s/\"']+)", "", text)


def save(folder: Path, name: str, begin: dict[str, Any], measured: dict[str, Any]) -> Path:
    """Write a result; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    text = json.dumps({**begin, "measured": measured}, ensure_ascii=False, indent=1)
    file.write_text(text + "\n", encoding="utf-8")
    return file


def load(name: str, folder: Path = FOLDER) -> dict[str, Any] | None:
    """Return a result; None where there is none yet."""
    file = folder / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def median(values: Sequence[float]) -> float:
    """Return the median with four digits: more are noise."""
    return float(f"{statistics.median(values):.4g}")


def ratio(values: Sequence[float], base: Sequence[float]) -> float:
    """Return the median of the ratios of runs that were made in turn."""
    return median([one / other for one, other in zip(values, base, strict=True)])


def _idle(seconds: float = 2.0) -> float | None:
    """Return the part of the processor that is idle; None where the system does not say."""

    def ticks() -> list[int]:
        return [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]

    try:
        before = ticks()
        time.sleep(seconds)
        spent = [late - early for early, late in zip(before, ticks(), strict=True)]
    except OSError:
        return None
    return round((spent[3] + spent[4]) / sum(spent), 2)


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((each.partition(": ")[2] for each in lines if each.startswith("model name")), "?")


def _commit() -> str:
    """Return the commit that is measured, with a + where files differ from it."""
    words = ["git", "-C", str(FOLDER.parent), "describe", "--always", "--dirty=+"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "?"
