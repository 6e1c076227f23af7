"""Chance that is the same on every Python: a small generator with an integer for its state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
MASK = (1 << 64) - 1


def mix(*numbers: int) -> int:
    """Scatter some integers into 64 bits (the finaliser of splitmix64): equal in, equal out."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = (state ^ number) * 0xBF58476D1CE4E5B9 & MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & MASK
        state ^= state >> 31
    return state


class Dice:
    """Picks and numbers that depend on the seeds alone.

    ``random.Random`` may change its methods between Python versions, and takes several
    microseconds to seed; a title needs six picks.
    """

    __slots__ = ("state",)

    def __init__(self, *seeds: int) -> None:
        self.state = mix(*seeds)

    def number(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        bits = (self.state ^ (self.state >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        return low + ((bits ^ (bits >> 32)) % (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.number(0, len(choices) - 1)]

    def one_in(self, times: int) -> bool:
        """True once in so many times."""
        return self.number(1, times) == 1
