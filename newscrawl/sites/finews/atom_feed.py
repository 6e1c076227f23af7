"""Reads the mirror's feed, Atom as jekyll-feed writes it: its ten newest posts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from newscrawl.items import BodyRank
from newscrawl.loaders import ArticleLoader, Rule, key_values
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney.info_code import path_of_url
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.finews import loose_feed
from newscrawl.sites.finews.post_page import add_parts, add_time_of_build, take_apart
from newscrawl.sites.list_answer import NewsList
from newscrawl.sites.list_shape import Shape
from newscrawl.text.sanitize import squeeze
from newscrawl.text.times import BUILD_TIME

_NS = "{http://www.w3.org/2005/Atom}"
MAX_TAGS = 50_000
"""Tags of a feed, those in the bodies of its posts too: the mirror's has 700."""
_BLANKS = "\ufeff \t\r\n"
_TEXTS = ("id", "title", "published", "updated", "summary", "content")


def records(text: str) -> Iterator[dict[str, Any]]:
    """Yield each entry as a record: its texts, ``link`` (its page) and ``categories``.

    Raises Unreadable: ``not_a_post`` (no feed), ``too_large``, ``cut_off``.
    """
    root = _parsed(text)
    if root is None:
        yield from _loose(text)
        return
    if root.tag != f"{_NS}feed":
        raise Unreadable("not_a_post", f"the root element is {root.tag!r}; expected an Atom feed")
    for entry in root.iterfind(f"{_NS}entry"):
        record: dict[str, Any] = {}
        for name in _TEXTS:
            if (found := entry.findtext(_NS + name)) is not None:
                record[name] = found.strip()
        record["link"] = _link(entry)
        terms = (each.get("term", "") for each in entry.iterfind(f"{_NS}category"))
        record["categories"] = [term for term in terms if term]
        yield record


def _loose(text: str) -> list[dict[str, Any]]:
    if found := list(loose_feed.records(text)):
        return found
    raise Unreadable("not_a_post", "not a feed: it is not XML, and no entry can be read")


def is_broken(record: dict[str, Any]) -> bool:
    """Whether a post's front matter is broken: it has no title, and its time is the build's."""
    return not squeeze(record.get("title", ""))


def _link(entry: etree._Element) -> str:
    for link in entry.iterfind(f"{_NS}link"):
        if link.get("rel", "alternate") == "alternate" and link.get("href"):
            return str(link.get("href")).strip()
    # The plugin's ids are the addresses of the pages, without .html.
    return f"{(entry.findtext(f'{_NS}id') or '').strip()}.html"


def _parsed(text: str) -> etree._Element | None:
    """Return the root; None for a feed that is not XML: with a bare ``&``, or text behind its end.

    Nothing outside the text is read, and no entity is expanded.
    """
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    begin = text[_prolog(text) :][:20].lower()
    if begin.startswith(("<html", "<!doctype html")):
        raise Unreadable("not_a_post", f"a page of HTML that begins {text[:60].strip()!r}")
    if begin.startswith("<!"):
        raise _with_document_type()
    if text.count("<") > MAX_TAGS:
        raise Unreadable("too_large", f"the feed has more than {MAX_TAGS:,} tags")
    try:
        root = etree.fromstring(text.strip().encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        if text.lstrip().startswith("<") and "</feed>" not in text:
            raise Unreadable("cut_off", f"{len(text)} characters without </feed>") from None
        if loose_feed.is_feed(text):
            return None
        raise Unreadable("not_a_post", f"not a feed, since it is not XML: {error.msg}") from None
    if root.getroottree().docinfo.internalDTD is not None:  # behind a thousand blanks
        raise _with_document_type()
    return root


def _prolog(text: str) -> int:
    """Return where the root or a document type begins: behind blanks, comments, instructions."""
    at = 0
    while True:
        while text[at : at + 1] in _BLANKS and at < len(text):
            at += 1
        for begin, end in (("<!--", "-->"), ("<?", "?>")):
            if text.startswith(begin, at):
                found = text.find(end, at + len(begin))
                if found < 0:
                    return at
                at = found + len(end)
                break
        else:
            return at


def _with_document_type() -> Unreadable:
    return Unreadable("not_a_post", "the feed declares a document type; none of Jekyll's does")


def _printed_id(said: list[str]) -> str:
    """Return the file name in the first link, without its suffix."""
    link = next(filter(None, said), "")
    return path_of_url(link).rpartition("/")[2].removesuffix(".html")


def _add_content(loader: ArticleLoader, data: Mapping[str, Any], info_code: str) -> None:
    """Add what the content of a feed's entry, a whole post, says.

    The body has rank SUMMARY, so that any page of the article is preferred to it.
    """
    content = "".join(key_values(data, "content"))
    is_emnews = "emnews" in (data.get("categories") or ())
    parts = take_apart(bodies.parse_fragment(content), info_code, is_emnews=is_emnews)
    if loader.has("title"):
        add_time_of_build(loader, "feed published", info_code)
    else:
        loader.add_value("published_from", BUILD_TIME)
    loader.add_value("categories", parts.footer.categories)
    parts.body.rank = BodyRank.SUMMARY if parts.body.text else None
    add_parts(loader, parts, info_code)


SHAPE = Shape(
    "atom", id=("link", "id"), title=("title",), time=("published",),
    printed_id=_printed_id, add_content=_add_content,
)  # fmt: skip
"""An entry of the feed, as :func:`records` gives it."""
CODED = (Rule("share_url", "last paragraph", kind="rule"), *bodies.BODY_RULES)
"""Rules of an entry that are code, not a path."""
FEED = NewsList(
    name="atom",
    about="the mirror's own feed: its 10 newest posts",
    url="{base}/feed.xml",
    shape=SHAPE,
    records=records,
)
