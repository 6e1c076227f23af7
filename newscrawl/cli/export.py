"""``newscrawl export``: articles as files of another format."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click

from newscrawl.cli.options import article_id, db_option, example, reading
from newscrawl.readers.jekyll import posts
from newscrawl.store.errors import StoreError


@click.command("export", epilog=example("newscrawl export --format jekyll -o posts/"))
@click.argument("info_codes", metavar="[INFOCODE]...", nargs=-1)
@db_option()
@click.option(
    "--format", "format_", type=click.Choice(["jekyll"]), required=True, help="The format."
)
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
    required=True, help="Where the files go.",
)  # fmt: skip
def command(info_codes: tuple[str, ...], db: str, format_: str, output: Path) -> None:
    """Write articles as files: all of them, or those named.

    jekyll: posts of the mirror. A post that was read from a file is that file, byte for byte;
    an article that was met only as pages is a post of the mirror's present form.
    """
    written = 0
    with reading(db) as connection:
        wanted = [article_id(connection, each) for each in info_codes] or _all(connection)
        for info_code in wanted:
            for path, content in posts(connection, info_code):
                _write(output / path, content)
                written += 1
    click.echo(f"{written} posts written to {output}", err=True)


def _write(target: Path, content: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}.") from error


def _all(connection: sqlite3.Connection) -> list[str]:
    return [code for (code,) in connection.execute("SELECT info_code FROM articles ORDER BY seq")]
