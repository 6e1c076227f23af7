"""Every fault of a source: how a crawl of it ends, and that the doctor names the cause."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from crawls import assert_balanced, crawl, ledger
from diagnoses import diagnose
from faults import CASES, SITE, SLUG, TIMEOUT, Case, as_markdown, written
from samplesite.server import Answers, Server

from newscrawl.runs.doctor.diagnosis import CAUSES
from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]

SETTINGS = {"DOWNLOAD_TIMEOUT": TIMEOUT}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
async def test_fault(serving: Serving, tmp_path: Path, case: Case) -> None:
    path = tmp_path / "news.db"
    server = serving(SITE)
    if case.is_stored:
        await crawl("category", path, server.url)
    url = case.arrange(server)
    named = {"category": SLUG} if case.category else {}

    found = await diagnose(url, db=path, settings=SETTINGS, **named)
    assert found.cause == case.cause, found
    assert found.exit is (Exit.OK if case.cause in ("healthy", "all_known") else Exit.CRASHED)
    assert len(found.steps) <= 8

    outcome = await crawl("category", path, url, settings=SETTINGS, **named)
    assert outcome.exit is case.exit, outcome
    assert case.reason in outcome.reason
    assert_balanced(ledger(path))


def test_table_of_the_doc() -> None:
    assert written() == as_markdown(), "stale: python tests/faults.py"


def test_every_cause_is_met_or_known_to_be_rare() -> None:
    rare = {"failed", "left_alone", "no_connection", "too_large"}
    of_lists = {"empty_list", "stale_list"}  # met in tests/test_doctor.py
    of_the_way = {"proxy", "untrusted"}  # met in tests/test_proxies.py
    assert {case.cause for case in CASES} == set(CAUSES) - rare - of_lists - of_the_way
