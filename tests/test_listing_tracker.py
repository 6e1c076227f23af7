"""The listings of a run: a check is stored when all the pages that it led to have ended."""

from __future__ import annotations

from typing import Any

import pytest
from archives import page
from scrapy.http import Request

from newscrawl.items import End
from newscrawl.runs.listing_tracker import ListingTracker, Repeated, hash_links
from newscrawl.runs.schedule import IntervalBounds
from newscrawl.store.listings import Listing, ListingCheck, ListingKey

BOUNDS = IntervalBounds(300.0, 43200.0)
KEY = ListingKey("finews", "category", "guojishangbao")
URL = "http://mirror.test/category/guojishangbao.html"


class Kept(list[ListingCheck]):
    """A tracker, and the checks that it has stored."""

    def __init__(self) -> None:
        super().__init__()
        self.confirmed: list[ListingKey] = []
        self.tracker = ListingTracker(self.append, BOUNDS, write_confirmed=self.confirmed.append)


def check(**fields: Any) -> ListingCheck:
    plain = {"found_in": "footer", "checked_at": "2022-01-01T10:00:00+00:00"}
    return ListingCheck(KEY, URL, **{**plain, **fields})


def known(interval: float, checked_at: str = "2022-01-01T00:00:00+00:00") -> Listing:
    return Listing(URL, "footer", None, None, None, checked_at, interval, None, None)


def link(number: int) -> Request:
    made = page(f"NW20211228000000000{number}")
    return Request(made.url, meta={"page": made})


def test_it_waits_for_every_page() -> None:
    kept = Kept()
    links = [link(1), link(2)]
    assert list(kept.tracker.noting(check(), None, links)) == links
    kept.tracker.settled(links[0].url, "new")
    assert kept == []
    kept.tracker.settled(links[1].url, "unchanged")
    [stored] = kept
    assert stored.is_complete
    assert stored.has_news


@pytest.mark.parametrize("end", ["failed", "rejected"])
def test_a_page_that_is_not_stored_leaves_it_incomplete(end: End) -> None:
    kept = Kept()
    first = link(1)
    list(kept.tracker.noting(check(), None, [first]))
    kept.tracker.settled(first.url, end)
    assert not kept[0].is_complete


def test_a_page_that_ends_while_it_is_read_does_not_close_it() -> None:
    kept = Kept()
    reading = kept.tracker.noting(check(), None, [link(1), link(2)])
    first = next(reading)
    kept.tracker.settled(first.url, "new")
    assert kept == []
    second = next(reading)
    assert next(reading, None) is None
    kept.tracker.settled(second.url, "new")
    assert len(kept) == 1


def test_a_page_of_two_listings_counts_for_both() -> None:
    kept = Kept()
    first = link(1)
    list(kept.tracker.noting(check(), None, [first]))
    list(kept.tracker.noting(check(), None, [Repeated(first.url)]))
    kept.tracker.settled(first.url, "new")
    assert [each.has_news for each in kept] == [True, True]


def test_a_page_that_has_ended_before_counts_at_once() -> None:
    kept = Kept()
    kept.tracker.settled("http://mirror.test/x", "failed")
    assert list(kept.tracker.noting(check(), None, [Repeated("http://mirror.test/x")])) == []
    assert [each.is_complete for each in kept] == [False]


def test_what_the_home_page_shows_is_not_news_of_a_category() -> None:
    kept = Kept()
    first = link(1)
    kept.tracker.at_home.add(first.url)
    list(kept.tracker.noting(check(), None, [first]))
    kept.tracker.settled(first.url, "new")
    assert not kept[0].has_news


@pytest.mark.parametrize(
    ("has_news", "longer"), [(True, False), (False, True)], ids=["news", "no news"]
)
def test_the_interval_is_learnt(has_news: bool, longer: bool) -> None:
    kept = Kept()
    kept.tracker.keep(check(has_news=has_news), known(3600))
    interval = kept[0].interval
    assert interval is not None
    assert (interval > 3600) == longer
    assert BOUNDS.shortest <= interval <= BOUNDS.longest


def test_an_early_check_without_news_teaches_nothing() -> None:
    kept = Kept()
    kept.tracker.keep(check(), known(3600, "2022-01-01T09:59:00+00:00"))
    assert kept[0].interval == 3600


def test_a_missing_listing_is_checked_rarely() -> None:
    kept = Kept()
    kept.tracker.keep(check(is_missing=True), known(300))
    assert kept[0].interval == BOUNDS.longest


def test_a_confirmed_name_is_written_as_the_footers() -> None:
    kept = Kept()
    kept.tracker.confirm(KEY)
    kept.tracker.keep(check(found_in="path"), None)
    assert kept.confirmed == [KEY]
    assert kept[0].found_in == "footer"


def test_the_order_of_links_is_content() -> None:
    assert hash_links(["a", "b"]) == hash_links(iter(["a", "b"]))
    assert hash_links(["a", "b"]) != hash_links(["b", "a"])
    assert hash_links(["a"]) != hash_links([])
