"""A post file's Markdown as the elements that the site's build makes of it.

Of Markdown the mirror's script writes four shapes: a quoted digest, a plain paragraph, links in
brackets and in angle brackets. All else is HTML. Plain words stay as they are: what the build
takes for emphasis, tables and typographic quotes is the source's own text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from itertools import zip_longest

from lxml import etree

from newscrawl.pages import body as bodies
from newscrawl.pages.reasons import Unreadable

MAX_BLOCKS = 20_000
"""Paragraphs of plain words in one post; the script writes three."""
MAX_BACKS = 20
"""Links back and what is between them; the script writes two links."""

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_LINK = re.compile(r"<((?:https?:)?//[^\s<>]+|)>")
# A category in a footer may hold spaces and parentheses: 安信国际证券(香港).
_BACK = re.compile(r"\[(返回(?:(?!\]\().)*)\]\((.*)\)")
_BETWEEN_BACKS = re.compile(r"(?<=\))([ \t]*｜[ \t]*|[ \t]*\n[ \t]*)(?=\[返回)")
_QUOTE_MARK = re.compile(r"^>[ \t]?", re.MULTILINE)
# Plain words may hold <ABC股份>; a body begins with a tag, and words with markup hold these.
_HTML = re.compile(
    r"\s*<[A-Za-z!]|(?s:.*?)<(?:!--|/?(?:a|b|br|center|em|font|img|p|span|strong|table)\b[^<>]*>)",
    re.IGNORECASE,
)
# No character has more digits, no name more letters; html.unescape raises for 4,300 digits.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def content(markdown: str) -> etree._Element:
    """Return a ``<div>`` that holds a post's blocks: digest, body, link and footer.

    Raises Unreadable: ``too_large``.
    """
    text, footer = _last_block(markdown.strip("\n"), _footer)
    text, link = _last_block(text, _link)
    quote, text = _quote(text)
    root = _body(text)
    if quote is not None:
        quote.tail, root.text = root.text, None
        root.insert(0, quote)
    root.extend(each for each in (link, footer) if each is not None)
    return root


def _last_block(
    text: str, read: Callable[[str], etree._Element | None]
) -> tuple[str, etree._Element | None]:
    """Take the last block off where it is what *read* knows; else leave the text as it is."""
    text = text.rstrip()
    begin = _begin_of_last_block(text)
    element = read(text[begin:])
    return (text, None) if element is None else (text[:begin], element)


def _begin_of_last_block(text: str) -> int:
    """Where the text behind the last blank line begins."""
    end = text.rfind("\n")
    while end > 0:
        before = text.rfind("\n", 0, end)
        if before >= 0 and not text[before + 1 : end].strip(" \t"):
            return end + 1
        end = before
    return 0


def _footer(block: str) -> etree._Element | None:
    """The links back; None for any other block."""
    links = _BETWEEN_BACKS.split(block)
    if len(links) > MAX_BACKS or not all(_BACK.fullmatch(link) for link in links[::2]):
        return None
    paragraph = etree.Element("p")
    for link, between in zip_longest(links[::2], links[1::2]):
        match = _BACK.fullmatch(link)
        assert match is not None  # noqa: S101 - looked at above
        anchor = etree.SubElement(paragraph, "a", href=match[2])
        anchor.text, anchor.tail = match[1], between
    return paragraph


def _link(block: str) -> etree._Element | None:
    """The article's address in angle brackets, which a blank record has empty; else None."""
    match = _LINK.fullmatch(block)
    if match is None:
        return None
    paragraph = etree.Element("p")
    if match[1]:
        etree.SubElement(paragraph, "a", href=match[1]).text = match[1]
    else:
        paragraph.text = "<>"
    return paragraph


def _quote(text: str) -> tuple[etree._Element | None, str]:
    """The digest behind > that a post may begin with, and what follows it."""
    stripped = text.lstrip()
    if not stripped.startswith(">"):
        return None, text
    match = _BLANK_LINES.search(stripped)
    digest = stripped[: match.start()] if match else stripped
    quote = etree.Element("blockquote")
    quote.append(_paragraph(_QUOTE_MARK.sub("", digest)))
    return quote, stripped[match.end() :] if match else ""


def _body(text: str) -> etree._Element:
    blocks = _BLANK_LINES.split(text.strip())
    if len(blocks) > MAX_BLOCKS:
        raise Unreadable("too_large", f"the post has more than {MAX_BLOCKS:,} paragraphs")
    if _HTML.match(text):
        if text.lstrip().startswith("<"):
            return bodies.parse_fragment(text)
        return bodies.parse_fragment("".join(f"<p>{block}</p>" for block in blocks))
    root = etree.Element("div")
    if text.strip():
        root.extend(_paragraph(block) for block in blocks)
    return root


def _paragraph(text: str) -> etree._Element:
    """A paragraph of plain words, in which only entities mean something."""
    paragraph = etree.Element("p")
    paragraph.text = _ENTITY.sub(lambda match: html.unescape(match[0]), text.strip())
    return paragraph
