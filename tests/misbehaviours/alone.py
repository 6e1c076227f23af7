"""What decides a whole run, each met in a run of its own: the home page, robots.txt, the feed."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from misbehaviours.making import (
    BROKE,
    CHUNKED,
    ELSEWHERE,
    HTML,
    LARGE,
    LATE,
    MAXSIZE,
    NGINX,
    NO_HTTP,
    NOISE,
    UNPACKED,
    Made,
    _bytes,
    as_charset,
    bomb,
    chunked,
    coded,
    head,
    length,
    raw,
    reply,
    slowly,
    status_is,
    swapped,
    to,
)
from misbehaviours.server import Answer, Last
from newscrawl.runs.outcome import Exit


@dataclass(frozen=True, slots=True)
class Alone:
    """A misbehaviour of what a run begins with: it is met in a run of its own."""

    path: str
    about: str
    answer: Answer
    exit: Exit
    says: str = ""
    """Part of the run's last line."""


HOME, ROBOTS, FEED = "/", "/robots.txt", "/feed.xml"
HAD = "could not fetch "
NO_MIRROR = "is not a mirror"
NO_RULES = "its robots.txt could not be fetched: "
TEXT = "Content-Type: text/plain; charset=utf-8"
XML = "Content-Type: application/xml; charset=utf-8"


def good(path: str, about: str, answer: Answer) -> Alone:
    return Alone(path, about, answer, Exit.OK)


def ended(path: str, about: str, says: str, answer: Answer) -> Alone:
    return Alone(path, about, answer, Exit.UNREACHABLE, says)


def _rules(text: str | bytes) -> Answer:
    return reply(_bytes(text), kind=TEXT)


HOMES = (
    ended(HOME, "noise in place of HTTP", NO_HTTP, raw(NOISE)),
    ended(HOME, "nothing, and it stays open", LATE, raw(Last.HANG)),
    ended(HOME, "a byte a tenth of a second", LATE, lambda asked: slowly(asked, 99, 9000, 0.1)),
    ended(HOME, "3 MB", LARGE, reply(b"<html>" + b" " * 2 * MAXSIZE)),
    ended(
        HOME,
        "chunks without an end",
        LARGE,
        lambda asked: itertools.chain(
            [head(HTML, CHUNKED)], itertools.repeat(chunked(bytes(65536), 65536))
        ),
    ),
    ended(
        HOME,
        "br that unpacks to ten times the limit",
        LARGE,
        coded("br", bomb(b"<html>", "br")),
    ),
    ended(HOME, "gzip is declared, and it is plain", UNPACKED, coded("gzip", lambda page: page)),
    ended(HOME, "status 304, unasked for", status_is(304), raw(head(status="304 Not Modified"))),
    ended(
        HOME,
        "status 429, to be tried again after a day",
        HAD,
        reply(b"", "Retry-After: 86400", status="429 Too Many Requests"),
    ),
    ended(
        HOME,
        "100,000 cookies",
        NO_HTTP,
        reply(None, *(f"Set-Cookie: a{n}=b" for n in range(100_000))),
    ),
    ended(HOME, "to another port of the host", HAD, to("{canary}x.html")),
    ended(HOME, "to a file", HAD, to("file:///etc/passwd")),
    ended(HOME, "to the address of a cloud's secrets", ELSEWHERE, to("http://169.254.169.254/")),
    ended(HOME, "noise, status 200", NO_MIRROR, reply(NOISE)),
    ended(HOME, "JSON", NO_MIRROR, reply(b'{"code": 0}')),
    ended(HOME, "NULs", NO_MIRROR, reply(bytes(5000))),
    ended(HOME, "an article in its place", NO_MIRROR, lambda asked: reply(asked.other_body)(asked)),
    ended(
        HOME, "a comment without its end", NO_MIRROR, reply(swapped("<section>", "<section><!-- "))
    ),
    ended(
        HOME,
        "100,000 tags, one in the other",
        NO_MIRROR,
        reply(swapped("<section>", "<section>" + "<div>" * 100_000)),
    ),
    good(HOME, "GBK, declared as UTF-8", reply(as_charset("gb18030"))),
    good(HOME, "UTF-16", reply(lambda page: page.decode().encode("utf-16"))),
    good(
        HOME,
        "<base> of another host",
        reply(swapped("<head>", '<head><base href="http://evil.test/">')),
    ),
)

