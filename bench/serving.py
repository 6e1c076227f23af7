"""Puts a folder of pages on loopback, from another process on another core, and keeps a log.

nginx where it is installed; else the mirror's own server, which answers some 2,000 requests a
second: ``python -m bench.serving FOLDER LOG PORT CORE``.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import quote

from samplesite.server import Folder, Server
from samplesite.site import Site

NGINX = """\
daemon off; worker_processes 1; worker_cpu_affinity {mask}; pid {work}/nginx.pid; {user}
error_log {work}/nginx.err;
events {{ worker_connections 512; }}
http {{
  types {{ text/html html; application/xml xml; text/plain txt; }}
  charset utf-8; charset_types text/html application/xml text/plain;
  log_format bench '$msec $request_time $status $body_bytes_sent $request_uri';
  access_log {work}/access.log bench;
  client_body_temp_path {work}/body; proxy_temp_path {work}/proxy;
  fastcgi_temp_path {work}/fastcgi; uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
  sendfile on; keepalive_requests 1000000; absolute_redirect off;
  server {{ listen 127.0.0.1:{port}; root {folder}; index index.html; error_page 404 /404.html; }}
}}
"""


class Hit(NamedTuple):
    """One request, as the server's log has it."""

    began: float
    """Unix time."""
    status: int
    bytes: int
    """Of the body that was sent."""
    path: str


class Serving:
    """A folder on loopback until the ``with`` ends."""

    def __init__(self, folder: Path, work: Path, core: int, *, nginx: bool = True) -> None:
        """Start the server; `nginx` False takes the mirror's own also where nginx is there."""
        work.mkdir(parents=True, exist_ok=True)
        program = (shutil.which("nginx") or shutil.which("/usr/sbin/nginx")) if nginx else None
        self.log = work / "access.log"
        self.log.touch()
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}/"
        if program:
            self.name = _nginx_version(program)
            user = "user root;" if os.getuid() == 0 else ""
            text = NGINX.format(mask=bin(1 << core)[2:], work=work, user=user, port=port,
                                folder=folder)  # fmt: skip
            (work / "nginx.conf").write_text(text)
            words = [program, "-p", str(work), "-c", str(work / "nginx.conf")]
        else:
            self.name = "the mirror's own server (nginx is not installed)"
            if not nginx:
                self.name = "the mirror's own server"
            print(f"served by {self.name}", file=sys.stderr, flush=True)
            words = [sys.executable, "-m", "bench.serving"]
            words += map(str, (folder, self.log, port, core))
        self._process = subprocess.Popen(
            words, cwd=Path(__file__).parents[1],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._process.terminate()
        self._process.wait()

    def mark(self) -> int:
        """Return where the log ends now."""
        return self.log.stat().st_size

    def since(self, mark: int) -> list[Hit]:
        """Return the requests since a mark, in order of answering."""
        with self.log.open("rb") as file:
            file.seek(mark)
            lines = [line.split(" ", 4) for line in file.read().decode().splitlines()]
        return [
            Hit(float(ended) - float(took), int(status), int(size), path)
            for ended, took, status, size, path in lines
        ]

    def _wait(self) -> None:
        """Wait until the server answers, and has logged that: nginx does so after the answer."""
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{self.url}robots.txt", timeout=5).read()
            except OSError:
                pass
            else:
                if self.mark():
                    return
            time.sleep(0.05)
        self._process.terminate()
        raise SystemExit(f"{self.name} does not answer at {self.url}")


def site_with(pages: int) -> Site:
    """Return a sample site of about so many posts: an article may have two."""
    articles = pages
    while True:
        site = Site(articles=articles)
        posts = sum(len(site.kind(number).generations) for number in range(articles))
        if posts <= pages or articles == 1:
            return site
        articles -= max(1, (posts - pages) // 2)


def write_site(folder: Path, pages: int) -> list[str]:
    """Write a sample site of about so many posts as files; return the paths of the posts."""
    site = site_with(pages)
    site.write(folder)
    return linked(site)


def linked(site: Site) -> list[str]:
    """Return the paths of all posts that listings lead to, percent-encoded."""
    return [
        quote(post.path, safe="/(),.-_~")
        for truth in site.truths() for post in truth.posts if post.linked
    ]  # fmt: skip


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _nginx_version(program: str) -> str:
    done = subprocess.run([program, "-v"], capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition(" ")[2].replace("/", " ")


class Logged(Server):
    """The mirror's server, which also writes down what was asked, as nginx does."""

    def __init__(self, folder: Path, log: Path, port: int) -> None:
        self._file = log.open("a", buffering=1, encoding="utf-8")
        super().__init__(Folder(folder), port)

    def note(self, path: str, status: int, size: int) -> None:
        """Put a request into the log."""
        self._file.write(f"{time.time():.3f} 0 {status} {size} {path}\n")


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[4])})
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    with Logged(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])):
        ending.wait()
