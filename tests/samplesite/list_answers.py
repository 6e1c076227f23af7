"""What each list of news upstream of the mirror answers, without its wrapper."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from samplesite.article import local
from samplesite.plan import DAY
from samplesite.truth import Truth

if TYPE_CHECKING:
    from samplesite.site import Site

COLUMNS = frozenset({"1207", "344", "345", "350", "353", "724"})
Record = dict[str, Any]
Query = Mapping[str, str]


@dataclass(frozen=True)
class Asked:
    """A request for a list."""

    site: Site
    query: Query
    oddities: frozenset[str]

    def number(self, name: str, other: int) -> int:
        """A number of the query."""
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdigit() else other

    def truths(self, start: int, count: int) -> list[Truth]:
        """Articles with an id, newest first: `count` of them from `start` on."""
        site = self.site
        numbers = (
            number
            for number in reversed(site.shown)
            if site.is_shown(number) and site.digits(number)
        )
        return [site.article(number) for number in islice(numbers, start, start + count)]

    def page(self, number: str, size: str) -> list[Truth]:
        """The articles of a page that the query names."""
        count = self.number(size, 20)
        return self.truths(max(0, self.number(number, 1) - 1) * count, count)


def now_of(site: Site) -> datetime:
    """The last second of the site's last day."""
    return local(site.start + site.span_days * DAY - 1)


def sort_key(truth: Truth) -> int:
    """The key that lists are sorted by: seconds and the id's last five digits."""
    return int(truth.published.timestamp()) * 10**6 + int(truth.digits or 0) % 10**5


def digest_of(truth: Truth, oddities: frozenset[str] = frozenset()) -> str:
    """The digest as lists have it: 【title】text（source）."""
    text = (truth.digest or truth.full.paragraphs[0]).removesuffix(f"（{truth.source}）")
    more = "【更新】" if "list_double_bracket" in oddities else ""
    return f"【{truth.title}】{more}{text}（{truth.source or truth.list_source}）"


def time_of(truth: Truth) -> str:
    """The time to the second, as most lists print it."""
    return f"{truth.published:%Y-%m-%d %H:%M:%S}"


def relative_time(when: datetime, now: datetime) -> str:
    """The time as the app prints it: 今天 16:25, 昨天 16:25, else with its date."""
    days = (now.date() - when.date()).days
    word = {0: "今天", 1: "昨天"}.get(days, f"{when:%Y-%m-%d}")
    return f"{word} {when:%H:%M}"


# One function a list: what it answers, without its wrapper.


def _columns(asked: Asked) -> Record:
    if refused := _refusal(asked):
        return refused
    truths = asked.page("page_index", "page_size")
    entries: list[Any] = [
        {
            "code": truth.digits, "np_dst": "CMS", "showTime": time_of(truth),
            "title": _title(asked, truth), "mediaName": truth.source or truth.list_source,
            "summary": digest_of(truth, asked.oddities), "image": "",
            "url": f"http://finance.eastmoney.com/a/{truth.digits}.html",
            "uniqueUrl": f"http://finance.eastmoney.com/a/{truth.digits}.html",
        }
        for truth in truths if asked.query.get("column") in COLUMNS
    ]  # fmt: skip
    if "list_foreign_ids" in asked.oddities and asked.number("page_index", 1) == 1:
        entries[1:1] = list(_foreign(asked))
    if "list_blank_record" in asked.oddities:
        entries += [{"code": "", "showTime": "", "title": ""}, None]
    data = {"page_index": asked.number("page_index", 1), "list": entries}
    return _answered(asked, data, code=1)


def _foreign(asked: Asked) -> Iterator[Record]:
    now = now_of(asked.site)
    for code, kind in (("20220614101113747001360", "CFH"), ("AN202206141572342519", "CMS"),
                       ("AP202206141572342520", "CMS")):  # fmt: skip
        yield {
            "code": code, "np_dst": kind, "showTime": f"{now:%Y-%m-%d} 07:00:00",
            "title": f"演示之{code[:2]}", "mediaName": "演示号", "summary": "",
            "uniqueUrl": f"http://caifuhao.eastmoney.com/news/{code}" if kind == "CFH" else "",
        }  # fmt: skip


def _fast(asked: Asked) -> Record:
    if refused := _refusal(asked):
        return {**refused, "code": "0"}
    start = 0
    if after := asked.query.get("sortEnd"):
        everything = asked.truths(0, asked.site.articles)
        places = (n for n, each in enumerate(everything) if str(sort_key(each)) == after)
        start = next(places, -1) + 1
    truths = asked.truths(start, asked.number("pageSize", 20))
    entries = [
        {
            "code": truth.digits, "showTime": time_of(truth), "realSort": str(sort_key(truth)),
            "title": "" if truth.number % 3 == 0 else _title(asked, truth), "titleColor": 0,
            "summary": digest_of(truth, asked.oddities), "stockList": ["1.600160"], "image": [],
        }
        for truth in truths
    ]  # fmt: skip
    end = str(sort_key(truths[-1])) if truths else ""
    data = {"sortEnd": end, "fastNewsList": entries} if entries else None
    return _answered(asked, data, code="1")


