"""Reads an answer of GetNewsText.do, the API behind the share pages."""

from __future__ import annotations

from typing import Any

from newscrawl.items import Article, BodyRank, Page
from newscrawl.loaders import ArticleLoader, Rule, Stats, key_values
from newscrawl.sites import json_text
from newscrawl.sites.decode import decode_page
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney import usual_body
from newscrawl.sites.eastmoney.info_code import BadInfoCode, parse_info_code, public_url
from newscrawl.sites.eastmoney.securities import of_list
from newscrawl.sites.errors import Unreadable
from newscrawl.text.sanitize import plain_text, squeeze, strip_controls

_RULES = (
    Rule("title", "Title", kind="key"),
    Rule("published_raw", "Date", kind="key"),
)
_AUTHOR_RULE = Rule("author", "Author", "a list of names, most often empty", kind="key")
_SOURCE_RULES = (
    Rule("source", "From", "the body has no 文章来源 line", kind="key"),
    Rule("source", "medianame", "and From is empty", kind="key"),
)
# The body with links on securities comes before the one without; answers of 2018 have no content.
_BODIES = (("content", BodyRank.LINKED), ("text", BodyRank.FULL))
RULES = (
    *_RULES,
    _AUTHOR_RULE,
    *_SOURCE_RULES,
    *(Rule("body_html", key, kind="key") for key, _ in _BODIES),
    *bodies.BODY_RULES,
)
_RELATED = "reletecodes"  # its own spelling
_ID_KEYS = ("Id", "newsid")


def read_api_answer(page: Page, stats: Stats | None = None) -> Article:
    """Return the article of an answer; keys that are missing or null leave fields empty.

    Raises Unreadable: ``empty``, ``too_large``, ``charset``, ``not_json``, ``null``,
    ``lacks_keys``, ``no_id``, ``wrong_id``, ``nothing``.
    """
    data = _object(decode_page(page.body, page.content_type))
    info_code = _info_code(page, data)
    loader = ArticleLoader(stats=stats)
    loader.add_value("id", info_code)
    if isinstance(title := data.get("Title"), str):
        data["Title"] = plain_text(title)
    loader.apply(_RULES, data)
    if loader.get_collected_values("published_raw"):
        loader.add_value("published_from", "Date")
    loader.put("author", "key", "Author", "、".join(_names(data.get("Author"))))
    for key, rank in _BODIES:
        html = key_values(data, key)
        body = (
            (usual_body.read_usual_body(html[0]) or bodies.read_html(html[0]))
            if html
            else bodies.Body()
        )
        if not loader.put("body_html", "key", key, body.html):
            continue
        body.rank, body.html = rank, None
        _add_related(body, data)
        bodies.add_body(loader, body)
        break
    if not loader.get_collected_values("source"):
        loader.apply(_SOURCE_RULES, data)
    loader.add_value("original_url", public_url(info_code))
    article: Article = loader.load_item()
    if not article.title and not article.body_html:
        raise Unreadable("nothing", f"Title, content and text of {info_code} are empty")
    return article


def _add_related(body: bodies.Body, data: dict[str, Any]) -> None:
    """Add the securities that the answer names beside the article."""
    found, wrong = of_list(data.get(_RELATED))
    body.mentions += found
    if wrong:
        body.unknown[f"{_RELATED} without a code"] = wrong


def _names(value: Any) -> list[str]:
    """Return the names in a list, or in a text; what is not text is left out."""
    values = value if isinstance(value, list) else [value]
    names = (squeeze(strip_controls(each)) for each in values if isinstance(each, str))
    return [name for name in names if name]


def _object(text: str) -> dict[str, Any]:
    """Return the JSON object in an answer: bare, in ``callback(…)`` or after ``var jsonData =``."""
    stripped = text.strip().strip(";").strip()
    if stripped == "null" or stripped.endswith(("=null", "= null", "(null)")):
        raise Unreadable("null", f"the answer is {stripped[:60]!r}; expected an object")
    begin = text.find("{")
    # A page of HTML may hold braces, in a script.
    if begin < 0 or stripped.startswith("<"):
        raise _not_json(text)
    try:
        data, _ = json_text.decode_json(text, begin)
    except ValueError:
        raise _not_json(text) from None
    if not isinstance(data, dict):
        raise _not_json(text)
    wanted = {"Title", "content", "text"}
    if not wanted & data.keys():
        found = ", ".join(key[:40] for key in list(data)[:10]) or "none"
        raise Unreadable(
            "lacks_keys", f"none of Title, content and text is there; its keys: {found}"
        )
    if all(data[key] is None for key in wanted & data.keys()):
        raise Unreadable("null", f"{', '.join(sorted(wanted & data.keys()))}: null")
    return data


def _not_json(text: str) -> Unreadable:
    return Unreadable("not_json", f"the answer begins with {text[:60]!r}; expected an object")


def _info_code(page: Page, data: dict[str, Any]) -> str:
    """Return the info code that was requested, after checking that the answer is about it."""
    said = [str(data[key]).strip() for key in _ID_KEYS if data.get(key)]
    try:
        asked = parse_info_code(page.id or page.url)
    except BadInfoCode as error:
        raise Unreadable("no_id", str(error)) from None
    for each in said:
        try:
            agrees = parse_info_code(each) == asked
        except BadInfoCode:
            agrees = False
        if not agrees:
            raise Unreadable("wrong_id", f"requested {asked}, the answer is about {each[:60]!r}")
    return asked
