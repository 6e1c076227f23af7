"""Decodes a page's bytes."""

from __future__ import annotations

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

from newscrawl.sites import limits
from newscrawl.sites.errors import Unreadable
from newscrawl.text.sanitize import strip_controls

STRAY = {
    "utf-8": {
        0x80: "€", 0x85: "…", 0x91: "‘", 0x92: "’", 0x93: "“", 0x94: "”", 0x95: "•", 0x96: "–",
        0x97: "—", 0xA0: "\xa0", 0xB7: "·",
    },
    "gb18030": {0x80: "€"},
}  # fmt: skip
"""Bytes of Windows' charsets that editors paste into pages of another one: 1252 and 936."""
MAX_STRAY = 10
"""How many of them a page may have; with more it is in another charset, or damaged."""
_CHINESE = frozenset(("gb18030", "big5hkscs", "hz"))
_WIDE = frozenset(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"))


def decode_page(body: bytes, content_type: str | None = None) -> str:
    """Return the page as text, without control characters and with ``\\n`` as its only line end.

    A BOM decides; else valid UTF-8 is UTF-8 whatever is declared (text in another charset is
    practically never valid UTF-8, and servers declare wrongly); else the Content-Type header, the
    page's own declaration and GB18030 are tried in this order, strictly: a page that has lost bytes
    has lost text, which would be stored as what the article says. A declared charset without
    Chinese is ignored: most of them decode any bytes.

    Only a few single bytes of STRAY are read as what they mean, where ASCII stands beside them.
    Between two Chinese characters such a byte is what is left of a third.

    :raises Unreadable: ``empty``, ``too_large``, ``charset``.
    """
    if len(body) > limits.LARGEST_LIST:
        raise Unreadable("too_large", f"it has {len(body)} bytes; {limits.LARGEST_LIST} are read")
    if not body.strip(b"\x00 \t\r\n"):
        raise Unreadable("empty", f"the page has {len(body)} bytes and no text")
    return strip_controls(_decode(body, content_type))


def decode_listing(body: bytes, content_type: str | None = None) -> tuple[str, int]:
    """Return a listing as text, as :func:`decode_page` does, and how many of its bytes were odd.

    A listing is UTF-8 or GB18030. What cannot be decoded becomes U+FFFD: one bad byte in a title
    must not hide all that the listing leads to.

    :raises Unreadable: ``empty``, ``too_large``; ``charset`` where most of it cannot be decoded.
    """
    try:
        return decode_page(body, content_type), 0
    except Unreadable as error:
        best = min((body.decode(each, "replace") for each in ("utf-8", "gb18030")), key=_odd)
        is_noise = _odd(best) * 10 >= sum(char > "\x7f" for char in best)
        if error.reason != "charset" or is_noise:
            raise
    return strip_controls(best), _odd(best)


def _odd(text: str) -> int:
    return text.count("\ufffd")


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
        if (found := _with_stray_bytes(body, "utf-8")) is not None:
            return found
        raise Unreadable("charset", "the page is UTF-8, but some of its bytes are not")
    return _strictly(body, [*declared, "gb18030"])


def _strictly(body: bytes, charsets: list[str]) -> str:
    for charset in charsets:
        try:
            return body.decode(charset)
        except UnicodeDecodeError:
            if (found := _with_stray_bytes(body, charset)) is not None:
                return found
    tried = ", ".join(dict.fromkeys(charsets))
    raise Unreadable("charset", f"the bytes are not valid UTF-8 or {tried}")


def _with_stray_bytes(body: bytes, charset: str) -> str | None:
    """Return a page whose bytes are of *charset* but for a few stray ones; None for any other."""
    meant, at = STRAY.get(charset, {}), 0
    parts: list[str] = []
    for _ in range(MAX_STRAY + 1):
        try:
            return "".join([*parts, body[at:].decode(charset)])
        except UnicodeDecodeError as error:
            place = at + error.start
        beside = body[max(place - 1, 0) : place] + body[place + 1 : place + 2]
        if body[place] not in meant or not any(byte < 0x80 for byte in beside):
            return None
        parts += [body[at:place].decode(charset), meant[body[place]]]
        at = place + 1
    return None
