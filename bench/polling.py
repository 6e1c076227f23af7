"""What polling by schedule saves: a year of publishing, asked in several ways.

    python -m bench polling

A few busy sources and a long tail publish into a mirror that is built every five minutes and
forgets after three days; hours, weekends and holidays are those of Chinese financial news. Each way
of asking is counted in requests for listings (those for articles are the same for all), and by the
time from publication until an article is found. The schedule is newscrawl's own,
newscrawl.runs.schedule.

Nothing is timed: the figures are the same on every machine. Some 3 minutes.
"""

from __future__ import annotations

import argparse
import math
import random
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from newscrawl.runs.schedule import (
    IntervalBounds,
    is_listing_due,
    next_interval,
)
from newscrawl.sites.finews.retention import HOME_SHOWS, forgets_at

SLOT = 300
"""Seconds between two builds of the mirror, and between two runs."""
YEAR = date(2026, 1, 1)
DAYS = 365
SLOTS = DAYS * 86_400 // SLOT
AFTER = 60
"""Seconds after a build at which the run asks."""
KEPT_DAYS = 3

# Parts of a working day's articles in each hour in China, and days on which little is published.
HOURS = (1, 1, 1, 1, 1, 2, 5, 9, 8, 5, 5, 6, 6, 4, 5, 7, 8, 7, 6, 5, 4, 3, 2, 1)
WEEKEND = 0.33
HOLIDAY = 0.15
HOLIDAYS = (
    (date(2026, 1, 1), 3), (date(2026, 2, 16), 8), (date(2026, 4, 4), 3), (date(2026, 5, 1), 5),
    (date(2026, 6, 19), 3), (date(2026, 9, 25), 3), (date(2026, 10, 1), 7),
)  # fmt: skip


class Story(NamedTuple):
    """An article: what the mirror knows of it."""

    shown: int
    """Slot of the first build that has it."""
    time: float
    """Its own time, in seconds of the year; the home page is sorted by it."""
    published: float
    """When it was there to be built: later than its own time where it came late."""
    dropped: int
    """Slot of the first build without it."""


@dataclass(frozen=True)
class World:
    """What is published."""

    seed: int = 1
    categories: int = 2000
    a_day: int = 1000
    """Articles on a working day."""
    spread: float = 2.2
    """How unequal the sources are: sigma of the log-normal of their rates."""
    late: float = 0.02
    """Part of the articles that enter with a time of hours ago."""
    bursts: float = 0.01
    """Part of the articles with which their source publishes ten more at once."""


@dataclass(frozen=True)
class Found:
    """What one way of asking cost and found. Delays are in minutes from publication."""

    way: str
    requests: int
    saved: float
    """Part of the requests of asking everything that was not sent."""
    articles: int
    missed: int
    mean: float
    p50: float
    p95: float
    p99: float
    worst: float


def publish(world: World) -> list[list[Story]]:
    """Return the year's articles of each category, in the order in which the mirror has them."""
    dice = random.Random(world.seed)
    rates = [dice.lognormvariate(0, world.spread) for _ in range(world.categories)]
    lives = [_life(dice) for _ in rates]
    activity = list(_activity())
    a_slot = world.a_day / (86_400 / SLOT)
    found: list[list[Story]] = [[] for _ in rates]
    cumulated, total = [], 0.0
    for rate in rates:
        total += rate
        cumulated.append(total)
    for slot, factor in enumerate(activity):
        for _ in range(_poisson(dice, a_slot * factor)):
            category = bisect_left(cumulated, dice.random() * total)
            first, last = lives[category]
            if first <= slot < last:
                copies = 10 if dice.random() < world.bursts else 1
                found[category] += [_story(dice, world, slot) for _ in range(copies)]
    for stories in found:
        stories.sort()
    return found


def _life(dice: random.Random) -> tuple[int, int]:
    """Most sources are there all year; one in ten comes or goes."""
    if dice.random() < 0.9:
        return 0, SLOTS
    edge = dice.randrange(SLOTS)
    return (edge, SLOTS) if dice.random() < 0.5 else (0, edge)


