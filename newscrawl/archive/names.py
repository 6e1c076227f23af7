"""What a filter names and the archive does not have, or has twice."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import takewhile

ALIKE = 0.5
"""How like a word must be to be called near: half of it the same, and in the same order."""


class BadFilter(ValueError):
    """A filter that cannot be applied; the message says why."""

    def sentence(self) -> str:
        """Return a message for whoever wrote it."""
        return str(self)


class UnknownName(BadFilter):
    """A filter names what the archive does not have."""

    def __init__(self, what: str, wanted: str, known: list[str]) -> None:
        super().__init__(f"The archive has no {what} {wanted!r}")
        self.what = what
        """``category``, ``source``, ``author``, ``security`` or ``listing``."""
        self.wanted = wanted
        self.known = known
        """Those it has, the ones with most articles first."""

    def sentence(self) -> str:
        """Return a message that suggests the most similar names."""
        named = ", ".join(self.nearest())
        return f"{self}. It has, for example: {named}" if named else f"{self}: it is empty."

    def nearest(self) -> list[str]:
        """Return the most similar names; if there are none, those with the most articles."""
        likeness = {each: _likeness(self.wanted, each) for each in self.known}
        near = sorted(
            (each for each, alike in likeness.items() if alike >= ALIKE),
            key=lambda each: -likeness[each],
        )
        return near[:5] or self.known[:10]


class UnknownCategory(UnknownName):
    """A category that the archive does not have."""

    def sentence(self) -> str:
        """Return a message that says what to name for an industry."""
        boards = "An industry is not a category but a security: 新能源, or BK0493."
        return f"{super().sentence().rstrip('.')}. {boards}"


class AmbiguousName(BadFilter):
    """A filter names more than one security."""

    def __init__(self, wanted: str, meanings: list[str]) -> None:
        """Take the *meanings* as they are to be written, such as ``1.000001 上证指数``."""
        super().__init__(f"{wanted!r} may be {' or '.join(meanings)}; write one of these codes.")


def _likeness(wanted: str, known: str) -> float:
    """Return 1 for what is a part of the other, up to 1 for what begins or reads alike.

    A code is compared without its market as well: 300112 is meant for 0.300111.
    """
    if wanted in known:
        return 1
    _, _, code = known.rpartition(".")
    pairs = [(wanted, known)] + ([(wanted.rpartition(".")[2], code)] if code != known else [])
    return max((SequenceMatcher(None, *pair).ratio() + _begin(*pair)) / 2 for pair in pairs)


def _begin(one: str, other: str) -> float:
    """Return the part of the longer that both begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return len(list(same)) / max(len(one), len(other))
