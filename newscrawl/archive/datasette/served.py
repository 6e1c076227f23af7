"""Holds which of the Datasette servers of this process are ours, and what they serve."""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

from datasette.app import Datasette


class ServedArchive(NamedTuple):
    """What a server of ours serves, and whom."""

    database: str
    """The archive, as Datasette names it."""
    is_public: bool
    """Whether it answers under names that are not this machine's own."""
    watchlist: str | None
    """The watchlist whose rules its pages offer."""


serves: WeakKeyDictionary[Datasette, ServedArchive] = WeakKeyDictionary()
"""The servers of ours; any other Datasette is left alone."""
