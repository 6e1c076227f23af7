"""Prints results: as JSON, as a table, as wrapped text; never what a terminal would obey."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, TextIO

import click

from newscrawl.text.china_time import in_china
from newscrawl.text.escape import escape_controls, escape_json
from newscrawl.text.passwords import without_passwords

if TYPE_CHECKING:
    from rich.console import Console

# What must not begin a line: closing punctuation, Chinese and Latin.
_CLOSING = frozenset("，。、；：？！）》」』】〕〉”’…—％·,.;:?!)]}%")
# What must not end one.
_OPENING = frozenset("（《「『【〔〈“‘([{")
# What stays together on a line: a run of letters that take one cell each, or one wide character.
_UNIT = re.compile(
    r"[^\s\u1100-\u115f\u2010-\u206f\u2e80-\uffef\U0001f300-\U0003fffd]+|\s+|.", re.S
)


LABEL = 12
"""Cells before a fact, for its name."""
_NARROW = 24
"""Cells that a column may insist on where not all have room."""


MORE = "There are more; --limit shows them, --json all of them."
"""What is said after the articles of a default limit."""


safe = escape_controls
"""As the commands call it: no character that a terminal would obey, lines stay."""


def safe_line(text: str | None) -> str:
    """Return *text* as one line that is safe to print; the empty string for None."""
    return safe(" ".join((text or "").split()))


def to_install(extra: str) -> str:
    """Return the command that installs an *extra* where newscrawl is: pip may be of elsewhere."""
    return f"{shlex.quote(sys.executable)} -m pip install 'newscrawl[{extra}]'"


def drop_rest(stream: TextIO) -> None:
    """Let what is still written to a stream vanish: who closed the pipe has all they wanted."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(text: str) -> None:
    """Print a sentence to standard error; names of files and what else it quotes are made safe.

    Where it cannot be printed, because the disk of a log is full, the work goes on.
    """
    try:
        click.echo(safe(without_passwords(text)), err=True)
    except OSError:
        drop_rest(sys.stderr)


def to_json(value: Any) -> str:
    """Return *value*, which may be a dataclass, as one line of JSON that is safe to print."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return escape_json(json.dumps(plain, ensure_ascii=False))


def print_json_array(values: Iterable[Any]) -> None:
    """Print one JSON array, a value a line, without holding all of them."""
    click.echo("[", nl=False)
    separator = "\n"
    for value in values:
        click.echo(separator + to_json(value), nl=False)
        separator = ",\n"
    click.echo("\n]")


def console() -> Console:
    """Return a console on the present standard output."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, file=sys.stdout)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | None]], *, wide: str) -> None:
    """Print a table on a terminal; elsewhere lines with tabs and no heading, for other programs.

    The column *wide* gets the room that is left, and is cut where that is too little; the last
    column, which says what to ask for next, never is.
    """
    lines = [[safe_line(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for line in lines:
            click.echo("\t".join(line))
        return
    from rich.table import Table
    from rich.text import Text

    needed = [
        max(map(cells, (name, *(line[index] for line in lines))))
        for index, name in enumerate(columns)
    ]
    sizes = {name: size for name, size in zip(columns, needed, strict=True) if name != wide}
    room = _room(sizes)
    if room < _NARROW:
        sizes = {
            name: size if name == columns[-1] else min(size, _NARROW)
            for name, size in sizes.items()
        }
        room = _room(sizes)
    if room < _NARROW // 2:
        for line in lines:
            click.echo("  ".join(filter(None, line)))
        return
    sizes[wide] = min(room, needed[columns.index(wide)])
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        # All are given: Rich would take what the wide column has too much from each of them.
        table.add_column(name, no_wrap=True, overflow="ellipsis", width=sizes[name])
    for line in lines:
        table.add_row(*map(Text, line))
    console().print(table)


def _room(sizes: dict[str, int]) -> int:
    """Return the cells that columns of these sizes leave, two of them between any two columns."""
    return console().width - sum(sizes.values()) - 2 * len(sizes)


def width() -> int | None:
    """Return the number of cells of a line of text; None if the output is not a terminal."""
    return min(console().width, 88) if sys.stdout.isatty() else None


def cells(text: str) -> int:
    """Return the number of cells that *text* takes on a terminal: two for a Chinese character."""
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


def wrap(text: str, limit: int | None) -> Iterator[str]:
    """Yield the lines of *text*, none wider than *limit* cells where words allow it.

    Chinese may break anywhere but before closing punctuation, Latin words and numbers nowhere.
    """
    for paragraph in safe(text).split("\n"):
        yield from [paragraph] if limit is None else _wrap_paragraph(paragraph, limit)


def labelled(name: str, text: str, limit: int | None, *, lead: str = "") -> Iterator[str]:
    """Yield a fact with its name before it; nothing where there is no fact.

    *lead*, a number for one, stands before the text, which is wrapped beside it.
    """
    if not text:
        return
    indent = LABEL + cells(lead)
    room = None if limit is None else max(_NARROW // 2, limit - indent)
    for index, line in enumerate(wrap(safe_line(text), room)):
        if index == 0:
            yield click.style(f"{name:<{LABEL}}", dim=True) + lead + line
        else:
            yield " " * indent + line


def _wrap_paragraph(paragraph: str, limit: int) -> Iterator[str]:
    line, used = "", 0
    for unit in _units(paragraph):
        needed = cells(unit)
        if line and used + needed > limit and not unit.isspace():
            yield line.rstrip()
            line, used = "", 0
        if line or not unit.isspace():
            line, used = line + unit, used + needed
    yield line.rstrip()


def _units(paragraph: str) -> Iterator[str]:
    """Yield what must stay together: a word or a character, with the punctuation that holds it."""
    unit = ""
    for match in _UNIT.finditer(paragraph):
        piece = match[0]
        if unit and not _holds(unit, piece):
            yield unit
            unit = ""
        unit += piece
    if unit:
        yield unit


def _holds(unit: str, piece: str) -> bool:
    """Whether no line may break between *unit* and *piece*."""
    return unit[-1] in _OPENING or (not unit.isspace() and _CLOSING.issuperset(piece))


def size(count: int) -> str:
    """Return a number of bytes for a person: ``1.2 MB``."""
    number = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} bytes" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def clock(published_at: str | None) -> str:
    """Return a time of the archive for a person, in China time: ``2021-12-28 14:27:35``."""
    return safe_line(in_china(published_at))


def number(count: int, one: str, many: str) -> str:
    """Return a count with its noun: ``1 article``, ``2,000 articles``."""
    return f"{count:,} {one if count == 1 else many}"
