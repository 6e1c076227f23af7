"""deploy/prometheus and deploy/grafana: run against a real Prometheus that scrapes real metrics."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from crawls import ROOT, command

RULES = ROOT / "deploy" / "prometheus" / "newscrawl.rules.yml"
CASES = ROOT / "deploy" / "prometheus" / "newscrawl.test.yml"
DASHBOARD: dict[str, Any] = json.loads(
    (ROOT / "deploy" / "grafana" / "newscrawl.json").read_text(encoding="utf-8")
)
PATIENCE = 60


@pytest.fixture(autouse=True)
def prometheus_is_installed() -> None:
    if shutil.which("promtool") is None or shutil.which("prometheus") is None:
        if os.environ.get("CI"):
            pytest.fail("prometheus is not installed; .ci/run installs it")
        pytest.skip("prometheus is not installed")


def promtool(*words: str | Path, read: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *words], input=read, capture_output=True, text=True, check=False
    )


def expressions() -> list[str]:
    """Return the queries of the dashboard, as Grafana sends them for all machines."""
    return [
        target["expr"].replace("$instance", ".*")
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    ]


def test_rules() -> None:
    done = promtool("check", "rules", "--lint-fatal", RULES)
    assert done.returncode == 0, done.stderr
    done = promtool("test", "rules", CASES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_case_in_which_it_fires() -> None:
    [group] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    fired = {
        case["alertname"]
        for test in cases
        for case in test.get("alert_rule_test", ())
        if case["exp_alerts"]
    }
    assert {rule["alert"] for rule in group["rules"]} == fired


def test_a_case_that_is_wrong_is_found(tmp_path: Path) -> None:
    """The cases can fail: an alert that comes later than they say is one that they find."""
    text = RULES.read_text(encoding="utf-8")
    (tmp_path / RULES.name).write_text(text.replace("> 3600", "> 7200"), encoding="utf-8")
    shutil.copy(CASES, tmp_path)
    assert promtool("test", "rules", tmp_path / CASES.name).returncode == 1


def test_dashboard_is_whole() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
        assert panel["targets"]
        assert panel["datasource"]["uid"] == "${datasource}"


class Metrics(http.server.BaseHTTPRequestHandler):
    """Serves the file that ``newscrawl status`` writes, as the node exporter would."""

    file: Path

    def do_GET(self) -> None:
        body = self.file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served(file: Path) -> Iterator[int]:
    handler = type("Handler", (Metrics,), {"file": file})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[str]:
    """Run a Prometheus with the rules, which scrapes the port each second; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "prometheus.yml").write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(RULES)],
                "scrape_configs": [
                    {
                        "job_name": "node",
                        "static_configs": [{"targets": [f"127.0.0.1:{target}"]}],
                    }
                ],
            }
        ),
        encoding="utf-8",
    )
    assert promtool("check", "config", folder / "prometheus.yml").returncode == 0
    words = [
        "prometheus", f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def ask(address: str, path: str, **fields: str) -> Any:
    url = f"{address}/api/v1/{path}?{urllib.parse.urlencode(fields)}"
    with urllib.request.urlopen(url, timeout=20) as answer:
        found = json.loads(answer.read())
    assert found["status"] == "success"
    return found["data"]


def until(address: str, expression: str) -> list[dict[str, Any]]:
    """Return the samples of a query once there are any; none where there are none in time."""
    for _ in range(PATIENCE * 2):
        try:
            if found := ask(address, "query", query=expression)["result"]:
                return list(found)
        except urllib.error.HTTPError:
            raise  # the query itself is wrong
        except (urllib.error.URLError, ConnectionError):
            pass  # it has not started yet
        time.sleep(0.5)
    return []


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive in which much is wrong: its last run was hours ago, a page was rejected."""
    path = tmp_path_factory.mktemp("monitored") / "news.db"
    done = command("newscrawl", "demo", "--articles", "30", "--db", str(path), timeout=120)
    assert done.returncode == 0, done.stderr
    ago = (datetime.now(UTC) - timedelta(hours=66)).isoformat(timespec="seconds")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE runs SET started_at = ?1, ended_at = ?1", (ago,))
        connection.execute("UPDATE listings SET checked_at = ?", (ago,))
        connection.execute(
            "INSERT INTO rejects (run_id, url, site, page_kind, page_id, reason, detail,"
            " first_seen_at, last_seen_at, times, loader_version)"
            " VALUES (1, 'http://x/', 'finews', 'post_page', 'x', 'cut_off', '', ?1, ?1, 1, 1)",
            (ago,),
        )
    return path


def test_prometheus_scrapes_the_metrics(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "newscrawl.prom"
    done = command("newscrawl", "status", "--db", str(db), "--prometheus", str(file))
    assert done.returncode == 0, done.stderr
    done = promtool("check", "metrics", read=file.read_text(encoding="utf-8"))
    assert done.returncode == 0, done.stdout + done.stderr
    with served(file) as port, prometheus(tmp_path, port) as address:
        [articles] = until(address, "newscrawl_articles")
        assert articles["value"][1] == "30"
        for expression in expressions():
            assert until(address, expression), expression

        alerts = until(address, 'ALERTS{alertname=~"NewscrawlNoRunIsOk|NewscrawlMayLoseArticles"}')
        for _ in range(PATIENCE):
            if len(alerts) == 2:
                break
            time.sleep(1)
            alerts = until(address, "ALERTS")
        states = {each["metric"]["alertname"]: each["metric"]["alertstate"] for each in alerts}
        # Pending: each waits for some minutes whether it lasts. What is well is not among them.
        assert states == dict.fromkeys(
            ("NewscrawlNoRunIsOk", "NewscrawlMayLoseArticles"), "pending"
        )
        names = [each["name"] for each in ask(address, "rules")["groups"][0]["rules"]]
        assert len(names) == 8
        health = {each["health"] for each in ask(address, "rules")["groups"][0]["rules"]}
        assert health == {"ok"}
        variable = DASHBOARD["templating"]["list"][1]["query"]["query"]
        assert variable == "label_values(newscrawl_articles, instance)"
        found = ask(address, "label/instance/values", **{"match[]": "newscrawl_articles"})
        assert found == [f"127.0.0.1:{port}"]
