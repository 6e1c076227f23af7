"""What goes out of an archive, without what a program that shows it would obey.

A file may come from anywhere, and a mirror may say anything. Data formats that escape (JSON) or
are no text (Parquet) keep every character; what people look at, on a terminal or in a text file,
gets U+FFFD in the place of the dangerous ones, so that it is seen that there was something.
"""

from __future__ import annotations

import re

OBEYED = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1: ESC and CSI are among them
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # turn the direction of text, or end its line
    "\ud800-\udfff"  # half characters: they cannot be encoded
)
"""The characters that a terminal or an editor obeys, as the inside of a class of :mod:`re`."""
_OBEYED = re.compile(f"[{OBEYED}]")
# Where Jekyll's templates or kramdown's attributes begin; what makes a link, an image or a
# definition of one in Markdown. HTML has the same characters as entities, in text and attributes.
_MARKUP = re.compile(r"\{|(?<=\])[(:\[]")
_HTML = re.compile(r"<|&(?=#?\w+;)")


def is_utf8(text: str) -> bool:
    """Whether *text* can be encoded: what came from a command line may hold half characters."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


def escape_controls(text: str) -> str:
    """Return *text* with each character that a terminal would obey as U+FFFD; lines stay."""
    return _OBEYED.sub("\ufffd", text)


def escape_json(json: str) -> str:
    """Return JSON, or YAML made of it, with these characters as its own escapes: it is the same."""
    return _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", json)


def escape_lines(text: str) -> str:
    """Return *text* harmless, its lines ended by LF."""
    return escape_controls(text.replace("\r\n", "\n").replace("\r", "\n"))


def escape_markup(text: str) -> str:
    """Return plain text that stays it where Jekyll builds a page of it: nothing is markup."""
    return escape_templates(_as_entities(_HTML, escape_lines(text)))


def escape_templates(html: str) -> str:
    """Return HTML, or words without any, in which Jekyll finds no template, attribute or link."""
    return _as_entities(_MARKUP, html)


def _as_entities(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: f"&#{ord(match[0])};", text)
