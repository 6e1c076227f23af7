"""A page's bytes as text."""

from __future__ import annotations

import codecs

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

from newscrawl.loaders import clean
from newscrawl.pages.reasons import Unreadable

MAX_BYTES = 4 << 20
"""Bytes of a page: the largest of the real ones at hand, the feed, has 45 KB."""

# What news of China is written in. Python knows more that a page might declare: codecs that raise
# what no codec of a charset does (idna, undefined), take quadratic time (punycode) or run escapes.
_CHARSETS = frozenset(
    ("utf-8", "gb18030", "gbk", "gb2312", "big5", "big5hkscs", "utf-16", "utf-16-le", "utf-16-be",
     "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949")
)  # fmt: skip
# Any bytes are text in these, and servers declare them unasked: GB18030 is tried before.
_WESTERN = frozenset(("cp1252", "iso8859-1"))


def decode(body: bytes, content_type: str | None = None) -> str:
    """Return the page as text, without control characters and with ``\\n`` as its only line end.

    A BOM decides; else bytes that are UTF-8 are UTF-8 whatever is declared (text of another
    charset practically never is, and servers declare wrongly); else the Content-Type header, the
    page's own declaration and GB18030 are tried in this order, strictly. A western charset, which
    any bytes are text in, is tried last.

    Raises Unreadable: ``empty``, ``too_large``, ``charset``.
    """
    if len(body) > MAX_BYTES:
        raise Unreadable("too_large", f"{len(body):,} bytes; at most {MAX_BYTES:,} are read")
    if not body.strip(b"\x00 \t\r\n"):
        raise Unreadable("empty", f"the page has {len(body)} bytes and no text")
    return clean(_decode(body, content_type))


def _decode(body: bytes, content_type: str | None) -> str:
    bom_charset, bom = read_bom(body)
    if bom_charset and bom:
        return _strictly(body[len(bom) :], [bom_charset])
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = [http_content_type_encoding(content_type), html_body_declared_encoding(body)]
    # A damaged UTF-8 page often passes as GB18030, as mojibake: where most of it is UTF-8, it is.
    text = body.decode("utf-8", "replace")
    if text.count("\ufffd") * 10 < sum(char > "\x7f" for char in text):
        raise Unreadable("charset", "the page is UTF-8, but some of its bytes are not")
    names = [_known(charset) for charset in declared if charset]
    first = [name for name in names if name in _CHARSETS]
    return _strictly(body, [*first, "gb18030", *(name for name in names if name in _WESTERN)])


def _known(charset: str) -> str:
    """Return Python's name of a charset; the name as it is where there is none."""
    try:
        return codecs.lookup(charset).name
    except (LookupError, ValueError):
        return charset


def _strictly(body: bytes, charsets: list[str]) -> str:
    for charset in charsets:
        try:
            return body.decode(charset)
        except UnicodeDecodeError:
            continue
    tried = ", ".join(dict.fromkeys(charsets))
    raise Unreadable("charset", f"the bytes are no text in UTF-8 nor in {tried}")
