"""Days as people write them, and times as they are shown."""

from __future__ import annotations

from datetime import date

import pytest

from newscrawl.text.china_time import in_china, read_day

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-01", date(2026, 3, 1)),
        ("20260301", date(2026, 3, 1)),
        ("2026/3/1", date(2026, 3, 1)),
        ("today", TODAY),
        ("今天", TODAY),
        ("yesterday", date(2026, 3, 1)),
        ("昨天", date(2026, 3, 1)),
        ("0d", TODAY),
        ("3d", date(2026, 2, 27)),
        ("400d", date(2025, 1, 26)),
    ],
)
def test_day(text: str, day: date) -> None:
    assert read_day(text, TODAY) == day


@pytest.mark.parametrize("text", ["", "2026", "2026-02-30", "2026-3", "d", "-1d", "3w", "soon"])
def test_what_is_not_a_day(text: str) -> None:
    with pytest.raises(ValueError, match="not a valid date; use YYYY-MM-DD, today"):
        read_day(text, TODAY)


def test_shown() -> None:
    assert in_china("2026-03-01T20:00:00+00:00") == "2026-03-02 04:00:00"
    assert in_china("2026-03-02T04:00:00+08:00") == "2026-03-02 04:00:00"
    assert in_china("2026-03-02") == "2026-03-02"
    assert in_china(None) == ""
