"""Puts a site, or a folder of files, on loopback: with validators, a log, and faults on request."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote

from newscrawl.demo.site import HTML, Response
from newscrawl.store import clock

TYPES = {
    ".html": HTML,
    ".xml": "application/xml; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".ico": "image/x-icon",
}


class Answers(Protocol):
    """What a server needs: a Site, a Folder, or a test's own."""

    def respond(self, address: str) -> Response:
        """The answer to a path with its query."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of static files; nothing outside it is ever read."""

    path: Path

    def respond(self, address: str) -> Response:
        """The file at the path; ``index.html`` for a folder, ``404.html`` for nothing."""
        base = self.path.resolve()
        name = unquote(address.partition("?")[0]).lstrip("/")
        file = base
        if "\0" not in name:
            file = (base / name).resolve()
        inside = file == base or base in file.parents
        if inside and file.is_dir():
            if name and not address.partition("?")[0].endswith("/"):
                return Response(301, b"", {"Location": address.partition("?")[0] + "/"})
            file /= "index.html"
        if inside and "\0" not in name and file.is_file():
            kind = TYPES.get(file.suffix, "application/octet-stream")
            changed = datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
            headers = {"Content-Type": kind, "Last-Modified": format_datetime(changed, True)}
            return Response(200, file.read_bytes(), headers)
        missing = base / "404.html"
        body = missing.read_bytes() if missing.is_file() else b"not found"
        return Response(404, body, {"Content-Type": HTML})


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at an address."""

    status: int | None = None
    """Answer with this status; with an empty body unless one is given."""
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    """Wait so many seconds first."""
    truncate: int | None = None
    """Announce the whole body, send so many bytes of it and close."""
    reset: bool = False
    """Close the connection with a reset, without an answer."""
    times: int | None = None
    """Only the first so many requests; else every one."""


class Request(NamedTuple):
    """What was asked, and what was answered."""

    path: str
    """As asked, with its query."""
    status: int
    """0 where the connection was reset."""
    bytes: int
    """How long the body was that was sent."""


class Server:
    """A site on loopback, in threads of its own, until ``close()``; a context manager."""

    def __init__(self, site: Answers, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one. Raises OSError if the port is taken."""
        self.site = site
        self.clock: Callable[[], datetime] = lambda: clock.clock()
        """What the server's Date says: the crawl's own clock, unless a test sets another."""
        self.requests: list[Request] = []
        """What was asked so far, in order of answering."""
        self.faults: dict[str, Fault | Callable[[Response], Response | Fault]] = {}
        """By path as asked, with or without its query: a fault, or what makes one of the answer."""
        self._met: dict[str, int] = {}
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", port), self)
        self.port: int = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Server:
        """Itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Stop listening and close what is open; twice is once."""
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()
        self._thread.join()

    def paths(self) -> list[str]:
        """The paths asked so far."""
        with self._lock:
            return [request.path for request in self.requests]

    def note(self, path: str, status: int, size: int) -> None:
        """Put a request into the log."""
        with self._lock:
            self.requests.append(Request(path, status, size))

    def answer(self, path: str) -> tuple[Response, Fault]:
        """The response to a path, and the fault to play with it."""
        response = self.site.respond(path)
        fault = self.faults.get(path) or self.faults.get(path.partition("?")[0])
        if callable(fault):
            made = fault(response)
            if isinstance(made, Response):
                return made, Fault()
            fault = made
        if fault is None:
            return response, Fault()
        with self._lock:
            self._met[path] = self._met.get(path, 0) + 1
            if fault.times is not None and self._met[path] > fault.times:
                return response, Fault()
        if fault.status is not None or fault.body is not None:
            kind = {"Content-Type": HTML}
            status = response.status if fault.status is None else fault.status
            response = Response(status, fault.body or b"", kind | fault.headers)
        return response, fault


def serve(site: Answers, port: int = 0) -> Server:
    """Serve a site on 127.0.0.1: ``with serve(Site()) as server: … server.url``."""
    return Server(site, port)


class _Http(ThreadingHTTPServer):
    """The listening socket; keeps the open connections, to close them at the end."""

    daemon_threads = True
    block_on_close = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], server: Server) -> None:
        self.server = server
        self.open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def hang_up(self) -> None:
        """Close every open connection: idle ones would keep their threads."""
        for each in list(self.open):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    """One connection: keep-alive, with Content-Length, ETag and Last-Modified."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "mirror", ""
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
        """Quiet: the log is ``Server.requests``."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The server's time, as a header has it."""
        return format_datetime(self.server.server.clock().astimezone(UTC), usegmt=True)

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer from the site, by way of the faults."""
        server = self.server.server
        response, fault = server.answer(self.path)
        if fault.delay:
            time.sleep(fault.delay)
        if fault.reset:
            server.note(self.path, 0, 0)
            linger = struct.pack("ii", 1, 0)  # on, for no time: close sends a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
            return
        headers = dict(response.headers)
        status, body = response.status, response.body
        if status == 200:
            tag = hashlib.sha256(body).hexdigest()[:32]
            headers.setdefault("ETag", f'"{tag}"')
            changed: datetime | None = getattr(server.site, "last_modified", None)
            if changed:
                stamp = format_datetime(changed.astimezone(UTC), usegmt=True)
                headers.setdefault("Last-Modified", stamp)
            if self.known(headers):
                status, body = 304, b""
        if "Date" in headers:
            self.send_response_only(status)
            # Its own day is long ago: as if a cache had kept the answer since.
            kept = server.clock() - parsedate_to_datetime(headers["Date"])
            self.send_header("Age", str(max(0, int(kept.total_seconds()))))
        else:
            self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        if fault.truncate is not None:
            self.close_connection = True
            body = body[: fault.truncate]
        if self.command == "HEAD":
            body = b""
        server.note(self.path, status, len(body))
        self.end_headers()
        self.wfile.write(body)

    def known(self, headers: dict[str, str]) -> bool:
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
