"""Synthetic articles in any number, written into an archive by the project's own writer.

    python -m bench.synthetic FILE FROM UP_TO

A title, a summary and the first paragraph are the sample site's. It has so few words that any of
them would be in every tenth article; so the rest of a text (800 to 1,200 characters) is of 40,000
made words of 1 to 4 characters, as frequent as words are (Zipf's law), in sentences with commas,
numbers and Latin words. Each article has a page of the mirror's layout, which is stored as well.

Prints a JSON line for every so many articles: how many there are, and the seconds that the writer
took for them, by the clock and of the processor, without the making.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newscrawl.demo import layout
from newscrawl.demo.dice import Dice
from newscrawl.demo.words import company, shown, title, write_paragraph, write_sentence
from newscrawl.items import Article, BodyRank, Mention, Page
from newscrawl.sites import LOADER_VERSION
from newscrawl.store.target import Target
from newscrawl.store.writer import BATCH_ITEMS, Writer
from newscrawl.text.china_time import CHINA

A_DAY = 1_000
"""Articles, so that a million are the news of about three years."""
LATIN = ("5G", "AI", "GDP", "IPO", "CPI", "ETF", "LED", "Mini LED", "ESG", "SaaS", "Chiplet")


def zipf(choices: int, flat: float = 2.7, exponent: float = 1.0) -> list[float]:
    """Cumulative weights by rank, for ``random.choices``."""
    return list(itertools.accumulate(1 / (rank + flat) ** exponent for rank in range(choices)))


class Language:
    """Made words and texts; all follow from the seed."""

    def __init__(self, seed: int = 1) -> None:
        self.dice = random.Random(seed)
        # The 3,755 characters of everyday use, in a made order of frequency.
        every = [bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)]
        characters = [text for each in every if (text := each.decode("gb2312", "ignore"))]
        self.dice.shuffle(characters)
        lengths = self.dice.choices((1, 2, 3, 4), (4, 68, 14, 14), k=60_000)
        pool = iter(
            self.dice.choices(characters, cum_weights=zipf(len(characters), 60, 1.2), k=300_000)
        )
        made = ("".join(itertools.islice(pool, length)) for length in lengths)
        first = characters[:30]  # the 的, 了 and 在 of this language
        self.words = list(dict.fromkeys(itertools.chain(first, made)))[:40_000]
        self.weights = zipf(len(self.words))
        self.sources = [f"{a}{b}" for a in self.words[100:120] for b in ("日报", "网", "证券报")]
        self.source_weights = zipf(len(self.sources), 1)

    def body(self, opening: str) -> str:
        """Paragraphs of 800 to 1,200 characters together, the first of which is given."""
        dice, length = self.dice, self.dice.randint(800, 1200)
        words = dice.choices(self.words, cum_weights=self.weights, k=length)
        parts, size = [opening, "\n"], len(opening)
        for place, word in enumerate(words):
            parts.append(word)
            size += len(word)
            if place % 7 == 6:
                chance = dice.random()
                mark = "。" if chance < 0.3 else "。\n" if chance < 0.4 else "，"
                if chance > 0.85:
                    mark = f"{dice.randint(1, 9999) / 100}%{mark}"
                elif chance > 0.8:
                    mark = f"{dice.choice(LATIN)}{mark}"
                parts.append(mark)
                size += len(mark)
            if size >= length:
                break
        return "".join(parts)


def articles(language: Language, first: int, last: int) -> Iterator[Article]:
    """Yield the articles of these numbers, each with its page."""
    begin = datetime(2020, 1, 1, tzinfo=CHINA)
    for number in range(first, last):
        language.dice.seed(number)
        dice = language.dice
        # Some enter hours or days after they were published, as back-fills and late lists do.
        late = dice.expovariate(1 / 86_400) if dice.random() < 0.02 else dice.randint(0, 600)
        when = begin + timedelta(seconds=int(number * 86_400 / A_DAY - late))
        chance = Dice(1, number)
        subject = company(chance)
        text = language.body(shown(write_paragraph(chance, subject)))
        [source] = dice.choices(language.sources, cum_weights=language.source_weights)
        code = f"NW{when:%Y%m%d}{number:010d}"
        heading = title(chance, f"{when.month}月{when.day}日")
        body = f"<p>{text.replace(chr(10), '</p><p>')}</p>"
        slug = f"m{language.sources.index(source)}"
        path = f"/{slug}/{when:%Y/%m/%d}/{code}.html"
        section = f"<small>(GMT+8) {when:%Y-%m-%d %H:%M:%S}</small>\n<h1>{heading}</h1>\n{body}"
        page = layout.whole_page(layout.Head(heading, path, "BlogPosting"), section)
        yield Article(
            id=code, title=heading, published_at=when.isoformat(),
            published_raw=f"{when:%Y-%m-%d %H:%M:%S}", published_precision="second",
            published_from="section small", source=source,
            summary=shown(write_sentence(chance, subject)), body_html=body, body_text=text,
            body_rank=BodyRank.FULL, categories=[slug], tags=[f"{source}新闻"],
            mentions=[
                Mention(each.market, each.code, each.name, each.kind)
                for each in {subject, company(chance)}
            ],
            share_url=f"http://finews.test/html_News/NewsShare.html?infoCode={code}",
            page=Page("post_page", code, f"http://finews.test{path}", page.encode(),
                      when.astimezone(UTC).isoformat()),
        )  # fmt: skip


def write(path: Path, first: int, last: int, parts: int = 10) -> Iterator[tuple[int, float, float]]:
    """Write articles; yield for each part how many there are now, and what the writer took.

    That is seconds by the clock, and those of the processor.
    """
    target = Target(path)
    writer = Writer(target.db, spider="bench", arguments={}, versions={}, pid=os.getpid())
    language, seconds, processor = Language(), 0.0, 0.0
    edges = {first + (last - first) * (part + 1) // parts for part in range(parts)}
    made, number = articles(language, first, last), first
    while batch := list(
        itertools.islice(made, min(BATCH_ITEMS, min(edges, default=last) - number))
    ):
        began, used = time.perf_counter(), time.process_time()
        writer.add_all(batch, loader_version=LOADER_VERSION)
        writer.commit()
        seconds += time.perf_counter() - began
        processor += time.process_time() - used
        number += len(batch)
        if number in edges:
            edges.remove(number)
            yield number, seconds, processor
            seconds = processor = 0.0
    writer.end(outcome="ok", exit_code=0, reason="made for a benchmark")
    if writer.is_big_import:
        writer.optimize_index()
    target.finish(good=True)


if __name__ == "__main__":
    for count, *took in write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])):
        print(json.dumps([count, *(round(each, 4) for each in took)]), flush=True)
