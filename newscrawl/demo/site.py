"""The sample site: what it shows at a moment follows from its options and that moment alone.

An article is published in each of equal intervals of three days, and some are corrected hours
later. Each has a post under its source's category and an answer of the share API. Nothing is kept:
a page is written when it is asked for.
"""

from __future__ import annotations

import itertools
import json
import re
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from urllib.parse import parse_qs

from newscrawl.demo import layout, links, words
from newscrawl.demo.dice import Dice, mix
from newscrawl.demo.server import Response, text_response
from newscrawl.demo.sources import NamedSource, plain_sources
from newscrawl.store import clock
from newscrawl.text.china_time import CHINA

DAYS, DAY = 3, 86_400
"""Over how many days the articles are published, and the seconds of one."""
MIDNIGHT = datetime(1970, 1, 1, tzinfo=CHINA)
"""From here on the intervals are counted, so that a day in China has a whole number of them."""
CATEGORIES = 40
"""How many sources there are, each with a category of its own."""
FIRST_DAY, FIRST_COUNTER = datetime(2017, 4, 1, tzinfo=CHINA), 725_887_367
"""An infoCode's last digits: a counter of that value on that day, ten a second since."""

POST = re.compile(r"/[^/]+/\d{4}/\d\d/\d\d/NW(\d{18})\.html")
SHARE = "http://finews.zning.xyz/html_News/NewsShare.html?infoCode="
HOST = "//finews.withounder.com/"
SHELL = '<!DOCTYPE html><html><head><meta charset="utf-8"></head><body id="app"></body></html>'
JSON = "application/json; charset=utf-8"
XML = "application/xml; charset=utf-8"


class Story(NamedTuple):
    """An article as it reads at a moment."""

    digits: str
    title: str
    source: NamedSource
    published: datetime
    plain: str
    """The body without links on securities: the posts have it so."""
    linked: str
    """The body with them: the share API has it so."""
    securities: list[words.Security]

    @property
    def path(self) -> str:
        """The path of its post."""
        return f"/{self.source.slug.lower()}/{self.published:%Y/%m/%d}/NW{self.digits}.html"

    @property
    def item(self) -> layout.Item:
        """Its line in a listing."""
        return layout.Item(self.path, self.title)


