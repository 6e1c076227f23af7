"""What a row is, and the makers of answers that rows are written with."""

from __future__ import annotations

import gzip
import itertools
import random
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import brotli

from misbehaviours.server import Answer, Asked, Last, Step

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


TIMEOUT = 5.0
"""Seconds that the crawl of the test waits for a whole answer."""
MAXSIZE = 1_500_000
"""Bytes that it takes of one."""

Place = Literal["post_page", "api_answer", "article_page", "listing"]
Kept = Literal["exact", "words", "title"]
"""The article as it is, to the letter; or all its words, among others; or its title alone."""
End = Literal["stored", "rejected", "failed", "read", "lost", "open"]
Made = Callable[[bytes], bytes]
"""Makes a body of the honest one."""


@dataclass(frozen=True, slots=True)
class Row:
    """One misbehaviour."""

    about: str
    answer: Answer
    end: End
    """Of a page: stored, rejected or failed. Of a list: read, lost, or open (asked for again)."""
    says: str = ""
    """The reason of a reject, or part of the sentence that says why it failed or was lost."""
    kept: Kept = "exact"
    """What a page that is stored gives."""


@dataclass(frozen=True, slots=True)
class Group:
    """Misbehaviours of one kind, at one kind of place."""

    title: str
    place: Place
    rows: tuple[Row, ...]


def stored(about: str, answer: Answer, *, kept: Kept = "exact") -> Row:
    return Row(about, answer, "stored", kept=kept)


def rejected(about: str, reason: str, answer: Answer) -> Row:
    return Row(about, answer, "rejected", reason)


def failed(about: str, sentence: str, answer: Answer) -> Row:
    return Row(about, answer, "failed", sentence)


BROKE = "the response was cut off"
NO_HTTP = "connection lost, or not an HTTP response"
LATE = "no complete response in time"
LARGE = "the response is too large"
CIRCLE = "redirect loop, or too many redirects"
ELSEWHERE = "it redirects to another host"
PORT = "is an address of this machine, and is not that of base_url"
UNPACKED = "its Content-Encoding is wrong"


def status_is(number: int) -> str:
    return f"the server answered with status {number}"


def head(*fields: str | bytes, status: str | bytes = "200 OK", version: str = "HTTP/1.1") -> bytes:
    """Return a status line and header fields, and the empty line behind them."""
    lines = [version.encode() + b" " + _bytes(status), *map(_bytes, fields), b"", b""]
    return b"\r\n".join(lines)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


HTML = "Content-Type: text/html; charset=utf-8"


def length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


def reply(
    made: Made | bytes | None = None,
    *fields: str | bytes,
    status: str | bytes = "200 OK",
    version: str = "HTTP/1.1",
    kind: str | bytes | None = HTML,
) -> Answer:
    """Answer with a body of the right length: the honest one, one made of it, or this one."""

    def answer(asked: Asked) -> Iterator[Step]:
        body = asked.body if made is None else made if isinstance(made, bytes) else made(asked.body)
        named = [kind] if kind is not None else []
        yield head(*named, length(body), *fields, status=status, version=version) + body
        yield Last.KEEP

    return answer


def lengths(*fields: str | bytes, made: Made | None = None) -> Answer:
    """Answer with the honest body, and these fields in place of its length."""

    def answer(asked: Asked) -> Iterator[Step]:
        yield head(HTML, *fields) + (made(asked.body) if made else asked.body)

    return answer


def raw(*steps: Step) -> Answer:
    """Answer always with the same."""
    return lambda asked: iter(steps)


def at_first(faulty: Answer, times: int = 1) -> Answer:
    """Misbehave so often, then answer well."""
    return lambda asked: (faulty if asked.time < times else reply())(asked)


