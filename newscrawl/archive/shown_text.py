"""The text of an article as a terminal shows it: with its images where they stand."""

from __future__ import annotations

import html
import re

from newscrawl.archive.bodies import clean_body

_IMAGE = re.compile(r"<img[^<>]*>")
_SRC = re.compile(r'src="([^"<>]*)"')
_SOURCE_LINE = '<p class="em_media">'


def shown_lines(body_text: str | None, body_html: str | None) -> list[str]:
    """Return the lines of a text; an image is a line of its own, ``[image: https://…]``."""
    if body_html is None or "<img" not in body_html:
        return (body_text or "").split("\n") if body_text else []
    from newscrawl.sites.eastmoney.body import (  # with lxml, rarely needed
        body_lines,
        parse_fragment,
    )

    markup = _IMAGE.sub(_marked, _without_source_line(clean_body(body_html)))
    return body_lines(parse_fragment(markup))


def _without_source_line(markup: str) -> str:
    before, _, line = markup.rpartition(_SOURCE_LINE)
    said, _, behind = line.partition("</p>")
    return before + behind if "文章来源" in said else markup


def _marked(image: re.Match[str]) -> str:
    src = _SRC.search(image[0])
    address = html.unescape(src[1]) if src else ""
    return f"<p>[image: {html.escape(address)}]</p>"
