"""The fold: a pure function of an article's pages, blind to their order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newscrawl.items import FIELDS, Origin
from newscrawl.store.merge import apply_difference, carry_over, differs, merge, suppliers
from newscrawl.store.observation import Observation

FILE_TIME = {"published_precision": "second", "published_from": "front matter date"}
SMALL = {"published_precision": "second", "published_from": "section small"}
SHIFTED = {**SMALL, "published_from": "section small, early; shifted by -8 hours"}


def of_kind(kind: str, at: str, **fields: Any) -> Observation:
    full = {**dict.fromkeys(FIELDS), **fields}
    return Observation("finews", kind, kind, f"http://mirror.test/{kind}", at, full)


def file(at: str = "2022-01-01", **fields: Any) -> Observation:
    return of_kind("post_file", at, **fields)


def rendered(at: str = "2022-01-02", **fields: Any) -> Observation:
    return of_kind("post_page", at, **fields)


def observation(name: str = "a", at: str = "2022-01-01", **fields: Any) -> Observation:
    full = {**dict.fromkeys(FIELDS), **fields}
    return Observation("finews", "post_page", name, f"http://mirror.test/{name}", at, full)


CASES = [
    pytest.param(
        [observation("a", title="甲", body_text="短", body_rank=0), observation("b", title="乙",
         body_text="全文", body_rank=1)],
        {"title": "乙", "body_text": "全文", "body_rank": 1},
        id="the fuller body wins",
    ),
    pytest.param(
        [observation("a", "2022-01-02", title="旧", body_text="x", body_rank=2),
         observation("b", "2022-01-03", title="新", body_text="y", body_rank=1)],
        {"title": "旧", "body_text": "x", "body_rank": 2},
        id="rank goes before time",
    ),
    pytest.param(
        [observation("a", "2022-01-02", title="旧", body_text="x", body_rank=1),
         observation("b", "2022-01-03", title="新", body_text="y", body_rank=1)],
        {"title": "新", "body_text": "y"},
        id="the later observation wins within a rank",
    ),
    pytest.param(
        [observation("a", title="甲", source="新华社", body_rank=1, body_text="x"),
         observation("b", "2022-01-09", title=None, source=None, body_rank=2, body_text="y")],
        {"title": "甲", "source": "新华社", "body_text": "y"},
        id="what a page lacks erases nothing",
    ),
    pytest.param(
        [observation("a", categories=["a", "b"], tags=["t"]), observation("b", categories=["c"])],
        {"categories": ["a", "b", "c"], "tags": ["t"]},
        id="categories and tags add up",
    ),
    pytest.param(
        [observation("a", mentions=[["1", "600160", "巨化股份", "stock", 3, "link"]]),
         observation("b", mentions=[["1", "600160", "巨化股份", "stock", 2, "link"],
                                    ["1", "600160", "", "stock", 1, "chart"],
                                    ["90", "BK0493", "新能源", "board", 1, "link"]])],
        {"mentions": [["1", "600160", "", "stock", 1, "chart"],
                      ["1", "600160", "巨化股份", "stock", 3, "link"],
                      ["90", "BK0493", "新能源", "board", 1, "link"]]},
        id="mentions add up, each as often as the page that makes it most",
    ),
    pytest.param(
        [observation("a", mentions=[["1", "600160", "巨化", "stock", 3, "common_word"],
                                    ["90", "BK0493", "新能源", "board", 1, "common_word"]]),
         observation("b", mentions=[["1", "600160", "巨化股份", "stock", 2, "link"]])],
        {"mentions": [["1", "600160", "巨化股份", "stock", 2, "link"],
                      ["90", "BK0493", "新能源", "board", 1, "common_word"]]},
        id="a common word that another page links is a link",
    ),
    pytest.param(
        [observation("a", published_at="2022-01-01T10:00:01+08:00", published_precision="second",
                  published_raw="10:00:01", published_from="small", body_rank=0, body_text="x"),
         observation("b", published_at="2022-01-01T10:00:00+08:00", published_precision="minute",
                  published_raw="10:00", published_from="item", body_rank=2, body_text="y")],
        {"published_at": "2022-01-01T10:00:01+08:00", "published_precision": "second",
         "published_raw": "10:00:01", "published_from": "small"},
        id="the more precise time wins, with its evidence",
    ),
    pytest.param(
        [observation("a", published_at="2021-12-08T10:39:43+08:00", body_rank=2, **SHIFTED),
         observation("b", published_at="2021-12-08T10:40:00+08:00", published_precision="minute",
                     published_raw="10:40", published_from="div.infos item")],
        {"published_at": "2021-12-08T10:40:00+08:00", "published_from": "div.infos item"},
        id="a printed time wins over one that was corrected",
    ),
    pytest.param(
        [observation("a", published_at="2021-12-08T10:39:43+08:00", body_rank=2, **SHIFTED),
         observation("b", published_at="2021-12-08T00:00:00+08:00", published_precision="day",
                     published_raw="2021-12-08", published_from="Date")],
        {"published_at": "2021-12-08T10:39:43+08:00"},
        id="but a day does not win over a time",
    ),
    pytest.param(
        [file(title="甲 -- 乙", summary="*ST华英、*ST海航|丙", body_rank=2, body_text="文",
              published_at="2021-12-08T17:30:00+08:00", **FILE_TIME),
         rendered(title="甲 – 乙", summary="ST华英、ST海航\t丙", body_rank=2, body_text="文",
                  published_at="2021-12-09T01:30:00+08:00", **SMALL)],
        {"title": "甲 -- 乙", "summary": "*ST华英、*ST海航|丙", "body_text": "文",
         "published_at": "2021-12-08T17:30:00+08:00", "published_from": "front matter date"},
        id="a post file supplies what its page shows in type and late",
    ),
    pytest.param(
        [file(summary='1. 某事"甲"...', body_text='1. 某事"甲"...', body_rank=0),
         rendered(summary="某事“甲”…", body_text="某事“甲”…", body_rank=0)],
        {"summary": '1. 某事"甲"...', "body_text": '1. 某事"甲"...'},
        id="and the text of a post that has a summary alone",
    ),
    pytest.param(
        [file(title="旧", summary="*ST甲、*ST乙", published_at="2022-01-01T10:00:00+08:00",
              **FILE_TIME),
         rendered(title="新", summary="ST甲、ST乙", published_at="2022-01-01T10:00:00+08:00",
                  **SMALL)],
        {"title": "新", "summary": "ST甲、ST乙"},
        id="of another version the later is taken",
    ),
    pytest.param(
        [file(title="甲", published_at="2022-01-01T10:00:00+08:00", **FILE_TIME),
         rendered(title="甲", published_at="2022-01-01T11:00:00+08:00", **SMALL)],
        {"published_at": "2022-01-01T11:00:00+08:00", "published_from": "section small"},
        id="another time is another version",
    ),
    pytest.param(
        [file("2022-01-03", title="新", summary="丁"), rendered(title="旧", summary="丙")],
        {"title": "新", "summary": "丁"},
        id="also if the file is the later",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("observations", "expected"), CASES)
def test_fold(observations: list[Observation], expected: dict[str, Any]) -> None:
    for order in itertools.permutations(observations):
        row = merge(order)
        assert {name: row[name] for name in expected} == expected
        assert set(row) == set(FIELDS)


texts = st.sampled_from([None, "甲", "乙", "丙"])
times = st.sampled_from(["2022-01-01", "2022-01-02", "2022-01-03"])


@st.composite
def many_observations(draw: st.DrawFn) -> list[Observation]:
    found = []
    for name in draw(st.sets(st.sampled_from("abcde"), min_size=1)):
        fields: dict[str, Any] = {
            each: draw(texts) for each in ("title", "source", "summary", "share_url", "body_text")
        }
        fields["body_rank"] = draw(st.sampled_from([0, 1, 2])) if fields["body_text"] else None
        for each in ("categories", "tags"):
            fields[each] = sorted(draw(st.sets(st.sampled_from("xyz")))) or None
        fields["mentions"] = [
            [
                "1",
                code,
                draw(st.sampled_from(["甲", "乙", ""])),
                "stock",
                draw(st.integers(1, 3)),
                origin,
            ]
            for code in sorted(draw(st.sets(st.sampled_from(["600160", "600161"]))))
            for origin in sorted(draw(st.sets(st.sampled_from(Origin))))
        ] or None
        if draw(st.booleans()):
            fields["published_at"] = draw(times)
            fields["published_precision"] = draw(st.sampled_from(["day", "minute", "second"]))
        found.append(observation(name, draw(times), **fields))
    return found


@given(many_observations(), st.randoms())
def test_order_does_not_matter(observations: list[Observation], random: Any) -> None:
    shuffled = observations.copy()
    random.shuffle(shuffled)
    assert merge(shuffled) == merge(observations)
    assert suppliers(shuffled) == suppliers(observations)


@given(many_observations())
def test_what_a_page_said_can_be_had_back(observations: list[Observation]) -> None:
    row = merge(observations)
    for each in observations:
        assert apply_difference(row, differs(each.fields, row)) == each.fields


@given(many_observations())
def test_every_value_of_the_row_was_said(observations: list[Observation]) -> None:
    row = merge(observations)
    for name in ("title", "source", "summary", "body_text"):
        said = {each.fields[name] for each in observations}
        assert row[name] in said
        assert row[name] is not None or said == {None}


def test_carry_over() -> None:
    earlier = observation(
        title="甲", source="新华社", mentions=[["1", "2", "3", "stock", 1, "link"]]
    ).fields
    later = observation(title="乙", body_text="全文", body_rank=1).fields
    carried = carry_over(earlier, later)
    assert (carried["title"], carried["source"], carried["mentions"]) == ("乙", "新华社", None)
