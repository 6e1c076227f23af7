"""The result of an examination: its requests, the cause of the problem, and advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from newscrawl.runs.outcome import Exit

WELL = ("healthy", "all_known")
"""Causes that mean that the site has no problem."""


class Cause(NamedTuple):
    """A reason why a site gives no articles."""

    meaning: str
    advice: str
    """What to do; may name ``{url}``, what was asked last, and its ``{host}``."""


CAUSES: dict[str, Cause] = {
    "healthy": Cause(
        "the site gives articles, and not all of them are stored",
        "No problem found: the next crawl stores them.",
    ),
    "all_known": Cause(
        "every article that the listing has is stored",
        "No problem found: the listing has nothing new. A category may list more than the home "
        "page: give one.",
    ),
    "no_such_host": Cause(
        "the name of the host does not resolve",
        "Check the spelling of {host}, and that this machine resolves other names. If the site "
        "has moved, give its URL with --base-url.",
    ),
    "refused": Cause(
        "connection refused",
        "The server is down, or listens on another port: open {url} in a browser, and try again "
        "later.",
    ),
    "no_connection": Cause(
        "the server is unreachable",
        "Check this machine's network, its routes and its firewall.",
    ),
    "timeout": Cause(
        "the request timed out",
        "The server is too busy, or a firewall on the way drops what is sent. Try again later, or "
        "wait longer: -s DOWNLOAD_TIMEOUT=180.",
    ),
    "broken_off": Cause(
        "the response was cut off",
        "The server, or something on the way to it, closes connections. Try again later; if it "
        "lasts, check in a browser whether {url} loads completely.",
    ),
    "tls": Cause(
        "the TLS connection failed",
        "Check the clock of this machine and, in a browser, the certificate of {host}. A server "
        "without TLS is named with http://.",
    ),
    "untrusted": Cause(
        "the issuer of the certificate is not trusted",
        "A proxy or firewall that opens TLS, or an authority of your own, signs certificates "
        "itself: add its certificate to those of the system (on Debian: to "
        "/usr/local/share/ca-certificates, then update-ca-certificates), or name its file in "
        "SSL_CERT_FILE. If it should be a public one, install the package ca-certificates.",
    ),
    "proxy": Cause(
        "the proxy does not pass the request on",
        "The proxy is the one that http_proxy, https_proxy or all_proxy name in the environment. "
        "Check that it runs and lets you fetch {url}. To go without it, add {host} to no_proxy, or "
        "use -s HTTPPROXY_ENABLED=0; what fails in the same way without it is the server's.",
    ),
    "too_large": Cause(
        "the response is larger than DOWNLOAD_MAXSIZE",
        "Look at {url} in a browser. If it is what it should be, allow more: "
        "-s DOWNLOAD_MAXSIZE=100000000.",
    ),
    "failed": Cause(
        "the request failed for another reason",
        "Run the command again with -v: Scrapy's log has the details.",
    ),
    "robots": Cause(
        "robots.txt forbids the URL",
        "The owner of {host} does not want it to be crawled. Obey; ask the owner, and identify "
        "yourself with NEWSCRAWL_CONTACT in settings.py.",
    ),
    "no_robots": Cause(
        "robots.txt could not be fetched, and until it is, nothing may be requested",
        "The server answers for robots.txt with an error of its own (429, 500 and more), which may "
        "hide a ban (RFC 9309). Try again later; if it lasts, tell the owner of {host}.",
    ),
    "not_allowed": Cause(
        "connections to the address are not allowed",
        "Private, loopback and other special addresses are asked only where they are meant: name "
        "one with --base-url or --hosts, as 127.0.0.1 is spelt, or a network of your own with -s "
        "NEWSCRAWL_NETWORKS=10.1.0.0/16. If {host} was not yours to begin with, its name leads "
        "where it should not.",
    ),
    "left_alone": Cause(
        "the host asked clients to wait longer than a run waits",
        "Try again later. A crawl waits longer with -s NEWSCRAWL_WAIT_SECONDS=600.",
    ),
    "status": Cause(
        "the server answered with an error",
        "Open {url} in a browser. A 404 is an address that does not exist, 401 and 403 keep "
        "guests out, 429 asks to be left alone for a while, 500 and more are the server's own "
        "trouble: try again later.",
    ),
    "redirect": Cause(
        "the URL redirects to another page",
        "Open {url} in a browser: if the site has moved, give its new URL with --base-url.",
    ),
    "login_page": Cause(
        "the page asks for a password",
        "The site, or the network that this machine is in, wants a login. Open {url} in a browser "
        "from here.",
    ),
    "not_a_mirror": Cause(
        "the home page is not that of a mirror",
        "Name the mirror's home page with --base-url. If {url} is it, its layout has changed, and "
        "newscrawl/sites/finews/listing_page.py needs new rules.",
    ),
    "no_such_category": Cause(
        "unknown category",
        "Use the spelling of the site: a slug may have capitals, for example TechWeb.",
    ),
    "no_list": Cause(
        "the page or response does not have the expected listing",
        "Open {url} in a browser. If the list is there, its form has changed, and newscrawl/sites "
        "needs new rules.",
    ),
    "no_links": Cause(
        "the listing is empty",
        "A mirror that is being rebuilt, or has had no news for three days, is empty. Try again in "
        "ten minutes; if it lasts, open {url} in a browser.",
    ),
    "empty_list": Cause(
        "the list of news has no entries",
        "An interface that limits guests gives none: try again in an hour, and ask less often. If "
        "it lasts, open the list's page in a browser, and `newscrawl crawl feed --list` for other "
        "lists.",
    ),
    "stale_list": Cause(
        "the list of news has had nothing new for much longer than ever before",
        "Compare the list's page in a browser. If it has newer entries there, the interface at "
        "{url} has been replaced; `newscrawl crawl feed --list` names other lists.",
    ),
    "suspicious": Cause(
        "pages show something else instead of their articles",
        "Open {url} in a browser. A placeholder goes by itself: crawls ask again, and what is "
        "stored stays meanwhile. Where an article has really become so, "
        "`newscrawl retry-rejected --reason suspicious` says how to accept it.",
    ),
    "no_articles": Cause(
        "the articles that the listing links to could not be fetched or read",
        "Open {url} in a browser. If the article is there, its form has changed, and "
        "newscrawl/sites needs new rules; if not, the site is broken: try again later.",
    ),
}
"""Each cause, a stable word, with its meaning and advice."""


@dataclass(slots=True)
class Step:
    """A request that was made, and what came."""

    method: str
    url: str
    status: int | None = None
    """None where no answer came."""
    bytes: int | None = None
    """How long the body was on its way, maybe compressed."""
    content_type: str | None = None
    redirects_to: str | None = None
    """As the answer says it; the next step asks for it, if it may be asked."""
    meaning: str = ""
    """What it means, a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The problem of a site, or that it has none."""

    cause: str
    """A key of :data:`CAUSES`."""
    found: str
    """What was found, a sentence for a person."""
    advice: str
    """What to do, a sentence or two."""
    steps: list[Step]
    """Every request that was made, in order."""

    @property
    def exit(self) -> Exit:
        """The exit code of the command."""
        return Exit.OK if self.cause in WELL else Exit.CRASHED


def causes_as_markdown() -> str:
    """Return the table of causes for docs/faults.md."""
    lines = ["| cause | means | what to do |", "| --- | --- | --- |"]
    for name, cause in CAUSES.items():
        advice = cause.advice.format(url="the address", host="the host")
        lines.append(f"| `{name}` | {cause.meaning} | {advice} |")
    return "\n".join(lines) + "\n"
