"""A soak: a week of ``crawl category --due --every 5m`` against a hostile site, in minutes.

    python bench/soak.py --days 7 --plot docs/soak.svg

The site publishes, edits, takes down and forgets posts, its builds are late, its answers fail, it
is down for an hour, one of its listings for days; runs are killed, the clock is wrong at times, by
minutes or by years, the proxy dies, and the disk of the log is full.
All comes from the seed. In the end the archive is compared with what was served
(``bench/soak_judge.py``), and the first day's memory and open files with the last day's.

Each run is a process, started by the real scheduler, that runs the real command line; it is forked
from one that has done the imports (``bench/soak_processes.py``), and its clock is told the
simulated time. Within a run the clock stands still.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.append(str(Path(__file__).parents[1] / "tests"))
from samplesite.changing import KEPT_DAYS, Changing, Hostile, Weather
from samplesite.plan import DAY
from samplesite.site import Site

from bench.soak_judge import Judgement, Run, judge
from bench.soak_processes import Nursery, Scheduler, Use, fds_of, use_of
from newscrawl.demo.dice import Dice
from newscrawl.runs.outcome import Exit

FIRST_DAY = date(2026, 3, 2)
ODDITIES = (
    "pair", "gen_5", "gen_6", "tag_twice", "other_source", "later_mentions", "keywords",
    "hong_kong", "linked_source", "hidden", "kline_bare", "crlf", "images", "subtitles",
    "line_breaks", "disclaimer", "two_categories", "case_twin_upper", "case_twin_lower",
    "dot_slug", "parenthesis_slug", "table", "entities",
)  # fmt: skip
"""What articles are like: pages, categories and slugs of many kinds; each is listed somewhere."""
QUIET = 3
"""Runs at the end that nothing kills, so that each killed one is followed by a whole one."""


@dataclass(frozen=True)
class Options:
    """How hard, and how long."""

    seed: int = 1
    days: float = 7
    every: int = 300
    """Seconds between two runs."""
    articles_a_day: int = 200
    outage_hours: float = 1
    outages: int = 4
    broken_hours: float = 84
    """How long one listing fails: longer than the mirror keeps a post, so that posts are lost."""
    one_in: int = 60
    """One address in so many fails in a run."""
    kill_one_in: int = 40
    """One run in so many is killed; besides, one of each day ends by SIGTERM."""
    wrong_year_one_in: int = 40
    """One hour in so many has a clock in 1970, or in ten years."""
    trouble_one_in: int = 60
    """One half hour in so many has a proxy that is dead, and another one a full disk for logs."""


@dataclass
class Sample:
    """What was measured after a run."""

    day: float
    scheduler: Use
    nursery: Use
    """Of the soak's own: a run begins with its memory."""
    run_kb: int
    run_fds: int
    """The most files that the run had open when it asked for something."""
    seconds: float
    cpu: float
    db_kb: int
    wal_kb: int


@dataclass
class Result:
    """What a soak found."""

    options: Options
    seconds: float
    cpu_seconds: float
    """Of the soak, the site, the scheduler and all runs together."""
    exit_codes: dict[str, int]
    requests: dict[str, int]
    samples: list[Sample]
    judgement: Judgement
    scheduler_ended: int


