"""Items of any spider as articles: dicts, Scrapy items, dataclasses and attrs classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
import scrapy
from itemadapter import ItemAdapter
from scrapy.exceptions import UsageError

from newscrawl.items import Article, BodyRank, Page, PageKind
from newscrawl.runs.foreign_items import ForeignItems, zone_of
from newscrawl.sites import Unreadable
from newscrawl.sites.foreign_items import as_article

URL = "https://other.test/news/7.html"


class ScrapyItem(scrapy.Item):  # type: ignore[misc]
    url, id, title = scrapy.Field(), scrapy.Field(), scrapy.Field()


@dataclass
class DataItem:
    url: str | None = None
    id: str | None = None
    title: str | None = None
    tags: list[str] = field(default_factory=list)


@attrs.define
class AttrsItem:
    url: str | None = None
    id: str | None = None
    title: str | None = None


def page(**fields: Any) -> Page:
    plain = {"body": b"<html>", "observed_at": "2026-03-03T04:00:00+00:00", "site": "other"}
    return Page(PageKind.ITEM, URL, URL, **{**plain, **fields})


def made(item: Any, **options: Any) -> Article:
    return as_article(ItemAdapter(item), page(), **options)


@pytest.mark.parametrize("type_", [dict, ScrapyItem, DataItem, AttrsItem])
def test_every_type_of_item(type_: Any) -> None:
    item = type_(url=URL, id="7", title=" 题  目 ")
    found = made(item)
    assert (found.id, found.title, found.original_url) == ("other:7", "题 目", URL)
    assert ItemAdapter(item)["title"] == " 题  目 ", "the item stays as it is"


@pytest.mark.parametrize(
    ("item", "id_"),
    [
        ({"id": "7"}, "other:7"),
        ({"id": 7, "url": URL}, "other:7"),
        ({"id": "NW202112282228490028"}, "NW202112282228490028"),
        ({"id": "AN202112281536"}, "AN202112281536"),
        ({"id": "202112282228490028"}, "other:202112282228490028"),  # may be anybody's digits
        ({"url": f"{URL}?b=2&a=1#top"}, f"other:{URL}?a=1&b=2"),
        ({"url": "", "title": "题"}, None),
        ({}, None),
    ],
)
def test_ids(item: dict[str, Any], id_: str | None) -> None:
    found = made(item)
    assert found.id == id_
    assert found.info_code == (id_ if id_ and ":" not in id_ else None)


def test_a_body_as_html() -> None:
    body = made({"body_html": "<p>一<script>x()</script></p><p onclick='x()'>二</p>"})
    assert body.body_html == "<p>一</p>\n<p>二</p>"
    assert (body.body_text, body.body_rank) == ("一\n二", BodyRank.FULL)


def test_a_body_as_text() -> None:
    body = made({"body_text": "  一 \r\n\r\n二\u3000三\x00"})
    assert (body.body_html, body.body_text, body.body_rank) == (None, "一\n二 三", BodyRank.FULL)


def test_text_beside_html_is_taken() -> None:
    assert made({"body_html": "<p>一</p>", "body_text": "甲"}).body_text == "甲"


def test_no_body() -> None:
    assert made({"title": "题", "summary": "摘要"}).body_rank is None


def test_a_hostile_body_is_refused() -> None:
    with pytest.raises(Unreadable):
        made({"body_html": "<div>" * 2000})


def test_values_of_item_loaders_are_lists() -> None:
    found = made({"title": ["题"], "body_text": ["一", None, "二"], "tags": ["股", "市"]})
    assert (found.title, found.body_text, found.tags) == ("题", "一\n二", ["股", "市"])


@pytest.mark.parametrize(
    ("value", "at", "precision"),
    [
        ("2026-03-02 09:30", "2026-03-02T09:30:00+08:00", "minute"),
        ("2026-03-02T01:30:00Z", "2026-03-02T09:30:00+08:00", "second"),
        (datetime(2026, 3, 2, 9, 30, 5), "2026-03-02T09:30:05+08:00", "second"),
        (datetime(2026, 3, 2, 1, 30, tzinfo=UTC), "2026-03-02T09:30:00+08:00", "second"),
        (date(2026, 3, 2), "2026-03-02T00:00:00+08:00", "day"),
        (1_772_415_000, "2026-03-02T09:30:00+08:00", "second"),
        ("03/04/2026", None, None),
        ("2026-03-04 12:30", None, None),  # after the page was fetched
        (None, None, None),
    ],
)
def test_times(value: Any, at: str | None, precision: str | None) -> None:
    found = made({"published_at": value})
    assert (found.published_at, found.published_precision) == (at, precision)
    assert (found.published_from is None) == (value is None)


@pytest.mark.parametrize("value", ["2026-03-02 09:30:00", datetime(2026, 3, 2, 9, 30)])
def test_naive_times_follow_the_setting(value: Any) -> None:
    found = made({"published_at": value}, zone=timezone(timedelta(hours=-5)))
    assert found.published_at == "2026-03-02T22:30:00+08:00"


@pytest.mark.parametrize(
    ("text", "hours"), [("+08:00", 8), ("-05:00", -5), ("Asia/Shanghai", 8), ("UTC", 0)]
)
def test_zones(text: str, hours: int) -> None:
    assert datetime(2026, 1, 1, tzinfo=zone_of(text)).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "China", "+8h", "../etc/passwd"])
def test_bad_zones(text: str) -> None:
    with pytest.raises(UsageError, match="NEWSCRAWL_ITEM_TIMEZONE"):
        zone_of(text)


def test_pages_are_kept_until_they_are_asked_for_and_not_without_end() -> None:
    items = ForeignItems("+08:00")
    first: dict[str, Any] = {"title": "题"}
    items.attach(first, page())
    assert items.page_of(first, "mine").url == URL
    assert items.page_of(first, "mine").url == ""
    for number in range(3000):
        items.attach({"id": number}, page())
    assert len(items._pages) == 1000


def test_an_item_names_its_site() -> None:
    items = ForeignItems("+08:00")
    assert items.page_of({"title": "题"}, "spider").site == "spider"
    assert items.page_of({"title": "题", "site": "theirs"}, "spider").site == "theirs"
    assert items.zone.utcoffset(None) == timedelta(hours=8)
