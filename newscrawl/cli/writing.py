"""What the commands share that write an archive without a crawl."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from newscrawl.cli.options import reading
from newscrawl.store.errors import explained

if TYPE_CHECKING:
    from newscrawl.store.writer import Writer


@contextmanager
def writing(db: str, name: str, arguments: dict[str, Any]) -> Iterator[Writer]:
    """Open the archive at *db* for a run called *name*; who uses it ends the run.

    :raises StoreError: it does not exist, or cannot be written.
    """
    from newscrawl.runs.run import software_versions
    from newscrawl.store.target import Target
    from newscrawl.store.writer import Writer

    with reading(db):
        pass  # reported below; no file is created
    target, good = Target(db), False
    try:
        with explained(db):
            yield Writer(
                target.db,
                spider=name,
                arguments=arguments,
                versions=software_versions(),
                pid=os.getpid(),
            )
        good = True
    finally:
        target.finish(good=good)


@contextmanager
def progress(doing: str, total: int) -> Iterator[Callable[..., None]]:
    """Show on a terminal how far it is; what is yielded is called at each step, or with a number
    of steps."""
    from rich.progress import Progress

    from newscrawl.cli.terminal import stderr

    console = stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda steps=1: bar.advance(task, steps)
