"""Escapes output: characters that a terminal, an editor or Jekyll would interpret.

A file may come from anywhere, and a site may publish anything. Data formats that escape (JSON) or
are binary (Parquet) keep every character; text for people, on a terminal or in a file, has U+FFFD
in place of the dangerous ones, so that their presence stays visible.
"""

from __future__ import annotations

import re

OBEYED = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1: ESC and CSI are among them
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # change the direction of text, or end its line
    "\ud800-\udfff"  # lone surrogates, which cannot be encoded
)
"""The characters that a terminal or an editor interprets, as the content of a :mod:`re` set."""
_OBEYED = re.compile(f"[{OBEYED}]")
# The start of Jekyll templates and kramdown attributes; the syntax of Markdown links, images and
# link definitions. In HTML the same characters can be written as entities.
_MARKUP = re.compile(r"\{|(?<=\])[(:\[]")
_HTML = re.compile(r"<|&(?=#?\w+;)")


def is_utf8(text: str) -> bool:
    """Whether *text* can be encoded: command-line arguments may contain lone surrogates."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


def escape_controls(text: str) -> str:
    """Return *text* with U+FFFD for each character that a terminal interprets, except newlines."""
    return _OBEYED.sub("\ufffd", text)


def escape_json(json: str) -> str:
    """Return JSON, or YAML made of it, with these characters as ``\\u`` escapes."""
    return _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", json)


def escape_lines(text: str) -> str:
    """Return *text* with controls escaped, its lines ended by LF."""
    return escape_controls(text.replace("\r\n", "\n").replace("\r", "\n"))


def escape_markup(text: str) -> str:
    """Return plain text that Jekyll renders as plain text: nothing in it is markup."""
    return escape_templates(_as_entities(_HTML, escape_lines(text)))


def escape_templates(html: str) -> str:
    """Return HTML or plain text in which Jekyll finds no template, attribute or link."""
    return _as_entities(_MARKUP, html)


def _as_entities(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: f"&#{ord(match[0])};", text)