def _kuaixun(asked: Asked) -> Record:
    entries = [
        {
            "id": truth.digits, "newsid": truth.digits, "sort": str(sort_key(truth)),
            "url_w": truth.original_url or f"http://finance.eastmoney.com/a/{truth.digits}.html",
            "url_unique": f"http://finance.eastmoney.com/a/{truth.digits}.html",
            "title": _title(asked, truth), "simtitle": _title(asked, truth),
            "digest": digest_of(truth, asked.oddities), "simdigest": truth.full.paragraphs[0],
            "showtime": time_of(truth), "column": "100,102", "image": "", "url_pdf": "",
        }
        for truth in asked.page("page", "size")
    ]  # fmt: skip
    return {"rc": 1, "me": "", "LivesList": entries}


def _security(asked: Asked) -> Record:
    entries = [
        {
            "Art_Code": truth.digits, "Art_ShowTime": time_of(truth), "Art_Title": truth.title,
            "Art_Url": f"http://stock.eastmoney.com/news/1405,{truth.digits}.html",
            "Art_OriginUrl": f"http://finance.eastmoney.com/a/{truth.digits}.html",
            "Art_MediaName": truth.source or truth.list_source, "Art_Image": "",
            "Art_SortStart": str(sort_key(truth)), "Np_dst": "CMS",
        }
        for truth in asked.page("pageIndex", "pageSize")
    ]  # fmt: skip
    return _answered(asked, {"list": entries}, code=1)


def _search(asked: Asked) -> Record:
    if "list_limited" in asked.oddities:
        return {"code": 0, "msg": "OK", "result": {"passportWeb": []}}
    param = json.loads(asked.query.get("param", "{}"))
    inner = param.get("param", {}).get("cmsArticleWebOld", {})
    size, number = int(inner.get("pageSize", 10)), int(inner.get("pageIndex", 1))
    word = str(param.get("keyword", ""))
    found = [truth for truth in asked.truths(0, asked.site.articles) if word in truth.title]
    entries = [
        {
            "code": truth.digits, "date": time_of(truth), "image": "",
            "title": truth.title.replace(word, f"<em>{word}</em>"),
            "content": truth.full.paragraphs[0].replace(word, f"(<em>{word}</em>)") + "\u3000\r\n",
            "mediaName": truth.source or truth.list_source,
            "url": f"http://finance.eastmoney.com/a/{truth.digits}.html",
        }
        for truth in found[(number - 1) * size : number * size]
    ]  # fmt: skip
    result = {"cmsArticleWebOld": entries}
    return {"code": 0, "hitsTotal": len(found), "msg": "OK", "result": result}


def _rolling(asked: Asked) -> Record:
    """What the mirror's script asks for, by type: records or nodes."""
    truths = asked.truths(0, asked.number("count", 100))
    if asked.query.get("type") == "45":
        nodes = [
            {
                "infocode": truth.info_code, "title": _title(asked, truth), "simtitle": truth.title,
                "from": truth.source or truth.list_source, "showtime": time_of(truth),
                "simdigest": truth.full.paragraphs[0],
            }
            for truth in truths
        ]  # fmt: skip
        return {"nodeList": nodes}
    records = [
        {
            "id": truth.digits, "infoCode": truth.info_code, "title": _title(asked, truth),
            "digest": digest_of(truth, asked.oddities), "showtime": time_of(truth),
            "url_w": truth.original_url or f"http://finance.eastmoney.com/a/{truth.digits}.html",
        }
        for truth in truths
    ]  # fmt: skip
    return {"records": records}


def _market(asked: Asked) -> Record:
    record = [
        {
            "infoCode": truth.info_code, "title": truth.title, "datetime": time_of(truth),
            "medianame": truth.source or truth.list_source,
        }
        for truth in asked.truths(0, asked.number("count", 100))
    ]  # fmt: skip
    return {"record": record}


def _choice(asked: Asked) -> Record:
    now = now_of(asked.site)
    records = [
        {
            "code": truth.info_code,
            "data": {
                "showtime": relative_time(truth.published, now),
                "simdigest": digest_of(truth, asked.oddities),
                "from": truth.source or truth.list_source,
            },
        }
        for truth in asked.truths(0, asked.number("count", 100))
    ]
    return {"data": None if "list_no_data" in asked.oddities else {"records": records}}


ANSWERS: dict[str, Callable[[Asked], Record]] = {
    "/comm/web/getNewsByColumns": _columns,
    "/comm/web/getFastNewsList": _fast,
    "/kuaixun": _kuaixun,
    "/comm/web/getListInfo": _security,
    "/comm/wap/getListInfo": _security,
    "/search/jsonp": _search,
    "/web/webapi": _rolling,
    "/information/newmarket/web/webapi": _market,
    "/app/report/web/homePage/getInformationList": _choice,
}
"""The lists by their paths; ``/kuaixun`` stands for a path with its numbers in it."""


def _title(asked: Asked, truth: Truth) -> str:
    return "" if "list_untitled" in asked.oddities else truth.title


def _refusal(asked: Asked) -> Record | None:
    if "req_trace" in asked.query and "list_refused" not in asked.oddities:
        return None
    message = "Required String parameter 'req_trace' is not present"
    return {"code": 0, "message": message}


def _answered(asked: Asked, data: Record | None, code: int | str) -> Record:
    if "list_number" in asked.oddities:
        code = str(code) if isinstance(code, int) else int(code)
    if "list_no_data" in asked.oddities:
        data = None
    trace = asked.query.get("req_trace", "")
    return {"req_trace": trace, "code": code, "message": "success", "data": data}
