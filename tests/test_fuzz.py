"""Whatever a stranger sends: no crash, nothing stored that should not be, a reason for the rest.

The same six targets and the same properties as in fuzz/run.py, which goes on for hours; here with
what hypothesis makes of the seeds, and with what was found so far.
"""

from __future__ import annotations

from functools import cache

import properties
import pytest
from fuzz_targets import TARGETS, WORDS, seeds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_seeds = cache(lambda target: sorted(set(seeds(target, articles=20)), key=len)[:40])
_pieces = st.sampled_from([word.encode() for word in WORDS]) | st.binary(max_size=3)
_edits = st.lists(
    st.tuples(st.integers(0, 1 << 16), st.integers(0, 1 << 10), _pieces, st.integers(1, 3)),
    max_size=6,
)


def mutated(seed: bytes, edits: list[tuple[int, int, bytes, int]]) -> bytes:
    """Return a seed after some edits: at a place bytes go, and a piece comes, some times."""
    for place, gone, piece, times in edits:
        place %= len(seed) + 1
        seed = seed[:place] + piece * times + seed[place + gone % 40 :]
    return seed


@pytest.mark.parametrize("target", TARGETS)
def test_edited_pages(target: str) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(_seeds(target)), _edits)
    def holds(seed: bytes, edits: list[tuple[int, int, bytes, int]]) -> None:
        TARGETS[target](mutated(seed, edits))

    holds()


@pytest.mark.parametrize("target", TARGETS)
def test_any_bytes(target: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(_pieces, max_size=12).map(b"".join))
    def holds(data: bytes) -> None:
        TARGETS[target](data)

    holds()


@given(
    st.text(st.sampled_from("e\u0301\u0316\u0338<=>K\u212a\uf900ガカ\u3099\u202e\u0344が한\u1112a"))
)
def test_texts_are_settled(text: str) -> None:
    properties.text_is_settled(text)


FOUND = [
    ("bodies", b"&#xEM_StockImg_Endd(>", "a reference to a control character"),
    (
        "bodies",
        "a\ufffeb<!--x-->c".encode(),
        "a noncharacter, joined to a text",
    ),
    ("bodies", b'<p c="1" h/=/">/p>', "attributes named = and a quote, which hid the text"),
    ("bodies", b'<p><span {id="x" b>y', "an attribute with a name that lxml cannot say"),
    ("bodies", b"&#&#14;x6@", "a reference that another leaves behind"),
    ("ids", b"2021640372855032164037285503727 H1:27727 H1:27:35", "decimal raises in dateutil"),
    ("ids", b"2-2028 1:41111111111111111111111111111111111111111111111111111111E", "so it does"),
    ("ids", b"CFHNW20171228960132179", "five letters of which three are CFH's"),
    ("ids", b"14:2" + b"\x00" * 75 + b"7", "what is quoted is escaped, and grows"),
    ("pages", b'20<section><a href="/category/a%0fb.html">x</a>', "a control in a category"),
    ("pages", b"00" + b"\xff\xfe" + "<html>".encode("utf-16-le") + b"\x00", "half a character"),
]
"""What broke a promise once: target, input, and what it was."""


@pytest.mark.parametrize(("target", "data", "about"), FOUND, ids=[each[2] for each in FOUND])
def test_found(target: str, data: bytes, about: str) -> None:
    TARGETS[target](data)


def test_seeds_are_read_as_they_are() -> None:
    posts = [data[2:] for data in _seeds("pages") if data[:1] == b"0"]
    assert {properties.page_is_read("post_page", data) for data in posts} == {"read"}
    assert {properties.page_is_read("post_file", data) for data in _seeds("files")} == {"read"}
