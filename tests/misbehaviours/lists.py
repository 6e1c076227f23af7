"""Lists of articles."""

from __future__ import annotations

import html
import itertools
import re

from misbehaviours.coding import as_charset
from misbehaviours.making import (
    BROKE,
    CHUNKED,
    CIRCLE,
    ELSEWHERE,
    HTML,
    LARGE,
    LATE,
    LOGIN,
    MAXSIZE,
    NGINX,
    NO_HTTP,
    NOISE,
    PDF,
    PORT,
    Made,
    Row,
    bomb,
    chunked,
    coded,
    head,
    length,
    raw,
    reply,
    stalled,
    status_is,
    swapped,
    to,
)
from misbehaviours.server import Answer, Last


def read(about: str, answer: Answer) -> Row:
    return Row(about, answer, "read")


def lost(about: str, sentence: str, answer: Answer) -> Row:
    return Row(about, answer, "lost", sentence)


def left_open(about: str, answer: Answer) -> Row:
    return Row(about, answer, "open")


def links(*hrefs: str) -> Made:
    """Add links to the list."""
    items = "".join(
        f'<li><a href="{html.escape(href).replace("&amp;#x", "&#x")}">x</a></li>\n'
        for href in hrefs
    )
    return lambda page: page.replace(b"<ul>", b"<ul>" + items.encode("utf-8", "surrogatepass"), 1)


_DAY = "2022/05/12"

LISTINGS = (
    lost("status 404", status_is(404), reply(status="404 X")),
    lost("to the home page", "it redirects to", to("/")),
    lost("status 410", status_is(410), reply(status="410 X")),
    lost("status 500", status_is(500), reply(status="500 X")),
    lost("status 403", status_is(403), reply(status="403 X")),
    lost("status 304, unasked for", status_is(304), reply(b"", status="304 X")),
    lost("to itself", CIRCLE, to("{path}")),
    lost("to another host", ELSEWHERE, to("http://evil.test/x")),
    lost("to another port of the host", PORT, to("{canary}x.html")),
    lost("nothing, and it stays open", LATE, raw(Last.HANG)),
    lost("it stops in the midst of the page", LATE, stalled(lambda first, body: len(first) + 900)),
    lost(
        "it closes before its length",
        BROKE,
        lambda asked: iter([head(HTML, length(asked.body)) + asked.body[:-99]]),
    ),
    lost("no HTTP", NO_HTTP, raw(NOISE)),
    lost("cut, and its length says so", "</html>", reply(lambda page: page[:-99])),
    lost("nothing at all", "no text", reply(b"")),
    lost("a login page", "not a page of a mirror", reply(LOGIN)),
    lost("an error page of the server, status 200", "not a page of a mirror", reply(NGINX)),
    lost("JSON", "not a page of a mirror", reply(b'{"code": 0}')),
    lost("noise, status 200", "not valid UTF-8", reply(NOISE)),
    lost("a PDF file", "not a page of a mirror", reply(PDF)),
    lost("3 MB", LARGE, reply(b"<html>" + b" " * 2 * MAXSIZE)),
    lost(
        "chunks without an end",
        LARGE,
        lambda asked: itertools.chain(
            [head(HTML, CHUNKED)], itertools.repeat(chunked(bytes(65536), 65536))
        ),
    ),
    lost(
        "zstd that unpacks to ten times the limit",
        LARGE,
        coded("zstd", bomb(b"<html>", "zstd")),
    ),
    lost(
        "100,000 tags, one in the other",
        "nested deeper",
        reply(lambda page: page.replace(b"<ul>", b"<div>" * 100_000 + b"<ul>")),
    ),
    left_open(
        "10,000 links to as many posts: 500 are taken",
        reply(links(*(f"/odd/{_DAY}/n{n}.html" for n in range(10_000)))),
    ),
    read(
        "the same link 10,000 times",
        reply(
            lambda page: re.sub(
                rb"<li>.*?</li>", lambda m: m[0] * 10_000, page, count=1, flags=re.DOTALL
            )
        ),
    ),
    read("GBK, declared as UTF-8", reply(as_charset("gb18030"))),
    read("UTF-16", reply(lambda page: page.decode().encode("utf-16"))),
    read("no links", reply(lambda page: re.sub(rb"<li>.*</li>", b"", page, flags=re.DOTALL))),
    lost("the home page in its place", "the page of", lambda asked: reply(asked.other_body)(asked)),
    read(
        "<base> of another host", reply(swapped("<head>", '<head><base href="http://evil.test/">'))
    ),
    read(
        "links to other hosts",
        reply(
            links(
                f"http://evil.test/a/{_DAY}/x.html",
                f"//evil.test/a/{_DAY}/x.html",
                f"https://user:word@evil.test/a/{_DAY}/x.html",
                f"http://127.1/a/{_DAY}/x.html",
                f"http://169.254.169.254/a/{_DAY}/x.html",
                f"http://[::1]/a/{_DAY}/x.html",
                f"http://localhost:22/a/{_DAY}/x.html",
                f"ftp://127.0.0.1/a/{_DAY}/x.html",
                f"file:///a/{_DAY}/x.html",
            )
        ),
    ),
    read(
        "links to another port of the host",
        lambda asked: reply(links(f"{asked.canary}a/{_DAY}/x.html"))(asked),
    ),
    read(
        "links that are not URLs",
        reply(
            links(
                f"http://[::1/a/{_DAY}/x.html",
                f"http://a:b:c/a/{_DAY}/x.html",
                f"http://:0/a/{_DAY}/x.html",
                f"http://127.0.0.1:99999/a/{_DAY}/x.html",
                f"http:///a/{_DAY}/x.html",
                f"///a/{_DAY}/x.html",
                f"javascript:/a/{_DAY}/x.html",
                f"data:/a/{_DAY}/x.html",
                f"\\\\evil\\a/{_DAY}/x.html",
            )
        ),
    ),
    read(
        "links with odd names",
        reply(
            links(
                f"/odd/{_DAY}/%00.html",
                f"/odd/{_DAY}/..%2f..%2fetc%2fpasswd.html",
                f"/odd/{_DAY}/...html",
                f"/odd/{_DAY}/%ff%fe.html",
                f"/odd/{_DAY}/a%0d%0ab.html",
                f"/odd/{_DAY}/{'x' * 5000}.html",
                f"/odd/{_DAY}/NW209913322228490028.html",
                f"/odd/{_DAY}/NW20.html",
                f"/odd/{_DAY}/ .html",
                f"/odd/{_DAY}/%25%32%35.html",
                f"/odd/{_DAY}/好.html",
                f"/odd/{_DAY}/a?b=c#d.html",
                f"/odd/{'a/' * 2000}{_DAY}/x.html",
                f"/odd/{_DAY}/&#xD800;.html",
            )
        ),
    ),
)