ROBOTS_TXT = (
    ended(ROBOTS, "nothing, and it stays open", NO_RULES, raw(Last.HANG)),
    ended(ROBOTS, "noise in place of HTTP", NO_RULES, raw(NOISE)),
    ended(ROBOTS, "status 500", NO_RULES, reply(b"", status="500 X")),
    ended(
        ROBOTS,
        "zstd that unpacks to ten times the limit",
        NO_RULES,
        coded("zstd", bomb(b"User-agent: *\n", "zstd")),
    ),
    ended(ROBOTS, "3 MB", NO_RULES, _rules(b"#" * 2 * MAXSIZE)),
    ended(
        ROBOTS,
        "Disallow: / in UTF-8 with a BOM",
        "robots.txt forbids it",
        _rules(b"\xef\xbb\xbfUser-agent: *\nDisallow: /\n"),
    ),
    ended(
        ROBOTS,
        "Disallow: /, its lines end with CR",
        "robots.txt forbids it",
        _rules("User-agent: *\rDisallow: /\r"),
    ),
    good(ROBOTS, "status 404", reply(b"", status="404 X")),
    good(ROBOTS, "a page of HTML", reply(NGINX)),
    good(ROBOTS, "noise, status 200", _rules(NOISE)),
    good(ROBOTS, "NULs", _rules(bytes(5000))),
    good(ROBOTS, "nothing", _rules(b"")),
    good(ROBOTS, "to itself", to("{path}")),
    good(ROBOTS, "to another host", to("http://evil.test/robots.txt")),
    good(
        ROBOTS,
        "10,000 rules",
        _rules("User-agent: *\n" + "".join(f"Disallow: /x{n}\n" for n in range(10_000))),
    ),
    good(
        ROBOTS, "a rule of many stars", _rules("User-agent: *\nDisallow: " + "/*a" * 30 + "*b$\n")
    ),
    good(
        ROBOTS,
        "Crawl-delay that is not a number",
        _rules("User-agent: *\nCrawl-delay: nan\nCrawl-delay: -1\nCrawl-delay: x\n"),
    ),
    good(ROBOTS, "a Crawl-delay for others", _rules("User-agent: evil\nCrawl-delay: 99999\n")),
)

_ENTRY = re.compile(rb"<entry>.*?</entry>", re.DOTALL)


def _feed(made: Made | bytes) -> Answer:
    return reply(made, kind=XML)


def _xml(prolog: str) -> Made:
    return lambda body: body.replace(b"?>", b"?>" + prolog.encode(), 1)


_XML_BOMB = (
    '<!DOCTYPE feed [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in itertools.pairwise("abcdefghijk"))
    + "]>"
)

FEEDS = (
    ended(
        FEED,
        "entities that grow a billion times",
        "declares a document type",
        _feed(_xml(_XML_BOMB)),
    ),
    ended(
        FEED,
        "an entity of a file",
        "declares a document type",
        _feed(_xml('<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]>')),
    ),
    ended(
        FEED,
        "a DTD of another host",
        "declares a document type",
        _feed(_xml('<!DOCTYPE feed SYSTEM "http://evil.test/x.dtd">')),
    ),
    ended(
        FEED,
        "a document type behind 2,000 blanks",
        "declares a document type",
        _feed(_xml(" " * 2000 + _XML_BOMB)),
    ),
    ended(FEED, "nothing", "no text", _feed(b"")),
    ended(FEED, "noise", "not valid UTF-8", _feed(NOISE)),
    ended(FEED, "a page of HTML", "a page of HTML", reply(NGINX)),
    ended(FEED, "JSON", "not XML", _feed(b'{"a": 1}')),
    ended(FEED, "RSS in place of Atom", "expected an Atom feed", _feed(b"<rss><channel/></rss>")),
    ended(FEED, "cut in its midst", "</feed>", _feed(lambda body: body[: body.rindex(b"<entry>")])),
    ended(
        FEED,
        "100,000 tags, one in the other",
        "more than 50,000 tags",
        _feed(
            lambda body: body.replace(
                b"<entry>", b"<a>" * 100_000 + b"</a>" * 100_000 + b"<entry>", 1
            )
        ),
    ),
    ended(
        FEED,
        "it closes before its length",
        BROKE,
        lambda asked: iter([head(XML, length(asked.body)) + asked.body[:-9]]),
    ),
    ended(FEED, "3 MB", LARGE, _feed(b"<feed>" + b" " * 2 * MAXSIZE)),
    ended(
        FEED,
        "deflate that unpacks to ten times the limit",
        LARGE,
        coded("deflate", bomb(b"<feed>", "deflate")),
    ),
    ended(FEED, "to another host", ELSEWHERE, to("http://evil.test/feed.xml")),
    good(FEED, "no entries", _feed(lambda body: _ENTRY.sub(b"", body))),
    good(
        FEED,
        "the same entry 100 times",
        _feed(lambda body: _ENTRY.sub(lambda match: match[0] * 100, body, count=1)),
    ),
    good(FEED, "GBK, declared as UTF-8", _feed(lambda body: body.decode().encode("gb18030"))),
    good(FEED, "UTF-16", _feed(lambda body: body.decode().encode("utf-16"))),
    good(
        FEED,
        "a script in each entry",
        _feed(lambda body: body.replace(b"<![CDATA[", b"<![CDATA[<script>alert(1)</script>")),
    ),
    Alone(
        FEED,
        "entries without a link",
        _feed(
            lambda body: re.sub(
                rb'<link href="[^"]*" rel="alternate" type="text/html" title[^>]*>|<id>.*?</id>',
                b"",
                body,
            )
        ),
        Exit.DEGRADED,
        "leads to no post",
    ),
    good(
        FEED,
        "entries that lead to other hosts",
        _feed(
            lambda body: body.replace(b"https://finews.withounder.com", b"http://169.254.169.254")
        ),
    ),
)
