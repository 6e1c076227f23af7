"""What a server of ours gives its readers at once, and how long it waits for them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

import datasette
import pytest
from archives import article, fill, page
from crawls import command
from served import ask, serving

from newscrawl.archive.datasette import plugin
from newscrawl.archive.datasette.server import make


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a sample site."""
    db = tmp_path_factory.mktemp("bounds") / "news.db"
    ended = command("newscrawl", "demo", "--db", str(db))
    assert ended.returncode == 0, ended.stderr
    return db


@pytest.fixture(scope="module")
def site(archive: Path) -> Iterator[str]:
    """A server on it."""
    with serving(archive) as address:
        yield address


def test_no_page_says_which_datasette_it_is(archive: Path, site: str) -> None:
    for path in (archive.stem, f"{archive.stem}/articles", f"{archive.stem}?sql=select+1", "none"):
        assert datasette.__version__ not in ask(site + path).text


def test_few_things_at_once(archive: Path, site: str) -> None:
    table = f"{site}{archive.stem}/articles.json?_shape=array&_size=1"
    assert ask(table + "&_facet=source" * plugin.MOST_FACETS).status == 200
    assert ask(table + "&_facet=source" * (plugin.MOST_FACETS + 1)).status == 400
    assert ask(table + "&_col=title" * (plugin.MOST_WORDS - 2)).status == 200
    assert ask(table + "&_col=title" * (plugin.MOST_WORDS - 1)).status == 400


async def answered(
    archive: Path, requests: int, send: Callable[[plugin.Message], Awaitable[None]]
) -> None:
    """Let our server answer so many requests at once, for which *send* sends."""
    app = make(archive).app()
    scope = {
        "type": "http", "method": "GET", "path": f"/{archive.stem}/articles.json",
        "raw_path": f"/{archive.stem}/articles.json".encode(), "query_string": b"_size=max",
        "headers": [(b"host", b"localhost")],
    }  # fmt: skip
    await asyncio.gather(*(app(scope, None, send) for _ in range(requests)))


async def test_an_answer_waits_for_its_reader_in_pieces(archive: Path) -> None:
    """Else all of it would wait in memory, however slow the reader is."""
    sent = bytearray()
    begun = asyncio.Event()

    async def send(message: plugin.Message) -> None:
        if message["type"] == "http.response.body":
            begun.set()
            assert len(message["body"]) <= plugin.PIECE
            sent.extend(message["body"])
            assert message.get("more_body", False) is not sent.endswith(b"}")

    await answered(archive, 1, send)
    assert len(sent) > plugin.PIECE
    assert json.loads(sent)["rows"]


async def test_few_answers_wait_for_their_readers(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers that never read hold no more than their places, and these no longer than a while."""
    monkeypatch.setattr(plugin, "PATIENCE", 0.05)
    waiting: list[plugin.Message] = []
    most = 0

    async def send(message: plugin.Message) -> None:
        nonlocal most
        waiting.append(message)
        most = max(most, len(waiting))
        try:
            await asyncio.Event().wait()
        finally:
            waiting.remove(message)

    await answered(archive, 3 * plugin.AT_ONCE, send)
    assert most <= plugin.AT_ONCE


def test_a_body_that_is_deeper_than_any_is_not_cleaned(tmp_path: Path) -> None:
    """Cleaning takes the square of the depth: of this one, some minutes, and no other request is
    answered meanwhile."""
    db = tmp_path / "news.db"
    fill(db, article(page()))
    with closing(sqlite3.connect(db)) as stranger:
        deep = "<ul><li>" * 120_000
        stranger.execute("UPDATE articles SET body_html = ?, body_text = 'as words'", (deep,))
        stranger.commit()
        ((code,),) = stranger.execute("SELECT id FROM articles")
    with serving(db) as address:
        answer = ask(f"{address}article/{code}")
    assert answer.status == 200
    assert "<p>as words</p>" in answer.text


def test_an_article_that_lacks_something_is_shown(tmp_path: Path) -> None:
    """Whether a column may be empty is asked of the file, which the rules of SQL allow."""
    db = tmp_path / "news.db"
    fill(db, article(page(), summary=None, source=None))
    with closing(sqlite3.connect(db)) as found:
        ((code,),) = found.execute("SELECT id FROM articles")
    with serving(db) as address:
        assert ask(f"{address}article/{code}").status == 200
