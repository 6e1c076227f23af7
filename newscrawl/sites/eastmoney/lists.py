"""Eastmoney's lists of news, each requested as its own web pages and public clients request it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from newscrawl.sites.eastmoney.security_codes import security_with_list
from newscrawl.sites.list_answer import NewsList
from newscrawl.sites.list_shape import ARGUMENT, Shape

_SHAPES = (
    Shape(
        "columns", id=("code",), title=("title",), time=("showTime",), source=("mediaName",),
        summary=("summary",), url=("uniqueUrl", "url"),
    ),
    Shape(
        "fast", id=("code",), title=("title",), time=("showTime",), summary=("summary",),
        securities=("stockList",),
    ),
    Shape(
        "kuaixun", id=("newsid", "id"), title=("title", "simtitle"), time=("showtime",),
        summary=("digest", "simdigest"), url=("url_unique", "url_w"),
    ),
    Shape(
        "security", id=("Art_Code",), title=("Art_Title",), time=("Art_ShowTime",),
        source=("Art_MediaName",), url=("Art_OriginUrl", "Art_Url"), securities=(ARGUMENT,),
    ),
    Shape(
        "search", id=("code",), title=("title",), time=("date",), source=("mediaName",),
        summary=("content",), url=("url",),
    ),
    Shape(
        "rolling", id=("infoCode", "id"), title=("title",), time=("showtime",), summary=("digest",),
        url=("url_w",),
    ),
    Shape(
        "nodes", id=("infocode",), title=("title", "simtitle"), time=("showtime",),
        source=("from",), summary=("simdigest",),
    ),
    Shape(
        "market", id=("infoCode",), title=("title",), time=("datetime",), source=("medianame",),
    ),
    Shape(
        "choice", id=("code",), title=("data.title", "data.simtitle"), time=("data.showtime",),
        source=("data.from",), summary=("data.simdigest",),
    ),
)  # fmt: skip
SHAPES = {shape.name: shape for shape in _SHAPES}
"""The shapes of records, by name. Records hold more keys, which are ignored on purpose: sort keys,
colours, pictures and comment counts."""

_TRACE = {"req_trace": "newscrawl"}  # any value will do, but one is required
_SO = {"Referer": "https://so.eastmoney.com/"}
_KUAIXUN = {"Referer": "https://kuaixun.eastmoney.com/"}
_WEB = {"Referer": "https://www.eastmoney.com/"}
# Apps name themselves here; what the real one sends is not known.
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


def _columns(number: str, about: str = "") -> NewsList:
    return NewsList(
        name=f"columns-{number}",
        about=about or f"column {number}",
        url="https://np-listapi.eastmoney.com/comm/web/getNewsByColumns",
        parameters={
            "client": "web", "biz": "web_724" if number == "724" else "web_news_col",
            "column": number, "order": "1", "needInteractData": "0",
            "page_index": "{page}", "page_size": "50", **_TRACE,
        },
        headers=_WEB,
        success=("code", "1"),
        entries="data.list",
        total="data.totle_hits",
        shape=SHAPES["columns"],
    )  # fmt: skip


def _market(number: str) -> NewsList:
    return NewsList(
        name=f"market-{number}",
        about=f"the mirror's script: market type {number}",
        url="http://43.240.125.15:1818/information/newmarket/web/webapi",
        parameters={"marketType": number, "count": "100"},
        entries="record",
        shape=SHAPES["market"],
    )


def _fast(number: str) -> NewsList:
    return NewsList(
        name=f"fast-{number}",
        about=f"快讯 of column {number}",
        url="https://np-weblist.eastmoney.com/comm/web/getFastNewsList",
        parameters={
            "client": "web", "biz": "web_724", "fastColumn": number, "sortEnd": "{cursor}",
            "pageSize": "50", **_TRACE,
        },
        headers=_KUAIXUN,
        success=("code", "1"),
        entries="data.fastNewsList",
        total="data.total",
        cursor="data.sortEnd",
        shape=SHAPES["fast"],
    )  # fmt: skip


def _kuaixun(number: str) -> NewsList:
    return NewsList(
        name=f"kuaixun-{number}",
        about=f"快讯 of column {number}, the older interface",
        url=f"https://newsapi.eastmoney.com/kuaixun/v1/getlist_{number}_ajaxResult_50_{{page}}_.html",
        headers=_KUAIXUN,
        success=("rc", "1"),
        entries="LivesList",
        shape=SHAPES["kuaixun"],
    )


FAMILIES: dict[str, Callable[[str], NewsList]] = {
    "columns": _columns, "fast": _fast, "kuaixun": _kuaixun, "market": _market,
}  # fmt: skip
"""Interfaces that have many lists, each with a number: ``columns-351``."""

LISTS = (
    _columns("1207", "财经早餐"),
    _columns("344", "财经导读"),
    *map(_columns, ("345", "350", "353")),
    _columns("724", "7×24"),
    replace(_fast("102"), name="fast", about="7×24 快讯 of today's site"),
    replace(_kuaixun("102"), name="kuaixun", about="快讯, the older interface"),
    NewsList(
        name="security",
        about="news of a security: security:1.600519, or security:600519",
        url="https://np-listapi.eastmoney.com/comm/web/getListInfo",
        parameters={
            "client": "web", "type": "1", "mTypeAndCode": "{argument}", "pageSize": "50",
            "pageIndex": "{page}", **_TRACE,
        },
        headers=_WEB,
        success=("code", "1"),
        entries="data.list",
        total="data.totle_hits",
        checked=security_with_list,
        shape=SHAPES["security"],
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
        total="hitsTotal",
        shape=SHAPES["search"],
    ),
    NewsList(
        name="rolling",
        about="the mirror's script: 滚动, type 102",
        url="http://183.136.162.242/web/webapi",
        parameters={"type": "102", "count": "100", "newsid": "1"},
        entries="records",
        shape=SHAPES["rolling"],
    ),
    NewsList(
        name="nodes",
        about="the mirror's script: type 45",
        url="http://183.136.162.242/web/webapi",
        parameters={"type": "45", "count": "100", "newsid": "1"},
        entries="nodeList",
        shape=SHAPES["nodes"],
    ),
    *(_market(number) for number in ("37", "38", "39")),
    NewsList(
        name="choice",
        about="the app's list of today",
        url="https://choicegw.eastmoney.com/app/report/web/homePage/getInformationList",
        parameters={"count": "100"},
        headers=_APP,
        entries="data.records",
        shape=SHAPES["choice"],
    ),
)  # fmt: skip
