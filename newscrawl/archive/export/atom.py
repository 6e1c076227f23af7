"""Articles as an Atom feed (RFC 4287)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from newscrawl._version import __version__
from newscrawl.archive.bodies import clean_body
from newscrawl.archive.export import xml
from newscrawl.archive.records import Record
from newscrawl.sites import finews


def as_atom(records: Iterable[Record], changed_at: str) -> Iterator[bytes]:
    """Yield a feed, an entry an article; *changed_at* is when the last of them changed.

    Titles are plain text. ``updated`` is ``changed_at``, ``published`` has the offset of China.
    """
    yield xml.DECLARATION
    yield b'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh-CN">\n'
    yield from map(xml.to_bytes, _head(changed_at))
    for each in records:
        yield xml.to_bytes(_entry(each))
    yield b"</feed>\n"


def _head(changed_at: str) -> list[ET.Element]:
    head = ET.Element("head")
    xml.add_element(head, "id", xml.identity("newscrawl"))
    xml.add_element(head, "title", xml.NAME)
    xml.add_element(head, "updated", changed_at)
    xml.add_element(head, "generator", xml.NAME, version=__version__)
    # An entry without a source takes its author from here.
    ET.SubElement(ET.SubElement(head, "author"), "name").text = xml.NAME
    ET.SubElement(head, "link", rel="alternate", href=finews.HOME)
    return [*head]


def _entry(record: Record) -> ET.Element:
    entry = ET.Element("entry")
    xml.add_element(entry, "id", xml.identity(record.id))
    xml.add_element(entry, "title", xml.feed_title(record))
    xml.add_element(entry, "published", record.published_at)
    xml.add_element(entry, "updated", record.changed_at)
    if record.source and record.source.strip():
        xml.add_element(ET.SubElement(entry, "author"), "name", record.source)
    for rel, address in zip(("alternate", "related"), xml.article_links(record), strict=False):
        ET.SubElement(entry, "link", rel=rel, href=address)
    for term in xml.terms(record):
        ET.SubElement(entry, "category", term=xml.xml_text(term))
    xml.add_element(entry, "summary", record.summary)
    markup = clean_body(record.body_html) if record.body_html else ""
    if markup:
        xml.add_element(entry, "content", markup, type="html")
    else:
        # An entry that has no link must have content, be it empty.
        content = ET.SubElement(entry, "content")
        content.text = xml.xml_text(record.body_text or record.summary or "")
    return entry
