"""``newscrawl serve``: the archive in a browser."""

from __future__ import annotations

import io
import os
import socket
import sys
from contextlib import redirect_stderr
from pathlib import Path

import click

from newscrawl.cli.options import TEXT, db_option, example, reading
from newscrawl.cli.output import safe, safe_line, say, to_install
from newscrawl.cli.pace import is_loopback
from newscrawl.runs.outcome import Exit

LOOPBACK = "127.0.0.1"


@click.command("serve", epilog=example("newscrawl serve --db data/demo.db --open"))
@db_option()
@click.option(
    "--host", default=LOOPBACK, show_default=True, metavar="ADDRESS", help="Address to listen on."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8001, show_default=True,
    help="Port; 0 picks a free one.",
)  # fmt: skip
@click.option(
    "--public", is_flag=True,
    help="Allow --host to be reachable from other machines. There is no login: use a proxy that "
    "authenticates readers.",
)  # fmt: skip
@click.option(
    "--watchlist",
    metavar="FILE[:RULE]",
    type=TEXT,
    help="Show what matches this watchlist on the front page, and its rules as a filter; see "
    "`newscrawl watch`.",
)
@click.option("--open", "open_", is_flag=True, help="Open it in the browser.")
def serve_command(
    db: str, host: str, port: int, public: bool, watchlist: str | None, open_: bool
) -> None:
    """Browse the archive: overview, search, articles and all tables.

    The server only reads, also while a crawl is writing, and makes no requests. Stop it with
    Ctrl-C.
    """
    if not public and not is_loopback(host):
        raise click.UsageError(
            f"{host} is reachable from other machines; add --public to allow that."
        )
    with reading(db):
        pass  # what is wrong with the file is said before anything starts
    if watchlist is not None:
        _check(watchlist)
    try:
        import uvicorn

        from newscrawl.archive.datasette.server import make
    except ImportError as error:
        raise click.UsageError(f"{error.name} is not installed: {to_install('serve')}") from None
    listening = _listen(host, port)
    address = _url(listening)
    say(f"{db} is served at {address}; stop with Ctrl-C.")
    if open_:
        click.launch(address)
    with redirect_stderr(_Harmless()):
        config = uvicorn.Config(
            make(Path(db).absolute(), is_public=public, watchlist=watchlist).app(),
            log_level="warning",
            lifespan="on",
            server_header=False,
        )
        uvicorn.Server(config).run(sockets=[listening])


def _check(watchlist: str) -> None:
    """Check a watchlist before anything starts. It is read again for each page: it may change."""
    from newscrawl.archive.names import BadFilter
    from newscrawl.archive.watchlist import read_watchlist

    try:
        read_watchlist(watchlist)
    except BadFilter as error:
        raise click.UsageError(safe_line(error.sentence())) from None


class _Harmless(io.TextIOBase):
    """Standard error: Datasette writes there what SQLite says of a question, which may be a link's
    that a reader followed."""

    def write(self, text: str) -> int:
        sys.__stderr__.write(safe(text))  # type: ignore[union-attr]
        return len(text)

    def flush(self) -> None:
        sys.__stderr__.flush()  # type: ignore[union-attr]

    def isatty(self) -> bool:
        return False  # no colours of the server's own


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; a sentence where it cannot."""
    try:
        [(family, _, _, _, at), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return socket.create_server(at[:2], family=family, backlog=128)
    except OSError as error:
        context = click.get_current_context()
        say(
            f"Error: {host} port {port} cannot be listened on: {_why(error)}. "
            "Is it served already? Choose another one with --port."
        )
        context.exit(Exit.USAGE)


def _why(error: OSError) -> str:
    # Python adds to the words of a socket's error.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
