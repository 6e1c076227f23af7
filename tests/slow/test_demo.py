"""``newscrawl demo`` and its sample site: three days of news, and something for every command."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from crawls import Hands, command, query
from served import serving as serving_archive

from newscrawl.cli.app import commands
from newscrawl.demo import SampleSite, Server, history
from newscrawl.store import clock
from newscrawl.text.china_time import CHINA

END = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a demo."""
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    done = command("newscrawl", "demo", "--articles", "90", "--db", str(file), timeout=120)
    assert done.returncode == 0, done.stderr
    return file


# What the command leaves behind.


def told(db: Path, *words: str) -> str:
    """Return what a command prints of the archive."""
    done = CliRunner().invoke(commands, [*words, "--db", str(db)], prog_name="newscrawl")
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_articles_are_of_the_last_days(db: Path) -> None:
    [(count, first, last)] = query(
        db, "SELECT count(*), min(published_at), max(published_at) FROM articles"
    )
    assert count == 90
    made = datetime.fromtimestamp(db.stat().st_mtime, UTC)
    assert made - timedelta(days=3, hours=2) < datetime.fromisoformat(first)
    assert made - timedelta(hours=3) < datetime.fromisoformat(last) <= made


@pytest.mark.parametrize("name", ["articles-per-day", "coverage", "delay"])
def test_every_plot_has_data(db: Path, name: str) -> None:
    days = [line for line in told(db, "plot", name).splitlines() if re.match(r"\d{4}-", line)]
    assert sum("█" in line or re.search(r"\d h", line) is not None for line in days) >= 3


def test_corrected_articles_have_a_diff(db: Path) -> None:
    corrected = query(db, "SELECT DISTINCT article_id FROM revisions")
    assert len(corrected) > 1
    shown = told(db, "diff", corrected[0][0])
    assert "{+（更正）+}" in shown
    assert "+ 更正：前文" in shown


def test_reading_commands(db: Path) -> None:
    assert told(db, "search", "储能").count("\n") > 3
    assert told(db, "status").count("last runs") == 1 + len(history.HOURS_BEFORE)
    assert told(db, "list", "--since", str(date.today() - timedelta(days=2))).count("\n") == 20
    assert query(db, "SELECT outcome FROM runs") == [("ok",)] * 4
    assert query(db, "SELECT count(*) FROM articles WHERE body_rank < 2") == [(0,)]


def test_front_page(db: Path) -> None:
    [(title,)] = query(db, "SELECT title FROM articles ORDER BY published_at DESC LIMIT 1")
    with serving_archive(db) as url, urllib.request.urlopen(url, timeout=10) as response:
        assert title in response.read().decode()


# Options of the command.


def test_until_gives_the_same_archive(tmp_path: Path) -> None:
    rows = []
    for name in ("a.db", "b.db"):
        file = tmp_path / name
        words = ["newscrawl", "demo", "--articles", "12", "--until", "2022-06-14"]
        assert command(*words, "--db", str(file)).returncode == 0
        rows.append(query(file, "SELECT id, title, first_seen_at, changed_at FROM articles"))
        days = "SELECT DISTINCT substr(published_at, 1, 10) FROM articles ORDER BY 1"
        assert query(file, days) == [("2022-06-12",), ("2022-06-13",), ("2022-06-14",)]
    assert sorted(rows[0]) == sorted(rows[1])


def test_keep_serves_until_ctrl_c(tmp_path: Path) -> None:
    program = str(Path(sys.executable).with_name("newscrawl"))
    words = [program, "demo", "--articles", "5", "--keep", "--db", str(tmp_path / "demo.db")]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr
        url = next(m[1] for line in run.stderr if (m := re.search(r"stays at (\S+) until", line)))
        with urllib.request.urlopen(url, timeout=10) as response:
            assert response.status == 200
        run.send_signal(signal.SIGINT)
        try:
            assert run.wait(timeout=20) == 0
        finally:
            run.kill()


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with Server(SampleSite(END, articles=5)) as server:
        words = ["demo", "--port", str(server.port), "--db", str(tmp_path / "demo.db")]
        done = command("newscrawl", *words)
    assert done.returncode == 1
    assert f"Could not listen on port {server.port}" in done.stderr
    assert not (tmp_path / "demo.db").exists()


# The sample site.


@pytest.fixture
def site(hands: Hands) -> SampleSite:
    """The site, with the clock at its end."""
    hands.now = END
    return SampleSite(END, articles=60)


def text(site: SampleSite, path: str) -> str:
    """A page of the site."""
    answer = site.respond(path)
    assert answer.status == 200, path
    return answer.body.decode()


def test_same_seed_same_site(site: SampleSite) -> None:
    assert text(site, "/") == text(SampleSite(END, articles=60), "/")
    assert text(site, "/") != text(SampleSite(END, articles=60, seed=2), "/")
    later = SampleSite(END + timedelta(hours=2), articles=60)
    shared = set(site.numbers) & set(later.numbers)
    assert len(shared) >= 58
    assert {site.digits(each) for each in shared} == {later.digits(each) for each in shared}


def test_listings_lead_to_posts_and_share_answers(site: SampleSite) -> None:
    listed = 0
    for source in site.categories:
        links = re.findall(r'<li><a href="([^"]+)', text(site, f"/category/{source.slug}.html"))
        listed += len(links)
        for link in links:
            assert "（文章来源：" in text(site, link)
            digits = link[-23:-5]
            answer = json.loads(text(site, f"/NewsData/GetNewsText.do?id=NW{digits}"))
            assert answer["newsid"] == digits
            assert answer["content"].count("<span id=") >= len(answer["reletecodes"])
    assert listed == 60
    assert text(site, "/feed.xml").count("<entry>") == 10


def test_articles_appear_in_time_and_are_corrected(site: SampleSite, hands: Hands) -> None:
    corrected = [each for each in site.numbers if site.is_corrected(each)]
    assert 2 < len(corrected) < 20
    first = corrected[-1]
    hands.now = site.published(first)
    assert "（更正）" not in site.story(first).title
    path = site.story(first).path
    assert site.respond(path).status == 200
    hands.move(seconds=-1)
    assert site.respond(path).status == 404
    assert text(site, f"/NewsData/GetNewsText.do?id={site.digits(first)}") == "null"


def test_unknown_addresses(site: SampleSite) -> None:
    for path in ("/nowhere", "/category/nowhere.html", "/a/2026/03/03/NW202603030000000000.html"):
        assert site.respond(path).status == 404


def test_clock_stops_at_a_moment_and_goes_on() -> None:
    before = clock.clock
    with history.clock_at(END):
        assert clock.clock() == END
    assert clock.clock is before
    assert history.end_of(date(2026, 3, 3)) == datetime(2026, 3, 4, tzinfo=CHINA)


@pytest.mark.parametrize("articles", [1, 2, 3, 5, 8, 60])
def test_a_site_that_is_crawled_has_articles(articles: int) -> None:
    for hour in range(24):
        site = SampleSite(END + timedelta(hours=hour), articles)
        for moment in [*history.moments_before_end(site), site.end]:
            with history.clock_at(moment):
                assert any(map(site.is_shown, site.numbers)), moment
