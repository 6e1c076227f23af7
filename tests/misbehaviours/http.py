"""Answers that are invalid HTTP, or valid HTTP that few clients expect."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from misbehaviours.making import (
    BROKE,
    CHUNKED,
    END,
    HTML,
    LARGE,
    LATE,
    LOGIN,
    MAXSIZE,
    NO_HTTP,
    NOISE,
    PACKERS,
    _bytes,
    at_first,
    chunked,
    chunks,
    failed,
    head,
    length,
    lengths,
    raw,
    rejected,
    reply,
    slowly,
    stalled,
    status_is,
    stored,
)
from misbehaviours.server import Answer, Asked, Last, Step

_ODD_STATUSES = (
    300, 305, 306, 310, 399, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412,
    413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 444, 451, 495, 499,
    500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 521, 522, 523, 524, 525, 526, 530,
    599, 600, 777, 999,
)  # fmt: skip

STATUSES = (
    *(
        stored(f"status {number}, with the page", reply(status=f"{number} Odd"))
        for number in (201, 202, 203, 206, 207, 208, 226, 299)
    ),
    failed("status 204, with the page", NO_HTTP, reply(status="204 No Content")),
    stored("status 205, with the page", reply(status="205 Reset Content")),
    *(
        failed(f"status {number}, with the page", status_is(number), reply(status=f"{number} Odd"))
        for number in _ODD_STATUSES
    ),
    *(
        failed(f"status {number} without Location", status_is(number), reply(status=f"{number} X"))
        for number in (301, 302, 303, 307, 308)
    ),
    failed("status 304, with the page", NO_HTTP, reply(status="304 Not Modified")),
    failed(
        "status 304 without the page, unasked for",
        status_is(304),
        raw(head(status="304 Not Modified")),
    ),
    failed("status 101, with the page", status_is(101), reply(status="101 Switching Protocols")),
    failed("status 199, with the page", LATE, reply(status="199 Odd")),
    failed(
        "status 401 that asks for a password",
        status_is(401),
        reply(LOGIN, 'WWW-Authenticate: Basic realm="x"', status="401 Unauthorized"),
    ),
    stored(
        "status 429, to be tried again after a second, then the page",
        at_first(reply(b"", "Retry-After: 1", status="429 Too Many Requests")),
    ),
    failed(
        "status 503, to be tried again after nonsense",
        status_is(503),
        reply(b"", "Retry-After: Thu, 99 Foo 2022 25:61:61 GMT", status="503 X"),
    ),
    failed(
        "status 503, to be tried again in the past",
        status_is(503),
        reply(b"", "Retry-After: -5", status="503 X"),
    ),
    stored("status 503 once, then the page", at_first(reply(b"", status="503 Busy"))),
    failed("status 404 and a page of 3 MB", LARGE, reply(b"x" * (2 * MAXSIZE), status="404 X")),
)


def _line(line: str | bytes) -> Answer:
    """Answer with this status line."""
    return lambda asked: iter(
        [_bytes(line) + b"\r\n" + head(HTML, length(asked.body)).partition(b"\r\n")[2] + asked.body]
    )


def _early(count: int) -> Answer:
    def answer(asked: Asked) -> Iterator[Step]:
        yield b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" * count
        yield from reply()(asked)

    return answer


def _early_for_ever(asked: Asked) -> Iterator[Step]:
    while True:
        yield b"HTTP/1.1 102 Processing\r\n\r\n"
        yield 0.1


def _with_line_ends(end: bytes) -> Answer:
    return lambda asked: iter([head(HTML, length(asked.body)).replace(b"\r\n", end) + asked.body])


PROTOCOL = (
    failed("nothing, and it closes", NO_HTTP, raw()),
    failed("a reset in place of an answer", NO_HTTP, raw(Last.RESET)),
    failed("a reset in the status line", NO_HTTP, raw(b"HTTP/1.1 2", Last.RESET)),
    failed(
        "a reset in the midst of the page",
        BROKE,
        stalled(lambda first, body: len(first) + 2000, Last.RESET),
    ),
    stored("a reset at first, then the page", at_first(raw(Last.RESET))),
    stored("nothing at first, then the page", at_first(raw())),
    failed("the page without a status line", NO_HTTP, lambda asked: iter([asked.body])),
    failed("only a status line", NO_HTTP, raw(b"HTTP/1.1 200 OK\r\n")),
    failed("a status line and no line end", NO_HTTP, raw(b"HTTP/1.1 200 OK")),
    failed("a request in place of an answer", NO_HTTP, raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
    failed("the greeting of an SSH server", NO_HTTP, raw(b"SSH-2.0-OpenSSH_9.6\r\n")),
    failed("the greeting of a mail server", NO_HTTP, raw(b"220 mail.test ESMTP ready\r\n")),
    failed("a TLS alert", NO_HTTP, raw(b"\x15\x03\x01\x00\x02\x02\x28")),
    failed("frames of HTTP/2", NO_HTTP, raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18))),
    failed("4 KB of noise", NO_HTTP, raw(NOISE)),
    failed("4 KB of zeros", NO_HTTP, raw(bytes(4096))),
    failed("4 KB of empty lines", NO_HTTP, raw(b"\r\n" * 2048)),
    failed(
        "a line without an end, 3 MB of it", NO_HTTP, raw(b"HTTP/1.1 200 " + b"x" * 2 * MAXSIZE)
    ),
    stored("version 1.0, and the page", reply(version="HTTP/1.0")),
    stored(
        "version 1.0 without a length",
        lambda asked: iter([head(HTML, version="HTTP/1.0") + asked.body]),
    ),
    stored("version 0.9", reply(version="HTTP/0.9")),
    stored("version 2.0", reply(version="HTTP/2.0")),
    failed("version 9.9", NO_HTTP, reply(version="HTTP/9.9")),
    failed("version 1.10", NO_HTTP, reply(version="HTTP/1.10")),
    failed("no version", NO_HTTP, reply(version="HTTP")),
    failed("ICY in place of HTTP", NO_HTTP, reply(version="ICY")),
    failed("http/1.1 in small letters", NO_HTTP, reply(version="http/1.1")),
    stored("no reason behind the status", _line("HTTP/1.1 200")),
    stored("a reason of 4 KB", reply(status="200 " + "x" * 4096)),
    failed("a reason of 1 MB", NO_HTTP, reply(status="200 " + "x" * 1_000_000)),
    stored("a reason in GB18030", reply(status=b"200 " + "好".encode("gb18030"))),
    stored("a reason with a NUL", reply(status=b"200 O\x00K")),
    failed("two blanks before the status", NO_HTTP, _line("HTTP/1.1  200 OK")),
    failed("a tab before the status", NO_HTTP, _line("HTTP/1.1\t200 OK")),
    *(
        failed(f"the status {text or 'left out'}", NO_HTTP, _line(f"HTTP/1.1 {text}"))
        for text in ("", "0", "20", "99", "-200", "+200", "2000", "2e2", "0xC8", "200.5", "OK")
    ),
    failed("the status in digits of another script", NO_HTTP, _line("HTTP/1.1 ٢٠٠ OK")),
    failed("the status line twice", NO_HTTP, _line("HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK")),
    failed("a blank before the status line", NO_HTTP, _line(" HTTP/1.1 200 OK")),
    stored("empty lines before the status line", _line("\r\n\r\nHTTP/1.1 200 OK")),
    stored("lines that end with LF alone", _with_line_ends(b"\n")),
    failed("lines that end with CR alone", NO_HTTP, _with_line_ends(b"\r")),
    stored("one early hint", _early(1)),
    stored("1,000 early hints", _early(1000)),
    failed("early hints and no answer", LATE, _early_for_ever),
    failed("100 Continue, and it closes", NO_HTTP, raw(b"HTTP/1.1 100 Continue\r\n\r\n")),
)


def _extra(extra: Callable[[Asked], bytes]) -> Answer:
    """Answer well on a connection that is kept, and send another answer that was not requested."""
    return lambda asked: iter(
        [head(HTML, length(asked.body)) + asked.body + extra(asked), Last.KEEP]
    )


FORGED = "假的"


def forged(asked: Asked) -> bytes:
    """Return a whole answer with a false word in each sentence, and what it is an answer to."""
    name = asked.path.rpartition("/")[2].removesuffix(".html").removeprefix("NW")
    body = asked.body.replace("。".encode(), f"，{FORGED}{name}。".encode())
    return head(HTML, length(body)) + body


def forged_later(asked: Asked) -> Iterator[Step]:
    """Answer well, and a little later on the same connection once more, falsely."""
    yield head(HTML, length(asked.body)) + asked.body
    yield 0.01
    yield forged(asked)
    yield Last.KEEP


CONNECTIONS = (
    failed(
        "noise behind the page, on a connection that is kept", NO_HTTP, _extra(lambda asked: NOISE)
    ),
    stored("an answer that was not requested, after the page", _extra(forged)),
    stored("an empty line behind the page", _extra(lambda asked: b"\r\n")),
    stored(
        "it says close, and stays open",
        lambda asked: iter(
            [head(HTML, length(asked.body), "Connection: close") + asked.body, Last.HANG]
        ),
    ),
    stored(
        "it says keep-alive, and closes",
        lambda asked: iter([head(HTML, length(asked.body), "Connection: keep-alive") + asked.body]),
    ),
    stored("Connection: nonsense", reply(None, "Connection: close, keep-alive, \x01")),
    stored("Upgrade: h2c, unasked for", reply(None, "Upgrade: h2c", "Connection: Upgrade")),
    stored("Alt-Svc: another host", reply(None, 'Alt-Svc: h3="evil.test:443"; ma=86400')),
)

LENGTHS = (
    stored("no length, and it closes at the end", lengths()),
    failed(
        "no length, and it never closes",
        LATE,
        lambda asked: iter([head(HTML) + asked.body, Last.HANG]),
    ),
    failed("length 0, and the page", NO_HTTP, lengths("Content-Length: 0")),
    failed(
        "a length that is too short",
        NO_HTTP,
        lambda asked: iter([head(HTML, f"Content-Length: {len(asked.body) // 2}") + asked.body]),
    ),
    failed(
        "a length that is one too long",
        BROKE,
        lambda asked: iter([head(HTML, f"Content-Length: {len(asked.body) + 1}") + asked.body]),
    ),
    failed(
        "a length that is one too long, and it stays open",
        LATE,
        lambda asked: iter(
            [head(HTML, f"Content-Length: {len(asked.body) + 1}") + asked.body, Last.HANG]
        ),
    ),
    failed("a length of 3 MB, and the page", LARGE, lengths(f"Content-Length: {2 * MAXSIZE}")),
    failed("a length of a petabyte, and the page", LARGE, lengths(f"Content-Length: {10**15}")),
    failed("a length of 40 digits", NO_HTTP, lengths(f"Content-Length: {10**39}")),
    failed("a length of 5,000 digits", NO_HTTP, lengths(f"Content-Length: {'9' * 5000}")),
    *(
        failed(f"Content-Length: {text or 'nothing'}", NO_HTTP, lengths(f"Content-Length: {text}"))
        for text in (
            "-1",
            "+5",
            "0x10",
            "1e3",
            "12, 12",
            "12,13",
            "abc",
            "",
            "1 2",
            "5.0",
            "٥",
            "1_0",
        )
    ),
    failed(
        "two lengths that agree",
        NO_HTTP,
        lambda asked: iter([head(HTML, length(asked.body), length(asked.body)) + asked.body]),
    ),
    failed(
        "two different lengths",
        NO_HTTP,
        lambda asked: iter([head(HTML, length(asked.body), "Content-Length: 10") + asked.body]),
    ),
    failed(
        "a length and chunks",
        NO_HTTP,
        lambda asked: iter(
            [head(HTML, length(asked.body), CHUNKED) + chunked(asked.body) + b"0\r\n\r\n"]
        ),
    ),
    failed(
        "a length, declared chunks, and no chunks",
        NO_HTTP,
        lambda asked: iter([head(HTML, length(asked.body), CHUNKED) + asked.body]),
    ),
    stored(
        "a blank before the colon of the length",
        lambda asked: iter([head(HTML, f"Content-Length : {len(asked.body)}") + asked.body]),
    ),
)

CHUNKS = (
    stored("chunks", chunks(lambda page: chunked(page) + END)),
    stored("chunks of one byte", chunks(lambda page: chunked(page, 1) + END)),
    stored(
        "chunks with extensions",
        chunks(lambda page: chunked(page).replace(b"1000\r\n", b"1000;a=b\r\n", 1) + END),
    ),
    failed(
        "chunks, and a length behind them",
        NO_HTTP,
        chunks(lambda page: chunked(page) + b"0\r\nContent-Length: 5\r\nLocation: /x\r\n\r\n"),
    ),
    failed(
        "chunks, and fields of 2 MB behind them",
        NO_HTTP,
        chunks(lambda page: chunked(page) + b"0\r\n" + b"X-A: " + b"b" * 2_000_000 + b"\r\n\r\n"),
    ),
    failed("declared chunks, and the bare page", NO_HTTP, chunks(lambda page: page)),
    failed(
        "a chunk size that is not a number", NO_HTTP, chunks(lambda page: b"zz\r\n" + page + END)
    ),
    failed("a chunk's size below 0", NO_HTTP, chunks(lambda page: b"-5\r\n" + page + END)),
    failed(
        "a chunk's size with 0x", NO_HTTP, chunks(lambda page: b"0x" + chunked(page, 65536) + END)
    ),
    failed("a chunk's size of 20 digits", NO_HTTP, chunks(lambda page: b"f" * 20 + b"\r\n" + page)),
    failed(
        "a chunk's size of 1 MB of digits",
        LATE,
        chunks(lambda page: b"0" * 1_000_000 + b"\r\n" + page),
    ),
    failed(
        "a chunk that is longer than its size",
        NO_HTTP,
        chunks(lambda page: b"10\r\n" + page + END),
    ),
    failed(
        "a chunk that is shorter than its size",
        BROKE,
        chunks(lambda page: b"%x\r\n%s\r\n" % (len(page) + 9, page) + END),
    ),
    failed(
        "no line end behind a chunk",
        NO_HTTP,
        chunks(lambda page: b"%x\r\n%s" % (len(page), page) + END),
    ),
    failed(
        "chunk lines that end with LF alone",
        NO_HTTP,
        chunks(lambda page: b"%x\n%s\n0\n\n" % (len(page), page)),
    ),
    failed("the last chunk is missing", BROKE, chunks(chunked)),
    failed(
        "the last line is missing, and it stays open",
        LATE,
        lambda asked: iter([head(HTML, CHUNKED) + chunked(asked.body) + b"0\r\n", Last.HANG]),
    ),
    failed("the last chunk comes first", NO_HTTP, chunks(lambda page: END + chunked(page) + END)),
    failed(
        "chunks without an end, as fast as can be",
        LARGE,
        lambda asked: itertools.chain(
            [head(HTML, CHUNKED)], itertools.repeat(chunked(bytes(65536), 65536))
        ),
    ),
    stored(
        "Transfer-Encoding: CHUNKED",
        lambda asked: iter([head(HTML, "Transfer-Encoding: CHUNKED") + chunked(asked.body) + END]),
    ),
    stored(
        "Transfer-Encoding: chunked, twice",
        lambda asked: iter([head(HTML, CHUNKED, CHUNKED) + chunked(asked.body) + END]),
    ),
    stored("Transfer-Encoding: xchunked, and no chunks", lengths("Transfer-Encoding: xchunked")),
    rejected(
        "Transfer-Encoding: gzip, chunked",
        "charset",
        lambda asked: iter(
            [
                head(HTML, "Transfer-Encoding: gzip, chunked")
                + chunked(PACKERS["gzip"](asked.body))
                + END
            ]
        ),
    ),
)

FIELDS = (
    stored(
        "10,000 bytes of cookies", reply(None, *(f"Set-Cookie: a{n}=b; Path=/" for n in range(90)))
    ),
    failed(
        "10,000 cookies",
        NO_HTTP,
        reply(None, *(f"Set-Cookie: a{n}=b; Path=/" for n in range(10_000))),
    ),
    failed("a cookie of 1 MB", NO_HTTP, reply(None, "Set-Cookie: a=" + "b" * 1_000_000)),
    failed(
        "a cookie of 3 MB that does not end",
        NO_HTTP,
        raw(head()[:-2] + b"Set-Cookie: a=" + b"b" * 3_000_000),
    ),
    failed("100,000 fields", NO_HTTP, reply(None, *(f"X-{n}: y" for n in range(100_000)))),
    failed("a field's name of 64 KB", NO_HTTP, reply(None, "X" * 65_536 + ": y")),
    stored("a field of 4 KB", reply(None, "X-A: " + "y" * 4096)),
    failed("a field without a colon", NO_HTTP, reply(None, "nonsense")),
    failed("a field without a name", NO_HTTP, reply(None, ": y")),
    failed("a field's name with a blank", NO_HTTP, reply(None, "X A: y")),
    failed("a field's name that is not ASCII", NO_HTTP, reply(None, "X-好: y")),
    stored("a field's value that is not UTF-8", reply(None, b"X-A: \xff\xfe\x80")),
    failed("a field with a NUL", NO_HTTP, reply(None, b"X-A: y\x00z")),
    stored("a field that goes on in the next line", reply(None, "X-A: y", " z")),
    stored(
        "a field that a line end was put into",
        reply(None, "X-A: y\r\nLocation: http://evil.test/\r\nSet-Cookie: a=b"),
    ),
    failed(
        "a second head that was put into a field",
        NO_HTTP,
        reply(None, "X-A: y\r\nContent-Length: 3\r\n\r\nabc"),
    ),
    stored("Refresh: to another host", reply(None, "Refresh: 0; url=http://evil.test/")),
    stored("Content-Location: another page", reply(None, "Content-Location: /a/b.html")),
    stored(
        "Content-Disposition: ../../etc/passwd",
        reply(None, 'Content-Disposition: attachment; filename="../../../etc/passwd"'),
    ),
    stored(
        "Content-Range, unasked for", reply(None, "Content-Range: bytes 0-99/*", status="206 X")
    ),
    stored("an invalid ETag", reply(None, 'ETag: """W/ "')),
    stored("ETag that is not ASCII", reply(None, b'ETag: "\xe5\xa5\xbd\xff"')),
    stored("ETag of 7 KB", reply(None, f'ETag: "{"e" * 7000}"')),
    stored(
        "an invalid Last-Modified",
        reply(None, "Last-Modified: Thu, 99 Foo 10000 25:61:61 CST"),
    ),
    stored(
        "Last-Modified in the year 9999",
        reply(None, "Last-Modified: Fri, 31 Dec 9999 23:59:59 GMT"),
    ),
    stored("an invalid Date", reply(None, "Date: yesterday")),
    stored("no Content-Type", reply(kind=None)),
    stored(
        "two of Content-Type",
        reply(None, "Content-Type: application/json", kind="Content-Type: text/html"),
    ),
    *(
        stored(f"Content-Type: {text or 'nothing'}", reply(kind=f"Content-Type: {text}"))
        for text in (
            "",
            "nonsense",
            "/",
            ";;;",
            "text/plain",
            "application/json",
            "application/pdf",
            "image/png",
            "application/octet-stream",
            "text/html; charset=",
            'text/html; charset="',
            "text/html; charset=nonsense",
            "text/html; charset=gbk",
            "text/html; charset=utf-16",
            "text/html; charset=utf-7",
            "text/html; charset=zlib",
            "text/html; charset=idna",
            "text/html; charset=undefined",
            "text/html; charset=ascii, gbk",
        )
    ),
    stored("Content-Type of 4 KB", reply(kind="Content-Type: text/html; a=" + "b" * 4096)),
)

