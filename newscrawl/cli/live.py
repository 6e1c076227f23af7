"""The progress of a run on a terminal: a bar and its counters, which stay below the log."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from newscrawl.cli.terminal import stderr
from newscrawl.items import REPORTED
from newscrawl.runs.progress import Progress
from newscrawl.runs.run import interrupts, run_of

logger = logging.getLogger(__name__)

_STYLES = {
    "new": "green",
    "extended": "green",
    "changed": "cyan",
    "rejected": "red",
    "failed": "red",
}
_ALWAYS = ("new", "changed", "unchanged", "rejected", "failed")
"""Shown also while they are 0; the others when there are any."""


class LiveProgress(Progress):
    """Redraws the run's counters a few times a second."""

    _live: Live | None = None

    def spider_opened(self) -> None:
        """Begin to draw."""
        self._began = time.monotonic()
        self._live = Live(
            get_renderable=self.picture,
            console=stderr(),
            refresh_per_second=5,
            transient=True,
            redirect_stdout=False,
        )
        self._live.start()

    def spider_closed(self) -> None:
        """Wipe the picture; its last state goes to the log."""
        if self._live is not None:
            self._live.stop()
        logger.info(self.line())

    def picture(self) -> RenderableType:
        """Return what is drawn: a bar with pages and time, and what the pages were worth."""
        run = run_of(self.crawler)
        count = run.ledger.counters
        done, scheduled = sum(count[end] for end in REPORTED), count["scheduled"]
        seconds = time.monotonic() - self._began
        first = Table.grid(padding=(0, 1))
        first.add_row(
            ProgressBar(total=max(scheduled, 1), completed=done, width=30),
            Text(f"{done} of {scheduled} pages", style="bold"),
            Text(f"{done / seconds if seconds else 0:.1f} pages/s"),
            Text(str(timedelta(seconds=int(seconds))) + self.listings()),
        )
        worth = Text("  ").join(
            Text(
                f"{count[end]} {end.replace('_', ' ')}",
                style=_STYLES.get(end, "") if count[end] else "dim",
            )
            for end in REPORTED
            if count[end] or end in _ALWAYS
        )
        parts: list[RenderableType] = [first, worth]
        if run.outcome is not None or interrupts:
            parts.append(
                Text("stopping after the requests under way; Ctrl-C stops at once", style="yellow")
            )
        return Group(*parts)
