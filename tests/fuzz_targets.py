"""What is fuzzed: six targets, each from bytes to a property, and their seeds.

fuzz/run.py feeds them what coverage leads to, tests/test_fuzz.py what hypothesis makes of seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import properties
from payloads import PAYLOADS
from samplesite import Site
from samplesite.lists import LIST_ODDITIES, Lists

from newscrawl.sites.lists import LISTS

PAGES = ("post_page", "article_page", "listing")
CONTENT_TYPES = (None, "text/html; charset=utf-8", "text/html; charset=gbk", "text/html; charset=x")
# The answer of the share interface, and every list that is JSON.
ANSWERS = ("api_answer", *(name for name in LISTS if name != "atom"))


def _choice(data: bytes, *numbers: int) -> tuple[list[int], bytes]:
    """Return as many choices as numbers are given, each below its number, and the rest."""
    parts = data[: len(numbers)].ljust(len(numbers), b"0")
    chosen = [(part - ord("0")) % number for part, number in zip(parts, numbers, strict=True)]
    return chosen, data[len(numbers) :]


def pages(data: bytes) -> None:
    """Pages of the mirror, its listings, and Eastmoney's own."""
    (kind, content_type), body = _choice(data, len(PAGES), len(CONTENT_TYPES))
    if PAGES[kind] == "listing":
        properties.listing_is_read(body, CONTENT_TYPES[content_type])
    else:
        properties.page_is_read(PAGES[kind], body, CONTENT_TYPES[content_type])


def files(data: bytes) -> None:
    """Post files."""
    properties.page_is_read("post_file", data)


def feed(data: bytes) -> None:
    """The mirror's feed and its entries."""
    properties.list_is_read("atom", data)


def json(data: bytes) -> None:
    """Answers of the share interface and of lists."""
    (kind,), body = _choice(data, len(ANSWERS))
    if ANSWERS[kind] == "api_answer":
        properties.page_is_read("api_answer", body)
    else:
        properties.list_is_read(ANSWERS[kind], body)


def ids(data: bytes) -> None:
    """Ids, addresses and printed times."""
    text = data.decode("utf-8", "surrogateescape")
    properties.address_is_read(text)
    properties.time_is_read(text)


def bodies(data: bytes) -> None:
    """Bodies alone, and the characters in them."""
    text = data.decode("utf-8", "replace")
    properties.body_is_read(text)
    properties.text_is_settled(text)


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (pages, files, feed, json, ids, bodies)
}


def seeds(target: str, articles: int = 60) -> Iterator[bytes]:
    """Give what the generator has for a target, with the bytes that choose before it.

    `articles` are shown, with all their oddities from 60 on.
    """
    site = Site(articles=articles, oddities="all")
    truths = list(site.truths())
    match target:
        case "pages":
            yield from (b"00" + body for truth in truths for _, body in site.pages(truth))
            yield from (b"10" + _get(site, f"/a/{truth.digits}.html") for truth in truths)
            yield from (b"20" + _get(site, path) for path in ("/", "/emnews/", "/404.html"))
            gbk = _get(site, f"/a/{truths[0].digits}.html").decode().replace("utf-8", "gbk")
            yield b"12" + gbk.encode("gb18030")
        case "files":
            yield from (body for _, body in site.posts())
        case "feed":
            yield _get(site, "/feed.xml")
            yield _get(Site(articles=3), "/feed.xml")
        case "json":
            yield from _answers(site)
        case "ids":
            for truth in truths:
                yield truth.info_code.encode()
                yield from (path.encode() for path, _ in site.pages(truth))
            yield from (each.encode() for each in properties.ADDRESSES.values())
            yield from (each.encode() for each in TIMES)
        case "bodies":
            yield from (block.linked.encode() for truth in truths for block in truth.body.blocks)
            yield from (payload.encode() for payload in PAYLOADS)


def _answers(site: Site) -> Iterator[bytes]:
    for truth in site.truths():
        yield b"0" + _get(site, f"/NewsData/GetNewsText.do?id={truth.info_code}")
    few = Site(articles=5)  # an answer of 50 entries takes as long as 50 pages
    for number, name in enumerate(ANSWERS):
        if name == "api_answer":
            continue
        asked = LISTS[name]
        address = asked.address("http://mirror.test/", is_own_base=True, argument="1.600519")
        address = address.removeprefix("http://mirror.test")
        for oddity in ("", *LIST_ODDITIES):
            lists = Lists(few, {oddity} - {""})
            yield bytes([ord("0") + number]) + lists.respond(address).body


def _get(site: Site, address: str) -> bytes:
    return site.respond(address).body


TIMES = (
    "2021-12-28 14:27:35", "2021-12-28T14:27:35+08:00", "2021年12月28日 14:27", "14:27",
    "昨天 16:25", "1640672855", "(GMT+8, Asia/Shanghai, CST) 2021-12-28 14:27:35",
    "Tue Dec 28 2021 14:27:35 GMT+0800", "28 Dec 2021 06:27:35 Z", "2021/12/28",
)  # fmt: skip

# What a mutation could take years to write.
WORDS = (
    "<section>", "<h1>", "<blockquote>", "class=", "em_media", "keytip", "infokey", "data-code=",
    "quote.eastmoney.com/unify/r/", "文章来源：", "（", "）", "返回", "｜", "<![CDATA[",
    "<!DOCTYPE", "<!ENTITY", "&#x202e;", "&#8238;", "&#x80;", "&#xD800;", "&#14;", "&nbsp;",
    "\u202e", "\u2028", "\u0301", "\u0338", "\uf900", "\ufeff", "\ufffe", "\\ud800", "\\u0000",
    '"content":', '"Title":', '"data":', "null",
    "infoCode=", "newsid=", "category/", "/emnews/", "---\n", "title: ", "date: ", "layout: post",
    "display:none", "<table>", "<tr>", "<td>", "<font size=1>", "<span", "<script>", "style=",
    "https://", "//[", "%00", "1e999", "<title", "</feed>", "<entry>", "1640672855123456",
)  # fmt: skip
