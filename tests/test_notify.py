"""Who is told of a failed run, and how: a real command, a real webhook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_runs import invoke
from crawls import command
from test_alert import Hook, hook

from newscrawl.runs.notify import BadCommand, words_of
from newscrawl.runs.outcome import Exit
from newscrawl.runs.services import URLS

__all__ = ["hook"]
DEAD = ("crawl", "category", "--base-url", "http://127.0.0.1:9/", "-s", "RETRY_TIMES=0")


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        ("cat > told.json", ">"), ("cat | tee x", "|"), ("true && cat", "&"), ("true; cat", ";"),
        ("echo $HOME", "$"), ('echo "$HOME"', "$"), ("echo `id`", "`"), ("echo $(id)", "$"),
        ("ls ~/x", "~"), ("ls *", "*"), ("echo \"it's\" | tee 'x'", "|"),
    ],
)  # fmt: skip
def test_shell_syntax_is_refused(line: str, sign: str) -> None:
    with pytest.raises(BadCommand, match="has shell syntax") as found:
        words_of(line)
    assert f"({sign})" in str(found.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tee -a told.json", ["tee", "-a", "told.json"]),
        ("sh -c 'cat | tee $X'", ["sh", "-c", "cat | tee $X"]),
        ('echo "a;b" x\\;y', ["echo", "a;b", "x;y"]),
        ("echo 100$ a~b user@example.org", ["echo", "100$", "a~b", "user@example.org"]),
    ],
)
def test_what_is_quoted_is_no_syntax(line: str, words: list[str]) -> None:
    assert words_of(line) == words


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cat > told.json", "has shell syntax (>)"),
        ("/nowhere/tell me", "there is no program '/nowhere/tell'"),
        ("echo 'x", "an unbalanced quotation mark"),
    ],
)
def test_a_command_is_checked_before_the_run(tmp_path: Path, line: str, said: str) -> None:
    db = tmp_path / "news.db"
    for words in (("--notify", line), ("-s", f"NEWSCRAWL_NOTIFY={line}")):
        ended = invoke(*DEAD, "--db", db, *words)
        assert ended.exit_code == Exit.USAGE
        assert said in ended.stderr
        assert not db.exists()
    assert "No shell reads it" in " ".join(invoke("crawl", "category", "--help").stdout.split())


def test_a_shell_that_is_named(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    ended = command("newscrawl", *DEAD, "--db", str(tmp_path / "news.db"),
                    "--notify", f"sh -c 'cat > {told}'")  # fmt: skip
    assert ended.returncode == Exit.UNREACHABLE
    assert json.loads(told.read_text())["outcome"] == "unreachable"


def test_a_failed_run_is_sent_to_the_services(tmp_path: Path, hook: Hook) -> None:
    db = tmp_path / "news.db"
    ended = command("newscrawl", *DEAD, "--db", str(db), "--alert-failures")
    assert ended.returncode == Exit.UNREACHABLE
    [(key, said)] = hook.taken
    assert said["title"] == "newscrawl: run 1 failed: unreachable"
    assert all(each in said["message"] for each in ("refused", "spider: category", str(db)))
    assert key
    hook.status = 503
    ended = command("newscrawl", *DEAD, "--db", str(db), "--alert-failures")
    assert ended.returncode == Exit.UNREACHABLE
    assert "did not take the failed run" in ended.stderr
    assert "secret-token" not in ended.stderr


def test_a_failed_run_of_scrapy_with_a_file_of_services(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(URLS)
    file = tmp_path / "urls"
    file.write_text(hook.url)
    file.chmod(0o600)
    words = [
        "scrapy", "crawl", "category", "-a", "base_url=http://127.0.0.1:9/", "-s", "RETRY_TIMES=0",
        "-s", f"NEWSCRAWL_DB={tmp_path / 'news.db'}", "-s", "NEWSCRAWL_ALERT_FAILURES=1",
    ]  # fmt: skip
    ended = command(*words)
    assert "NEWSCRAWL_ALERT_URLS names no service" in ended.stderr
    ended = command(*words, "-s", f"NEWSCRAWL_ALERT_URLS_FILE={file}")
    assert ended.returncode == Exit.UNREACHABLE, ended.stderr
    assert [said["title"] for _, said in hook.taken] == ["newscrawl: run 2 failed: unreachable"]


def test_services_are_checked_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(URLS, raising=False)
    ended = invoke(*DEAD, "--db", tmp_path / "news.db", "--alert-failures")
    assert (ended.exit_code, "names no service" in ended.stderr) == (Exit.USAGE, True)
