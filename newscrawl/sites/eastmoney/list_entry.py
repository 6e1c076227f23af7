"""One entry of a list: what the list itself says of an article, before the article is had.

An entry's page is the record as the list gave it, as JSON. Its id is the record's shape and the
id that it prints, ``columns:NW202206142412311033``: two lists tell of one article in their own
words, and each keeps its own.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newscrawl.items import Article, BodyRank, Page, PageKind
from newscrawl.loaders import ArticleLoader, Rule, Stats, key_values, squeeze
from newscrawl.sites import json_text
from newscrawl.sites.decode import decode_page
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney.info_code import (
    BadInfoCode,
    info_code_of_stem,
    parse_info_code,
    path_of_url,
)
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.finews.post_page import (
    BODY_RULES,
    add_parts,
    medium_of_summary,
    take_apart,
)
from newscrawl.text.times import BUILD_TIME, BadTime, parse_time

ATOM = "atom"
ANSWERED_AT = "_answered_at"
"""Our own key in a record whose time is relative: when the list was answered, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the records of one API call their parts; of several keys the first that says it."""

    id: tuple[str, ...]
    title: tuple[str, ...]
    time: tuple[str, ...]
    source: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    url: tuple[str, ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The keys as rules of a loader, the first of each field first."""
        named = {
            "title": self.title, "published_raw": self.time, "source": self.source,
            "original_url": self.url, "summary": self.summary,
        }  # fmt: skip
        return tuple(Rule(name, key, kind="key") for name, keys in named.items() for key in keys)


SHAPES: dict[str, Shape] = {
    "columns": Shape(
        id=("code",), title=("title",), time=("showTime",), source=("mediaName",),
        summary=("summary",), url=("uniqueUrl", "url"),
    ),
    "fast": Shape(id=("code",), title=("title",), time=("showTime",), summary=("summary",)),
    "kuaixun": Shape(
        id=("newsid", "id"), title=("title", "simtitle"), time=("showtime",),
        summary=("digest", "simdigest"), url=("url_unique", "url_w"),
    ),
    "security": Shape(
        id=("Art_Code",), title=("Art_Title",), time=("Art_ShowTime",),
        source=("Art_MediaName",), url=("Art_OriginUrl", "Art_Url"),
    ),
    "search": Shape(
        id=("code",), title=("title",), time=("date",), source=("mediaName",),
        summary=("content",), url=("url",),
    ),
    "rolling": Shape(
        id=("infoCode", "id"), title=("title",), time=("showtime",), summary=("digest",),
        url=("url_w",),
    ),
    "nodes": Shape(
        id=("infocode",), title=("title", "simtitle"), time=("showtime",), source=("from",),
        summary=("simdigest",),
    ),
    "market": Shape(
        id=("infoCode",), title=("title",), time=("datetime",), source=("medianame",)
    ),
    "choice": Shape(
        id=("code",), title=("data.title", "data.simtitle"), time=("data.showtime",),
        source=("data.from",), summary=("data.simdigest",),
    ),
    ATOM: Shape(id=("link", "id"), title=("title",), time=("published",)),
}  # fmt: skip
"""The shapes of records, by name. Records hold more keys; those are ignored on purpose: numbers
for sorting, colours, pictures, comment counts, and codes of securities without their names."""

_CODED = (
    Rule("title", "【】 of the summary", "the list gives no title", kind="rule"),
    Rule("source", "summary's tail", "the list names no medium", kind="rule"),
    Rule("share_url", "last paragraph", kind="rule"),
)
ALL_RULES = (
    *dict.fromkeys(rule for shape in SHAPES.values() for rule in shape.rules),
    *_CODED,
    *BODY_RULES,
)

# What the search puts around the words that it found.
_FOUND = re.compile(r"</?em>")
_RELATIVE = re.compile(r"\s*(?:今[天日]|昨[天日]|前天)")


def entry_page(shape: str, record: object, answer: Page, *, answered_at: datetime) -> Page:
    """Return the page of a record of *answer*, a list's page.

    `answered_at` (aware) is the list's own clock; a record with a time such as 今天 16:25 keeps it.

    Raises BadInfoCode where the record has no id of an article, or is none.
    """
    if not isinstance(record, dict):
        raise BadInfoCode(str(record), "is no record of a list")
    printed = _printed_id(shape, record, answer.site)
    time = next((text for key in SHAPES[shape].time for text in key_values(_flat(record), key)), "")
    if _RELATIVE.match(time):
        record = {**record, ANSWERED_AT: answered_at.isoformat(timespec="seconds")}
    return _page(f"{shape}:{printed}", printed, record, answer)


def page_of_nothing(shape: str, record: object, answer: Page) -> Page:
    """Return the page of a record without an id, known by its content."""
    name = hashlib.blake2b(_json(record), digest_size=8).hexdigest()
    return _page(f"{shape}:{name}", name, record, answer)


def _page(page_id: str, fragment: str, record: object, answer: Page) -> Page:
    return Page(
        kind=PageKind.LIST_ENTRY, id=page_id, url=f"{answer.url}#{fragment}", body=_json(record),
        observed_at=answer.observed_at, ordered_at=answer.ordered_at, site=answer.site,
        is_fetched=answer.is_fetched,
    )  # fmt: skip


def _json(record: object) -> bytes:
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    # JSON's escapes may make halves of characters, which are no text.
    return text.encode("utf-8", "replace")


