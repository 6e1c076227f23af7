"""ArticleLoader: rules in order, their counts, and what becomes of the values."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html

from newscrawl.loaders import ArticleLoader, Rule, key_values, text_of, xpath_values

PAGE = html.fromstring(
    "<html><h1> 标题\n 一 </h1><p class='a'>甲<!-- x --><a>乙</a>丙</p><p>丁</p></html>"
)


class Counts(dict[str, int]):
    """Counts as Scrapy's stats collector does."""

    def inc_value(self, key: str, count: int = 1) -> None:
        self[key] = self.get(key, 0) + count


def test_the_first_rule_with_a_value_wins() -> None:
    counts = Counts()
    loader = ArticleLoader.of(PAGE, stats=counts)
    rules = [Rule("title", "//h2"), Rule("title", "//h1"), Rule("title", "//p")]
    used = loader.apply(rules)
    assert used == {"title": rules[1]}
    assert loader.load_item().title == "标题 一"
    assert counts == {"parser/title/xpath///h2": 0, "parser/title/xpath///h1": 1}


def test_a_rule_without_a_value_leaves_the_field_empty() -> None:
    loader = ArticleLoader.of(PAGE)
    assert loader.apply([Rule("source", "//nothing")]) == {}
    assert not loader.has("source")
    assert loader.load_item().source is None


def test_a_later_value_does_not_replace_the_first() -> None:
    loader = ArticleLoader()
    loader.add_value("title", "一")
    loader.add_value("title", "二")
    assert loader.load_item().title == "一"


def test_sets_keep_their_order_and_each_value_once() -> None:
    loader = ArticleLoader()
    loader.add_value("tags", ["乙", "甲"])
    loader.add_value("tags", "乙")
    assert loader.load_item().tags == ["乙", "甲"]


def test_white_space_is_squeezed_but_in_the_body() -> None:
    loader = ArticleLoader()
    loader.add_value("title", " 一\n二 ")
    loader.add_value("body_text", "一\n二")
    item = loader.load_item()
    assert (item.title, item.body_text) == ("一 二", "一\n二")


def test_the_item_is_sanitized() -> None:
    loader = ArticleLoader()
    loader.add_value("title", "一\x07\u202e二")
    assert loader.load_item().title == "一二"


def test_none_is_no_value() -> None:
    counts = Counts()
    loader = ArticleLoader(stats=counts)
    assert not loader.put("title", "key", "Title", None)
    assert not loader.put("title", "key", "Title", "")
    assert loader.put("title", "key", "Title", "题")
    assert counts == {"parser/title/key/Title": 1}


@pytest.mark.parametrize(
    ("data", "values"),
    [
        ({"a": "x"}, ["x"]),
        ({"a": "x\x00y"}, ["xy"]),
        ({"a": ""}, [""]),
        ({"a": None}, []),
        ({"a": 7}, []),
        ({"a": ["x"]}, []),
        ({}, []),
    ],
)
def test_values_of_a_key(data: dict[str, Any], values: list[str]) -> None:
    assert key_values(data, "a") == values


def test_keys_of_an_answer() -> None:
    loader = ArticleLoader()
    rules = [Rule("title", "A", kind="key"), Rule("title", "B", kind="key")]
    assert loader.apply(rules, {"A": None, "B": "题"}) == {"title": rules[1]}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("//p", ["甲乙丙", "丁"]),
        ("//p/@class", ["a"]),
        ("string(//a)", ["乙"]),
        ("count(//p)", ["2.0"]),
        ("//div", []),
    ],
)
def test_values_of_an_xpath(path: str, values: list[str]) -> None:
    assert xpath_values(PAGE, path) == values


def test_text_has_no_comments_and_no_separators() -> None:
    [first, _] = PAGE.findall(".//p")
    assert text_of(first) == "甲乙丙"
