"""A list of news as data: how it is requested, and where its answer has the entries."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from newscrawl.items import Page
from newscrawl.sites import json_text, limits
from newscrawl.sites.decode import decode_listing
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.list_shape import Shape
from newscrawl.text.sanitize import squeeze


@dataclass(frozen=True, slots=True)
class NewsList:
    """One list: how it is requested, and what its answers look like.

    URL and parameters may contain ``{page}`` (from 1 on), ``{cursor}`` (from the previous answer,
    at first empty) and ``{argument}`` (what follows the name's colon, ``search:茅台``). A list with
    neither of the first two has one page. JSON may be wrapped in a callback or an assignment.
    """

    name: str
    about: str
    url: str
    """With its host; ``{base}`` for the site that is crawled."""
    shape: Shape
    """The keys of its entries."""
    records: Callable[[str], Iterable[dict[str, Any]]] | None = None
    """Reads an answer that is not JSON, such as a feed."""
    entries: str = ""
    """The path to the entries in an answer that is JSON, ``data.list``."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Additional request headers."""
    success: tuple[str, str] | None = None
    """A key of the answer and its value on success, as text: 1 and "1" are the same."""
    cursor: str = ""
    """The path to the cursor of the next page."""
    total: str = ""
    """The path to the number of all entries."""
    checked: Callable[[str], str] | None = None
    """Returns an argument in its normal form; raises ValueError with a sentence."""

    @property
    def takes_argument(self) -> bool:
        """Whether its name must be followed by a colon and an argument."""
        return "{argument}" in self.url + "".join(self.parameters.values())

    @property
    def has_pages(self) -> bool:
        """Whether it may have a second page."""
        return any(word in self.url + "".join(self.parameters.values()) for word in _PAGING)

    def address(
        self, base: str, *, is_own_base: bool, page: int = 1, cursor: str = "", argument: str = ""
    ) -> str:
        """Return the URL of a page; on *base* instead of its real host with *is_own_base*."""
        values = {
            "{page}": str(page),
            "{cursor}": cursor,
            # As it must stand in a string of JSON, too.
            "{argument}": json.dumps(argument, ensure_ascii=False)[1:-1],
        }
        url = _filled(self.url, values)
        if is_own_base or url.startswith("{base}/"):
            url = urljoin(base, urlsplit(url.removeprefix("{base}")).path.lstrip("/"))
        query = {name: _filled(value, values) for name, value in self.parameters.items()}
        return f"{url}?{urlencode(query, quote_via=quote)}" if query else url


_PAGING = ("{page}", "{cursor}")


def _filled(template: str, values: Mapping[str, str]) -> str:
    for word, value in values.items():
        template = template.replace(word, value)
    return template


@dataclass(slots=True)
class ListAnswer:
    """What one answer of a list contains."""

    records: list[Any]
    """The entries as received, newest first; each should be an object."""
    cursor: str = ""
    """The cursor of the next page; empty if the list has no cursor, or no next page."""
    odd_bytes: int = 0
    """Bytes that could not be decoded."""
    lacks: str = ""
    """What an answer without entries has in their place, where the list need not be empty."""


MAX_RECORDS = 1000
"""Entries of one answer: at most 100 are requested, and each becomes a page of its own."""


def read_list_answer(asked: NewsList, page: Page) -> ListAnswer:
    """Return the content of an answer of the list.

    Behind the last page, null stands in place of the entries; on the first page it means that they
    are kept back, as it does if a total is announced: then ``lacks`` says so.

    Raises Unreadable: ``too_large``, ``empty``, ``charset``, ``not_a_post`` (HTML), ``cut_off``,
    ``not_json``, ``null``, ``refused``, ``lacks_keys`` (the list is not there).
    """
    limits.check_size(page, limits.LARGEST_LIST)
    text, odd_bytes = decode_listing(page.body, page.content_type)
    answer = _read(asked, text)
    answer.odd_bytes = odd_bytes
    return answer


def _read(asked: NewsList, text: str) -> ListAnswer:
    if asked.records is not None:
        return ListAnswer(list(asked.records(text)))
    data = unwrap(text)
    _check_success(asked, data)
    found = _follow(data, asked.entries)
    if found is not None and not isinstance(found, list):
        raise Unreadable("lacks_keys", f"{asked.entries} is {str(found)[:60]!r}; expected a list")
    if found is not None and len(found) > MAX_RECORDS:
        raise Unreadable("too_large", f"{len(found):,} entries; at most {MAX_RECORDS:,} are read")
    cursor = _follow(data, asked.cursor) if found and asked.cursor else None
    if found:
        return ListAnswer(found, str(cursor or ""))
    total = _total(asked, data)
    if total:
        return ListAnswer([], lacks=f"announces {total} entries, and gives none")
    has_none = found is not None or total == 0
    return ListAnswer([], lacks="" if has_none else f"has null in place of {asked.entries}")


def _total(asked: NewsList, data: Mapping[str, Any]) -> int | None:
    """Return how many entries the answer announces; None if it does not say."""
    try:
        said = _follow(data, asked.total) if asked.total else None
    except Unreadable:
        return None
    return int(said) if isinstance(said, int) and not isinstance(said, bool) else None


# var x = …, callback(…), and the comment that some put before a callback.
_WRAPPER = re.compile(r"(?:/\*[^*]*\*/)?\s*(?:;\s*)?(?:var\s+)?[A-Za-z_$][\w$.]*+\s*[=(]\s*")
_CLOSING = re.compile(r"\s*(?:\)\s*)?(?:;\s*)?")
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)


