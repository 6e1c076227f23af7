"""Derives the gaps of a soak from the site's own log, and compares them with those that are named.

A listing has a gap where it answered a run, then no run for so long that the site dropped what it
had shown, and then a run again, to which it showed nothing of what had come before. A check of a
killed run may be stored or not, and so may a status 404 (no such category, or a failure): a gap may
begin there as well as at the last certain check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from newscrawl.archive.audit import Row
from newscrawl.sites.finews.retention import forgotten_until

if TYPE_CHECKING:
    from samplesite.changing import Served

    from bench.soak_judge import Came, Run

HOME = "/"
WRONG_CLOCK = 5400
"""Seconds by which a run's clock may be wrong: it is what says from when on a gap is."""


class KnownGap(NamedTuple):
    """A period in which the site dropped posts of a listing unseen."""

    path: str
    """Of the listing."""
    begins: tuple[int, ...]
    """The checks that may be the last before, Unix seconds."""
    end: int
    """The next check."""

    def is_named_by(self, row: Row) -> bool:
        """Whether a row of ``audit`` is of this gap: its listing, and all of its times."""
        begin, noticed = _second(row["from"]), _second(row["noticed"])
        return (
            path_of(row) == self.path
            and any(abs(begin - each) <= WRONG_CLOCK for each in self.begins)
            and abs(noticed - self.end) <= WRONG_CLOCK
            and _second(row["until"]) in (_dropped(self.end), _dropped(int(noticed)))
        )

    def __str__(self) -> str:
        return f"{self.path} from {_utc(self.begins[0])} to {_utc(self.end)}"


def path_of(gap: Row) -> str:
    """Return the path of the listing that a row of ``audit`` names."""
    return f"/category/{gap['name']}.html" if gap["kind"] == "category" else HOME


def compare(known: Sequence[KnownGap], named: Sequence[Row]) -> Iterator[str]:
    """Yield each gap that only the site's log or only ``audit`` has, as a sentence."""
    left = list(named)
    for gap in known:
        row = next((each for each in left if gap.is_named_by(each)), None)
        if row is None:
            yield f"the site's log knows a gap of {gap}, which audit does not name"
        else:
            left.remove(row)
    for row in left:
        yield (
            f"audit names a gap of {path_of(row)} from {row['from']} to {row['until']}, which the "
            "site's log does not know"
        )


def known_gaps(
    runs: Iterable[Run],
    links: Callable[[Served], list[str]],
    came: Mapping[str, Sequence[Came]],
) -> list[KnownGap]:
    """Return the gaps that the site's log knows; *links* reads a listing, *came* has the posts."""
    begins: dict[str, list[int]] = {}
    found = []
    for run in runs:
        for served in _checks(run):
            before = begins.get(served.path)
            is_certain = run.is_whole and served.status in (200, 304)
            if is_certain and before and served.status == 200:
                dropped = _dropped(run.second)
                shown = links(served)
                old = sum(_came_before(dropped, came.get(link, ())) for link in shown)
                is_known = old > (len(shown) / 2 if served.path == HOME else 0)
                if before[-1] < dropped and not is_known:
                    found.append(KnownGap(served.path, tuple(before), run.second))
            if is_certain:
                begins[served.path] = [run.second]
            elif before:
                before.append(run.second)
    return found


def _checks(run: Run) -> Iterator[Served]:
    """Yield the answers to a run that may be the check of a listing, one for each."""
    last = {
        each.path: each
        for each in run.log
        if each.path == HOME or each.path.startswith("/category/")
        if (each.answer == "own" and each.status in (200, 304)) or each.status == 404
    }
    yield from last.values()


def _came_before(second: float, came: Sequence[Came]) -> bool:
    return any(each.run.second < second for each in came)


def _dropped(second: int) -> float:
    """Return up to when the site had dropped its posts at a time, Unix seconds."""
    return _second(forgotten_until(_utc(second)))


def _second(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _utc(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()
