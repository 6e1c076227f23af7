"""Merges the observations of one article into its row: a pure function, independent of order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from newscrawl.items import FIELDS, PageKind

Fields = dict[str, Any]
"""What one page says, or one row holds: a value for each field of an article, None for none."""


def _of(group: str) -> tuple[str, ...]:
    return tuple(name for name, each in FIELDS.items() if each.group == group)


_SINGLE, _TIME, _BODY = _of("single"), _of("time"), _of("body")
REVISED = tuple(name for name, each in FIELDS.items() if each.makes_revision)
"""Fields whose change on one page makes a revision."""

_KINDS: dict[str, int] = {
    kind: place
    for place, kind in enumerate(
        (
            PageKind.POST_FILE,
            PageKind.LIST_ENTRY,
            PageKind.POST_PAGE,
            PageKind.API_ANSWER,
            PageKind.ARTICLE_PAGE,
            PageKind.ITEM,
        )
    )
}
"""Kinds of pages, each after those that lead to it."""
_PRECISION = {None: 0, "day": 1, "minute": 2, "second": 3}


@dataclass(slots=True)
class Observation:
    """What one page says of an article, and when it was first seen to say so."""

    site: str
    page_kind: str
    page_id: str
    url: str
    observed_at: str
    fields: Fields = field(default_factory=dict)
    ordered_at: str | None = None
    """Start of the run that saw it first; None where it was not fetched."""

    @property
    def order(self) -> tuple[str, int, str]:
        """What makes it the later of two: its time, within one run its kind, then its address."""
        return self.ordered_at or self.observed_at, _KINDS.get(self.page_kind, 0), self.url

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells its page from every other."""
        return self.site, self.page_kind, self.page_id


def merge(observations: Iterable[Observation]) -> Fields:
    """Return the row that *observations* make together.

    The fuller body wins, within one rank the later observation, and of the pages of one run the
    one that the others lead to; what a page lacks erases nothing; categories, tags and mentions
    add up. A precise time wins over a vague one, whichever page says it.
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


def suppliers(observations: Iterable[Observation]) -> dict[str, Observation]:
    """Return, for each field of the row that one page supplies, the observation that does."""
    return _suppliers(sorted(observations, key=_precedence))


def _precedence(observation: Observation) -> tuple[int, bool, tuple[str, int, str]]:
    return (_rank(observation), observation.page_kind != PageKind.LIST_ENTRY, observation.order)


def _rank(observation: Observation) -> int:
    rank = observation.fields.get("body_rank")
    return -1 if rank is None else int(rank)


def _suppliers(ordered: Sequence[Observation]) -> dict[str, Observation]:
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
        best = max(timed, key=lambda each: (_precision(each), _precedence(each)))
        found.update(dict.fromkeys(_TIME, best))
    return found


def has_body(said: Mapping[str, Any]) -> bool:
    """Whether a page has a body, if only an image."""
    return said.get("body_text") is not None or said.get("body_html") is not None


def _precision(observation: Observation) -> int:
    return _PRECISION[observation.fields.get("published_precision")]


def _union(lists: Iterable[Sequence[str] | None]) -> list[str] | None:
    """All values in a stable order; None if there are none."""
    found = set().union(*filter(None, lists))
    return sorted(found) or None


def _mentions(ordered: Sequence[Observation]) -> list[list[Any]] | None:
    """All mentions, each as often as the page that makes it most; later pages name it."""
    found: dict[tuple[str, str], list[Any]] = {}
    for observation in ordered:
        for market, code, name, kind, times in observation.fields.get("mentions") or ():
            earlier = found.get((market, code))
            found[market, code] = [
                market, code, name, kind, max(times, earlier[4] if earlier else 0)
            ]  # fmt: skip
    return [found[key] for key in sorted(found)] or None


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
