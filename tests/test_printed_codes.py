"""Codes that a text prints."""

from __future__ import annotations

import pytest

from newscrawl.items import Article, Mention, Origin, Page, PageKind
from newscrawl.sites.eastmoney.printed_codes import printed_codes
from newscrawl.sites.normalise import normalise

FOUND = {
    "贵州茅台（600519）公告": ("1", "600519", "贵州茅台", "stock"),
    "近日，金斯瑞生物科技(01548.HK)发布": ("116", "01548", "金斯瑞生物科技", "stock"),
    "腾讯控股（0700.HK）": ("116", "00700", "腾讯控股", "stock"),
    "五粮液（000858.SZ）": ("0", "000858", "五粮液", "stock"),
    "*ST华英（002321）": ("0", "002321", "*ST华英", "stock"),
    "某公司（SH600519，股价1700元，市值2.1万亿元）": ("1", "600519", "某公司", "stock"),
    "某公司（sz300750）": ("0", "300750", "某公司", "stock"),
    "小米集团-W（HK：01810）": ("116", "01810", "小米集团-W", "stock"),
    "阿里巴巴（NYSE: BABA）": ("106", "BABA", "阿里巴巴", "stock"),
    "理想汽车（纳斯达克：LI）": ("105", "LI", "理想汽车", "stock"),
    "苹果（AAPL.O）": ("105", "AAPL", "苹果", "stock"),
    "苹果(AAPL.US)": ("", "AAPL", "苹果", "unknown"),
    "代码600519.SH的股票": ("1", "600519", "", "stock"),
    "证券代码：688981，证券简称": ("1", "688981", "", "stock"),
    "股份代号：00700": ("116", "00700", "", "stock"),
    "汇丰控股（005.HK）": ("116", "00005", "汇丰控股", "stock"),
    "某公司（股票代码300750）": ("0", "300750", "", "stock"),
    "腾讯控股(港股00700)": ("116", "00700", "腾讯控股", "stock"),
    "苹果（AAPL.OQ）": ("105", "AAPL", "苹果", "stock"),
    "华夏ETF（510050）": ("1", "510050", "华夏ETF", "fund"),
    "沪深300ETF(159919)": ("0", "159919", "沪深300ETF", "fund"),
    "上证指数（000001）": ("1", "000001", "上证指数", "index"),
    "平安银行（000001）": ("0", "000001", "平安银行", "stock"),
    "中证500（000905）": ("1", "000905", "中证500", "index"),
    "创业板指（399006）": ("0", "399006", "创业板指", "index"),
    "贝特瑞（835185）": ("0", "835185", "贝特瑞", "stock"),
    "艾融软件（920799.BJ）": ("0", "920799", "艾融软件", "stock"),
    "贵州茅台 （600519）公告": ("1", "600519", "贵州茅台", "stock"),
    "【贵州茅台】（600519）公告": ("1", "600519", "贵州茅台", "stock"),
    "贵州茅台（６００５１９）": ("1", "600519", "贵州茅台", "stock"),
    "贵州茅台（600519）股价上涨": ("1", "600519", "贵州茅台", "stock"),
    "贵州茅台（600519）元旦提价": ("1", "600519", "贵州茅台", "stock"),
    "平安银行（000001）货币基金托管": ("0", "000001", "平安银行", "stock"),
    "万科A（000002）拟发行债券": ("0", "000002", "万科A", "stock"),
    "老凤祥B（900905）": ("1", "900905", "老凤祥B", "stock"),
    "万科B（200002）": ("0", "200002", "万科B", "stock"),
    "特斯拉(纳斯达克股票代码：TSLA)": ("105", "TSLA", "特斯拉", "stock"),
    "伯克希尔(NYSE:BRK.A)": ("106", "BRK.A", "伯克希尔", "stock"),
    "公司控股股东中国某某集团有限公司（601857）": ("1", "601857", "", "stock"),
}


@pytest.mark.parametrize("text", FOUND)
def test_found(text: str) -> None:
    assert printed_codes(text) == [Mention(*FOUND[text], origin=Origin.TEXT)]


@pytest.mark.parametrize(
    "text",
    [
        "截至六月（202206）", "（600519）", "金额（150000）", "国内生产总值（GDP）",
        "第1（123456）号", "https://quote.test/600519.SH.html", "A600519.SH",
        "（0700）", "增长（2.5）",
        "营收（600000）万元", "净利润（600519）亿元", "公告编号（002023）", "电话（600519）",
        "邮编（600519）", "华夏成长（000001）", "天弘余额宝（000198）", "某某混合（001234）A",
        "某某成长（001234）基金", "项目（200002）", "股东户数（600519）户", "（2021，600519）",
        "邮编：600519", "（123456789.SH）", "1600519.SH", "600519.SHA",
    ],
)  # fmt: skip
def test_not_found(text: str) -> None:
    assert printed_codes(text) == []


def test_several_exchanges() -> None:
    text = "理想汽车（纳斯达克：LI；港交所：2015），百度（NASDAQ: BIDU, HKEX: 9888）"
    found = printed_codes(text)
    assert [(each.market, each.code, each.name) for each in found] == [
        ("105", "LI", "理想汽车"), ("116", "02015", ""),
        ("105", "BIDU", "百度"), ("116", "09888", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("阿里巴巴（9988.HK/BABA.N）", [("116", "09988"), ("106", "BABA")]),
        ("腾讯（00700.HK，TCEHY.US）", [("116", "00700"), ("", "TCEHY")]),
        ("中国平安（601318、02318）", [("1", "601318"), ("116", "02318")]),
        ("某公司（600519、000858、02318）",
         [("1", "600519"), ("0", "000858"), ("116", "02318")]),
    ],
)  # fmt: skip
def test_codes_behind_another(text: str, codes: list[tuple[str, str]]) -> None:
    assert [(each.market, each.code) for each in printed_codes(text)] == codes


def test_each_is_counted() -> None:
    text = "贵州茅台（600519）与600519.SH，五粮液（000858.SZ）\n茅台（600519）"
    assert [(each.code, each.name, each.times) for each in printed_codes(text)] == [
        ("600519", "贵州茅台", 3),
        ("000858", "五粮液", 1),
    ]


def test_title_and_text_of_an_article() -> None:
    page = Page(PageKind.ARTICLE_PAGE, "1", "http://a.test/", b"", "2022-01-01T00:00:00+00:00")
    linked = Mention("1", "600519", "茅台", "stock", 2)
    article = Article(
        id="NW202201012228490028", title="茅台（600519）", body_text="又，茅台（600519）",
        mentions=[linked], page=page,
    )  # fmt: skip
    printed = Mention("1", "600519", "茅台", "stock", 2, Origin.TEXT)
    assert normalise(article).mentions == [linked, printed]
    assert normalise(article).mentions == [linked, printed]
