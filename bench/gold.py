"""What is true of a post page, so that what was read of it can be marked.

For the sample site its own truth. For real pages the post files that they were rendered from, read
here in a few lines that share nothing with the parser they judge.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from samplesite.article import DIGEST_ONLY
from samplesite.site import Site
from samplesite.truth import Post, Truth

CHINA = timezone(timedelta(hours=8))
_SOURCE = re.compile(r"[（(]\s*文章来源[:：]\s*(.+?)\s*[）)]\s*$")
_TAG = re.compile(r"<[^>]*>", re.DOTALL)
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?\s*(Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True, slots=True)
class Gold:
    """What is true of one page. None: the page does not say, or nothing is known of it."""

    title: str | None
    time: str | None
    """ISO 8601 with its offset."""
    source: str | None
    body: str
    mentions: tuple[tuple[str, str], ...]
    """Market and code."""


def of_site(site: Site) -> Iterator[tuple[str, bytes, Gold]]:
    """Yield path, bytes and truth of every post page that is an article's."""
    for truth in site.truths():
        pages = dict(site.pages(truth))
        for post in truth.posts:
            if post.rank is not None:
                yield post.path, pages[post.path], _of_post(truth, post)


def _of_post(truth: Truth, post: Post) -> Gold:
    bare = post.printed is None  # its front matter is broken: neither title nor time is shown
    body = truth.full.paragraphs
    if post.generation in DIGEST_ONLY:
        body = truth.paragraphs
    linked = [each for each in truth.full.mentions if each.origin != "chart"]
    mentions = linked if post.generation == "6" else ()
    return Gold(
        title=None if bare else truth.title,
        time=None if bare else truth.published_at,
        source=truth.source,
        body="\n".join(body),
        mentions=tuple(sorted({(each.market, each.code) for each in mentions})),
    )


def of_files(posts: Path, site: Path) -> Iterator[tuple[str, bytes, Gold]]:
    """Yield path, bytes and truth of every page below *site* whose post file lies in *posts*."""
    files = {each.stem[11:]: each for each in sorted(posts.glob("20??-??-??-*.md"))}
    for page in sorted(site.rglob("*.html")):
        file = files.get(page.stem)
        if file is not None and (gold := _of_file(file.read_text(encoding="utf-8"))):
            yield "/" + page.relative_to(site).as_posix(), page.read_bytes(), gold


def _of_file(text: str) -> Gold | None:
    match = re.match(r'---\n.*?title: "(.*)"\ndate: (.*)\n.*?\n---\n(.*)', text, re.DOTALL)
    if match is None:
        return None  # a blank line before the front matter: its page has no article
    title, date, body = match.groups()
    lines = [each.strip() for each in body.strip().splitlines()]
    while lines and (not lines[-1] or lines[-1].startswith(("<http", "[返回", "<>"))):
        lines.pop()
    summary = lines.pop(0)[1:].strip() if lines and lines[0].startswith(">") else ""
    is_summary = not summary and len(lines) == 1
    summary_tail = re.search(r"（([^（），。]{2,20})）$", lines[-1]) if is_summary else None
    whole = "\n".join(lines)
    # The name of a source, such as 中国证券报, is linked as well, and is not a mention.
    said = whole.partition("（文章来源")[0]
    mentions = re.findall(r'class="keytip" data-code="([^",]+),([^"]+)"', said)
    plain = re.sub(r"</p>|<br\s*/?>|</tr>", "\n", whole)
    shown = [html.unescape(_TAG.sub("", each)).strip() for each in plain.splitlines()]
    shown = [each for each in shown if each]
    source = summary_tail[1] if summary_tail else None
    if source and shown:
        shown[-1] = shown[-1].removesuffix(f"（{source}）").rstrip()
    if shown and (found := _SOURCE.search(shown[-1])):
        source, shown[-1] = "".join(found[1].split()), shown[-1][: found.start()]
    when = parse_time(date)
    return Gold(
        title=" ".join(html.unescape(title).split()),
        time=when.replace(tzinfo=when.tzinfo or CHINA).isoformat() if when else None,
        source=source,
        body="\n".join(shown),
        mentions=tuple(sorted(set(mentions))),
    )


