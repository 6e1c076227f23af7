"""Splits a summary into its parts: ``【title】text（source）``."""

from __future__ import annotations

import re

from newscrawl.text.sanitize import squeeze

# （财联社） at a summary's very end. Half-width parentheses belong to names and codes, unless what
# they hold is called as publications are.
_SUMMARY_TAIL = re.compile(
    r"（([^（），。！？；：、,!?;“”\"]{2,20})）$"
    r"|\(([\u4e00-\u9fff]{1,10}(?:新闻|社|报|网|财经|周刊|电视台|客户端|在线))\)$"
)
# What stands in parentheses at a summary's end and is not a source.
_NO_SOURCE = re.compile(
    r"附.*|见.*|详见.*|.*名单|[0-9.]+(?:\.[A-Z]{2})?|.*[0-9]{4}.*|完|图|更新中|未完待续|待续"
)


def split_summary(text: str) -> tuple[str | None, str | None]:
    """Return the title and the text of a summary ``【title】text（source）``; None for what is not.

    Only a 【 at its very start opens a title: a later pair belongs to the text.
    """
    text = squeeze(text)
    if text.startswith("【"):
        title, closed, rest = text[1:].partition("】")
        if closed:
            return title.strip() or None, rest.strip() or None
    return None, text or None


def source_of_summary(summary: str) -> str | None:
    """Return the source named at a summary's very end, such as （财联社）."""
    return _tail(summary)[1]


def without_source(summary: str) -> str:
    """Return a summary without the source at its end: as a text, if it is all there is of one."""
    return _tail(summary)[0] or summary


def _tail(summary: str) -> tuple[str, str | None]:
    """Return what stands before the source at a summary's end, and the source."""
    match = _SUMMARY_TAIL.search(summary)
    if match is None or _NO_SOURCE.fullmatch(name := squeeze(match[1] or match[2])):
        return summary, None
    return summary[: match.start()].rstrip(), name
