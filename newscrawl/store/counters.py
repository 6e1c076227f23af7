"""Balances the counters of a run, which :mod:`newscrawl.store.schema` describes."""

from __future__ import annotations

from collections.abc import Mapping

from newscrawl.items import ENDS


def unfinished(counters: Mapping[str, int]) -> int:
    """Return the number of scheduled pages whose end was not counted."""
    return counters["scheduled"] - sum(counters[end] for end in ENDS)


def balance(counters: Mapping[str, int], outcome: str) -> bool:
    """Whether every link and every page of a run is accounted for."""
    links = sum(counters[name] for name in ("repeated", "skipped", "filtered", "scheduled"))
    left = unfinished(counters)
    # A degraded run may have been stopped early: because of its memory, for one.
    return counters["listed"] == links and (left == 0 if outcome == "ok" else left >= 0)
