"""Articles as an RSS 2.0 feed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from newscrawl.archive.bodies import clean_body
from newscrawl.archive.export import xml
from newscrawl.archive.records import Record
from newscrawl.sites import finews
from newscrawl.store.values import moment

_OPEN = (
    b'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"'
    b' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    b' xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel>\n'
)
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def as_rss(records: Iterable[Record], changed_at: str) -> Iterator[bytes]:
    """Yield a feed, an item an article; *changed_at* is when the last of them changed.

    ``content:encoded`` holds the whole body, ``description`` its summary, ``dc:creator`` the
    source, ``atom:updated`` when the item changed.
    """
    yield xml.DECLARATION + _OPEN
    yield from map(xml.to_bytes, _head(changed_at))
    for each in records:
        yield xml.to_bytes(_item(each))
    yield b"</channel>\n</rss>\n"


def _head(changed_at: str) -> list[ET.Element]:
    head = ET.Element("head")
    xml.add_element(head, "title", xml.NAME)
    xml.add_element(head, "link", finews.HOME)
    xml.add_element(head, "description", "Chinese financial news")
    xml.add_element(head, "language", "zh-cn")
    xml.add_element(head, "lastBuildDate", _date(changed_at))
    xml.add_element(head, "generator", xml.NAME)
    return [*head]


def _item(record: Record) -> ET.Element:
    item = ET.Element("item")
    xml.add_element(item, "title", _plain(xml.feed_title(record)))
    for address in xml.article_links(record)[:1]:
        xml.add_element(item, "link", address)
    xml.add_element(item, "guid", xml.identity(record.id), isPermaLink="false")
    if record.published_at:
        xml.add_element(item, "pubDate", _date(record.published_at))
    xml.add_element(item, "atom:updated", record.changed_at)
    xml.add_element(item, "dc:creator", record.source)
    for term in xml.terms(record):
        xml.add_element(item, "category", term)
    xml.add_element(item, "description", html.escape(xml.short_text(record), quote=False))
    xml.add_element(item, "content:encoded", clean_body(record.body_html))
    return item


def _plain(title: str) -> str:
    """Return a title without anything like a tag: RSS does not define whether titles are HTML."""
    return _TAG.sub("&lt;", title)


def _date(time: str) -> str:
    """Return a time as RSS has it: ``Tue, 28 Dec 2021 14:27:35 +0800``."""
    return format_datetime(moment(time))
