"""A cleaned body as Markdown: CommonMark, with the pipe tables of GitHub's.

What the body says in words never becomes markup: whatever a reader of Markdown may take for a mark
is escaped. Nested lists and quotes become flat ones, and a table's first row its head.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import quote

from newscrawl.text.escape import escape_controls

if TYPE_CHECKING:
    from lxml import etree

# Marks of CommonMark, of GitHub's tables, strikes and addresses, of formulas, of Jekyll's templates
# and attributes, of highlights and comments.
_MARK = re.compile(r"[\\`*_{}\[\]<>&~$|@^#]|(?<==)=|(?<=%)%|:(?=//)|(?<=[wW]{3})\.|!$")
# What means something only where a line begins: lists, headings, rules, definitions.
_BEGIN = re.compile(r"[-+=:]|\d{1,9}(?=[.)])")

_ENTITY = re.compile(r"&(?=#?\w+;)")
_URI = "!#$%&'()*+,/:;=?@~"


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PARTS = _words(
    "address article aside blockquote caption center dd div dl dt figcaption figure footer header"
    " h1 h2 h3 h4 h5 h6 hr li ol p pre section table tbody td tfoot th thead tr ul"
)
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_CELLS = frozenset(("td", "th"))
_EMPHASIS = {"b": "**", "strong": "**", "em": "*", "i": "*"}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a line: words as they are, or a mark of Markdown."""

    text: str
    is_mark: bool = False


_BREAK = _Piece("  \n", is_mark=True)


def from_text(text: str) -> str:
    """Return a text as a line of Markdown that shows it as it is."""
    return "".join(_lines([_Piece(text)]))


