"""What kramdown, the mirror's Markdown, does to a digest and to a body."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from newscrawl.demo.layout import typographic
from samplesite.dialect import Block

EMPHASIS = re.compile(r"\*(?=\S)(.+?)(?<=\S)\*")


def spans(text: str) -> str:
    """A paragraph's text as HTML: ``*a*`` is emphasis."""
    return EMPHASIS.sub(r"<em>\1</em>", typographic(html.escape(text, quote=False)))


def quoted(digest: str) -> str:
    """A digest behind ``> ``; a bar makes a table of it."""
    if "|" not in digest:
        return f"<blockquote>\n  <p>{spans(digest)}</p>\n</blockquote>"
    cells = "".join(f"        <td>{spans(cell.strip())}</td>\n" for cell in digest.split("|"))
    table = f"  <table>\n    <tbody>\n      <tr>\n{cells}      </tr>\n    </tbody>\n  </table>"
    return f"<blockquote>\n{table}\n</blockquote>"


def shown(digest: str) -> str:
    """What is read from the page's digest: asterisks restored, cells of a table joined by a tab."""
    text = re.sub(r"</?em>", "*", spans(digest))
    return html.unescape("\t".join(cell.strip() for cell in text.split("|")))


def blocks(body: Iterable[Block], linked: bool) -> str:
    """A body of HTML: each block and comment on a line of its own, attributes escaped again."""
    text = "\n".join(block.linked if linked else block.html for block in body)
    text = text.replace("--><p", "-->\n<p").replace("</p><!--", "</p>\n<!--")
    return re.sub(r"&(?!\w+;|#)", "&amp;", text)
