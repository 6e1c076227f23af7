"""Decides how far back a list is read, so that nothing between two checks is left out."""

from __future__ import annotations

from dataclasses import dataclass, field

from newscrawl.store.listings import Listing, ListingCheck

FIRST_PAGES = 5
"""Pages that the first check of a list reads, unless it is told how many."""

MANY = 10
"""Entries of a list that is full: the least of those without pages, the mirror's feed, has ten."""


def is_deeper(stored: Listing | None, most: int | None) -> bool:
    """Whether the user wants more pages of a list than were ever read."""
    known = stored.read_pages if stored else None
    return most is not None and known is not None and most > known


@dataclass(slots=True)
class ListReading:
    """The reading of one list in one run.

    The first check reads a few pages. Each later one goes on until a page has nothing that was not
    stored by the last check that was complete: so a page that failed, or a list that had more news
    than usual, is made up for by the next run.
    """

    check: ListingCheck
    """Of the first page."""
    stored: Listing | None
    """What the archive knows of the list."""
    most: int | None = None
    """The user's limit of pages."""
    goes_back: bool = False
    """Whether to go on to the list's end, as far back as the user wants."""
    links: list[str] = field(default_factory=list)
    """Addresses of the pages that it led to."""
    seen: set[str] = field(default_factory=set)
    """Ids of its entries in this run."""
    number: int = 0
    """The page that was read last."""
    has_new_ids: bool = False
    """Whether that page has an entry that no earlier one had: else the list repeats itself."""
    has_unread: bool = False
    """Whether that page has an entry that the last complete check did not store."""
    has_met: bool = False
    """Whether a page had none: what stands behind it is older than that check."""
    has_read: bool = False
    """Whether the article of any entry was stored before."""
    ends_too_early: bool = False
    """Whether the last entry of that page is from before the time that the user wants."""

    @property
    def read_at(self) -> str | None:
        """When the last check ended that was complete; None if there was none."""
        return self.stored.read_at if self.stored else None

    def begin_page(self, number: int) -> None:
        """Forget what was found of the page before."""
        self.number, self.has_new_ids, self.has_unread = number, False, False

    def end_page(self) -> None:
        """Note whether the page brought nothing that is unread."""
        self.has_met = self.has_met or not self.has_unread

    def leave_out(self) -> None:
        """Note an entry from before the time that the user wants."""
        self.ends_too_early = True

    def meet(self, entry_id: str, since: str | None, *, is_stored: bool) -> None:
        """Note an entry, since when the list shows it (None if it is new), and if its article is
        stored.
        """
        self.ends_too_early = False
        self.has_new_ids = self.has_new_ids or entry_id not in self.seen
        self.seen.add(entry_id)
        is_read = since is not None and since <= (self.read_at or "")
        self.has_unread = self.has_unread or not is_read
        self.has_read = self.has_read or is_read or is_stored

    @property
    def wants_more(self) -> bool:
        """Whether to read the next page, if there is one."""
        if not self.has_new_ids or self.ends_too_early:
            return False
        if self.most is not None and self.number >= self.most:
            return False
        if self.goes_back:
            return True
        if self.read_at is None:
            return self.number < (self.most or FIRST_PAGES)
        return not self.has_met or is_deeper(self.stored, self.most)

    def finish(self, now: str, *, is_at_end: bool, has_pages: bool) -> bool:
        """Fill in the check when the last page was read; return whether news is left unread.

        *is_at_end*: the list has no further page. If it has no pages at all and shows nothing of
        what it had at the last check, it may have dropped articles unseen: a gap, which stays.
        """
        ends = is_at_end or not self.has_new_ids
        if self.read_at is not None and not self.has_met and not ends:
            self.check.is_complete = False
            self.check.gap = self.read_at, now
            return True
        if self.read_at is not None and not has_pages and len(self.seen) >= MANY:
            self.check.gap = None if self.has_read else (self.read_at, now)
        depth = self.stored.read_pages if self.stored and self.read_at else 0
        self.check.read_at = now
        self.check.read_pages = None if ends or depth is None else max(depth, self.number)
        return False
