"""An archive of a million made articles, for measuring how readers fare at that size.

Rows are made directly in the tables, through the project's own schema and search index: the writer
folds and compares pages, which a reader does not see and which would take three times as long. Raw
pages and sightings are left out.

A title, a digest and the first paragraph are the made mirror's. It has so few words that any of
them would be in every tenth article; so the rest of a text (800 to 1,200 characters) is of 40,000
made words of 1 to 4 characters, as frequent as words are (Zipf's law), in sentences with commas,
numbers and Latin words.
"""

from __future__ import annotations

import itertools
import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from newscrawl.mirror.dice import Dice
from newscrawl.mirror.words import company, paragraph, sentence, shown, title
from newscrawl.store import search_index
from newscrawl.store.archive import open_for_writing

CHINA = timezone(timedelta(hours=8))
A_DAY = 1_000
"""Articles, so that a million are the news of about three years."""
BATCH = 2_000
LATIN = ("5G", "AI", "GDP", "IPO", "CPI", "ETF", "LED", "Mini LED", "ESG", "SaaS", "Chiplet")
COLUMNS = (
    "info_code", "seq", "first_seq", "title", "published_at", "published_raw",
    "published_precision", "published_from", "source", "digest", "body_html", "body_text",
    "body_rank", "share_url", "first_seen_at", "changed_at",
)  # fmt: skip


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
        self.media = [f"{a}{b}" for a in self.words[100:120] for b in ("日报", "网", "证券报")]
        self.media_weights = zipf(len(self.media), 1)

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


def rows(language: Language, count: int) -> Iterator[tuple[dict[str, Any], str, list[Any]]]:
    """Yield for each article its row, its category's slug, and its mentions."""
    begin, dice = datetime(2020, 1, 1, tzinfo=CHINA), language.dice
    for number in range(1, count + 1):
        # Some enter hours or days after they were published, as back-fills and late lists do.
        late = dice.expovariate(1 / 86_400) if dice.random() < 0.02 else dice.randint(0, 600)
        when = begin + timedelta(seconds=int(number * 86_400 / A_DAY - late))
        chance = Dice(1, number)
        subject = company(chance)
        text = language.body(shown(paragraph(chance, subject)))
        [source] = dice.choices(language.media, cum_weights=language.media_weights)
        code = f"NW{when:%Y%m%d}{number:010d}"
        values = (
            code, number, number, title(chance, f"{when.month}月{when.day}日"), when.isoformat(),
            f"{when:%Y-%m-%d %H:%M:%S}", "second", "section small", source,
            shown(sentence(chance, subject)), f"<p>{text.replace(chr(10), '</p><p>')}</p>", text,
            2, f"http://finews.test/html_News/NewsShare.html?infoCode={code}", when.isoformat(),
            when.isoformat(),
        )  # fmt: skip
        mentions = [
            (code, each.market, each.code, each.name, each.kind, 1)
            for each in {subject, company(chance)}
        ]
        yield dict(zip(COLUMNS, values, strict=True)), f"m{language.media.index(source)}", mentions


def make(path: Path, count: int) -> None:
    """Write an archive of so many articles to *path*; say how far it is."""
    language, began = Language(), time.monotonic()
    with closing(open_for_writing(path)) as db:
        connection: sqlite3.Connection = db.conn
        connection.execute("PRAGMA synchronous = OFF")
        every = rows(language, count)
        while batch := list(itertools.islice(every, BATCH)):
            _write(connection, batch)
            done = batch[-1][0]["seq"]
            if done % 50_000 == 0:
                print(f"{done:,} articles in {time.monotonic() - began:.0f} s", flush=True)
        connection.execute("UPDATE meta SET value = ? WHERE key = 'seq'", (count,))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _write(
    connection: sqlite3.Connection, batch: Sequence[tuple[dict[str, Any], str, list[Any]]]
) -> None:
    connection.execute("BEGIN")
    marks = ", ".join(f":{name}" for name in COLUMNS)
    connection.executemany(
        f"INSERT INTO articles ({', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608
        [row for row, _, _ in batch],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO categories (category, name, first_seen_at) VALUES (?, ?, ?)",
        [(slug, row["source"], row["first_seen_at"]) for row, slug, _ in batch],
    )
    connection.executemany(
        "INSERT INTO article_categories (info_code, category, origin) VALUES (?, ?, 'page')",
        [(row["info_code"], slug) for row, slug, _ in batch],
    )
    connection.executemany(
        "INSERT INTO mentions (info_code, market, code, name, kind, times)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [each for _, _, mentions in batch for each in mentions],
    )
    for row, _, _ in batch:
        search_index.replace(connection, row["seq"], None, row)
    connection.execute("COMMIT")
