"""Lists what is known of whether an archive is complete for a period, as rows that are hashed."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from newscrawl.archive.filters import Filters
from newscrawl.archive.plots import coverage
from newscrawl.archive.status import OFFLINE, RunStatus, runs
from newscrawl.items import ENDS
from newscrawl.store.values import moment
from newscrawl.text.china_time import CHINA, in_china

Row = dict[str, Any]
"""What is printed of one thing; ``what`` says of which: see docs/how-to/audit.md."""

UNKNOWN = (
    "The checks of a listing are counted, and the last is dated; the runs tell of those before.",
    "An article that entered a listing below those already stored, and left it before the next "
    "check, leaves no trace.",
    "What the site itself has never shown is not known.",
)
"""What no archive can tell."""


def audit(
    connection: sqlite3.Connection, since: date, until: date, *, kept_days: int
) -> Iterator[Row]:
    """Yield what is known of the articles that were published from *since* to *until*, in China.

    The site shows an article for *kept_days*: runs that long after the period are among the rows.
    """
    begin = datetime.combine(since, time(), CHINA)
    end = datetime.combine(until + timedelta(days=1), time(), CHINA)
    problems: list[str] = []
    yield {"what": "period", "since": since.isoformat(), "until": until.isoformat()}
    yield from _days(connection, since, until, kept_days, problems)
    yield from _runs(connection, begin, end + timedelta(days=kept_days), problems)
    yield from _listings(connection, problems)
    yield from _gaps(connection, begin, end, problems)
    yield from _rejects(connection, begin, end + timedelta(days=kept_days), problems)
    yield from _unresolved(connection, problems)
    yield from _listed(connection, since, until, problems)
    for sentence in UNKNOWN:
        yield {"what": "unknown", "sentence": sentence}
    yield {"what": "verdict", "is_complete": not problems, "problems": problems}


def line_of(row: Row) -> str:
    """Return the line of JSON by which a row is hashed: keys in order, no spaces."""
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def hash_of(rows: Iterable[Row]) -> str:
    """Return the SHA-256 of the lines of rows, each with a line feed, in UTF-8."""
    found = hashlib.sha256()
    for row in rows:
        found.update(f"{line_of(row)}\n".encode())
    return found.hexdigest()


def _days(
    connection: sqlite3.Connection, since: date, until: date, kept_days: int, problems: list[str]
) -> Iterator[Row]:
    window = Filters(since=since, until=until)
    for day in coverage(connection, window, kept_days=kept_days):
        hours = Counter(day.hours)
        yield {
            "what": "day", "day": day.day, "articles": day.articles,
            "hours_watched": hours["watched"], "hours_in_gaps": hours["gap"],
            "hours_not_watched": hours["unwatched"],
        }  # fmt: skip
        if hours["unwatched"]:
            problems.append(f"{day.day} has unwatched hours: {hours['unwatched']}")


def _runs(
    connection: sqlite3.Connection, begin: datetime, end: datetime, problems: list[str]
) -> Iterator[Row]:
    for run in reversed(runs(connection)):
        if run.spider in OFFLINE or not _overlaps(run, begin, end):
            continue
        pages = {name: run.counters[name] for name in ENDS if run.counters[name]}
        yield {
            "what": "run", "id": run.id, "spider": run.spider, "began": run.started_at,
            "ended": run.ended_at, "outcome": run.outcome, "reason": run.reason, "pages": pages,
            "requests": run.counters["requests"], "unfinished": run.unfinished,
            "balances": run.balances, "clock_difference": run.clock_difference,
        }  # fmt: skip
        if not run.balances:
            problems.append(f"the statistics of run {run.id} do not balance")


def _overlaps(run: RunStatus, begin: datetime, end: datetime) -> bool:
    return moment(run.started_at) < end and moment(run.ended_at or run.started_at) >= begin


def _listings(connection: sqlite3.Connection, problems: list[str]) -> Iterator[Row]:
    rows = connection.execute(
        "SELECT site, listing_kind, name, checks, checked_at, news_at, failed_at, failure,"
        " missing_since FROM listings ORDER BY site, listing_kind, name"
    )
    for site, kind, name, checks, checked_at, news_at, failed_at, failure, missing_since in rows:
        yield {
            "what": "listing", "site": site, "kind": kind, "name": name, "checks": checks,
            "last_check": checked_at, "last_news": news_at, "failed": failed_at,
            "failure": failure, "missing_since": missing_since,
        }  # fmt: skip
        if failed_at:
            problems.append(f"the {kind} {name} fails since {in_china(failed_at)} (China time)")


def _gaps(
    connection: sqlite3.Connection, begin: datetime, end: datetime, problems: list[str]
) -> Iterator[Row]:
    rows = connection.execute(
        "SELECT site, listing_kind, name, from_at, until_at, noticed_at FROM gaps ORDER BY id"
    )
    for site, kind, name, from_at, until_at, noticed_at in rows:
        if moment(from_at) < end and moment(until_at) >= begin:
            yield {
                "what": "gap", "site": site, "kind": kind, "name": name, "from": from_at,
                "until": until_at, "noticed": noticed_at,
            }  # fmt: skip
            problems.append(
                f"the {kind} {name} may lack articles from {in_china(from_at)} to "
                f"{in_china(until_at)} (China time)"
            )


def _rejects(
    connection: sqlite3.Connection, begin: datetime, end: datetime, problems: list[str]
) -> Iterator[Row]:
    rows = connection.execute(
        "SELECT url, reason, detail, first_seen_at, last_seen_at FROM rejects ORDER BY url, reason"
    )
    count = 0
    for url, reason, detail, first_seen_at, last_seen_at in rows:
        if moment(first_seen_at) < end and moment(last_seen_at) >= begin:
            count += 1
            yield {
                "what": "rejected", "url": url, "reason": reason, "detail": detail,
                "first_seen": first_seen_at, "last_seen": last_seen_at,
            }  # fmt: skip
    if count:
        problems.append(f"pages that were rejected: {count}")
    pruned = connection.execute("SELECT value FROM meta WHERE key = 'rejects_pruned'").fetchone()
    if pruned is not None and begin.timestamp() < pruned[0]:
        before = in_china(datetime.fromtimestamp(pruned[0], UTC).isoformat())
        problems.append(
            f"rejected pages that were last seen before {before} (China time) were pruned"
        )


def _unresolved(connection: sqlite3.Connection, problems: list[str]) -> Iterator[Row]:
    rows = connection.execute(
        "SELECT site, article_id, link, first_tried_at, due_at FROM unresolved"
        " WHERE first_tried_at IS NOT NULL ORDER BY site, article_id"
    )
    count = 0
    for site, article_id, link, first_tried_at, due_at in rows:
        count += 1
        yield {
            "what": "failed", "site": site, "id": article_id, "link": link,
            "first_tried": first_tried_at, "next_try": due_at,
        }  # fmt: skip
    if count:
        problems.append(f"articles that could not be fetched: {count}")


def _listed(
    connection: sqlite3.Connection, since: date, until: date, problems: list[str]
) -> Iterator[Row]:
    # An infoCode has the day; around midnight it may be the one beside that of publication.
    rows = connection.execute(
        "SELECT DISTINCT article_id FROM listed WHERE article_id NOT IN (SELECT id FROM articles)"
        " AND (article_id NOT GLOB 'NW*' OR substr(article_id, 3, 8) BETWEEN"
        " strftime('%Y%m%d', ?, '-1 day') AND strftime('%Y%m%d', ?, '+1 day'))"
        " ORDER BY article_id",
        (since.isoformat(), until.isoformat()),
    )
    count = 0
    for (article_id,) in rows:
        count += 1
        yield {"what": "listed", "id": article_id}
    if count:
        problems.append(f"articles of a listing that are not stored: {count}")
