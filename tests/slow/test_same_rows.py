"""Post files, the site made of them, or both in either order: the same articles, to the row."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from crawls import FAST, crawl, dump, query
from samplesite.server import Answers, Folder, Server
from samplesite.site import Site
from scrapy.crawler import AsyncCrawlerRunner

from newscrawl.archive.export.jekyll import jekyll_posts
from newscrawl.runs.outcome import Exit
from newscrawl.runs.process import settings_for
from newscrawl.runs.run import run_of
from newscrawl.store.connections import open_for_reading

Serving = Callable[[Answers], Server]

MAY_DIFFER = {
    "seq": "counts the changes of this file",
    "first_seq": "counts the changes of this file",
    "first_seen_at": "when this file came to know it",
    "changed_at": "when this file came to know it",
    "published_raw": "a page prints its time in other words than the front matter",
    "published_from": "and in another place",
}
"""Columns of a row that depend on which pages were read, and why."""
TYPESET = "a page's summary is typeset by the build: bars, straight quotes"


async def load(db: Path, *paths: Path) -> None:
    runner = AsyncCrawlerRunner(settings_for(str(db), **FAST))
    crawler = runner.create_crawler("posts")
    await runner.crawl(crawler, paths="\n".join(map(str, paths)))
    outcome = run_of(crawler).outcome
    assert outcome is not None
    assert outcome.exit is Exit.OK, outcome


def rows(db: Path, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return each article's row with its categories, tags, mentions and images."""
    found = dump(db, without=(*MAY_DIFFER, *without))
    articles = {row["id"]: row for row in found["articles"]}
    for table in ("article_tags", "mentions", "images"):
        for row in found[table]:
            articles[row["article_id"]].setdefault(table, []).append(row)
    for row in found["article_categories"]:
        articles[row["article_id"]].setdefault("categories", set()).add(row["category"])
    return articles


async def both_ways(folder: Path, site: Answers, serving: Serving, *files: Path) -> dict[str, Path]:
    """Fill four archives: from files, from the site, and from both in either order."""
    made = {name: folder / f"{name}.db" for name in ("files", "site", "files_site", "site_files")}
    url = serving(site).url
    for name in ("files", "files_site"):
        await load(made[name], *files)
    for name in ("site", "site_files", "files_site"):
        await crawl("category", made[name], url)
    await load(made["site_files"], *files)
    return made


async def test_real_posts_and_their_site(finews: Path, serving: Serving, tmp_path: Path) -> None:
    files = finews / "posts", finews / "old_post"
    made = await both_ways(tmp_path, Folder(finews / "site"), serving, *files)
    site, from_files = rows(made["site"]), rows(made["files"])
    assert len(site) == 13
    assert {code: from_files[code] for code in site} == site
    only_files = {"NW202112082206703990", "NW202112082207166919"}
    assert set(from_files) - set(site) == only_files
    assert rows(made["files_site"]) == rows(made["site_files"]) == from_files
    for path in made.values():
        assert query(path, "SELECT count(*) FROM revisions") == [(0,)]
        assert query(path, "SELECT count(*) FROM rejects") == [(0,)]


async def test_both_orders_are_the_same_to_the_last_column(
    finews: Path, serving: Serving, tmp_path: Path
) -> None:
    files = finews / "posts", finews / "old_post"
    made = await both_ways(tmp_path, Folder(finews / "site"), serving, *files)
    sql = "SELECT id, published_raw, published_from FROM articles ORDER BY 1"
    assert query(made["files_site"], sql) == query(made["site_files"], sql)


async def test_made_posts_and_their_site(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=120, oddities=frozenset({"all"}))
    for name, body in site.posts():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    made = await both_ways(tmp_path, site, serving, tmp_path / "repository")
    pages, from_files = (rows(made[name], without=("summary",)) for name in ("site", "files"))
    typeset = {
        truth.info_code for truth in site.truths() if truth.digest != truth.digest_shown
    }  # TYPESET
    assert set(pages) < set(from_files)
    for code, row in pages.items():
        if code not in typeset:
            assert from_files[code] == row
    both = rows(made["files_site"])
    assert both == rows(made["site_files"])
    # Where a file is known, its words and its time are taken, whatever its page makes of them.
    summaries = {code: row["summary"] for code, row in rows(made["files"]).items()}
    assert {code: row["summary"] for code, row in both.items()} == summaries
    assert {both[code]["published_at"] == from_files[code]["published_at"] for code in both} == {
        True
    }


@pytest.mark.parametrize("kind", ["real", "made"])
async def test_a_stored_file_comes_out_byte_for_byte(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if kind == "real":
        finews: Path = request.getfixturevalue("finews")
        given = {
            f"{folder}/{path.name}": path.read_bytes()
            for folder in ("posts", "old_post")
            for path in (finews / folder).glob("*.md")
        }
        await load(tmp_path / "news.db", finews / "posts", finews / "old_post")
    else:
        given = dict(Site(articles=120, oddities=frozenset({"all"})).posts())
        for name, body in given.items():
            path = tmp_path / "repository" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        await load(tmp_path / "news.db", tmp_path / "repository")
    with closing(open_for_reading(tmp_path / "news.db")) as connection:
        codes = [code for (code,) in connection.execute("SELECT id FROM articles")]
        written = {path: body for code in codes for path, body in jekyll_posts(connection, code)}
    assert written == given


async def test_posts_of_pages_lead_back_to_the_same_rows(serving: Serving, tmp_path: Path) -> None:
    """An article met only as pages is written as a post; read again, it is the same article."""
    site = Site(articles=120, oddities=frozenset({"all"}))
    await crawl("category", tmp_path / "pages.db", serving(site).url)
    with closing(open_for_reading(tmp_path / "pages.db")) as connection:
        codes = [code for (code,) in connection.execute("SELECT id FROM articles")]
        for code in codes:
            for name, body in jekyll_posts(connection, code):
                path = tmp_path / "out" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
    await load(tmp_path / "files.db", tmp_path / "out")
    first = rows(tmp_path / "pages.db", without=("share_url", "body_rank"))
    again = rows(tmp_path / "files.db", without=("share_url", "body_rank"))
    # Generation 7a, a summary of another category than emnews, has no form in generation 8: its
    # paragraph reads as a body, whose end names no source.
    of_7a = {truth.info_code for truth in site.truths() if truth.generation == "7a"}
    for code, row in first.items():
        if code in of_7a:
            continue
        front = ("title", "published_at", "source", "body_text", "categories", "article_tags")
        assert {name: again[code].get(name) for name in front} == {
            name: row.get(name) for name in front
        }, code