def _printed_id(shape: str, record: Mapping[str, Any], site: str) -> str:
    flat = _flat(record)
    said = [text.strip() for key in SHAPES[shape].id for text in key_values(flat, key)]
    if shape == ATOM:
        links = [path_of_url(link).rpartition("/")[2] for link in said if link]
        stem = links[0].removesuffix(".html") if links else ""
        info_code_of_stem(stem, site)
        return stem
    said += [text.strip() for key in SHAPES[shape].url for text in key_values(flat, key)]
    return parse_info_code(next(filter(None, said), ""))


def read_list_entry(page: Page, stats: Stats | None = None) -> Article:
    """Return what an entry says, with ``article.page`` set.

    Its summary is also its text until a page with a body is known; the body of a feed's entry is
    no more than that either (rank SUMMARY), so that any page of the article is preferred to it.

    Raises Unreadable: ``empty``, ``too_large``, ``charset``, ``not_json``, ``no_id``, ``nothing``.
    """
    shape, _, printed = page.id.partition(":")
    try:
        info_code = info_code_of_stem(printed, page.site)
        rules = SHAPES[shape].rules
    except (BadInfoCode, KeyError):
        raise Unreadable("no_id", f"{page.id!r} names no record of a list") from None
    data = _flat(_record(page))
    loader = ArticleLoader(stats=stats)
    loader.add_value("info_code", info_code)
    used = loader.apply([rule for rule in rules if rule.field != "summary"], data)
    if shape == ATOM:
        _add_content(loader, data, info_code)
    else:
        _add_summary(loader, [rule for rule in rules if rule.field == "summary"], data)
        if "published_raw" in used:
            _add_time(loader, f"{shape} {used['published_raw'].path}", data)
    article: Article = loader.load_item()
    if not article.title and not article.body_text:
        raise Unreadable("nothing", f"the entry of {info_code} has no title and no summary")
    article.page = page
    return article


def _record(page: Page) -> dict[str, Any]:
    text = decode_page(page.body, page.content_type)
    try:
        data, _ = json_text.decode_json(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Unreadable("not_json", f"the record begins with {text[:60]!r}; expected an object")
    return data


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record with ``{"data": {"from": …}}`` as ``data.from``, and numbers as text."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        inner = value.items() if isinstance(value, dict) else ()
        for name, each in ((key, value), *((f"{key}.{inside}", each) for inside, each in inner)):
            if isinstance(each, str):
                flat[name] = _FOUND.sub("", each)
            elif isinstance(each, int) and not isinstance(each, bool):
                flat[name] = str(each)
            else:
                flat[name] = each
    return flat


def _add_summary(loader: ArticleLoader, rules: list[Rule], data: Mapping[str, Any]) -> None:
    for rule in rules:
        title, summary = split_summary("".join(key_values(data, rule.path)))
        loader.put("summary", "key", rule.path, summary)
        if title and not _has(loader, "title"):
            loader.put("title", "rule", "【】 of the summary", title)
        if summary:
            loader.add_value("body_text", summary)
            loader.add_value("body_html", f"<p>{html.escape(summary, quote=False)}</p>")
            loader.add_value("body_rank", BodyRank.SUMMARY)
            _add_tail(loader, summary)
            return


def split_summary(text: str) -> tuple[str | None, str | None]:
    """Return the title and the text of a summary ``【title】text（source）``; None for what is not.

    Only a 【 at its very start opens a title: a later pair belongs to the text.
    """
    text = squeeze(text)
    if text.startswith("【"):
        title, closed, rest = text[1:].partition("】")
        if closed:
            return title.strip() or None, rest.strip() or None
    return None, text or None


def _has(loader: ArticleLoader, field: str) -> bool:
    return loader.get_output_value(field) not in (None, "")


def _add_tail(loader: ArticleLoader, summary: str) -> None:
    if not _has(loader, "source"):
        loader.put("source", "rule", "summary's tail", medium_of_summary(summary))


def _add_time(loader: ArticleLoader, where: str, data: Mapping[str, Any]) -> None:
    """Name the time's key; a relative time becomes the one that it meant when it was printed."""
    printed = str(loader.get_output_value("published_raw"))
    if _RELATIVE.match(printed) and (answered_at := data.get(ANSWERED_AT)):
        try:
            at, _ = parse_time(printed, now=datetime.fromisoformat(answered_at))
        except (BadTime, ValueError, TypeError):
            pass
        else:
            loader.replace_value("published_raw", f"{at:%Y-%m-%d %H:%M}")
            where += ", relative to the day of the answer"
    loader.add_value("published_from", where)


def _add_content(loader: ArticleLoader, data: Mapping[str, Any], info_code: str) -> None:
    """Add what the content of a feed's entry, a whole post, says."""
    content = "".join(key_values(data, "content"))
    is_emnews = "emnews" in (data.get("categories") or ())
    parts = take_apart(bodies.parse_fragment(content), info_code, is_emnews=is_emnews)
    late = parts.footer.shift()
    if not _has(loader, "title"):
        loader.add_value("published_from", BUILD_TIME)
    elif late:
        loader.add_value("published_shift", late[0])
        loader.add_value("published_from", f"feed published, {late[1]}")
    else:
        loader.add_value("published_from", "feed published")
    loader.add_value("categories", parts.footer.categories)
    parts.body.rank = BodyRank.SUMMARY if parts.body.text else None
    add_parts(loader, parts, info_code)
