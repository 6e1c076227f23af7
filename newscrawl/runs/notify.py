"""Tells of a failed run: by a command of the user's, and by the services of ``newscrawl alert``."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from newscrawl.runs.services import BadServices, Service, send, services_of

SECONDS = 30
"""Maximum time for the command: the next run may be waiting."""
SECONDS_AFTER_SIGNAL = 3
"""The same for a run that was stopped: whoever stopped it kills it after ten seconds."""

logger = logging.getLogger(__name__)

# What a shell leaves as it is: 'text', \x, and within "text" all but $ and `.
_LITERAL = re.compile(r"""'[^']*'|\\.|"[^"$`]*\"""", re.DOTALL)
_SHELL = re.compile(r"[|&;<>()`]|\$(?=[\w{(])|(?<=\s)[*~](?=[/\s.]|$)")


class BadCommand(ValueError):
    """A command that cannot be run without a shell, or not at all; the message says why."""


def words_of(command: str) -> list[str]:
    """Return the program and the arguments of a command.

    They are separated and quoted as in a shell, but no shell reads them.

    :raises BadCommand: it has shell syntax or an unbalanced quotation mark, or there is no such
        program.
    """
    if found := _SHELL.search(_LITERAL.sub("", command)):
        raise BadCommand(
            f"{command!r} has shell syntax ({found[0]}), and no shell reads it; quote that, or "
            "write a script, or: sh -c 'commands'"
        )
    try:
        words = shlex.split(command)
    except ValueError:
        raise BadCommand(f"{command!r} has an unbalanced quotation mark") from None
    if not words or shutil.which(words[0]) is None:
        raise BadCommand(f"{command!r}: there is no program {words[0] if words else ''!r}")
    return words


def notify(command: str, run: Mapping[str, Any], *, seconds: float = SECONDS) -> bool:
    """Run *command* with *run* as JSON on its standard input; return whether it succeeded.

    It is ended after so many seconds. A failure is logged.
    """
    try:
        done = subprocess.run(  # noqa: S603  the user's own command
            words_of(command), input=json.dumps(run, ensure_ascii=False), encoding="utf-8",
            timeout=seconds, check=False,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        logger.warning("NEWSCRAWL_NOTIFY: could not run %r: %s", command, error)
        return False
    if done.returncode:
        logger.warning("NEWSCRAWL_NOTIFY: %r exited with code %d", command, done.returncode)
    return done.returncode == 0


def send_failure(run: Mapping[str, Any], urls: Path | None = None) -> None:
    """Send a failed run to the services that *urls* or else the environment names.

    A failure is logged.
    """
    try:
        services = services_of(urls)
    except (BadServices, ImportError) as error:
        logger.warning("NEWSCRAWL_ALERT_FAILURES: could not send the failed run: %s", error)
        return
    for shown in failure_sent(run, services):
        logger.warning("NEWSCRAWL_ALERT_FAILURES: %s did not take the failed run", shown)


def failure_sent(run: Mapping[str, Any], services: Sequence[Service]) -> list[str]:
    """Send a failed run; return what did not take it, without secrets."""
    number = f" {run['run']}" if run.get("run") else ""
    title = f"newscrawl: run{number} failed: {run['outcome']}"
    lines = [str(run["reason"])]
    lines += [f"{name}: {run[name]}" for name in ("spider", "db") if run.get(name)]
    key = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:32]
    return [each.shown for each in services if not send(each, title, "\n".join(lines), key)]
