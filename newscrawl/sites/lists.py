"""The lists of news that the spider ``feed`` can fetch, and how their entries are read."""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple

from newscrawl.items import Article, Page
from newscrawl.loaders import Stats
from newscrawl.sites.eastmoney import lists
from newscrawl.sites.finews import atom_feed
from newscrawl.sites.list_answer import NewsList
from newscrawl.sites.list_entry import CODED, no_entry, read_entry

LISTS: dict[str, NewsList] = {each.name: each for each in (atom_feed.FEED, *lists.LISTS)}
"""Every list by its name."""
DEFAULT = atom_feed.FEED.name
"""The list that is fetched when none is named."""
SHAPES = {**lists.SHAPES, atom_feed.SHAPE.name: atom_feed.SHAPE}
"""The shapes of all lists' records, by name."""
RULES = (
    *dict.fromkeys(rule for shape in SHAPES.values() for rule in shape.rules),
    *CODED,
    *atom_feed.CODED,
)
"""Every rule by which an entry is read."""


def read_list_entry(page: Page, stats: Stats | None = None) -> Article:
    """Return what an entry of any list says, with ``article.page`` set.

    :raises Unreadable: ``empty``, ``too_large``, ``charset``, ``not_json``, ``no_id``, ``nothing``.
    """
    shape = SHAPES.get(page.id.partition(":")[0])
    if shape is None:
        raise no_entry(page)
    return read_entry(shape, page, stats)


class UnknownList(ValueError):
    """The name of a list is unknown; the message lists the names. Raised by :func:`find_lists`."""


class RequestedList(NamedTuple):
    """A list that was requested, with the argument after its name's colon."""

    list: NewsList
    argument: str = ""

    @property
    def label(self) -> str:
        """The name as it was given."""
        return f"{self.list.name}:{self.argument}" if self.argument else self.list.name


_NUMBERED = re.compile(r"([a-z]+)-([1-9][0-9]{0,5})", re.ASCII)


def _numbered(name: str) -> NewsList | None:
    """Return the list of an interface that has many, such as ``columns-351``."""
    match = _NUMBERED.fullmatch(name)
    made = lists.FAMILIES.get(match[1]) if match else None
    return made(match[2]) if made and match else None


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, LISTS, n=1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    families = ", ".join(f"{each}-N" for each in lists.FAMILIES)
    return (
        f"Unknown list {name[:80]!r}{meant}; use one of {', '.join(LISTS)}, or another number N of "
        f"{families}"
    )


def find_lists(names: str) -> list[RequestedList]:
    """Return the lists of these comma-separated names, each once.

    :raises UnknownList: a name is unknown, or its argument is missing, unexpected or malformed.
    """
    found = {}
    for each in filter(None, map(str.strip, names.split(","))):
        name, _, argument = (part.strip() for part in each.partition(":"))
        asked = LISTS.get(name) or _numbered(name)
        if asked is None:
            raise UnknownList(_unknown(name))
        if asked.takes_argument != bool(argument):
            needs = "needs an" if asked.takes_argument else "takes no"
            raise UnknownList(f"The list {name} {needs} argument after a colon: {asked.about}")
        if asked.checked is not None:
            try:
                argument = asked.checked(argument)
            except ValueError as error:
                raise UnknownList(f"The list {each}: {error}") from None
        requested = RequestedList(asked, argument)
        found[requested.label] = requested
    return list(found.values())
