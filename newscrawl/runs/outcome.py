"""The exit codes of the commands, and the outcome of a run.

Every command imports this module when it starts: it must stay cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from newscrawl.text.passwords import without_passwords


class Exit(IntEnum):
    """The exit codes of every command: part of the contract with schedulers and scripts."""

    OK = 0
    CRASHED = 1
    USAGE = 2
    DEGRADED = 3
    UNREACHABLE = 4
    BUSY = 5
    STORE = 6
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def meaning(self) -> str:
        """What the code tells whoever started the command."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.OK: "success, also if there was nothing new",
    Exit.CRASHED: "a bug, or a negative result (no article for `show`, a problem for `doctor`)",
    Exit.USAGE: "wrong usage, or something named on the command line does not exist",
    Exit.DEGRADED: "the run finished, but too many pages were lost; for `status --fail-after`"
    " and `audit`, something is wrong",
    Exit.UNREACHABLE: "the site is down, forbids crawling, or is not a mirror; for `alert`, a"
    " service did not take a message",
    Exit.BUSY: "another run is writing the same archive",
    Exit.STORE: "the archive cannot be read or written; what was committed is safe",
    Exit.INTERRUPTED: "stopped by Ctrl-C; what was stored is committed",
    Exit.TERMINATED: "stopped by SIGTERM; what was stored is committed",
}


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and why, in a sentence."""

    exit: Exit
    reason: str

    def __post_init__(self) -> None:
        """Keep no password: the reason is stored, logged and forwarded."""
        object.__setattr__(self, "reason", without_passwords(self.reason))

    @property
    def name(self) -> str:
        """One word: ``ok``, ``degraded`` …"""
        return self.exit.name.lower()

    def as_dict(self) -> dict[str, object]:
        """Return it for machines."""
        return {"outcome": self.name, "exit_code": int(self.exit), "reason": self.reason}

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"
