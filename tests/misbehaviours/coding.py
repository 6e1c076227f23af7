"""Pages whose bytes are not what they should be: cut, packed, in another charset."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from misbehaviours.making import (
    BROKE,
    CHUNKED,
    END,
    HTML,
    LARGE,
    NOISE,
    PACKERS,
    UNPACKED,
    Made,
    Row,
    as_charset,
    bomb,
    chunked,
    chunks,
    coded,
    deflate,
    failed,
    head,
    in_word,
    length,
    lengths,
    rejected,
    reply,
    stored,
)

_PLACES: dict[str, Callable[[bytes], int]] = {
    "before its first byte": lambda page: 0,
    "after its first byte": lambda page: 1,
    "in its head": lambda page: page.index(b"og:title"),
    "in its title": lambda page: page.index(b"<title>") + 7,
    "in its heading": lambda page: page.index(b"</h1>\n\n<") + 3,
    "between two paragraphs": lambda page: page.index(b"</p>\n<p") + 5,
    "in the midst of a character": lambda page: page.index(b"</p>\n<p") - 1,
    "before its tags": lambda page: page.index(b"<small>tags:"),
    "before </html>": lambda page: page.index(b"</html>"),
}


def _cut(about: str, place: Callable[[bytes], int]) -> Iterator[Row]:
    """Cut the page at one place, in every way that a server may."""
    reason = {"before its first byte": "empty", "in the midst of a character": "charset"}.get(
        about, "cut_off"
    )
    if about == "after its first byte":
        reason = "not_a_post"

    def part(page: bytes) -> bytes:
        return page[: place(page)]

    yield rejected(f"cut {about}; its length says so", reason, reply(part))
    yield rejected(f"cut {about}; it has no length", reason, lengths(made=part))
    yield failed(
        f"cut {about}; it closes before its length",
        BROKE,
        lambda asked: iter([head(HTML, length(asked.body)) + part(asked.body)]),
    )
    yield failed(
        f"cut {about}; the last chunk is missing", BROKE, chunks(lambda page: chunked(part(page)))
    )


CUTS = (
    *(row for about, place in _PLACES.items() for row in _cut(about, place)),
    stored("cut behind </html>", reply(lambda page: page[: page.index(b"</html>") + 7])),
)


def _padded(page: bytes) -> bytes:
    """Put 60 KB that cannot be packed into the head: what is cut there is cut in no character."""
    return page.replace(
        b"<head>", b"<head><!--" + random.Random(8).randbytes(60_000).hex().encode() + b"-->", 1
    )


def _codings(name: str, pack: Made) -> Iterator[Row]:
    wrong = next(other for other in PACKERS if other != name)
    yield stored(f"{name}", coded(name, pack))
    cut = coded(name, lambda page: pack(_padded(page))[:30_000])
    # Of zstd nothing comes out before the end of a block.
    yield rejected(f"{name}, cut in its midst", "empty" if name == "zstd" else "cut_off", cut)
    short = coded(name, lambda page: pack(page)[:3])
    about = f"{name}, cut after 3 bytes"
    yield failed(about, UNPACKED, short) if name == "gzip" else rejected(about, "empty", short)
    noisy = coded(name, lambda page: pack(page) + NOISE[:100])
    about = f"{name}, and noise behind its end"
    yield stored(about, noisy) if name in ("gzip", "deflate") else failed(about, UNPACKED, noisy)
    yield failed(
        f"{name}, twice, and declared twice",
        UNPACKED,
        coded(f"{name}, {name}", lambda page: pack(pack(page))),
    )
    yield rejected(
        f"{name}, twice, and declared once", "charset", coded(name, lambda page: pack(pack(page)))
    )
    yield rejected(f"{name}, and not declared", "charset", reply(pack))
    yield failed(f"{name} is declared, and it is plain", UNPACKED, coded(name, lambda page: page))
    yield failed(f"{name} is declared, and it is {wrong}", UNPACKED, coded(name, PACKERS[wrong]))
    yield failed(f"{name} is declared, and it is noise", UNPACKED, coded(name, lambda page: NOISE))
    yield rejected(f"{name} of nothing", "empty", coded(name, lambda page: pack(b"")))
    yield failed(
        f"{name} that unpacks to ten times the limit", LARGE, coded(name, bomb(b"<html>", name))
    )
    yield failed(
        f"{name}, twice, that unpacks to ten times the limit",
        UNPACKED,
        coded(f"{name}, {name}", bomb(b"<html>", f"{name} {name}")),
    )


CODINGS = (
    *(row for name, pack in PACKERS.items() for row in _codings(name, pack)),
    stored("deflate without its wrapping", coded("deflate", deflate)),
    stored("GZIP in capitals", coded("GZIP", PACKERS["gzip"])),
    stored("x-gzip", coded("x-gzip", PACKERS["gzip"])),
    stored(
        "gzip in two pieces",
        coded("gzip", lambda page: PACKERS["gzip"](page[:999]) + PACKERS["gzip"](page[999:])),
    ),
    stored(
        "gzip with a wrong checksum",
        coded("gzip", lambda page: PACKERS["gzip"](page)[:-8] + bytes(8)),
    ),
    failed(
        "all four, one in the other",
        UNPACKED,
        coded(
            "gzip, deflate, br, zstd",
            lambda page: PACKERS["zstd"](PACKERS["br"](PACKERS["deflate"](PACKERS["gzip"](page)))),
        ),
    ),
    stored(
        "gzip, in chunks",
        lambda asked: iter(
            [
                head(HTML, CHUNKED, "Content-Encoding: gzip")
                + chunked(PACKERS["gzip"](asked.body))
                + END
            ]
        ),
    ),
    stored("an unknown coding is declared, and it is plain", coded("xz", lambda page: page)),
    stored("identity", coded("identity", lambda page: page)),
    stored("an empty coding", coded("", lambda page: page)),
    failed(
        "gzip, declared a thousand times",
        UNPACKED,
        coded(", ".join(["gzip"] * 1000), PACKERS["gzip"]),
    ),
    rejected("gzip, declared, and nothing", "empty", coded("gzip", lambda page: b"")),
)

CHARSETS = (
    stored("GBK, declared as UTF-8", reply(as_charset("gb18030"))),
    stored("GBK, declared as UTF-8 in the head only", reply(as_charset("gb18030", declared=None))),
    stored(
        "GBK, declared as nothing",
        reply(as_charset("gb18030", declared=None), kind="Content-Type: text/html"),
    ),
    stored(
        "GBK, declared as ISO-8859-1",
        reply(
            as_charset("gb18030", declared=None), kind="Content-Type: text/html; charset=iso-8859-1"
        ),
    ),
    stored(
        "GBK, declared as windows-1252 in the page",
        reply(as_charset("gb18030", declared="windows-1252"), kind=None),
    ),
    *(
        stored(
            f"GBK, declared as {name}",
            reply(
                as_charset("gb18030", declared=name),
                kind=f"Content-Type: text/html; charset={name}",
            ),
        )
        for name in (
            "koi8-r",
            "cp037",
            "shift_jis",
            "big5",
            "unicode_escape",
            "undefined",
            "idna",
            "punycode",
            "zlib",
            "utf-7",
            "utf-16",
            "utf-32",
            "nonsense",
        )
    ),
    stored(
        "UTF-8, declared as GBK",
        reply(as_charset("utf-8", declared="gbk"), kind="Content-Type: text/html; charset=gbk"),
    ),
    stored("UTF-8, declared as UTF-16 in the page", reply(as_charset("utf-8", declared="utf-16"))),
    stored("UTF-8 with a BOM", reply(lambda page: b"\xef\xbb\xbf" + page)),
    stored("UTF-8 with two BOMs", reply(lambda page: b"\xef\xbb\xbf" * 2 + page)),
    stored(
        "UTF-16 with a BOM, low byte first",
        reply(lambda page: b"\xff\xfe" + page.decode().encode("utf-16-le")),
    ),
    stored(
        "UTF-16 with a BOM, high byte first",
        reply(lambda page: b"\xfe\xff" + page.decode().encode("utf-16-be")),
    ),
    stored(
        "UTF-16 without a BOM, declared",
        reply(
            lambda page: page.decode().encode("utf-16-le"),
            kind="Content-Type: text/html; charset=utf-16le",
        ),
    ),
    stored("UTF-32 with a BOM", reply(lambda page: page.decode().encode("utf-32"))),
    rejected(
        "UTF-8 behind a BOM of UTF-16",
        "charset",
        reply(lambda page: b"\xff\xfe" + page + b"x" * (len(page) % 2 + 1)),
    ),
    rejected("UTF-8 with a broken byte", "charset", reply(in_word(b"\xff"))),
    rejected("UTF-8 with an overlong character", "charset", reply(in_word(b"\xc0\xaf"))),
    rejected("UTF-8 with a surrogate", "charset", reply(in_word(b"\xed\xa0\x80"))),
    rejected(
        "half of it UTF-8, half GBK",
        "charset",
        reply(
            lambda page: (
                page[: (at := page.index(b"</p>\n<p"))] + page[at:].decode().encode("gb18030")
            )
        ),
    ),
    stored("NULs in a word", reply(in_word(b"\x00\x00\x00"))),
    stored("NULs in a tag", reply(lambda page: page.replace(b"<p>", b"<\x00p\x00>"))),
    stored(
        "control characters in a word",
        reply(in_word(bytes(set(range(1, 32)) - {9, 10, 12, 13, 11, 28, 29, 30, 31}) + b"\x7f")),
    ),
    stored("characters of no width in a word", reply(in_word("\u200b\u2060\ufeff\u00ad"))),
    stored("a lone surrogate as an entity", reply(in_word("&#xD800;&#55296;")), kept="words"),
    stored("NUL as an entity", reply(in_word("&#0;&#x0;")), kept="words"),
    stored(
        "entities beyond Unicode", reply(in_word("&#x110000;&#99999999999999999999;")), kept="words"
    ),
    stored("an override of the writing direction", reply(in_word("\u202e")), kept="words"),
    stored(
        "code points without a character",
        reply(in_word("\ufffe\uffff\U0010ffff")),
        kept="words",
    ),
    stored("a thousand combining marks", reply(in_word("a" + "\u0301" * 1000)), kept="words"),
    rejected("NULs and no more", "empty", reply(bytes(5000))),
    rejected("noise as text/html", "charset", reply(NOISE)),
)
