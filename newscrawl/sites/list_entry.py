"""Reads one entry of a list: what the list itself says of an article.

An entry's page is the record as JSON, as the list gave it. Its id is the name of the record's shape
and the id that the record prints, ``columns:NW202206142412311033``: two lists describe the same
article in their own words, and both are kept. So are those of the lists of two securities, since
each says that the article is about its own: ``security:1.600519:202206142412311033``.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from newscrawl.items import Article, BodyRank, Page, PageKind
from newscrawl.loaders import ArticleLoader, Rule, Stats, key_values
from newscrawl.sites import json_text
from newscrawl.sites.decode import decode_page
from newscrawl.sites.eastmoney.info_code import BadInfoCode, info_code_of_stem, parse_info_code
from newscrawl.sites.eastmoney.securities import of_list
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.list_shape import ARGUMENT, Shape
from newscrawl.sites.summary import source_of_summary, split_summary, without_source
from newscrawl.text.sanitize import plain_text
from newscrawl.text.times import BadTime, parse_time

ANSWERED_AT = "_answered_at"
"""Our own key in a record with a relative time: when the list was answered, in ISO 8601."""


CODED = (
    Rule("title", "【】 of the summary", "the list gives no title", kind="rule"),
    Rule("source", "summary's tail", "the list names no source", kind="rule"),
)

_RELATIVE = re.compile(r"\s*(?:今[天日]|昨[天日]|前天)")


def entry_page(
    shape: Shape, record: object, answer: Page, *, answered_at: datetime, argument: str = ""
) -> Page:
    """Return the page of a record of *answer*, a list's page.

    *answered_at* (aware) is the list's own clock; it is kept in a record with a relative time such
    as 今天 16:25. The list's *argument* is kept where it is a security.

    :raises BadInfoCode: the record is not an object, or has no id of an article.
    """
    if not isinstance(record, dict):
        raise BadInfoCode(str(record), "is not a record of a list")
    flat = _flat(shape, record)
    printed = _printed_id(shape, flat, answer.site)
    time = next((text for key in shape.time for text in key_values(flat, key)), "")
    if _RELATIVE.match(time):
        record = {**record, ANSWERED_AT: answered_at.isoformat(timespec="seconds")}
    if ARGUMENT in shape.securities and argument:
        return _page(shape, f"{argument}:{printed}", {**record, ARGUMENT: argument}, answer)
    return _page(shape, printed, record, answer)


def page_of_nothing(shape: Shape, record: object, answer: Page) -> Page:
    """Return the page of a record without an id, identified by a hash of its content."""
    name = hashlib.blake2b(_json(record), digest_size=8).hexdigest()
    return _page(shape, name, record, answer)


def _page(shape: Shape, name: str, record: object, answer: Page) -> Page:
    return Page(
        kind=PageKind.LIST_ENTRY, id=f"{shape.name}:{name}", url=f"{answer.url}#{name}",
        body=_json(record),
        observed_at=answer.observed_at, ordered_at=answer.ordered_at, site=answer.site,
        is_fetched=answer.is_fetched,
    )  # fmt: skip


def _json(record: object) -> bytes:
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    # JSON's escapes can produce lone surrogates, which cannot be encoded.
    return text.encode("utf-8", "replace")


def _printed_id(shape: Shape, flat: Mapping[str, Any], site: str) -> str:
    said = [text.strip() for key in shape.id for text in key_values(flat, key)]
    if shape.printed_id is not None:
        printed = shape.printed_id(said)
        info_code_of_stem(printed, site)
        return printed
    said += [text.strip() for key in shape.url for text in key_values(flat, key)]
    return parse_info_code(next(filter(None, said), ""))


def read_entry(shape: Shape, page: Page, stats: Stats | None = None) -> Article:
    """Return what an entry says, with ``article.page`` set.

    Its summary is also its body until a page with a body is known.

    :raises Unreadable: ``empty``, ``too_large``, ``charset``, ``not_json``, ``no_id``, ``nothing``.
    """
    try:
        info_code = info_code_of_stem(printed_id(shape, page.id), page.site)
    except BadInfoCode:
        raise no_entry(page) from None
    data = _flat(shape, _record(page))
    loader = ArticleLoader(stats=stats)
    loader.add_value("id", info_code)
    used = loader.apply([rule for rule in shape.rules if rule.field != "summary"], data)
    if shape.add_content is not None:
        shape.add_content(loader, data, info_code)
    else:
        _add_summary(loader, [rule for rule in shape.rules if rule.field == "summary"], data)
        if "published_raw" in used:
            _add_time(loader, f"{shape.name} {used['published_raw'].path}", data)
    _add_securities(loader, shape, data)
    article: Article = loader.load_item()
    if not article.title and not article.body_text:
        raise Unreadable("nothing", f"the entry of {info_code} has no title and no summary")
    article.page = page
    return article


def printed_id(shape: Shape, page_id: str) -> str:
    """Return the id that the record prints, from that of its page."""
    printed = page_id.partition(":")[2]
    return printed.partition(":")[2] or printed if ARGUMENT in shape.securities else printed


def _add_securities(loader: ArticleLoader, shape: Shape, data: Mapping[str, Any]) -> None:
    for key in shape.securities:
        found, wrong = of_list(data.get(key))
        loader.add_value("mentions", found)
        if wrong:
            loader.add_value("unknown", {f"{key} without a code": wrong})


def no_entry(page: Page) -> Unreadable:
    """Return the error for a page whose id does not name a record of a list."""
    return Unreadable("no_id", f"{page.id!r} does not name a record of a list")


def _record(page: Page) -> dict[str, Any]:
    text = decode_page(page.body, page.content_type)
    try:
        data, _ = json_text.decode_json(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Unreadable("not_json", f"the record begins with {text[:60]!r}; expected an object")
    return data


def _flat(shape: Shape, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record with ``{"data": {"from": …}}`` as ``data.from``, and numbers as text.

    Texts are decoded and without tags, but for records whose content is read as markup.
    """
    has_markup = shape.add_content is not None
    flat: dict[str, Any] = {}
    for key, value in record.items():
        inner = value.items() if isinstance(value, dict) else ()
        for name, each in ((key, value), *((f"{key}.{inside}", each) for inside, each in inner)):
            if isinstance(each, str):
                # Addresses have & as well; the search marks the words that it found, by <em>.
                is_as_it_is = has_markup or each.startswith(("http://", "https://"))
                flat[name] = each if is_as_it_is else plain_text(each)
            elif isinstance(each, int) and not isinstance(each, bool):
                flat[name] = str(each)
            else:
                flat[name] = each
    return flat


def _add_summary(loader: ArticleLoader, rules: list[Rule], data: Mapping[str, Any]) -> None:
    for rule in rules:
        title, summary = split_summary("".join(key_values(data, rule.path)))
        loader.put("summary", "key", rule.path, summary)
        if title and not loader.has("title"):
            loader.put("title", "rule", "【】 of the summary", title)
        if summary:
            loader.add_value("body_text", without_source(summary))
            loader.add_value("body_html", f"<p>{html.escape(summary, quote=False)}</p>")
            loader.add_value("body_rank", BodyRank.SUMMARY)
            _add_tail(loader, summary)
            return


def _add_tail(loader: ArticleLoader, summary: str) -> None:
    if not loader.has("source"):
        loader.put("source", "rule", "summary's tail", source_of_summary(summary))


def _add_time(loader: ArticleLoader, where: str, data: Mapping[str, Any]) -> None:
    """Add the name of the time's key; turn a relative time into the one it meant when printed."""
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
