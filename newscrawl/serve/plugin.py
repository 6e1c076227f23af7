"""The Datasette plugin: our pages, and headers that let no page run what it was not given."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from datasette import hookimpl
from datasette.app import Datasette
from datasette.views.base import DatasetteError

from newscrawl.serve import pages
from newscrawl.store.errors import StoreError
from newscrawl.store.write_ahead_log import refuse_foreign


class Served(NamedTuple):
    """What a server of ours serves, and whom."""

    database: str
    """The archive, as Datasette names it."""
    is_public: bool
    """Whether it answers under names that are not this machine's own."""


serves: WeakKeyDictionary[Datasette, Served] = WeakKeyDictionary()
"""The servers of ours; any other Datasette is left alone."""

LONGEST_VALUE = 64 << 20
"""Bytes; SQLite's own limit is a thousand million. A page may have fifty million."""

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")

OURS = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'"
DATASETTES = (
    # Its pages have small scripts within them, for menus and the SQL editor: they stay off, and
    # the pages work without. Its styles are partly within its pages.
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

Scope = dict[str, Any]
Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]


@hookimpl  # type: ignore[untyped-decorator]  # pluggy has no types
def extra_css_urls(datasette: Datasette) -> list[str]:
    """Datasette's own pages look as ours do."""
    return ["/-/newscrawl/datasette.css"] if datasette in serves else []


@hookimpl  # type: ignore[untyped-decorator]  # pluggy has no types
def register_routes(datasette: Datasette) -> list[tuple[str, Any]]:
    """Our pages come before Datasette's own."""
    if datasette not in serves:
        return []
    return [
        (r"/$", pages.front),
        (r"/search$", pages.search_page),
        (r"/article/(?P<name>[^/]+)$", pages.article_page),
    ]


@hookimpl  # type: ignore[untyped-decorator]
def prepare_connection(conn: sqlite3.Connection, datasette: Datasette) -> None:
    """Let no question make a text that fills the memory: ``hex(zeroblob(500000000))``.

    Nor read a file that was put in the archive's place under the log of that: Datasette opens it
    again for each thread.
    """
    if datasette in serves:
        _refuse_foreign_log(conn)
        conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)


def _refuse_foreign_log(conn: sqlite3.Connection) -> None:
    for _, _, file in conn.execute("PRAGMA database_list"):
        try:
            if file:
                refuse_foreign(Path(file))
        except StoreError as error:
            raise DatasetteError(str(error), status=503) from error


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Add the headers to each answer."""

    def wrap(app: App) -> App:
        if datasette not in serves:
            return app
        app = _read_only(app)
        return _with_headers(app if serves[datasette].is_public else _for_this_machine(app))

    return wrap


def _with_headers(app: App) -> App:
    async def answer(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        policy = OURS if _is_ours(scope["path"]) else DATASETTES
        added = {
            **HEADERS,
            "content-security-policy": f"{policy}; base-uri 'none'; frame-ancestors 'none'",
        }

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [
                    (name, value)
                    for name, value in message.get("headers", [])
                    if name.lower().decode() not in added
                ]
                headers += [(name.encode(), value.encode()) for name, value in added.items()]
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, send_with_headers)

    return answer


def _for_this_machine(app: App) -> App:
    """Answer only to this machine's names: else a site could point its own name here, and read."""

    async def answer(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] == "http" and not _is_local(scope):
            await _refuse(send, 421, "This is not that host.")
        elif scope["type"] == "http" and _is_anothers(scope):
            await _refuse(send, 403, "Another site asked for this.")
        else:
            await app(scope, receive, send)

    return answer


def _read_only(app: App) -> App:
    """Answer to what reads: Datasette has forms, for cookies and messages, that are not needed."""

    async def answer(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            await _refuse(send, 405, "This only reads.")
        else:
            await app(scope, receive, send)

    return answer


async def _refuse(send: Send, status: int, sentence: str) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": f"{sentence}\n".encode()})


def _is_anothers(scope: Scope) -> bool:
    """Whether a page of another site asks, to make this one work: a link that is followed may."""
    said = dict(scope["headers"])
    is_ours = said.get(b"sec-fetch-site", b"none") in (b"none", b"same-origin")
    is_visit = said.get(b"sec-fetch-mode") == b"navigate" and said.get(
        b"sec-fetch-dest"
    ) == b"document"  # fmt: skip
    return not is_ours and not is_visit


def _is_local(scope: Scope) -> bool:
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    name, _, port = host.rpartition(":")
    return (name if port.isdigit() else host).lower() in LOCAL_NAMES


def _is_ours(path: str) -> bool:
    return path in ("/", "/search") or path.startswith("/article/")