def world_of(options: Options) -> tuple[Changing, Weather, int]:
    """Return the site, what goes wrong with it, and the second at which the crawls begin."""
    whole_days = KEPT_DAYS + int(-(-options.days // 1)) + 1
    site = Site(
        seed=options.seed, articles=options.articles_a_day * whole_days, days=whole_days,
        last_day=FIRST_DAY + timedelta(days=whole_days - 1), oddities=frozenset(ODDITIES),
    )  # fmt: skip
    begin = site.start + KEPT_DAYS * DAY + 12 * 3600
    dice, length = Dice(options.seed, 201), int(options.days * DAY)
    outages = []
    for place in range(options.outages):  # one in each part of the time
        part = length // options.outages
        start = (
            begin
            + place * part
            + dice.number(options.every * 3, max(options.every * 3, part - 4 * 3600))
        )
        outages.append((start, start + int(options.outage_hours * 3600)))
    slugs = sorted(site.category_pages, key=lambda slug: -len(site.by_category.get(slug, ())))
    start = begin + length // 8
    broken = (f"/category/{slugs[1]}.html", start, start + int(options.broken_hours * 3600))
    weather = Weather(options.seed, options.one_in, tuple(outages), broken)
    return Changing(site), weather, begin


class Soak:
    """Drives the site, the clock and the signals, a run at a time."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.db = folder / "news.db"
        self.changing, self.weather, self.begin = world_of(options)
        self.server = Hostile(self.changing, self.weather)
        self.server.watch = self._watch
        self.runs: list[Run] = []
        self.samples: list[Sample] = []
        self._total = int(options.days * DAY / options.every)
        self._pid, self._peak_fds = 0, 0
        self._signal: tuple[int, int] | None = None
        """After how many requests the run gets which signal."""

    def words(self) -> list[str]:
        """The command line of each run, without --every."""
        return [
            "crawl", "category", "--due", "--db", str(self.db), "--base-url", self.server.url,
            "--delay", "0", "-s", f"DOWNLOAD_TIMEOUT={self.weather.timeout:g}",
            "-s", "LOG_LEVEL=WARNING", "-s", "NEWSCRAWL_BATCH_PAGES=5",
        ]  # fmt: skip

    def run(self, *, progress: bool) -> Result:
        """Run all, and judge."""
        began, used, log = time.monotonic(), _cpu(), self.folder / "runs.log"
        nursery = Nursery(log)
        scheduler = Scheduler(self.folder, self.words(), log)
        try:
            for number in range(self._total):
                asking, words = scheduler.next_run()
                ended = self._step(number, nursery, words)
                asking.sendall(str(ended).encode())
                asking.close()
                self._sample(scheduler, nursery)
                if progress and number % 50 == 49:
                    self._say(time.monotonic() - began)
            ended = scheduler.stop()
        finally:
            scheduler.kill()
            nursery.close()
            self.server.close()
        (self.folder / "runs.pickle").write_bytes(pickle.dumps((asdict(self.options), self.runs)))
        judgement = judge(self.changing, self.runs, self.db)
        asked = Counter(_kind_of(each.status) for run in self.runs for each in run.log)
        return Result(
            self.options, time.monotonic() - began, _cpu() - used,
            Counter(str(run.code) for run in self.runs), asked, self.samples, judgement, ended,
        )  # fmt: skip

    def _step(self, number: int, nursery: Nursery, words: Sequence[str]) -> int:
        """Move the world to a run, let it run, and return how it ended."""
        dice = Dice(self.options.seed, number, 202)
        second = self.begin + number * self.options.every + dice.number(0, 60)
        now = datetime.fromtimestamp(second, UTC) + self._clock_error(number)
        kill, after = dice.number(1, 3 * self.options.kill_one_in), dice.number(1, 30)
        self._signal = None
        if number < self._total - QUIET:
            if self._is_terminated(number):
                self._signal = after % 10 + 1, signal.SIGTERM
            elif kill <= 3:
                self._signal = after, signal.SIGKILL
        self.server.move(number, second, is_built_meanwhile=dice.one_in(15))
        self._pid = self._peak_fds = 0
        began = time.monotonic()
        half_hour = Dice(self.options.seed, number * self.options.every // 1800, 204)
        trouble = half_hour.number(1, self.options.trouble_one_in)
        is_quiet = number >= self._total - QUIET
        has_dead_proxy = trouble == 1 and not is_quiet
        is_log_full = trouble == 2 and not is_quiet
        self._pid = pid = nursery.start(
            list(words), now, has_dead_proxy=has_dead_proxy, is_log_full=is_log_full
        )
        ended = nursery.wait()
        seconds = time.monotonic() - began
        run = Run(
            number, second, now, pid, ended.code, self.server.log, has_dead_proxy, is_log_full
        )
        self.runs.append(run)
        self._measured = ended.peak_kb, self._peak_fds, seconds, ended.cpu
        return ended.code

    def _is_terminated(self, number: int) -> bool:
        """Whether a run gets SIGTERM: from some time of each day on, until one has ended by it."""
        day, place = divmod(number, DAY // self.options.every)
        begin = Dice(self.options.seed, day, 206).number(0, DAY // self.options.every // 2)
        ended = Exit.TERMINATED in (run.code for run in self.runs[number - place :])
        return place >= begin and not ended

    def _clock_error(self, number: int) -> timedelta:
        """Return by how much the clock of a run is wrong: for some hours, minutes or years."""
        hour = number * self.options.every // 3600
        by_minutes, by_years = (Dice(self.options.seed, hour, salt) for salt in (203, 205))
        if number < self._total - QUIET and by_years.one_in(self.options.wrong_year_one_in):
            since_1970 = self.begin + hour * 3600  # as of a machine that starts without a clock
            return timedelta(seconds=by_years.pick((-since_1970, 3650 * DAY)))
        if by_minutes.one_in(25):
            return timedelta(seconds=by_minutes.pick((-1200, 900, -5400)))
        return timedelta(0)

    def _watch(self, count: int) -> None:
        """Look at the run that asks for something, and kill it when its time has come."""
        while not self._pid:
            time.sleep(0.001)
        self._peak_fds = max(self._peak_fds, fds_of(self._pid))
        if self._signal is not None and count == self._signal[0]:
            os.kill(self._pid, self._signal[1])

    def _sample(self, scheduler: Scheduler, nursery: Nursery) -> None:
        day = (self.runs[-1].second - self.begin) / DAY
        wal = Path(f"{self.db}-wal")
        self.samples.append(
            Sample(
                day, use_of(scheduler.process.pid), nursery.use(), *self._measured,
                self.db.stat().st_size // 1024 if self.db.exists() else 0,
                wal.stat().st_size // 1024 if wal.exists() else 0,
            )
        )  # fmt: skip

    def _say(self, seconds: float) -> None:
        last = self.samples[-1]
        codes = dict(Counter(run.code for run in self.runs[-50:]))
        print(
            f"day {last.day:.2f} after {seconds:.0f} s: scheduler {last.scheduler.rss_kb} KB, "
            f"{last.scheduler.fds} files; runs {last.run_kb} KB, {last.run_fds} files; "
            f"archive {last.db_kb} KB; exit codes {codes}",
            file=sys.stderr, flush=True,
        )  # fmt: skip


def _cpu() -> float:
    """Return the seconds of processor time that this process and its ended children took."""
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(each.ru_utime + each.ru_stime for each in both)


def _kind_of(status: int) -> str:
    return "reset" if status == 0 else str(status)


# -- what it shows ----------------------------------------------------------------------------


def flatness(samples: list[Sample]) -> dict[str, tuple[float, float]]:
    """Return each measure of the first day and of the last: medians, without the first hour."""
    warm = [each for each in samples if each.day > 1 / 24] or samples
    begin, end = warm[0].day, warm[-1].day
    span = min(1.0, (end - begin) / 3)
    first = [each for each in warm if each.day <= begin + span]
    last = [each for each in warm if each.day >= end - span]
    measures = {
        "scheduler_rss_kb": lambda each: each.scheduler.rss_kb,
        "scheduler_fds": lambda each: each.scheduler.fds,
        "scheduler_threads": lambda each: each.scheduler.threads,
        "nursery_rss_kb": lambda each: each.nursery.rss_kb,
        "run_peak_kb": lambda each: each.run_kb,
        "run_peak_fds": lambda each: each.run_fds,
        "run_seconds": lambda each: each.seconds,
        "run_cpu": lambda each: each.cpu,
        "wal_kb": lambda each: each.wal_kb,
    }
    return {
        name: (median(map(measure, first)), median(map(measure, last)))
        for name, measure in measures.items()
    }


def as_dict(result: Result) -> dict[str, Any]:
    """Return the result for machines, without the samples of each run."""
    return {
        "options": asdict(result.options),
        "runs": len(result.samples),
        "seconds": round(result.seconds, 1),
        "cpu_seconds": round(result.cpu_seconds, 1),
        "exit_codes": dict(result.exit_codes),
        "scheduler_ended": result.scheduler_ended,
        "requests": dict(result.requests),
        "first_and_last_day": flatness(result.samples),
        "archive_kb": result.samples[-1].db_kb,
        "largest_wal_kb": max(each.wal_kb for each in result.samples),
        "counts": result.judgement.counts,
        "findings": result.judgement.findings,
    }


def show(result: Result) -> None:
    """Print the result for people."""
    found = as_dict(result)
    print(
        f"{found['runs']} runs, {found['seconds']:.0f} s, of which "
        f"{found['cpu_seconds']:.0f} s of processor time; ended with {found['exit_codes']}"
    )
    print(f"requests: {found['requests']}")
    print(f"\n{'':<20}{'first day':>12}{'last day':>12}")
    for name, (first, last) in found["first_and_last_day"].items():
        print(f"{name:<20}{first:>12.6g}{last:>12.6g}")
    print(f"\narchive {found['archive_kb']} KB, largest WAL {found['largest_wal_kb']} KB")
    for name, count in found["counts"].items():
        print(f"{count:>7} {name}")
    print("\nthe archive is exact" if not found["findings"] else "")
    for finding in found["findings"]:
        print(f"WRONG: {finding}")


def plot(samples: list[Sample], path: Path) -> None:
    """Draw memory and open files over the time."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "newscrawl"
    import matplotlib.pyplot as plt

    figure, (memory, files) = plt.subplots(2, 1, figsize=(7, 4.5), sharex=True,
                                           layout="constrained")  # fmt: skip
    days = [each.day for each in samples]
    memory.plot(days, [each.run_kb / 1024 for each in samples], ",", color="#2060a0",
                rasterized=True, label="each run, its peak")  # fmt: skip
    memory.plot(days, [each.scheduler.rss_kb / 1024 for each in samples], color="#b03030",
                label="the scheduler")  # fmt: skip
    memory.set(ylabel="memory, MB", ylim=(0, None))
    files.plot(days, [each.run_fds for each in samples], ",", color="#2060a0", rasterized=True)
    files.plot(days, [each.scheduler.fds for each in samples], color="#b03030")
    files.set(ylabel="open files", xlabel="simulated days", ylim=(0, None))
    for axes in (memory, files):
        axes.grid(alpha=0.3)
    memory.legend(loc="center right")
    figure.savefig(path, metadata={"Date": None})


def soak(options: Options, folder: Path, *, progress: bool = False) -> tuple[Result, list[Run]]:
    """Run a soak in an empty folder; return what it found, and its runs."""
    made = Soak(options, folder)
    return made.run(progress=progress), made.runs


def judge_again(folder: Path) -> int:
    """Judge a soak that was kept; print what was compared and what differs."""
    options, runs = pickle.loads((folder / "runs.pickle").read_bytes())  # noqa: S301  our own
    judgement = judge(world_of(Options(**options))[0], runs, folder / "news.db")
    print(json.dumps(asdict(judgement), ensure_ascii=False, indent=1))
    return 1 if judgement.findings else 0


def main() -> int:
    """Soak, and print what was found; the exit code is 1 where the archive is not exact."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        epilog="example: python bench/soak.py --days 0.5 --seed 3",
    )
    parser.add_argument("--days", type=float, default=Options.days, help="simulated (default 7)")
    parser.add_argument("--seed", type=int, default=Options.seed, help="another seed, another week")
    parser.add_argument("--articles-a-day", type=int, default=Options.articles_a_day)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw into this .svg or .png")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep archive and log there")
    parser.add_argument("--judge", type=Path, metavar="FOLDER", help="only judge what was kept")
    asked = parser.parse_args()
    if asked.judge:
        return judge_again(asked.judge)
    options = Options(seed=asked.seed, days=asked.days, articles_a_day=asked.articles_a_day)
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        result, _ = soak(options, folder, progress=True)
    finally:
        if not asked.keep:
            shutil.rmtree(folder)
    if asked.json:
        print(json.dumps(as_dict(result), ensure_ascii=False, indent=1))
    else:
        show(result)
    if asked.plot:
        plot(result.samples, asked.plot)
    return 1 if result.judgement.findings else 0


if __name__ == "__main__":
    sys.exit(main())
