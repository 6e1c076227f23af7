"""Splits a summary into its parts: ``【title】text（source）``."""

from __future__ import annotations

import re

from newscrawl.text.sanitize import squeeze

# （财联社） at a summary's very end, or （来源：财联社）; an editor may be named behind it.
_SUMMARY_TAIL = re.compile(
    r"(?:（(?:(?:文章|消息)?来源[：:] ?)?(?P<wide>[^（），。！？；：、,!?;“”\"]{2,20})）"
    r"|\((?P<narrow>[^()（），。！？；：、,:!?;“”\"]{2,20})\))"
    r"(?: ?[（(](?:责任编辑|责编|编辑|记者|作者|校对)[^（）()]{0,30}[）)]){0,2}$"
)
# What publications are called, and what else is called so: 旅行社, 公司财报, 国家电网.
_PUBLICATION = re.compile(
    r".{1,10}(?:社|报|报道|网|网站|新闻|财经|[周月]刊|杂志|电视台|电台|客户端|在线|频道|头条|e公司|app)",
    re.IGNORECASE,
)
_NO_PUBLICATION = re.compile(
    r".*(?:旅行?社|合作社|供销社|信用社|出版社|公社|会社"
    r"|(?<![青少])年报|[季中研通简申回海战]报|业绩快报|预报|情报|公报|公告"
    r"|联网|电网|管网|路网|专网|官网|(?:相关|综合|媒体|公开|最新|更多)(?:新闻|报道))"
    r"|[^A-Za-z]*财报|(?:[母子分本该]|上市|[控参]股)*公司.*"
)
# Amounts, units and dates, what qualifies them, remarks, codes and people.
_NO_SOURCE = re.compile(
    r"[约近超逾共达第0-9０-９.,%％‰+±~～/—至到 一二三四五六七八九十两百千万亿兆上下半"
    r"元美港欧日英镑人民币股吨头家只倍个名户套辆台件桶盎司克公斤里米平方度点年月天季时分秒次届位成-]+"
    r"|.*(?:税|税[前后]|比|率|值|额|价|量|股|数|年化|审计|扣非|扣非后)|合并|累计|合计|预计|暂定|下同"
    r"|草案|修订稿|征求意见稿|试行|全文|摘要|节选|转载|视频|组图|图文"
    r"|(?:附|见|详见|不含|含|截至|截止|以下|下称|简称|上接|下转|原题|原标题).*|.*名单"
    r"|.*(?:记者|编辑|作者|实习生|摄)(?: .*)?|[0-9.]+(?:\.[A-Z]{2})?|.*[0-9]{4}.*"
    r"|更新中|未完待续|待续"
)
# Behind the end of a sentence, full-width parentheses hold its source also where that is called as
# no publication is: （央行）. Within one they explain a word, and half-width ones are for codes.
_SENTENCE_END = re.compile(r"(?:^|[。！？；…!?;]|\.\.\.)[”’」』】\"]?$")


def split_summary(text: str) -> tuple[str | None, str | None]:
    """Return the title and the text of a summary ``【title】text（source）``; None for what is not.

    Only a 【 at its very start opens a title: a later pair belongs to the text.
    """
    text = squeeze(text)
    if text.startswith("【"):
        title, closed, rest = text[1:].partition("】")
        if closed:
            return title.strip() or None, rest.strip() or None
    return None, text or None


def source_of_summary(summary: str) -> str | None:
    """Return the source named at a summary's very end, such as （财联社）."""
    return _tail(summary)[1]


def without_source(summary: str) -> str:
    """Return a summary without the source at its end: as a text, if it is all there is of one."""
    return _tail(summary)[0] or summary


def _tail(summary: str) -> tuple[str, str | None]:
    """Return what stands before the source at a summary's end, and the source."""
    match = _SUMMARY_TAIL.search(summary)
    if match is None:
        return summary, None
    text, name = summary[: match.start()].rstrip(), squeeze(match["wide"] or match["narrow"])
    if _NO_SOURCE.fullmatch(name) or _NO_PUBLICATION.fullmatch(name):
        return summary, None
    is_apart = match["wide"] is not None and _SENTENCE_END.search(text[-4:]) is not None
    return (text, name) if is_apart or _PUBLICATION.fullmatch(name) else (summary, None)
