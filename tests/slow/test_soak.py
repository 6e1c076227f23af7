"""The soak in small: hours of ``--every 5m`` against a hostile site, and a judge that can fail."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from samplesite.changing import BUILD, Changing, Weather
from samplesite.site import Site

from newscrawl.runs.outcome import Exit
from newscrawl.sites.finews.retention import forgets_at

sys.path.insert(0, str(Path(__file__).parents[2]))
from bench.soak import Options, as_dict, flatness, soak, world_of
from bench.soak_judge import Judgement, Run, judge

OPTIONS = Options(
    seed=6, days=0.15, articles_a_day=45, outages=1, outage_hours=0.4, broken_hours=1, one_in=20,
    kill_one_in=5, trouble_one_in=4,
)  # fmt: skip


Harm = Callable[[sqlite3.Connection, list[Run]], Any]


def _sql(text: str) -> Harm:
    return lambda db, runs: db.execute(text)


def _forget_a_request(db: sqlite3.Connection, runs: list[Run]) -> None:
    """As if a listing had named a post, and no run had fetched it."""
    page_id, info_code = db.execute("SELECT page_id, article_id FROM observations").fetchone()
    db.execute("DELETE FROM observations WHERE article_id = ?", (info_code,))
    db.execute("DELETE FROM articles WHERE id = ?", (info_code,))
    for place, run in enumerate(runs):
        log = [each for each in run.log if page_id not in each.path]
        runs[place] = replace(run, log=log)


HARMS: list[tuple[Harm, str]] = [
    (_sql("DELETE FROM observations WHERE rowid = 7"), "came and is not stored"),
    (_sql("UPDATE articles SET body_text = 'x' WHERE rowid = 7"), "and should be"),
    (_sql("UPDATE articles SET title = title || '。' WHERE rowid = 9"), "and should be"),
    (_sql("DELETE FROM articles WHERE rowid = 7"), "is missing, its page is stored"),
    (_sql("DELETE FROM revisions"), "has revisions of the versions []"),
    (_sql("UPDATE runs SET scheduled = scheduled + 1, new = new + 1 WHERE id = 3"),
     "its ledger has"),
    (_sql("DELETE FROM runs WHERE id = 3"), "has no row"),
    (_sql("UPDATE observations SET gone_at = '2026-03-05T00:00:00+00:00'"), "gone_at is"),
    (_forget_a_request, "which was not asked for"),
    (_sql("INSERT INTO gaps (site, listing_kind, name, from_at, until_at, noticed_at) SELECT site,"
          " 'home', '', (SELECT min(started_at) FROM runs), (SELECT max(started_at) FROM runs),"
          " (SELECT max(started_at) FROM runs) FROM listings LIMIT 1"), "and a gap is named from"),
]  # fmt: skip
"""What is done to an archive or a log, and what the judge must say of it."""


def test_archive_is_exact_and_memory_flat(tmp_path: Path) -> None:
    found, runs = soak(OPTIONS, tmp_path)
    assert found.judgement.findings == []
    told = as_dict(found)
    assert told["runs"] == 43
    assert told["scheduler_ended"] == Exit.TERMINATED
    seen = {name for name, count in told["counts"].items() if count}
    assert seen >= {
        "articles", "revisions", "runs that a signal ended", "pages failed", "pages rejected",
        "edits that a visit was due for", "checks of listings", "runs whose proxy was dead",
        "runs whose log was on a full disk",
    }  # fmt: skip
    assert {"0", "3", "4", "-9"} <= set(told["exit_codes"])
    assert {"200", "304", "404", "reset"} <= set(told["requests"])
    measures = flatness(found.samples)
    first, last = measures["scheduler_rss_kb"]
    assert last < first + 1024
    assert measures["scheduler_fds"][0] == measures["scheduler_fds"][1]
    assert max(each.scheduler.fds for each in found.samples) <= measures["scheduler_fds"][0] + 1
    assert max(each.run_fds for each in found.samples) < 60
    for harm, said in HARMS:  # here, for the archive is what takes time
        judgement = _harmed(tmp_path / "news.db", runs, harm)
        assert any(said in finding for finding in judgement.findings), (said, judgement)


GAP_OPTIONS = Options(seed=1, days=4.5, every=3600, articles_a_day=24)
"""One listing fails for longer than the site shows its posts."""

GAP_HARMS: list[tuple[Harm, str]] = [
    (_sql("DELETE FROM gaps"), "which audit does not name"),
    (_sql("UPDATE gaps SET name = 'emnews'"), "which audit does not name"),
    (_sql("UPDATE gaps SET until_at = '2026-03-06T19:00:00+00:00'"), "which audit does not name"),
    (_sql("UPDATE gaps SET from_at = '2026-03-05T19:00:00+00:00'"), "which audit does not name"),
    (_sql("UPDATE gaps SET noticed_at = '2026-03-09T12:00:00+00:00'"), "which audit does not name"),
    (_sql("INSERT INTO gaps (site, listing_kind, name, from_at, until_at, noticed_at) SELECT site,"
          " listing_kind, name, from_at, until_at, noticed_at FROM gaps"), "does not know"),
    (_sql("INSERT INTO gaps (site, listing_kind, name, from_at, until_at, noticed_at) SELECT site,"
          " 'category', 'emnews', from_at, from_at, from_at FROM gaps"), "does not know"),
]  # fmt: skip


def test_audit_names_the_gaps_of_the_sites_log(tmp_path: Path) -> None:
    found, runs = soak(GAP_OPTIONS, tmp_path)
    assert found.judgement.findings == []
    counts = found.judgement.counts
    assert counts["gaps"] == counts["gaps that the site's log knows"] == 1
    for harm, said in GAP_HARMS:
        judgement = _harmed(tmp_path / "news.db", runs, harm, GAP_OPTIONS)
        assert any(said in finding for finding in judgement.findings), (said, judgement)


def _harmed(db: Path, runs: list[Run], harm: Harm, options: Options = OPTIONS) -> Judgement:
    """Judge a copy of an archive to which something was done."""
    copy, runs = Path(shutil.copy(db, f"{db}.harmed")), list(runs)
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        harm(connection, runs)
    return judge(world_of(options)[0], runs, copy, check=False)


# -- the site -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def changing() -> Changing:
    """A site of five days."""
    return Changing(Site(seed=3, articles=500, days=5, last_day=date(2026, 3, 6)))


def test_site_shows_what_is_alive(changing: Changing) -> None:
    for build in changing.builds[:1200:97]:
        site = changing.at(build)
        alive = {n for n, life in enumerate(changing.lives) if life.shown <= build < life.dropped}
        assert {truth.number for truth in site.truths()} == alive
        home = changing.respond("/", build).body.decode()
        shown = {number for path, number in changing.numbers.items() if path in home}
        assert shown <= alive
        for path, number in list(changing.numbers.items())[::23]:
            answer = changing.respond(path, build)
            assert answer.status == (200 if number in alive else 404)


def test_lives(changing: Changing) -> None:
    """Each is shown after its time, and dropped when the mirror forgets it, or earlier."""
    early = edited = 0
    for number, life in enumerate(changing.lives):
        published = datetime.fromtimestamp(changing.site.second(number), UTC)
        forgotten = datetime.fromisoformat(forgets_at(published.isoformat(), 3)).timestamp()
        assert published.timestamp() <= life.shown < life.dropped
        kept_on = life.dropped - forgotten
        assert kept_on < 7 * 3600  # where the build after it was late
        early += kept_on < 0
        edited += bool(life.edits)
        assert list(life.edits) == sorted(set(life.edits))
        assert {life.shown, life.dropped, *life.edits} <= set(changing.builds)
    assert 5 < early < 50
    assert 20 < edited < 120


def test_builds_are_late_at_times(changing: Changing) -> None:
    builds = changing.builds
    gaps = [next_ - one for one, next_ in pairwise(builds)]
    assert min(gaps) == BUILD
    assert 1800 <= max(gaps) <= 6 * 3600 + BUILD


def test_weather_is_the_same_each_time_and_leaves_most_alone() -> None:
    weather = Weather(seed=5, one_in=10, outages=((1000, 2000),), broken=("/x.html", 0, 500))
    paths = [f"/a/{number}.html" for number in range(400)]
    first = [weather.fault(7, path, 0, 0) for path in paths]
    assert first == [weather.fault(7, path, 0, 0) for path in paths]
    bad = [fault for fault in first if fault != weather.fault(7, "/a/1.html", 9, 3000)]
    assert 20 < len([fault for fault in first if fault.status or fault.reset]) < len(bad) < 80
    assert weather.fault(7, "/x.html", 0, 0).status == 500
    assert weather.fault(7, "/a/1.html", 0, 1500).status == 503


def test_world_is_that_of_its_options() -> None:
    one, weather, begin = world_of(Options(days=7))
    other, again, _ = world_of(Options(days=7))
    assert (one.lives, weather) == (other.lives, again)
    assert datetime.fromtimestamp(begin, UTC) == datetime(2026, 3, 5, 4, tzinfo=UTC)
    assert all(stop - start == 3600 for start, stop in weather.outages)
    assert weather.broken is not None
    assert timedelta(seconds=weather.broken[2] - weather.broken[1]) > timedelta(days=3)
