"""How a run ended, and the exit code that says so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from newscrawl.runs.ledger import Ledger
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
    Exit.OK: "all went well; also when there was nothing new",
    Exit.CRASHED: "a bug, or a negative answer (`show` without an article, a finding of `doctor`)",
    Exit.USAGE: "the command was asked for something that does not exist",
    Exit.DEGRADED: "the run ended, but lost too much of what it met",
    Exit.UNREACHABLE: "the site is down, forbids the crawl, or is not such a mirror",
    Exit.BUSY: "another run is writing the same archive",
    Exit.STORE: "the archive cannot be read or written; what was committed is safe",
    Exit.INTERRUPTED: "stopped by Ctrl-C; what was stored is committed",
    Exit.TERMINATED: "stopped by SIGTERM; what was stored is committed",
}


FEW = 2
"""So many failed pages are let pass where they are most of the new ones: they are asked for again
by the next run."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and why, in a sentence."""

    exit: Exit
    reason: str

    def __post_init__(self) -> None:
        """Keep no password: the reason is stored, logged and sent on."""
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


def judge(ledger: Ledger, *, finish_reason: str, troubles: list[str], share: float) -> Outcome:
    """Return the outcome of a run that came to its end.

    *finish_reason* is Scrapy's, ``finished`` for a normal end; *troubles* are sentences about
    what went wrong without being a page; *share* is the part of pages that may be lost.
    """
    if not ledger.balances:
        return Outcome(Exit.CRASHED, f"the ledger does not balance: {dict(ledger.counters)}")
    if finish_reason == "finished" and ledger.under_way:
        return Outcome(Exit.CRASHED, f"{len(ledger.under_way)} pages came to no end")
    if _nothing_came(ledger):
        return Outcome(
            Exit.UNREACHABLE, f"none of {ledger.counters['scheduled']} pages could be had"
        )
    if finish_reason != "finished":
        why = EARLY_ENDS.get(finish_reason, finish_reason)
        return Outcome(Exit.DEGRADED, f"stopped early: {why}")
    if sentence := _lost_too_much(ledger, share):
        return Outcome(Exit.DEGRADED, sentence)
    if troubles:
        more = f"; and {len(troubles) - 3} more, see the log" if len(troubles) > 3 else ""
        return Outcome(Exit.DEGRADED, "; ".join(troubles[:3]) + more)
    return Outcome(Exit.OK, summary(ledger))


EARLY_ENDS = {
    "memusage_exceeded": "it took more memory than MEMUSAGE_LIMIT_MB allows; what was committed "
    "is stored, and the next run goes on from there",
    "closespider_timeout": "it took more time than CLOSESPIDER_TIMEOUT allows",
}
"""Scrapy's own words for why it closed a spider, and what they mean."""


def _nothing_came(ledger: Ledger) -> bool:
    count = ledger.counters
    is_known = count["skipped"] or not ledger.lost["failed"]
    return bool(count["scheduled"] and count["failed"] == count["scheduled"] and not is_known)


def _lost_too_much(ledger: Ledger, share: float) -> str | None:
    """Say how much is lost, where it is too much; None where it is not.

    A page that failed is one of all that were met, also of those that are known; but where most
    of the new ones fail, and not only one or two, the known ones do not make up for it. A page
    that was rejected is one of those that came.
    """
    count = ledger.counters
    failed, rejected = ledger.lost["failed"], ledger.lost["rejected"]
    wanted = count["scheduled"] - ledger.passed
    met = wanted + count["skipped"]
    too_many_failed = failed > share * met or failed > max(FEW, wanted / 2)
    if not too_many_failed and rejected <= share * (wanted - failed):
        return None
    return (
        f"{failed + rejected} of {wanted} pages are lost, with no other address to try: in all "
        f"{count['failed']} failed and {count['rejected']} were rejected"
    )


def summary(ledger: Ledger) -> str:
    """Return what the pages of a run were worth, in a line."""
    count = ledger.counters
    ends = ("new", "extended", "changed", "unchanged", "duplicate", "rejected", "failed")
    parts = [f"{count[end]} {end}" for end in ends if count[end]]
    if parts:
        return f"{count['scheduled']} pages: {', '.join(parts)}"
    return f"nothing new, {count['skipped']} known" if count["skipped"] else "nothing new"
