"""Reads the line of a body that names its source, such as （文章来源：财联社 作者：张三）."""

from __future__ import annotations

import re
from typing import NamedTuple

from lxml import etree

from newscrawl.loaders import text_of
from newscrawl.text.sanitize import squeeze

_USUAL = re.compile("（文章来源：([^（）()【】:： ]{1,40})）")
"""Nearly all of them, read without the rest."""
_LABEL = re.compile(r"[（(【]?\s?文章来源\s?[:：]")
_SOURCE_LABEL = re.compile(r"^[（(【\s]*(?:文章来源|来源|出处|媒体)\s?[:：]")
_CREDIT = re.compile("(责任编辑|责编|编辑|编审|作者|记者|校对|审核|审校|监制)\\s?[:：]")
_OPENING, _CLOSING = "（(【", "）)】"
_BETWEEN = " ，,；;|/" + _OPENING
_SENTENCE = re.compile("[。，；：:！？、,;!?【】]")
_LONGEST_NAME, _LONGEST_LINE = 40, 200
_LAST = 4
"""Blocks at a body's end, those of its editors not counted, of which one may be the source line."""


class Names(NamedTuple):
    """Whom a printed name of a source names."""

    source: str | None
    author: str | None


def named(text: str) -> Names:
    """Read a source as a page or an answer prints it: with a label, or an author behind it.

    来源：界面新闻 is 界面新闻; 责任编辑：李四 names neither.
    """
    source, *credits = _CREDIT.split(_SOURCE_LABEL.sub("", text, count=1))
    return Names(_name(source) or None, _author(credits))


class SourceLine(NamedTuple):
    """Whom a source line names."""

    source: str | None
    author: str | None
    is_bracketed: bool


def read_source_line(line: str) -> SourceLine | None:
    """Read a line that says nothing but its source, and the author and editors behind it.

    None for any other line, and where a remark or a sentence follows.
    """
    if usual := _USUAL.fullmatch(line):
        return SourceLine(usual[1], None, is_bracketed=True)
    label = _LABEL.match(line)
    if label is None or len(line) > _LONGEST_LINE:
        return None
    name, *credits = _CREDIT.split(line[label.end() :])
    said = [name, *credits[1::2]]
    is_bracketed = line[0] in _OPENING
    names = [_name(each) for each in said]
    is_closed = any(each.rstrip(_BETWEEN).endswith(tuple(_CLOSING)) for each in said)
    if None in names or (is_bracketed and not is_closed):
        return None
    if not is_bracketed and (not names[0] or _SENTENCE.search(names[0])):
        return None
    return SourceLine(names[0] or None, _author(credits), is_bracketed)


def _author(credits: list[str]) -> str | None:
    """Return the author among credits: labels, each with its name behind it."""
    by_label = dict(zip(credits[::2], credits[1::2], strict=True))
    return _name(by_label.get("作者") or by_label.get("记者") or "") or None


def _name(text: str) -> str | None:
    """Return a name without the brackets around it; None where it is longer than names are."""
    name = text.strip(_BETWEEN)
    while name and name[-1] in _CLOSING and _is_unopened(name):
        name = name[:-1].rstrip(_BETWEEN)
    if len(name) > _LONGEST_NAME or _is_unopened(name):
        return None
    return name


def _is_unopened(name: str) -> bool:
    """Whether a bracket is closed in *name* that is not opened in it."""
    depth = 0
    for char in name:
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth < 0:
            return True
    return False


def source_element(root: etree._Element) -> tuple[etree._Element | None, SourceLine | None]:
    """Return the element that is a body's source line, and what it says."""
    marked = [p for p in root.iter("p") if "em_media" in p.get("class", "").split()]
    for element in reversed(marked):
        found = read_source_line(squeeze(text_of(element)))
        if found is not None and found.is_bracketed:
            return element, found
    # Some bodies print it as a plain paragraph, with the editors or a statement behind it.
    looked_at = 0
    for element in reversed([*root.iter("p", "div")]):
        if element is root:
            continue
        line = squeeze(text_of(element))
        if (found := read_source_line(line)) is not None:
            return element, found
        looked_at += not _is_credit(line)
        if looked_at == _LAST:
            break
    return None, None


def cut_source(lines: list[str]) -> SourceLine | None:
    """Take the source off the end of a text's last line, or that line where it says no more."""
    at = len(lines) - 1
    while at > 0 and _is_credit(lines[at]):
        at -= 1
    if at < 0 or (begin := lines[at].rfind("文章来源")) < 0:
        return None
    begin -= lines[at][:begin].endswith(tuple(_OPENING))
    found = read_source_line(lines[at][begin:])
    if found is None or (begin > 0 and not found.is_bracketed):
        return None
    lines[at : at + 1] = [line] if (line := lines[at][:begin].rstrip()) else []
    return found


def _is_credit(line: str) -> bool:
    """Whether a line names editors and the like alone."""
    if len(line) > _LONGEST_LINE:
        return False
    before, *credits = _CREDIT.split(line)
    return bool(credits) and not before.strip(_BETWEEN) and None not in map(_name, credits[1::2])
