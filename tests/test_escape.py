"""Escaped output: nothing that a terminal, an editor or Jekyll interprets gets through."""

from __future__ import annotations

import json

import pytest

from newscrawl.text.escape import (
    escape_controls,
    escape_json,
    escape_lines,
    escape_markup,
    escape_templates,
    is_utf8,
)

PLAIN = "红利 ETF：a < b, 1 & 2\t（更正）\n第二行 🙂"


@pytest.mark.parametrize(
    "character",
    [*"\x00\x07\x0b\x1b\x7f\x80\x9b", "\u200e", "\u202e", "\u2028", "\u2069", "\ud800"],
    ids=lambda each: f"{ord(each):04x}",
)
def test_controls_become_the_replacement_character(character: str) -> None:
    assert escape_controls(f"a{character}b") == "a\ufffdb"
    assert escape_json(f'"a{character}b"') == f'"a\\u{ord(character):04x}b"'
    assert json.loads(escape_json(f'"a{character}b"')) == f"a{character}b"


def test_plain_text_stays() -> None:
    assert escape_controls(PLAIN) == escape_lines(PLAIN) == PLAIN
    assert escape_templates(PLAIN) == PLAIN


def test_lines_end_with_lf() -> None:
    assert escape_lines("a\r\nb\rc\n") == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("{{ site }}", "&#123;&#123; site }}"),
        ("{% raw %}", "&#123;% raw %}"),
        ("[a](http://x)", "[a]&#40;http://x)"),
        ("[a][b]", "[a]&#91;b]"),
        ("[a]: http://x", "[a]&#58; http://x"),
        ("(a) b: [c]", "(a) b: [c]"),
    ],
)
def test_templates(text: str, escaped: str) -> None:
    assert escape_templates(text) == escaped


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<b>", "&#60;b>"),
        ("&lt; &#60; R&D", "&#38;lt; &#38;#60; R&D"),
        ("\x1b[31m{{x}}", "\ufffd[31m&#123;&#123;x}}"),
    ],
)
def test_markup(text: str, escaped: str) -> None:
    assert escape_markup(text) == escaped


@pytest.mark.parametrize(("text", "expected"), [("红", True), ("", True), ("a\udcff", False)])
def test_is_utf8(text: str, expected: bool) -> None:
    assert is_utf8(text) is expected
