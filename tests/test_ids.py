"""newscrawl/sites/eastmoney/info_code.py: one id for one article, whatever its address."""

from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newscrawl.sites.eastmoney.info_code import (
    BadInfoCode,
    canonical_url,
    date_of_info_code,
    digits_of,
    info_code_of_stem,
    parse_info_code,
    public_url,
)

NEWS = "NW202112282228490028"
SAFE = re.compile(r"[A-Z]{2,5}[0-9]{9,24}")

days = st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31))
news_digits = st.builds(
    lambda day, counter: f"{day:%Y%m%d}{counter}",
    days,
    st.from_regex(r"[0-9]{9,10}", fullmatch=True),
)


@pytest.mark.parametrize(
    ("text", "info_code"),
    [
        (NEWS, NEWS),
        (f"https://finance.eastmoney.com/a/{NEWS[2:]}.html?id=12", NEWS),
        (f"https://finance.eastmoney.com/a/{NEWS[2:]}.html?id=1234567890", NEWS),
        (f"https://finance.eastmoney.com/a/{NEWS[2:]}_2.html", NEWS),
        ("https://pdf.dfcfw.com/pdf/H2_AN202112281536987412_1.PDF", "AN202112281536987412"),
        ("https://pdf.dfcfw.com/pdf/H301_AP202112281536987412_1.pdf", "AP202112281536987412"),
        ("nw202112282228490028", NEWS),
        (" 202112282228490028\n", NEWS),
        ("20170401725887367", "NW20170401725887367"),
        ("20260702101113747001360", "CFH20260702101113747001360"),
        ("AN202112281536987412", "AN202112281536987412"),
        ("ap202609271829939278", "AP202609271829939278"),
        ("https://finews.zning.xyz/html_News/NewsShare.html?infoCode=" + NEWS, NEWS),
        ("http://choicewzp1.eastmoney.com/html_News/NewsShare.html?infoCode=" + NEWS, NEWS),
        ("http://127.0.0.1:8000/html_News/NewsShare.html?infoCode=" + NEWS.lower(), NEWS),
        ("https://choicew2z.eastmoney.com/info/information/detail.html?a=1&infocode=" + NEWS, NEWS),
        ("http://app.jg.eastmoney.com/NewsData/GetNewsText.do?id=" + NEWS + "&cid=Admin", NEWS),
        ("https://finance.eastmoney.com/a/202112282228490028.html", NEWS),
        ("finance.eastmoney.com/a/202112282228490028.html?from=x", NEWS),
        ("http://stock.eastmoney.com/news/1405,202112282228490028.html", NEWS),
        (
            "https://caifuhao.eastmoney.com/news/20260702101113747001360",
            "CFH20260702101113747001360",
        ),
        ("https://finews.withounder.com/guojishangbao/2021/12/28/" + NEWS + ".html", NEWS),
        ("https://finews.withounder.com/old_post/2021-12-28-202112282228490028.html", NEWS),
        ("https://finance.eastmoney.com/a/202112282228490028.html?id=12", NEWS),
        ("https://finance.eastmoney.com/a/202112282228490028.html?newsid=", NEWS),
        ("https://pdf.dfcfw.com/pdf/H2_AN202112281536987412_1.pdf", "AN202112281536987412"),
        (
            "https://pdf.dfcfw.com/pdf/H3_AP202609271829939278_1.pdf?1790000000000.pdf",
            "AP202609271829939278",
        ),
    ],
)
def test_parse(text: str, info_code: str) -> None:
    assert parse_info_code(text) == info_code


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NW",
        "银行",
        "NW202113282228490028",  # month 13
        "202102302228490028",  # 30 February
        "NW2021122822284900281",  # 19 digits
        "1" * 19,
        "CFH2021",
        "NW２０２１１２２８２２２８４９００２８",  # full-width digits
        "ﬁ202112282228490028",  # a ligature whose upper case is ASCII
        "../" + NEWS + "/..",
        "https://finews.withounder.com/",
        "https://finews.withounder.com/sitenews/2021/12/01/init.html",
        "https://[finews/a/202112282228490028.html",
        "https://finews.zning.xyz/html_News/NewsShare.html?infoCode=",
        "https://finews.zning.xyz/html_News/NewsShare.html?infoCode=../" + NEWS,
    ],
)
def test_parse_refuses(text: str) -> None:
    with pytest.raises(BadInfoCode) as caught:
        parse_info_code(text)
    assert "examples: NW2021" in str(caught.value)


@given(st.text())
@example("=" + NEWS + "?")
@example("//[")
@example("?id=İ202112282228490028")
def test_any_text_gives_a_safe_id_or_bad_info_code(text: str) -> None:
    try:
        found = parse_info_code(text)
    except BadInfoCode:
        return
    assert SAFE.fullmatch(found)
    assert parse_info_code(found) == found


@given(news_digits)
def test_news_round_trips(digits: str) -> None:
    info_code = parse_info_code(digits)
    url = public_url(info_code)
    assert info_code == f"NW{digits}"
    assert digits_of(info_code) == digits
    assert f"{date_of_info_code(info_code):%Y%m%d}" == digits[:8]
    assert url is not None
    assert parse_info_code(url) == info_code
    assert canonical_url(url) == url
    assert (
        info_code_of_stem(digits, "finews") == info_code_of_stem(info_code, "finews") == info_code
    )


@pytest.mark.parametrize(
    ("info_code", "digits", "day"),
    [
        (NEWS, NEWS[2:], datetime.date(2021, 12, 28)),
        ("CFH20260702101113747001360", None, datetime.date(2026, 7, 2)),
        ("AN202112281536987412", None, datetime.date(2021, 12, 28)),
        ("AN991112281536987412", None, None),
        ("finews:init", None, None),
    ],
)
def test_digits_and_date(info_code: str, digits: str | None, day: datetime.date | None) -> None:
    assert digits_of(info_code) == digits
    assert date_of_info_code(info_code) == day


@pytest.mark.parametrize(
    ("stem", "info_code"),
    [
        (NEWS, NEWS),
        ("202112082206672930", "NW202112082206672930"),
        ("2021-12-08-202112082206672930", "NW202112082206672930"),
        ("init", "finews:init"),
        ("2021-12-01-init", "finews:init"),
        ("2021", "finews:2021"),
        ("关于本站", "finews:关于本站"),
    ],
)
def test_from_stem(stem: str, info_code: str) -> None:
    assert info_code_of_stem(stem, "finews") == info_code


@pytest.mark.parametrize(
    "stem",
    [
        "",
        " ",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a\0b",
        "2021-12-01-",
        "a..b",
        "a\nb",
        "a:b",
        "NW202113282228490028",
    ],
)
def test_from_stem_refuses(stem: str) -> None:
    with pytest.raises(BadInfoCode):
        info_code_of_stem(stem, "finews")


@given(st.text())
def test_any_stem_gives_an_id_without_path_or_bad_info_code(stem: str) -> None:
    try:
        found = info_code_of_stem(stem, "finews")
    except BadInfoCode:
        return
    assert not set(found) & set("/\\\0\n%?#")
    assert SAFE.fullmatch(found) or found.startswith("finews:")


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        (
            "http://hk.eastmoney.com/news/11362,202112082206885265.html",
            "https://finance.eastmoney.com/a/202112082206885265.html",
        ),
        (
            "http://caifuhao.eastmoney.com/news/20260702101113747001360?from=x",
            "https://caifuhao.eastmoney.com/news/20260702101113747001360",
        ),
        (" https://example.com/x ", "https://example.com/x"),
    ],
)
def test_canonical_url(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical
    assert canonical_url(canonical) == canonical
