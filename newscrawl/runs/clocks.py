"""What the servers' clocks say of ours: by the Date of each answer."""

from __future__ import annotations

from collections import deque
from statistics import median
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from scrapy.http import Response

from newscrawl.store import clock
from newscrawl.store.stored_times import SAID
from newscrawl.text.http_dates import read_http_date

_KEPT = 101
"""Answers of a host whose clocks are kept."""


class Clocks:
    """Compares the clocks of the hosts that are asked with this machine's."""

    def __init__(self) -> None:
        self._hosts: dict[str, deque[float]] = {}
        self._difference: int | None = None
        self._is_known = True
        """Whether that is of all answers so far."""

    def note(self, response: Response) -> None:
        """Note what an answer that has just come says of the time."""
        at = read_http_date(response.headers.get("Date"))
        if at is None:
            return
        difference = (at - clock.clock()).total_seconds()
        # Some caches date an answer when it was made, and some when they gave it.
        age = _seconds(response.headers.get("Age"))
        if difference < 0:
            difference = min(0.0, difference + age)
        host = urlsplit(response.url).netloc
        self._hosts.setdefault(host, deque(maxlen=_KEPT)).append(difference)
        self._is_known = False

    @property
    def difference(self) -> int | None:
        """By how many seconds the servers' clocks are ahead of ours; None where none tells.

        A host's is the median of its answers. Of several hosts the one that is nearest to us
        counts: where one agrees, it is the others that are wrong.
        """
        if not self._is_known:
            found = [round(median(each)) for each in self._hosts.values()]
            self._difference, self._is_known = min(found, key=abs), True
        return self._difference

    def odd_hosts(self) -> list[str]:
        """Return the hosts whose clock is wrong by what others say."""
        if abs(self.difference or 0) > SAID:
            return []
        return [host for host, each in self._hosts.items() if abs(median(each)) > SAID]


def _seconds(text: bytes | None) -> float:
    return float(text) if text and text.isdigit() and len(text) < 10 else 0.0


def sentence(difference: int) -> str:
    """Say by how much this machine's clock differs from the servers'."""
    size, ours = abs(difference), "behind" if difference > 0 else "ahead of"
    units = ((86_400, "days"), (3600, "hours"), (60, "minutes"))
    seconds, unit = next((each for each in units if size >= 2 * each[0]), units[-1])
    return f"the clock of this machine is {size // seconds:,} {unit} {ours} the servers' clocks"


_clocks: WeakKeyDictionary[Crawler, Clocks] = WeakKeyDictionary()


def clocks_of(crawler: Crawler) -> Clocks:
    """Return the one comparison of a crawl."""
    if crawler not in _clocks:
        _clocks[crawler] = Clocks()
    return _clocks[crawler]
