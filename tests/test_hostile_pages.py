"""What a hostile page costs, and what is stored of one: little time and memory, clean text."""

from __future__ import annotations

import sys
import unicodedata

import properties
import pytest

from newscrawl import sites
from newscrawl.items import Article, Mention
from newscrawl.loaders import ArticleLoader
from newscrawl.sites.eastmoney import body
from newscrawl.sites.eastmoney.info_code import BadInfoCode, path_of_url
from newscrawl.sites.errors import MAX_DETAIL, Unreadable
from newscrawl.text.limits import MAX_UNKNOWN
from newscrawl.text.sanitize import _SURELY_PLAIN, OVERRIDE, OVERRIDES, nfc


def test_what_is_surely_plain() -> None:
    """Neither changed by NFC alone, nor joined to another character, nor an override."""
    every = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    found = (unicodedata.decomposition(each).split() for each in every)
    pairs = [each for each in found if each and not each[0].startswith("<")]
    joined = {chr(int(code, 16)) for pair in pairs for code in pair[1:]}
    sure = {each for each in every if _SURELY_PLAIN.fullmatch(each)}
    assert len(sure) > 20_000
    assert not sure & (joined | set(OVERRIDES))
    assert all(unicodedata.is_normalized("NFC", each) for each in sure)
    assert not any(map(unicodedata.combining, sure))


# -- characters -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("cafe\u0301", "café"),
        ("か\u3099", "が"),
        ("\u1112\u1161\u11ab", "한"),
        ("\uf900\u2f800", "\uf900\u2f800"),  # CJK compatibility ideographs
        ("300 \u212a \u2126 \u212b", "300 \u212a \u2126 \u212b"),  # Kelvin, ohm, ångström
        ("\uf900e\u0301\u212a", "\uf900é\u212a"),
        ("<b>\u0338x", "<b>\u0338x"),
        ("①２％㈱", "①２％㈱"),  # NFKC would change them, NFC does not
        ("e" + "\u0301" * 31, "e" + "\u0301" * 31),
    ],
)
def test_nfc_where_nothing_is_lost(given: str, stored: str) -> None:
    assert nfc(given) == stored


def test_every_character_stays_or_is_one_with_its_mark() -> None:
    for code in (*range(0xD800), *range(0xE000, 0x110000)):
        character = chr(code)
        if unicodedata.normalize("NFC", character) != character:
            assert nfc(f"字{character}e\u0301字") == f"字{character}é字"


def _post(title: str, content: str) -> Article:
    html = f"<html><section><h1>{title}</h1><p>{content}</p></section></html>"
    return sites.read_page(properties.page_of("post_page", html.encode()))


def test_overrides_are_taken_out_and_counted() -> None:
    article = _post("涨\u202e停", "价格&#8238;1.23\u202c元，\u2067甲\u2069；<b>e\u0301</b>")
    assert article.title == "涨停"
    assert article.body_text == "价格1.23元，甲；é"
    assert article.body_html == "<p>价格1.23元，甲；<b>é</b></p>"
    assert article.unknown == {OVERRIDE: 5}
    assert article.page is not None
    assert "\u202e".encode() in article.page.body


def test_marks_of_direction_stay() -> None:
    assert _post("甲\u200f乙", "丙").title == "甲\u200f乙"


def test_references_to_what_is_no_character() -> None:
    found = body.read_html("<p>a&#xE;b&#14;c&#150;d&#x4e2d;&#0;&#xFFFE;&#xD800;&#99999999999;e</p>")
    assert found.html == "<p>a\ufffdb\ufffdc–d中\ufffd\ufffd\ufffd\ufffde</p>"


@pytest.mark.parametrize(
    ("charset", "content_type", "declared"),
    [
        ("gb18030", None, ""),
        ("gb18030", None, '<meta charset="gb2312">'),
        ("gb18030", "text/html; charset=ISO-8859-1", ""),
        ("gb18030", "text/html; charset=windows-1252", '<meta charset="utf-8">'),
        *(("gb18030", f"text/html; charset={name}", "") for name in
          ("undefined", "idna", "punycode", "unicode_escape", "hex", "rot13", "utf-7", "x" * 9999)),
        ("utf-8", "text/html; charset=undefined", '<meta charset="idna">'),
        ("utf-16", "text/html; charset=utf-8", ""),
    ],
)  # fmt: skip
def test_wrong_and_missing_charsets(charset: str, content_type: str | None, declared: str) -> None:
    html = f"<html>{declared}<section><h1>银行业绩增长</h1></section></html>"
    page = properties.page_of("post_page", html.encode(charset), content_type)
    assert sites.read_page(page).title == "银行业绩增长"


# -- numbers ----------------------------------------------------------------------------------


def test_what_is_too_much_is_cut_and_counted() -> None:
    loader = ArticleLoader()
    loader.add_value("id", properties.ID)
    loader.add_value("title", "字" * 1001)
    loader.add_value("source", "甲" * 201)
    loader.add_value("tags", [f"t{n}" for n in range(52)] + ["长" * 101])
    loader.add_value("images", [f"https://x/{n}" for n in range(2001)])
    loader.add_value("share_url", "https://x/" + "a" * 2000)
    loader.add_value("original_url", "https://x/\u202ea b\x7f")
    loader.add_value(
        "mentions",
        [Mention("1", f"{n:06}", "甲", "stock") for n in range(2003)]
        + [Mention("1", "6" * 25, "甲", "stock"), Mention("1", "1", "长" * 101, "stock")],
    )
    loader.add_value("unknown", {f"b.{n}\u202e": 2 for n in range(300)})
    article = loader.load_item()
    assert article.title == "字" * 999 + "…"
    assert article.source == "甲" * 199 + "…"
    assert article.tags == [f"t{n}" for n in range(50)]
    assert len(article.images) == 2000
    assert article.share_url is None
    assert article.original_url == "https://x/%E2%80%AEa b"
    assert [mention.code for mention in article.mentions] == [f"{n:06}" for n in range(2000)]
    assert len(article.unknown) == MAX_UNKNOWN + 1
    assert article.unknown["b.0\ufffd"] == 2
    assert sum(article.unknown.values()) == 600 + 1 + 1 + 1 + 2 + 1 + 1 + 3 + 1 + 1


def test_what_is_said_of_a_page_is_short() -> None:
    error = Unreadable("not_json", "字\x07" * 9999)
    assert error.detail == "字" * (MAX_DETAIL - 1) + "…"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://x/" + "a" * 2000, "2,009 characters"),
        ("http://[x/", "is not a URL"),
        ("/category/a%00b.html", "invisible characters"),
        ("/category/a%E2%80%AEb.html", "invisible characters"),
    ],
)
def test_addresses_that_are_none(url: str, why: str) -> None:
    with pytest.raises(BadInfoCode, match=why):
        path_of_url(url)
