"""Serves a site, or a folder of files, on loopback: with a log, and faults on request."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from newscrawl.demo import server as demo
from newscrawl.demo.server import HTML, Answers, Response

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


class Server(demo.Server):
    """A site on loopback that keeps a log, and at which things go wrong."""

    def __init__(self, site: Answers, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one. Raises OSError if the port is taken."""
        self.requests: list[Request] = []
        """What was asked so far, in order of answering."""
        self.faults: dict[str, Fault | Callable[[Response], Response | Fault]] = {}
        """By path as asked, with or without its query: a fault, or what makes one of the answer."""
        self._met: dict[str, int] = {}
        self._lock = threading.Lock()
        super().__init__(site, port)

    def paths(self) -> list[str]:
        """Return the paths asked so far."""
        with self._lock:
            return [request.path for request in self.requests]

    def note(self, path: str, status: int, size: int) -> None:
        """Put a request into the log."""
        with self._lock:
            self.requests.append(Request(path, status, size))

    def answer(self, path: str) -> tuple[Response, Fault]:
        """Return the response to a path, and the fault to play with it."""
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


class Handler(demo.Handler):
    """One connection, with the faults that the server has for it."""

    def do_GET(self) -> None:  # noqa: N802  http.server calls it so
        """Answer from the site, by way of the faults."""
        server = self.server.server
        assert isinstance(server, Server)
        response, fault = server.answer(self.path)
        if fault.delay:
            time.sleep(fault.delay)
        if fault.reset:
            self.note(0, 0)
            linger = struct.pack("ii", 1, 0)  # on, for no time: close sends a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
            return
        self.answer(response, truncate=fault.truncate)

    def note(self, status: int, size: int) -> None:
        """Put the request into the server's log."""
        server = self.server.server
        assert isinstance(server, Server)
        server.note(self.path, status, size)


Server.handler = Handler
