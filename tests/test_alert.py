"""`newscrawl alert`: what is sent, to real servers, and what is remembered."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from archives import article, fill, page
from cli_runs import invoke
from filelock import FileLock

from newscrawl.archive.watchlist import read_watchlist
from newscrawl.items import Mention
from newscrawl.runs.alerts import alert
from newscrawl.runs.services import URLS, services_of
from newscrawl.store import clock
from newscrawl.store.connections import open_for_reading
from newscrawl.text.china_time import CHINA

MAOTAI = Mention("1", "600519", "贵州茅台", "stock", 1, "link")
FIRST, SECOND, OTHER = (f"NW20211229222849000{n}" for n in range(1, 4))
WATCHLIST = """
[[rule]]
name = "白酒"
securities = ["600519"]
[[rule]]
name = "提价"
words = "提价"
"""


class Hook(ThreadingHTTPServer):
    """A webhook: keeps what it is sent, and answers as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.taken: list[tuple[str, dict[str, Any]]] = []
        """The key and the message of each request that was answered with success."""

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/hook?+X-Token=secret-token"


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status == 200:
            self.server.taken.append((self.headers["Idempotency-Key"], said))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing: the test looks at what was taken."""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    server = Hook()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv(URLS, server.url)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def db(tmp_path: Path) -> Path:
    (tmp_path / "w.toml").write_text(WATCHLIST, encoding="utf-8")
    fill(tmp_path / "news.db", article(page(FIRST), mentions=[MAOTAI]))
    return tmp_path / "news.db"


def sent(db: Path, *words: str) -> Any:
    return invoke("alert", "--watchlist", str(db.with_name("w.toml")), "--db", str(db), *words)


def test_new_and_changed_articles_are_sent_once(db: Path, hook: Hook) -> None:
    first = sent(db)
    assert first.exit_code == 0
    assert "from now on is sent" in first.stderr
    assert hook.taken == []  # the first time it notes where the archive ends
    fill(db, article(page(OTHER)))
    fill(db, article(page(SECOND), title="茅台提价", mentions=[MAOTAI], share_url="http://s/1"))
    changed = page(FIRST, observed_at="2022-01-02", body=b"<html>2</html>")
    fill(db, article(changed, title="新标题", mentions=[MAOTAI]))
    ended = sent(db)
    assert (ended.exit_code, ended.stderr.strip()) == (0, "2 messages sent")
    titles = [said["title"] for _, said in hook.taken]
    assert titles == ["[白酒, 提价] 茅台提价", "[白酒] 新标题"]
    text = hook.taken[0][1]["message"]
    assert all(each in text for each in ("国际商报", "2021-12-28 14:27", "(new)", "http://s/1"))
    assert "(changed)" in hook.taken[1][1]["message"]
    assert len({key for key, _ in hook.taken}) == 2
    assert sent(db).stderr.strip() == "0 messages sent"
    assert len(hook.taken) == 2


def test_what_changes_nothing_is_not_sent(db: Path, hook: Hook) -> None:
    sent(db)
    again = page(FIRST, observed_at="2022-01-03")
    fill(db, article(again, mentions=[MAOTAI]))
    entry = page(f"fast/{FIRST}", kind="list_entry")
    fill(db, article(entry, id=FIRST, body_html=None, body_text=None, mentions=[MAOTAI]))
    assert sent(db).stderr.strip() == "0 messages sent"


def test_a_service_that_is_down_gets_it_later(db: Path, hook: Hook) -> None:
    sent(db)
    fill(db, article(page(SECOND), mentions=[MAOTAI]))
    hook.status = 503
    ended = sent(db)
    assert ended.exit_code == 4
    assert "did not take a message" in ended.stderr
    assert "1 article waits" in ended.stderr
    assert "secret-token" not in ended.output
    hook.status = 200
    assert sent(db).exit_code == 0
    assert len(hook.taken) == 1


def test_one_service_is_down_and_another_is_not(
    db: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URLS, f"{hook.url}\njson://127.0.0.1:9/down")
    sent(db)
    fill(db, article(page(SECOND), mentions=[MAOTAI]))
    assert sent(db).exit_code == 4
    assert sent(db).exit_code == 4
    assert len(hook.taken) == 1
    monkeypatch.setenv(URLS, hook.url)  # the other is given up
    assert sent(db).exit_code == 0
    assert json.loads(db.with_name("w.toml.cursor").read_text())["pending"] == []


def test_from_a_sequence_number(db: Path, hook: Hook) -> None:
    assert sent(db, "--from", "0").exit_code == 0
    assert [said["title"] for _, said in hook.taken] == ["[白酒] 标题"]


def test_the_cursor_names_no_service(db: Path, hook: Hook) -> None:
    hook.status = 500
    sent(db, "--from", "0")
    text = db.with_name("w.toml.cursor").read_text()
    assert FIRST in text
    assert "127.0.0.1" not in text
    assert "secret" not in text


def test_an_archive_that_was_restored_or_is_another(db: Path, hook: Hook, tmp_path: Path) -> None:
    sent(db)
    cursor = db.with_name("w.toml.cursor")
    read = json.loads(cursor.read_text())
    cursor.write_text(json.dumps({**read, "seq": 99}))
    ended = sent(db)
    assert ended.exit_code == 2
    assert "it was restored" in ended.stderr
    assert "--from 1" in ended.stderr
    assert sent(db, "--from", "1").exit_code == 0
    fill(tmp_path / "other.db")
    ended = invoke(
        "alert", "--watchlist", str(db.with_name("w.toml")), "--db", str(tmp_path / "other.db")
    )
    assert ended.exit_code == 2
    assert "of another archive" in ended.stderr
    cursor.write_text("{}")
    assert "is not a cursor" in sent(db).stderr


def test_an_archive_that_was_restored_and_has_grown_again(
    db: Path, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sent(db).exit_code == 0
    assert invoke("backup", str(tmp_path / "copy.db"), "--db", str(db)).exit_code == 0
    for year, name in ((2031, "NW202112292228490008"), (2032, "NW202112292228490009")):
        monkeypatch.setattr(clock, "clock", lambda year=year: datetime(year, 1, 1, tzinfo=UTC))
        fill(db, article(page(name)))
        ended = sent(db)
        if year == 2031:
            assert ended.exit_code == 0
            restored = invoke("restore", str(tmp_path / "copy.db"), "--db", str(db))
            assert restored.exit_code == 0, restored.stderr
    assert (ended.exit_code, "may have grown since" in ended.stderr) == (2, True)
    assert "--from 2 skips what was stored since" in ended.stderr
    assert sent(db, "--from", "1").exit_code == 0
    assert sent(db).exit_code == 0


def test_daily(db: Path, hook: Hook) -> None:
    rules, file = read_watchlist(str(db.with_name("w.toml"))), db.with_name("c")
    services = services_of(None)

    def at(hour: int, day: int = 3) -> Any:
        connection = open_for_reading(db)
        try:
            return alert(
                connection, rules, services, file, since=0 if not file.exists() else None,
                daily_at="08:00", now=lambda: datetime(2022, 1, day, hour, tzinfo=CHINA),
            )  # fmt: skip
        finally:
            connection.close()

    assert (at(7).messages, at(7).waiting) == (0, 1)
    fill(db, article(page(SECOND), title="茅台提价", mentions=[MAOTAI]))
    assert (at(8).messages, hook.taken[0][1]["title"]) == (1, "newscrawl: 2 articles, 2022-01-03")
    assert "[白酒] 标题" in hook.taken[0][1]["message"]
    assert "[白酒, 提价] 茅台提价" in hook.taken[0][1]["message"]
    fill(db, article(page(OTHER), mentions=[MAOTAI]))
    assert (at(9).messages, at(9).waiting) == (0, 1)
    assert at(8, day=4).messages == 1


def test_a_template_of_ones_own(db: Path, hook: Hook) -> None:
    sent(db, "--from", "0", "--template", "$source: $title $nothing")
    assert hook.taken[0][1]["message"] == "国际商报: 标题 $nothing"


def test_a_test(db: Path, hook: Hook) -> None:
    assert sent(db, "--test").stderr.strip() == "2 messages sent"
    assert [said["title"] for _, said in hook.taken] == [
        "newscrawl: a test",
        "newscrawl: run failed: test",
    ]
    assert invoke("alert", "--test").exit_code == 0  # a failed run needs no watchlist
    hook.status = 503
    ended = sent(db, "--test")
    assert ended.exit_code == 4
    assert "did not take a message; check its address" in ended.stderr
    assert not db.with_name("w.toml.cursor").exists()
    hook.status = 404
    ended = sent(db, "--test")
    assert ended.exit_code == 4
    assert ended.stderr.count("did not take a message") == 1  # the one service, for both


def test_addresses(db: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(URLS, raising=False)
    assert "names no service" in sent(db).stderr
    monkeypatch.setenv(URLS, "json://127.0.0.1/ wrong://secret-token")
    ended = sent(db)
    assert (ended.exit_code, "address 2 is not an address" in ended.stderr) == (2, True)
    assert "secret-token" not in ended.output
    file = tmp_path / "urls"
    file.write_text("# mine\njson://127.0.0.1:9/\n")
    file.chmod(0o644)
    assert "chmod 600" in sent(db, "--urls", str(file)).stderr
    file.chmod(0o600)
    assert sent(db, "--urls", str(file)).exit_code == 0
    assert "cannot be read" in sent(db, "--urls", str(tmp_path / "none")).stderr
    assert sent(db, "--urls", str(file), "--batch", "daily", "--at", "25:00").exit_code == 2


def test_a_mail_is_received(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aiosmtpd.controller import Controller

    received: list[Any] = []

    class Box:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            received.append(message_from_bytes(envelope.content, policy=policy.default))
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(Box(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        monkeypatch.setenv(
            URLS, f"mailto://127.0.0.1:{port}?from=news@example.com&to=me@example.com&mode=insecure"
        )
        ended = sent(db, "--from", "0")
    finally:
        server.stop()
        server.loop.close()
    assert ended.exit_code == 0, ended.output
    [mail] = received
    assert mail["Subject"] == "[白酒] 标题"
    assert mail["To"] == "me@example.com"
    assert "国际商报 2021-12-28 14:27" in mail.get_body(("plain",)).get_content()


def test_only_one_process_sends(db: Path, hook: Hook) -> None:
    with FileLock(db.with_name("w.toml.cursor.lock")):
        assert sent(db).exit_code == 5
    assert os.path.exists(db)
