"""Merges the observations of one article into its row: a pure function, independent of order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from newscrawl.items import FIELDS, Origin, PageKind
from newscrawl.store.observation import Fields, Observation, has_body, of_group
from newscrawl.store.prefer_files import prefer_files_to_pages
from newscrawl.text.evidence import is_printed

_SINGLE, _TIME, _BODY = of_group("single"), of_group("time"), of_group("body")
REVISED = tuple(name for name, each in FIELDS.items() if each.makes_revision)
"""Fields whose change on one page makes a revision."""

_PRECISION = {None: 0, "day": 1, "minute": 2, "second": 3}


def merge(observations: Iterable[Observation]) -> Fields:
    """Return the row that *observations* make together.

    The fuller body wins, within one rank the later observation, and of the pages of one run the
    one that the others lead to; what a page lacks erases nothing; categories, tags and mentions
    add up. A time that is printed wins over one that is inferred, and a precise one over a vague
    one, whichever page says it. Where a post file and its page say the same, the file's words are
    taken: the build sets type, and may show a time eight hours late.
    """
    ordered = [*observations]
    if len(ordered) == 1:
        row = _alone(ordered[0].fields)
    else:
        ordered.sort(key=_precedence)
        row = _supplied(ordered)
    row["categories"] = _union(each.fields.get("categories") for each in ordered)
    row["tags"] = _union(each.fields.get("tags") for each in ordered)
    row["mentions"] = _mentions(ordered)
    return row


def _alone(said: Fields) -> Fields:
    """The fields that one page supplies where there is no other, as of most articles."""
    row: Fields = {name: said.get(name) for name in FIELDS}
    if not has_body(said):
        row.update(dict.fromkeys(_BODY))
    if said.get("published_at") is None:
        row.update(dict.fromkeys(_TIME))
    return row


def _supplied(ordered: Sequence[Observation]) -> Fields:
    row: Fields = dict.fromkeys(FIELDS)
    for name, observation in _suppliers(ordered).items():
        row[name] = observation.fields.get(name)
    return row


def suppliers(
    observations: Iterable[Observation], *, prefer_files: bool = True
) -> dict[str, Observation]:
    """Return, for each field of the row that one page supplies, the observation that does.

    Without *prefer_files*, a page that says the same as its post file is named, not the file.
    """
    return _suppliers(sorted(observations, key=_precedence), prefer_files=prefer_files)


def _precedence(observation: Observation) -> tuple[int, bool, tuple[str, int, str]]:
    return (_rank(observation), observation.page_kind != PageKind.LIST_ENTRY, observation.order)


def _rank(observation: Observation) -> int:
    rank = observation.fields.get("body_rank")
    return -1 if rank is None else int(rank)


def _suppliers(
    ordered: Sequence[Observation], *, prefer_files: bool = True
) -> dict[str, Observation]:
    """The last of *ordered* that has the field; the fields of one group from one page."""
    found: dict[str, Observation] = {}
    for observation in ordered:
        said = observation.fields
        for name in _SINGLE:
            if said.get(name) is not None:
                found[name] = observation
        if has_body(said):
            found.update(dict.fromkeys(_BODY, observation))
    timed = [each for each in ordered if each.fields.get("published_at") is not None]
    if timed:
        best = max(timed, key=lambda each: (*_certainty(each), _precedence(each)))
        found.update(dict.fromkeys(_TIME, best))
    if prefer_files:
        prefer_files_to_pages(found, ordered)
    return found


def _certainty(observation: Observation) -> tuple[bool, int]:
    """How good a time is: printed with its hour, and how precisely."""
    precision = _PRECISION[observation.fields.get("published_precision")]
    return precision > 1 and is_printed(observation.fields.get("published_from")), precision


def _union(lists: Iterable[Sequence[str] | None]) -> list[str] | None:
    """All values in a stable order; None if there are none."""
    found = set().union(*filter(None, lists))
    return sorted(found) or None


def _mentions(ordered: Sequence[Observation]) -> list[list[Any]] | None:
    """All mentions, each as often as the page that makes it most; later pages name it.

    A common word on one page that another page links is a link.
    """
    found: dict[tuple[str, str, str], list[Any]] = {}
    for observation in ordered:
        for market, code, name, kind, times, origin in observation.fields.get("mentions") or ():
            earlier = found.get((market, code, origin), ("", "", "", "", 0))
            found[market, code, origin] = [
                market, code, name or earlier[2], kind, max(times, earlier[4]), origin
            ]  # fmt: skip
    linked = {key[:2] for key in found if key[2] == Origin.LINK}
    return [
        found[key] for key in sorted(found)
        if key[2] != Origin.COMMON_WORD or key[:2] not in linked
    ] or None  # fmt: skip


def carry_over(earlier: Fields, later: Fields) -> Fields:
    """Return *later*, with what it lacks taken from *earlier*: a lack never erases.

    Mentions belong to the body: a body that links nothing any more has none.
    """
    gaps = {name for name in FIELDS if later.get(name) is None}
    if has_body(later):
        gaps -= {"mentions", "images", "body_html", "body_text"}
    return {name: earlier.get(name) if name in gaps else later[name] for name in FIELDS}


def differs(fields: Mapping[str, Any], row: Mapping[str, Any]) -> Fields:
    """Return the fields in which a page differs from its article's row.

    Most articles have one page, which differs in nothing: the text is kept once.
    """
    if fields == row:
        return {}
    return {name: fields.get(name) for name in FIELDS if fields.get(name) != row.get(name)}


def apply_difference(row: Mapping[str, Any], difference: Mapping[str, Any]) -> Fields:
    """Return what the page said: the inverse of :func:`differs`."""
    return {name: difference[name] if name in difference else row.get(name) for name in FIELDS}