def to(location: str | bytes, status: str = "302 Found") -> Answer:
    """Redirect; ``{origin}``, ``{path}``, ``{name}``, ``{other}``, ``{digits}`` (of
    the other) and ``{canary}`` are filled in.
    """

    def answer(asked: Asked) -> Iterator[Step]:
        target = _bytes(location)
        name = asked.path.rpartition("/")[2]
        for key, value in (
            ("origin", asked.url.rstrip("/")), ("path", asked.path), ("name", name),
            ("other", asked.other), ("canary", asked.canary),
            ("digits", "".join(re.findall(r"[0-9]{17,}", asked.other))),
        ):  # fmt: skip
            target = target.replace(b"{%s}" % key.encode(), value.encode())
        yield head(b"Location: " + target, "Content-Length: 0", status=status)
        yield Last.KEEP

    return answer


def chunked(body: bytes, size: int = 4096) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


CHUNKED = "Transfer-Encoding: chunked"


def chunks(made: Callable[[bytes], bytes], *fields: str) -> Answer:
    """Answer with what *made* writes behind the head of a chunked answer."""
    return lambda asked: iter([head(HTML, CHUNKED, *fields) + made(asked.body)])


def coded(coding: str, made: Made) -> Answer:
    """Answer with a body that is declared to be coded so."""
    return reply(made, f"Content-Encoding: {coding}")


def slowly(asked: Asked, begin: int, end: int, pause: float) -> Iterator[Step]:
    """Send a part of the whole answer byte by byte."""
    whole = head(HTML, length(asked.body)) + asked.body
    yield whole[:begin]
    for byte in whole[begin:end]:
        yield pause
        yield bytes([byte])
    yield whole[end:]


def stalled(at: Callable[[bytes, bytes], int], last: Step = Last.HANG) -> Answer:
    """Send so many bytes of head and body, and then nothing."""

    def answer(asked: Asked) -> Iterator[Step]:
        first = head(HTML, length(asked.body))
        yield (first + asked.body)[: at(first, asked.body)]
        yield last

    return answer


def in_page(text: str | bytes) -> Made:
    """Put something before the article's first paragraph."""
    return lambda page: page.replace(b"</h1>\n\n<", b"</h1>\n\n" + _bytes(text) + b"<", 1)


def in_word(text: str | bytes) -> Made:
    """Put something into the midst of the first paragraph."""

    def made(page: bytes) -> bytes:
        begin = page.index(b"<p>", page.index(b"</h1>\n\n<")) + 3
        at = begin + len(page[begin:].decode()[:4].encode())
        return page[:at] + _bytes(text) + page[at:]

    return made


def as_charset(charset: str, *, declared: str | None = "utf-8") -> Made:
    """Write the page in a charset, and let its own declaration say another."""

    def made(page: bytes) -> bytes:
        text = page.decode()
        meta = f'<meta charset="{declared}">' if declared else ""
        return text.replace('<meta charset="UTF-8">', meta).encode(charset)

    return made


def swapped(old: str, new: str) -> Made:
    """Replace a pattern in the page, which must be there."""

    def made(page: bytes) -> bytes:
        text, times = re.subn(old, lambda _: new, page.decode(), count=1, flags=re.DOTALL)
        assert times, old
        return text.encode("utf-8", "surrogatepass")

    return made


@cache
def _packed(begin: bytes, names: str) -> bytes:
    made = begin + b"0" * (MAXSIZE * 10)
    for name in names.split():
        made = PACKERS[name](made)
    return made


def bomb(begin: bytes, names: str) -> Made:
    """Return what is small when it is sent and ten times the limit when it is unpacked."""
    return lambda _: _packed(begin, names)


def deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKERS: dict[str, Made] = {
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
    "deflate": zlib.compress,
    "br": lambda body: brotli.compress(body, quality=3),
    "zstd": lambda body: zstd.compress(body, 3),
}

NGINX = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
    b"Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
LOGIN = (
    b"<html><head><title>Sign in</title></head><body><form><input name=user>"
    b"<input type=password></form></body></html>"
)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" + bytes(range(256))
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))
NOISE = random.Random(7).randbytes(4096)
BILLION_LAUGHS = (
    '<!DOCTYPE html [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in itertools.pairwise("abcdefghijk"))
    + "]>"
)


END = b"0\r\n\r\n"
"""The end of a chunked answer."""
