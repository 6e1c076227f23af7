"""How a run is judged by its counts alone."""

from __future__ import annotations

import pytest

from newscrawl.items import End
from newscrawl.runs.judging import judge_pages, summary
from newscrawl.runs.ledger import Ledger
from newscrawl.runs.outcome import Exit


def ledger_of(**ends: int) -> Ledger:
    """Return a ledger of pages that ended so; ``known`` ones were not requested."""
    made = Ledger()
    for end, count in ends.items():
        for number in range(count):
            url = f"http://mirror.test/{end}/{number}"
            if end == "known":
                made.link("skipped")
                continue
            made.schedule(url)
            if end != "open":
                name: End = end  # type: ignore[assignment]  # one of ENDS
                made.settle(url, name)
    return made


@pytest.mark.parametrize(
    ("ends", "exit_", "says"),
    [
        ({}, Exit.OK, "nothing new"),
        ({"known": 3}, Exit.OK, "nothing new, 3 known"),
        ({"new": 9, "unchanged": 1}, Exit.OK, "10 pages: 9 new, 1 unchanged"),
        ({"new": 19, "failed": 1}, Exit.OK, "20 pages: 19 new, 1 failed"),
        ({"new": 8, "failed": 2}, Exit.DEGRADED, "2 of 10 pages are lost"),
        ({"failed": 2}, Exit.UNREACHABLE, "none of 2 pages could be fetched"),
        ({"known": 198, "failed": 2}, Exit.OK, "2 pages: 2 failed"),
        ({"known": 98, "failed": 9}, Exit.DEGRADED, "9 of 9 pages are lost"),
        ({"new": 8, "rejected": 2}, Exit.DEGRADED, "2 were rejected"),
        ({"known": 500, "new": 8, "rejected": 2}, Exit.DEGRADED, "2 were rejected"),
        ({"new": 5, "open": 1}, Exit.CRASHED, "1 pages were not finished"),
    ],
)
def test_pages(ends: dict[str, int], exit_: Exit, says: str) -> None:
    outcome = judge_pages(ledger_of(**ends), finish_reason="finished", troubles=[], share=0.1)
    assert outcome.exit is exit_
    assert says in outcome.reason


def test_a_page_with_another_address_is_not_lost() -> None:
    made = ledger_of(new=5)
    made.schedule("http://mirror.test/a")
    made.settle("http://mirror.test/a", "failed", final=False)
    outcome = judge_pages(made, finish_reason="finished", troubles=[], share=0.0)
    assert outcome.exit is Exit.OK


def test_troubles_degrade_and_three_of_them_are_named() -> None:
    troubles = [f"trouble {number}" for number in range(5)]
    outcome = judge_pages(ledger_of(new=1), finish_reason="finished", troubles=troubles, share=0.1)
    assert outcome.exit is Exit.DEGRADED
    assert outcome.reason == "trouble 0; trouble 1; trouble 2; and 2 more, see the log"


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("closespider_timeout", "CLOSESPIDER_TIMEOUT allows"),
        ("memusage_exceeded", "MEMUSAGE_LIMIT_MB allows"),
        ("shutdown", "stopped early: shutdown"),
    ],
)
def test_an_early_end_is_degraded(reason: str, says: str) -> None:
    outcome = judge_pages(ledger_of(new=3), finish_reason=reason, troubles=[], share=0.1)
    assert (outcome.exit, says in outcome.reason) == (Exit.DEGRADED, True)


def test_counts_that_do_not_balance_are_a_bug() -> None:
    made = ledger_of(new=3)
    made.counters["new"] += 1
    outcome = judge_pages(made, finish_reason="finished", troubles=[], share=0.1)
    assert outcome.exit is Exit.CRASHED


def test_summary_names_the_ends_in_order() -> None:
    assert summary(ledger_of(failed=1, changed=2, new=3)) == ("6 pages: 3 new, 2 changed, 1 failed")