def parse_time(text: str | None) -> datetime | None:
    """Return the first time in a text; without offset or clock where it has none."""
    match = _TIME.search(text or "")
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    parts = f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}"
    return datetime.fromisoformat(parts + ("+00:00" if zone == "Z" else zone or ""))


def write(pages: Iterator[tuple[str, bytes, Gold]], folder: Path) -> list[Gold]:
    """Write pages and their manifest into a folder, for `peers/read.py`; return the truths."""
    folder.mkdir(parents=True)
    golds = []
    with (folder / "manifest.jsonl").open("w", encoding="utf-8") as manifest:
        for number, (path, body, gold) in enumerate(pages):
            file = folder / f"{number}.html"
            file.write_bytes(body)
            url = f"https://finews.withounder.com{path}"
            manifest.write(json.dumps({"url": url, "file": str(file)}, ensure_ascii=False) + "\n")
            golds.append(gold)
    return golds


# -- marks ------------------------------------------------------------------------------------


def marks(golds: list[Gold], found: list[dict[str, Any]]) -> dict[str, float]:
    """Return for each field the part of the pages of which it is right.

    Only pages that say the field count, and only fields that the library has at all; where the
    page names no source, none is right. ``time`` is right with its offset, ``clock`` also where
    only the clock in China is told, ``day`` where the day is. ``body_f1`` is the mean F1 of the
    bodies' 4-grams of characters.
    """
    right: dict[str, list[float]] = {}
    # Of a page that it could not read it tells nothing, and that is wrong.
    has = {name for each in found for name in each}
    for gold, each in zip(golds, found, strict=True):
        for name, mark in _marks(gold, each, has):
            right.setdefault(name, []).append(mark)
    return {name: round(sum(each) / len(each), 4) for name, each in right.items()}


def _marks(gold: Gold, found: dict[str, Any], has: set[str]) -> Iterator[tuple[str, float]]:
    if gold.title is not None and "title" in has:
        yield "title", _squeeze(found.get("title")) == _squeeze(gold.title)
    if gold.time is not None and "time" in has:
        true, told = datetime.fromisoformat(gold.time), parse_time(found.get("time"))
        yield "time", told is not None and told.tzinfo is not None and told == true
        yield "clock", told is not None and told.replace(tzinfo=told.tzinfo or CHINA) == true
        yield "day", told is not None and told.date() == true.date()
    if "source" in has:
        yield "source", _squeeze(found.get("source")) == _squeeze(gold.source)
    body, wanted = _body(found.get("body")), _body(gold.body)
    yield "body", body == wanted
    yield "body_f1", f1(body, wanted)
    yield "body_empty", not body
    if gold.mentions and "mentions" in has:
        told_of = {tuple(map(str, each)) for each in found.get("mentions") or ()}
        yield "mentions", told_of == set(gold.mentions)


def f1(text: str, wanted: str, size: int = 4) -> float:
    """Return how alike two texts are: F1 of their runs of so many characters; 1 is equal."""
    one, other = _grams(text, size), _grams(wanted, size)
    common = sum((one & other).values())
    return 2 * common / (sum(one.values()) + sum(other.values())) if common else float(one == other)


def _grams(text: str, size: int) -> Counter[str]:
    if len(text) <= size:
        return Counter([text] if text else [])
    return Counter(text[at : at + size] for at in range(len(text) - size + 1))


def _squeeze(text: Any) -> str:
    return " ".join(str(text or "").split())


def _body(text: Any) -> str:
    """A body without white space, and without the line of its source, which some keep in it."""
    return _SOURCE.sub("", "".join(str(text or "").split()))
