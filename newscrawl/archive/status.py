"""Reports crawl health: the runs, when each listing was checked, the gaps."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from newscrawl.archive.stale_lists import stale_since
from newscrawl.sites.finews.retention import forgets_at
from newscrawl.store import counters, rules, suspects
from newscrawl.store.schema import COUNTERS
from newscrawl.store.stored_times import is_future, present_at_most
from newscrawl.store.values import json_object, moment

RUNS = 5
HOURS = 24
DUE_SOON = 0.25
"""A listing whose time runs out is one with less than this part of the days that it is kept."""

OFFLINE = ("posts", "reextract", "retry-rejected", "verify")
"""What runs without asking anybody: that it ended well says nothing of the sources."""

State = Literal["ok", "failing", "stale", "missing"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class RunStatus:
    """One run, with its counters."""

    id: int
    spider: str
    arguments: dict[str, Any]
    started_at: str
    ended_at: str | None
    outcome: str
    """``running``, ``killed``, or the word of its exit code."""
    exit_code: int | None
    reason: str | None
    counters: dict[str, int]
    unfinished: int
    """Pages that came to no end: other than 0 only where it runs, was killed or interrupted."""
    balances: bool
    """Whether every link and every page is accounted for."""
    clock_difference: int | None
    """Seconds by which the servers' clocks were ahead of the machine's; None where none told."""


@dataclass(frozen=True, slots=True)
class ListingStatus:
    """A page or answer that links to articles."""

    site: str
    kind: str
    name: str
    state: State
    checked_at: str | None
    """The last successful check (UTC)."""
    news_at: str | None
    interval: float | None
    """Seconds between two checks."""
    forgets_at: str | None
    """When it may begin to drop what was never seen (UTC); None where nothing is to be lost."""
    seconds_left: int | None
    """Until then; below 0 where something may be lost already."""
    failure: str | None
    stale_since: str | None
    """Of a list that is stale, when it last showed anything new (UTC)."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A period for which articles of a listing may be missing."""

    kind: str
    name: str
    from_at: str
    until_at: str
    noticed_at: str


@dataclass(frozen=True, slots=True)
class RejectedPages:
    """Pages that gave no article, for one reason."""

    reason: str
    pages: int
    last_seen_at: str
    example: str
    """The address of the last one."""


@dataclass(frozen=True, slots=True)
class Status:
    """How an archive is kept."""

    path: str
    size: int
    """Bytes on disk, what SQLite keeps beside the file included."""
    now: str
    articles: int
    runs: list[RunStatus]
    last_crawl: RunStatus | None
    """The last run that asked a site."""
    last_good_run_at: str | None
    """End of the last successful run that requested a site (UTC); of those of the past."""
    future_runs: list[int]
    """Runs that began or ended in the future, the last first: a clock was ahead. They are not
    counted as successful."""
    hours: list[int | None]
    """New articles in each of the last hours, the present one last; None where no site was asked
    and nothing came."""
    listings: list[ListingStatus]
    """The failing ones first, then the stale ones, then by the time that is left; the missing ones
    last."""
    gaps: list[Gap]
    rejects: list[RejectedPages]
    suspicious: list[str]
    """What pages show in the place of their articles, a sentence for each reason or shared text,
    the most frequent first."""
    dead_rules: list[str]
    """Rules of the parser that used to match and do not any more."""


def status(connection: sqlite3.Connection, now: str, *, days: int) -> Status:
    """Return the status of the archive; the site shows *days* of posts."""
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    files = (Path(path), Path(f"{path}-wal"))
    present = present_at_most(now)
    # Not count(*): that is one step of SQLite's machine, which nothing ends. See values.PATIENCE.
    return Status(
        path=path,
        size=sum(file.stat().st_size for file in files if file.exists()),
        now=now,
        articles=connection.execute("SELECT count(seq) FROM articles").fetchone()[0],
        runs=runs(connection, limit=RUNS),
        last_crawl=next(iter(runs(connection, where=_ASKS, limit=1)), None),
        last_good_run_at=next((at for (at,) in connection.execute(_LAST_GOOD, [present])), None),
        future_runs=[number for (number,) in connection.execute(_FUTURE, [present])],
        hours=_hours(connection, now),
        listings=_listings(connection, now, days),
        gaps=_gaps(connection),
        rejects=_rejects(connection),
        suspicious=suspects.sentences(connection),
        dead_rules=rules.dead(connection),
    )


_ASKS = f"spider NOT IN ({', '.join(map(repr, OFFLINE))})"


_LAST_GOOD = (
    f"SELECT ended_at FROM runs WHERE outcome = 'ok' AND {_ASKS} AND ended_at <= ?"  # noqa: S608  constants
    " ORDER BY id DESC LIMIT 1"  # not the latest time: a clock may have been ahead
)
_FUTURE = "SELECT id FROM runs WHERE coalesce(ended_at, started_at) > ? ORDER BY id DESC LIMIT 100"


def runs(
    connection: sqlite3.Connection, *, where: str = "true", limit: int = -1
) -> list[RunStatus]:
    """Return the runs, the last first; *limit* -1 returns all."""
    sql = f"SELECT * FROM runs WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608  constants
    rows = connection.execute(sql, (limit,))
    names = [each[0] for each in rows.description]
    return [_run(dict(zip(names, row, strict=True))) for row in rows]


