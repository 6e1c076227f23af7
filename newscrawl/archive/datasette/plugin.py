"""The Datasette plugin: our pages, and headers that let no page run what it was not given."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import tilde_encode

from newscrawl.archive.datasette import pages
from newscrawl.archive.datasette.served import serves

AT_ONCE = 8
"""Answers that are made or sent at one time: one may be of 100 MB, and its reader slow."""
PATIENCE = 60.0
"""Seconds that the readers of one answer may let us wait in all, so that others get their turn."""
PIECE = 1 << 16
"""Bytes of an answer that are sent before its reader has taken what came before."""
MOST_WORDS = 100
"""Parameters of a request: a page of a table has thirty columns to filter."""
MOST_FACETS = 10
"""Of these, facets: each is a query, and has a list of values in the answer."""

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
STATIC = ("/-/newscrawl/", "/-/static/")

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
    """Give Datasette's own pages our style sheet."""
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
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Add the headers to each answer."""

    def wrap(app: App) -> App:
        if datasette not in serves:
            return app
        served = serves[datasette]
        app = _few_at_once(_of_few_words(app))
        app = _read_only(_only_what_readers_need(_from_here(app), served.database))
        return _with_headers(app if served.is_public else _for_this_machine(app))

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
            await _refuse(send, 421, "Misdirected request: unknown host.")
        else:
            await app(scope, receive, send)

    return answer


def _from_here(app: App) -> App:
    """Let no page of another site make this one work; a link that is followed may show a page."""

    async def answer(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] != "http" or not _is_anothers(scope):
            await app(scope, receive, send)
        elif not _is_visit(scope):
            await _refuse(send, 403, "Cross-site request refused.")
        elif scope["query_string"] and not _is_ours(_path(scope)):
            await _refuse(
                send,
                403,
                "A link of another site may not query the archive. To run the query all the same, "
                "check it in the address bar and press Enter there.",
            )
        else:
            await app(scope, receive, send)

    return answer


def _only_what_readers_need(app: App, database: str) -> App:
    """Answer for our pages and the archive: Datasette has more, on itself and for its makers."""
    route = tilde_encode(database)

    async def answer(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] == "http" and not _is_served(_path(scope), route):
            await _refuse(send, 404, "Page not found.")
        else:
            await app(scope, receive, send)

    return answer


def _path(scope: Scope) -> str:
    """Return the path as Datasette looks at it: with its %s."""
    raw = scope.get("raw_path")
    return raw.decode("latin-1").partition("?")[0] if raw else str(scope["path"])


def _is_served(path: str, route: str) -> bool:
    if _is_ours(path) or path == "/favicon.ico" or path.startswith(STATIC):
        return True
    first = path.removeprefix("/").partition("/")[0]
    return first.partition(".")[0] == route


def _of_few_words(app: App) -> App:
    """Refuse what asks for hundreds of things at once: each may take its time, and its memory."""

    async def answer(scope: Scope, receive: Any, send: Send) -> None:
        words = scope["query_string"].split(b"&") if scope["type"] == "http" else []
        facets = sum(word.startswith(b"_facet") for word in words)
        if len(words) > MOST_WORDS or facets > MOST_FACETS:
            sentence = f"At most {MOST_WORDS} parameters are taken, {MOST_FACETS} of them facets."
            await _refuse(send, 400, sentence)
        else:
            await app(scope, receive, send)

    return answer


def _few_at_once(app: App) -> App:
    """Let others wait while :data:`AT_ONCE` answers are made, or have not been taken yet."""
    places = asyncio.Semaphore(AT_ONCE)

    async def answer(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        async with places:
            await app(scope, receive, _Patient(send))

    return answer


class _Patient:
    """Sends in pieces, lest all of an answer waits in memory; and not to who does not read it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._left = PATIENCE

    async def __call__(self, message: Message) -> None:
        body = memoryview(message.get("body", b""))
        while len(body) > PIECE:
            await self._send_piece({**message, "body": bytes(body[:PIECE]), "more_body": True})
            body = body[PIECE:]
        await self._send_piece({**message, "body": bytes(body)} if "body" in message else message)

    async def _send_piece(self, message: Message) -> None:
        """Send; once all patience is used up, do nothing: the server then ends the connection."""
        if self._left <= 0:
            return
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                await self._send(message)
        except TimeoutError:
            self._left = 0
        else:
            self._left -= time.monotonic() - began


def _read_only(app: App) -> App:
    """Answer to what reads: Datasette has forms, for cookies and messages, that are not needed."""

    async def answer(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            await _refuse(send, 405, "This server is read-only.")
        else:
            await app(scope, receive, send)

    return answer


async def _refuse(send: Send, status: int, sentence: str) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": f"{sentence}\n".encode()})


def _is_anothers(scope: Scope) -> bool:
    """Whether a page of another site asks. A browser says so."""
    site = dict(scope["headers"]).get(b"sec-fetch-site", b"none")
    return site not in (b"none", b"same-origin")


def _is_visit(scope: Scope) -> bool:
    """Whether somebody followed a link, and sees what is answered."""
    said = dict(scope["headers"])
    return (said.get(b"sec-fetch-mode"), said.get(b"sec-fetch-dest")) == (b"navigate", b"document")


def _is_local(scope: Scope) -> bool:
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    name, _, port = host.rpartition(":")
    return (name if port.isdigit() else host).lower() in LOCAL_NAMES


def _is_ours(path: str) -> bool:
    return path in ("/", "/search") or path.startswith("/article/")
