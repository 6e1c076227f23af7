"""Where a crawl connects to: every row is a request through the real downloader and its sockets.

``connects`` is told by CPython of each ``connect()`` of this process, so that an empty list is
proof that none was made; the listeners on loopback count what arrives.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import FAST, assert_balanced, crawl, ledger
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from diagnoses import diagnose
from fetching import Listener, Names, connects, fetch, listening
from samplesite.server import Answers, Fault, Server
from samplesite.site import Site
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.exceptions import DownloadConnectionRefusedError, UsageError
from scrapy.http import Response
from scrapy.settings import Settings

import newscrawl
from newscrawl.middlewares.addresses import Refused
from newscrawl.middlewares.handler import HANDLER
from newscrawl.runs.outcome import Exit
from newscrawl.runs.process import settings_for
from newscrawl.runs.run import run_of
from newscrawl.spiders.category import CategorySpider

Serving = Callable[[Answers], Server]

SPECIAL = [
    "0.0.0.0", "0.0.0.1", "0.255.255.255", "10.0.0.1", "10.255.255.255", "100.64.0.1",
    "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.0.0.2", "127.255.255.254",
    "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:2::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:a00:1::", "3fff::1",
    "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
"""Addresses of no public server."""

ODD = [
    "127.1", "127.0.1", "127.000.000.001", "0177.0.0.1", "0177.0.0.01", "0x7f.0.0.1", "0x7f.1",
    "0X7F.0x0.0x0.0x1", "127.0x0.0.1", "0x7f000001", "0x000000000007f000001", "2130706433",
    "017700000001", "0000000177.1", "127.0.0.1.", "127.1.", "127.0.0.1..", "0", "0x0", "00",
    "0.0", "127.0.0.256", "127.0.0.1.0", "1.2.3.4.5", "4294967295", "99999999999",
    "012.0.0.1", "0xa000001", "167772161", "192.168.257", "3232235521", "0xa9fea9fe",
    "2852039166", "169.16689662", "0251.0376.0251.0376",
    "１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "１２７。１", "0ｘ7f.1",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "%31%32%37.0.0.1", "127.0.0.1%00", "127.0.0.1%20", "1\u00ad27.0.0.1",
    "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::FFFF:7F00:1]", "[::ffff:127.0.0.1]",
    "[fe80::1%25lo]", "[::1%25lo]", "[::1%lo]", "[fe80::1%251]", "[::127.1]", "[v1.::1]",
    "localhost", "LOCALHOST", "a.localhost", "localhost.", "ⓛocalhost",
]  # fmt: skip
"""Other spellings of such addresses, and names of this machine, as they may stand in a link."""

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "11.0.0.0", "100.63.255.255", "100.128.0.0", "114.114.114.114",
    "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
    "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
    "223.255.255.255", "2001:200::1", "2400:3200::1", "240e::1", "2606:4700:4700::1111",
    "2620:fe::fe", "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip
"""Addresses that may be anybody's server, many of them next to a special range."""


