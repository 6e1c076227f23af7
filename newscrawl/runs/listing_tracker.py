"""The listings of a run: what each led to, and whether all of it is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from scrapy.http import Request

from newscrawl.items import End
from newscrawl.runs.schedule import IntervalBounds, is_listing_due, next_interval
from newscrawl.store.listings import Listing, ListingCheck, ListingKey


@dataclass(frozen=True, slots=True)
class Repeated:
    """A page that a listing leads to, and that another one has led to before."""

    url: str


@dataclass(slots=True)
class _Open:
    """A listing whose pages are still to come."""

    check: ListingCheck
    stored: Listing | None
    waiting: set[str] = field(default_factory=set)
    """Addresses of the pages that it led to."""
    is_read: bool = False
    """Whether all its links were taken."""


class ListingTracker:
    """Stores the check of a listing once all the pages that it led to are finished.

    Its validators are kept only if all is stored: else a later 304 would hide what is missing.
    """

    def __init__(
        self, write: Callable[[ListingCheck], None], bounds: IntervalBounds,
        *, write_confirmed: Callable[[ListingKey], None],
    ) -> None:  # fmt: skip
        self._write = write
        self._write_confirmed = write_confirmed
        self._bounds = bounds
        self._open: dict[str, list[_Open]] = {}
        """By the address of each page that is waited for."""
        self._ended: dict[str, End | None] = {}
        """How each page of the run has ended, by its address."""
        self._confirmed: set[ListingKey] = set()
        """Listings that were guessed at, and whose name a post of this run spells."""
        self.at_home: set[str] = set()
        """Addresses of the pages that the home page shows: they are news of no other listing."""

    def noting(
        self, check: ListingCheck, stored: Listing | None, found: Iterable[Any]
    ) -> Iterator[Any]:
        """Yield what a listing leads to, and keep the check when all of it is finished."""
        opened = _Open(check, stored)
        for each in found:
            match each:
                case Repeated() if each.url in self._ended:
                    self._note(opened, each.url)
                    continue
                case Repeated():
                    self._wait(opened, each.url)
                    continue
                case Request() if "page" in each.meta:
                    self._wait(opened, each.meta["page"].url)
            yield each
        opened.is_read = True
        self._close_if_done(opened)

    def _wait(self, opened: _Open, url: str) -> None:
        if url in opened.waiting:
            return  # it links the page twice
        opened.waiting.add(url)
        self._open.setdefault(url, []).append(opened)

    def settled(self, url: str, end: End | None) -> None:
        """Note how the page at *url* ended; None if it was not requested after all."""
        self._ended[url] = end
        for opened in self._open.pop(url, ()):
            opened.waiting.discard(url)
            self._note(opened, url)
            self._close_if_done(opened)

    def _note(self, opened: _Open, url: str) -> None:
        """Note what the end of a page means for a listing, whichever of them came first."""
        end, check = self._ended[url], opened.check
        if end in ("failed", "rejected"):
            check.is_complete = False
        if end == "new" and (check.key.kind == "home" or url not in self.at_home):
            check.has_news = True

    def confirm(self, key: ListingKey) -> None:
        """Note that a post spells the name of a listing that was guessed at: it exists."""
        self._confirmed.add(key)
        self._write_confirmed(key)  # it may have been kept before

    def keep(self, check: ListingCheck, stored: Listing | None) -> None:
        """Keep a check that leads to nothing: the listing is unchanged, or is missing."""
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

    def _close_if_done(self, opened: _Open) -> None:
        if opened.is_read and not opened.waiting:
            self.keep(opened.check, opened.stored)


def hash_links(links: Iterable[str]) -> str:
    """Return the hash of a listing's links, in their order: what of it counts as content."""
    return hashlib.blake2b("\n".join(links).encode(), digest_size=16).hexdigest()
