"""``newscrawl export``: articles as files of another format."""

from __future__ import annotations

import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newscrawl.archive.export import BINARY, FORMATS, SUFFIXES, TABLES, Format, jekyll, markdown
from newscrawl.archive.filters import Filters
from newscrawl.archive.records import NAMES, Record, changes, extent
from newscrawl.cli.files import replaced
from newscrawl.cli.filters import filter_options
from newscrawl.cli.options import TEXT, article_id, db_option, example, reading
from newscrawl.cli.output import number, say, to_install
from newscrawl.cli.writing import progress
from newscrawl.sites.post_files.contained import ContainedFolder, LeadsOut
from newscrawl.store.clock import utc_now
from newscrawl.store.errors import StoreError

if TYPE_CHECKING:
    from newscrawl.store.connections import Connection

_FOLDERS = frozenset({"jekyll", "markdown"})
_STEP = 200
"""Articles between two moves of the progress bar."""


_NEAR = {
    ".xlsx": " For Excel, write a .csv with --excel.",
    ".xls": " For Excel, write a .csv with --excel.",
    ".json": " JSON is written as .jsonl, an article on each line.",
}
"""What to write instead of files that are not written."""


@dataclass
class _Wanted:
    """Which articles go out, and how many did."""

    connection: Connection
    filters: Filters
    seq: int
    article_ids: set[str] | None
    count: int = 0

    def extent(self) -> tuple[int, str | None]:
        """Return how many there are, and when the last of them changed."""
        return extent(
            self.connection, self.filters, after_seq=self.seq, article_ids=self.article_ids
        )

    def records(self) -> Iterator[Record]:
        """Return the articles, each counted on its way; a filter that fails does so at once."""
        found = changes(
            self.connection, self.filters, after_seq=self.seq, article_ids=self.article_ids
        )
        return self._counted(found)

    def _counted(self, records: Iterable[Record]) -> Iterator[Record]:
        with self._shown() as step:
            for each in records:
                self.count, self.seq = self.count + 1, each.seq
                if self.count % _STEP == 0:
                    step(_STEP)
                yield each

    @contextmanager
    def _shown(self) -> Iterator[Callable[..., None]]:
        # Where both streams are one terminal, the articles themselves show how far it is.
        if sys.stderr.isatty() and not sys.stdout.isatty():
            with progress("writing", self.extent()[0]) as step:
                yield step
        else:
            yield lambda steps: None


@click.command(
    "export",
    epilog=example("newscrawl export --security 600519 --words 提价 -o maotai.csv --excel"),
)
@click.argument("article_ids", metavar="[ID]...", nargs=-1, type=TEXT)
@db_option()
@click.option(
    "--format", "format_", type=click.Choice([*FORMATS, "jekyll", "warc"]),
    help="The format; default: that of FILE's suffix.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
    help="Output file (default: standard output); for jekyll and markdown a folder.",
)  # fmt: skip
@click.option(
    "--columns", type=TEXT, metavar="NAMES",
    help="Only these columns, in this order, with commas: published_at,source,title (csv, jsonl, "
    "parquet).",
)  # fmt: skip
@click.option(
    "--excel", is_flag=True, help="Begin a csv with the mark (BOM) by which Excel knows UTF-8."
)
@click.option(
    "--since-seq", type=click.IntRange(min=0), default=0, metavar="N",
    help="Only articles inserted or changed after this sequence number.",
)  # fmt: skip
@filter_options
def export_command(
    article_ids: tuple[str, ...], db: str, format_: str | None, output: Path | None,
    columns: str | None, excel: bool, since_seq: int, filters: Filters,
) -> None:  # fmt: skip
    """Export articles to files: all of them, or those that match the filters or are named.

    Articles are sorted by seq. The last line on standard error ends with the last seq: pass it to
    --since-seq to continue from there. A file is replaced only after all of it is written.

    jsonl: one JSON object per line. csv: for spreadsheets; values that look like formulas are
    marked as text. parquet: for data frames and DuckDB, with typed times and lists; requires pip
    install 'newscrawl[parquet]'. atom, rss: feeds for news readers.

    markdown: one file per article, with front matter, in a folder; without -o, all on standard
    output.

    jekyll: posts of the mirror. A post that was read from a file is exported byte for byte;
    articles that were seen only as pages are written in the mirror's current format.

    warc: the raw pages of the articles and of their revisions, for programs that read web archives
    (a suffix of .warc.gz); requires pip install 'newscrawl[warc]'. HTTP headers are not stored, so
    each page is a resource record, with a metadata record of what is known.
    """
    if output == Path("-"):
        output = None
    format_ = format_ or _format_of(output)
    _check(format_, output)
    names = _columns(columns, format_)
    if excel and format_ != "csv":
        raise click.UsageError(f"--excel is for csv, not for {format_}.")
    with reading(db) as connection:
        named = {article_id(connection, each) for each in article_ids} or None
        wanted = _Wanted(connection, filters, since_seq, named)
        _check_named(connection, named or ())
        if format_ == "jekyll" and output is not None:
            _write_posts(wanted, output)
        elif format_ == "markdown" and output is not None:
            _write_documents(wanted, output)
        elif format_ == "warc":
            _write_warc(wanted, output)
        else:
            mark = BOM_UTF8 if excel else b""
            _write_stream(FORMATS[format_], wanted, output, names, mark)


