"""Notifies of a failed run: runs a command of the user's with the run as JSON."""

from __future__ import annotations

import json
import logging
import shlex
import subprocess
from collections.abc import Mapping
from typing import Any

SECONDS = 30
"""Maximum time for the command: the next run may be waiting."""

logger = logging.getLogger(__name__)


def notify(command: str, run: Mapping[str, Any]) -> None:
    """Run *command* with *run* as JSON on its standard input; a failure is only logged."""
    try:
        words = shlex.split(command)
        done = subprocess.run(  # noqa: S603  the user's own command
            words, input=json.dumps(run, ensure_ascii=False), text=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
        logger.warning("NEWSCRAWL_NOTIFY: could not run %r: %s", command, error)
    else:
        if done.returncode:
            logger.warning("NEWSCRAWL_NOTIFY: %r exited with code %d", command, done.returncode)
