"""Decodes a page's bytes."""

from __future__ import annotations

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

from newscrawl.sites import limits
from newscrawl.sites.errors import Unreadable
from newscrawl.text.sanitize import strip_controls

_CHINESE = frozenset(("gb18030", "big5hkscs", "hz"))
_WIDE = frozenset(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"))


def decode_page(body: bytes, content_type: str | None = None) -> str:
    """Return the page as text, without control characters and with ``\\n`` as its only line end.

    A BOM decides; else valid UTF-8 is UTF-8 whatever is declared (text in another charset is
    practically never valid UTF-8, and servers declare wrongly); else the Content-Type header, the
    page's own declaration and GB18030 are tried in this order, strictly. A declared charset without
    Chinese is ignored: most of them decode any bytes.

    :raises Unreadable: ``empty``, ``too_large``, ``charset``.
    """
    if len(body) > limits.LARGEST_LIST:
        raise Unreadable("too_large", f"it has {len(body)} bytes; {limits.LARGEST_LIST} are read")
    if not body.strip(b"\x00 \t\r\n"):
        raise Unreadable("empty", f"the page has {len(body)} bytes and no text")
    return strip_controls(_decode(body, content_type))


def _decode(body: bytes, content_type: str | None) -> str:
    bom_charset, bom = read_bom(body)
    if bom_charset and bom:
        return _strictly(body[len(bom) :], [bom_charset])
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    named = [http_content_type_encoding(content_type), html_body_declared_encoding(body)]
    # In UTF-16, half of the bytes of markup are NULs.
    believed = _CHINESE | _WIDE if b"\0" in body else _CHINESE
    declared = [charset for charset in named if charset in believed]
    # A damaged UTF-8 page is often valid GB18030 (mojibake): if most of it is UTF-8, it is UTF-8.
    text = body.decode("utf-8", "replace")
    if text.count("\ufffd") * 10 < sum(char > "\x7f" for char in text):
        raise Unreadable("charset", "the page is UTF-8, but some of its bytes are not")
    return _strictly(body, [*declared, "gb18030"])


def _strictly(body: bytes, charsets: list[str]) -> str:
    for charset in charsets:
        try:
            return body.decode(charset)
        except UnicodeDecodeError:
            continue
    tried = ", ".join(dict.fromkeys(charsets))
    raise Unreadable("charset", f"the bytes are not valid UTF-8 or {tried}")
