"""The source at a summary's end, and what stands there and is not a source."""

from __future__ import annotations

import pytest

from newscrawl.sites.summary import source_of_summary, without_source


def names(lines: str) -> list[str]:
    """Return the names in some lines, which 、 separates."""
    return lines.strip().replace("\n", "、").split("、")


PUBLICATIONS = names("""
财联社、新华社、新京报、21世纪经济报道、证券时报·e公司、证券时报网、每日经济新闻、央视财经
中国青年报、中国少年报、每日电报、第一财经、AI财经社、V观财报、证监会网站、央视新闻客户端
ZOL中关村在线、南方周刊、南财APP、华尔街见闻网
""")
OTHERS = names("""
央行、央行网站、中国人民银行、格隆汇、36氪、Wind、TechWeb、99期货、21金融圈、券商中国
E药经理人、IPO早知道、参考消息、东方财富研究中心、安信国际证券(香港)
21世纪经济报道 21财经APP、国家统计局、人民日报海外版、华尔街见闻
""")
"""Sources that no word of their names tells to be any."""
NONE = names("""
829万头、含税、税前、不含税、同比、环比、占比、万元、亿元、人民币、美元/桶、单位：万元、10%
约3.5亿元、八百万头、5月30日、一季度、上半年、旅行社、5家旅行社、供销社、合作社、公司财报
公司年报、半年报、季报、业绩快报、天气预报、研报、公司公告、公司官网、互联网、国家电网
物联网、控股子公司、未经审计、扣非后、市盈率、收盘价、成交量、A股、草案、下同、附股、附名单
详见公司网站、600160、01548.HK、截至5月31日收盘、2020年4月17日、刘通摄、财联社记者 张三
责任编辑：李四、相关新闻、更新中
""")
MARKS = {"wide": "（{}）", "narrow": "({})"}


@pytest.mark.parametrize("name", NONE)
@pytest.mark.parametrize("marks", MARKS.values(), ids=MARKS)
@pytest.mark.parametrize("text", ["某事。", "某事", "某地存栏"])
def test_no_source(text: str, marks: str, name: str) -> None:
    summary = text + marks.format(name)
    assert source_of_summary(summary) is None
    assert without_source(summary) == summary


@pytest.mark.parametrize("name", PUBLICATIONS)
@pytest.mark.parametrize("marks", MARKS.values(), ids=MARKS)
@pytest.mark.parametrize("text", ["某事。", "某事", "“某事！”", "某事... "])
def test_a_publication(text: str, marks: str, name: str) -> None:
    summary = text + marks.format(name)
    assert source_of_summary(summary) == name
    assert without_source(summary) == text.strip()


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("text", ["某事。", "“某事！”", "某事..."])
def test_a_source_behind_a_sentence(text: str, name: str) -> None:
    assert source_of_summary(f"{text}（{name}）") == name
    assert source_of_summary(f"（{name}）") == name


@pytest.mark.parametrize("name", ["江西", "控股股东", "特斯拉", "格隆汇"])
def test_what_explains_a_word_is_no_source(name: str) -> None:
    assert source_of_summary(f"某公司（{name}）") is None
    assert source_of_summary(f"某公司。({name})") is None


@pytest.mark.parametrize(
    ("summary", "text", "source"),
    [
        ("某事。（新京报）（责任编辑：李四）", "某事。", "新京报"),
        ("某事。（新京报） (编辑：李四)（校对：王五）", "某事。", "新京报"),
        ("某事。(新京报)（记者 李四）", "某事。", "新京报"),
        ("某事。（央行）（责任编辑：李四）", "某事。", "央行"),
        ("某事。（来源：新京报）", "某事。", "新京报"),
        ("某事（文章来源: 新京报）", "某事", "新京报"),
        ("某事。（数据来源：新京报）", "某事。（数据来源：新京报）", None),
        ("某事。（责任编辑：李四）", "某事。（责任编辑：李四）", None),
        ("某事。（829万头）（责任编辑：李四）", "某事。（829万头）（责任编辑：李四）", None),
        ("（新京报）", "（新京报）", "新京报"),
    ],
)
def test_what_stands_beside_a_source(summary: str, text: str, source: str | None) -> None:
    assert (without_source(summary), source_of_summary(summary)) == (text, source)