def _format_of(output: Path | None) -> str:
    """Return the format that a file's name says."""
    suffixes = [] if output is None else [each.lower() for each in output.suffixes]
    for suffix in ("".join(suffixes[-2:]), "".join(suffixes[-1:])):
        if suffix in SUFFIXES:
            return SUFFIXES[suffix]
    where = "standard output has no suffix" if output is None else f"{output.name!r} has none"
    near = "" if output is None else _NEAR.get(output.suffix.lower(), "")
    raise click.UsageError(
        f"Name a format with --format; it is known from {', '.join(SUFFIXES)}, and {where}.{near}"
    )


def _columns(named: str | None, format_: str) -> Sequence[str]:
    """Return the columns that are wanted; all of them where none is named."""
    if named is None:
        return NAMES
    if format_ not in TABLES:
        raise click.UsageError(f"--columns is for {', '.join(sorted(TABLES))}, not for {format_}.")
    names = [each.strip() for each in named.split(",")]
    if odd := next((each for each in names if each not in NAMES), None):
        raise click.UsageError(f"There is no column {odd!r}; choose from {', '.join(NAMES)}.")
    return list(dict.fromkeys(names))


def _check(format_: str, output: Path | None) -> None:
    """Refuse what cannot be, before anything is read."""
    if format_ == "jekyll" and output is None:
        raise click.UsageError(f"--format {format_} writes into a folder: name one with -o.")
    if format_ in _FOLDERS and output is not None and output.is_file():
        raise click.UsageError(f"{output} is a file; --format {format_} writes into a folder.")
    if format_ not in _FOLDERS and output is not None and output.is_dir():
        raise click.UsageError(f"{output} is a folder; --format {format_} writes a file.")
    if format_ in BINARY and output is None and sys.stdout.isatty():
        raise click.UsageError(
            f"--format {format_} is not for a terminal: name a file with -o, or use a pipe."
        )


def _check_named(connection: Connection, article_ids: Iterable[str]) -> None:
    """Say which of the articles that were named are not there; the others are written."""
    for each in sorted(article_ids):
        sql = "SELECT 1 FROM articles WHERE id = ?"
        if connection.execute(sql, (each,)).fetchone() is None:
            say(f"The archive has no article {each}.")


def _write_posts(wanted: _Wanted, folder: Path) -> None:
    written = 0
    for each in wanted.records():
        for path, content in jekyll.jekyll_posts(wanted.connection, each.id):
            _write(folder, path, content)
            written += 1
    say(f"{written} posts written to {folder}; the last seq is {wanted.seq}")


def _write_documents(wanted: _Wanted, folder: Path) -> None:
    for each in wanted.records():
        _write(folder, markdown.markdown_file_name(each.id), markdown.document(each).encode())
    _report(wanted, folder)


def _write(folder: Path, path: str, content: bytes) -> None:
    """Write a file below *folder*, which may be a stranger's checkout with links of its own."""
    target = folder / path
    try:
        ContainedFolder(folder).target(path)
    except LeadsOut as error:
        raise StoreError(
            f"{target} is not written: {error}. Remove the link, or name another folder."
        ) from error
    # A pipe that the user names is written to; one that is found here is not.
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise StoreError(f"{target} is not a regular file. Remove it, or name another folder.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"Could not write {target}: {error.strerror}.") from error
    with replaced(target) as file:
        file.write(content)


def _write_warc(wanted: _Wanted, output: Path | None) -> None:
    from newscrawl.archive.export.warc import WarcWriter

    with nullcontext(sys.stdout.buffer) if output is None else replaced(output) as file:
        try:
            warc = WarcWriter(wanted.connection, file)
        except ImportError:
            raise click.UsageError(f"--format warc needs warcio: {to_install('warc')}") from None
        for each in wanted.records():
            warc.add(each.id)
        if warc.missing and not warc.pages:
            raise StoreError(
                "The bytes of these pages are not in this archive: it is a copy without its raw "
                "pages. Export from the archive itself."
            )
        file.flush()
    if warc.entries:
        say(f"{warc.entries} entries of lists left out: their pages were not stored.")
    if warc.pruned:
        say(f"{warc.pruned} pages left out: their bytes were pruned.")
    if warc.missing:
        say(f"{warc.missing} pages left out: their bytes are not in this archive.")
    where = "" if output is None else f" to {output}"
    say(
        f"{number(warc.pages, 'page', 'pages')} of "
        f"{number(wanted.count, 'article', 'articles')} written{where}; the last seq is "
        f"{wanted.seq}"
    )


def _write_stream(
    format_: Format, wanted: _Wanted, output: Path | None, columns: Sequence[str], mark: bytes
) -> None:
    changed_at = wanted.extent()[1] or utc_now()
    try:
        pieces = chain([mark], format_(wanted.records(), changed_at, columns))
    except ImportError:
        raise click.UsageError(f"--format parquet needs pyarrow: {to_install('parquet')}") from None
    if output is None:
        sys.stdout.buffer.writelines(pieces)
        sys.stdout.buffer.flush()
    else:
        with replaced(output) as file:
            file.writelines(pieces)
    _report(wanted, output)


def _report(wanted: _Wanted, output: Path | None) -> None:
    where = "" if output is None else f" to {output}"
    articles = number(wanted.count, "article", "articles")
    say(f"{articles} written{where}; the last seq is {wanted.seq}")
