"""A mirror that lives: posts appear, are edited, taken down and forgotten, and requests fail.

``Changing(site)`` knows what a site shows at each moment, ``Weather()`` what goes wrong with each
request, ``Hostile(changing, weather)`` serves both and keeps a log that can be compared with what
a crawl stored. All is a function of the seeds: the same run of the same week meets the same.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from newscrawl.demo.dice import Dice, mix
from samplesite.article import local, post_of
from samplesite.plan import DAY
from samplesite.server import Fault, Server
from samplesite.site import Response, Site

BUILD = 300
"""Seconds between two builds of the mirror."""
KEPT_DAYS = 3
LOGIN = (
    b"<html><head><title>Sign in</title></head><body><form><input type='password'></form></html>"
)
"""What a hotel's network answers in the place of any page, with status 200."""
SHARED = ("kinds", "start", "category_pages", "by_category", "by_tag", "first_notice", "_age")
"""What of a plan does not depend on what is shown now."""


class Life(NamedTuple):
    """When a site shows an article: seconds (Unix) of builds."""

    shown: int
    """The first build that has it."""
    dropped: int
    """The first build without it."""
    edits: tuple[int, ...]
    """The builds from which on it says something else."""

    def version(self, build: int) -> int:
        """How often it was edited by then."""
        return bisect_right(self.edits, build)


