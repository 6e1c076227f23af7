"""Two spellings of one address are one page of a run: asked for once, and counted as repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from crawls import assert_balanced, command, crawl, ledger
from hypothesis import given
from hypothesis import strategies as st
from samplesite.server import Answers, Fault, Server
from samplesite.site import Response, Site
from w3lib.url import canonicalize_url

from newscrawl.runs.outcome import Exit
from newscrawl.sites.eastmoney.share_urls import resolver_urls
from newscrawl.text.urls import normalized_path, normalized_url

Serving = Callable[[Answers], Server]

SPELLINGS = {
    "order of parameters": ("?a=1&b=2", "?b=2&a=1"),
    "plus and space": ("?x=a+c", "?x=a%20c"),
    "empty parameter": ("?a", "?a="),
    "empty query": ("", "?"),
    "fragment": ("", "#top"),
    "escape in small letters": ("?x=%E4%B8%AD", "?x=%e4%b8%ad"),
    "needless escape": ("?x=a", "?x=%61"),
}
"""What is added to the path of a post, twice."""
SITE = Site(articles=20, oddities=frozenset({"quoted_title"}))
POST = next(truth.paths[0] for truth in SITE.truths() if truth.linked and len(truth.posts) == 1)


@dataclass(frozen=True)
class Respelt:
    """A site that links a post under several addresses in the place of its own."""

    links: tuple[str, ...]

    def respond(self, address: str) -> Response:
        """Answer; the query of a post's address is nothing to a static site."""
        found = SITE.respond(address.partition("?")[0] if "/20" in address else address)
        own = f'href="{POST}"'.encode()
        both = "".join(f'href="{link}">x</a><a ' for link in self.links).encode()
        return Response(found.status, found.body.replace(own, both + own), found.headers)


@pytest.mark.parametrize("ends", SPELLINGS.values(), ids=SPELLINGS)
async def test_links(serving: Serving, tmp_path: Path, ends: tuple[str, str]) -> None:
    server = serving(Respelt(tuple(POST + each for each in ends)))
    for run in range(2):
        db = tmp_path / "news.db"
        outcome = await crawl("category", db, server.url, share="1", revisit=str(run))
        assert outcome.exit is Exit.OK, outcome
        assert_balanced(ledger(db))
        assert ledger(db)["repeated"] > 0
        asked = [path for path in server.paths() if path.startswith(POST)]
        assert len(asked) == len({normalized_url(server.url + path) for path in asked})
        server.requests.clear()


async def test_host_in_capitals(serving: Serving, tmp_path: Path) -> None:
    port = (server := serving(Respelt(()))).port
    server.site = Respelt((f"http://LocalHost:{port}{POST}", f"http://LOCALHOST:{port}{POST}"))
    outcome = await crawl("category", tmp_path / "news.db", f"http://localhost:{port}/")
    assert outcome.exit is Exit.OK, outcome
    assert_balanced(ledger(tmp_path / "news.db"))
    assert server.paths().count(POST) == 1


@pytest.mark.parametrize("ends", SPELLINGS.values(), ids=SPELLINGS)
async def test_feed(serving: Serving, tmp_path: Path, ends: tuple[str, str]) -> None:
    """An entry whose title is lost leads to its post, by whatever address it names."""
    server = serving(site := Site(articles=60, oddities=frozenset({"quoted_title"})))

    def twice(feed: Response) -> Response:
        head, entry, rest = feed.body.decode().partition("<entry>")
        first, end, rest = rest.partition("</entry>")
        links = [f'.html{each}" rel='.replace("&", "&amp;") for each in ends]
        entries = [entry + first.replace('.html" rel=', each) + end for each in links]
        return Response(200, (head + "".join(entries) + rest).encode(), feed.headers)

    server.faults["/feed.xml"] = twice
    broken = next(truth for truth in site.truths() if "quoted_title" in truth.oddities)
    db = tmp_path / "news.db"
    assert (await crawl("feed", db, server.url, name="atom")).exit is Exit.OK
    assert_balanced(ledger(db))
    assert ledger(db)["repeated"] == 1
    asked = [path for path in server.paths() if path.startswith("/20")]
    assert [path.partition("?")[0] for path in asked] == [broken.paths[0]]


ANSWER = "{base}/NewsData/GetNewsText.do"


