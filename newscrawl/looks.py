"""The listings of a run: what each led to, and whether all of it is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from scrapy.http import Request

from newscrawl.ledger import End
from newscrawl.polling import Bounds, is_listing_due, next_interval
from newscrawl.store.listings import Listing, Look


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A page that a listing leads to, and that another one has led to before: it is to come."""

    url: str


@dataclass(slots=True)
class _Open:
    """A listing whose pages are still to come."""

    look: Look
    stored: Listing | None
    waiting: set[str] = field(default_factory=set)
    """Addresses of the pages that it led to."""
    is_read: bool = False
    """Whether all its links were taken."""


class Looks:
    """Keeps a good look at a listing once all that it led to has come to its end.

    Its validators are kept only if all is stored: else a later 304 would hide what is missing.
    """

    def __init__(self, write: Callable[[Look], None], bounds: Bounds) -> None:
        self._write = write
        self._bounds = bounds
        self._open: dict[str, list[_Open]] = {}
        """By the address of each page that is waited for."""

    def noting(self, look: Look, stored: Listing | None, found: Iterable[Any]) -> Iterator[Any]:
        """Yield what a listing leads to, and keep the look when all of it has ended."""
        opened = _Open(look, stored)
        for each in found:
            match each:
                case UnderWay():
                    self._wait(opened, each.url)
                    continue
                case Request() if "page" in each.meta:
                    self._wait(opened, each.meta["page"].url)
            yield each
        opened.is_read = True
        self._close_if_done(opened)

    def _wait(self, opened: _Open, url: str) -> None:
        opened.waiting.add(url)
        self._open.setdefault(url, []).append(opened)

    def settled(self, url: str, end: End | None) -> None:
        """Note how the page at *url* ended; None where it was not asked for after all."""
        for number, opened in enumerate(self._open.pop(url, ())):
            opened.waiting.discard(url)
            if end in ("failed", "rejected"):
                opened.look.is_complete = False
            if end == "new" and number == 0:
                opened.look.has_news = True
            self._close_if_done(opened)

    def keep(self, look: Look, stored: Listing | None) -> None:
        """Keep a look that leads to nothing: the listing is as it was, or is none."""
        before = stored.interval if stored else None
        is_early = stored is not None and not is_listing_due(
            stored.checked_at, before, look.looked_at
        )
        if look.is_missing:
            look.interval = self._bounds.longest
        elif is_early and not look.has_news:
            look.interval = before  # too soon after the last look to learn anything from it
        else:
            look.interval = next_interval(before, has_news=look.has_news, bounds=self._bounds)
        self._write(look)

    def _close_if_done(self, opened: _Open) -> None:
        if opened.is_read and not opened.waiting:
            self.keep(opened.look, opened.stored)


def hash_links(links: Iterable[str]) -> str:
    """Return the hash of a listing's links, in their order: what of it counts as content."""
    return hashlib.blake2b("\n".join(links).encode(), digest_size=16).hexdigest()
