"""The lists of news that the spider ``feed`` can fetch, and how their entries are read."""

from __future__ import annotations

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


def find_lists(names: str) -> list[RequestedList]:
    """Return the lists of these comma-separated names, each once.

    :raises UnknownList: a name is unknown, or its argument is missing or unexpected.
    """
    found = {}
    for each in filter(None, map(str.strip, names.split(","))):
        name, _, argument = (part.strip() for part in each.partition(":"))
        asked = LISTS.get(name)
        if asked is None:
            raise UnknownList(f"Unknown list {name!r}; use one of {', '.join(LISTS)}")
        if asked.takes_argument != bool(argument):
            needs = "needs an" if asked.takes_argument else "takes no"
            raise UnknownList(f"The list {name} {needs} argument after a colon: {asked.about}")
        found[each] = RequestedList(asked, argument)
    return list(found.values())
