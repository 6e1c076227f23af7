"""When to revisit: the schedules as functions of times, and what they save."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newscrawl.runs.schedule import IntervalBounds, is_listing_due, is_page_due, next_interval
from newscrawl.sites.finews.retention import forgets_at, forgotten_until

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench import polling as simulation

START = "2026-03-03T04:00:00+00:00"


def later(**by: float) -> str:
    return (datetime.fromisoformat(START) + timedelta(**by)).isoformat()


@given(st.lists(st.booleans(), max_size=60), st.floats(1, 1e6), st.floats(1, 1e6))
def test_interval_stays_within_its_bounds(looks: list[bool], one: float, other: float) -> None:
    bounds = IntervalBounds(min(one, other), max(one, other))
    interval = next_interval(None, has_news=False, bounds=bounds)
    assert interval == bounds.shortest
    for has_news in looks:
        before = interval
        interval = next_interval(interval, has_news=has_news, bounds=bounds)
        assert bounds.shortest <= interval <= bounds.longest
        assert (interval <= before) if has_news else (interval >= before)


@pytest.mark.parametrize(
    ("checked_at", "interval", "now", "is_due"),
    [
        (None, None, START, True),
        (START, None, START, True),
        (START, 300, later(seconds=269), False),
        (START, 300, later(seconds=270), True),
        (later(hours=1), 300, START, True),  # the clock was set back
    ],
)
def test_listing_due(
    checked_at: str | None, interval: float | None, now: str, is_due: bool
) -> None:
    assert is_listing_due(checked_at, interval, now) is is_due


@pytest.mark.parametrize(
    ("last_seen", "now", "is_due"),
    [
        (0, 0.4, False), (0, 0.5, True), (0.5, 1.4, False), (0.6, 1.5, True), (0, 30, True),
        (1.5, 90, True), (40.5, 90, False), (41, 1000, False), (0, -1, False),
    ],
)  # fmt: skip
def test_page_due(last_seen: float, now: float, is_due: bool) -> None:
    hours = (0.5, 1.5, 4.5, 13.5, 40.5)
    assert is_page_due(START, later(hours=last_seen), later(hours=now), hours) is is_due


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # On the 3rd by UTC it keeps the 1st, 2nd and 3rd; the 1st in China begins at 16:00 UTC.
        ("2026-03-03T00:00:00+00:00", "2026-02-28T16:00:00+00:00"),
        ("2026-03-03T23:59:59+00:00", "2026-02-28T16:00:00+00:00"),
        ("2026-03-04T00:30:00+08:00", "2026-02-28T16:00:00+00:00"),
    ],
)
def test_forgotten_until(now: str, until: str) -> None:
    assert forgotten_until(now, 3) == until


@pytest.mark.parametrize(
    ("checked_at", "forgets"),
    [
        ("2026-03-03T04:00:00+00:00", "2026-03-06T00:00:00+00:00"),
        ("2026-03-03T15:59:59+00:00", "2026-03-06T00:00:00+00:00"),
        ("2026-03-03T16:00:00+00:00", "2026-03-07T00:00:00+00:00"),  # the 4th, in China
    ],
)
def test_forgets_at(checked_at: str, forgets: str) -> None:
    assert forgets_at(checked_at, 3) == forgets


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.integers(0, 100))
def test_nothing_is_forgotten_before_it_is_said_to_be(moment: datetime, hours: int) -> None:
    """What was published after a check is forgotten when the check says so, and not before."""
    look = moment.isoformat(timespec="seconds") + "+00:00"
    now = (moment + timedelta(hours=hours)).isoformat(timespec="seconds") + "+00:00"
    assert (forgotten_until(now, 3) > look) == (now >= forgets_at(look, 3))


def test_simulation_in_small() -> None:
    """The bench's arithmetic is that of the schedule, and its ways miss nothing."""
    simulation.check_against_polling()
    published = simulation.publish(simulation.World(categories=30, a_day=20, spread=1.0))
    every = IntervalBounds(300, 300)
    everything = simulation.ask(published, "", every, has_home=False)
    due = simulation.ask(published, "", IntervalBounds(), has_home=True)
    assert everything.missed == due.missed == 0
    assert due.articles == everything.articles > 1000
    assert due.requests < 0.1 * everything.requests
    assert due.p95 == pytest.approx(everything.p95)
