"""What holds for every input, however hostile: shared by the hypothesis tests and by fuzz/run.py.

Each function takes bytes or text that a stranger chose and raises AssertionError, or what the code
under test should not have raised, where a promise is broken.
"""

from __future__ import annotations

import datetime
import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html.parser import HTMLParser
from urllib.parse import urlsplit

from newscrawl import sites
from newscrawl.items import Article, Page, Rejected
from newscrawl.sites import list_entry
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney import usual_body
from newscrawl.sites.eastmoney.info_code import (
    MAX_SLUG,
    BadInfoCode,
    canonical_url,
    date_of_info_code,
    info_code_of_stem,
    parse_info_code,
    public_url,
)
from newscrawl.sites.errors import MAX_DETAIL
from newscrawl.sites.finews import atom_feed, listing_page, post_file
from newscrawl.sites.list_answer import read_list_answer
from newscrawl.sites.lists import LISTS
from newscrawl.sites.normalise import missing, normalise
from newscrawl.store import article_rows
from newscrawl.store.connections import MEMORY
from newscrawl.store.merge import merge
from newscrawl.store.merger import observation_of
from newscrawl.store.raw_pages import load_raw_page, page_hash
from newscrawl.store.target import Target
from newscrawl.store.writer import Writer
from newscrawl.text.sanitize import OVERRIDES, is_plain, nfc, strip_controls
from newscrawl.text.times import BadTime, parse_time, read_published

NOW = datetime.datetime(2022, 7, 1, tzinfo=datetime.UTC)
ID = "NW202112282228490028"
ADDRESSES = {
    "post_page": f"http://mirror.test/guojishangbao/2021/12/28/{ID}.html",
    "api_answer": f"http://share.test/NewsData/GetNewsText.do?id={ID}",
    "article_page": f"https://finance.eastmoney.com/a/{ID[2:]}.html",
    "post_file": f"file:///finews/_posts/2021-12-28-{ID}.md",
}

# What no stored text may hold: controls but tab and newline, and halves of characters.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ONE_LINE = ("title", "source", "published_raw", "published_from", "share_url", "original_url")


# What a page says is its own address: there a spider asks for it.
_CANONICAL = re.compile(rb'<link rel="canonical" href="([\x21\x23-\x7e]{1,200})"')


def page_of(kind: str, body: bytes, content_type: str | None = None) -> Page:
    """Return a page of an article, as a spider would have it."""
    url = ADDRESSES.get(kind, "http://mirror.test/")
    if kind == "post_page" and (own := _CANONICAL.search(body)):
        url = own[1].decode()
    id_ = post_file.id_of(urlsplit(url).path) if kind == "post_file" else ID
    return Page(kind, id_, url, body, NOW.isoformat(), content_type=content_type)


# -- pages ------------------------------------------------------------------------------------


def page_is_read(kind: str, body: bytes, content_type: str | None = None) -> str:
    """A page gives an article that is stored as it is, or a reason; return which."""
    page = page_of(kind, body, content_type)
    with archive() as writer:
        return _reads(writer, page)


def _reads(writer: Writer, page: Page) -> str:
    try:
        article = sites.read_page(page)
    except sites.Unreadable as error:
        _is_rejected(writer, page, error)
        return error.reason
    assert missing(article) is None
    _is_stored(writer, normalise(article))
    return "read"


def listing_is_read(body: bytes, content_type: str | None = None) -> str:
    """A home or category page gives links, or a reason."""
    page = page_of("listing_page", body, content_type)
    listing_page.asks_for_password(page)
    try:
        found = listing_page.read_listing(page)
    except sites.Unreadable as error:
        with archive() as writer:
            _is_rejected(writer, page, error)
        return error.reason
    for each in (*found.links, *found.categories, found.heading or ""):
        assert not _CONTROLS.search(each)
    return "read"


def list_is_read(name: str, body: bytes, content_type: str | None = None) -> str:
    """An answer of a list, and each of its entries, gives what can be stored, or a reason."""
    asked = LISTS[name]
    page = page_of("list_answer", body, content_type)
    with archive() as writer:
        try:
            answer = read_list_answer(asked, page)
        except sites.Unreadable as error:
            _is_rejected(writer, page, error)
            return error.reason
        for record in answer.records:
            if asked.shape is atom_feed.SHAPE:
                atom_feed.is_broken(record)
            try:
                one = list_entry.entry_page(asked.shape, record, page, answered_at=NOW)
            except BadInfoCode as error:
                one = list_entry.page_of_nothing(asked.shape, record, page)
                _is_rejected(writer, one, sites.Unreadable("no_id", str(error)))
                continue
            _reads(writer, one)
    return "read"


def body_is_read(html: str) -> None:
    """A body gives safe markup and clean lines, or the one reason that it may give.

    Whether it is read with a tree or without makes no difference.
    """
    usually = usual_body.read_usual_body(strip_controls(html))
    try:
        found = bodies.read_html(html)
    except sites.Unreadable as error:
        _is_short(error, reason="too_large")
        return
    assert usually is None or usually == found
    assert not _CONTROLS.search((found.html or "") + (found.text or ""))
    _Safe().feed(found.html or "")
    for line in (found.text or "一").split("\n"):
        assert line.strip()
        assert line == line.strip() or "\t" in line  # a row keeps empty cells, at its ends too
        assert all(cell == " ".join(cell.split()) for cell in line.split("\t"))
    if found.text:
        assert found.html
        assert found.rank is not None
        again = bodies.read_html(found.html)
        assert again.html is None or not _CONTROLS.search(again.html)