def _activity() -> Iterator[float]:
    free = {first + timedelta(days=each) for first, days in HOLIDAYS for each in range(days)}
    mean = sum(HOURS) / len(HOURS)
    for slot in range(SLOTS):
        china = datetime(YEAR.year, 1, 1) + timedelta(seconds=slot * SLOT)
        factor = HOURS[china.hour] / mean
        if china.date() in free:
            factor *= HOLIDAY
        elif china.weekday() >= 5:
            factor *= WEEKEND
        yield factor


def _poisson(dice: random.Random, mean: float) -> int:
    limit, count, product = math.exp(-mean), 0, dice.random()
    while product > limit:
        count += 1
        product *= dice.random()
    return count


def _story(dice: random.Random, world: World, slot: int) -> Story:
    published = (slot + dice.random()) * SLOT
    time = published
    if dice.random() < world.late:
        time -= dice.uniform(600, 6 * 3600)
    return Story(slot + 1, time, published, _dropped(max(time, 0.0)))


def _dropped(time: float) -> int:
    """Return the first slot whose build has dropped an article of that time.

    The year begins at midnight in China, 16:00 UTC of the day before; the mirror drops at
    midnight by UTC, :func:`newscrawl.sites.finews.retention.forgets_at`.
    """
    days = int(time // 86_400) + KEPT_DAYS
    return (days * 86_400 + 8 * 3600) // SLOT


def at(slot: int) -> str:
    """Return the time of a slot as newscrawl.runs.schedule takes it."""
    begin = datetime(YEAR.year, 1, 1, tzinfo=UTC) - timedelta(hours=8)
    return (begin + timedelta(seconds=slot * SLOT)).isoformat(timespec="seconds")


def check_against_polling() -> None:
    """Fail where the arithmetic on slots differs from newscrawl.runs.schedule."""
    for slot in range(0, 3000, 7):
        stamp = at(slot)
        assert at(_dropped(slot * SLOT)) == forgets_at(stamp, KEPT_DAYS), stamp
        for interval in (300.0, 450.0, 4000.0):
            due = slot + _wait(interval)
            assert is_listing_due(stamp, interval, at(due)), (stamp, interval)
            assert due - 1 == slot or not is_listing_due(stamp, interval, at(due - 1))


def _wait(interval: float) -> int:
    """Return the slots until a listing is due."""
    return max(1, math.ceil(0.9 * interval / SLOT))


Slots = dict[int, int]
"""For each article, by its number, the slot in which it was found."""


def alone(stories: list[Story], bounds: IntervalBounds) -> tuple[int, Slots]:
    """Ask one category by its learnt interval alone; return the requests and what was found."""
    requests, slot, number, interval = 0, 0, 0, None
    found: Slots = {}
    while slot < SLOTS:
        requests += 1
        before = number
        while number < len(stories) and stories[number].shown <= slot:
            if stories[number].dropped > slot:
                found[number] = slot
            number += 1
        interval = next_interval(interval, has_news=number > before, bounds=bounds)
        wait = _wait(interval)
        if interval == bounds.longest:  # nothing changes until the next article
            until = stories[number].shown if number < len(stories) else SLOTS
            idle = max(0, (min(until, SLOTS) - 1 - slot) // wait)
            requests, slot = requests + idle, slot + idle * wait
        slot += wait
    return requests, found


class WithHome:
    """Asks one category as ``crawl category --due`` does: the home page tells of most articles."""

    def __init__(self, stories: list[Story], bounds: IntervalBounds) -> None:
        self.stories = stories
        self.bounds = bounds
        self.requests = 0
        self.found: Slots = {}
        self._next = SLOTS
        self._interval: float | None = None
        self._shown: list[tuple[float, int]] = []
        """The articles that the mirror shows, by their own time: time, number."""

    def run(self) -> None:
        """Ask until the end of the year."""
        number = 0
        while True:
            coming = self.stories[number].shown if number < len(self.stories) else SLOTS
            slot = min(coming, self._next)
            if slot >= SLOTS:
                return
            before = number
            while number < len(self.stories) and self.stories[number].shown <= slot:
                insort(self._shown, (self.stories[number].time, number))
                number += 1
            if self._next <= slot:
                self._ask(slot)
            elif number > before:
                self._look_at_home(slot)

    def _present(self, slot: int) -> list[int]:
        """Return the numbers of the articles that are shown, the newest first."""
        self._shown = [each for each in self._shown if self.stories[each[1]].dropped > slot]
        return [number for _, number in reversed(self._shown)]

    def _ask(self, slot: int) -> None:
        """Ask for the listing. What the run's home page shows is not news of its own."""
        present = self._present(slot)
        top = present[:HOME_SHOWS]
        self.requests += 1
        new = [number for number in present if number not in self.found]
        self.found.update(dict.fromkeys(new, slot))
        has_news = any(number not in top for number in new)
        self._interval = next_interval(self._interval, has_news=has_news, bounds=self.bounds)
        # A category without articles has no page: it is asked again when the home page has one.
        self._next = slot + _wait(self._interval) if present else SLOTS

    def _look_at_home(self, slot: int) -> None:
        top = self._present(slot)[:HOME_SHOWS]
        is_new = self._interval is None or self._next >= SLOTS
        if is_new or (len(top) >= HOME_SHOWS and not any(each in self.found for each in top)):
            self._ask(slot)
        else:
            self.found.update({each: slot for each in top if each not in self.found})


def ask(world: list[list[Story]], way: str, bounds: IntervalBounds, *, has_home: bool) -> Found:
    """Ask a whole mirror for a year."""
    requests, delays, missed = SLOTS, [], 0  # the home page, in every run and in every way
    for stories in world:
        if has_home:
            asking = WithHome(stories, bounds)
            asking.run()
            asked, found = asking.requests, asking.found
        elif bounds.longest == SLOT:
            asked, found = SLOTS, {number: each.shown for number, each in enumerate(stories)}
        else:
            asked, found = alone(stories, bounds)
        requests += asked
        for number, story in enumerate(stories):
            slot = found.get(number)
            if slot is not None:
                delays.append((slot * SLOT + AFTER - story.published) / 60)
            elif story.shown < SLOTS and story.dropped < SLOTS:
                missed += 1
    delays.sort()

    def part(share: float) -> float:
        return delays[min(len(delays) - 1, int(share * len(delays)))]

    everything = SLOTS * (len(world) + 1)
    return Found(
        way, requests, 1 - requests / everything, len(delays), missed,
        sum(delays) / len(delays), part(0.5), part(0.95), part(0.99), delays[-1],
    )  # fmt: skip


LONGEST = (900, 1800, 3600, 7200, 14_400, 43_200)
"""Bounds of the learnt interval that make the curve, in seconds."""


def measure(world: World) -> list[Found]:
    """Return what each way of asking costs and finds."""
    published = publish(world)
    each_time = IntervalBounds(SLOT, SLOT)
    found = [ask(published, "everything, every five minutes", each_time, has_home=False)]
    for longest in LONGEST:
        name = f"learnt interval alone, up to {longest / 3600:g} h"
        found.append(ask(published, name, IntervalBounds(SLOT, longest), has_home=False))
    found.append(ask(published, "crawl category --due", IntervalBounds(), has_home=True))
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen."""
    parser.add_argument("--seed", type=int, default=World.seed)
    parser.add_argument("--spread", type=float, default=World.spread)
    parser.add_argument("--categories", type=int, default=World.categories)
    parser.add_argument("--a-day", type=int, default=World.a_day, help="articles, about")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure; return what was found."""
    check_against_polling()
    world = World(
        seed=options.seed, spread=options.spread, categories=options.categories, a_day=options.a_day
    )
    return {"categories": world.categories, "ways": [asdict(each) for each in measure(world)]}