@dataclass(eq=False)
class Changing:
    """What a site shows at each moment. It forgets what is older than three days, as the real one.

    One build in a hundred is half an hour to six hours late, and then shows much at once; an
    article in thirty enters hours after its own time, one in twenty-five is taken down early, one
    in eight is edited up to three times.
    """

    site: Site
    """All articles that there will be."""

    @cached_property
    def builds(self) -> list[int]:
        """The seconds at which the site is built."""
        dice, found = Dice(self.site.seed, 101), [self.site.start]
        end = self.site.start + (self.site.span_days + KEPT_DAYS + 2) * DAY
        while found[-1] < end:
            late = dice.number(1800, 6 * 3600) if dice.one_in(100) else 0
            found.append(found[-1] + BUILD + late // BUILD * BUILD)
        return found

    def build_at(self, second: int) -> int:
        """The last build up to a moment."""
        return self.builds[max(0, bisect_right(self.builds, second) - 1)]

    def _first_build(self, second: int) -> int:
        return self.builds[min(bisect_left(self.builds, second), len(self.builds) - 1)]

    @cached_property
    def lives(self) -> list[Life]:
        """When each article is shown, by its number."""
        return [self._life(number) for number in range(self.site.articles)]

    def _life(self, number: int) -> Life:
        dice = Dice(self.site.seed, number, 102)
        published = self.site.second(number)
        late = dice.number(600, 6 * 3600) if dice.one_in(30) else 0
        shown = self._first_build(published + late)
        forgotten = local(published).date() + timedelta(days=KEPT_DAYS)  # by its date in China …
        midnight = datetime(forgotten.year, forgotten.month, forgotten.day, tzinfo=UTC)
        dropped = self._first_build(int(midnight.timestamp()))  # … when it is that late in UTC
        if dice.one_in(25):
            dropped = min(dropped, self._first_build(shown + dice.number(BUILD, 2 * DAY)))
        edits, moment = [], shown
        for _ in range(dice.number(1, 3) if dice.one_in(8) else 0):
            moment = self._first_build(moment + dice.number(300, 3600) * 2 ** dice.number(0, 5))
            edits.append(moment)
        return Life(shown, dropped, tuple(edit for edit in edits if edit < dropped))

    @lru_cache(maxsize=4)  # noqa: B019  lives as long as the process
    def at(self, build: int) -> Site:
        """The site as of a build."""
        shown = [n for n, life in enumerate(self.lives) if life.shown <= build < life.dropped]
        window = (shown[0], shown[-1] + 1) if shown else (0, 0)
        site = replace(
            self.site,
            window=window,
            removed=frozenset(range(*window)) - set(shown),
            edits={n: v for n in shown if (v := self.lives[n].version(build))},
        )
        site.__dict__.update({name: getattr(self.site, name) for name in SHARED})
        return site

    @lru_cache(maxsize=1024)  # noqa: B019
    def respond(self, address: str, build: int) -> Response:
        """The answer of a build. Its pages carry a stamp that is new each day, as Jekyll's do."""
        response = self.at(build).respond(address)
        stamp = b"<!-- build %d --></html>" % (build // DAY)
        return replace(response, body=response.body.replace(b"</html>", stamp))

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The article of each post's path."""
        return {
            post_of(self.site, number, place).path: number
            for number in range(self.site.articles)
            for place in range(len(self.site.kind(number).generations))
        }


@dataclass(frozen=True)
class Weather:
    """What goes wrong, and when: with single requests, the whole site, one listing, a run."""

    seed: int = 1
    one_in: int = 60
    """One address in so many fails at first in a run, a third of them to its end."""
    outages: tuple[tuple[int, int], ...] = ()
    """From when to when the whole site is down, Unix seconds."""
    broken: tuple[str, int, int] | None = None
    """A listing that fails for long: its path, from when to when."""
    timeout: float = 3
    """Seconds that the client waits."""

    def fault(self, run: int, path: str, attempt: int, second: int) -> Fault:
        """What goes wrong with the attempt (0 the first) of a run at an address."""
        for number, (start, stop) in enumerate(self.outages):
            if start <= second < stop:
                return (
                    Fault(status=503), Fault(reset=True), Fault(status=404),
                    Fault(status=200, body=LOGIN),
                )[number % 4]  # fmt: skip
        if self.broken and path == self.broken[0] and self.broken[1] <= second < self.broken[2]:
            return Fault(status=500)
        dice = Dice(self.seed, run, mix(*path.encode()))
        if not dice.one_in(self.one_in):
            return Fault()
        is_lasting = dice.one_in(3)
        kind, size = dice.number(0, 19), dice.number(1, 900)
        if attempt and not is_lasting:
            return Fault()
        match kind:
            case 0 if not attempt:
                return Fault(delay=self.timeout + 1)
            case 0 | 1 | 2 | 3 | 4:
                return Fault(reset=True)
            case 5 | 6 | 7 | 8:
                return Fault(truncate=size)
            case 9 | 10:
                return Fault(delay=size / 3000)
            case 11 | 12:
                return Fault(status=404)
            case 13 | 14:
                return Fault(status=200, body=LOGIN)
            case _:
                return Fault(status=(429, 500, 502, 503, 504)[kind - 15])


class Served(NamedTuple):
    """A request, and what it got."""

    path: str
    """Not percent-encoded."""
    status: int
    """0 where the connection was reset."""
    answer: str
    """``own`` (the site's, whole and in time), ``other`` (a page or an error in its place) or
    ``broken``."""
    build: int
    """Of which build the site answered."""


class Hostile(Server):
    """Serves a changing site in bad weather, as of the moment that it was moved to."""

    def __init__(self, changing: Changing, weather: Weather) -> None:
        self.changing = changing
        self.weather = weather
        self.log: list[Served] = []
        """What was asked since it was moved."""
        self.watch: Callable[[int], None] = lambda count: None
        """Told of each request before it is answered: how many there were by then."""
        self._run, self._second = 0, changing.site.start
        self._posts_build = self._listings_build = changing.build_at(self._second)
        self._attempts: Counter[str] = Counter()
        self._answering = threading.local()
        self._gate = threading.Lock()
        super().__init__(changing.site)
        self.clock = lambda: datetime.fromtimestamp(self._second, UTC)

    def move(self, run: int, second: int, *, is_built_meanwhile: bool = False) -> None:
        """Begin a run. Where the site is built meanwhile, its posts are newer than its listings.

        What the last run still asks is answered before: a killed one leaves requests behind.
        """
        while self._http.open:
            time.sleep(0.001)
        with self._gate:
            self._run, self._second = run, second
            self._listings_build = self.changing.build_at(second)
            later = second + 2 * BUILD if is_built_meanwhile else second
            self._posts_build = self.changing.build_at(later)
            self._attempts.clear()
            self.log = []
            self.requests.clear()

    def answer(self, path: str) -> tuple[Response, Fault]:
        """The response of the site as of now, and the fault to play with it."""
        plain = unquote(path)
        with self._gate:
            attempt = self._attempts[plain]
            self._attempts[plain] += 1
            self.watch(self._attempts.total())
            build = self._posts_build if plain in self.changing.numbers else self._listings_build
            fault = self.weather.fault(self._run, plain, attempt, self._second)
            response = self.changing.respond(path, build)
        if fault.status is not None:
            response = Response(fault.status, fault.body or b"", {"Content-Type": "text/html"})
        self._answering.by = fault, build
        return response, fault

    def note(self, path: str, status: int, size: int) -> None:
        """Put a request into the log."""
        fault, build = self._answering.by
        is_late = fault.delay >= self.weather.timeout
        is_cut = fault.truncate is not None and status != 304 and size == fault.truncate
        answer = "own" if fault.status is None else "other"
        if fault.reset or is_late or is_cut:
            answer = "broken"
        with self._gate:
            self.log.append(Served(unquote(path), status, answer, build))
