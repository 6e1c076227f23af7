"""What a run that came to its end was worth: its pages, its listings, its rules, its source."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from newscrawl import sites
from newscrawl.runs.clocks import clocks_of, sentence
from newscrawl.runs.outcome import EARLY_ENDS, Exit, Outcome, judge
from newscrawl.store import rules
from newscrawl.store.clock import utc_now
from newscrawl.store.quiet import find_quiet
from newscrawl.store.stored_times import SAID, WRONG

if TYPE_CHECKING:
    from newscrawl.runs.run import Run


logger = logging.getLogger(__name__)


def judged(run: Run) -> Outcome:
    """Return the outcome of a run that nothing has ended before its end."""
    finish_reason = run.crawler.stats.get_value("finish_reason", "it never began")
    if not getattr(run.crawler.spider, "arrived", True) and finish_reason not in EARLY_ENDS:
        return Outcome(Exit.UNREACHABLE, "the home page never came")
    share = run.crawler.settings.getfloat("NEWSCRAWL_LOST_SHARE")
    asked = run.crawler.stats.get_value("listings/asked", 0)
    some = ", ".join(run.lost_lists[:3])
    # A walk has its home page; with --due it may have asked for one list besides, that fails.
    is_walk = getattr(run.crawler.spider, "named", None) == []
    if asked and len(run.lost_lists) == asked and not run.ledger.asked and not is_walk:
        return Outcome(Exit.UNREACHABLE, f"no list of articles can be had: {some}")
    if len(run.lost_lists) > share * asked:
        run.troubles.append(
            f"{len(run.lost_lists)} of {asked} lists of articles cannot be had: {some}"
        )
    suspicions = run.suspicions()
    run.troubles[:0] = suspicions
    # No rule says anything of what stands in the place of articles.
    run.troubles += [] if suspicions else _dead_rules(run)
    clock = _clock(run)
    if clock and abs(clocks_of(run.crawler).difference or 0) > WRONG:
        run.trouble(f"{clock}: the times of this run are wrong")
    outcome = judge(
        run.ledger,
        finish_reason=finish_reason,
        troubles=run.troubles,
        share=share,
    )
    if outcome.exit is not Exit.OK:
        return outcome
    if quiet := _quiet(run):
        return Outcome(Exit.DEGRADED, quiet)
    return Outcome(Exit.OK, f"{outcome.reason}; {clock}") if clock else outcome


def _clock(run: Run) -> str | None:
    """Say by how much the clocks differ; None where they agree, or no server told."""
    clocks = clocks_of(run.crawler)
    for host in clocks.odd_hosts():
        logger.warning("The clock of %s is wrong, by what this machine and others say", host)
    if abs(clocks.difference or 0) <= SAID:
        return None
    said = sentence(clocks.difference or 0)
    logger.warning("Check the time: %s", said)
    return said


def _dead_rules(run: Run) -> list[str]:
    """Count the use of the rules that pages are read by, and name those that have stopped."""
    stat = run.crawler.stats.get_value
    uses: dict[str, rules.Uses] = {}
    for kind in getattr(run.crawler.spider, "page_kinds", ()):
        first = {rule.field: rule for rule in reversed(sites.rules_of(kind))}
        for rule in first.values():
            before = uses[rule.key].pages if rule.key in uses else 0
            read = before + stat(f"pages/{kind}", 0)
            uses[rule.key] = rules.Uses(read, stat(rule.key, 0))
    run.count_rules(uses)
    dead = rules.dead(run.connection) if run.is_open else []
    return [f"the rule {rule} used to match and does not any more" for rule in dead]


def _quiet(run: Run) -> str | None:
    """Say what has published far less than it used to; None where all is as usual."""
    if not run.is_open or not getattr(run.crawler.spider, "is_whole", False):
        return None
    share = run.crawler.settings.getfloat("NEWSCRAWL_QUIET_SHARE")
    found = find_quiet(run.connection, utc_now(), share=share)
    return "; ".join(str(each) for each in found[:3]) or None
