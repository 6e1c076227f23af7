"""newscrawl/store/known.py: what spiders and middlewares learn of the archive."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page

from newscrawl.items import BodyRank, Page, PageKind
from newscrawl.store.errors import StoreError
from newscrawl.store.known import Known

CODE, OTHER = "NW202112282228490028", "NW202112282228490029"


def test_pages_and_articles(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    entry = page(OTHER, kind="list_entry")
    fill(
        path,
        article(page(CODE), share_url="http://share.test/"),
        article(entry, body_html=None, body_text=None, body_rank=BodyRank.SUMMARY),
    )
    with closing(sqlite3.connect(path)) as connection:
        known = Known(connection)
        found = known.page(page(CODE))
        assert found is not None
        assert (found.has_body, found.is_rejected, found.shown) == (
            True, False, ("2022-01-01T00:00:00+00:00",) * 2,
        )  # fmt: skip
        assert known.has_page(entry)
        assert known.page(page("NW202112282228490030")) is None
        assert (known.has_article(CODE), known.has_article(OTHER)) == (True, False)
        assert known.unresolved_links() == [("http://share.test/", CODE)]
        young = [(each.kind, code) for each, code, _ in known.young_posts("finews", "2021")]
        assert young == [(PageKind.POST_PAGE, CODE)]
        assert known.young_categories("finews", "2021") == {"guojishangbao": True}
        assert known.listings("finews", "home") == {}
        assert known.due_links("finews", "2030") == []


def test_an_unreadable_archive_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page(CODE)))
    with closing(sqlite3.connect(path)) as connection:
        known = Known(connection)
        connection.execute("DROP TABLE rejects")
        with pytest.raises(StoreError, match="no such table"):
            known.rejected_page(page(CODE), loader_version=1)


def test_kinds_are_told_by_their_value() -> None:
    made = Page("post_page", CODE, "http://x.test/", b"", "2022-01-01T00:00:00+00:00")  # type: ignore[arg-type]
    assert made.kind is PageKind.POST_PAGE
    with pytest.raises(ValueError, match="not a valid PageKind"):
        Page("post", CODE, "http://x.test/", b"", "")  # type: ignore[arg-type]