def unwrap(text: str) -> dict[str, Any]:
    """Return the JSON object in an answer: bare, in ``callback(…)`` or after ``var x=``.

    Raises Unreadable: ``not_a_post`` (HTML), ``not_json``, ``null``, ``lacks_keys`` (no object).
    """
    text = text.strip()
    if text.startswith("<"):
        title = _TITLE.search(text)
        named = f"titled {squeeze(title[1])[:60]!r}" if title else f"that begins {text[:60]!r}"
        raise Unreadable("not_a_post", f"the answer is a page of HTML {named}; expected JSON")
    wrapper = _WRAPPER.match(text)
    try:
        data, end = json_text.decode_json(text, wrapper.end() if wrapper else 0)
    except ValueError as error:
        raise Unreadable(
            "not_json", f"the answer begins with {text[:60]!r}; expected JSON ({error})"
        ) from None
    if not _CLOSING.fullmatch(text, end):
        raise Unreadable("not_json", f"the answer begins with {text[:60]!r}; expected JSON")
    if data is None:
        raise Unreadable("null", f"the answer is {text[:60]!r}; expected an object")
    if not isinstance(data, dict):
        raise Unreadable("lacks_keys", f"the answer is {text[:60]!r}; expected an object")
    return data


def _check_success(asked: NewsList, data: Mapping[str, Any]) -> None:
    if asked.success is None:
        return
    key, value = asked.success
    if key in data and str(data[key]) != value:
        said = next((str(data[name]) for name in ("message", "me", "msg") if data.get(name)), "")
        raise Unreadable(
            "refused",
            f"the API refuses: {key} is {str(data[key])[:60]!r} where {value} means success"
            + (f", {said[:200]!r}" if said else ", without a message"),
        )


def _follow(data: Any, path: str) -> Any:
    """Return what is at ``data.list``; None where it, or something on the way, is null."""
    done: list[str] = []
    for key in path.split("."):
        if data is None:
            return None
        if not isinstance(data, dict) or key not in data:
            names = [name[:40] for name in list(data)[:10]] if isinstance(data, dict) else None
            keys = str(data)[:60] if names is None else ", ".join(names)
            limited = "; the API limits anonymous clients so" if keys == "passportWeb" else ""
            where = ".".join(done) or "the answer"
            raise Unreadable("lacks_keys", f"{where} has no {key}, only: {keys or 'none'}{limited}")
        data = data[key]
        done.append(key)
    return data
