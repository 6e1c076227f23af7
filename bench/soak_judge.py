"""Whether an archive is what was served: compares it with the log of the site, run by run.

Nothing here asks newscrawl what it meant to do. The site's log says which page was sent whole to
which run, and of which build; the site says what that build's page says; the archive must be that.
What a killed run was sent may be stored or not, for the next run cannot know; all else is exact.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from samplesite.changing import Changing, Served
from samplesite.truth import Truth

from bench.soak_gaps import WRONG_CLOCK, compare, known_gaps, path_of
from newscrawl.archive.audit import Row, audit
from newscrawl.settings import NEWSCRAWL_LISTING_INTERVALS, NEWSCRAWL_REVISIT_HOURS
from newscrawl.sites.finews.retention import RETENTION_DAYS
from newscrawl.text.china_time import CHINA

ROOT = Path(__file__).parents[1]
INTERRUPTED = (130, 143)
UNREACHABLE = 4
LINK = re.compile(r'href="(/[^"]*/\d{4}/\d\d/\d\d/[^"]+\.html)"')
HOUR = 3600
YEAR = 365 * 24 * HOUR
SLACK = 3 * HOUR
"""How long bad weather may delay a visit that is due: an outage, and failures before and after."""


@dataclass(frozen=True)
class Run:
    """One run, as seen from outside."""

    number: int
    second: int
    """When it was, by the site's clock (Unix)."""
    now: datetime
    """What its own clock said."""
    pid: int
    code: int
    """Its exit code, or the signal's number below 0."""
    log: list[Served]
    """What it asked for, and what it got."""
    has_dead_proxy: bool = False
    """Whether its proxy was dead: then it asked the site for nothing."""
    is_log_full: bool = False
    """Whether the disk of its log was full, which must change nothing else."""

    @property
    def is_whole(self) -> bool:
        """Whether it came to its own end."""
        return self.code >= 0 and self.code not in INTERRUPTED


@dataclass(frozen=True)
class Judgement:
    """What was compared, and what differs."""

    counts: dict[str, int]
    findings: list[str]


class Came(NamedTuple):
    """A post's page that came whole, or that the site said to be as it was."""

    run: Run
    version: int


def judge(changing: Changing, runs: Sequence[Run], db: Path, *, check: bool = True) -> Judgement:
    """Compare the archive with what was served to the runs; *check* asks ``newscrawl verify``."""
    with closing(sqlite3.connect(db)) as connection:
        connection.row_factory = sqlite3.Row
        court = Court(changing, runs, connection)
        findings = list(court.findings())
        counts = court.counts
    if check:
        findings += _check(db)
    return Judgement(dict(counts), findings)


