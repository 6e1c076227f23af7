"""A small real HTTP proxy: it forwards plain requests, and opens tunnels for CONNECT."""

from __future__ import annotations

import http.client
import selectors
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

_HOPS = {"connection", "keep-alive", "proxy-connection", "proxy-authorization", "transfer-encoding"}
"""Header fields that a proxy does not forward (RFC 9110, 7.6.1)."""


class Proxy:
    """Listens on a free port of loopback; with *status* it refuses every request by that.

    *leads_to* is host and port of the server that it asks, whatever name the request has.
    """

    def __init__(
        self, *, status: int | None = None, leads_to: tuple[str, int] | None = None
    ) -> None:
        self.asked: list[str] = []
        """Method and target of each request."""
        outer = self

        class Handler(_Handler):
            proxy = outer

        self.status = status
        self.leads_to = leads_to
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.place = f"127.0.0.1:{self._server.server_address[1]}"
        """Its host and port."""
        self.url = f"http://{self.place}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy

    def do_GET(self) -> None:
        """Forward a request for an absolute URL."""
        if self._refuses():
            return
        parts = urlsplit(self.path)
        host, port = self.proxy.leads_to or (parts.hostname or "", parts.port or 80)
        onward = http.client.HTTPConnection(host, port, timeout=20)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOPS}
        onward.request("GET", parts._replace(scheme="", netloc="").geturl(), headers=headers)
        answer = onward.getresponse()
        body = answer.read()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in {*_HOPS, "content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        onward.close()

    def do_CONNECT(self) -> None:
        """Pass bytes to and fro until one side has closed."""
        if self._refuses():
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection(self.proxy.leads_to or (host, int(port))) as onward:
            self.send_response_only(200)
            self.end_headers()
            with suppress(ConnectionError):
                _tunnel(self.connection, onward)

    def _refuses(self) -> bool:
        self.proxy.asked.append(f"{self.command} {self.path}")
        self.close_connection = True
        if self.proxy.status is None:
            return False
        self.send_response_only(self.proxy.status)
        if self.proxy.status == 407:
            self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _tunnel(one: socket.socket, other: socket.socket) -> None:
    with selectors.DefaultSelector() as ready:
        ready.register(one, selectors.EVENT_READ, other)
        ready.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in ready.select():
                data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                if not data:
                    return
                key.data.sendall(data)
