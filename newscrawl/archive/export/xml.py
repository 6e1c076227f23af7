"""What the feeds share: XML that is valid whatever an article says, and the article's facts."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit
from xml.etree import ElementTree as ET

from newscrawl.archive.records import Record
from newscrawl.sites import finews
from newscrawl.text.escape import escape_lines

DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'
NAME = "newscrawl"
_TITLE = 60
_EXCERPT = 200

# Characters that terminals accept and XML 1.0 does not.
_NO_XML = re.compile("[\ufffe\uffff]")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]+)?")
_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_URI = "!$%&'()*+,/:;=?@~"


def xml_text(text: str) -> str:
    """Return *text* with U+FFFD for what XML does not have or a terminal would obey."""
    return _NO_XML.sub("\ufffd", escape_lines(text))


def add_element(parent: ET.Element, name: str, text: str | None, **attributes: str) -> None:
    """Add an element with a text; nothing where there is no text."""
    if text:
        made = ET.SubElement(parent, name, {k: xml_text(v) for k, v in attributes.items()})
        made.text = xml_text(text)


def to_bytes(element: ET.Element) -> bytes:
    """Return an element as a line."""
    text: str = ET.tostring(element, encoding="unicode")
    return text.encode() + b"\n"


def identity(article_id: str) -> str:
    """Return the id of an article for feeds: a tag URI (RFC 4151) that never changes."""
    return f"tag:{finews.HOST},2022:{quote(article_id, safe=':')}"


def feed_title(record: Record) -> str:
    """Return the title in one line; of an article without one, how its text begins."""
    if line := " ".join((record.title or "").split()):
        return line
    texts = (record.summary or "", record.body_text or "", record.id)
    line = next(filter(None, (" ".join(each.split()) for each in texts)), "")
    return line if len(line) <= _TITLE else f"{line[:_TITLE]}…"


def short_text(record: Record) -> str:
    """Return the summary, else how the text begins."""
    text = " ".join((record.body_text or "").split())
    return record.summary or (text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…")


def article_links(record: Record) -> list[str]:
    """Return where the article can be read: its public page, its share link."""
    found = (uri(each) for each in (record.original_url, record.share_url) if each)
    return [each for each in dict.fromkeys(found) if each]


def uri(address: str) -> str | None:
    """Return the URL of a page in the characters of a URI; None if it is not a URL."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.netloc):
        return None
    rest = (quote(_PERCENT.sub("%25", each), safe=_URI) for each in parts[2:])
    return urlunsplit((*parts[:2], *rest))


def terms(record: Record) -> list[str]:
    """Return its categories and tags, each once."""
    return [each for each in dict.fromkeys((*record.categories, *record.tags)) if each.strip()]
