"""`newscrawl.open`: the archive for Python programs."""

from __future__ import annotations

import json
import subprocess
import sys
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from archives import article, fill, page
from crawls import crawl
from samplesite.server import Answers, Server
from samplesite.site import Site

import newscrawl
from newscrawl.archive.names import UnknownName
from newscrawl.archive.search_query import BadQuery
from newscrawl.items import Mention
from newscrawl.store.errors import StoreError

Serving = Callable[[Answers], Server]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "news.db"
    fill(
        made,
        article(page(), mentions=[Mention("1", "600160", "巨化股份", "stock", 2)], images=["i"]),
        article(page("NW202112292228490029"), title="第二", source="证券时报", categories=["b"],
                published_at="2021-12-29T10:00:00+08:00"),
    )  # fmt: skip
    return made


def test_open(path: Path) -> None:
    with newscrawl.open(path) as archive:
        assert [each.title for each in archive.latest()] == ["第二", "标题"]
        assert [each.title for each in archive.latest(since="2021-12-29")] == ["第二"]
        assert [each.title for each in archive.articles(security="1.600160")] == ["标题"]
        assert [each.title for each in archive.search("第二", source="证券时报")] == ["第二"]
        assert archive.article("NW202112282228490028").title == "标题"  # type: ignore[union-attr]
        assert archive.article("NW202112282228490099") is None
        with pytest.raises(UnknownName):
            archive.articles(category="none")
        with pytest.raises(BadQuery):
            archive.search("AND")
        with pytest.raises(Exception, match="readonly"):
            archive.connection.execute("DELETE FROM articles")


def test_record_is_whole(path: Path) -> None:
    with newscrawl.open(path) as archive:
        first, second = archive.articles()
    assert (first.categories, first.tags, first.images) == (
        ["guojishangbao"], ["国际商报新闻"], ["i"],
    )  # fmt: skip
    assert first.mentions == [Mention("1", "600160", "巨化股份", "stock", 2)]
    assert second.mentions == []
    assert str(first.published) == "2021-12-28 14:27:35+08:00"


def test_changes_come_once_in_their_latest_state(path: Path) -> None:
    with newscrawl.open(path) as archive:
        seen = list(archive.changes())
        cursor = seen[-1].seq
        assert [each.title for each in seen] == ["标题", "第二"]
        assert list(archive.changes(cursor)) == []
        fill(path, article(page(observed_at="2022-02-01"), title="新标题"))
        [changed] = archive.changes(cursor)
        assert (changed.title, changed.seq > cursor) == ("新标题", True)


async def test_many_batches(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newscrawl.archive.records.BATCH", 7)
    site = Site(articles=60)
    await crawl("category", tmp_path / "news.db", serving(site).url)
    with newscrawl.open(tmp_path / "news.db") as archive:
        found = list(archive.articles())
    assert {each.id for each in found} == {t.info_code for t in site.truths() if t.linked}
    assert [each.seq for each in found] == sorted({each.seq for each in found})


def test_pandas_without_a_zone_database(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    monkeypatch.setitem(sys.modules, "tzdata", None)  # as importlib says: not there
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        with pytest.raises(zoneinfo.ZoneInfoNotFoundError):
            zoneinfo.ZoneInfo("Asia/Shanghai")
        with newscrawl.open(path) as archive:
            table = archive.to_pandas()
    finally:
        zoneinfo.reset_tzpath()
    assert str(table["published_at"].iloc[0]) == "2021-12-28 14:27:35+08:00"


def test_pandas(path: Path) -> None:
    pytest.importorskip("pandas")
    with newscrawl.open(path) as archive:
        table = archive.to_pandas()
        none = archive.to_pandas(since="2030-01-01")
    assert (none.empty, list(none.columns)) == (True, list(table.columns))
    assert str(none["published_at"].dtype).endswith("Asia/Shanghai]")
    assert str(table["published_at"].dtype).endswith("Asia/Shanghai]")
    assert str(table["published_at"].iloc[0]) == "2021-12-28 14:27:35+08:00"


@pytest.mark.parametrize(
    "until",
    [
        "2021-12-28",
        date(2021, 12, 28),
        datetime(2021, 12, 28, 3),
        datetime(2021, 12, 27, 20, tzinfo=UTC),
    ],
)
def test_a_day_is_a_day(path: Path, until: Any) -> None:
    with newscrawl.open(path) as archive:
        whole = [each.id for each in archive.articles(until="2021-12-28")]
        assert [each.id for each in archive.articles(until=until)] == whole
        with pytest.raises(ValueError, match="until='soon' is not a valid date"):
            archive.articles(until="soon")


def test_no_archive(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no archive at"):
        newscrawl.open(tmp_path / "none.db")


def test_it_is_light(path: Path) -> None:
    """What only writers and crawls need is not imported."""
    code = (
        "import sys, json, newscrawl\n"
        "with newscrawl.open(sys.argv[1]) as archive:\n"
        "    list(archive.search('标题')), list(archive.articles())\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    heavy = {"scrapy", "twisted", "itemloaders", "lxml", "sqlite_utils", "rich", "click", "pandas"}
    assert heavy & set(json.loads(done.stdout)) == set()