def literal(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def test_the_tables_are_as_large_as_they_say() -> None:
    assert len({*SPECIAL, *ODD}) == len(SPECIAL) + len(ODD) >= 60
    assert len(set(PUBLIC)) == len(PUBLIC) >= 10


@pytest.mark.parametrize("checks", ["both", "the sockets alone"])
async def test_nothing_connects_to_a_special_address(checks: str) -> None:
    """Every spelling, as a link of a page has it, is refused before a connection is begun.

    Also where the request itself is not looked at: then it is the socket that is refused.
    """
    # In place of all of ours.
    override = {} if checks == "both" else {"DOWNLOADER_MIDDLEWARES": {}}
    async with listening(Listener(), "127.0.0.1", "127.0.0.2", "::1") as listener:
        hosts = [*map(literal, SPECIAL), *ODD]
        urls = [f"http://{host}:{listener.port}/x" for host in hosts]
        with connects() as begun:
            found = await fetch(*urls, **override)
    came = dict(zip(hosts, found, strict=True))
    assert {host for host, each in came.items() if isinstance(each, Response)} == set()
    assert (begun, listener.connections) == ([], 0)
    if checks == "both":
        sentences = {host: str(each) for host, each in came.items()}
        unclear = {host: text for host, text in sentences.items() if not _is_clear(text)}
        assert unclear == {}


def _is_clear(text: str) -> bool:
    known = (
        "an address of",
        "an odd spelling",
        "an interface",
        "is not a host name",
        "is not an address",
    )
    return any(each in text for each in (*known, "can be read as", "does not appear to be"))


async def test_nothing_connects_to_a_special_address_that_a_name_leads_to() -> None:
    names = Names(**{f"n{number}": [[each]] for number, each in enumerate(SPECIAL)})
    async with listening(Listener(), "127.0.0.1", "127.0.0.2", "::1") as listener:
        urls = [f"http://n{number}.test:{listener.port}/" for number in range(len(SPECIAL))]
        with connects() as begun:
            found = await fetch(*urls, names=names)
    assert {type(each) for each in found} == {Refused}
    assert (begun, listener.connections) == ([], 0)
    assert len(names.lookups) == len(SPECIAL)
    assert str(found[8]) == (
        "n8.test resolves to 127.0.0.1, an address of this machine; if the site is meant to be "
        "there, allow it: -s NEWSCRAWL_NETWORKS=127.0.0.1"
    )


async def test_a_connection_to_a_public_address_is_begun() -> None:
    """Up to ``connect()`` itself, where the watch ends it: nothing is sent."""
    names = Names(**{f"n{number}": [[each]] for number, each in enumerate(PUBLIC)})
    by_name = [f"http://n{number}.test/" for number in range(len(PUBLIC))]
    by_number = [f"https://{literal(each)}/" for each in PUBLIC]
    with connects() as begun:
        found = await fetch(*by_name, *by_number, names=names)
    assert {type(each) for each in found} == {DownloadConnectionRefusedError}
    assert [each.replace("::ffff:808:808", "::ffff:8.8.8.8") for each in begun] == PUBLIC * 2


# -- names that change their answer -----------------------------------------------------------


async def test_a_name_that_changes_its_answer_gains_nothing() -> None:
    """What counts is the address of the connection, not one that was looked up before."""
    names = Names(news=[["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"]])
    good, bad = Listener(), Listener()
    async with listening(good, "127.0.0.1"), listening(bad, "127.0.0.2", port=good.port):
        url = f"http://news.test:{good.port}/"
        found = await fetch(
            url, url, url, names=names, allowed=["news.test"], NEWSCRAWL_NETWORKS="127.0.0.1"
        )
    assert [type(each).__name__ for each in found] == ["TextResponse", "Refused", "TextResponse"]
    assert (good.connections, bad.connections) == (2, 0)
    assert names.lookups == ["news.test"] * 3, "one look-up a connection, and none before it"


async def test_of_several_addresses_the_allowed_one_is_taken() -> None:
    names = Names(news=[["127.0.0.2", "10.0.0.1", "::1", "127.0.0.1"]])
    good, bad = Listener(), Listener()
    async with listening(good, "127.0.0.1"), listening(bad, "127.0.0.2", port=good.port):
        with connects() as begun:
            found = await fetch(
                f"http://news.test:{good.port}/", names=names, NEWSCRAWL_NETWORKS="127.0.0.1"
            )
    assert isinstance(found[0], Response)
    assert (begun, good.connections, bad.connections) == (["127.0.0.1"], 1, 0)


# -- what the user asked for ------------------------------------------------------------------

ASKED = [
    # what was named: host and port, None for any; what is asked for; whether it is let through
    ("127.0.0.1", "here", "127.0.0.1", True),
    ("127.0.0.1", None, "127.0.0.1", True),
    ("127.0.0.1", "other", "127.0.0.1", False),  # http://127.0.0.1:6379/
    ("127.0.0.2", "here", "127.0.0.1", False),
    ("localhost", "here", "127.0.0.1", False),
    ("127.0.0.1", "here", "localhost", False),
    ("localhost", "here", "localhost", True),
    ("a.localhost", "here", "a.localhost", True),
    ("::1", "here", "[::1]", True),
    ("::1", "here", "[0:0:0:0:0:0:0:1]", False),
    ("news.test", "here", "news.test", False),  # a name is not its address of today
    ("0x7f.1", "here", "0x7f.1", False),
]


@pytest.mark.parametrize(("host", "port", "asked", "passes"), ASKED)
async def test_what_the_user_named(host: str, port: str | None, asked: str, passes: bool) -> None:
    names = Names(news=[["127.0.0.1"]])
    async with listening(Listener(), "127.0.0.1", "::1") as listener:
        ports = {"here": listener.port, "other": listener.port + 1, None: None}
        url = f"http://{asked}:{listener.port}/"
        found = await fetch(url, names=names, named=[(host, ports[port])])
    assert isinstance(found[0], Response) is passes, found
    assert listener.connections == passes


async def test_a_base_url_is_let_through_and_its_name_is_not(serving: Serving) -> None:
    server = serving(Site(articles=3))
    for host, cause in (
        ("127.0.0.1", "healthy"),
        ("localhost", "healthy"),
        ("127.1", "not_allowed"),
    ):
        found = await diagnose(server.url.replace("127.0.0.1", host))
        assert found.cause == cause, found


NETWORKS = [
    ("127.0.0.0/8,::1", True),
    (["127.0.0.1"], True),
    ("10.0.0.0/8", False),
    ("", False),
]


@pytest.mark.parametrize(("networks", "passes"), NETWORKS)
async def test_networks_of_the_user(networks: str | list[str], passes: bool) -> None:
    names = Names(mirror=[["127.0.0.1"]])
    async with listening(Listener(), "127.0.0.1") as listener:
        url = f"http://mirror.test:{listener.port}/"
        found = await fetch(url, names=names, NEWSCRAWL_NETWORKS=networks)
    assert isinstance(found[0], Response) is passes


async def test_networks_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^NEWSCRAWL_NETWORKS: 10.0.0.1/8 .*use 10\.1"):
        await crawl(
            "category", tmp_path / "news.db", "http://127.0.0.1:1/",
            settings={"NEWSCRAWL_NETWORKS": "10.0.0.1/8"},
        )  # fmt: skip


# -- hosts, schemes, and addresses that are read in two ways --------------------------------------

ELSEWHERE = [
    "http://other.test/",
    "http://sub.news.test/",
    "http://news.test./",
    "http://news.test.other.test/",
    "http://news.test@other.test/",
    "http://other.test\\@news.test/",
    "http://other.test#@news.test/",
    "http://other.test?@news.test/",
    "http://news.test%2eother.test/",
    "http://news.test%00.other.test/",
    "http://news.test:0/",
    "http://news.test:99999/",
    "http://[news.test]/",
    "http:///x",
    "ftp://news.test/",
    "file:///etc/passwd",
    "file://news.test/etc/passwd",
    "data:text/html,x",
    "gopher://news.test:6379/_x",
    "unix:///run/docker.sock",
    "ws://news.test/",
]


async def test_nothing_connects_to_another_host_or_by_another_scheme() -> None:
    names = Names(news=[["127.0.0.1"]], other=[["127.0.0.1"]])
    names.answers |= {f"{sub}.test": [["127.0.0.1"]] for sub in ("sub.news", "news.test.other")}
    async with listening(Listener(), "127.0.0.1") as listener:
        urls = [each.replace(".test/", f".test:{listener.port}/") for each in ELSEWHERE]
        with connects() as begun:
            found = await fetch(
                *urls, f"http://news.test:{listener.port}/", names=names, allowed=["news.test"],
                NEWSCRAWL_NETWORKS="127.0.0.0/8",
            )  # fmt: skip
    came = dict(zip(ELSEWHERE, found, strict=False))
    assert [url for url, each in came.items() if isinstance(each, Response)] == []
    assert isinstance(found[-1], Response)
    assert (begun, listener.connections) == (["127.0.0.1"], 1)


# -- what pages and redirects lead to -----------------------------------------------------------

INWARD = [
    ("http://127.0.0.1:{port}/x", "is an address of this machine, and is not that of base_url"),
    ("http://localhost:{port}/x", "redirects to another host"),
    ("http://[::1]:{port}/x", "redirects to another host"),
    ("http://0x7f.1:{port}/x", "redirects to another host"),
    ("//127.1:{port}/x", "redirects to another host"),
    ("http://[::1", "an invalid URL"),
    ("file:///etc/passwd", "status 302"),
]


@pytest.mark.parametrize(("location", "why"), INWARD)
async def test_redirects(serving: Serving, tmp_path: Path, location: str, why: str) -> None:
    server = serving(Site(articles=3))
    async with listening(Listener(), "127.0.0.1", "::1") as inside:
        to = location.format(port=inside.port)
        server.faults["/"] = Fault(status=302, headers={"Location": to})
        server.faults["/robots.txt"] = Fault(status=302, headers={"Location": to})
        outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert (outcome.exit, inside.connections) == (Exit.UNREACHABLE, 0)
    assert why in outcome.reason
    assert_balanced(ledger(tmp_path / "news.db"))


async def test_links_of_a_page(serving: Serving, tmp_path: Path) -> None:
    """Posts of a listing on another port of the host that is crawled, and on other hosts."""
    site = Site(articles=20)
    server = serving(site)
    async with listening(Listener(), "127.0.0.1", "::1") as inside:
        posts = [truth.paths[0] for truth in site.truths()]
        hosts = [
            f"127.0.0.1:{inside.port}",
            f"[::1]:{inside.port}",
            f"0x7f.1:{inside.port}",
            "[::127.1]",
        ]
        links = "".join(f'<li><a href="http://{host}{posts[-1]}">x</a></li>' for host in hosts)
        home = site.respond("/").body.replace(b"<li>", links.encode() + b"<li>", 1)
        server.faults["/"] = Fault(body=home)
        outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert inside.connections == 0
    assert outcome.exit is Exit.OK, outcome  # one page of 21 failed
    row = ledger(tmp_path / "news.db")
    assert (row["new"], row["failed"]) == (20, 1)
    assert_balanced(row)


@pytest.mark.parametrize("stored", [False, True])
async def test_share_links(tmp_path: Path, stored: bool) -> None:
    """A share link may name any host; the user's own, too, when it came out of a file."""
    path = tmp_path / "news.db"
    only = [["api_answer", "{base}/NewsData/GetNewsText.do?id={info_code}"]]
    async with listening(Listener(), "127.0.0.1") as inside:
        link = f"http://127.0.0.1:{inside.port}/html_News/NewsShare.html?infoCode="
        code = "NW202112282228490028"
        if stored:
            fill(path, article(page(code), share_url=link + code))
        named = {"stored": "1"} if stored else {"info_code": link + code}
        with connects() as begun:
            outcome = await _crawl_without_base(path, NEWSCRAWL_RESOLVERS=only, **named)
    assert (begun, inside.connections) == ([], 0)
    assert outcome is (Exit.OK if stored else Exit.UNREACHABLE)


async def _crawl_without_base(path: Path, **given: object) -> Exit:
    settings = {name: value for name, value in given.items() if name.isupper()}
    runner = AsyncCrawlerRunner(settings_for(str(path), **{**FAST, **settings}))
    crawler = runner.create_crawler("share")
    await runner.crawl(crawler, **{k: v for k, v in given.items() if not k.isupper()})
    outcome = run_of(crawler).outcome
    assert outcome is not None
    return outcome.exit


# -- proxies -------------------------------------------------------------------------------------


async def test_a_proxy_is_the_users_word_and_links_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy looks names up, so of an address only its text can be checked; that is."""
    async with listening(Listener(), "127.0.0.1") as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        urls = ["http://news.test/", "http://other.test/", "http://10.0.0.1/", "http://0x7f.1/"]
        allowed = ["news.test", "10.0.0.1", "0x7f.1"]
        found = await fetch(*urls, allowed=allowed)
    assert [isinstance(each, Response) for each in found] == [True, False, False, False]
    assert proxy.asked == [b"GET http://news.test/ HTTP/1.1"]


# -- certificates ----------------------------------------------------------------------------------


def certificate(folder: Path, *, name: str = "localhost", days: int = 1) -> Path:
    """Return a file with a key and its self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = datetime.now(UTC) + timedelta(days=days)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=9)).not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}-{days}.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path


