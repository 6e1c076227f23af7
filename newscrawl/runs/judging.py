"""Judges a run: its pages, its listings, its rules, its clock, and what the site published."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from newscrawl import sites
from newscrawl.items import REPORTED
from newscrawl.runs.clocks import clocks_of, sentence
from newscrawl.runs.outcome import Exit, Outcome
from newscrawl.store import rules, suspects
from newscrawl.store.clock import utc_now
from newscrawl.store.quiet import find_quiet
from newscrawl.store.stored_times import SAID, WRONG
from newscrawl.store.writer import Writer

if TYPE_CHECKING:
    from newscrawl.runs.ledger import Ledger
    from newscrawl.runs.run import Run

logger = logging.getLogger(__name__)

FEW = 2
"""So many failed pages are tolerated even if they are most of the new ones: the next run requests
them again."""


def judge_run(run: Run) -> Outcome:
    """Return the outcome of a run that nothing has stopped."""
    finish_reason = run.crawler.stats.get_value("finish_reason", "it never began")
    options, lost, troubles = run.channel.options, run.channel.lost_lists, run.channel.troubles
    if options.needs_home and not run.channel.home_came and finish_reason not in EARLY_ENDS:
        return Outcome(Exit.UNREACHABLE, "could not fetch the home page")
    share = run.crawler.settings.getfloat("NEWSCRAWL_LOST_SHARE")
    asked = run.crawler.stats.get_value("listings/asked", 0)
    some = ", ".join(lost[:3])
    # A crawl of all categories has its home page; with --due it may request one listing besides.
    is_none = asked and len(lost) == asked and not run.ledger.counters["scheduled"]
    if is_none and not options.crawls_all:
        return Outcome(Exit.UNREACHABLE, f"could not fetch any listing: {some}")
    if len(lost) > share * asked:
        troubles.append(f"{len(lost)} of {asked} listings could not be fetched: {some}")
    suspicions = _suspicions(run)
    troubles[:0] = suspicions
    # Rules do not apply to what is shown instead of articles.
    troubles += [] if suspicions else _dead_rules(run)
    clock = _clock(run)
    if clock and abs(clocks_of(run.crawler).difference or 0) > WRONG:
        run.channel.trouble(f"{clock}: the times of this run are wrong")
    outcome = judge_pages(run.ledger, finish_reason=finish_reason, troubles=troubles, share=share)
    if outcome.exit is not Exit.OK:
        return outcome
    if quiet := _quiet(run):
        return Outcome(Exit.DEGRADED, quiet)
    return Outcome(Exit.OK, f"{outcome.reason}; {clock}") if clock else outcome


def judge_pages(
    ledger: Ledger, *, finish_reason: str, troubles: list[str], share: float
) -> Outcome:
    """Return the outcome of a run that came to its end.

    *finish_reason* is Scrapy's, ``finished`` for a normal end; *troubles* are sentences about
    what went wrong without being a page; *share* is the part of pages that may be lost.
    """
    if not ledger.balances:
        return Outcome(Exit.CRASHED, f"the run statistics do not balance: {dict(ledger.counters)}")
    if finish_reason == "finished" and ledger.under_way:
        return Outcome(Exit.CRASHED, f"{len(ledger.under_way)} pages were not finished")
    if _nothing_came(ledger):
        return Outcome(
            Exit.UNREACHABLE, f"none of {ledger.counters['scheduled']} pages could be fetched"
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
    """Return how many pages are lost if that is too much; else None.

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
        f"{failed + rejected} of {wanted} pages are lost, with no other URL to try: in total "
        f"{count['failed']} failed and {count['rejected']} were rejected"
    )


def summary(ledger: Ledger) -> str:
    """Return what the pages of a run were worth, in a line."""
    count = ledger.counters
    parts = [f"{count[end]} {end.replace('_', ' ')}" for end in REPORTED if count[end]]
    if parts:
        return f"{count['scheduled']} pages: {', '.join(parts)}"
    return f"nothing new, {count['skipped']} known" if count["skipped"] else "nothing new"


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


def _suspicions(run: Run) -> list[str]:
    """Return what was suspicious in the run."""
    is_any = run.crawler.stats.get_value(f"rejected/{suspects.REASON}")
    if not run.archive.is_open or not is_any:
        return []
    assert run.archive.run_id is not None  # noqa: S101  it is open
    return suspects.sentences(run.archive.connection, run_id=run.archive.run_id)


def _dead_rules(run: Run) -> list[str]:
    """Count the use of the rules that pages are read by, and name those that have stopped."""
    stat = run.crawler.stats.get_value
    uses: dict[str, rules.Uses] = {}
    for kind in run.channel.options.page_kinds:
        first = {rule.field: rule for rule in reversed(sites.rules_of(kind))}
        for rule in first.values():
            before = uses[rule.key].pages if rule.key in uses else 0
            read = before + stat(f"pages/{kind}", 0)
            uses[rule.key] = rules.Uses(read, stat(rule.key, 0))
    run.archive.write(Writer.count_rules, uses)
    run.archive.commit_if_due()
    dead = rules.dead(run.archive.connection) if run.archive.is_open else []
    return [f"the rule {rule} no longer matches" for rule in dead]


def _quiet(run: Run) -> str | None:
    """Return what has published far less than it used to; None if nothing has."""
    if not run.archive.is_open or not run.channel.options.is_whole:
        return None
    share = run.crawler.settings.getfloat("NEWSCRAWL_QUIET_SHARE")
    found = find_quiet(run.archive.connection, utc_now(), share=share)
    return "; ".join(str(each) for each in found[:3]) or None