def from_html(html: str) -> str:
    """Return a cleaned body as blocks of Markdown, with an empty line between two."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    root = etree.fromstring(f"<html><body>{html}</body></html>".encode(), parser)
    writer = _Writer()
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            writer.start(element)
            writer.words(element.text)
            continue
        if event == "end":
            writer.end(element)
        writer.words(element.tail)
    return writer.finish()


def _lines(pieces: Iterable[_Piece]) -> list[str]:
    """Return pieces as lines: words that stand together are escaped together."""
    text = "".join(
        _joined(each.text for each in run)
        if is_mark
        else _MARK.sub(
            r"\\\g<0>", escape_controls(re.sub(r"\s+", " ", _joined(each.text for each in run)))
        )
        for is_mark, run in groupby(pieces, key=lambda piece: piece.is_mark)
    )
    return [_begun(line) for each in text.split(_BREAK.text) if (line := each.strip())]


def _joined(texts: Iterable[str]) -> str:
    return "".join(texts)


def _begun(line: str) -> str:
    """Escape what would mean something at the beginning of a line."""
    match = _BEGIN.match(line)
    if match is None:
        return line
    at = match.end() if line[0].isdigit() else 0
    return f"{line[:at]}\\{line[at:]}"


def _address(text: str | None) -> str | None:
    """Return the address of a page or image for a link; None for any other."""
    if not text or not text.lower().startswith(("http://", "https://")):
        return None
    return f"<{_ENTITY.sub('&amp;', quote(text, safe=_URI))}>"


class _Writer:
    """Makes blocks of what it is told; without recursion, as bodies may nest deep."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._pieces: list[_Piece] = []
        # Links and emphasis that are open: in which block they began, and at which piece.
        self._open: list[tuple[int, int]] = []
        self._heading = ""
        self._numbers: list[int | None] = []
        self._item = ("", "")
        self._quotes = self._fixed = self._tables = 0
        self._rows: list[list[str]] = []

    def words(self, text: str | None) -> None:
        """Add words of the body."""
        for index, line in enumerate((text or "").split("\n") if self._fixed else [text or ""]):
            if index:
                self._pieces.append(_BREAK)
            if line:
                self._pieces.append(_Piece(line))

    def start(self, element: etree._Element) -> None:
        """Begin an element."""
        tag = str(element.tag)
        if tag in _PARTS:
            self._part()
        if tag == "a" or tag in _EMPHASIS:
            self._open.append((len(self._blocks), len(self._pieces)))
        elif tag == "br":
            self._pieces.append(_BREAK)
        elif tag == "img":
            self._image(element)
        elif tag == "table":
            self._tables += 1
        elif tag == "tr" and self._tables == 1:
            self._rows.append([])
        elif not self._tables:
            self._start_block(tag)

    def _start_block(self, tag: str) -> None:
        self._heading = _HEADINGS.get(tag, self._heading)
        if tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._fixed += 1
        elif tag == "hr":
            self._block(["* * *"])
        elif tag in ("ol", "ul"):
            self._numbers.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._item = self._marker()

    def _marker(self) -> tuple[str, str]:
        """Return what stands before the first line of an item, and before its others."""
        number = self._numbers[-1] if self._numbers else None
        if number is None:
            return "- ", "  "
        self._numbers[-1] = number + 1
        first = f"{number + 1}. "
        return first, " " * len(first)

    def end(self, element: etree._Element) -> None:
        """End an element."""
        tag = str(element.tag)
        if tag == "a" or tag in _EMPHASIS:
            block, at = self._open.pop()
            # A link around whole paragraphs is dropped, its words stay.
            if block == len(self._blocks) and at < len(self._pieces):
                self._close(element, at)
        elif tag in _CELLS and self._tables == 1 and self._rows:
            self._rows[-1].append(" ".join(_lines(self._taken())))
        elif tag == "table":
            self._tables -= 1
            if not self._tables:
                self._table()
        elif tag in _PARTS:
            self._part()
            if not self._tables:
                self._end_block(tag)

    def _end_block(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._heading = ""
        elif tag == "blockquote":
            self._quotes -= 1
        elif tag == "pre":
            self._fixed -= 1
        elif tag in ("ol", "ul"):
            self._numbers.pop()
        elif tag == "li":
            self._item = ("", "")

    def finish(self) -> str:
        """Return the whole."""
        self._part()
        return "\n\n".join(self._blocks)

    def _close(self, element: etree._Element, at: int) -> None:
        """Put the marks of a link or of emphasis around the pieces from *at* on."""
        inner = self._pieces[at:]
        if element.tag == "a":
            address = _address(element.get("href"))
            if address and _BREAK not in inner and any(each.text.strip() for each in inner):
                self._pieces[at:] = [_mark("["), *inner, _mark(f"]({address})")]
            return
        text = "".join(each.text for each in inner)
        mark = _EMPHASIS[str(element.tag)]
        # Only where it is sure to be read as emphasis: next to punctuation, and Chinese text has
        # no spaces, CommonMark takes the stars for stars.
        is_sure = text[:1].isalnum() and text[-1:].isalnum()
        after = self._pieces[at - 1].text if at else ""
        if is_sure and not any(each.is_mark for each in inner) and not after.endswith("*"):
            self._pieces[at:] = [_mark(mark), *inner, _mark(mark)]

    def _image(self, element: etree._Element) -> None:
        if address := _address(element.get("src")):
            words = "".join(_lines([_Piece(element.get("alt", ""))]))
            self._pieces.append(_mark(f"![{words}]({address})"))

    def _taken(self) -> list[_Piece]:
        taken, self._pieces = self._pieces, []
        return taken

    def _part(self) -> None:
        """End the words of a block; inside a cell only a space."""
        if self._tables:
            self._pieces.append(_Piece(" "))
            return
        lines = _lines(self._taken())
        if lines and self._heading:
            self._block([self._heading + " ".join(lines)])
        elif lines:
            self._block([f"{line}  " for line in lines[:-1]] + lines[-1:])

    def _table(self) -> None:
        """Write the rows; those of one column are paragraphs."""
        rows, self._rows = [row for row in self._rows if any(row)], []
        rest, width = self._taken(), max(map(len, rows), default=0)
        if width == 1:
            for row in rows:
                self._block(row)
        elif rows:
            rows.insert(1, ["---"] * width)
            padded = ([*row, *[""] * (width - len(row))] for row in rows)
            self._block([f"| {' | '.join(row)} |" for row in padded])
        self._pieces = rest
        self._part()

    def _block(self, lines: list[str]) -> None:
        quoted = "> " if self._quotes else ""
        first, rest = self._item
        self._item = (rest, rest)
        prefixes = [first, *[rest] * (len(lines) - 1)]
        made = [f"{quoted}{prefix}{line}" for prefix, line in zip(prefixes, lines, strict=True)]
        self._blocks.append("\n".join(made))


def _mark(text: str) -> _Piece:
    return _Piece(text, is_mark=True)
