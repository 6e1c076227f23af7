"""What a hostile page may cost: time and memory in proportion to its size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import hostile_pages
import pytest

SECONDS = 15
"""CPU time of one page: the worst takes 3 seconds on a machine with nothing else to do."""


MEGABYTES = 500
"""The worst takes 400, of a limit of 1,024 (MEMUSAGE_LIMIT_MB) at which a run ends."""


@pytest.fixture(scope="module")
def costs() -> dict[str, dict[str, Any]]:
    """Read all of them in other processes: their memory shows what they cost."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "tests/hostile_pages.py"], cwd=root, capture_output=True, text=True,
        check=True, timeout=600,
    )  # fmt: skip
    return {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", hostile_pages.CASES)
def test_cost(costs: dict[str, dict[str, Any]], name: str) -> None:
    cost = costs[name]
    assert cost["end"] == hostile_pages.CASES[name][0]
    assert cost["seconds"] < SECONDS
    assert cost["megabytes"] < MEGABYTES
