"""Answers of the share interface, and public pages."""

from __future__ import annotations

import json

from misbehaviours.making import (
    BROKE,
    ELSEWHERE,
    LARGE,
    LATE,
    LOGIN,
    MAXSIZE,
    NGINX,
    NO_HTTP,
    NOISE,
    PACKERS,
    Made,
    bomb,
    coded,
    failed,
    head,
    length,
    raw,
    rejected,
    reply,
    status_is,
    stored,
    to,
)
from misbehaviours.server import Answer, Last


def said(**values: object) -> Made:
    """Change what the answer says."""
    return lambda body: json.dumps({**json.loads(body), **values}, ensure_ascii=False).encode()


JSON = "Content-Type: application/json; charset=utf-8"


def _json(made: Made | bytes) -> Answer:
    return reply(made, kind=JSON)


ANSWERS = (
    failed("status 500", status_is(500), reply(status="500 X")),
    failed("status 404", status_is(404), reply(status="404 X")),
    failed("nothing, and it stays open", LATE, raw(Last.HANG)),
    failed(
        "it closes before its length",
        BROKE,
        lambda asked: iter([head(JSON, length(asked.body)) + asked.body[:-9]]),
    ),
    failed("to another host", ELSEWHERE, to("http://evil.test/x")),
    failed("3 MB", LARGE, _json(b"{" + b" " * 2 * MAXSIZE + b"}")),
    failed(
        "gzip that unpacks to ten times the limit",
        LARGE,
        coded("gzip", bomb(b'{"Title": "', "gzip")),
    ),
    rejected("nothing", "empty", _json(b"")),
    rejected("null", "null", _json(b"null")),
    rejected("null in a callback", "null", _json(b"callback(null)")),
    rejected("an error page of the server, status 200", "not_json", reply(NGINX)),
    rejected("a login page", "not_json", reply(LOGIN)),
    rejected("noise", "charset", _json(NOISE)),
    rejected("a list", "not_json", _json(b"[]")),
    rejected("a text", "not_json", _json(b'"x"')),
    rejected("a number", "not_json", _json(b"5")),
    rejected("an empty object", "lacks_keys", _json(b"{}")),
    rejected("an object of other keys", "lacks_keys", _json(b'{"code": 1, "message": "x"}')),
    rejected("nulls", "null", _json(b'{"Title": null, "content": null, "text": null}')),
    rejected("empty texts", "nothing", _json(said(Title="", content="", text=""))),
    rejected("texts that are numbers", "nothing", _json(said(Title=5, content=1.5, text=True))),
    rejected("texts that are lists", "nothing", _json(said(Title=[], content=[[]], text={}))),
    rejected("another article", "wrong_id", _json(said(Id="NW202112282228490028"))),
    rejected("an id that is a list", "wrong_id", _json(said(Id=["NW202112282228490028"]))),
    rejected(
        "cut in its midst", "not_json", _json(lambda body: body[: body.index(b"content") + 9])
    ),
    rejected(
        "100,000 lists, one in the other",
        "not_json",
        _json(lambda body: b'{"Title":' + b"[" * 100_000),
    ),
    rejected(
        "100,000 objects, one in the other", "not_json", _json(lambda body: b'{"Title":' * 100_000)
    ),
    rejected(
        "a number of 100,000 digits",
        "not_json",
        _json(lambda body: b'{"Order":' + b"9" * 100_000 + b"," + body[1:]),
    ),
    rejected(
        "a body of 100,000 tags, one in the other",
        "too_deep",
        _json(said(content="<div>" * 100_000 + "x")),
    ),
    stored(
        "numbers that are not JSON",
        _json(lambda body: b'{"Order":NaN,"x":-Infinity,"y":1e999,' + body[1:]),
    ),
    stored("a key twice", _json(lambda body: b'{"Title":"x",' + body[1:])),
    stored(
        "half a pair of surrogates",
        _json(lambda body: body.replace(b'"Title": "', b'"Title": "\\ud800')),
    ),
    stored("NULs", _json(lambda body: body.replace(b'"Title": "', b'"Title": "\\u0000'))),
    stored("line ends in a text", _json(lambda body: body.replace(b'"Title": "', b'"Title": "\n'))),
    stored("as the argument of a script", _json(lambda body: b"alert(1);callback(" + body + b");")),
    stored("noise behind the object", _json(lambda body: body + b"}]<script>")),
    stored("a BOM", _json(lambda body: b"\xef\xbb\xbf" + body)),
    stored("GBK, declared as UTF-8", _json(lambda body: body.decode().encode("gb18030"))),
    stored("as an image", reply(kind="Content-Type: image/png")),
    stored("gzip", coded("gzip", PACKERS["gzip"])),
    stored(
        "a script in the body",
        _json(lambda body: body.replace(b'"content": "', b'"content": "<script>alert(1)</script>')),
        kept="words",
    ),
)

PUBLIC = (
    failed("status 404", status_is(404), reply(status="404 X")),
    failed("a reset", NO_HTTP, raw(Last.RESET)),
    failed("to another host", ELSEWHERE, to("http://evil.test/x")),
    failed(
        "br that unpacks to ten times the limit",
        LARGE,
        coded("br", bomb(b"<html>", "br")),
    ),
    rejected("nothing", "empty", reply(b"")),
    rejected("an error page of the server, status 200", "not_a_post", reply(NGINX)),
    rejected("cut in its midst", "cut_off", reply(lambda page: page[: page.index(b"ContentBody")])),
    rejected("to the page of another article", "wrong_id", to("/a/{digits}.html")),
)
