"""The command line, with whole crawls: what it stores, says and returns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from archives import article, fill, page
from cli_runs import FIRST, invoke, on_a_terminal, plain
from crawls import assert_balanced, command, ledger, query
from samplesite.server import Answers, Server
from samplesite.site import Site

from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]


def test_crawl_category_then_share(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=20))
    db, where = tmp_path / "news.db", ["--base-url", server.url, "--delay", "0"]
    done = command("newscrawl", "crawl", "category", *where, "--db", str(db))
    assert (done.returncode, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    assert lines[-1].split(maxsplit=1)[1].startswith("info Run 1 finished: ok: ")
    assert not [line for line in lines if "scrapy" in line.casefold()]
    assert_balanced(ledger(db))

    done = command("newscrawl", "crawl", "share", "--stored", *where, "--db", str(db))
    assert done.returncode == 0
    assert ledger(db)["extended"] > 0

    old = "http://stock.eastmoney.com/news/1405,{}.html"
    digits = query(db, "SELECT min(id) FROM articles WHERE id LIKE 'NW%'")[0][0][2:]
    again = ["crawl", "share", old.format(digits), *where, "--db", str(db), "--verbose"]
    done = command("newscrawl", *again)
    assert done.returncode == 0
    assert "Enabled item pipelines" in done.stderr
    assert (ledger(db)["skipped"], ledger(db)["scheduled"]) == (1, 0)
    assert command("newscrawl", *again, "--revisit").returncode == 0
    assert ledger(db)["unchanged"] == 1


def test_rebuild_limit_and_settings(serving: Serving, tmp_path: Path) -> None:
    server = serving(Site(articles=20))
    db, where = tmp_path / "news.db", ["--base-url", server.url, "--delay", "0"]
    for words, articles in (
        (["--limit", "2"], 2),
        (["--limit", "3", "--rebuild", "--yes", "-s", "LOG_LEVEL=ERROR"], 3),
    ):
        done = command("newscrawl", "crawl", "category", *where, "--db", str(db), *words)
        assert done.returncode == 0
        assert query(db, "SELECT count(*) FROM articles") == [(articles,)]
    assert done.stderr == ""
    refused = command("newscrawl", "crawl", "category", *where, "--db", str(db), "--rebuild")
    assert refused.returncode == Exit.USAGE
    assert "holds 3 articles; those that the site has dropped will be lost" in refused.stderr
    assert query(db, "SELECT count(*) FROM articles") == [(3,)]


def test_crawl_says_why_it_failed(tmp_path: Path) -> None:
    db = str(tmp_path / "news.db")
    words = ["--base-url", "http://127.0.0.1:1/", "--delay", "0", "-s", "RETRY_TIMES=0"]
    done = command("newscrawl", "crawl", "category", *words, "--db", db)
    assert done.returncode == Exit.UNREACHABLE
    assert "connection refused" in done.stderr.splitlines()[-1]
    done = command("newscrawl", "crawl", "share", "nonsense", "--db", db)
    assert done.returncode == Exit.USAGE
    assert "examples: NW" in done.stderr.splitlines()[-1]


def test_crawl_into_any_name(serving: Serving, tmp_path: Path) -> None:
    where = ["--base-url", serving(Site(articles=5)).url, "--delay", "0"]
    for name in ("data:x.db", "%(name)s #1?.db"):
        for words in ([], ["--rebuild", "--yes"]):
            done = command("newscrawl", "crawl", "category", *where, "--db", name, *words,
                           cwd=tmp_path)  # fmt: skip
            assert done.returncode == 0, done.stderr
        assert query(tmp_path / name, "SELECT count(*) >= 5 FROM articles") == [(1,)]
        assert len(command("newscrawl", "list", "--db", name, cwd=tmp_path).stdout) > 0


def test_crawl_feed(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=20)
    db, where = tmp_path / "news.db", ["--base-url", serving(site).url, "--delay", "0"]
    done = command("newscrawl", "crawl", "feed", *where, "--db", str(db))
    assert done.returncode == 0, done.stderr
    assert json.loads(ledger(db)["arguments"]).keys() == {"base_url"}
    assert query(db, "SELECT count(*) FROM articles") == [(10,)]  # the feed has so many

    words = ["fast", "rolling", "--pages", "2", "--since", "2000-01-01"]
    done = command("newscrawl", "crawl", "feed", *words, *where, "--db", str(db))
    assert done.returncode == 0, done.stderr
    run = ledger(db)
    assert_balanced(run)
    arguments = json.loads(run["arguments"])
    assert [arguments[each] for each in ("name", "pages", "since")] == [
        "fast,rolling", "2", "2000-01-01",
    ]  # fmt: skip
    assert query(db, "SELECT count(*) > 10 FROM articles") == [(1,)]

    done = command("newscrawl", "crawl", "feed", "nothing", "--db", str(db))
    assert done.returncode == Exit.USAGE
    assert "Unknown list 'nothing'; use one of atom" in done.stderr


def test_crawl_posts(tmp_path: Path) -> None:
    site = Site(articles=20)
    for name, body in site.posts():
        file = tmp_path / "a, b" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    db = tmp_path / "news.db"
    done = command("newscrawl", "crawl", "posts", str(tmp_path / "a, b"), "--db", str(db))
    assert done.returncode == 0, done.stderr
    stored = {code for (code,) in query(db, "SELECT id FROM articles")}
    assert stored == {truth.info_code for truth in site.truths()}
    assert ledger(db)["requests"] == 0
    shown = invoke("info", "--db", db).stdout.splitlines()[-1]
    assert f"posts paths={tmp_path / 'a, b'}: ok" in shown
    done = command(
        "newscrawl", "crawl", "posts", str(tmp_path / "a, b"), "--limit", "3", "--since",
        "2000-01-01", "--db", str(tmp_path / "three.db"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ledger(tmp_path / "three.db")["scheduled"] == 3


def test_verbose_keeps_the_level(serving: Serving, tmp_path: Path) -> None:
    where = ["--base-url", serving(Site(articles=5)).url, "--delay", "0"]
    words = ["newscrawl", "crawl", "category", *where, "--limit", "2", "-v"]
    shown = command(*words, "--db", str(tmp_path / "a.db")).stderr
    assert ": 0,\n" in shown  # the stats, and a rule of no use in them
    assert "debug" not in {line.split(" ")[1] for line in shown.splitlines() if line[2:3] == ":"}
    assert "Article(" not in shown
    loud = command(*words, "--db", str(tmp_path / "b.db"), "-s", "LOG_LEVEL=debug").stderr
    assert " debug " in loud


def test_demo_articles_are_of_no_real_site(tmp_path: Path) -> None:
    db = tmp_path / "demo.db"
    words = ["newscrawl", "demo", "--articles", "40", "--db", str(db)]
    assert command(*words).returncode == 0
    assert query(db, "SELECT DISTINCT site FROM observations") == [("demo",)]
    assert query(db, "SELECT count(*) FROM articles WHERE id LIKE 'finews:%'") == [(0,)]
    fill(db, article(page(FIRST)))
    before = query(db, "SELECT count(*) FROM runs")
    done = command(*words)
    assert done.returncode == Exit.USAGE
    assert "articles of 'finews', and sample articles would be mixed" in done.stderr
    assert query(db, "SELECT count(*) FROM runs") == before


def test_demo_twice(tmp_path: Path) -> None:
    words = ["demo", "--articles", "25", "--until", "2022-06-14"]
    first = command("newscrawl", *words, cwd=tmp_path, timeout=60)
    assert first.returncode == 0
    assert "data/demo.db holds\n  25 articles\n" in first.stdout
    *_, listed, queried, crawled = (line.strip() for line in first.stdout.splitlines())
    assert listed.endswith("newscrawl list --db data/demo.db --limit 5")
    assert "sqlite3 data/demo.db" in queried
    assert "crawl category --base-url https://" in crawled
    assert command("newscrawl", *listed.split()[1:], cwd=tmp_path).stdout.count("\n") == 5
    assert query(tmp_path / "data/demo.db", queried.split('"')[1])

    db = tmp_path / "data" / "demo.db"
    second = command("newscrawl", *words, cwd=tmp_path)
    assert second.returncode == 0
    run = ledger(db)
    assert run["skipped"] > 0
    assert run["scheduled"] == 0


def test_live_progress_on_a_terminal(tmp_path: Path) -> None:
    shown = plain(on_a_terminal("demo", "--articles", "40", "--db", str(tmp_path / "demo.db")))
    assert "pages/s" in shown
    assert "0 rejected  0 failed" in shown
    assert "finished: ok: " in shown
    assert "40 articles" in shown


def test_no_color(tmp_path: Path) -> None:
    shown = on_a_terminal(
        "demo", "--articles", "5", "--db", str(tmp_path / "demo.db"), NO_COLOR="1", TERM="dumb"
    )
    assert "\x1b" not in shown
    assert "finished: ok" in shown
    fill(tmp_path / "news.db", article(page(FIRST)))
    shown = on_a_terminal("show", "--db", str(tmp_path / "news.db"), FIRST, NO_COLOR="1")
    assert "\x1b" not in shown
