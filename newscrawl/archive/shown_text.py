"""The text of an article as a terminal shows it: with its images where they stand."""

from __future__ import annotations

import html
import re

from newscrawl.archive.bodies import clean_body

_IMAGE = re.compile(r"<img[^<>]*>")
_SRC = re.compile(r'src="([^"<>]*)"')


def shown_lines(body_text: str | None, body_html: str | None) -> list[str]:
    """Return the lines of a text; an image is a line of its own, ``[image: https://…]``."""
    if body_html is None or "<img" not in body_html:
        return (body_text or "").split("\n") if body_text else []
    from newscrawl.sites.eastmoney import body, source_line  # with lxml, rarely needed
    from newscrawl.sites.html import drop

    root = body.parse_fragment(_IMAGE.sub(_marked, clean_body(body_html)))
    named, _ = source_line.source_element(root)
    if named is not None:
        drop(named)
    lines = body.body_lines(root)
    source_line.cut_source(lines)
    return lines


def _marked(image: re.Match[str]) -> str:
    src = _SRC.search(image[0])
    address = html.unescape(src[1]) if src else ""
    return f"<p>[image: {html.escape(address)}]</p>"
