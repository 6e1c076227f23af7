"""Texts that say of themselves that AI made them."""

from __future__ import annotations

import pytest

from newscrawl.items import Article, Page, PageKind
from newscrawl.sites.ai_generated import says_ai_generated
from newscrawl.sites.normalise import normalise


@pytest.mark.parametrize(
    "text",
    ["免责声明：本文基于AI生产，仅供参考。", "本文由人工智能生成", "（本文系AI辅助创作）",
     "本文内容由大模型自动撰写。"],
)  # fmt: skip
def test_says_so(text: str) -> None:
    assert says_ai_generated(f"正文。\n{text}")


@pytest.mark.parametrize(
    "text",
    ["本文探讨人工智能生成内容的监管。", "AI生产的芯片", "他认为，文章由AI生成会更常见。", "本文"],
)
def test_does_not_say_so(text: str) -> None:
    assert not says_ai_generated(text)


@pytest.mark.parametrize(("text", "flag"), [("正文。\n本文基于AI生产", 1), ("正文。", None)])
def test_the_field_of_an_article(text: str, flag: int | None) -> None:
    page = Page(PageKind.ARTICLE_PAGE, "1", "http://a.test/", b"", "2022-01-01T00:00:00+00:00")
    found = normalise(Article(id="NW202201012228490028", title="题", body_text=text, page=page))
    assert found.is_ai_generated == flag
    assert found.body_text == text