PAUSES = (
    stored("half a second before it answers", lambda asked: itertools.chain([0.5], reply()(asked))),
    stored(
        "half a second in the midst of the page",
        lambda asked: iter(
            [(w := head(HTML, length(asked.body)) + asked.body)[:4000], 0.5, w[4000:]]
        ),
    ),
    stored("a byte every 20 ms, thirty times", lambda asked: slowly(asked, 100, 130, 0.02)),
    failed("nothing, and it stays open", LATE, raw(Last.HANG)),
    failed("it stops in the status line", LATE, stalled(lambda first, body: 9)),
    failed(
        "it stops between two fields", LATE, stalled(lambda first, body: first.index(b"\n") + 1)
    ),
    failed("it stops in a field", LATE, stalled(lambda first, body: len(first) - 9)),
    failed("it stops before the empty line", LATE, stalled(lambda first, body: len(first) - 2)),
    failed("it stops before the page", LATE, stalled(lambda first, body: len(first))),
    failed(
        "it stops in the midst of the page",
        LATE,
        stalled(lambda first, body: len(first) + len(body) // 2),
    ),
    failed(
        "it stops before the last byte",
        LATE,
        stalled(lambda first, body: len(first) + len(body) - 1),
    ),
    failed(
        "a byte a tenth of a second, from the status line on",
        LATE,
        lambda asked: slowly(asked, 0, 9000, 0.1),
    ),
    failed(
        "a byte a tenth of a second, in the fields",
        LATE,
        lambda asked: slowly(asked, 20, 9000, 0.1),
    ),
    failed(
        "a byte a tenth of a second, in the page",
        LATE,
        lambda asked: slowly(asked, 2000, 9000, 0.1),
    ),
    failed(
        "a field every tenth of a second, without an end",
        LATE,
        lambda asked: itertools.chain(
            [b"HTTP/1.1 200 OK\r\n"], itertools.cycle([b"X-A: y\r\n", 0.1])
        ),
    ),
    failed(
        "a chunk every tenth of a second, without an end",
        LATE,
        lambda asked: itertools.chain([head(HTML, CHUNKED)], itertools.cycle([b"1\r\nx\r\n", 0.1])),
    ),
    failed(
        "chunks that stop after a size",
        LATE,
        lambda asked: iter([head(HTML, CHUNKED) + b"1000\r\n", Last.HANG]),
    ),
    stored("it stops at first, then the page", at_first(raw(Last.HANG))),
)
