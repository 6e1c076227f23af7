"""``newscrawl mcp``: an archive for assistants."""

from __future__ import annotations

from pathlib import Path

import click

from newscrawl.cli.options import db_option, example, reading


@click.command("mcp", epilog=example("newscrawl mcp --db data/news.db"))
@db_option()
def mcp_command(db: str) -> None:
    """Serve the archive to an assistant over MCP, on standard input and output.

    Enter this command, with the whole path of the archive, in the settings of the assistant. It
    gets the tools search, article, list_by_security, mentions_over_time, changes_since and status.
    They only read. Texts of articles are marked as not to be trusted. Requires pip install
    'newscrawl[mcp]'.
    """
    with reading(db):
        pass  # what is wrong with the file is said before anything starts
    try:
        from newscrawl.archive.assistants import server_of
    except ImportError as error:
        raise click.ClickException(
            f"{error.name} is not installed: pip install 'newscrawl[mcp]'"
        ) from None
    server_of(Path(db).resolve()).run()
