"""Parses HTML into trees, and edits them.

Pages are measured before they are parsed: a hostile page must not cost as much as a thousand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from lxml import etree

from newscrawl.loaders import xpath_values
from newscrawl.sites.errors import Unreadable
from newscrawl.text.sanitize import is_plain, nfc, squeeze, strip_controls, without_overrides

MAX_NODES = 50_000
"""Elements, comments and the like of one page: the real posts at hand have fewer than 200, their
feed 700."""
MAX_DEPTH = 500
"""Elements around one: browsers stop at 512. Work that is done for each level is done for the
whole text below it."""
MAX_ATTRIBUTES = 200
"""Attributes of one element: libxml2 goes through all of them to add the next."""

# What is smaller keeps to the limits, or costs little: most pages are not measured.
SURE_CHARACTERS = 32_000
SURE_TAGS = MAX_DEPTH

# huge_tree: without it libxml2 silently drops what is nested deeper than 256 elements. Made once: a
# fifth of the time of a short page.
_PARSER = etree.HTMLParser(encoding="utf-8", huge_tree=True)
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]++)|([0-9]++));?")


def parse_html(text: str) -> etree._Element:
    """Return the root element of a page; an empty one where the text has no markup at all.

    Raises Unreadable: ``too_large``, ``too_deep``.
    """
    if "&#" in text:
        text = _REFERENCE.sub(_character, text)
    html = measured(text)
    root = etree.fromstring(html, _PARSER)
    return etree.Element("html") if root is None else root


def measured(text: str) -> bytes:
    """Return a page as bytes, if it keeps to the limits.

    Raises Unreadable: ``too_large``, ``too_deep``.
    """
    html = text.encode("utf-8")
    if len(text) > SURE_CHARACTERS or text.count("<") > SURE_TAGS:
        _measure(html)
    return html


def drop(element: etree._Element) -> None:
    """Remove an element and its content; the text that follows it is kept."""
    parent = element.getparent()
    if parent is None:  # already removed with the element around it
        return
    if element.tail:
        previous = element.getprevious()
        if previous is None:
            parent.text = (parent.text or "") + element.tail
        else:
            previous.tail = (previous.tail or "") + element.tail
    parent.remove(element)


def detached(element: etree._Element) -> etree._Element:
    """Take an element out of its page, without the text that follows it, and return it."""
    drop(element)
    element.tail = None
    return element


def sanitize_tree(root: etree._Element, unknown: Counter[str], text: str) -> None:
    """Sanitize the words in a tree, whose *text* is given, counting the overrides removed."""
    if is_plain(text):
        return
    for element in root.iter():
        if element.text and isinstance(element.tag, str):
            element.text = nfc(without_overrides(element.text, unknown))
        if element.tail and element is not root:
            element.tail = nfc(without_overrides(element.tail, unknown))


def check_whole(text: str, root: etree._Element, *, has_article: bool, expected: str) -> None:
    """Raise Unreadable for a page that was cut off, hides its end, or is of another kind."""
    start = text[:1000].lower()
    if "</html>" not in text[-1000:].lower() and ("<html" in start or "<!doctype" in start):
        raise Unreadable(
            "cut_off", f"{len(text)} characters without </html>; the last are {text[-40:]!r}"
        )
    if "<footer" in text and next(root.iter("footer"), None) is None:
        raise Unreadable("unclosed", "its text has a footer, and none is left when it is parsed")
    if not has_article:
        title = squeeze("".join(xpath_values(root, "string(//title)")))
        named = f"is titled {title[:60]!r}" if title else f"begins with {text[:60].strip()!r}"
        raise Unreadable("not_a_post", f"the page {named}; expected {expected}")


def _character(reference: re.Match[str]) -> str:
    """Return a reference to a character; U+FFFD for an invalid one, as HTML defines for some.

    Nothing in its place would join what stands around it, ``&#&#14;x6``, to another reference.
    libxml2 puts control characters into the tree, where lxml raises at the next touch. Those of
    Windows' charset (``&#150;``) mean what HTML says.
    """
    hexadecimal, decimal = reference.groups()
    digits = (hexadecimal or decimal).lstrip("0")
    if len(digits) > 7:
        return "\ufffd"
    code = int(digits or "0", 16 if hexadecimal else 10)
    if 0x80 <= code <= 0x9F:
        return bytes([code]).decode("cp1252", "replace")
    if code > 0x10FFFF or not strip_controls(chr(code)):
        return "\ufffd"
    return reference[0]


def _measure(html: bytes) -> None:
    """Go through a page as the parser will, without building anything: a tenth of its time."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, target=_Measure())
    etree.fromstring(html, parser)


class _Measure:
    """Hears of each part of a page; raises Unreadable at the first that is too much."""

    def __init__(self) -> None:
        self._nodes = self._depth = 0

    def start(self, tag: str | bytes, attributes: Mapping[str | bytes, str | bytes]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable("too_deep", f"it is nested deeper than {MAX_DEPTH} elements")
        if len(attributes) > MAX_ATTRIBUTES:
            raise Unreadable(
                "too_large", f"an element {tag[:20]!r} has more than {MAX_ATTRIBUTES} attributes"
            )
        self._count()

    def data(self, text: str | bytes) -> None:
        """Let text pass: the page's size bounds it."""

    def end(self, tag: str | bytes) -> None:
        self._depth -= 1

    def comment(self, text: str | bytes) -> None:
        self._count()

    def pi(self, target: str | bytes, data: str | bytes | None = None) -> None:
        self._count()

    def close(self) -> None:
        """Give nothing: lxml asks for it."""

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise Unreadable("too_large", f"it has more than {MAX_NODES} elements")
