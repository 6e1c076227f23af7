"""`newscrawl.toml`: where it is looked for, what it may say, and that runs obey it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cli_runs import invoke, two_articles
from crawls import command
from samplesite.site import Site
from scrapy.http import Request
from test_alert import Hook, hook

from newscrawl.cli.config import template
from newscrawl.cli.settings_file import FILE, fileable, own_file
from newscrawl.middlewares.sites import SitesMiddleware, sites_of
from newscrawl.runs.outcome import Exit
from newscrawl.runs.services import URLS

__all__ = ["hook"]


class Noting(ThreadingHTTPServer):
    """A site, or a proxy in front of one: notes when it is asked for what, and by whom."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.site = Site(articles=6)
        self.got: list[tuple[float, str, str]] = []
        """Time, request target and User-Agent of each request."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def agents(self) -> set[str]:
        return {agent for _, _, agent in self.got}

    @property
    def pause(self) -> float:
        """The mean of the seconds between two requests."""
        times = [at for at, _, _ in self.got]
        return (times[-1] - times[0]) / (len(times) - 1)


class _Handler(BaseHTTPRequestHandler):
    server: Noting

    def do_GET(self) -> None:
        self.server.got.append((time.monotonic(), self.path, self.headers["User-Agent"]))
        is_proxied = self.path.startswith("http")
        answer = self.server.site.respond(
            "/" + self.path.split("/", 3)[3] if is_proxied else self.path
        )
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test looks at what was noted."""


@pytest.fixture
def site() -> Iterator[Noting]:
    server = Noting()
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own settings file, not yet written."""
    monkeypatch.delenv(FILE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "newscrawl").mkdir(parents=True)
    return tmp_path / "config" / "newscrawl" / "newscrawl.toml"


def crawled(db: Path, site: Noting, *words: str) -> subprocess.CompletedProcess[str]:
    return command(
        "newscrawl", "crawl", "category", "--base-url", f"http://{site.host}/", "--db", str(db),
        *words,
    )  # fmt: skip


def shown(*words: str) -> dict[str, dict[str, Any]]:
    ended = invoke(*words, "config", "--show", "--json")
    assert ended.exit_code == 0, ended.stderr
    return {each["name"]: each for each in json.loads(ended.stdout)["settings"]}


# -- where it is ----------------------------------------------------------------------------


def test_it_is_the_named_one_or_the_users(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert own_file() == file
    assert shown()["LOG_LEVEL"]["from"] == "default"
    for name, level in (("mine", "ERROR"), ("env", "WARNING")):
        (tmp_path / name).write_text(f'LOG_LEVEL = "{level}"')
    file.write_text('LOG_LEVEL = "DEBUG"\n')
    assert shown()["LOG_LEVEL"] == {"name": "LOG_LEVEL", "value": "DEBUG", "from": str(file)}
    monkeypatch.setenv(FILE, str(tmp_path / "env"))
    assert shown()["LOG_LEVEL"]["value"] == "WARNING"
    assert shown("--config", str(tmp_path / "mine"))["LOG_LEVEL"]["value"] == "ERROR"
    ended = invoke("--config", tmp_path / "none", "list")
    assert (ended.exit_code, "cannot be read: No such file" in ended.stderr) == (Exit.USAGE, True)


def test_a_folder_that_cannot_be_entered_has_none(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("/" + "x" * 5000, str(file.parent / ("x" * 300)), "/dev/null/x"):
        monkeypatch.setenv("XDG_CONFIG_HOME", folder)
        assert shown()["LOG_LEVEL"]["from"] == "default"


def test_a_strangers_file_is_not_read(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither that of the current folder, nor that beside the archive."""
    told = tmp_path / "told"
    here = tmp_path / "here"
    (here / "newscrawl").mkdir(parents=True)
    for name in ("newscrawl.toml", "newscrawl/newscrawl.toml"):
        (here / name).write_text(f'NEWSCRAWL_NOTIFY = "tee {told}"')
    words = ["crawl", "category", "--base-url", "http://127.0.0.1:9/", "-s", "RETRY_TIMES=0"]
    # The XDG specification ignores a relative path; this one would lead to the stranger's.
    for config in (str(file.parents[1]), ".", ""):
        monkeypatch.setenv("XDG_CONFIG_HOME", config)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        ended = command("newscrawl", *words, "--db", str(here / "news.db"), cwd=here)
        assert ended.returncode == Exit.UNREACHABLE
        assert not told.exists()
    monkeypatch.setenv(FILE, "newscrawl.toml")  # named, it is
    command("newscrawl", *words, "--db", str(here / "news.db"), cwd=here)
    assert told.exists()


