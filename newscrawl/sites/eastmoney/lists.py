"""The lists of news that the spider ``feed`` can ask for: the next one is a few lines more.

A list is asked as its own web pages and public clients ask for it.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from newscrawl.sites.eastmoney.list_answer import ListAnswer, NewsList, read_list_answer

__all__ = [
    "DEFAULT",
    "LISTS",
    "ListAnswer",
    "NewsList",
    "RequestedList",
    "UnknownList",
    "find_lists",
    "read_list_answer",
]

DEFAULT = "atom"
"""The list that is asked for when none is named."""

_TRACE = {"req_trace": "newscrawl"}  # any value will do, but there must be one
_SO = {"Referer": "https://so.eastmoney.com/"}
_KUAIXUN = {"Referer": "https://kuaixun.eastmoney.com/"}
_WEB = {"Referer": "https://www.eastmoney.com/"}
# Any app names itself here; what the real one says is not known.
_APP = {"appid": "newscrawl@MOBILEAPP"}
_SEARCH = {
    "uid": "", "keyword": "{argument}", "type": ["cmsArticleWebOld"], "client": "web",
    "clientType": "web", "clientVersion": "curr",
    "param": {
        "cmsArticleWebOld": {
            "searchScope": "default", "sort": "time", "pageIndex": "{page}", "pageSize": 20,
            "preTag": "<em>", "postTag": "</em>",
        },
    },
}  # fmt: skip


def _columns(number: str, about: str) -> NewsList:
    return NewsList(
        name=f"columns-{number}",
        about=about,
        url="https://np-listapi.eastmoney.com/comm/web/getNewsByColumns",
        parameters={
            "client": "web", "biz": "web_724" if number == "724" else "web_news_col",
            "column": number, "order": "1", "needInteractData": "0",
            "page_index": "{page}", "page_size": "50", **_TRACE,
        },
        headers=_WEB,
        success=("code", "1"),
        entries="data.list",
        shape="columns",
    )  # fmt: skip


def _market(number: str) -> NewsList:
    return NewsList(
        name=f"market-{number}",
        about=f"the mirror's script: market type {number}",
        url="http://43.240.125.15:1818/information/newmarket/web/webapi",
        parameters={"marketType": number, "count": "100"},
        entries="record",
        shape="market",
    )


_ALL = (
    NewsList(
        name="atom",
        about="the mirror's own feed: its 10 newest posts",
        url="{base}/feed.xml",
        shape="atom",
    ),
    _columns("1207", "财经早餐"),
    _columns("344", "财经导读"),
    _columns("345", "column 345"),
    _columns("350", "column 350"),
    _columns("353", "column 353"),
    _columns("724", "7×24"),
    NewsList(
        name="fast",
        about="7×24 快讯 of today's site",
        url="https://np-weblist.eastmoney.com/comm/web/getFastNewsList",
        parameters={
            "client": "web", "biz": "web_724", "fastColumn": "102", "sortEnd": "{cursor}",
            "pageSize": "50", **_TRACE,
        },
        headers=_KUAIXUN,
        success=("code", "1"),
        entries="data.fastNewsList",
        cursor="data.sortEnd",
        shape="fast",
    ),
    NewsList(
        name="kuaixun",
        about="快讯, the older interface",
        url="https://newsapi.eastmoney.com/kuaixun/v1/getlist_102_ajaxResult_50_{page}_.html",
        headers=_KUAIXUN,
        success=("rc", "1"),
        entries="LivesList",
        shape="kuaixun",
    ),
    NewsList(
        name="security",
        about="news of a security: security:1.600519 (its market and code)",
        url="https://np-listapi.eastmoney.com/comm/web/getListInfo",
        parameters={
            "client": "web", "type": "1", "mTypeAndCode": "{argument}", "pageSize": "50",
            "pageIndex": "{page}", **_TRACE,
        },
        headers=_WEB,
        success=("code", "1"),
        entries="data.list",
        shape="security",
    ),
    NewsList(
        name="search",
        about="articles with a word: search:茅台",
        url="https://search-api-web.eastmoney.com/search/jsonp",
        parameters={
            "cb": "newscrawl",
            # A number there, not a string.
            "param": json.dumps(_SEARCH, separators=(",", ":")).replace('"{page}"', "{page}"),
        },
        headers=_SO,
        success=("code", "0"),
        entries="result.cmsArticleWebOld",
        shape="search",
    ),
    NewsList(
        name="rolling",
        about="the mirror's script: 滚动, type 102",
        url="http://183.136.162.242/web/webapi",
        parameters={"type": "102", "count": "100", "newsid": "1"},
        entries="records",
        shape="rolling",
    ),
    NewsList(
        name="nodes",
        about="the mirror's script: type 45",
        url="http://183.136.162.242/web/webapi",
        parameters={"type": "45", "count": "100", "newsid": "1"},
        entries="nodeList",
        shape="nodes",
    ),
    *(_market(number) for number in ("37", "38", "39")),
    NewsList(
        name="choice",
        about="the app's list of today",
        url="https://choicegw.eastmoney.com/app/report/web/homePage/getInformationList",
        parameters={"count": "100"},
        headers=_APP,
        entries="data.records",
        shape="choice",
    ),
)  # fmt: skip

LISTS: dict[str, NewsList] = {each.name: each for each in _ALL}
"""Every list by its name."""


class UnknownList(ValueError):
    """A name that is no list's; the message lists them. Raised by :func:`find`."""


class RequestedList(NamedTuple):
    """A list that was asked for, with what stood after its name's colon."""

    list: NewsList
    argument: str = ""

    @property
    def label(self) -> str:
        """The name as it was given."""
        return f"{self.list.name}:{self.argument}" if self.argument else self.list.name


def find_lists(names: str) -> list[RequestedList]:
    """Return the lists of these names, by commas, each once.

    Raises UnknownList.
    """
    found = {}
    for each in filter(None, map(str.strip, names.split(","))):
        name, _, argument = (part.strip() for part in each.partition(":"))
        asked = LISTS.get(name)
        if asked is None:
            raise UnknownList(f"There is no list {name!r}; there are {', '.join(LISTS)}")
        if asked.takes_argument != bool(argument):
            needs = "needs a" if asked.takes_argument else "takes no"
            raise UnknownList(f"The list {name} {needs} word after a colon: {asked.about}")
        found[each] = RequestedList(asked, argument)
    return list(found.values())
