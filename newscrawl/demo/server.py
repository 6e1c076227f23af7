"""Serves a site over HTTP on loopback, with validators, until it is closed."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Protocol, Self

from newscrawl.store import clock

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Response:
    """What a site answers."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Answers(Protocol):
    """What a server needs of a site."""

    def respond(self, address: str) -> Response:
        """Return the answer to a path with its query."""
        ...


def text_response(text: str, kind: str = HTML, status: int = 200) -> Response:
    """Return a response of text."""
    return Response(status, text.encode(), {"Content-Type": kind})


class Server:
    """A site on loopback, in threads of its own, until ``close()``; a context manager."""

    handler: ClassVar[type[Handler]]

    def __init__(self, site: Answers, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one. Raises OSError if the port is taken."""
        self.site = site
        self.clock: Callable[[], datetime] = lambda: clock.clock()
        """What the server's Date says: the crawl's own clock, unless it is replaced."""
        self._http = _Http(("127.0.0.1", port), self)
        self.port: int = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Stop listening and close all connections; closing again does nothing."""
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    """The listening socket; keeps the open connections, to close them at the end."""

    daemon_threads = True
    block_on_close = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], server: Server) -> None:
        self.server = server
        self.open: set[socket.socket] = set()
        super().__init__(address, server.handler)

    def hang_up(self) -> None:
        """Close every open connection: idle ones would keep their threads."""
        for each in list(self.open):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing when a client hangs up."""


class Handler(BaseHTTPRequestHandler):
    """One connection: keep-alive, with Content-Length, ETag and Last-Modified."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "sample", ""
    disable_nagle_algorithm = True
    server: _Http

    def setup(self) -> None:
        """Remember the connection."""
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        """Forget the connection."""
        self.server.open.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the server's time as a header has it."""
        return format_datetime(self.server.server.clock().astimezone(UTC), usegmt=True)

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer from the site."""
        self.answer(self.server.server.site.respond(self.path))

    def answer(self, response: Response, *, truncate: int | None = None) -> None:
        """Send a response, or 304 where the client has it; of its body *truncate* bytes only."""
        headers = dict(response.headers)
        status, body = response.status, response.body
        if status == 200:
            self._add_validators(headers, body)
            if self._is_known(headers):
                status, body = 304, b""
        self._send_status(status, headers)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        if truncate is not None:
            self.close_connection = True
            body = body[:truncate]
        if self.command == "HEAD":
            body = b""
        self.note(status, len(body))
        self.end_headers()
        self.wfile.write(body)

    def note(self, status: int, size: int) -> None:
        """Keep no log."""

    def _add_validators(self, headers: dict[str, str], body: bytes) -> None:
        headers.setdefault("ETag", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        changed: datetime | None = getattr(self.server.server.site, "last_modified", None)
        if changed:
            stamp = format_datetime(changed.astimezone(UTC), usegmt=True)
            headers.setdefault("Last-Modified", stamp)

    def _send_status(self, status: int, headers: dict[str, str]) -> None:
        if "Date" not in headers:
            self.send_response(status)
            return
        self.send_response_only(status)
        # Its own day is long ago: as if a cache had kept the answer since.
        kept = self.server.server.clock() - parsedate_to_datetime(headers["Date"])
        self.send_header("Age", str(max(0, int(kept.total_seconds()))))

    def _is_known(self, headers: dict[str, str]) -> bool:
        """Whether the client has this version; If-None-Match goes before If-Modified-Since."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            mine = headers["ETag"]
            return tags.strip() == "*" or mine in (
                tag.strip().removeprefix("W/") for tag in tags.split(",")
            )
        since = self.headers.get("If-Modified-Since")
        if since is None or "Last-Modified" not in headers:
            return False
        try:
            return parsedate_to_datetime(headers["Last-Modified"]) <= parsedate_to_datetime(since)
        except (TypeError, ValueError):
            return False


Server.handler = Handler