# -- what it says ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DOWNLOAD_DELY = 1", "DOWNLOAD_DELY is not a setting; the nearest one is DOWNLOAD_DELAY."),
        ("newscrawl_contact = 'x'", "the nearest one is NEWSCRAWL_CONTACT."),
        ("ADDONS = {}", "ADDONS is not for a settings file"),
        ("FEEDS = {}", "FEEDS cannot be set: the archive is named by --db"),
        ("NEWSCRAWL_ALERT_URLS = 'json://x'", "has a secret"),
        ("HTTPAUTH_PASS = 'x'", "has a secret"),
        ("NEWSCRAWL_BASE_URL = 'http://me:geheim@x/'", "NEWSCRAWL_BASE_URL has a secret"),
        ("NEWSCRAWL_SITES = { x = { proxy = 'http://me:geheim@x/' } }", "has a secret"),
        ("DEFAULT_REQUEST_HEADERS = { Cookie = 'geheim' }", "has a secret"),
        ("DOWNLOAD_DELAY = 1979-05-27", "DOWNLOAD_DELAY has a date or a time"),
        ("a = = 1", "is not valid TOML"),
        ("a = '\udcff'", "is not UTF-8"),
    ],
)  # fmt: skip
def test_what_a_file_cannot_say(file: Path, text: str, said: str) -> None:
    file.write_bytes(text.encode(errors="surrogateescape"))
    ended = invoke("list")
    assert ended.exit_code == Exit.USAGE
    assert said in ended.stderr
    assert str(file) in ended.stderr
    assert "geheim" not in ended.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DOWNLOAD_TIMEOUT = 'long'", "it is a number"),
        ("RETRY_TIMES = 1.5", "it is a whole number"),
        ("RETRY_TIMES = '1'", "it is of another type"),
        ("NEWSCRAWL_CONTACT = 1", "it is of another type"),
        ("NEWSCRAWL_FAST_HOSTS = 'x'", "it is of another type"),
        ("LOG_LEVEL = 'LOUD'", "it is one of DEBUG"),
        ("RETRY_HTTP_CODES = ['x']", "it is numbers, by commas"),
        ("NEWSCRAWL_REVISIT_HOURS = ['x']", "it is numbers, by commas"),
        ("NEWSCRAWL_LISTING_INTERVALS = [300]", "it is two numbers, by commas"),
        ("NEWSCRAWL_LISTING_INTERVALS = [400, 300]", "it cannot be above the longest"),
        ("NEWSCRAWL_NOTIFY = 'cat > x'", "has shell syntax (>)"),
        ("[NEWSCRAWL_SITES.'x.org']\ndelai = 2", "x.org has no 'delai'; the nearest one is delay"),
        ("[NEWSCRAWL_SITES.'x.org']\ndelay = '2'", "delay of x.org is a number of seconds"),
        ("[NEWSCRAWL_SITES.'x.org']\nproxy = 'x:1'", "proxy of x.org is a URL"),
        ("[NEWSCRAWL_SITES.'https://x.org/']", "'https://x.org/' is not a host"),
        ("NEWSCRAWL_SITES = {'x.org' = 1}", "x.org takes contact, delay, proxy"),
    ],
)  # fmt: skip
def test_values_are_checked_before_a_run(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    file.write_text(text)
    db = tmp_path / "news.db"
    ended = invoke("crawl", "category", "--base-url", "http://127.0.0.1:9/", "--db", db)
    assert (ended.exit_code, db.exists()) == (Exit.USAGE, False)
    assert said in ended.stderr
    assert said in invoke("config", "--show").stderr
    assert said in invoke("doctor", "--base-url", "http://127.0.0.1:9/", "--db", db).stderr
    monkeypatch.setenv("NEWSCRAWL_DB", str(db))
    ended = command("scrapy", "crawl", "category", "-a", "base_url=http://127.0.0.1:9/")  # type: ignore[assignment]
    assert (ended.returncode, db.exists()) == (Exit.USAGE, False)  # type: ignore[attr-defined]
    assert said in ended.stderr + ended.stdout


def test_a_file_of_another_user_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """sudo may keep HOME: the user's file must not name commands for root."""
    file.write_text("")
    really = Path.stat

    def stat(path: Path, **options: Any) -> Any:
        found = list(really(path, **options))
        found[4] = os.geteuid() + 1
        return os.stat_result(found)

    monkeypatch.setattr(Path, "stat", stat)
    assert "belongs to another user" in invoke("config", "--show").stderr
    assert invoke("--config", str(file), "config", "--show").exit_code == 0


def test_lists_of_numbers(file: Path) -> None:
    file.write_text("RETRY_HTTP_CODES = [500, 502]\nNEWSCRAWL_REVISIT_HOURS = [1, 2.5]")
    shown = invoke("config", "--show")
    assert shown.exit_code == 0, shown.stderr
    assert "[500, 502]" in shown.stdout


def test_a_file_that_everybody_can_write_is_refused(file: Path) -> None:
    file.write_text("")
    file.chmod(0o666)
    ended = invoke("list")
    assert (ended.exit_code, f"chmod o-w {file}" in ended.stderr) == (Exit.USAGE, True)


# -- what prints it -------------------------------------------------------------------------


def test_the_template_has_every_setting_with_its_reason_and_is_valid(file: Path) -> None:
    printed = invoke("config").stdout
    assert printed.strip() == template().strip()
    named = {}
    for part in printed.split("\n\n")[1:]:
        lines = part.splitlines()
        if not part.startswith("# [") and "[NEWSCRAWL_SITES" not in part:
            assert all(line.startswith("# ") for line in lines)
            named[lines[-1].removeprefix("# ").partition(" = ")[0]] = lines
    assert named.keys() == fileable().keys() - {"NEWSCRAWL_SITES"}
    assert [name for name, lines in named.items() if len(lines) < 2] == []
    # Without the signs of comments it is a file that says the defaults, and newscrawl takes it.
    file.write_text("\n".join(lines[-1].removeprefix("# ") for lines in named.values()))
    assert tomllib.loads(file.read_text()).keys() == fileable().keys() - {"NEWSCRAWL_SITES"}
    found = shown()
    assert {each["from"] for name, each in found.items() if name != "NEWSCRAWL_SITES"} == {
        str(file)
    }
    file.unlink()
    assert {name: each["value"] for name, each in shown().items()} == {
        name: each["value"] for name, each in found.items()
    }


def test_the_template_has_no_values_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSCRAWL_DB", "/elsewhere/news.db")
    printed = command("newscrawl", "config").stdout  # settings.py reads the environment once
    assert '# NEWSCRAWL_DB = "data/news.db"' in printed


def test_the_example_of_a_site_is_valid(file: Path) -> None:
    example = template().partition("# [NEWSCRAWL_SITES")
    text = (example[1] + example[2]).replace("# ", "")
    file.write_text(text)
    assert shown()["NEWSCRAWL_SITES"]["value"].keys() == {"www.example.org"}


def test_no_secret_is_shown(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sites = {"x.org": {"proxy": "http://me:geheim@127.0.0.1:1/"}}
    monkeypatch.setenv("NEWSCRAWL_SITES", json.dumps(sites))
    assert shown()["NEWSCRAWL_SITES"]["from"] == "environment"
    assert "geheim" not in invoke("config", "--show").output


# -- what runs make of it -------------------------------------------------------------------


def test_the_command_line_wins_over_the_environment_over_the_file(
    tmp_path: Path, file: Path, site: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('NEWSCRAWL_CONTACT = "file@x.org"\n')
    db = tmp_path / "news.db"
    assert crawled(db, site, "--limit", "2", "--fast").returncode == 0
    assert all(agent.endswith("(+file@x.org)") for agent in site.agents)
    site.got.clear()
    monkeypatch.setenv("NEWSCRAWL_CONTACT", "environment@x.org")
    assert crawled(db, site, "--limit", "2", "--fast").returncode == 0
    assert all(agent.endswith("(+environment@x.org)") for agent in site.agents)
    site.got.clear()
    assert crawled(db, site, "-s", "NEWSCRAWL_CONTACT=line@x.org", "--fast").returncode == 0
    assert all(agent.endswith("(+line@x.org)") for agent in site.agents)


def test_of_scrapys_own_command_line(
    tmp_path: Path, file: Path, site: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = tmp_path / "news.db"
    file.write_text(
        f'NEWSCRAWL_CONTACT = "file@x.org"\nNEWSCRAWL_DB = "{db}"\nDOWNLOAD_DELAY = 0\n'
    )
    words = ["scrapy", "crawl", "category", "-a", f"base_url=http://{site.host}/", "-a", "limit=2"]
    ended = command(*words)
    assert (ended.returncode, db.exists()) == (0, True), ended.stderr
    assert all(agent.endswith("(+file@x.org)") for agent in site.agents)
    site.got.clear()
    assert command(*words, "-s", "NEWSCRAWL_CONTACT=line@x.org").returncode == 0
    assert all(agent.endswith("(+line@x.org)") for agent in site.agents)


def test_the_archive_is_where_it_says(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = two_articles(tmp_path / "mine.db")
    monkeypatch.delenv("NEWSCRAWL_DB", raising=False)
    file.write_text(f'NEWSCRAWL_DB = "{db}"\n')
    assert json.loads(invoke("info", "--json").stdout)["articles"] == 2
    assert str(db) in invoke("crawl", "category", "--help").stdout.replace("\n", "").replace(
        " ", ""
    )
    ended = invoke("info", "--db", tmp_path / "other.db")
    assert "other.db" in ended.stderr
    monkeypatch.setenv("NEWSCRAWL_DB", str(tmp_path / "third.db"))
    assert "third.db" in invoke("info").stderr
    monkeypatch.delenv("NEWSCRAWL_DB")
    assert "data/demo.db" in invoke("demo", "--help").stdout  # never the real archive


def test_a_site_of_its_own(tmp_path: Path, file: Path, site: Noting) -> None:
    file.write_text(
        'NEWSCRAWL_CONTACT = "all@x.org"\nAUTOTHROTTLE_ENABLED = false\nDOWNLOAD_DELAY = 0.1\n'
        f'[NEWSCRAWL_SITES."{site.host}"]\ncontact = "one@x.org"\ndelay = 0.4\n'
    )
    db = tmp_path / "news.db"
    assert crawled(db, site, "--limit", "2").returncode == 0
    assert len(site.got) >= 4  # robots.txt, the home page, posts
    assert all(agent.endswith("archive) (+one@x.org)") for agent in site.agents), site.agents
    assert site.pause > 0.33  # of 0.4, as the requests arrive; Scrapy's own would be 0.15 at most
    site.got.clear()
    assert crawled(db, site, "--fast", "--revisit").returncode == 0
    assert site.pause < 0.3  # the command line wins


def test_a_proxy_of_its_own(
    tmp_path: Path, file: Path, site: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # a dead one, for all others
    file.write_text(
        f'[NEWSCRAWL_SITES."news.test"]\nproxy = "http://{site.host}"\ncontact = "one@x.org"\n'
    )
    db = tmp_path / "news.db"
    words = ["newscrawl", "crawl", "category", "--base-url", "http://news.test/", "--db", str(db)]
    ended = command(*words, "--limit", "2", "--delay", "0.1")
    assert ended.returncode == 0, ended.stderr
    assert {target.split("/")[2] for _, target, _ in site.got} == {"news.test"}
    assert {target.partition("test")[2] for _, target, _ in site.got} > {"/robots.txt", "/"}
    assert all(agent.endswith("(+one@x.org)") for agent in site.agents)


def test_a_redirect_to_another_host_loses_what_was_set_for_the_first() -> None:
    sites = sites_of(
        {"a.test": {"proxy": "http://p:1", "contact": "a"}, "b.test": {"contact": "b"}}
    )
    asked = SitesMiddleware(sites, "bot (+all)", "all")
    request = Request("http://a.test/")
    asked.process_request(request)
    assert (request.meta["proxy"], request.headers["User-Agent"]) == ("http://p:1", b"bot (+a)")
    for url, agent in (("http://b.test/", b"bot (+b)"), ("http://c.test/", b"bot (+all)")):
        led = request.replace(url=url, meta=dict(request.meta), headers=request.headers.copy())
        asked.process_request(led)
        assert ("proxy" in led.meta, led.headers["User-Agent"]) == (False, agent)


def test_the_services_to_alert(
    tmp_path: Path, file: Path, site: Noting, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = tmp_path / "urls"
    urls.write_text(f"{hook.url}&kind=file")
    urls.chmod(0o600)
    file.write_text(f'NEWSCRAWL_ALERT_URLS_FILE = "{urls}"\nNEWSCRAWL_ALERT_FAILURES = true\n')
    assert shown()["NEWSCRAWL_ALERT_URLS_FILE"]["from"] == "default"  # the environment has them
    monkeypatch.delenv(URLS)
    assert shown()["NEWSCRAWL_ALERT_URLS_FILE"]["value"] == str(urls)
    assert invoke("alert", "--test").stderr.strip() == "2 messages sent"
    db = str(tmp_path / "news.db")
    words = ["newscrawl", "crawl", "category", "--base-url", "http://127.0.0.1:9/", "--db", db]
    assert command(*words, "-s", "RETRY_TIMES=0").returncode == Exit.UNREACHABLE
    assert hook.taken[-1][1]["title"] == "newscrawl: run 1 failed: unreachable"
    # --urls of `crawl share` is another thing.
    ended = invoke("crawl", "share", "--base-url", f"http://{site.host}/", "--db", db)
    assert "Nothing to resolve" in ended.stderr
    urls.unlink()
    assert command(*words).returncode == Exit.USAGE  # before the run


def test_a_search_with_a_settings_file_imports_no_scrapy(tmp_path: Path, file: Path) -> None:
    file.write_text('NEWSCRAWL_CONTACT = "x"\nDOWNLOAD_DELAY = 1.0\n')
    db = two_articles(tmp_path / "news.db")
    code = (
        "import sys\nfrom newscrawl.cli import main\n"
        "try:\n    main()\nfinally:\n    print('scrapy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "search", "标题", "--db", str(db)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "False"