@pytest.mark.parametrize("ends", SPELLINGS.values(), ids=SPELLINGS)
async def test_resolvers(serving: Serving, tmp_path: Path, ends: tuple[str, str]) -> None:
    """Two places that are one are asked once, and do not hide the third."""
    server, digits = serving(SITE), next(t.digits for t in SITE.truths() if t.digits)
    ways = [("api_answer", f"{ANSWER}/{{info_code}}{each}") for each in ends]
    settings = {"NEWSCRAWL_RESOLVERS": [*ways, ("article_page", "{base}/a/{digits}.html")]}
    outcome = await crawl(
        "share", tmp_path / "news.db", server.url, info_code=f"NW{digits}", settings=settings
    )
    assert outcome.exit is Exit.OK, outcome
    run = ledger(tmp_path / "news.db")
    assert_balanced(run)
    assert (run["failed"] + run["rejected"], run["new"]) == (1, 1)


def test_a_link_whose_host_is_in_capitals() -> None:
    resolvers = [
        ("api_answer", "{base}/x?id={info_code}"),
        ("api_answer", "http://a.test/x?id={info_code}"),
    ]
    found = resolver_urls("NW202112282228490028", resolvers, base="http://A.TEST:80/", hosts=None)
    assert len(list(found)) == 1


async def test_redirects(serving: Serving, tmp_path: Path) -> None:
    """Two links that lead on to one page by two spellings of its address."""
    server = serving(Respelt((f"{POST}?one", f"{POST}?two")))
    for name, end in (("one", "?a=1&b=2"), ("two", "?b=2&a=1")):
        server.faults[f"{POST}?{name}"] = Fault(status=302, headers={"Location": POST + end})
    outcome = await crawl("category", tmp_path / "news.db", server.url)
    assert outcome.exit is Exit.OK, outcome
    assert_balanced(ledger(tmp_path / "news.db"))


async def test_retries(serving: Serving, tmp_path: Path) -> None:
    server = serving(Respelt((f"{POST}?a", f"{POST}?a=")))
    server.faults[f"{POST}?a"] = server.faults[f"{POST}?a="] = Fault(status=503, times=1)
    outcome = await crawl("category", tmp_path / "news.db", server.url, settings={"RETRY_TIMES": 1})
    assert outcome.exit is Exit.OK, outcome
    assert_balanced(ledger(tmp_path / "news.db"))


def test_scrapy_parse(serving: Serving, tmp_path: Path) -> None:
    server = serving(Respelt((f"{POST}?a", f"{POST}?a=")))
    done = command(
        "scrapy", "parse", "--spider", "category", "-a", f"base_url={server.url}",
        f"{server.url.rstrip('/')}{POST}?a=", "-s", "DOWNLOAD_DELAY=0", "--nolog",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    truth = next(truth for truth in SITE.truths() if POST in truth.paths)
    assert truth.info_code in done.stdout


SAME = [
    ("http://A.test/x", "http://a.test/x"),
    ("http://a.test:80/x", "http://a.test/x"),
    ("https://a.test:443/x?b=1", "https://a.test/x?b=1"),
    ("http://a.test", "http://a.test/"),
    ("http://a.test/a/../x", "http://a.test/x"),
    ("http://a.test/%7Ex", "http://a.test/~x"),
    *((f"http://a.test/x{one}", f"http://a.test/x{two}") for one, two in SPELLINGS.values()),
]
OTHERS = [
    ("http://a.test:81/x", "http://a.test/x"),
    ("http://a.test:443/x", "http://a.test/x"),
    ("http://a.test/X", "http://a.test/x"),
    ("http://a.test/a+c", "http://a.test/a%20c"),
    ("http://a.test/x?a=1&a=2", "http://a.test/x?a=1"),
    ("https://a.test/x", "http://a.test/x"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_one_spelling(one: str, two: str) -> None:
    assert normalized_url(one) == normalized_url(two)
    assert normalized_path(one) == normalized_path(two)


@pytest.mark.parametrize(("one", "two"), OTHERS)
def test_another_address(one: str, two: str) -> None:
    assert normalized_url(one) != normalized_url(two)


@given(st.text("aZ0/.-_~(),%E4e+;=?& 中:81", max_size=20))
def test_what_scrapy_takes_for_one_is_one(end: str) -> None:
    """An address that looks plain is its own one spelling, as Scrapy has it."""
    url = f"http://a.test/{end}"
    assert normalized_url(url) == canonicalize_url(url)
    assert normalized_url(url) == f"http://a.test/{normalized_path(url)}"
