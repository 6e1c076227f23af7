"""Runs newscrawl in this process or on a terminal, on an archive of two articles."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from archives import article, fill, page
from click.testing import CliRunner, Result

from newscrawl.cli.app import commands
from newscrawl.items import Mention

FIRST, SECOND = "NW202112282228490028", "NW202112082206672930"


EVIL = "红\x1b[31m字\x07\x9b2J\u202e反\u2028行[bold]不是[/bold]:smile:"


def two_articles(path: Path) -> Path:
    """Make an archive of two articles; the title of one tries to command the terminal."""
    fill(
        path,
        article(page(FIRST), mentions=[Mention("1", "600160", "巨化股份", "stock", 2)]),
        article(
            page(SECOND), title=EVIL, source=None, published_at="2021-12-08T00:00:00+08:00",
            published_precision="day", body_text="第一段。\n第二段。",
        ),
    )  # fmt: skip
    return path


def invoke(*words: str | Path) -> Result:
    """Run a command in this process; other exceptions are raised."""
    result = CliRunner().invoke(commands, [str(each) for each in words], prog_name="newscrawl")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def plain(shown: str) -> str:
    """Return what a terminal showed without colours and moves of its cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


def on_a_terminal(*words: str, **environment: str) -> str:
    """Run newscrawl on a terminal of its own; return what it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("newscrawl"), *words],
        stdout=theirs, stderr=theirs, stdin=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.wait() == 0
    return shown.decode()
