"""Pages made to cost much: ``python tests/hostile_pages.py`` prints what each does cost.

Each is read in a process of its own, so that its memory can be seen.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from newscrawl import sites
from newscrawl.items import Page
from newscrawl.sites.eastmoney.body import MAX_FURNITURE
from newscrawl.sites.finews import listing_page
from newscrawl.sites.html import MAX_DEPTH, MAX_NODES
from newscrawl.sites.limits import LARGEST
from newscrawl.sites.list_answer import read_list_answer
from newscrawl.sites.lists import LISTS

ROOM = LARGEST - 1000
DEEP = MAX_DEPTH - 10
HAN = ROOM // 3 - 20_000
"""Characters of three bytes that still fit, with some markup."""


def _page(kind: str, body: bytes | str) -> Page:
    address = "http://mirror.test/2021/12/28/NW202112282228490028.html"
    data = body if isinstance(body, bytes) else body.encode()
    return Page(kind, "NW202112282228490028", address, data, "2022-01-01T00:00:00+00:00")


def _post(content: str) -> Callable[[], object]:
    html = f"<html><body><section><h1>题</h1>{content}</section></body></html>"
    return lambda: sites.read_page(_page("post_page", html))


def _file(content: str) -> Callable[[], object]:
    return lambda: sites.read_page(_page("post_file", f"---\nlayout: post\n{content}"))


def _answer(text: str) -> Callable[[], object]:
    return lambda: sites.read_page(_page("api_answer", text))


def _list(name: str, text: str) -> Callable[[], object]:
    return lambda: read_list_answer(LISTS[name], _page("list_answer", text))


def _atom(content: str, before: str = "", more: str = "") -> Callable[[], object]:
    root = f'<feed xmlns="http://www.w3.org/2005/Atom" {more}>{content}</feed>'
    return _list("atom", f'<?xml version="1.0"?>{before}{root}')


_LAUGHS = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
_FORMATS = ("b", "i", "u", "s", "tt", "em", "big", "code", "font", "small", "strike", "strong")

# What is read, or the reason why not.
CASES: dict[str, tuple[str, Callable[[], Callable[[], object]]]] = {
    "a paragraph of 50 MB": ("too_large", lambda: _post("<p>" + "字" * (17 << 20))),
    "a paragraph as long as a page may be": ("read", lambda: _post("<p>" + "字" * HAN)),
    "a million links": ("too_large", lambda: _post("<a href=/x>x</a>" * (1 << 20))),
    "as many links as a page may have": (
        "read", lambda: _post("<a href=/x>x</a>" * (MAX_NODES - 10))),
    "a listing of as many links": (
        "read", lambda: lambda: listing_page.read_listing(_page("listing_page", "<html><section>" +
            '<a href="/a/2021/12/28/x.html">x</a>' * (MAX_NODES - 10) + "</section></html>"))),
    "nested 100,000 deep": ("too_deep", lambda: _post("<div>" * 100_000)),
    "nested as deep as a page may be, all levels with its text": (
        "read", lambda: _post("<div>" * DEEP + "郑重声明：" + "字" * HAN)),
    "nested links on a security": (
        "read", lambda: _post('<span class=keytip data-code="1,1">' * DEEP + "字" * (HAN // 2))),
    "nested sections with tags": (
        "read", lambda: _post("<section><h1>x</h1><small>tags: <em>x</em>" * (DEEP // 3)
                              + "字" * HAN)),
    "500,000 attributes": (
        "too_large", lambda: _post(f"<p {' '.join(f'a{n}' for n in range(500_000))}>x")),
    "formats that blocks open again": (
        "read", lambda: _post("<p>" + "".join(f"<{tag} id=x{n}>" for n in range(38)
                              for tag in _FORMATS) + "<div>x</div>" * (MAX_NODES - 1000))),
    "promotions": (
        "too_large", lambda: _post("<p>" + "<a class=toplink>xy</a>字字" * (MAX_FURNITURE + 9))),
    "comments in a long text": (
        "read", lambda: _post("<p>" + ("<!--x-->" + "字" * 300) * (MAX_FURNITURE - 5))),
    "scripts": ("too_large", lambda: _post("<script>x</script>" * (MAX_NODES - 10))),
    "90,000 classes of one element": (
        "read", lambda: _post(f'<p class="{" ".join(f"c{n}" for n in range(90_000))}">x')),
    "a mention of every code": (
        "read", lambda: _post("".join(f'<a class=keytip data-code="1,{n}">x</a>'
                                      for n in range(20_000)))),
    "titles": ("read", lambda: _post("<h1>x</h1>" * (MAX_NODES - 10))),
    "escaped characters": ("too_large", lambda: _post("<p>" + "&amp;字" * 400_000)),
    "NUL bytes": ("read", lambda: _post("\x00" * ROOM)),
    "nothing but NUL bytes": ("empty", lambda: lambda: sites.read_page(
        _page("post_page", b"\x00" * ROOM))),
    "spaces without a line's end": ("read", lambda: _post("<p>a" + " " * (ROOM - 9) + "b")),
    "line ends": ("read", lambda: _post("<p>" + " \n" * (ROOM // 2 - 9) + "b")),
    "overrides": ("read", lambda: _post("<p>" + "\u202e" * HAN)),
    "combining marks": ("read", lambda: _post("<p>e" + "\u0301\u0316" * (ROOM // 4 - 99))),
    "GBK": ("read", lambda: lambda: sites.read_page(_page(
        "post_page", f"<html><section><h1>题</h1><p>{'字' * HAN}</section></html>".encode("gbk")))),
    "random bytes": ("charset", lambda: lambda: sites.read_page(
        _page("post_page", os.urandom(ROOM)))),
    "an answer nested 900,000 deep": ("not_json", lambda: _answer('{"Title":' + "[" * 900_000)),
    "an answer nested 900 deep": (
        "not_json", lambda: _answer('{"Title":"x","a":' + "[" * 900 + "]" * 900 + "}")),
    "an answer with a number of 4 million digits": (
        "not_json", lambda: _answer('{"Title":"x","a":' + "9" * (ROOM - 99) + "}")),
    "an answer with a fraction of 4 million digits": (
        "read", lambda: _answer('{"Title":"x","a":' + "9" * (ROOM - 99) + ".5}")),
    "an answer of empty lists": (
        "read", lambda: _answer('{"Title":"x","a":[' + "[]," * (ROOM // 3 - 99) + "[]]}")),
    "a list behind spaces": ("not_json", lambda: _list("kuaixun", "/**/" + " " * ROOM + "x")),
    "a list before spaces": ("not_json", lambda: _list("kuaixun", "x={}" + " " * ROOM + "x")),
    "a list of titles": ("not_a_post", lambda: _list("kuaixun", "<title" * (ROOM // 6))),
    "a list of a million records": (
        "too_large",
        lambda: _list("columns-1207", '{"code":1,"data":{"list":[' + "{}," * 1_000_000 + "{}]}}")),
    "a feed of entities": (
        "not_a_post", lambda: _atom("&a9;", f'<!DOCTYPE f [<!ENTITY a0 "ha">{_LAUGHS}]>')),
    "the same, far behind the beginning": (
        "not_a_post",
        lambda: _atom("&a9;", f'{" " * 5000}<!DOCTYPE f [<!ENTITY a0 "ha">{_LAUGHS}]>')),
    "a feed of a million entries": ("too_large", lambda: _atom("<entry/>" * 500_000)),
    "a feed nested 20,000 deep": (
        "not_a_post", lambda: _atom("<a>" * 20_000 + "</a>" * 20_000)),
    "a feed of name spaces": (
        "read", lambda: _atom("", more=" ".join(f"xmlns:a{n}='x{n}'" for n in range(150_000)))),
    "a post file of escaped quotes": (
        "read", lambda: _file('title: "' + '\\"' * (ROOM // 2 - 99) + "\n---\nx")),
    "a post file of half a million tags": (
        "read", lambda: _file("tags: " + " ".join(map(str, range(500_000))) + "\n---\nx")),
    "a post file of ways back": (
        "read", lambda: _file("---\n[返回" + "](" * (ROOM // 2 - 99) + "x")),
    "a post file of many ways back": (
        "read", lambda: _file("---\n" + "[返回x](y)｜" * (ROOM // 20) + "[返回x](y)")),
    "a post file of a long reference": ("read", lambda: _file("---\n&#" + "9" * ROOM + ";")),
    "a post file of a million paragraphs": (
        "too_large", lambda: _file("---\n" + "x\n\n" * 1_000_000)),
    "a post file of open tags": ("too_large", lambda: _file("---\nx" + "&<a " * (ROOM // 4 - 99))),
}  # fmt: skip


def _cost(make: Callable[[], Callable[[], object]]) -> dict[str, object]:
    read = make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    try:
        read()
        end = "read"
    except sites.Unreadable as error:
        end = error.reason
    except Exception as error:
        end = repr(error)[:200]
    return {
        "end": end,
        "seconds": round(time.process_time() - began, 2),
        "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10,
    }


def main() -> None:
    """Print a line of JSON for each case."""
    for name, (_, make) in CASES.items():
        if child := os.fork():
            if os.waitpid(child, 0)[1]:
                print(json.dumps({"name": name, "end": "killed"}))
            sys.stdout.flush()
        else:
            resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
            print(json.dumps({"name": name, **_cost(make)}), flush=True)
            os._exit(0)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
