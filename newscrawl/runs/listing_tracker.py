"""The listings of a run: what each led to, and whether all of it is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from newscrawl.items import End, ListingChecked
from newscrawl.runs.schedule import IntervalBounds, is_listing_due, next_interval
from newscrawl.store.listings import ListingCheck, ListingKey


@dataclass(slots=True)
class _Open:
    """A listing some of whose pages are still to come."""

    checked: ListingChecked
    waiting: set[str]
    """Addresses of these pages."""


class ListingTracker:
    """Stores the check of a listing once all the pages that it led to are finished.

    Its validators are kept only if all is stored: else a later 304 would hide what is missing.
    """

    def __init__(self, write: Callable[[ListingCheck], None], bounds: IntervalBounds) -> None:
        self._write = write
        self._bounds = bounds
        self._open: dict[str, list[_Open]] = {}
        """By the address of each page that is waited for."""
        self._ended: dict[str, End | None] = {}
        """How each page of the run has ended, by its address."""
        self._confirmed: set[ListingKey] = set()
        """Listings that were guessed at, and whose name a post of this run spells."""

    def checked(self, checked: ListingChecked) -> None:
        """Keep a check when all the pages that the listing led to have ended."""
        pages = set(checked.pages)
        for url in pages & self._ended.keys():
            self._note(checked, url)
        waiting = pages - self._ended.keys()
        opened = _Open(checked, waiting)
        for url in waiting:
            self._open.setdefault(url, []).append(opened)
        if not waiting:
            self._keep(checked)

    def settled(self, url: str, end: End | None) -> None:
        """Note how the page at *url* ended; None if it was not requested after all."""
        self._ended[url] = end
        for opened in self._open.pop(url, ()):
            opened.waiting.discard(url)
            self._note(opened.checked, url)
            if not opened.waiting:
                self._keep(opened.checked)

    def confirm(self, key: ListingKey) -> None:
        """Note that a post spells the name of a listing that was guessed at: it exists."""
        self._confirmed.add(key)

    def _note(self, checked: ListingChecked, url: str) -> None:
        """Note what the end of a page means for a listing, whichever of them came first."""
        end = self._ended[url]
        if end in ("failed", "rejected"):
            checked.check.is_complete = False
        if end == "new" and url not in checked.shown_before:
            checked.check.has_news = True

    def _keep(self, checked: ListingChecked) -> None:
        check, stored = checked.check, checked.stored
        if check.key in self._confirmed:
            check.found_in = "footer"
        before = stored.interval if stored else None
        is_early = stored is not None and not is_listing_due(
            stored.checked_at, before, check.checked_at
        )
        if check.is_missing:
            check.interval = self._bounds.longest
        elif is_early and not check.has_news:
            check.interval = before  # too soon after the last check to learn anything from it
        else:
            check.interval = next_interval(before, has_news=check.has_news, bounds=self._bounds)
        self._write(check)
