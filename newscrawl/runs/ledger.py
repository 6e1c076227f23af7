"""Counts what became of every link and every page of a run; the counters must balance."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from newscrawl.items import ENDS, End

Found = Literal["repeated", "skipped", "filtered", "scheduled"]


class Ledger:
    """The counters of one run, which only go up, and the pages that are under way.

    A page is known here by the address it was asked under. Each time that it is scheduled it must
    be settled once; what is settled more often is a bug and raises.
    """

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.under_way: Counter[str] = Counter()
        """Pages that were scheduled and have not ended, by address."""
        self.lost: Counter[End] = Counter()
        """Pages failed, and rejected, with no other address of the same article left to try."""
        self.passed = 0
        """Pages failed or rejected in whose place another address was asked."""

    def link(self, found: Found) -> None:
        """Count a link, or an id given by the user, by what it leads to."""
        self.counters["listed"] += 1
        self.counters[found] += 1

    def schedule(self, url: str) -> None:
        """Count a link or id that leads to the page at *url*."""
        self.link("scheduled")
        self.under_way[url] += 1

    def settle(self, url: str, end: End, *, final: bool = True) -> None:
        """Count how the page at *url* ended."""
        left = self.under_way.pop(url, 0) - 1
        if left < 0:
            raise ValueError(f"{url} ended twice, or was never scheduled")
        if left:
            self.under_way[url] = left
        self.counters[end] += 1
        if end in ("failed", "rejected"):
            self.lost[end] += final
            self.passed += not final

    @property
    def unfinished(self) -> int:
        """Pages scheduled that came to no end: 0 unless the run was interrupted."""
        return self.counters["scheduled"] - sum(self.counters[end] for end in ENDS)

    @property
    def balances(self) -> bool:
        """Whether every link and every page is accounted for."""
        count = self.counters
        links = count["repeated"] + count["skipped"] + count["filtered"] + count["scheduled"]
        return count["listed"] == links and self.unfinished == self.under_way.total()
