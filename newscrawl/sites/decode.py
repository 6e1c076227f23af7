"""Decodes a page's bytes."""

from __future__ import annotations

import re
from codecs import BOM_UTF8

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
# A Chinese character, or one of the punctuation beside it, in UTF-8.
_IN_UTF8 = re.compile(
    rb"(?:\xe2\x80|\xe3[\x80-\x83]|\xe4[\xb8-\xbf]|[\xe5-\xe9][\x80-\xbf]|\xef[\xbc-\xbd])"
    rb"[\x80-\xbf]"
)
_ASCII = bytes(range(0x80))


def decode_page(body: bytes, content_type: str | None = None) -> str:
    """Return the page as text, without control characters and with ``\\n`` as its only line end.

    A BOM decides; else valid UTF-8 is UTF-8 whatever is declared (text in another charset is
    practically never valid UTF-8, and servers declare wrongly). Any other page is damaged UTF-8,
    which its bytes tell, or in a declared Chinese charset or GB18030, tried in this order. All are
    read strictly: a page that has lost bytes has lost text, which would be stored as what the
    article says. A declared charset without Chinese is ignored: most of them decode any bytes.

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

    What cannot be decoded becomes U+FFFD: one bad byte in a title must not hide all that the
    listing leads to.

    :raises Unreadable: ``empty``, ``too_large``; ``charset`` where most of it cannot be decoded.
    """
    try:
        return decode_page(body, content_type), 0
    except Unreadable as error:
        if error.reason != "charset":
            raise
        rest, charsets = _charsets(body, content_type)
        best = min((rest.decode(each, "replace") for each in charsets), key=_odd)
        if _odd(best) * 10 >= _beyond_ascii(best) and not _is_chinese(rest):
            raise
    return strip_controls(best), _odd(best)


def _odd(text: str) -> int:
    return text.count("\ufffd")


def _beyond_ascii(text: str) -> int:
    return sum(char > "\x7f" for char in text)


def _decode(body: bytes, content_type: str | None) -> str:
    try:
        return body.removeprefix(BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        pass
    body, charsets = _charsets(body, content_type)
    for charset in charsets:
        try:
            return body.decode(charset)
        except UnicodeDecodeError:
            if (found := _with_stray_bytes(body, charset)) is not None:
                return found
    if charsets == ["utf-8"]:
        raise Unreadable("charset", "the page is UTF-8, but some of its bytes are not")
    tried = ", ".join(each for each in dict.fromkeys(charsets) if each != "utf-8")
    raise Unreadable("charset", f"the bytes are not valid UTF-8 or {tried}")


def _charsets(body: bytes, content_type: str | None) -> tuple[bytes, list[str]]:
    """Return the bytes behind a page's BOM, and what they are in if they are not valid UTF-8."""
    bom_charset, bom = read_bom(body)
    if bom_charset and bom:
        return body[len(bom) :], [bom_charset]
    named = [http_content_type_encoding(content_type), html_body_declared_encoding(body)]
    if _is_utf8(body):
        return body, ["utf-8"]
    # A page declared as UTF-8 may have no Chinese, but a few stray bytes.
    believed = _CHINESE | {"utf-8"}
    if b"\0" in body:  # in UTF-16, half of the bytes of markup
        believed |= _WIDE
    return body, [*(each for each in named if each in believed), "gb18030"]


def _is_utf8(body: bytes) -> bool:
    """Whether a page is UTF-8 that is damaged, and not GB18030.

    Read as the other, damaged UTF-8 has rare characters, and GB18030 hardly any. What is declared
    tells nothing: servers declare GB18030 as UTF-8 too.
    """
    in_utf8, in_gb = _chinese_characters(body)
    text = body.decode("utf-8", "replace")
    return in_utf8 * 2 > in_gb or _odd(text) * 10 < _beyond_ascii(text)


def _chinese_characters(body: bytes) -> tuple[int, int]:
    """Return how many Chinese characters the bytes have as UTF-8, and how many common ones as GBK.

    Those of GB2312 are common: they make up nearly all of a text, and a third of UTF-8 read as GBK.
    """
    common = body.decode("gb18030", "ignore").encode("gb2312", "ignore")
    return len(_IN_UTF8.findall(body)), len(common.translate(None, _ASCII)) // 2


def _is_chinese(body: bytes) -> bool:
    """Whether one charset makes Chinese of half of the bytes beyond ASCII; of noise it is less."""
    in_utf8, in_gb = _chinese_characters(body)
    return 2 * max(3 * in_utf8, 2 * in_gb) >= len(body.translate(None, _ASCII))


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