CERTIFICATES = [
    ("one that is trusted", {}, True, True),
    ("self-signed", {}, False, False),
    ("for another name", {"name": "other.test"}, True, False),
    ("out of date", {"days": -1}, True, False),
]


@pytest.mark.parametrize(
    ("made", "is_trusted", "passes"), [case[1:] for case in CERTIFICATES],
    ids=[case[0] for case in CERTIFICATES],
)  # fmt: skip
async def test_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: dict[str, object], is_trusted: bool,
    passes: bool,
) -> None:  # fmt: skip
    path = certificate(tmp_path, **made)  # type: ignore[arg-type]
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    async with listening(Listener(), "127.0.0.1", ssl=context) as listener:
        found = await fetch(
            f"https://localhost:{listener.port}/", named=[("localhost", listener.port)]
        )
    assert isinstance(found[0], Response) is passes, found
    assert len(listener.asked) == passes


# -- nowhere else ----------------------------------------------------------------------------------


def test_the_spiders_bring_their_guard_along() -> None:
    """Into another project, and over a command line that takes the handlers away."""
    for given in ({}, {"DOWNLOAD_HANDLERS": {}}, {"DOWNLOAD_HANDLERS": {"ftp": None}}):
        settings = Settings()
        settings.setdict(given, priority="cmdline")
        CategorySpider.update_settings(settings)
        handlers = settings["DOWNLOAD_HANDLERS"]
        assert [handlers[scheme] for scheme in ("http", "https")] == [HANDLER] * 2


def test_nothing_else_connects() -> None:
    """Of all modules only the handler can open a connection: the rest import nothing that does."""
    client = re.compile(
        r"^\s*(?:from|import) (?:aiohttp|httpx|requests|urllib3|ftplib|smtplib|"
        r"urllib\.request|http\.client|socket|twisted\.(?:web|internet))\b", re.MULTILINE,
    )  # fmt: skip
    package = Path(newscrawl.__file__).parent
    found = {
        str(path.relative_to(package)): client.findall(path.read_text(encoding="utf-8"))
        for path in package.rglob("*.py")
    }
    listens = {"cli/serve.py", "demo/server.py"}
    connects = {"middlewares/handler.py", "runs/scrapy_private.py"}
    assert {name for name, imports in found.items() if imports} == listens | connects
