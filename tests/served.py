"""A running ``newscrawl serve``, and what it answers."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from crawls import ROOT


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    headers: dict[str, str]
    text: str


@contextmanager
def serving(db: Path, *options: str, is_asked_wrongly: bool = False) -> Iterator[str]:
    """Start ``newscrawl serve``; yield its address.

    It says nothing on standard error, but of wrong questions.
    """
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("newscrawl")), "serve", "--db", str(db),
         "--port", "0", *options],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.search(r" is served at (http://\S+); stop", line)
    if found is None:
        process.kill()
        raise AssertionError(line + process.communicate()[1])
    said: list[str] = []
    listening = Thread(target=lambda pipe: said.extend(pipe), args=[process.stderr])
    listening.start()  # else it would wait where a pipe is full
    try:
        yield found[1]
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(60)
        listening.join()
        process.stderr.close()
        assert code in (0, 130, -signal.SIGINT)
        # Nothing went wrong, and Ctrl-C is not an error.
        assert said == [] or is_asked_wrongly


def ask(url: str, *, method: str = "GET", **headers: str) -> Answer:
    """Return what the server answers, whatever it is."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, headers=named, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return Answer(answer.status, dict(answer.headers), answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers), error.read().decode())
