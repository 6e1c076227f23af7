"""How far back a list is read: the decision alone."""

from __future__ import annotations

from typing import Any

import pytest

from newscrawl.spiders.list_reading import FIRST_PAGES, ListReading
from newscrawl.store.listings import Listing, ListingCheck, ListingKey

BEFORE, READ_AT, NOW = (f"2026-11-25T0{hour}:00:00+00:00" for hour in (1, 2, 3))
KEY = ListingKey("finews", "list", "fast")


def reading(
    read_at: str | None = None, read_pages: int | None = None, **options: Any
) -> ListReading:
    url = "http://m.test/list"
    stored = Listing(url, "name", None, None, None, BEFORE, 300, None, None, read_at, read_pages)
    check = ListingCheck(KEY, url, "name", checked_at=NOW)
    return ListReading(check, stored if read_at else None, **options)


def read(made: ListReading, *pages: list[str | None]) -> list[bool]:
    """Read pages, given when their entries were stored; return whether each asks for the next."""
    wanted = []
    for number, entries in enumerate(pages, 1):
        made.begin_page(number)
        for place, observed_at in enumerate(entries):
            made.meet(f"{number}.{place}", observed_at, is_stored=False)
        made.end_page()
        wanted.append(made.wants_more)
    return wanted


@pytest.mark.parametrize(
    ("made", "pages", "wanted", "mark", "depth", "gap"),
    [
        pytest.param(reading(), [[None]] * 6, [True] * 4 + [False] * 2, NOW, 6, None, id="first"),
        pytest.param(reading(most=1), [[None]], [False], NOW, 1, None, id="first, of one page"),
        pytest.param(reading(READ_AT, 5), [[None, BEFORE], [BEFORE]], [True, False], NOW, 5, None,
                     id="until a page has nothing new"),
        pytest.param(reading(READ_AT, 5), [[NOW], [None]], [True, True], None, None,
                     (READ_AT, NOW), id="what a check stored that failed is read again"),
        pytest.param(reading(READ_AT, 5, most=2), [[None], [None]], [True, False], None, None,
                     (READ_AT, NOW), id="a limit leaves a gap"),
        pytest.param(reading(READ_AT, 1, most=3), [[BEFORE]] * 3, [True, True, False], NOW, 3, None,
                     id="more pages than before go back"),
        pytest.param(reading(READ_AT, None, most=3), [[BEFORE]], [False], NOW, None, None,
                     id="but not where all was read"),
        pytest.param(reading(READ_AT, 1, goes_back=True), [[BEFORE]] * 7, [True] * 7, NOW, 7, None,
                     id="a revisit goes on"),
    ],
)  # fmt: skip
def test_how_far(
    made: ListReading, pages: list[list[str | None]], wanted: list[bool], mark: str | None,
    depth: int | None, gap: tuple[str, str] | None,
) -> None:  # fmt: skip
    assert read(made, *pages) == wanted
    is_short = made.finish(NOW, is_at_end=False, has_pages=True)
    assert is_short == (gap is not None)
    assert (made.check.read_at, made.check.read_pages, made.check.gap) == (mark, depth, gap)


def test_a_page_that_repeats_is_the_end() -> None:
    made = reading()
    assert read(made, [None]) == [True]
    made.begin_page(2)
    made.meet("1.0", None, is_stored=False)
    made.end_page()
    assert not made.wants_more
    made.finish(NOW, is_at_end=False, has_pages=True)
    assert (made.check.read_at, made.check.read_pages) == (NOW, None)  # all of it was read
    assert FIRST_PAGES == 5


def test_entries_from_before_the_day_end_it() -> None:
    made = reading(goes_back=True)
    read(made, [None])
    made.leave_out()
    assert not made.wants_more
