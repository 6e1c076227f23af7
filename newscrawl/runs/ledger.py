"""Counts what became of every page of a run; the counters must balance."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from newscrawl.items import ENDS, End

Found = Literal["repeated", "skipped", "filtered"]


class Ledger:
    """The counters of one run, and the pages that are under way.

    A page is known here by the address it was asked under. Each that is scheduled must be
    settled once; what is settled twice, or never was scheduled, is a bug and raises.
    """

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.under_way: set[str] = set()
        self.asked = 0
        """Pages ever scheduled, those withdrawn later among them: what a limit counts."""
        self.lost: Counter[End] = Counter()
        """Pages failed, and rejected, with no other address of the same article left to try."""
        self.passed = 0
        """Pages failed or rejected in whose place another address was asked."""

    def link(self, found: Found) -> None:
        """Count a link, or an id given by the user, that leads to no request."""
        self.counters["listed"] += 1
        self.counters[found] += 1

    def schedule(self, url: str) -> None:
        """Count a link or id that leads to a request for *url*."""
        if url in self.under_way:
            raise ValueError(f"{url} is scheduled twice")
        self.counters["listed"] += 1
        self.counters["scheduled"] += 1
        self.asked += 1
        self.under_way.add(url)

    def settle(self, url: str, end: End, *, final: bool = True) -> None:
        """Count how the page at *url* ended."""
        self._close(url)
        self.counters[end] += 1
        if end in ("failed", "rejected"):
            self.lost[end] += final
            self.passed += not final

    def skip(self, url: str) -> None:
        """Count the page at *url* as known and not due, before it was requested."""
        self._close(url)
        self.counters["scheduled"] -= 1
        self.counters["skipped"] += 1
        self.asked -= 1

    def withdraw(self, url: str) -> None:
        """Count the page at *url* as filtered after all: only its text showed that it is."""
        self._close(url)
        self.counters["scheduled"] -= 1
        self.counters["filtered"] += 1

    def _close(self, url: str) -> None:
        if url not in self.under_way:
            raise ValueError(f"{url} ended twice, or was never scheduled")
        self.under_way.remove(url)

    @property
    def unfinished(self) -> int:
        """Pages scheduled that came to no end: 0 unless the run was interrupted."""
        return self.counters["scheduled"] - sum(self.counters[end] for end in ENDS)

    @property
    def balances(self) -> bool:
        """Whether every link and every page is accounted for."""
        count = self.counters
        links = count["repeated"] + count["skipped"] + count["filtered"] + count["scheduled"]
        return count["listed"] == links and self.unfinished == len(self.under_way)
