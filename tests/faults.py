"""What can go wrong with a source, how a crawl of it ends, and what the doctor says of it.

``python tests/faults.py`` prints the table for docs/faults.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from samplesite.server import Fault, Server
from samplesite.site import HTML, Response, Site

from newscrawl.demo import layout
from newscrawl.runs.outcome import Exit

DOC = Path(__file__).parents[1] / "docs" / "faults.md"

SITE = Site(articles=20)
SLUG = next(slug for truth in SITE.truths() for slug in truth.listings if slug != "emnews")
CATEGORY = f"/category/{SLUG}.html"
LOGIN = (
    b'<html><head><title>Sign in</title></head><body><form><input name="user">'
    b'<input type="password"></form></body></html>'
)
TIMEOUT = 1.0

Arrange = Callable[[Server], str]
"""Makes a server faulty; returns the address to ask."""


def _at(path: str, fault: Fault) -> Arrange:
    def arrange(server: Server) -> str:
        server.faults[path] = fault
        return server.url

    return arrange


def _posts(fault: Fault) -> Arrange:
    def arrange(server: Server) -> str:
        for truth in SITE.truths():
            for path in truth.paths:
                server.faults[path] = fault
        return server.url

    return arrange


def _placeholders(server: Server) -> str:
    """Show a placeholder in the layout of every post."""

    def fault(response: Response) -> Response:
        body = response.body
        start = body.index(b"</h1>", body.index(b"<section>"))
        text = "</h1><p>网站维护中，请稍后再试</p>".encode()
        return Response(200, body[:start] + text + body[body.index(b"</section>") :], {})

    for truth in SITE.truths():
        for path in truth.paths:
            server.faults[path] = fault
    return server.url


def _body(html: str | bytes, status: int = 200) -> Fault:
    return Fault(status=status, body=html if isinstance(html, bytes) else html.encode())


def _to(location: str) -> Fault:
    return Fault(status=302, headers={"Location": location})


def _to_other_host(server: Server) -> str:
    server.faults["/"] = _to(server.url.replace("127.0.0.1", "localhost"))
    return server.url


def _robots(rule: str) -> Arrange:
    body = f"User-agent: *\nDisallow: {rule}\n".encode()
    return _at("/robots.txt", Fault(body=body, headers={"Content-Type": "text/plain"}))


class _Everywhere:
    """Answers every address alike."""

    def __init__(self, status: int) -> None:
        self.status = status

    def respond(self, address: str) -> Response:
        return Response(self.status, b"", {"Content-Type": HTML})


def _everywhere(status: int) -> Arrange:
    def arrange(server: Server) -> str:
        server.site = _Everywhere(status)
        return server.url

    return arrange


def _closed(server: Server) -> str:
    server.close()
    return server.url


def _cut_off(server: Server) -> str:
    return _at("/", Fault(body=SITE.respond("/").body[:2000]))(server)


@dataclass(frozen=True)
class Case:
    """One thing that is wrong with a source, or that nothing is."""

    about: str
    arrange: Arrange
    exit: Exit
    """Of ``crawl category``."""
    reason: str
    """Part of what its last line says."""
    cause: str
    """What the doctor says."""
    category: bool = False
    """Whether a category is named, to both."""
    is_stored: bool = False
    """Whether all that the mirror has is stored before."""


CASES = (
    Case("nothing", lambda server: server.url, Exit.OK, "20 new", "healthy"),
    Case("nothing, and all is stored", lambda server: server.url, Exit.OK, "", "all_known",
         is_stored=True),
    Case("its name does not resolve", lambda _: "http://nix.invalid/", Exit.UNREACHABLE,
         "its host name does not resolve", "no_such_host"),
    Case("its port is closed", _closed, Exit.UNREACHABLE,
         "connection refused", "refused"),
    Case("https, and it speaks http only",
         lambda server: server.url.replace("http:", "https:"), Exit.UNREACHABLE,
         "TLS handshake failed", "tls"),
    Case("it is slower than DOWNLOAD_TIMEOUT", _at("/", Fault(delay=TIMEOUT * 1.5)),
         Exit.UNREACHABLE, "no complete response in time", "timeout"),
    Case("it resets the connection", _at("/", Fault(reset=True)), Exit.UNREACHABLE,
         "connection lost", "broken_off"),
    Case("it closes half-way through the home page", _at("/", Fault(truncate=800)),
         Exit.UNREACHABLE, "the response was cut off", "broken_off"),
    Case("the home page ends before its end", _cut_off, Exit.UNREACHABLE,
         "is not a mirror: 1944 characters without", "broken_off"),
    Case("robots.txt forbids all", _robots("/"), Exit.UNREACHABLE,
         "robots.txt forbids it", "robots"),
    Case("robots.txt forbids the posts", _robots("/*/20"), Exit.UNREACHABLE,
         "none of 24 pages could be fetched", "robots"),
    Case("robots.txt has status 500, as everything", _everywhere(500), Exit.UNREACHABLE,
         "its robots.txt could not be fetched: the server answered with status 500", "no_robots"),
    Case("robots.txt comes slower than DOWNLOAD_TIMEOUT",
         _at("/robots.txt", Fault(delay=TIMEOUT * 1.5)), Exit.UNREACHABLE,
         "its robots.txt could not be fetched: no complete response in time", "timeout"),
    Case("status 500 for the home page", _at("/", _body(b"", 500)), Exit.UNREACHABLE,
         "the server answered with status 500", "status"),
    Case("its address is an odd spelling of 127.0.0.1",
         lambda server: server.url.replace("127.0.0.1", "0x7f.1"), Exit.UNREACHABLE,
         "0x7f.1 is an odd spelling of an address", "not_allowed"),
    Case("status 404 everywhere", _everywhere(404), Exit.UNREACHABLE,
         "the server answered with status 404", "status"),
    Case("status 403 for the home page", _at("/", _body("forbidden", 403)), Exit.UNREACHABLE,
         "the server answered with status 403", "status"),
    Case("the home page redirects to itself", _at("/", _to("/")), Exit.UNREACHABLE,
         "redirect loop, or too many redirects", "redirect"),
    Case("the home page redirects to another host", _to_other_host, Exit.UNREACHABLE,
         "it redirects to another host", "redirect"),
    Case("the home page is a login page", _at("/", _body(LOGIN)), Exit.UNREACHABLE,
         "is not a mirror: its home page has no list of posts", "login_page"),
    Case("the home page is another site's",
         _at("/", _body("<html><body><h1>Welcome to nginx!</h1></body></html>")),
         Exit.UNREACHABLE, "is not a mirror: its home page has no list of posts",
         "not_a_mirror"),
    Case("the home page has no text", _at("/", _body(b"")), Exit.UNREACHABLE,
         "is not a mirror", "not_a_mirror"),
    Case("the home page has no links", _at("/", _body(layout.home_page([]))),
         Exit.UNREACHABLE, "is not a mirror: its home page has no list of posts",
         "no_links"),
    Case("the category is not there", _at(CATEGORY, _body(layout.missing_page(), 404)),
         Exit.USAGE, f"has no category {SLUG}", "no_such_category", category=True),
    Case("the category's list has status 500", _at(CATEGORY, _body(b"", 500)), Exit.UNREACHABLE,
         "could not fetch any listing", "status", category=True),
    Case("the category's list redirects home", _at(CATEGORY, _to("/")), Exit.UNREACHABLE,
         "could not fetch any listing", "redirect", category=True),
    Case("the category's list is a login page", _at(CATEGORY, _body(LOGIN)), Exit.UNREACHABLE,
         "could not fetch any listing", "login_page", category=True),
    Case("the category's list is another page",
         _at(CATEGORY, _body("<html><body><p>be right back</p></body></html>")), Exit.UNREACHABLE,
         "could not fetch any listing", "no_list", category=True),
    Case("the category's list has no links",
         _at(CATEGORY, _body(layout.category_page(SLUG, "", "", []))), Exit.OK, "",
         "no_links", category=True),
    Case("every post has status 404", _posts(_body(layout.missing_page(), 404)),
         Exit.UNREACHABLE, "none of 24 pages could be fetched", "no_articles"),
    Case("every post is a page that cannot be read", _posts(_body(LOGIN)), Exit.DEGRADED,
         "24 of 24 pages are lost", "no_articles"),
    Case("every post says that it is being maintained", _placeholders, Exit.DEGRADED,
         "24 pages show a placeholder in the place of their articles: 网站维护中", "suspicious"),
)  # fmt: skip
"""Each with the outcome of a crawl and the diagnosis."""


def as_markdown() -> str:
    """Return the table of docs/faults.md."""
    lines = [
        "| wrong with the source | `crawl category` | exits | says | `doctor` says |",
        "| --- | --- | --- | --- | --- |",
    ]
    for case in CASES:
        named = " (named)" if case.category else ""
        reason = f"…{case.reason}…" if case.reason else ""
        lines.append(
            f"| {case.about}{named} | {case.exit.name.lower()} | {case.exit.value} | {reason} "
            f"| `{case.cause}` |"
        )
    return "\n".join(lines) + "\n"


def written() -> str:
    """Return the table as the doc has it."""
    match = re.search(
        r"<!-- faults: .*? -->\n(.*?)<!-- end -->", DOC.read_text(encoding="utf-8"), re.DOTALL
    )
    return match[1] if match else ""


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
