"""Reads the bodies that nearly all articles have, in one pass: a fifth of the time of a tree.

They are paragraphs and centred images, one behind the other, with links on securities, bold words
and line breaks inside. What such a body says follows from its tags as they stand, with no parser
and no cleaner. Anything else, down to one attribute that is not known, is left to
:mod:`newscrawl.sites.eastmoney.body`, which says the same of these (tests/test_usual.py compares
the two).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from newscrawl.items import BodyRank, Origin
from newscrawl.sites.eastmoney import adverts, securities
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney.source_line import read_source_line
from newscrawl.sites.html import SURE_CHARACTERS, SURE_TAGS
from newscrawl.text.sanitize import is_plain, squeeze

LONGEST_KEPT = 300
"""Characters of a tag whose meaning is kept for the next body: those on a security have 150."""

# Between parentheses, so that split() gives text, tag, text, tag, …, text. What the page's editor
# puts around a K-line image and behind a link is one tag here, and means nothing.
_TAG = re.compile(
    "("
    '<p style="display:none;height:1px;overflow:hidden;">(?:<br />| )?</p>'
    '|<p style="text-align:center;">(?:'
    '<a(?: data-code2?="[^"<>]*"| href="[^"<>]*")* class="EmImageRemark"'
    '(?: [a-z0-9_-]+="[^"<>]*")*><img(?: [a-z0-9_-]+="[^"<>]*")* /></a>'
    '|<img src="https://webquoteklinepic[^"<>]*"(?: [a-z0-9_-]+="[^"<>]*")* />)</p>'
    '|<span id="(?:bk)?quote_[0-9A-Za-z_.]*"></span>'
    "|<[^<>]*>"
    ")"
)
_CHART_IMAGE = re.compile(
    r'<img src="https://webquoteklinepic\.[^"?]*\?nid=([0-9]{1,3})\.([0-9A-Za-z_][0-9A-Za-z_.-]*)[&"]'
)
_ATTRIBUTES = re.compile(r'(?: [a-z][a-z0-9_-]*="[^"<>&]*")*')
_ATTRIBUTE = re.compile(r' ([a-z][a-z0-9_-]*)="([^"<>&]*)"')
_ALT = re.compile(r"(?!K图)[\w .,-]*")
# Of a plain host: the cleaner drops an address whose host is invalid, such as 1.2.3.999.
_URL = re.compile(
    r"https?://(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}(?:[/?][A-Za-z0-9_.:/?=%~,+-]*)?"
)
_CODES = re.compile(r"([0-9]+),([0-9A-Za-z_][0-9A-Za-z_.-]*)")
_ID = re.compile(r"(?:stock|bk)_[0-9A-Za-z_.]+|Info\.[0-9A-Za-z_.]+")
_NUMBER = re.compile(r"[0-9]{1,5}")
# Characters that are written otherwise in markup, or that a parser has rules of its own for.
_MARKED = "<>&\xa0\r"


class _Tag(NamedTuple):
    """What one tag means where it is expected."""

    kind: Literal[
        "block", "source", "inline", "entity", "keyword", "break", "image", "end", "nothing",
        "furniture",
    ]  # fmt: skip
    """``nothing`` stands inside a paragraph, ``furniture`` between paragraphs."""
    html: str = ""
    """The tag as it is stored; of furniture, its kind, if it is counted."""
    end: str = ""
    """The tag that ends it."""
    market: str = ""
    code: str = ""


class _Tags(dict[str, _Tag | None]):
    """The meaning of each tag, determined when it is first read; None if it is not usual."""

    def __missing__(self, tag: str) -> _Tag | None:
        meant = _meant(tag)
        if len(tag) <= LONGEST_KEPT:
            if len(self) >= 1 << 14:
                self.clear()
                self.update(FIXED)
            self[tag] = meant
        return meant


FIXED: dict[str, _Tag | None] = {
    "<p>": _Tag("block", "<p>", "</p>"),
    '<p class="em_media">': _Tag("source", '<p class="em_media">', "</p>"),
    "<center>": _Tag("block", "<center>", "</center>"),
    **{f"<{name}>": _Tag("inline", f"<{name}>", f"</{name}>") for name in ("strong", "b")},
    **dict.fromkeys(("<br>", "<br/>", "<br />"), _Tag("break", "<br>")),
    **{f"</{name}>": _Tag("end") for name in ("p", "center", "strong", "b", "span", "a")},
    "<!-- EM_StockImg_Start -->": _Tag("furniture"),
    "<!-- EM_StockImg_End -->": _Tag("furniture"),
}
_TAGS = _Tags(FIXED)


def _meant(tag: str) -> _Tag | None:
    """Return what a tag means, if it is a usual one."""
    if tag.startswith("<span id=") and tag.endswith("</span>"):
        return _Tag("nothing")
    if tag.startswith("<p ") and tag.endswith("</p>"):
        return _furniture(tag)
    name, _, rest = tag[1:-1].partition(" ")
    attributes = _attributes(f" {rest.removesuffix(' /') if name == 'img' else rest}")
    if attributes is None:
        return None
    if name == "p":
        style = attributes.pop("style", "")
        attributes.pop("align", None)
        hides = bodies.HIDDEN.search(style)
        return None if attributes or hides else _Tag("block", "<p>", "</p>")
    if name == "img":
        return _image(attributes)
    if name in ("a", "span"):
        return _link(name, attributes)
    return None


def _furniture(tag: str) -> _Tag | None:
    """A paragraph that is not displayed, or a chart, which is a mention of its security."""
    if "<img " not in tag:
        return _Tag("furniture", "hidden")
    chart = _CHART_IMAGE.search(tag)
    return _Tag("furniture", "chart", market=chart[1], code=chart[2]) if chart else None


def _attributes(text: str) -> dict[str, str] | None:
    """Return attributes in their order; None where they are written in another way, or twice."""
    if not _ATTRIBUTES.fullmatch(text):
        return None
    found = _ATTRIBUTE.findall(text)
    attributes = dict(found)
    return attributes if len(attributes) == len(found) else None


def _image(attributes: dict[str, str]) -> _Tag | None:
    """An image of the article's own; its address takes the code's place."""
    if {"id", "class", "hidden", "href"}.intersection(attributes) or bodies.HIDDEN.search(
        attributes.get("style", "")
    ):
        return None
    kept = {name: attributes[name] for name in attributes if name in bodies.KEPT["img"]}
    src, alt = kept.get("src", ""), kept.get("alt", "")
    if not _URL.fullmatch(src) or not _ALT.fullmatch(alt) or bodies.K_LINE_SRC.search(src):
        return None
    if adverts.is_advertisers(src):
        return None
    if not all(_NUMBER.fullmatch(kept.get(name, "1")) for name in ("width", "height")):
        return None
    return _Tag("image", _written("img", kept), code=src)


def _link(name: str, attributes: dict[str, str]) -> _Tag | None:
    """A link on a security or a keyword, or the span around one."""
    if name == "span" and list(attributes) == ["id"] and _ID.fullmatch(attributes["id"]):
        return _Tag("inline", _written(name, attributes), "</span>")
    attributes.pop("web", None)
    href, mark = attributes.get("href", ""), attributes.get("class")
    if not _URL.fullmatch(href) or adverts.is_advertisers(href):
        return None
    if name == "a" and mark == "infokey" and attributes.keys() == {"href", "class"}:
        if securities.QUOTE_URL.search(href):
            return None
        return _Tag("keyword", _written(name, attributes), "</a>")
    expected = "keytip" if name == "a" else "em_stock_key_common"
    if mark != expected or attributes.keys() != {"href", "class", "data-code"}:
        return None
    codes = _CODES.fullmatch(attributes["data-code"])
    if codes is None:
        return None
    return _Tag("entity", _written(name, attributes), f"</{name}>", codes[1], codes[2])


def _written(name: str, attributes: dict[str, str]) -> str:
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>"


def read_usual_body(markup: str) -> bodies.Body | None:
    """Read a body, of text without control characters; None where it is not usual."""
    if len(markup) > SURE_CHARACTERS or markup.count("<") > SURE_TAGS:
        return None
    pieces = _TAG.split(markup)
    shown = "".join(pieces[::2])
    if not _is_usual(shown):
        return None
    reader, tokens = _Reader(), zip(pieces[1::2], pieces[2::2], strict=True)
    behind: str | None = pieces[0]
    for tag, text in tokens:
        if behind is None or behind.strip(" \n\t"):
            return None
        meant = _TAGS[tag]
        if meant is None or meant.kind not in ("block", "source", "furniture"):
            return None
        if meant.kind == "furniture":
            behind = reader.furniture(meant, text)
        else:
            behind = reader.block(meant, text, tokens)
    if behind is None or behind.strip(" \n\t") or (not reader.source and "文章来源" in shown):
        return None
    return reader.body()


def _is_usual(shown: str) -> bool:
    """Whether words can be stored as they are, and none of them indicates furniture."""
    return (
        not any(map(shown.__contains__, _MARKED))
        and not any(map(shown.__contains__, adverts.JUNK_WORDS))
        and is_plain(shown)
    )


class _Reader:
    """Gathers what the blocks of a body say."""

    def __init__(self) -> None:
        self.source = ""
        self._html: list[str] = []
        self._lines: list[str] = []
        self._images: list[str] = []
        self._mentions = securities.Mentions()
        self._removed: dict[str, int] = {}
        self._is_linked = False

    def block(self, begin: _Tag, text: str, tokens: Iterator[tuple[str, str]]) -> str | None:
        """Take a block up to its end; return the text behind it, None where it is not usual."""
        html, line, ends = [begin.html, text], [text], [begin.end]
        for tag, behind in tokens:
            meant = _TAGS[tag]
            if meant is None:
                return None
            match meant.kind:
                case "end":
                    if tag != ends.pop():
                        return None
                    if not ends:
                        return behind if self._end(begin, html, line, tag) else None
                    html.append(tag)
                case "inline":
                    if meant.end in ends:
                        return None
                    ends.append(meant.end)
                    html.append(meant.html)
                case "entity" | "keyword":
                    end, after = next(tokens, ("", ""))
                    if end != meant.end or not self._link(meant, behind):
                        return None
                    html += (meant.html, behind, end)
                    line.append(behind)
                    behind = after
                case "break":
                    self._end_line(line)
                    html.append(meant.html)
                case "image":
                    self._images.append(meant.code)
                    html.append(meant.html)
                case "nothing":
                    # An element that holds nothing else goes with it.
                    if len(ends) > 1 or (len(html) == 2 and not squeeze(text)):
                        return None
                case _:
                    return None
            html.append(behind)
            line.append(behind)
        return None

    def _end(self, begin: _Tag, html: list[str], line: list[str], end: str) -> bool:
        if begin.kind == "source":
            named = read_source_line(squeeze(line[0]))
            if named is None or not named.is_bracketed or len(html) > 2 or self.source:
                return False
            if named.source is None or named.author:
                return False
            self.source = named.source
        else:
            self._end_line(line)
        self._html.append(f"{''.join(html)}{end}")
        return True

    def _end_line(self, line: list[str]) -> None:
        if text := squeeze("".join(line)):
            self._lines.append(text)
        line.clear()

    def _link(self, meant: _Tag, text: str) -> bool:
        """Take a link on a security or a keyword; tell whether it has a name."""
        self._is_linked = True
        name = squeeze(text)
        if meant.kind == "keyword" or not name:
            return bool(name)
        origin = Origin.LINK if meant.end == "</a>" else Origin.COMMON_WORD
        self._mentions.add(meant.market, meant.code, origin, name)
        return True

    def furniture(self, meant: _Tag, behind: str) -> str:
        """Take what stands between blocks; return the text behind it."""
        if meant.code:
            self._mentions.add(meant.market, meant.code, Origin.CHART)
        if meant.html:
            self._removed[meant.html] = self._removed.get(meant.html, 0) + 1
        return behind

    def body(self) -> bodies.Body | None:
        """Return what was gathered; None where that is neither text nor image."""
        if not self._lines and not self._images:
            return None
        return bodies.Body(
            html=bodies.without_empty_lines("\n".join(self._html)),
            text="\n".join(self._lines) or None,
            mentions=self._mentions.all(),
            images=list(dict.fromkeys(self._images)),
            source=self.source or None,
            rank=BodyRank.LINKED if self._is_linked else BodyRank.FULL,
            removed=self._removed,
        )
