"""`newscrawl export --format atom` and `rss`: valid, and a feed reader takes them."""

from __future__ import annotations

from calendar import timegm
from datetime import datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest
from archives import article, fill, page
from crawls import ROOT, command
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from newscrawl.archive.export import FORMATS
from newscrawl.archive.records import NAMES, Record
from newscrawl.items import Mention

ATOM = "{http://www.w3.org/2005/Atom}"
SCHEMAS = {
    name: etree.RelaxNG(etree.parse(ROOT / "tests" / "grammars" / f"{name}.rng"))
    for name in ("atom", "rss")
}
HOSTILE = "<script>alert(1)</script> & <b>]]> \x00\x08\x1b\ufffe &lt; 标题\r\n二"
CODE = "NW202112282228490028"


def is_valid(name: str, root: etree._Element) -> bool:
    """Whether the grammar takes it, and what RFC 4287, 4.1.2, says of links holds."""
    alternates = [
        (len(entry.findall(f"{ATOM}link[@rel='alternate']")), entry.find(f"{ATOM}content"))
        for entry in root.iterfind(f"{ATOM}entry")
    ]
    linked = all(count == 1 or (count == 0 and has is not None) for count, has in alternates)
    return linked and bool(SCHEMAS[name].validate(root))


def feed(name: str, path: Path) -> tuple[etree._Element, Any]:
    """Export; check by the grammar and by a feed reader; return the tree and what was read."""
    done = command("newscrawl", "export", "--format", name, "--db", str(path))
    assert done.returncode == 0, done.stderr
    root = etree.fromstring(done.stdout.encode())
    assert is_valid(name, root), SCHEMAS[name].error_log
    read = feedparser.parse(done.stdout.encode())
    assert not read.bozo, read.bozo_exception
    assert read.version == {"atom": "atom10", "rss": "rss20"}[name]
    return root, read


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "news.db"
    fill(
        made,
        article(page(), title="降息", body_html="<p>正文 &amp; <b>重</b></p>", summary="摘要 < 1",
                share_url="https://s.test/x?infoCode=NW1&a=<b> ", source="证券时报",
                original_url="https://finance.eastmoney.com/a/202112282228490028.html",
                mentions=[Mention("1", "600160", "巨化股份", "stock", 2)]),
        article(page("NW202112292228490029"), title=HOSTILE, source=None, published_at=None,
                share_url="javascript:alert(1)", body_html=None, body_text=HOSTILE,
                categories=["a<b", "\x00"], tags=[]),
        article(page("init"), id="finews:初/ 始", title=None, body_text="长" * 100),
    )  # fmt: skip
    return made


def test_atom(path: Path) -> None:
    root, read = feed("atom", path)
    first, second, third = read.entries
    assert first.id == f"tag:finews.withounder.com,2022:{CODE}"
    assert (first.title, first.author, first.summary) == ("降息", "证券时报", "摘要 < 1")
    assert first.content[0].value == "<p>正文 &amp; <b>重</b></p>"
    assert first.content[0].type == "text/html"
    assert [each.term for each in first.tags] == ["guojishangbao", "国际商报新闻"]
    assert [(each.rel, each.href) for each in first.links] == [
        ("alternate", "https://finance.eastmoney.com/a/202112282228490028.html"),
        ("related", "https://s.test/x?infoCode=NW1&a=%3Cb%3E"),
    ]
    assert first.published == "2021-12-28T14:27:35+08:00"
    assert timegm(first.published_parsed) == timegm((2021, 12, 28, 6, 27, 35))
    assert first.updated == root.findtext(f"{ATOM}entry/{ATOM}updated")
    # The head's time is that of the last change.
    assert root.findtext(f"{ATOM}updated") == third.updated
    titles = [each.findtext(f"{ATOM}title") for each in root.iterfind(f"{ATOM}entry")]
    assert titles == [
        "降息",
        "<script>alert(1)</script> & <b>]]> \ufffd\ufffd\ufffd\ufffd &lt; 标题 二",
        "长" * 60 + "…",
    ]
    assert second.title_detail.type == "text/plain"
    assert "published" not in second
    assert "links" not in second
    assert read.feed.author == "newscrawl"  # who answers for an entry without a source
    assert third.id == "tag:finews.withounder.com,2022:finews:%E5%88%9D%2F%20%E5%A7%8B"


def test_rss(path: Path) -> None:
    root, read = feed("rss", path)
    first, second, third = read.entries
    assert (first.id, first.guidislink) == (f"tag:finews.withounder.com,2022:{CODE}", False)
    assert (first.title, first.author) == ("降息", "证券时报")
    assert first.link == "https://finance.eastmoney.com/a/202112282228490028.html"
    assert first.content[0].value == "<p>正文 &amp; <b>重</b></p>"
    assert first.published == "Tue, 28 Dec 2021 14:27:35 +0800"
    updated = root.findtext(f"channel/item/{ATOM}updated")
    assert updated is not None
    assert datetime.fromisoformat(updated).tzinfo is not None
    items = root.findall("channel/item")
    assert items[0].findtext("description") == "摘要 &lt; 1"  # it is HTML
    # Readers take titles for HTML: there is no tag in them, not even one that is taken for one.
    title = items[1].findtext("title") or ""
    assert title.startswith("&lt;script>alert(1)&lt;/script> & &lt;b>")
    assert [each.text for each in items[1].iterfind("category")] == ["\ufffd", "a<b"]
    assert third.title == "长" * 60 + "…"
    assert "link" not in second


@pytest.mark.parametrize("name", ["atom", "rss"])
def test_no_articles(path: Path, name: str) -> None:
    done = command("newscrawl", "export", "--format", name, "--since-seq", "99", "--db", str(path))
    assert is_valid(name, etree.fromstring(done.stdout.encode()))
    assert feedparser.parse(done.stdout).entries == []


@pytest.mark.parametrize("name", ["atom", "rss"])
@given(st.text(), st.text(), st.text() | st.text().map("http://a{}".format))
@example("", "<?", "")  # markup of which nothing is left
def test_any_text(name: str, one: str, other: str, address: str) -> None:
    record = Record(
        f"finews:{one}", None, 1, one, None, None, other, one, other, other, None, other, address,
        one, "2022-01-01T00:00:00+00:00", "2022-01-01T00:00:00+00:00", [one], [other], [], [],
    )  # fmt: skip
    made = b"".join(FORMATS[name]([record, record], record.changed_at, NAMES))
    root = etree.fromstring(made)
    assert is_valid(name, root), SCHEMAS[name].error_log
    entries = root.findall(f"{ATOM}entry") or root.findall("channel/item")
    assert len(entries) == 2
    assert {len(each) for each in entries[0].iter() if each is not entries[0]} <= {0, 1}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<updated>", "<updated>x"),
        ("<id>", "<id>x y"),
        ('rel="related"', 'rel="alternate"'),
        ("<title>降息</title>", ""),
        ("<title>降息</title>", "<title><b>x</b></title>"),
        ("+08:00</published>", "</published>"),
        ("<author><name>newscrawl</name></author>", ""),
    ],
)
def test_the_grammar_refuses(path: Path, old: str, new: str) -> None:
    done = command("newscrawl", "export", "--format", "atom", "--db", str(path))
    assert old in done.stdout
    assert is_valid("atom", etree.fromstring(done.stdout.encode()))
    assert not is_valid("atom", etree.fromstring(done.stdout.replace(old, new).encode()))
