"""Writes the status of an archive as metrics, for the node exporter of Prometheus."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from newscrawl.archive.status import STATES, RunStatus, Status
from newscrawl.items import ENDS
from newscrawl.store.values import moment
from newscrawl.text.escape import escape_lines

Sample = tuple[Mapping[str, str], float]


def exposition(found: Status) -> str:
    """Return the metrics in Prometheus' text format, version 0.0.4."""
    lines = []
    for name, about, samples in _metrics(found):
        lines += [f"# HELP newscrawl_{name} {about}", f"# TYPE newscrawl_{name} gauge"]
        lines += [f"newscrawl_{name}{_labels(labels)} {value:.17g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def write_metrics(path: Path, found: Status) -> None:
    """Put the metrics in the place of the file at *path*: who reads it never sees half of it.

    :raises OSError: it cannot be written.
    """
    handle, beside = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(exposition(found))
        Path(beside).chmod(0o644)  # the exporter is another user
        Path(beside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


def _metrics(found: Status) -> Iterator[tuple[str, str, list[Sample]]]:
    states = Counter(each.state for each in found.listings)
    left = [each.seconds_left for each in found.listings if each.seconds_left is not None]
    yield "articles", "Articles in the archive.", [({}, found.articles)]
    yield "archive_bytes", "Size of the archive on disk.", [({}, found.size)]
    yield (
        "listings",
        "Listings by state.",
        [({"state": state}, states[state]) for state in STATES],
    )
    yield (
        "seconds_until_loss",
        "Time until a listing may drop what was not seen.",
        [({}, min(left))] if left else [],
    )
    yield "gaps", "Times of which articles may be missing.", [({}, len(found.gaps))]
    yield (
        "rejects",
        "Pages without an article.",
        [({"reason": each.reason}, each.pages) for each in found.rejects],
    )
    yield "dead_rules", "Parser rules that used to match.", [({}, len(found.dead_rules))]
    yield (
        "last_good_run_timestamp_seconds",
        "End of the last successful run that requested a site.",
        [({}, _epoch(found.last_good_run_at))] if found.last_good_run_at else [],
    )
    yield (
        "future_runs",
        "Runs whose times lie in the future, at most 100: a clock was ahead.",
        [({}, len(found.future_runs))],
    )
    if found.last_crawl is not None:
        yield from _last_run(found.last_crawl)


def _last_run(run: RunStatus) -> Iterator[tuple[str, str, list[Sample]]]:
    """Yield what there is to say of the last run that asked a site."""
    yield (
        "last_run_start_timestamp_seconds",
        "Start of the last run.",
        [({}, _epoch(run.started_at))],
    )
    ended: list[Sample] = [] if run.ended_at is None else [({}, _epoch(run.ended_at))]
    yield "last_run_end_timestamp_seconds", "End of the last run; none while it runs.", ended
    code: list[Sample] = [] if run.exit_code is None else [({}, float(run.exit_code))]
    yield "last_run_exit_code", "Exit code of the last run; none while it runs.", code
    yield (
        "last_run_outcome",
        "How the last run ended: 1 for the word it ended with.",
        [({"outcome": run.outcome}, 1)],
    )
    yield (
        "last_run_pages",
        "Pages of the last run, by what became of them.",
        [({"end": end}, run.counters[end]) for end in ENDS],
    )
    yield (
        "last_run_requests",
        "HTTP requests of the last run.",
        [({}, run.counters["requests"])],
    )


def _labels(labels: Mapping[str, str]) -> str:
    return (
        "{" + ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items()) + "}"
        if labels
        else ""
    )


def _escaped(text: str) -> str:
    return escape_lines(text).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _epoch(time: str) -> float:
    return moment(time).timestamp()