def _run(row: Mapping[str, Any]) -> RunStatus:
    count = {name: row[name] for name, _ in COUNTERS}
    arguments = json_object(row["arguments"], f"runs.arguments of run {row['id']}")
    return RunStatus(
        id=row["id"], spider=row["spider"], arguments=arguments,
        started_at=row["started_at"], ended_at=row["ended_at"], outcome=row["outcome"],
        exit_code=row["exit_code"], reason=row["reason"], counters=count,
        unfinished=counters.unfinished(count), balances=counters.balance(count, row["outcome"]),
        clock_difference=row["clock_difference"],
    )  # fmt: skip


def _hours(connection: sqlite3.Connection, now: str) -> list[int | None]:
    last = datetime.fromisoformat(now).astimezone(UTC).replace(minute=0, second=0)
    hours = [last - timedelta(hours=back) for back in reversed(range(HOURS))]
    beyond = connection.execute("SELECT ifnull(max(first_seq), 0) + 1 FROM articles").fetchone()[0]
    begins = [_first_since(connection, hour.isoformat(), beyond) for hour in hours]
    ends = [*begins[1:], beyond]
    sql = "SELECT count(first_seq) FROM articles WHERE first_seq >= ? AND first_seq < ?"
    found = [connection.execute(sql, each).fetchone()[0] for each in zip(begins, ends, strict=True)]
    asked = _asked_hours(connection, hours, now)
    return [
        new or (0 if each in asked else None)
        for new, each in zip(found, _names(hours), strict=True)
    ]


def _first_since(connection: sqlite3.Connection, time: str, beyond: int) -> int:
    """Return the first number of an article that was seen at *time* or later, else *beyond*.

    The numbers grow with the time: reading one article rules out half of them. All
    articles of a day may be a million.
    """
    sql = (
        "SELECT first_seq, first_seen_at FROM articles WHERE first_seq >= ?"
        " ORDER BY first_seq LIMIT 1"
    )
    low, high = 1, beyond
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(sql, (middle,)).fetchone()
        if row is None or row[1] >= time:
            high = middle
        else:
            low = row[0] + 1
    return low


def _asked_hours(connection: sqlite3.Connection, hours: list[datetime], now: str) -> set[str]:
    """Return those of the hours in which a site was asked, as far as is known.

    Of a run that was killed only its start is.
    """
    runs = connection.execute(
        "SELECT substr(started_at, 1, 13), substr(CASE outcome WHEN 'running' THEN :now"  # noqa: S608
        " ELSE coalesce(ended_at, started_at) END, 1, 13) FROM runs"
        f" WHERE {_ASKS} AND (outcome = 'running' OR coalesce(ended_at, started_at) >= :first)",
        {"now": now, "first": hours[0].isoformat()},
    ).fetchall()
    return {each for each in _names(hours) if any(begin <= each <= end for begin, end in runs)}


def _names(hours: list[datetime]) -> list[str]:
    return [hour.isoformat()[:13] for hour in hours]


def _listings(connection: sqlite3.Connection, now: str, days: int) -> list[ListingStatus]:
    rows = connection.execute(
        "SELECT site, listing_kind, name, checked_at, news_at, interval, missing_since,"
        " failed_at, failure FROM listings"
        # A name that was only guessed at, from a path in small letters, and never was one.
        " WHERE missing_since IS NULL OR found_in <> 'path' OR content_hash IS NOT NULL"
    ).fetchall()
    # A successful check of the home page counts for every category: it shows their newest posts.
    homes = {row[0]: row[3] for row in rows if row[1] == "home" and not row[7]}
    found = [_listing(connection, tuple(row), homes.get(row[0]), now, days) for row in rows]
    order = {"failing": 0, "stale": 1, "ok": 2, "missing": 3}
    return sorted(
        found, key=lambda each: (order[each.state], each.seconds_left or 0, each.kind, each.name)
    )


def _listing(
    connection: sqlite3.Connection, row: tuple[Any, ...], home: str | None, now: str, days: int
) -> ListingStatus:
    site, kind, name, checked_at, news_at, interval, missing_since, failed_at, failure = row
    stale = stale_since(connection, name, checked_at) if kind == "list" and checked_at else None
    state: State = (
        "failing" if failed_at else "missing" if missing_since else "stale" if stale else "ok"
    )
    seen = checked_at
    if kind == "category" and state == "ok" and checked_at and home:
        seen = max(checked_at, home)
    if seen is not None and is_future(seen, now):
        seen = None  # a clock was ahead: it is not known
    is_kept = kind != "list" and state != "missing" and seen is not None
    forgets = forgets_at(moment(seen).isoformat(), days) if is_kept else None
    left = _seconds(now, forgets) if forgets else None
    return ListingStatus(
        site, kind, name, state, checked_at, news_at, interval, forgets, left, failure, stale
    )


def _seconds(begin: str, end: str) -> int:
    return int((moment(end) - moment(begin)).total_seconds())


def _gaps(connection: sqlite3.Connection) -> list[Gap]:
    rows = connection.execute(
        "SELECT listing_kind, name, from_at, until_at, noticed_at FROM gaps"
        " ORDER BY noticed_at DESC, listing_kind DESC, name"
    )
    return [Gap(*row) for row in rows]


def _rejects(connection: sqlite3.Connection) -> list[RejectedPages]:
    rows = connection.execute(
        # SQLite takes the other columns from the row that has the maximum.
        "SELECT reason, count(*), max(last_seen_at), url FROM rejects"
        " GROUP BY reason ORDER BY 2 DESC, 1"
    )
    return [RejectedPages(*row) for row in rows]
