"""The archive that a run has open: its one writer, whose first error ends the run."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from newscrawl.runs.outcome import Exit, Outcome
from newscrawl.store.errors import StoreError
from newscrawl.store.writer import Writer

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from newscrawl.items import RunOptions
    from newscrawl.runs.clocks import Clocks
    from newscrawl.store.connections import Connection
    from newscrawl.store.known import Known
    from newscrawl.store.target import Target

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_LOOK_SECONDS = 1
"""How often it is seen whether a batch is old enough to be committed."""


class OpenArchive:
    """Writes and commits what a run learns; every batch with the counters of its pages.

    After the first :class:`~newscrawl.store.errors.StoreError` it writes nothing more, and calls
    *failed*: Scrapy would swallow the error, and the run would seem to succeed.
    """

    def __init__(
        self, target: Target, clocks: Clocks, *, counters: Callable[[], Mapping[str, int]],
        failed: Callable[[StoreError], None],
    ) -> None:  # fmt: skip
        self.target = target
        self._clocks = clocks
        self._counters = counters
        self._failed = failed
        self._writer: Writer | None = None
        self._broken: Writer | None = None
        """The writer after the store has failed."""
        self._commits: asyncio.Task[None] | None = None
        """Kept while it runs: asyncio itself holds no reference to a task."""
        self._noted_difference: int | None = None
        self.run_id: int | None = None
        self.began_at: str | None = None
        """When the run began (UTC); None before it has."""

    def begin(
        self, spider: str, options: RunOptions, versions: dict[str, str], settings: BaseSettings
    ) -> None:
        """Begin the run's row.

        :raises StoreError: it cannot be written.
        """
        self._writer = Writer(
            self.target.db,
            spider=spider,
            arguments=dict(options.arguments),
            versions=versions,
            pid=os.getpid(),
            batch_items=settings.getint("NEWSCRAWL_BATCH_PAGES"),
            batch_seconds=settings.getfloat("NEWSCRAWL_BATCH_SECONDS"),
            importing=options.is_import,
        )
        self.run_id, self.began_at = self._writer.run_id, self._writer.began_at
        self._commits = asyncio.ensure_future(self._commit_regularly())

    @property
    def is_open(self) -> bool:
        """Whether it can be written."""
        return self._writer is not None

    @property
    def known(self) -> Known:
        """What the archive knows.

        :raises StoreError: the store has failed, and the run is about to end.
        """
        return self._open_writer.known

    @property
    def connection(self) -> Connection:
        """The writer's connection, to judge the run by.

        :raises StoreError: the store has failed, and the run is about to end.
        """
        return self._open_writer.connection

    @property
    def _open_writer(self) -> Writer:
        if self._broken is not None:
            raise StoreError("The archive has failed.")
        if self._writer is None:
            raise RuntimeError("the archive is not open yet")
        return self._writer

    # -- transactions -------------------------------------------------------------------

    def write(
        self, work: Callable[Concatenate[Writer, P], T], *args: P.args, **options: P.kwargs
    ) -> T | None:
        """Call a method of the writer; return what it returns, None where the store has failed."""
        if self._writer is None:
            return None
        try:
            return work(self._writer, *args, **options)
        except StoreError as error:
            self.fail(error)
            return None

    def commit_if_due(self) -> None:
        """Commit a batch that is full or old."""
        if self._writer is not None and self._writer.is_due:
            self.commit()

    def commit(self) -> None:
        """Commit what was written."""
        if self._writer is None:
            return
        self._writer.counters = self._counters()
        try:
            self._note_clock(self._writer)
            self._writer.commit()
        except StoreError as error:
            self.fail(error)

    def fail(self, error: StoreError) -> None:
        """Drop what was not committed, write nothing more, and end the run."""
        if self._writer is not None:
            self._broken, self._writer = self._writer, None
            self._broken.rollback()
        self._failed(error)

    def _note_clock(self, writer: Writer) -> None:
        """Mark the run's times with what the servers' clocks say of ours, also if it is killed."""
        difference = self._clocks.difference
        if difference is not None and difference != self._noted_difference:
            writer.note_clock(difference)
            self._noted_difference = difference

    async def _commit_regularly(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.commit_if_due()

    # -- the end ------------------------------------------------------------------------

    def stop_committing(self) -> None:
        """Commit no more by time: the run is about to be judged."""
        if self._commits is not None and not self._commits.get_loop().is_closed():
            self._commits.cancel()

    def close(self, outcome: Outcome) -> Outcome:
        """Close the run's row and the archive; return *outcome*, or how that failed."""
        try:
            self._end_row(self._writer, outcome, self._counters())
        except StoreError as error:
            outcome = Outcome(Exit.STORE, str(error))
            self._broken = self._writer
            if self._broken is not None:
                self._broken.rollback()
        if self._broken is not None:
            with suppress(StoreError):  # a run that the store has failed may be able to say so
                self._end_row(self._broken, outcome, self._broken.committed)
        if outcome.exit is Exit.OK and self._writer is not None:
            self._optimize_index(self._writer)
        try:
            self.target.finish(good=outcome.exit is Exit.OK)
            if self.target.is_rebuild and outcome.exit is not Exit.OK:
                logger.warning("%s was not rebuilt: it is as it was", self.target.path)
        except StoreError as error:
            return Outcome(Exit.STORE, str(error))
        return outcome

    def _end_row(
        self, writer: Writer | None, outcome: Outcome, counters: Mapping[str, int]
    ) -> None:
        if writer is None:
            return
        writer.counters = counters
        self._note_clock(writer)
        writer.end(outcome=outcome.name, exit_code=outcome.exit, reason=outcome.reason)

    def _optimize_index(self, writer: Writer) -> None:
        if not writer.is_big_import:
            return
        logger.info("Optimizing the search index, most of which this run wrote")
        try:
            writer.optimize_index()
        except StoreError as error:  # all is stored, and is found; searches take longer
            logger.warning("The search index could not be optimized: %s", error)
