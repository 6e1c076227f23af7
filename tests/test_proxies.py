"""Proxies of the environment: requests go through them, and their failures are named as theirs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from certificates import Authority
from cli_runs import invoke
from crawls import crawl, ledger, query
from diagnoses import diagnose
from fetching import Listener, fetch, listening
from proxies import Proxy
from samplesite.server import Answers, Server
from samplesite.site import Site
from scrapy.http import Response

from newscrawl.middlewares.failures import failure_reason
from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]
SCHEMES = ("http", "https")
NAMES = [f"{each}_proxy" for each in (*SCHEMES, "all", "no")]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment, without the proxies of this machine."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def dead_place() -> str:
    """Return host and port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


async def why(url: str, **settings: object) -> str:
    """Return why a request for *url* failed."""
    (found,) = await fetch(url, **settings)
    assert isinstance(found, Exception), found
    return failure_reason(found)


# -- one that works -------------------------------------------------------------------------


async def test_crawl_through_a_proxy(
    serving: Serving, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    server, db = serving(Site(articles=5)), tmp_path / "news.db"
    with Proxy(leads_to=("127.0.0.1", server.port)) as proxy:
        environment.setenv("http_proxy", proxy.url)
        assert (await crawl("category", db, "http://news.test/")).exit is Exit.OK
    assert proxy.asked[0] == "GET http://news.test/robots.txt"
    assert query(db, "SELECT count(*) > 3 FROM articles") == [(1,)]


@pytest.mark.parametrize("form", ["http://{}", "{}"])
async def test_tunnel(tmp_path: Path, environment: pytest.MonkeyPatch, form: str) -> None:
    """A proxy without a scheme is an HTTP one, for https as well."""
    authority = Authority(tmp_path)
    context = authority.context("news.test")
    async with listening(Listener(), "127.0.0.1", ssl=context) as site:
        with Proxy(leads_to=("127.0.0.1", site.port)) as proxy:
            environment.setenv("https_proxy", form.format(proxy.place))
            reason = await why("https://news.test/")
            environment.setenv("SSL_CERT_FILE", str(authority.path))
            (found,) = await fetch("https://news.test/")
    assert isinstance(found, Response)
    assert reason.startswith("the issuer of its certificate is not trusted (unable to get local")
    assert set(proxy.asked) == {"CONNECT news.test:443"}


async def test_all_proxy_and_no_proxy(environment: pytest.MonkeyPatch) -> None:
    async with listening(Listener(), "127.0.0.1") as site:
        url = f"http://127.0.0.1:{site.port}/"
        with Proxy() as proxy:
            environment.setenv("all_proxy", proxy.url)
            (found,) = await fetch(url, named=[("127.0.0.1", site.port)])
            assert isinstance(found, Response)
            assert proxy.asked == [f"GET {url}"]
            environment.setenv("no_proxy", "127.0.0.1")
            (found,) = await fetch(url, named=[("127.0.0.1", site.port)])
            assert isinstance(found, Response)
            assert len(proxy.asked) == 1
    assert site.connections == 2


# -- one that fails -------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_dead_proxy(tmp_path: Path, environment: pytest.MonkeyPatch, scheme: str) -> None:
    place, url, db = dead_place(), f"{scheme}://news.test/", tmp_path / "news.db"
    environment.setenv(f"{scheme}_proxy", f"http://annie:geheim@{place}")
    found = await diagnose(url)
    sentence = f"could not fetch {url}: could not connect to the proxy {place}: Connection refused"
    assert (found.cause, found.found) == ("proxy", f"{sentence}.")
    assert "To go without it, add news.test to no_proxy" in found.advice
    assert (await crawl("category", db, url)).exit is Exit.UNREACHABLE
    assert ledger(db)["reason"] == sentence


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_proxy_that_does_not_resolve(environment: pytest.MonkeyPatch, scheme: str) -> None:
    environment.setenv("all_proxy", "http://proxy.invalid:3128")
    reason = await why(f"{scheme}://news.test/")
    assert reason == "the host name of the proxy proxy.invalid:3128 does not resolve"


@pytest.mark.parametrize("status", [403, 407, 500, 502, 503, 504])
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_refusal(environment: pytest.MonkeyPatch, scheme: str, status: int) -> None:
    """Only of a tunnel, and by 407, is it certain who answered."""
    with Proxy(status=status) as proxy:
        environment.setenv(f"{scheme}_proxy", proxy.url)
        found = await diagnose(f"{scheme}://news.test/")
    assert found.cause == "proxy", found
    if status == 407:
        who = f"the proxy {proxy.place} does not accept the user name and password (407)"
    elif scheme == "https":
        who = f"the proxy {proxy.place} answered with status {status}"
    else:
        who = f"the proxy {proxy.place}, or the server behind it, answered with status {status}"
    assert found.found == f"could not fetch {scheme}://news.test/: {who}."


async def test_status_of_a_page_through_a_proxy(
    serving: Serving, environment: pytest.MonkeyPatch
) -> None:
    """A 404 is the site's word: no proxy says so. It is not the proxy's fault."""
    server = serving(Site(articles=5))
    with Proxy(leads_to=("127.0.0.1", server.port)) as proxy:
        environment.setenv("http_proxy", proxy.url)
        found = await diagnose("http://news.test/none/")
    assert found.cause == "status", found


class _Closing(Listener):
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the connection, and end it."""
        writer.close()


async def test_tunnel_that_ends(environment: pytest.MonkeyPatch) -> None:
    """The server behind a proxy closes it: neither refuses the connection."""
    lost = "connection lost, or not an HTTP response"
    async with listening(_Closing(), "127.0.0.1") as site:
        url = f"https://127.0.0.1:{site.port}/"
        assert await why(url, named=[("127.0.0.1", site.port)]) == lost
        with Proxy(leads_to=("127.0.0.1", site.port)) as proxy:
            environment.setenv("https_proxy", proxy.url)
            assert await why("https://news.test/") == f"{lost}, through the proxy {proxy.place}"
            found = await diagnose("https://news.test/")
    assert (found.cause, proxy.place in found.found) == ("broken_off", True)


async def test_silent_proxy(environment: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        environment.setenv("all_proxy", f"http://{place}")
        reason = await why("http://news.test/", DOWNLOAD_TIMEOUT=0.3)
    assert reason == f"no complete response in time, through the proxy {place}"


@pytest.mark.parametrize("kind", ["socks5", "socks5h", "socks4"])
async def test_socks_is_refused(environment: pytest.MonkeyPatch, kind: str) -> None:
    """No request goes round it, to the site itself."""
    async with listening(Listener(), "127.0.0.1") as site:
        place = f"127.0.0.1:{site.port}"
        environment.setenv("all_proxy", f"{kind}://{place}")
        for scheme in SCHEMES:
            found = await diagnose(f"{scheme}://{place}/")
            assert (found.cause, found.found) == (
                "proxy",
                f"could not fetch {scheme}://{place}/: the proxy {kind}://{place} is not an HTTP "
                "proxy, and no other kind is supported: name an HTTP proxy in http_proxy and "
                "https_proxy.",
            )
        assert site.connections == 0
        environment.setenv("no_proxy", "127.0.0.1")
        (response,) = await fetch(f"http://{place}/", named=[("127.0.0.1", site.port)])
    assert isinstance(response, Response)


# -- the demo -------------------------------------------------------------------------------


def test_the_demo_takes_no_proxy(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    with Proxy(status=403) as proxy:
        environment.setenv("http_proxy", proxy.url)
        result = invoke("demo", "--articles", "5", "--db", tmp_path / "demo.db")
    assert result.exit_code == Exit.OK, result.stderr
    assert proxy.asked == []


def test_the_demo_of_a_site_on_this_machine_takes_none(
    serving: Serving, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    url = serving(Site(articles=5)).url
    words = ("demo", "--articles", "1", "--db", tmp_path / "demo.db", "--base-url")
    with Proxy(status=403) as proxy:
        environment.setenv("http_proxy", proxy.url)
        assert invoke(*words, url).exit_code == Exit.OK
        assert proxy.asked == []
        assert invoke(*words, "http://news.test/").exit_code == Exit.UNREACHABLE
    assert proxy.asked != []


# -- certificates ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "days", "is_trusted", "sentence"),
    [
        ("localhost", 1, False, "the issuer of its certificate is not trusted (unable to get local "
         "issuer certificate); if it is your own or your proxy's, add the issuer's certificate to "
         "those of the system, or name its file in SSL_CERT_FILE"),
        ("other.test", 1, True, "its certificate is for another host name"),
        ("localhost", -1, True, "its certificate has expired"),
        ("localhost", 22, True, "its certificate is not valid yet"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_certificate(
    tmp_path: Path, environment: pytest.MonkeyPatch, host: str, days: int, is_trusted: bool,
    sentence: str,
) -> None:  # fmt: skip
    authority = Authority(tmp_path)
    if is_trusted:
        environment.setenv("SSL_CERT_FILE", str(authority.path))
    async with listening(Listener(), "127.0.0.1", ssl=authority.context(host, days=days)) as site:
        url = f"https://localhost:{site.port}/"
        assert await why(url, named=[("localhost", site.port)]) == sentence
        found = await diagnose(url)
    assert found.cause == ("tls" if is_trusted else "untrusted")
    assert found.found == f"could not fetch {url}: {sentence}."


async def test_a_server_without_tls(serving: Serving) -> None:
    server = serving(Site(articles=1))
    url = server.url.replace("http:", "https:")
    reason = await why(url, named=[("127.0.0.1", server.port)])
    assert reason == "TLS handshake failed: is it https?"
