"""Securities in the forms that people write, and what each finds."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page
from cli_runs import invoke

import newscrawl
from newscrawl.archive.filters import ORIGINS
from newscrawl.archive.names import AmbiguousName, UnknownName
from newscrawl.archive.securities import find_securities
from newscrawl.items import Mention, Origin
from newscrawl.store.connections import open_for_reading

MENTIONED = [
    ("1", "600519", "贵州茅台", "stock"),
    ("0", "300111", "向日葵", "stock"),
    ("0", "000858", "五粮液", "stock"),
    ("0", "000001", "平安银行", "stock"),
    ("1", "000300", "沪深300", "index"),
    ("0", "000300", "ST某某", "stock"),
    ("1", "601318", "中国平安", "stock"),
    ("116", "02318", "中国平安", "stock"),
    ("116", "00700", "腾讯控股", "stock"),
    ("105", "AAPL", "苹果", "stock"),
    ("", "MSFT", "微软", "unknown"),
    ("106", "BRK_A", "伯克希尔", "stock"),
    ("90", "BK0493", "新能源", "board"),
    ("100", "HSI", "恒生指数", "index"),
    ("0", "830799", "艾融软件", "stock"),
    ("1", "113050", "南银转债", "unknown"),
    ("0", "159915", "创业板ETF", "fund"),
    ("0", "399001", "深证成指", "index"),
]
SHOWN = {f"{market}.{code}".lstrip("."): name for market, code, name, _ in MENTIONED}

FORMS = [
    ("600519", ["1.600519"]),
    (" 600519 ", ["1.600519"]),
    ("600519.SH", ["1.600519"]),
    ("600519.SS", ["1.600519"]),
    ("600519.sh", ["1.600519"]),
    ("SH600519", ["1.600519"]),
    ("sh600519", ["1.600519"]),
    ("SH.600519", ["1.600519"]),
    ("sh.600519", ["1.600519"]),
    ("1.600519", ["1.600519"]),
    ("贵州茅台", ["1.600519"]),
    ("300111", ["0.300111"]),
    ("0.300111", ["0.300111"]),
    ("300111.SZ", ["0.300111"]),
    ("sz300111", ["0.300111"]),
    ("向日葵", ["0.300111"]),
    ("000858", ["0.000858"]),
    ("000858.SZ", ["0.000858"]),
    ("SZ000858", ["0.000858"]),
    ("五粮液", ["0.000858"]),
    ("000001.SZ", ["0.000001"]),
    ("0.000001", ["0.000001"]),
    ("sz000001", ["0.000001"]),
    ("平安银行", ["0.000001"]),
    ("000001.SH", []),
    ("1.000001", []),
    ("000300.SH", ["1.000300"]),
    ("1.000300", ["1.000300"]),
    ("沪深300", ["1.000300"]),
    ("000300.SZ", ["0.000300"]),
    ("601318", ["1.601318"]),
    ("中国平安", ["1.601318", "116.02318"]),
    ("02318", ["116.02318"]),
    ("2318.HK", ["116.02318"]),
    ("00700", ["116.00700"]),
    ("00700.HK", ["116.00700"]),
    ("0700.HK", ["116.00700"]),
    ("700.HK", ["116.00700"]),
    ("HK700", ["116.00700"]),
    ("HK00700", ["116.00700"]),
    ("hk00700", ["116.00700"]),
    ("116.00700", ["116.00700"]),
    ("116.700", ["116.00700"]),
    ("腾讯控股", ["116.00700"]),
    ("AAPL", ["105.AAPL"]),
    ("aapl", ["105.AAPL"]),
    ("AAPL.US", ["105.AAPL"]),
    ("AAPL.O", ["105.AAPL"]),
    ("AAPL.OQ", ["105.AAPL"]),
    ("105.AAPL", ["105.AAPL"]),
    ("AAPL.N", []),
    ("106.AAPL", []),
    ("苹果", ["105.AAPL"]),
    ("MSFT", ["MSFT"]),
    ("MSFT.US", ["MSFT"]),
    ("105.MSFT", ["MSFT"]),
    ("106.BRK_A", ["106.BRK_A"]),
    ("BK0493", ["90.BK0493"]),
    ("bk0493", ["90.BK0493"]),
    ("90.BK0493", ["90.BK0493"]),
    ("新能源", ["90.BK0493"]),
    ("HSI", ["100.HSI"]),
    ("100.HSI", ["100.HSI"]),
    ("恒生指数", ["100.HSI"]),
    ("830799", ["0.830799"]),
    ("830799.BJ", ["0.830799"]),
    ("113050", ["1.113050"]),
    ("159915", ["0.159915"]),
    ("399001", ["0.399001"]),
    ("600000", []),
    ("601398.SH", []),
    ("TSLA", []),
    ("BK9999", []),
    ("00001", []),
    ("9.999", []),
]
AMBIGUOUS = {
    "000001": ["1.000001 上证指数", "0.000001 平安银行"],
    " 000001": ["1.000001 上证指数"],
    "000300": ["1.000300 沪深300", "0.000300 ST某某"],
}
WRONG = ["6005190", "600519.XX", "茅台", "1.60051", "BK49", "600 519", "..", "何股份", "6005"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("securities") / "news.db"
    articles = []
    for number, (market, code, name, kind) in enumerate(MENTIONED):
        mention = Mention(market, code, name, kind, 1, "link")
        articles.append(article(page(f"NW2021122822284900{number:02}"), mentions=[mention]))
    fill(path, *articles)
    return path


@pytest.mark.parametrize(("form", "expected"), FORMS)
def test_form(archive: Path, form: str, expected: list[str]) -> None:
    with closing(open_for_reading(archive)) as db:
        found = [f"{market}.{code}".lstrip(".") for market, code in find_securities(db, form)]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(("form", "meanings"), AMBIGUOUS.items())
def test_ambiguous_form(archive: Path, form: str, meanings: list[str]) -> None:
    with closing(open_for_reading(archive)) as db, pytest.raises(AmbiguousName) as raised:
        find_securities(db, form)
    assert all(each in raised.value.sentence() for each in meanings)
    ended = invoke("list", "--security", form, "--db", archive)
    assert ended.exit_code == 2
    assert meanings[0] in ended.stderr


@pytest.mark.parametrize("form", WRONG)
def test_wrong_form(archive: Path, form: str) -> None:
    with closing(open_for_reading(archive)) as db, pytest.raises(UnknownName):
        find_securities(db, form)


def test_a_wrong_form_is_told_the_right_ones(archive: Path) -> None:
    ended = invoke("list", "--security", "600519.XX", "--db", archive)
    assert ended.exit_code == 2
    assert "600519.SH" in ended.stderr
    assert "00700.HK" in ended.stderr


def test_an_industry_is_no_category(archive: Path) -> None:
    ended = invoke("list", "--category", "新能源", "--db", archive)
    assert ended.exit_code == 2
    assert "An industry is not a category but a security: 新能源, or BK0493." in ended.stderr


def test_a_name_in_an_empty_archive_asks_for_the_code(tmp_path: Path) -> None:
    fill(tmp_path / "news.db")
    ended = invoke("list", "--security", "贵州茅台", "--db", tmp_path / "news.db")
    assert ended.exit_code == 2
    assert "Write its code" in ended.stderr
    ended = invoke("list", "--security", "600519", "--db", tmp_path / "news.db")
    assert (ended.exit_code, ended.stdout) == (0, "")


def test_there_are_enough_forms() -> None:
    assert len(FORMS) + len(AMBIGUOUS) + len(WRONG) >= 60


def test_the_views_of_mentions(archive: Path) -> None:
    with newscrawl.open(archive) as opened:
        sql = "SELECT market, code, name, kind, articles FROM securities ORDER BY market, code"
        found = [tuple(row) for row in opened.connection.execute(sql)]
        assert found == sorted((*each, 1) for each in MENTIONED)
        sql = "SELECT day, code, articles FROM mentions_by_day WHERE code = '600519'"
        assert [tuple(row) for row in opened.connection.execute(sql)] == [
            ("2021-12-28", "600519", 1)
        ]


def test_origins_are_those_of_mentions() -> None:
    assert {*ORIGINS} == {each.value for each in Origin}


def test_an_origin_narrows(tmp_path: Path) -> None:
    path, first, second = tmp_path / "news.db", page(), page("NW202112292228490029")
    by_link = Mention("1", "600519", "贵州茅台", "stock", 1, "link")
    by_list = Mention("1", "600519", "贵州茅台", "stock", 1, "list")
    fill(path, article(first, mentions=[by_link]), article(second, mentions=[by_list]))
    with newscrawl.open(path) as archive:

        def ids(**filters: str) -> list[str]:
            return sorted(each.id for each in archive.latest(**filters))

        assert len(ids(security="600519")) == 2
        assert ids(security="600519", mention_origin="link") == ["NW202112282228490028"]
        assert ids(mention_origin="list") == ["NW202112292228490029"]
        assert ids(security="600519", mention_origin="chart") == []
    ended = invoke("list", "--mention-origin", "list", "--json", "--db", path)
    assert ended.stdout.count('"id"') == 1


def test_same_title_within_a_day(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    days = {"NW202112282228490028": "2021-12-28", "NW202112292228490029": "2021-12-29",
            "NW202112312228490031": "2021-12-31"}  # fmt: skip
    fill(path, *(
        article(page(each), title="央行降准", published_at=f"{day}T10:00:00+08:00")
        for each, day in days.items()
    ))  # fmt: skip
    with newscrawl.open(path) as archive:
        sql = "SELECT other_id FROM same_title_within_a_day WHERE id = ?"
        first, second, third = days
        assert [row[0] for row in archive.connection.execute(sql, (first,))] == [second]
        assert [row[0] for row in archive.connection.execute(sql, (second,))] == [first]
        assert [row[0] for row in archive.connection.execute(sql, (third,))] == []
        assert [(each.id, each.has_same_title) for each in archive.related(first)] == [
            (second, True)
        ]


def test_related_by_securities(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    maotai = Mention("1", "600519", "贵州茅台", "stock", 1, "link")
    by_list = Mention("1", "600519", "贵州茅台", "stock", 1, "list")
    wuliangye = Mention("0", "000858", "五粮液", "stock", 1, "text")
    told = {
        "NW202112282228490001": ("2021-12-28T10:00", [maotai, wuliangye]),
        "NW202112282228490002": ("2021-12-28T20:00", [maotai, by_list]),
        "NW202112282228490003": ("2021-12-27T10:00", [wuliangye, maotai]),
        "NW202112282228490004": ("2021-12-28T11:00", []),
        "NW202112282228490005": ("2021-12-29T10:01", [maotai, wuliangye]),
        "NW202112282228490006": ("2021-12-28T09:00", [maotai]),
    }
    fill(path, *(
        article(page(each), title=each, published_at=f"{at}:00+08:00", mentions=mentions or None)
        for each, (at, mentions) in told.items()
    ))  # fmt: skip
    with newscrawl.open(path) as archive:
        found = archive.related("NW202112282228490001")
    assert [(each.id[-1], each.securities, each.has_same_title) for each in found] == [
        ("3", 2, False), ("6", 1, False), ("2", 1, False),
    ]  # fmt: skip
