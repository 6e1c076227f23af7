"""The body's own dialect: paragraphs, links on securities, K-line images, and what they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from newscrawl.demo.links import QUOTE, first, later
from newscrawl.demo.words import Keyword, Security
from newscrawl.items import Mention, Origin

KLINE = "https://webquoteklinepic.eastmoney.com/GetPic.aspx"
FRAME = 'style="border:#d1d1d1 1px solid;padding:3px;margin:5px 0;"'


class Markup(NamedTuple):
    """Markup that both versions of a body have: strong words, breaks, entities, real links."""

    html: str
    shown: str
    """What a reader sees of it; a line feed is a line break."""


Inline = str | Security | Keyword | Markup


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a body in its two versions, and the lines of text that it means."""

    kind: Literal["paragraph", "image", "kline", "hidden", "table", "source"]
    html: str
    """Without links on securities and keywords (``text`` of the API, NW posts)."""
    linked: str
    """With them (``content`` of the API, emnews posts)."""
    lines: tuple[str, ...] = ()


def squeeze(text: str) -> str:
    """One line as the archive keeps it: white space of any kind is one space, none at the ends."""
    return " ".join(text.replace("\u00a0", " ").replace("\u3000", " ").split())


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a block that are not empty."""
    return tuple(line for part in text.split("\n") if (line := squeeze(part)))


@dataclass(slots=True)
class Body:
    """A body in the making: blocks, and what they link to and show.

    A security is linked by an anchor where it comes first, by a span with an href later.
    """

    blocks: list[Block] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    found: dict[tuple[str, str, bool], Mention] = field(default_factory=dict)
    """What it mentions, by market, code and whether it is a chart."""
    crlf: bool = False
    """Whether paragraphs are separated by carriage return, line feed and space."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text, without the source line."""
        return tuple(line for block in self.blocks for line in block.lines)

    @property
    def mentions(self) -> tuple[Mention, ...]:
        """What the text links to and the charts show, in order of first appearance; links of the
        source line not.
        """
        return tuple(self.found.values())

    def paragraph(self, *tokens: Inline, style: str = "", nested: bool = False) -> None:
        """Add a paragraph; nested: the very first mentions are spans already."""
        start = f'<p style="{style}">' if style else "<p>"
        shown = "".join(map(words_of, tokens))
        linked = "".join(self.link(token, nested) for token in tokens)
        self.blocks.append(
            Block(
                "paragraph", f"{start}{plain(tokens)}</p>", f"{start}{linked}</p>", lines_of(shown)
            )
        )

    def source(self, *tokens: Inline) -> None:
        """Add the source line; its links count as nothing."""
        counted = dict(self.found)
        start, linked = '<p class="em_media">', "".join(self.link(token) for token in tokens)
        self.blocks.append(Block("source", f"{start}{plain(tokens)}</p>", f"{start}{linked}</p>"))
        self.found = counted

    def image(self, name: str, attributes: str) -> None:
        """Add a centred image of the real image host; the size is in its name."""
        url = f"https://dfscdn.dfcfw.com/download/{name}.jpg"
        self.images.append(url)
        html = f'<center><img src="{url}" {attributes}{FRAME} /></center>'
        self.blocks.append(Block("image", html, html))

    def hidden(self, inside: str) -> None:
        """Add a paragraph that is not displayed."""
        html = f'<p style="display:none;height:1px;overflow:hidden;">{inside}</p>'
        self.blocks.append(Block("hidden", html, html))

    def kline(self, security: Security, anchor: bool = True) -> None:
        """Add a K-line image, which is the site's furniture, and a mention; its anchor may be
        missing.
        """
        html = kline(security, anchor)
        key = (security.market, security.code, True)
        times = self.found[key].times if key in self.found else 0
        self.found[key] = Mention(*key[:2], "", security.kind, times + 1, Origin.CHART)
        self.blocks.append(Block("kline", html, html))

    def table(self, rows: list[list[str]]) -> None:
        """Add a table; its first row is the head."""
        html = '<table border="0"><tbody>'
        for number, row in enumerate(rows):
            cell = "td" if number else "th"
            html += "<tr>" + "".join(f"<{cell}>{text}</{cell}>" for text in row) + "</tr>"
        html += "</tbody></table>"
        self.blocks.append(Block("table", html, html, tuple("\t".join(row) for row in rows)))

    def link(self, token: Inline, nested: bool = False) -> str:
        """The token as the linked version writes it; counts the mention."""
        if isinstance(token, str):
            return token
        if isinstance(token, Markup):
            return token.html
        if isinstance(token, Keyword):
            anchor = f'<a href="{token.href}" class="infokey">{token.word}</a>'
            return f'<span id="Info.{token.number}">{anchor}</span>'
        key = (token.market, token.code, False)
        seen = self.found.get(key)
        if seen is None:
            origin = Origin.COMMON_WORD if nested else Origin.LINK
            self.found[key] = Mention(*token[:3], kind=token.kind, origin=origin)
        else:
            self.found[key] = replace(seen, times=seen.times + 1)
        return later(token) if seen or nested else first(token)

    def html(self, linked: bool, crlf: bool | None = None) -> str:
        """The whole body as the interface gives it and the posts hold it."""
        crlf = self.crlf if crlf is None else crlf
        text = "".join(block.linked if linked else block.html for block in self.blocks)
        text = re.sub(r"</p>(?=<(?:p>|center>))", "</p>\r\n ", text) if crlf else text
        return text


def words_of(token: Inline) -> str:
    """What a reader sees of a token."""
    if isinstance(token, str):
        return token
    if isinstance(token, Markup):
        return token.shown
    return token.word if isinstance(token, Keyword) else token.name


def plain(tokens: tuple[Inline, ...]) -> str:
    """The tokens without links on securities and keywords."""
    return "".join(token.html if isinstance(token, Markup) else words_of(token) for token in tokens)


def kline(security: Security, anchor: bool) -> str:
    """The K-line image of a security, between its comments; data-code is code|market|old type."""
    market, code = security.market, security.code
    old, second = {"0": ("2", "6"), "106": ("7", "3"), "105": ("7", "3")}.get(market, ("1", "2"))
    data = f'data-code="{{}}{code}|{market}|{old}" data-code2="{{}}{code}|{market}|{second}|"'
    image = (
        f'<img src="{KLINE}?nid={market}.{code}&imageType=k&token=made-up&at=1" border="0" '
        f'alt="K图 {code}_{market}" {data.format("K ", "K ")} '
        'style="border:#d1d1d1 1px solid;" width="578" height="276" />'
    )
    if anchor:
        image = (
            f'<a href="{QUOTE}{market}.{code}" {data.format("", "")} '
            f'class="EmImageRemark" target="_blank">{image}</a>'
        )
    return (
        f'<!-- EM_StockImg_Start --><p style="text-align:center;">{image}</p>'
        "<!-- EM_StockImg_End -->"
    )
