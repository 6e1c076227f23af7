"""Prefers a post file to its page where both say the same: the build changes what it sets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from newscrawl.items import BodyRank, PageKind
from newscrawl.store.observation import Fields, Observation, has_body, of_group
from newscrawl.text.evidence import HOURS_LATE
from newscrawl.text.typeset import fold_typeset

_TIME, _BODY = of_group("time"), of_group("body")
_SET = ("title", "summary", *_TIME)
"""What the site's build may change on the way from a post file to its page."""


def prefer_files_to_pages(found: dict[str, Observation], ordered: Sequence[Observation]) -> None:
    """Replace pages by the post files that say the same, where the build changes what they say."""
    files = [each for each in ordered if each.page_kind == PageKind.POST_FILE]
    for name in (*_SET, *_BODY) if files else ():
        page = found.get(name)
        if page is None or page.page_kind != PageKind.POST_PAGE:
            continue
        if name in _BODY and page.fields.get("body_rank") != BodyRank.SUMMARY:
            continue  # a body is markup, which the build leaves alone
        for file in reversed(files):
            if _has(file, name) and _is_same_version(file.fields, page.fields):
                found[name] = file
                break


def _has(file: Observation, name: str) -> bool:
    if name in _TIME:
        return file.fields.get("published_precision") in ("minute", "second")
    return has_body(file.fields) if name in _BODY else file.fields.get(name) is not None


def _is_same_version(file: Fields, page: Fields) -> bool:
    """Whether a post page says what its file says, but for the type that the build sets."""
    for name in ("title", "summary", "source", "body_text"):
        one, other = file.get(name), page.get(name)
        if one is None or other is None or one == other:
            continue
        if name == "body_text" and file.get("body_rank") != page.get("body_rank"):
            continue
        if fold_typeset(one) != fold_typeset(other):
            return False
    return _hours_between(file, page) in (0, HOURS_LATE, None)


def _hours_between(file: Fields, page: Fields) -> float | None:
    """By how many hours the page's time is later; None where one is missing or a day."""
    if None in (file.get("published_at"), page.get("published_at")):
        return None
    if "day" in (file.get("published_precision"), page.get("published_precision")):
        return None
    one, other = (datetime.fromisoformat(each["published_at"]) for each in (file, page))
    return (other - one).total_seconds() / 3600