def _check(db: Path) -> Iterator[str]:
    said = subprocess.run(
        [sys.executable, "-m", "newscrawl", "verify", "--db", str(db)], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if said.returncode != 0:
        yield f"newscrawl verify ends with {said.returncode}: {said.stdout}{said.stderr}"


class Court:
    """The evidence of both sides."""

    def __init__(
        self, changing: Changing, runs: Sequence[Run], connection: sqlite3.Connection
    ) -> None:
        self.changing = changing
        self.runs = runs
        self.db = connection
        self.end = runs[-1].second
        self.counts: Counter[str] = Counter()
        self.came: dict[str, list[Came]] = {}
        """By the post's path, in order."""
        self.last_end: dict[str, str] = {}
        """How the last request for a post's page ended in a whole run."""
        self.named: set[str] = set()
        """Posts that a listing named to a whole run."""
        self.observations = {_path(row["url"]): row for row in self._rows("observations")}
        self.articles = {row["id"]: row for row in self._rows("articles")}

    def findings(self) -> Iterator[str]:
        """Yield what differs, as sentences."""
        yield from self._runs()
        yield from self._pages()
        yield from self._articles()
        yield from self._revisions()
        yield from self._unseen()
        yield from self._edits()
        yield from self._gone()

    def _rows(self, table: str) -> list[sqlite3.Row]:
        return self.db.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()

    # -- each run: its ledger, and what it was told -----------------------------------------

    def _runs(self) -> Iterator[str]:
        rows = self._rows("runs")
        self.counts["runs"] = len(self.runs)
        for run in self.runs:
            # In their order: in a week, process ids come again.
            row = rows.pop(0) if rows and rows[0]["pid"] == run.pid else None
            ends = self._ends(run)
            if not run.is_whole:
                self.counts["runs that a signal ended"] += 1
                if row is not None and row["outcome"] not in ("killed", "terminated"):
                    yield f"run {run.number} ended with {run.code}, its row says {row['outcome']}"
                continue
            yield from self._told(run, ends)
            self.last_end.update(ends)
            if row is None:
                yield f"run {run.number} ended with {run.code} and has no row"
                continue
            self.counts["runs whose log was on a full disk"] += run.is_log_full
            yield from self._clock(run, row)
            if run.has_dead_proxy:
                self.counts["runs whose proxy was dead"] += 1
                if run.code != UNREACHABLE or run.log or "proxy" not in (row["reason"] or ""):
                    yield f"run {run.number} ended with {run.code} and says {row['reason']}"
                continue
            wanted = _ledger(run, ends)
            found = {name: row[name] for name in wanted if name != "came"}
            found["came"] = sum(
                row[name] for name in ("new", "extended", "changed", "unchanged", "duplicate")
            )
            if found != wanted:
                yield f"run {run.number}: its ledger has {found}, the site's log {wanted}"
            for name in ("new", "changed", "failed", "rejected"):
                self.counts[f"pages {name}"] += row[name]
        yield from (f"the row of run {row['id']} is of no run of the soak" for row in rows)

    def _clock(self, run: Run, row: sqlite3.Row) -> Iterator[str]:
        """Check that a run whose year is wrong says so, once a server has told the time."""
        if abs(run.now.timestamp() - run.second) < YEAR:
            return
        self.counts["runs whose clock was wrong by years"] += 1
        is_told = any(served.status == 200 and _end(served) == "came" for served in run.log)
        if is_told and "the clock of this machine is" not in (row["reason"] or ""):
            yield f"run {run.number} was at {run.now}, and says {row['reason']}"

    def _ends(self, run: Run) -> dict[str, str]:
        """Return how each post that the run asked for ended: came, rejected, failed or 404."""
        ends: dict[str, str] = {}
        for served in run.log:
            number = self.changing.numbers.get(served.path)
            if number is None:
                continue
            end = _end(served)
            if ends.get(served.path, "failed") == "failed":
                ends[served.path] = end  # what has ended otherwise is not asked for again
            if end == "came":
                version = self.changing.lives[number].version(served.build)
                self.came.setdefault(served.path, []).append(Came(run, version))
        return ends

    def _told(self, run: Run, ends: dict[str, str]) -> Iterator[str]:
        """Check that all that the run's listings name is stored, or was asked for."""
        for served in run.log:
            if served.path in self.changing.numbers or _end(served) != "came":
                continue
            self.counts["checks of listings"] += 1
            for path in self._links(served):
                self.named.add(path)
                if path in self.observations or path in ends:
                    continue
                if self.last_end.get(path) != "rejected":  # then it is asked for half an hour later
                    yield f"run {run.number}: {served.path} names {path}, which was not asked for"

    def _links(self, served: Served) -> list[str]:
        key = served.path, served.build
        if key not in self._known_links:
            text = self.changing.respond(served.path, served.build).body.decode()
            self._known_links[key] = [unquote(link) for link in LINK.findall(text)]
        return self._known_links[key]

    @cached_property
    def _known_links(self) -> dict[tuple[str, int], list[str]]:
        return {}

    # -- what is stored -----------------------------------------------------------------------

    def _pages(self) -> Iterator[str]:
        certain = {path for path, came in self.came.items() if any(c.run.is_whole for c in came)}
        stored = set(self.observations)
        self.counts["pages stored"] = len(stored)
        self.counts["pages that only an ended run was sent"] = len(set(self.came) - certain)
        yield from (f"{path} came and is not stored" for path in sorted(certain - stored))
        yield from (f"{path} is stored and never came" for path in sorted(stored - set(self.came)))

    def _articles(self) -> Iterator[str]:
        """Compare each article with what its best page said last."""
        numbers: dict[int, list[str]] = {}
        for path in self.observations:
            if path in self.changing.numbers:
                numbers.setdefault(self.changing.numbers[path], []).append(path)
        codes = {self._truth(number, 0).info_code: number for number in numbers}
        self.counts["articles"] = len(self.articles)
        yield from (f"{code} never came as an article" for code in set(self.articles) - set(codes))
        for code, number in codes.items():
            if code not in self.articles:
                yield f"{code} is missing, its page is stored"
                continue
            row, is_whole = self.articles[code], len(numbers[number]) == self._posts(number)
            path = self._best(number, numbers[number])
            if path not in self.came:
                continue  # told of already: it never came
            wanted = [self._row(number, v, is_whole) for v in self._versions(path)]
            found = {name: row[name] for name in wanted[0]}
            if found not in wanted:
                yield f"{code} is {found}, and should be {wanted}"

    def _posts(self, number: int) -> int:
        return len(self.changing.site.kind(number).generations)

    def _best(self, number: int, paths: list[str]) -> str:
        """Return the page that supplies the row: the one with links in its body."""
        linked = [post.path for post in self._truth(number, 0).posts if post.generation == "6"]
        return next((path for path in paths if path in linked), paths[0])

    def _versions(self, path: str) -> list[int]:
        """Return the versions that may be the stored one, the last certain one among them."""
        came = self.came.get(path, [])
        for place in range(len(came) - 1, -1, -1):
            if came[place].run.is_whole:
                return [each.version for each in came[place:]]
        return [each.version for each in came]

    def _truth(self, number: int, version: int) -> Truth:
        key = number, version
        if key not in self._truths:
            edits = {number: version} if version else {}
            site = replace(self.changing.site, edits=edits)
            site.__dict__["kinds"] = self.changing.site.kinds
            self._truths[key] = site.article(number)
        return self._truths[key]

    @cached_property
    def _truths(self) -> dict[tuple[int, int], Truth]:
        return {}

    def _row(self, number: int, version: int, is_whole: bool) -> dict[str, Any]:
        truth = self._truth(number, version)
        row = {
            "title": truth.title,
            "published_at": truth.published_at,
            "body_text": "\n".join(truth.paragraphs),
        }
        return {**row, "source": truth.source, "summary": truth.digest_shown} if is_whole else row

    def _revisions(self) -> Iterator[str]:
        """Compare each page's earlier states: those that came, each once, in their order."""
        kept: dict[str, list[tuple[str, str]]] = {}
        for row in self._rows("revisions"):
            kept.setdefault(unquote(row["page_id"]), []).append((row["title"], row["body_text"]))
        self.counts["revisions"] = sum(map(len, kept.values()))
        for path in self.observations:
            number = self.changing.numbers.get(path)
            if number is None:
                continue
            found = kept.pop(path.removeprefix("/"), [])
            came = self.came.get(path, [])
            texts = {
                (truth.title, "\n".join(truth.paragraphs)): version
                for version in {each.version for each in came}
                for truth in [self._truth(number, version)]
            }
            versions = [texts.get(text, -1) for text in found]
            certain = {each.version for each in came if each.run.is_whole}
            now = self._versions(path)
            earlier = {version for version in certain if version < min(now)}
            supplies = path == self._best(number, self._paths_of(number))
            is_ordered = all(one < next_ for one, next_ in pairwise(versions))
            if -1 in versions or not is_ordered or (supplies and not earlier <= set(versions)):
                yield (
                    f"{path} has revisions of the versions {versions}; it came as "
                    f"{[(each.run.number, each.version, each.run.is_whole) for each in came]}"
                )
        yield from (f"revisions of {page}, which is not stored" for page in kept)

    def _paths_of(self, number: int) -> list[str]:
        paths = [post.path for post in self._truth(number, 0).posts]
        return [path for path in paths if path in self.observations]

    # -- what is not stored ---------------------------------------------------------------------

    def _unseen(self) -> Iterator[str]:
        """Explain each article that was shown and is not stored, by the gaps of ``audit``."""
        begin = self.runs[0].second
        gaps = self._gaps()
        self.counts["gaps"] = len(gaps)
        yield from self._checked_in(gaps)
        known = known_gaps(self.runs, self._links, self.came)
        self.counts["gaps that the site's log knows"] = len(known)
        yield from compare(known, gaps)
        for number, life in enumerate(self.changing.lives):
            shown, dropped = max(life.shown, begin), min(life.dropped, self.end)
            truth = self._truth(number, 0)
            if shown >= dropped:
                continue
            self.counts["articles that the site showed"] += 1
            if truth.info_code in self.articles:
                continue
            if self.named & set(truth.paths):
                self.counts["lost: named, and all tries failed"] += 1
            elif any(_covers(gap, life.shown, truth) for gap in gaps):
                self.counts["lost: in a gap that is told of"] += 1
            elif dropped - shown < NEWSCRAWL_LISTING_INTERVALS[1] + SLACK:
                self.counts["lost: gone before any look named it"] += 1
            else:
                yield (
                    f"{truth.paths} was shown for {(dropped - shown) / HOUR:.1f} hours, is not "
                    f"stored, and no gap tells of it (listings: {truth.listings})"
                )

    def _gaps(self) -> list[Row]:
        """Return the gaps that ``newscrawl audit`` names for all of the time."""
        days = [datetime.fromtimestamp(each.second, CHINA).date() for each in self.runs]
        since, until = min(days) - timedelta(days=RETENTION_DAYS), max(days)
        rows = list(audit(self.db, since, until, kept_days=RETENTION_DAYS))
        return [row for row in rows if row["what"] == "gap"]

    def _checked_in(self, gaps: list[Row]) -> Iterator[str]:
        """Yield each gap in which, by the site's log, a whole run got the listing after all."""
        for gap in gaps:
            path = path_of(gap)
            begin, end = (datetime.fromisoformat(gap[name]) for name in ("from", "noticed"))
            for run in self.runs:
                is_within = run.is_whole and begin < run.now < end
                if is_within and any(
                    each.path == path and each.answer == "own" and each.status in (200, 304)
                    for each in run.log
                ):
                    yield f"run {run.number} checked {path}, and a gap is named from {begin} on"

    def _edits(self) -> Iterator[str]:
        """Check that an edit was seen that was there when a visit was due."""
        for path, came in self.came.items():
            life = self.changing.lives[self.changing.numbers[path]]
            for place, first in enumerate(came):
                if not first.run.is_whole or first.version >= len(life.edits):
                    continue
                if place and came[place - 1].version == first.version:
                    continue
                edited = life.edits[first.version]
                looks = [first.run.second + hours * HOUR for hours in NEWSCRAWL_REVISIT_HOURS]
                due = next((each for each in looks if each >= edited), None)
                if due is None:
                    self.counts["edits after the last visit"] += 1
                    continue
                if due + SLACK >= min(life.dropped, self.end):
                    continue
                self.counts["edits that a visit was due for"] += 1
                seen = [each.run.second for each in came if each.version > first.version]
                if not seen or seen[0] > due + SLACK:
                    yield (
                        f"{path} was edited at {edited}, a visit was due at {due:.0f}, and it was "
                        f"seen at {seen[:1]}"
                    )

    def _gone(self) -> Iterator[str]:
        """Check what the archive says of pages that the site has taken down."""
        for path, row in self.observations.items():
            end = self.last_end.get(path)
            if (row["gone_at"] is not None) != (end == "404"):
                if any(not each.run.is_whole for each in self.came.get(path, ())[-1:]):
                    continue
                yield f"{path} ended as {end}, gone_at is {row['gone_at']}"
            self.counts["pages seen to be gone"] += row["gone_at"] is not None


def _end(served: Served) -> str:
    if served.answer == "broken":
        return "failed"
    if served.status in (200, 304):
        return "came" if served.answer == "own" else "rejected"
    return "404" if served.status == 404 else "failed"


def _ledger(run: Run, ends: dict[str, str]) -> dict[str, int]:
    how = Counter(ends.values())
    return {
        "scheduled": len(ends),
        "failed": how["failed"] + how["404"],
        "rejected": how["rejected"],
        "came": how["came"],
        "requests": _requests(run.log),
    }


def _requests(log: Sequence[Served]) -> int:
    """Return the requests of a log, as a client knows them.

    aiohttp sends a request once more where the connection was reset before an answer, and says
    nothing of it.
    """
    count, again = 0, set[str]()
    for served in log:
        if served.path in again:
            again.remove(served.path)
            continue
        count += 1
        if served.status == 0:
            again.add(served.path)
    return count


def _covers(gap: Row, shown: int, truth: Truth) -> bool:
    if gap["kind"] == "category" and gap["name"] not in truth.listings:
        return False
    begin = datetime.fromisoformat(gap["from"]).timestamp()
    until = datetime.fromisoformat(gap["until"]).timestamp()
    return begin - WRONG_CLOCK <= shown and truth.published.timestamp() < until


def _path(url: str) -> str:
    return unquote(urlsplit(url).path)
