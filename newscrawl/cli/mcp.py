"""``newscrawl mcp``: the archive for assistants."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click

from newscrawl.cli.options import db_option, example, reading
from newscrawl.cli.output import say, to_install


@click.command("mcp", epilog=example("newscrawl mcp --db data/demo.db"))
@db_option()
def mcp_command(db: str) -> None:
    """Let an assistant search and read the archive, by the Model Context Protocol.

    The assistant's program starts this command and talks to it over standard input and output; it
    ends when its input does. The tools only read, also while a crawl is writing, and make no
    requests. Requires pip install 'newscrawl[mcp]'.
    """
    with reading(db):
        pass  # what is wrong with the file is said before anything starts
    try:
        from newscrawl.archive import mcp_server
    except ImportError:
        raise click.UsageError(f"newscrawl mcp needs the MCP SDK: {to_install('mcp')}") from None
    if sys.stdin.isatty():
        say(f"{db} is served to an MCP client on standard input; stop with Ctrl-C.")
    # A thread waits for input, which Python's own handler of Ctrl-C would wait for.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    mcp_server.serve(Path(db))
