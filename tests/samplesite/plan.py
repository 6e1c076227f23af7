"""Who is where: which posts, sources, ids and times the articles have, without their words.

Everything here is arithmetic on an article's number. Kinds of articles repeat every 960 articles
(16 rounds of oddities), so a listing's members are computed and never searched for.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from newscrawl.demo.dice import mix
from newscrawl.demo.sources import NamedSource, plain_sources, source_of_slug
from newscrawl.text.china_time import CHINA
from samplesite.oddities import DEFAULT, ROUND, UNLISTED, oddity_at, resolve

PERIOD = 16 * ROUND
DAY = 86_400
LATE = 8 * 3600
"""A time without a zone is read as UTC and shown in China: eight hours late."""
FIRST_DAY, FIRST_COUNTER = date(2017, 4, 1), 725_887_367
"""An article of that day had that counter; since then it rose by some 860,000 a day."""

LEAST_COUNTER, COUNTER_ROUND = 100_000_000, 600_000_000
"""The least counter of nine digits; where counters below it begin again."""

EMNEWS = NamedSource("东财滚动新闻", "emnews")
SITENEWS = NamedSource("站长消息", "sitenews")
EMNEWS_GENERATIONS = frozenset("0123456")
NO_ZONE = frozenset({"1", "2", "3", "notice"})
EARLY = frozenset({"gen_1", "gen_2", "gen_3"})
"""Oddities of posts without a zone, which the real mirror has of one morning alone."""
EARLY_SECOND = int(datetime(2021, 12, 8, 10, 15, tzinfo=CHINA).timestamp())
EARLY_COUNTER, EARLY_SECONDS, PER_SECOND = 2_206_698_000, 9_000, 30
"""The counter of that morning, and by how much it rose: enough for sites of 5,400,000 articles."""
NOTICE_DAY = date(2021, 12, 6)
"""The site's notices are of the week before the script wrote zones."""

SPECIAL = {
    "two_words": "21shijijingjibaodao 21caijingAPP",
    "two_spaces": "21shijijingjibaodao  nancailicaitong",
    "two_categories": "xinhuashe",
    "tag_twice": "meirijingjixinwen",
    "case_twin_upper": "TechWeb",
    "case_twin_lower": "Techweb",
    "dot_slug": "zhengquanshibao·egongsi",
    "parenthesis_slug": "anxinguojizhengquan(xianggang)",
}
"""The source that an oddity needs."""
SECOND = {
    "two_words": "21shijijingjibaodao",
    "two_spaces": "21shijijingjibaodao",
    "two_categories": "guojishangbao",
}
"""The category page that lists it besides, or instead."""


class Shelf(NamedTuple):
    """Where a post says it belongs: front matter's words, and the footer's slug and name."""

    categories: tuple[str, ...]
    tags: tuple[str, ...]
    slug: str
    label: str


class Kind(NamedTuple):
    """What all articles at one place of the period have in common."""

    oddity: str | None
    source: NamedSource
    generations: tuple[str, ...]
    """The posts that such an article has, one each."""
    shelves: tuple[Shelf, ...]

    @property
    def listed(self) -> bool:
        """Whether listings link to its posts."""
        return self.oddity not in UNLISTED


def shelf(source: NamedSource, generation: str, oddity: str | None) -> Shelf:
    """Where a post of a generation belongs; Jekyll splits categories and tags at spaces."""
    if generation == "notice":
        return Shelf((SITENEWS.slug,), (SITENEWS.name,), SITENEWS.slug, SITENEWS.name)
    if generation in EMNEWS_GENERATIONS:
        return Shelf((EMNEWS.slug,), (EMNEWS.name,), EMNEWS.slug, EMNEWS.name)
    label = source.name + "新闻"
    if oddity == "two_categories":
        other = source_of_slug(SECOND[oddity])
        return Shelf((source.slug, other.slug), (label, other.name + "新闻"), source.slug, label)
    return Shelf(tuple(source.slug.split()), tuple(label.split()), source.slug, label)