class _Safe(HTMLParser):
    """Reads markup as another program would, and finds nothing in it that could run or fetch."""

    _TAGS = frozenset(
        re.findall(
            r"\w+",
            "a abbr address article aside b big blockquote br caption center cite code col colgroup"
            " dd del div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img"
            " ins li mark ol p pre q s section small span strike strong sub sup table tbody td"
            " tfoot th thead tr tt u ul wbr",
        )
    )
    _ATTRIBUTES = frozenset(
        ("href", "src", "class", "id", "data-code", "alt", "width", "height", "colspan", "rowspan")
    )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self._TAGS, tag
        assert {name for name, _ in attrs} <= self._ATTRIBUTES, attrs
        for name, value in attrs:
            scheme = re.match(r"[\x00-\x20]*([A-Za-z][A-Za-z0-9+.-]*):", value or "")
            if name in ("href", "src") and scheme:
                assert scheme[1].lower() in ("http", "https"), value

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


# -- ids, URLs and times ----------------------------------------------------------------------


def address_is_read(text: str) -> None:
    """Any text is an id or an address in its one form, or BadInfoCode."""
    try:
        found = parse_info_code(text)
    except BadInfoCode as error:
        _is_short(error)
    else:
        assert re.fullmatch("[A-Z]{2,5}[0-9]{9,24}", found)
        assert parse_info_code(found) == found
        date_of_info_code(found)
        url = public_url(found)
        assert url is None or parse_info_code(url) == found
    try:
        stem = info_code_of_stem(text, "finews")
    except BadInfoCode:
        pass
    else:
        assert len(stem) <= MAX_SLUG + len("finews:")
        assert not re.search(r"[/\\\x00-\x1f]|\.\.", stem)
    assert canonical_url(canonical_url(text)) == canonical_url(text)
    listing_page.is_post_link(text)
    for each in (
        *(listing_page.category_of_link(text) or ()),
        *listing_page.category_of_path(text),
    ):
        assert each


def time_is_read(text: str) -> None:
    """Any text is a time in China, or BadTime; and what is made of it is one or nothing."""
    day = datetime.date(2021, 12, 28)
    for options in ({}, {"day": day}, {"day": day, "now": NOW}):
        try:
            at, precision = parse_time(text, **options)
        except BadTime as error:
            _is_short(error)
        else:
            assert at.utcoffset() == datetime.timedelta(hours=8)
            assert 1990 <= at.year <= 2100
            assert precision in ("second", "minute", "day")
    for raw_, shift in ((text, None), (text, -8), (None, None)):
        found = read_published(raw_, where="x", info_code_date=day, shift=shift, now=NOW)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", found.at or "")


def _is_short(error: Exception, reason: str = "") -> None:
    """What is said of strangers' text quotes little of it, escaped."""
    assert len(str(error)) < 1000
    assert str(error).isprintable()
    assert not reason or getattr(error, "reason", "") == reason


# -- characters -------------------------------------------------------------------------------


def text_is_settled(text: str) -> None:
    """NFC replaces no character that stands for itself, works once, and joins no markup."""
    found = nfc(text)
    assert nfc(found) == found
    assert unicodedata.normalize("NFD", found) == unicodedata.normalize("NFD", text)
    for each in set(text):
        if each in "<=>" or not unicodedata.is_normalized("NFC", each):
            assert found.count(each) == text.count(each)


# -- the archive ------------------------------------------------------------------------------


@contextmanager
def archive() -> Iterator[Writer]:
    """Give the writer of an archive in memory, with nothing in it."""
    empty, target = _archives()
    empty.db.backup(target.db)
    writer = Writer(target.db, spider="test", arguments={}, versions={}, pid=1)
    try:
        yield writer
        writer.commit()
        _is_clean(writer.connection)
    finally:
        writer.rollback()


@cache
def _archives() -> tuple[Target, Target]:
    """An empty archive and one to copy it to: a copy takes a fiftieth of making one."""
    return Target(MEMORY), Target(MEMORY)


def _is_stored(writer: Writer, article: Article) -> None:
    assert article.id is not None
    assert article.page is not None
    for name in _ONE_LINE:
        value = getattr(article, name)
        assert value is None or (value and value == " ".join(value.split())), name
        assert not set(value or "") & set(OVERRIDES), name
    for text in (article.title, article.summary, article.body_text, *(article.tags or ())):
        assert text is None or is_plain(text) or nfc(text) == text
    known = article_rows.load_article(writer.connection, article.id)
    writer.add(article, loader_version=sites.LOADER_VERSION)
    if known.has_row:  # a list may name it twice
        return
    stored = article_rows.load_article(writer.connection, article.id)
    assert stored.row == merge([observation_of(article, article.page)])
    key = page_hash(article.page.body)
    assert load_raw_page(writer.connection, key) == article.page.body


def _is_rejected(writer: Writer, page: Page, error: sites.Unreadable) -> None:
    assert error.reason in sites.REASONS
    assert error.reason != "crash"
    assert error.detail
    assert len(error.detail) <= MAX_DETAIL
    reject = Rejected(page, error.reason, error.detail)
    writer.reject(reject, loader_version=sites.LOADER_VERSION)
    stored = writer.connection.execute(
        "SELECT reason, detail FROM rejects WHERE url = ? AND reason = ?", (page.url, error.reason)
    ).fetchone()
    assert stored == (error.reason, error.detail)


# Columns of the sources' own headers and of numbers; FTS5's own tables.
_TABLES = (
    "articles", "article_categories", "article_tags", "mentions", "images", "categories",
    "category_names", "observations", "rejects",
)  # fmt: skip


def _is_clean(db: sqlite3.Connection) -> None:
    """Every text that is stored is UTF-8 (else this raises) without control characters."""
    for table in _TABLES:
        for row in db.execute(f"SELECT * FROM {table}"):
            for value in row:
                assert not isinstance(value, str) or not _CONTROLS.search(value), (table, value)
