"""The listings of a run: a check is stored when all the pages that it led to have ended."""

from __future__ import annotations

from typing import Any

import pytest

from newscrawl.items import End, ListingChecked
from newscrawl.runs.listing_tracker import ListingTracker
from newscrawl.runs.schedule import IntervalBounds
from newscrawl.store.listings import Listing, ListingCheck, ListingKey, hash_links

BOUNDS = IntervalBounds(300.0, 43200.0)
KEY = ListingKey("finews", "category", "guojishangbao")
URL = "http://mirror.test/category/guojishangbao.html"


class Kept(list[ListingCheck]):
    """A tracker, and the checks that it has stored."""

    def __init__(self) -> None:
        super().__init__()
        self.tracker = ListingTracker(self.append, BOUNDS)


def check(**fields: Any) -> ListingCheck:
    plain = {"found_in": "footer", "checked_at": "2022-01-01T10:00:00+00:00"}
    return ListingCheck(KEY, URL, **{**plain, **fields})


def known(interval: float, checked_at: str = "2022-01-01T00:00:00+00:00") -> Listing:
    return Listing(URL, "footer", None, None, None, checked_at, interval, None, None, None, None)


FIRST, SECOND = "http://mirror.test/1", "http://mirror.test/2"


def test_it_waits_for_every_page() -> None:
    kept = Kept()
    kept.tracker.checked(ListingChecked(check(), None, [FIRST, SECOND, FIRST]))
    kept.tracker.settled(FIRST, "new")
    assert kept == []
    kept.tracker.settled(SECOND, "unchanged")
    [stored] = kept
    assert stored.is_complete
    assert stored.has_news


@pytest.mark.parametrize("end", ["failed", "rejected"])
def test_a_page_that_is_not_stored_leaves_it_incomplete(end: End) -> None:
    kept = Kept()
    kept.tracker.checked(ListingChecked(check(), None, [FIRST]))
    kept.tracker.settled(FIRST, end)
    assert not kept[0].is_complete


@pytest.mark.parametrize("end", ["out_of_range", "duplicate", None])
def test_a_page_that_is_left_out_leaves_it_complete(end: End | None) -> None:
    kept = Kept()
    kept.tracker.checked(ListingChecked(check(), None, [FIRST]))
    kept.tracker.settled(FIRST, end)
    assert kept[0].is_complete
    assert not kept[0].has_news


def test_a_page_that_ends_while_it_is_read_does_not_close_it() -> None:
    kept = Kept()
    kept.tracker.settled(FIRST, "new")
    kept.tracker.checked(ListingChecked(check(), None, [FIRST, SECOND]))
    assert kept == []
    kept.tracker.settled(SECOND, "unchanged")
    assert kept[0].has_news


def test_a_page_of_two_listings_counts_for_both() -> None:
    kept = Kept()
    kept.tracker.checked(ListingChecked(check(), None, [FIRST]))
    kept.tracker.checked(ListingChecked(check(), None, [FIRST]))
    kept.tracker.settled(FIRST, "new")
    assert [each.has_news for each in kept] == [True, True]


def test_a_page_that_had_failed_before_leaves_it_incomplete() -> None:
    kept = Kept()
    kept.tracker.settled(FIRST, "failed")
    kept.tracker.checked(ListingChecked(check(), None, [FIRST]))
    assert [each.is_complete for each in kept] == [False]


def test_what_the_home_page_shows_is_not_news_of_a_category() -> None:
    kept = Kept()
    kept.tracker.checked(ListingChecked(check(), None, [FIRST], {FIRST}))
    kept.tracker.settled(FIRST, "new")
    assert not kept[0].has_news


@pytest.mark.parametrize(
    ("has_news", "longer"), [(True, False), (False, True)], ids=["news", "no news"]
)
def test_the_interval_is_learnt(has_news: bool, longer: bool) -> None:
    kept = Kept()
    kept.tracker.checked(ListingChecked(check(has_news=has_news), known(3600)))
    interval = kept[0].interval
    assert interval is not None
    assert (interval > 3600) == longer
    assert BOUNDS.shortest <= interval <= BOUNDS.longest


def test_an_early_check_without_news_teaches_nothing() -> None:
    kept = Kept()
    kept.tracker.checked(ListingChecked(check(), known(3600, "2022-01-01T09:59:00+00:00")))
    assert kept[0].interval == 3600


def test_a_missing_listing_is_checked_rarely() -> None:
    kept = Kept()
    kept.tracker.checked(ListingChecked(check(is_missing=True), known(300)))
    assert kept[0].interval == BOUNDS.longest


def test_a_confirmed_name_is_written_as_the_footers() -> None:
    kept = Kept()
    kept.tracker.confirm(KEY)
    kept.tracker.checked(ListingChecked(check(found_in="path"), None))
    assert kept[0].found_in == "footer"


def test_the_order_of_links_is_content() -> None:
    assert hash_links(["a", "b"]) == hash_links(iter(["a", "b"]))
    assert hash_links(["a", "b"]) != hash_links(["b", "a"])
    assert hash_links(["a"]) != hash_links([])
