"""Computes what plots show: articles per day, coverage, and the delay of articles."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from newscrawl.archive.filters import Filters
from newscrawl.items import PageKind
from newscrawl.store.clock import utc_now
from newscrawl.store.stored_times import WRONG, present_at_most
from newscrawl.store.values import json_object, moment
from newscrawl.text.china_time import CHINA

DAYS = 30
"""Days shown by default."""

Watch = Literal["watched", "gap", "unwatched"]


@dataclass(frozen=True, slots=True)
class DayCount:
    """The articles that were published on one day in China."""

    day: str
    articles: int
    sources: dict[str, int]
    """Of these, those of each source; articles without one are under ``""``."""


@dataclass(frozen=True, slots=True)
class Covered:
    """How one day in China was watched."""

    day: str
    hours: tuple[Watch, ...]
    """Each hour: ``watched`` if a run that checked all of a mirror began after it, and before the
    site may have dropped it; ``gap`` where a listing is known to have dropped something unseen;
    else ``unwatched``."""
    articles: int


@dataclass(frozen=True, slots=True)
class Delays:
    """How long after their publication the articles of one day were first seen."""

    day: str
    articles: int
    median: float | None
    """Seconds; None where there are no articles."""
    p90: float | None
    late: int
    """Articles first seen after the site had dropped them: backfill, not among the others."""


STEPS: tuple[tuple[str, float], ...] = (
    ("5 min", 300), ("15 min", 900), ("30 min", 1800), ("1 h", 3600), ("3 h", 3 * 3600),
    ("12 h", 12 * 3600), ("1 day", 86400), ("3 days", 3 * 86400),
)  # fmt: skip
"""Upper bounds of a histogram of delays."""


def days_of(connection: sqlite3.Connection, filters: Filters) -> list[date]:
    """Return the days to show: those asked for, else the last :data:`DAYS` with an article."""
    end = filters.until or _newest(connection)
    if end is None:
        return []
    begin = filters.since or end - timedelta(days=DAYS - 1)
    return [begin + timedelta(days=number) for number in range((end - begin).days + 1)]


def _newest(connection: sqlite3.Connection) -> date | None:
    newest = connection.execute("SELECT max(published_at) FROM articles").fetchone()[0]
    return None if newest is None else moment(newest[:10]).date()


def articles_per_day(
    connection: sqlite3.Connection, filters: Filters | None = None
) -> list[DayCount]:
    """Return each day with its articles; days without any are among them.

    :raises BadFilter: a filter names what the archive does not have.
    """
    filters = filters or Filters()
    days = days_of(connection, filters)
    if not days:
        return []
    where, parameters = within(filters, days).where(connection)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for day, source, articles in connection.execute(
        "SELECT substr(published_at, 1, 10), coalesce(source, ''), count(*) FROM articles"  # noqa: S608
        f" WHERE {where} GROUP BY 1, 2",
        parameters,
    ):
        found[day][source] = articles
    return [
        DayCount(day.isoformat(), sum(found[day.isoformat()].values()), found[day.isoformat()])
        for day in days
    ]


def top_sources(days: Sequence[DayCount], count: int) -> list[str]:
    """Return the sources that wrote most in these days, without the empty one."""
    totals: Counter[str] = Counter()
    for each in days:
        totals.update({name: number for name, number in each.sources.items() if name})
    return [
        name for name, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))[:count]
    ]


def coverage(
    connection: sqlite3.Connection, filters: Filters | None = None, *, kept_days: int
) -> list[Covered]:
    """Return how each day was watched, if the site shows *kept_days* of posts.

    Only `since` and `until` of the filters count.
    """
    filters = filters or Filters()
    window = Filters(since=filters.since, until=filters.until)
    runs = _watches(connection)
    gaps = [(moment(begin), moment(end)) for begin, end in _gaps(connection)]
    kept = timedelta(days=kept_days)
    return [
        Covered(
            each.day,
            tuple(_watch(hour, runs, gaps, kept) for hour in _hours(each.day)),
            each.articles,
        )
        for each in articles_per_day(connection, window)
    ]


# How long a feed shows an article is not known, nor what another project's spider has seen.
_WATCHES = (
    "SELECT started_at, arguments, id FROM runs WHERE outcome IN ('ok', 'degraded')"
    " AND responses > 0 AND spider = 'category' AND started_at <= ?"
    " AND abs(ifnull(clock_difference, 0)) <= ? ORDER BY started_at"
)
_PARTIAL = frozenset(("category", "limit", "since"))
"""Arguments with which a run leaves something out."""


def _watches(connection: sqlite3.Connection) -> list[datetime]:
    """Return when the runs began that checked all of a mirror; not those with a wrong clock."""
    rows = connection.execute(_WATCHES, (present_at_most(utc_now()), WRONG))
    return [
        moment(began)
        for began, arguments, id_ in rows
        if not _PARTIAL & json_object(arguments, f"runs.arguments of run {id_}").keys()
    ]


def _gaps(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return [tuple(row) for row in connection.execute("SELECT from_at, until_at FROM gaps")]


def _hours(day: str) -> Iterator[datetime]:
    begin = datetime.fromisoformat(day).replace(tzinfo=CHINA)
    return (begin + timedelta(hours=hour) for hour in range(24))


def _watch(
    hour: datetime, runs: Sequence[datetime], gaps: Sequence[tuple[datetime, datetime]],
    kept: timedelta,
) -> Watch:  # fmt: skip
    end = hour + timedelta(hours=1)
    if any(begin < end and hour < until for begin, until in gaps):
        return "gap"
    after = bisect_left(runs, end)
    return "watched" if after < len(runs) and runs[after] < hour + kept else "unwatched"


def delays(
    connection: sqlite3.Connection, filters: Filters | None = None, *, kept_days: int
) -> tuple[list[Delays], list[tuple[str, int]]]:
    """Return the delays of each day, and a histogram of all, each step with its articles.

    Only articles whose time is known to the minute, and of which no post file tells: files are
    loaded years later, and say nothing of how soon a crawl is.

    :raises BadFilter: a filter names what the archive does not have.
    """
    filters = filters or Filters()
    days = days_of(connection, filters)
    if not days:
        return [], []
    where, parameters = within(filters, days).where(connection)
    found: dict[str, list[float]] = defaultdict(list)
    for published_at, first_seen_at in connection.execute(
        "SELECT published_at, first_seen_at FROM articles"  # noqa: S608
        f" WHERE {where} AND published_precision IN ('second', 'minute') AND NOT EXISTS ("
        "SELECT 1 FROM observations WHERE observations.article_id = articles.id"
        " AND page_kind = ?)",
        (*parameters, PageKind.POST_FILE),
    ):
        seconds = (moment(first_seen_at) - moment(published_at)).total_seconds()
        found[published_at[:10]].append(max(seconds, 0.0))
    limit = kept_days * 86400
    in_time = {day: sorted(each for each in all_ if each <= limit) for day, all_ in found.items()}
    rows = [_delays(each.isoformat(), found, in_time) for each in days]
    return rows, _histogram([each for seconds in in_time.values() for each in seconds])


def _delays(day: str, found: dict[str, list[float]], in_time: dict[str, list[float]]) -> Delays:
    seconds = in_time.get(day, [])
    late = len(found.get(day, [])) - len(seconds)
    return Delays(day, len(seconds), _percentile(seconds, 50), _percentile(seconds, 90), late)


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """Return the smallest value that *percent* of them do not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None


def _histogram(seconds: Sequence[float]) -> list[tuple[str, int]]:
    bounds = [bound for _, bound in STEPS]
    ordered = sorted(seconds)
    below = [bisect_right(ordered, bound) for bound in bounds]
    return [
        (name, count - before)
        for (name, _), count, before in zip(STEPS, below, [0, *below], strict=False)
    ]


def within(filters: Filters, days: Sequence[date]) -> Filters:
    """Return the filters, bound to these days."""
    return replace(filters, since=days[0], until=days[-1])
