"""The charset of damaged bytes: what tells UTF-8 from GB18030, in pages and in listings."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from newscrawl.sites.decode import decode_listing, decode_page
from newscrawl.sites.errors import Unreadable

DECLARED = (None, "text/html; charset=utf-8", "text/html; charset=gbk")
SHORT = ("甲乙", "银行业绩", "银行业绩增长，市场反应平稳。", "要闻 1/2：甲公司“中标”")


def reason_of(body: bytes, content_type: str | None = None) -> str | None:
    """Return why a page is not read; None for one that is."""
    try:
        decode_page(body, content_type)
    except Unreadable as error:
        return error.reason
    return None


@pytest.mark.parametrize("content_type", DECLARED)
@pytest.mark.parametrize("text", SHORT)
@pytest.mark.parametrize("odd", [b"\xff", b"\x80", b"\xe9", b"\xc3"])
def test_a_bad_byte_in_a_short_listing(odd: bytes, text: str, content_type: str | None) -> None:
    for place in range(len(text) + 1):
        before, after = text[:place].encode(), text[place:].encode()
        if not before or before[-1:] < b"\x80" or after[:1] < b"\x80":
            continue  # beside ASCII a stray byte may have a meaning
        body = before + odd + after
        assert decode_listing(body, content_type) == (f"{text[:place]}\ufffd{text[place:]}", 1)
        assert reason_of(body, content_type) == "charset"


@pytest.mark.parametrize("content_type", DECLARED)
def test_many_bad_bytes_in_a_listing(content_type: str | None) -> None:
    body = ("甲公司中标".encode() + b"\xff\x80") * 20
    assert decode_listing(body, content_type) == ("甲公司中标\ufffd\ufffd" * 20, 40)


@pytest.mark.parametrize("content_type", DECLARED)
@pytest.mark.parametrize(
    "head",
    [
        "",
        '<meta charset="utf-8">',
        '<?xml version="1.0" encoding="utf-8"?>',
        '<meta charset="gbk">',
    ],
)
@pytest.mark.parametrize("text", ["联通公司", *SHORT])
def test_gb18030_is_read_whatever_is_declared(
    text: str, head: str, content_type: str | None
) -> None:
    body = (head + text).encode("gb18030")
    assert decode_page(body, content_type) == head + text
    assert decode_listing(body, content_type) == (head + text, 0)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("甲乙".encode() + b"A\xa0B", None, "甲乙A\xa0B"),
        ("甲".encode() + b" \x93A\x94 ", None, "甲 “A” "),
        (b"A\xa0B", "text/plain; charset=utf-8", "A\xa0B"),
        (b'<?xml version="1.0" encoding="utf-8"?><a>A\xa0B</a>', None,
         '<?xml version="1.0" encoding="utf-8"?><a>A\xa0B</a>'),
    ],
)  # fmt: skip
def test_a_stray_byte_in_a_short_page(body: bytes, content_type: str | None, text: str) -> None:
    assert decode_page(body, content_type) == text
    assert decode_listing(body, content_type) == (text, 0)


def test_utf8_without_chinese() -> None:
    assert reason_of("décidé à côté ".encode() * 9 + b"\xe9o") == "charset"


def test_a_bad_byte_behind_a_bom() -> None:
    text, odd = decode_listing("\ufeff甲乙".encode() + b"\xff" + "丙".encode())
    assert (text, odd) == ("甲乙\ufffd丙", 1)


@pytest.mark.parametrize("body", [random.Random(1).randbytes(size) for size in (500, 5000)])
def test_noise_is_no_listing(body: bytes) -> None:
    with pytest.raises(Unreadable) as raised:
        decode_listing(body)
    assert raised.value.reason == "charset"


@pytest.mark.parametrize("length", [10, 20, 50, 200])
def test_real_texts(finews: Path, length: int) -> None:
    chance = random.Random(length)
    for path in sorted(finews.glob("posts/*.md")):
        text = path.read_text(encoding="utf-8").split("---", 2)[-1].strip()
        for _ in range(20):
            at = chance.randrange(max(1, len(text) - length))
            snippet = "题，" + "".join(text[at : at + length].split()) + "题，"
            body = snippet.encode()
            place = chance.randrange(6, len(body) - 3)
            damaged = body[:place] + b"\xff" + body[place:]
            assert decode_listing(damaged)[0][:2] == "题，"
            assert reason_of(damaged) == "charset"
            assert decode_page(snippet.encode("gb18030"), DECLARED[1]) == snippet
