"""What a fixed crawl does has not grown: counted, not timed, whatever the machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
from bench import counts

WHAT_TO_DO = """

A count that grew is work that every page or article costs from now on. `python -m bench counts
--where` names the functions that are called most; compare it with the commit before. If the work
is wanted, or there is less of it than before, `python -m bench counts --write` renews the numbers:
commit tests/regression.json with the change, and say in the message what it buys."""


Counts = dict[str, dict[str, float]]


def wanted(expected: Counts) -> dict[str, dict[str, Any]]:
    """Return what passes: requests and transactions to the one, the rest within its band."""
    return {
        run: {
            name: pytest.approx(each, rel=counts.BAND[name], abs=counts.ROUNDED)
            if name in counts.BAND
            else each
            for name, each in numbers.items()
        }
        for run, numbers in expected.items()
    }


@pytest.fixture(scope="module")
def expected() -> Counts:
    found: Counts = json.loads(counts.EXPECTED.read_text(encoding="utf-8"))
    return found


def test_counts_are_as_expected(expected: Counts) -> None:
    counted, _ = counts.count()
    assert counted == wanted(expected), WHAT_TO_DO


@pytest.mark.parametrize(
    ("name", "more"), [("statements", 1), ("calls", 14), ("requests", 1), ("transactions", 1)]
)
def test_one_more_is_too_much(expected: Counts, name: str, more: float) -> None:
    grown = {**expected, "crawl": {**expected["crawl"], name: expected["crawl"][name] + more}}
    assert expected == wanted(expected)
    assert grown != wanted(expected)


def test_the_gate_sees_one_more_statement_a_page(tmp_path: Path) -> None:
    """What is counted is what SQLite is given and what Python calls, so it cannot stay the same."""
    code = (
        "import json, sqlite3, sys\n"
        "from bench.counts import Counting\n"
        "counting = Counting()\n"
        "counting.begin()\n"
        "from newscrawl.text.sanitize import squeeze\n"
        "db = sqlite3.connect(sys.argv[1])\n"
        "for _ in range(int(sys.argv[2])):\n"
        "    db.execute('SELECT 1')\n"
        "    squeeze('a b')\n"
        "print(json.dumps(counting.as_dict()['counts']))\n"
    )
    found = []
    for times in (10, 11):
        done = counts.subprocess.run(
            [sys.executable, "-c", code, tmp_path / "x.db", str(times)],
            cwd=counts.ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found.append(json.loads(done.stdout))
    assert found[1]["statements"] - found[0]["statements"] == 1
    assert found[1]["calls"] - found[0]["calls"] == 1