@dataclass(frozen=True)
class SampleSite:
    """The site, with so many articles published in the three days before *end*."""

    end: datetime
    articles: int = 200
    seed: int = 1
    now: Callable[[], datetime] = lambda: clock.clock()
    """Later articles and corrections are not shown yet."""

    @property
    def per_day(self) -> int:
        """How many articles are published a day, one in each interval."""
        return -(-self.articles // DAYS)

    def interval(self, moment: datetime) -> int:
        """The number of the interval at a moment."""
        return int((moment - MIDNIGHT).total_seconds()) * self.per_day // DAY

    @cached_property
    def numbers(self) -> range:
        """The numbers of the articles: those of their intervals, all of which end by *end*."""
        last = self.interval(self.end)
        return range(last - self.articles, last)

    @cached_property
    def _sources(self) -> tuple[list[NamedSource], list[float]]:
        """The sources and their cumulative shares: a few busy ones and a long tail."""
        shares = itertools.accumulate(1 / (place + 2) for place in range(CATEGORIES))
        return list(plain_sources()[:CATEGORIES]), list(shares)

    @cached_property
    def categories(self) -> dict[NamedSource, list[int]]:
        """The numbers of the articles in each category, by its source."""
        found: dict[NamedSource, list[int]] = {}
        for number in self.numbers:
            found.setdefault(self.source(number), []).append(number)
        return found

    def source(self, number: int) -> NamedSource:
        """The source of an article."""
        sources, shares = self._sources
        return sources[bisect(shares, mix(self.seed, number, 1) % 10**6 / 10**6 * shares[-1])]

    def published(self, number: int) -> datetime:
        """When an article is published."""
        jitter = mix(self.seed, number) % (DAY // self.per_day)
        return MIDNIGHT + timedelta(seconds=number * DAY // self.per_day + jitter)

    def digits(self, number: int) -> str:
        """The digits of an article's infoCode: its day, and a counter that rises with the time."""
        when = self.published(number)
        counter = FIRST_COUNTER + 10 * int((when - FIRST_DAY).total_seconds())
        return f"{when:%Y%m%d}{counter + mix(number, self.seed, 2) % 10}"

    def find(self, digits: str) -> int | None:
        """The article that is shown under an infoCode's digits; None if there is none."""
        seconds = (int(digits[8:]) - FIRST_COUNTER) // 10
        number = self.interval(FIRST_DAY + timedelta(seconds=seconds))
        for each in (number, number + 1):  # an interval may begin within a second
            if each in self.numbers and self.is_shown(each) and self.digits(each) == digits:
                return each
        return None

    def is_shown(self, number: int) -> bool:
        """Whether an article is published by now."""
        return self.published(number) <= self.now()

    def is_corrected(self, number: int) -> bool:
        """Whether an article is one in six that are corrected, and was by now."""
        dice = Dice(self.seed, number, 2)
        hours = dice.number(2, 30)
        return dice.one_in(6) and self.published(number) + timedelta(hours=hours) <= self.now()

    def story(self, number: int) -> Story:
        """An article as it reads now: its title is of the company that it is about."""
        when, source = self.published(number), self.source(number)
        title = words.title(Dice(self.seed, number, 3), f"{when.month}月{when.day}日")
        subject = words.company(Dice(self.seed, number, 3))
        dice = Dice(self.seed, number, 4)
        paragraphs = [words.write_paragraph(dice, subject) for _ in range(dice.number(3, 9))]
        if self.is_corrected(number):
            title += "（更正）"
            paragraphs.append(["更正：前文", subject, f"一处数据应为{words.figure(dice)}亿元。"])
        end = f'<p class="em_media">（文章来源：{source.name}）</p>'
        plain = "".join(f"<p>{words.shown(each)}</p>" for each in paragraphs)
        linked, securities = links.linked(paragraphs)
        return Story(
            self.digits(number), title, source, when, plain + end, linked + end, securities
        )

    def newest(self, source: NamedSource, count: int | None = None) -> list[Story]:
        """The articles of a category that are shown, the newest first."""
        shown = (each for each in reversed(self.categories[source]) if self.is_shown(each))
        return [self.story(number) for number in itertools.islice(shown, count)]

    def respond(self, address: str) -> Response:
        """The answer to a path with its query; unknown ones get the 404 page."""
        path, _, query = address.partition("?")
        match path:
            case "/" | "/index.html":
                return text_response(self.home())
            case "/feed.xml":
                return text_response(self.feed(), XML)
            case "/robots.txt":
                return text_response("User-agent: *\nDisallow:\n", "text/plain; charset=utf-8")
            case "/html_News/NewsShare.html":
                return text_response(SHELL)
            case "/NewsData/GetNewsText.do":
                return text_response(self.share_answer(parse_qs(query).get("id", [""])[0]), JSON)
        found = self.category(path) or self.post(path)
        return text_response(found) if found else text_response(layout.missing_page(), status=404)

    def home(self) -> str:
        """The home page: the newest five articles of each category."""
        groups = ((f"{source.name}新闻", self.newest(source, 5)) for source in self.categories)
        return layout.home_page(
            (label, [each.item for each in stories]) for label, stories in groups if stories
        )

    def category(self, path: str) -> str | None:
        """A category page; None if there is none at the path, or nothing on it."""
        for source in self.categories:
            if path == f"/category/{source.slug}.html" and (stories := self.newest(source)):
                label = f"{source.name}新闻"
                items = [each.item for each in stories]
                return layout.category_page(source.slug, label, label, items)
        return None

    def post(self, path: str) -> str | None:
        """The page of a post; None if there is none at the path."""
        match = POST.fullmatch(path)
        number = self.find(match[1]) if match else None
        story = self.story(number) if number is not None else None
        return post_page(story) if story and story.path == path else None

    def share_answer(self, info_code: str) -> str:
        """The answer of the share API for an article; ``null`` for an unknown infoCode."""
        match = re.fullmatch(r"(?:NW)?(\d{18})", info_code)
        number = self.find(match[1]) if match else None
        return answer(self.story(number)) if number is not None else "null"

    def feed(self) -> str:
        """The Atom feed of the newest ten articles."""
        shown = [each for each in self.numbers if self.is_shown(each)][:-11:-1]
        stories = [self.story(each) for each in shown]
        return layout.atom_feed(
            map(entry, stories), self.now().astimezone(CHINA).isoformat("T", "seconds")
        )


def post_content(story: Story) -> str:
    """A post's body with its share link and the links back."""
    share, slug = f"{SHARE}NW{story.digits}", story.source.slug
    return (
        f'{story.plain}\n\n<p><a href="{share}">{share}</a></p>\n\n'
        f'<p><a href="{HOST}category/{slug}.html">返回{story.source.name}新闻</a>｜'
        f'<a href="{HOST}">返回首页</a></p>'
    )


def post_page(story: Story) -> str:
    """The page of a post, in the site's present layout."""
    section = (
        f"<small>(GMT+8, Asia/Shanghai, CST) {story.published:%Y-%m-%d %H:%M:%S}</small>\n"
        f"<h1>{story.title}</h1>\n\n{post_content(story)}\n\n\n\n"
        f"  <small>tags: <em>{story.source.name}新闻</em></small>\n\n"
    )
    published, about = story.published.isoformat(), layout.page_excerpt(story.plain)
    return layout.whole_page(
        layout.Head(story.title, story.path, "BlogPosting", published, about), section
    )


def entry(story: Story) -> layout.Entry:
    """An article in the feed."""
    return layout.Entry(
        story.path, story.title, story.published.isoformat(), post_content(story),
        layout.page_excerpt(story.plain), (story.source.slug, f"{story.source.name}新闻"),
    )  # fmt: skip


def answer(story: Story) -> str:
    """What the share API says of an article, with the keys that clients of the real one read."""
    return json.dumps(
        {
            "Id": f"NW{story.digits}",
            "newsid": story.digits,
            "Title": story.title,
            "Date": f"{story.published:%Y-%m-%d %H:%M:%S}",
            "From": story.source.name,
            "medianame": story.source.name,
            "reletecodes": [f"{each.market}.{each.code}" for each in story.securities],
            "url": f"http://finance.eastmoney.com/a/{story.digits}.html",
            "text": story.plain,
            "content": story.linked,
        },
        ensure_ascii=False,
    )
