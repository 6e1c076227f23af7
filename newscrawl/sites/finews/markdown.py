"""Converts a post file's Markdown to the elements that the site's build makes of it.

Of Markdown the mirror's script writes four shapes: a quoted summary, a plain paragraph, links in
brackets and in angle brackets. All else is HTML. Plain words stay as they are: what the build
takes for emphasis, tables and typographic quotes is the source's own text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from itertools import zip_longest

from lxml import etree

from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.errors import Unreadable

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
    """Return a ``<div>`` that holds a post's blocks: summary, body, link and footer.

    Raises Unreadable: ``too_large``.
    """
    text, footer = _take_last(markdown.strip("\n"), footer_of)
    text, link = _take_last(text, _link)
    summary, text = quote_of(text)
    root = _body(text)
    if summary is not None:
        quote = etree.Element("blockquote")
        quote.append(_paragraph(summary))
        quote.tail, root.text = root.text, None
        root.insert(0, quote)
    root.extend(each for each in (link, footer) if each is not None)
    return root


def _take_last(
    text: str, read: Callable[[str], etree._Element | None]
) -> tuple[str, etree._Element | None]:
    """Take the last block off where it is what *read* knows; else leave the text as it is."""
    before, block = last_block(text)
    element = read(block)
    return (text.rstrip(), None) if element is None else (before, element)


def last_block(text: str) -> tuple[str, str]:
    """Return the text up to the last blank line, and the block behind it."""
    text = text.rstrip()
    end = text.rfind("\n")
    while end > 0:
        before = text.rfind("\n", 0, end)
        if before >= 0 and not text[before + 1 : end].strip(" \t"):
            return text[: end + 1], text[end + 1 :]
        end = before
    return "", text


def footer_of(block: str) -> etree._Element | None:
    """Return the links back as a paragraph; None for any other block."""
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


def link_of(block: str) -> str | None:
    """Return the article's address in angle brackets, which a blank record has empty; else None."""
    match = _LINK.fullmatch(block)
    return match[1] if match else None


def _link(block: str) -> etree._Element | None:
    link = link_of(block)
    if link is None:
        return None
    paragraph = etree.Element("p")
    if link:
        etree.SubElement(paragraph, "a", href=link).text = link
    else:
        paragraph.text = "<>"
    return paragraph


def quote_of(text: str) -> tuple[str | None, str]:
    """Return the summary behind > that a post may begin with, and what follows it."""
    stripped = text.lstrip()
    if not stripped.startswith(">"):
        return None, text
    match = _BLANK_LINES.search(stripped)
    summary = stripped[: match.start()] if match else stripped
    return _QUOTE_MARK.sub("", summary), stripped[match.end() :] if match else ""


def paragraphs(text: str) -> list[str]:
    """Return the blocks that blank lines part."""
    return _BLANK_LINES.split(text.strip())


def _body(text: str) -> etree._Element:
    blocks = paragraphs(text)
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
