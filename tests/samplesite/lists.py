"""The lists of news upstream of the mirror: every one tells of the same articles, newest first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from newscrawl.demo.server import text_response
from samplesite.answers import ERROR
from samplesite.list_answers import ANSWERS, Asked, Record, now_of

if TYPE_CHECKING:
    from newscrawl.demo.server import Response
    from samplesite.site import Site

LIST_ODDITIES = {
    "list_html": "an HTML error page with status 200 in place of the answer",
    "list_empty": "an empty answer",
    "list_null": "null",
    "list_refused": "code 0 and a message, as without req_trace",
    "list_limited": "a search that answers with passportWeb only",
    "list_no_data": "data is null",
    "list_semicolon": "a semicolon behind the answer",
    "list_number": "a code of success that is a string is a number, and the other way round",
    "list_foreign_ids": "a user's column, a notice and a report among the entries",
    "list_blank_record": "an entry without id, title and time, and one that is not an object",
    "list_untitled": "no entry has a title but in its digest",
    "list_double_bracket": "a second 】 in each digest",
}
"""What goes wrong with lists, by name; also in the query of one request: ``&oddity=list_html``."""

KINDS = {"json": "application/json; charset=utf-8", "js": "text/javascript; charset=utf-8"}
KUAIXUN = re.compile(r"/kuaixun/v1/getlist_(\w+)_(\w+?)_(\d+)_(\d+)_\.html")


@dataclass(frozen=True)
class Lists:
    """A site together with the lists upstream of it: ``serve(Lists(site, {"list_html"}))``."""

    site: Site
    oddities: Iterable[str] = ()
    """Names of LIST_ODDITIES; every list has them."""

    def __post_init__(self) -> None:
        """Raise ValueError for a name that is not an oddity of lists."""
        object.__setattr__(self, "oddities", frozenset(self.oddities))
        if unknown := set(self.oddities) - set(LIST_ODDITIES):
            raise ValueError(f"no such oddity of lists: {', '.join(sorted(unknown))}")

    @property
    def last_modified(self) -> datetime:
        """When the site was built last."""
        return self.site.last_modified

    def respond(self, address: str) -> Response:
        """The answer to a path with its query: of a list, or of the site."""
        return respond(self.site, address, frozenset(self.oddities)) or self.site.respond(address)


def respond(site: Site, address: str, oddities: frozenset[str] = frozenset()) -> Response | None:
    """The answer of the list at an address; None where there is no list."""
    path, _, text = address.partition("?")
    query = dict(parse_qsl(text, keep_blank_values=True))
    if match := KUAIXUN.fullmatch(path):
        _, variable, size, number = match.groups()
        query = {"variable": variable, "size": size, "page": number, **query}
        path = "/kuaixun"
    answer = ANSWERS.get(path)
    if answer is None:
        return None
    asked = Asked(site, query, oddities | {query.get("oddity", "")})
    for oddity, body in (("list_html", ERROR), ("list_empty", ""), ("list_null", "null")):
        if oddity in asked.oddities:
            return text_response(body, KINDS["json"] if body == "null" else "text/html")
    made = _wrapped(asked, answer(asked), path)
    answered = text_response(made, KINDS["json" if made.startswith("{") else "js"])
    # Its clock is the site's; a list that prints 今天 means this day.
    answered.headers["Date"] = format_datetime(now_of(site).astimezone(UTC), usegmt=True)
    return answered


def _wrapped(asked: Asked, data: Record, path: str) -> str:
    """The answer as text: JSON, ``callback(…)`` or ``var x=…``."""
    text = json.dumps(data, ensure_ascii=False)
    callback = asked.query.get("callback") or asked.query.get("cb")
    if path == "/kuaixun":
        text = f"var {asked.query['variable']}={text}"
    elif callback:
        text = f"{callback}({text})"
    return text + ";" * ("list_semicolon" in asked.oddities)