@dataclass(frozen=True)
class Plan:
    """The mirror's options, and what follows from them by arithmetic."""

    seed: int = 1
    articles: int = 200
    categories: int = 40
    """How many sources are used, besides those that an oddity needs."""
    oddities: frozenset[str] = DEFAULT
    """Names of oddities; ``all`` for every one. Any iterable of names will do."""
    last_day: date = date(2022, 6, 14)
    """The day of the newest article: nothing depends on the clock."""
    days: int | None = None
    """Over how many days the articles are spread; else a thousand a day, at least three days."""
    edits: Mapping[int, int] = field(default_factory=dict)
    """Articles that were edited in place: number of the article, how often."""
    window: tuple[int, int] | None = None
    """The articles that the mirror shows now, from and up to but not including; else all."""
    removed: frozenset[int] = frozenset()
    """Articles of the window that it does not show: taken down, or not there yet."""
    robots: str = "allow"
    """``allow`` or ``deny``: what robots.txt says (the real one is not known)."""

    def __post_init__(self) -> None:
        """Resolve the names of oddities; raise ValueError for options out of range."""
        object.__setattr__(self, "oddities", resolve(self.oddities))
        if self.articles < 1 or not 1 <= self.categories <= len(plain_sources()):
            raise ValueError(f"articles from 1 on, categories from 1 to {len(plain_sources())}")
        if not 1 <= self.span_days <= 1500 or self.articles > self.span_days * 43_000:
            raise ValueError("days from 1 to 1500, at most 43000 articles per day")
        if self.robots not in ("allow", "deny"):
            raise ValueError("robots is allow or deny")

    # Time and identity.

    @property
    def span_days(self) -> int:
        """Over how many days the articles are spread."""
        return self.days or max(3, min(1500, -(-self.articles // 1000)))

    @cached_property
    def start(self) -> int:
        """The second (Unix) at which the first day begins in China."""
        first = self.last_day - timedelta(days=self.span_days - 1)
        return int(datetime(first.year, first.month, first.day, tzinfo=CHINA).timestamp())

    @cached_property
    def built(self) -> int:
        """When the site was built last: the morning after the last day, later for each edit."""
        morning = self.start + self.span_days * DAY + LATE
        return morning + 60 * sum(self.edits.values()) + (self.window or (0, 0))[1]

    @cached_property
    def _age(self) -> int:
        """By how many seconds (whole days) articles with old ids are older: they are of 2017."""
        return (self.last_day - date(2017, 12, 30)).days * DAY

    @cached_property
    def _notice_age(self) -> int:
        """By how many seconds (whole days) notices are older."""
        return max(0, (self.last_day - NOTICE_DAY).days) * DAY

    @cached_property
    def _early_places(self) -> list[int]:
        """The places of a round (0 to 59) whose articles are of the first morning."""
        found = ((place, oddity_at(place, self.oddities)) for place in range(ROUND))
        return [place for place, oddity in found if oddity and oddity.name in EARLY]

    def _early_rank(self, number: int) -> int:
        """How many articles of the first morning come before one of them."""
        rounds, place = divmod(number, ROUND)
        return rounds * len(self._early_places) + self._early_places.index(place)

    def _early_number(self, count: int) -> int:
        """The article whose counter is *count* above the morning's first; -1 without such ones."""
        if not self._early_places:
            return -1
        place, again = divmod(count, PER_SECOND)
        rounds, rank = divmod(again * EARLY_SECONDS + place, len(self._early_places))
        return rounds * ROUND + self._early_places[rank]

    def second(self, number: int) -> int:
        """When an article was published, in Unix seconds; rises with its number, oddities aside."""
        oddity = self.kind(number).oddity
        if oddity in EARLY:
            return EARLY_SECOND + self._early_rank(number) % EARLY_SECONDS
        total = self.span_days * DAY - 60
        step = total // self.articles
        when = self.start + number * total // self.articles + mix(self.seed, number) % max(1, step)
        return when - {"old_id": self._age, "notice": self._notice_age}.get(oddity or "", 0)

    def digits(self, number: int) -> str | None:
        """An article's 18-digit id (17 before February 2018): its date, and a rising counter."""
        if self.kind(number).oddity == "notice":
            return None
        when = datetime.fromtimestamp(self.second(number), CHINA)
        if self.kind(number).oddity in EARLY:
            again, place = divmod(self._early_rank(number), EARLY_SECONDS)
            return f"{when:%Y%m%d}{EARLY_COUNTER + place * PER_SECOND + again}"
        first = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=CHINA)
        counter = FIRST_COUNTER + 10 * int((when - first).total_seconds())
        if counter < LEAST_COUNTER:  # a site of many years: its old articles would have too few
            counter = LEAST_COUNTER + counter % COUNTER_ROUND
        return f"{when:%Y%m%d}{counter + mix(number, self.seed) % 10}"

    def name(self, number: int, generation: str) -> str:
        """A post's file name without date and suffix: ``NW<digits>``, ``<digits>`` or a word."""
        if generation == "notice":
            return "init" if number == self.first_notice else f"notice{number}"
        return ("" if generation in EMNEWS_GENERATIONS else "NW") + (self.digits(number) or "")

    @cached_property
    def first_notice(self) -> int:
        """The number of the first notice, -1 without notices."""
        kinds = enumerate(self.kinds)
        return next((number for number, kind in kinds if kind.oddity == "notice"), -1)

    def find(self, name: str) -> int | None:
        """The article of a file name or id, None if there is none: the inverse of ``name``."""
        if name == "init" or name.startswith("notice"):
            place = name.removeprefix("notice")
            number = int(place) if place.isascii() and place.isdigit() else self.first_notice
            known = 0 <= number < self.articles and self.kind(number).oddity == "notice"
            return number if known and self.name(number, "notice") == name else None
        digits = name.upper().removeprefix("NW")
        if not (digits.isascii() and digits.isdigit() and len(digits) in (17, 18)):
            return None
        early = self._early_number(int(digits[8:]) - EARLY_COUNTER)
        if 0 <= early < self.articles and self.digits(early) == digits:
            return early
        first = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=CHINA)
        counter = int(digits[8:])
        counters = [counter] + [counter - LEAST_COUNTER - n * COUNTER_ROUND for n in range(4)]
        seconds = [int(first.timestamp()) + (each - FIRST_COUNTER) // 10 for each in counters]
        total = self.span_days * DAY - 60
        for second in (seconds[0], *(each + self._age for each in seconds)):
            guess = (second - self.start) * self.articles // total
            for number in range(max(0, guess - 2), min(self.articles, guess + 3)):
                if self.digits(number) == digits:
                    return number
        return None

    # Kinds and listings.

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of articles, by place in the period."""
        used = plain_sources()[: self.categories]
        # A few busy sources and a long tail: the n-th source has about 1/n of the first's share.
        weights = [1 / (place + 2) for place in range(len(used))]
        ends = [sum(weights[: place + 1]) for place in range(len(used))]
        kinds = []
        for place in range(PERIOD):
            generations: tuple[str, ...]
            chance = mix(self.seed, place, 1) % 1_000_000 / 1_000_000 * ends[-1]
            source = used[min(bisect(ends, chance), len(used) - 1)]
            mixed = mix(self.seed, place, 2) % 100
            generations = ("8",) if mixed < 62 else ("6",) if mixed < 82 else ("6", "8")
            oddity = oddity_at(place % ROUND, self.oddities)
            if oddity:
                generations = oddity.posts
                if oddity.name in SPECIAL:
                    source = source_of_slug(SPECIAL[oddity.name])
            name = oddity.name if oddity else None
            shelves = tuple(shelf(source, generation, name) for generation in generations)
            kinds.append(Kind(name, source, generations, shelves))
        return tuple(kinds)

    def kind(self, number: int) -> Kind:
        """The kind of an article: cheap, no words are made."""
        return self.kinds[number % PERIOD]

    @property
    def shown(self) -> range:
        """The numbers of the articles that the mirror shows now, and of those removed."""
        start, stop = self.window or (0, self.articles)
        return range(max(0, start), min(stop, self.articles))

    def is_shown(self, number: int) -> bool:
        """Whether the mirror shows an article now."""
        return number in self.shown and number not in self.removed

    def _places(self, which: str) -> dict[str, list[tuple[int, int]]]:
        """Places in the period and numbers of the posts, by category or tag."""
        places: dict[str, list[tuple[int, int]]] = {}
        for place, kind in enumerate(self.kinds):
            if not kind.listed:
                continue
            for post, shelf in enumerate(kind.shelves):
                for word in shelf.categories if which == "category" else shelf.tags:
                    places.setdefault(word, []).append((place, post))
        return places

    @cached_property
    def by_category(self) -> dict[str, list[tuple[int, int]]]:
        """For each word of ``categories``: places in the period, and which of the posts."""
        return self._places("category")

    @cached_property
    def by_tag(self) -> dict[str, list[tuple[int, int]]]:
        """For each word of ``tags``: places in the period, and which of the posts."""
        return self._places("tag")

    def members(self, places: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """The shown articles at these places, the highest number first, and which of their posts.

        Costs a step a member, whatever the size of the site.
        """
        if not self.shown:
            return
        for block in range(self.shown[-1] // PERIOD, self.shown[0] // PERIOD - 1, -1):
            for place, post in reversed(places):
                if self.is_shown(block * PERIOD + place):
                    yield block * PERIOD + place, post

    def page_second(self, number: int, post: int) -> int:
        """The time that a post's page shows, in Unix seconds."""
        kind = self.kind(number)
        if kind.oddity == "quoted_title":
            return self.built
        return self.second(number) + LATE * (kind.generations[post] in NO_ZONE)

    @cached_property
    def category_pages(self) -> dict[str, Shelf]:
        """The category pages by slug, as the footers name them, with the right heading."""
        shelves = [s for kind in self.kinds if kind.listed for s in kind.shelves]
        for name, other in SECOND.items():
            if name in self.oddities:
                shelves.append(shelf(source_of_slug(other), "8", None))
        return {each.slug: each for each in shelves}
