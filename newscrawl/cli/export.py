"""``newscrawl export``: articles as files of another format."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import click

from newscrawl.cli.filters import filter_options
from newscrawl.cli.options import article_id, db_option, example, reading
from newscrawl.readers.exports import FORMATS
from newscrawl.readers.filters import Filters
from newscrawl.readers.jekyll import posts
from newscrawl.readers.records import Record, changes
from newscrawl.store.errors import StoreError


@click.command(
    "export", epilog=example("newscrawl export --format csv --since 2022-06-01 -o a.csv")
)
@click.argument("info_codes", metavar="[INFOCODE]...", nargs=-1)
@db_option()
@click.option(
    "--format", "format_", type=click.Choice([*FORMATS, "jekyll"]), required=True,
    help="The format.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
    help="Where it goes: a file, standard output where none is named; for jekyll a folder.",
)  # fmt: skip
@click.option(
    "--since-seq", type=click.IntRange(min=0), default=0, metavar="N",
    help="Only what was inserted or changed after this sequence number: the last one you have.",
)  # fmt: skip
@filter_options
def command(
    info_codes: tuple[str, ...], db: str, format_: str, output: Path | None, since_seq: int,
    filters: Filters,
) -> None:  # fmt: skip
    """Write articles as files: all of them, those that the filters let through, or those named.

    jsonl: a line of JSON an article. csv: for spreadsheets; what they would take for a formula is
    marked as text. Both come in the order of seq, which the last line on standard error ends with:
    give it to --since-seq to go on from there.

    jekyll: posts of the mirror. A post that was read from a file is that file, byte for byte; an
    article that was met only as pages is a post of the mirror's present form.
    """
    with reading(db) as connection:
        named = {article_id(connection, each) for each in info_codes}
        found = (
            each
            for each in changes(connection, filters, after_seq=since_seq)
            if not named or each.info_code in named
        )
        if format_ == "jekyll":
            _write_posts(connection, found, output)
        else:
            _write_lines(format_, found, output, since_seq)


def _write_posts(
    connection: sqlite3.Connection, records: Iterable[Record], output: Path | None
) -> None:
    if output is None or output.is_file():
        raise click.UsageError("--format jekyll writes into a folder: name one with -o.")
    written = 0
    for each in records:
        for path, content in posts(connection, each.info_code):
            _write(output / path, content)
            written += 1
    click.echo(f"{written} posts written to {output}", err=True)


def _write(target: Path, content: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}.") from error


def _write_lines(
    format_: str, records: Iterable[Record], output: Path | None, since_seq: int
) -> None:
    counted = _Counted(records, since_seq)
    lines = FORMATS[format_](counted)
    if output is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        for line in lines:
            sys.stdout.write(line)
    else:
        _replace(output, lines)
    where = "" if output is None else f" to {output}"
    click.echo(f"{counted.count} articles written{where}; the last seq is {counted.seq}", err=True)


class _Counted:
    """Articles on their way, with their number and the last sequence number."""

    def __init__(self, records: Iterable[Record], seq: int) -> None:
        self._records = records
        self.count = 0
        self.seq = seq

    def __iter__(self) -> Iterator[Record]:
        for each in self._records:
            self.count, self.seq = self.count + 1, each.seq
            yield each


def _replace(output: Path, lines: Iterable[str]) -> None:
    """Put the lines into the place of a file, which is as it was until all are there."""
    try:
        handle, beside = tempfile.mkstemp(dir=output.absolute().parent, prefix=f".{output.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
            mask = os.umask(0)
            os.umask(mask)
            Path(beside).chmod(0o666 & ~mask)  # mkstemp's files are for their owner alone
            Path(beside).replace(output)
        except BaseException:
            with suppress(OSError):
                Path(beside).unlink()
            raise
    except OSError as error:
        raise StoreError(f"{output} cannot be written: {error.strerror}.") from error
