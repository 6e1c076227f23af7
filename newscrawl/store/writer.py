"""The single writer of an archive: commits what belongs together, one transaction per batch."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from newscrawl.items import Article, InList, Listed, Page, Rejected
from newscrawl.store import (
    article_rows,
    identity,
    listings,
    rejects,
    rules,
    search_index,
    unresolved,
)
from newscrawl.store.clock import utc_now
from newscrawl.store.connections import Place
from newscrawl.store.errors import StoreError, explained
from newscrawl.store.known import Known
from newscrawl.store.merger import Merger, Verdict, page_of
from newscrawl.store.observation import Fields, Observation
from newscrawl.store.schema import COUNTERS

T = TypeVar("T")

BATCH_ITEMS = 200
"""Pages in one transaction: the more, the less the search index writes for each of them."""
BATCH_BYTES = 16 << 20
"""And bytes, so that large ones do not fill the memory."""
BATCH_SECONDS = 2.0
"""Age at which a smaller batch is committed: what a kill may cost."""
BIG_IMPORT = 100_000
"""New articles that make a run a big import, where they are as many as all others. Fewer may lie in
pieces: 86,000 in 52 of them are searched in 14 ms (95 of 100 searches), in one piece in 8."""


class Writer:
    """Writes one run into one archive.

    Its methods are the seam for another database: :meth:`add`, :meth:`add_all`, :meth:`reject`,
    :meth:`list`, :meth:`commit`, :meth:`end`.
    """

    def __init__(
        self, db: sqlite3.Connection, *, spider: str, arguments: dict[str, Any],
        versions: dict[str, str], pid: int, batch_items: int = BATCH_ITEMS,
        batch_seconds: float = BATCH_SECONDS, importing: bool = False,
    ) -> None:  # fmt: skip
        self.db = db
        self.connection = db
        self.known = Known(db)
        self.path = self.connection.execute("PRAGMA database_list").fetchone()[2] or ":memory:"
        self.counters: Mapping[str, int] = {}
        """The run's counters, committed with each batch; set by the run."""
        self.committed: Mapping[str, int] = {}
        """Those of the last commit: after a failure, they are what is stored."""
        self._place = Place(self.path)
        self._batch = batch_items, batch_seconds
        self._work: list[Callable[[sqlite3.Connection], object]] = []
        """What the batch has done, to do it again without a page that failed."""
        self._items = 0
        """Pages in the batch."""
        self._size = 0
        """Bytes of pages that it holds in memory."""
        self._began = 0.0
        with explained(self.path):
            self._merger = Merger(self.connection, self._reject)
            self._began_behind = self._last_number()
            self.began_at = utc_now()
            """When the run began (UTC)."""
            self.run_id = self._begin_run(spider, arguments, versions, pid, importing=importing)

    # -- what a run finds ---------------------------------------------------------------

    def add(self, article: Article, *, loader_version: int) -> Verdict:
        """Merge what one page says of an article; return the verdict.

        The article needs its ``article_id`` and its ``page``.

        :raises StoreError: it cannot be written. The writer is of no use afterwards.
        """
        [verdict] = self.add_all([article], loader_version=loader_version)
        return verdict

    def add_all(self, articles: Sequence[Article], *, loader_version: int) -> list[Verdict]:
        """Merge some pages, all or none; return the verdict on each.

        Many at once cost much less than one by one.

        :raises StoreError: they cannot be written. The writer is of no use afterwards.
        """
        size = sum(len(page_of(each).body) for each in articles)
        return self._write(
            lambda _: self._merger.add_all(articles, loader_version), len(articles), size
        )

    def accept(self, article: Article, *, loader_version: int) -> Verdict:
        """Merge what one page says although it is suspicious; return the verdict."""
        return self._write(lambda _: self._merger.accept(article, loader_version))

    def reject(self, reject: Rejected, *, loader_version: int) -> None:
        """Keep a page that gave no article: its address, its reason and its bytes."""
        size = len(reject.page.body)
        self._write(lambda _: self._reject(reject, loader_version), size=size)

    def remove_reject(self, rejected: rejects.RejectedPage) -> None:
        """Remove a reject, in the transaction that stores what its page gives."""
        self._write(lambda db: rejects.remove_reject(db, rejected), items=0)

    def update_reject(
        self, rejected: rejects.RejectedPage, reason: str, detail: str, *,
        meaning: str, loader_version: int,
    ) -> None:  # fmt: skip
        """Store why a page is rejected by the present rules; *meaning* explains the reason."""
        self._write(
            lambda db: rejects.update_reject(
                db, rejected, reason, detail, meaning=meaning, loader_version=loader_version
            ),
            items=0,
        )

    def list(self, listed: Listed) -> None:
        """Note that a listing shows a page under its category; the article may come later."""
        self._write(lambda _: self._merger.listed(listed))

    def note_in_list(self, shown: InList) -> None:
        """Note that a list of news shows an article, which may come later."""
        self._write(lambda db: listings.write_shown(db, shown), items=0)

    def touch(self, page: Page) -> None:
        """Note that a stored page is as it was: the site said so, without sending it."""
        self._write(lambda db: article_rows.note_unchanged(db, page))
        self._write(lambda _: self._merger.seen(page), items=0)

    def lose(self, page: Page) -> None:
        """Note that the site says that a stored page no longer exists."""
        self._write(lambda db: article_rows.note_gone(db, page, utc_now()))
        self._write(lambda _: self._merger.seen(page), items=0)

    def note_check(self, check: listings.ListingCheck) -> None:
        """Store a successful check of a listing."""
        self._write(lambda db: listings.write_check(db, check))

    def expect_answer(self, site: str, article_id: str, link: str | None) -> None:
        """Note that an article is to be resolved; before its post is written."""
        self._write(lambda db: unresolved.add_unresolved(db, site, article_id, link, utc_now()), 0)

    def expect_young(self, site: str, since: str) -> None:
        """Note that the articles whose posts were seen since then are to be resolved."""
        self._write(lambda db: unresolved.add_young(db, site, since, utc_now()), 0)

    def answer_tried(self, site: str, article_id: str, hours: Sequence[float]) -> None:
        """Note that an article could be fetched nowhere."""
        self._write(lambda db: unresolved.note_tried(db, site, article_id, utc_now(), hours), 0)

    def answered(self, site: str, article_id: str) -> None:
        """Note that an article was resolved, in the transaction of its answer."""
        self._write(lambda db: unresolved.remove_resolved(db, site, article_id), 0)

    def confirm_listing(self, key: listings.ListingKey) -> None:
        """Note that a post spells the name of a listing that was guessed at."""
        self._write(lambda db: listings.write_confirmed(db, key))

    def note_failed_check(
        self, key: listings.ListingKey, *, url: str, found_in: str, failure: str
    ) -> None:
        """Note that a listing could not be fetched."""
        self._write(lambda db: listings.write_failure(db, key, url, found_in, utc_now(), failure))

    def count_rules(self, uses: Mapping[str, rules.Uses]) -> None:
        """Add how often the run used the rules that pages are read by."""
        self._write(lambda db: rules.add_uses(db, uses, utc_now()))

    def set_clock(self, difference: int) -> None:
        """Say by how many seconds the servers' clocks are ahead, as far as it is known by now."""
        self._merger.set_clock(difference)

    def note_clock(self, difference: int) -> None:
        """Note by how many seconds the servers' clocks are ahead of this machine's."""
        sql = "UPDATE runs SET clock_difference = ? WHERE id = ?"
        self._write(lambda db: db.execute(sql, (difference, self.run_id)), items=0)

    def rewrite(
        self, article_id: str, known: article_rows.ArticleRows,
        observations: dict[article_rows.Key, Observation], row: Fields,
        *, content_hashes: Mapping[article_rows.Key, str], loader_version: int,
    ) -> None:  # fmt: skip
        """Replace what the pages of an article say, as better rules read them: no revision."""
        self._write(
            lambda _: self._merger.rewrite(
                article_id, known, observations, row,
                content_hashes=content_hashes, loader_version=loader_version,
            )
        )  # fmt: skip

    # -- transactions -------------------------------------------------------------------

    def commit(self) -> None:
        """Commit what was written, with the run's counters.

        :raises StoreError: it cannot be committed.
        """
        self._place.check()
        with explained(self.path):
            if not self.connection.in_transaction:
                self.connection.execute("BEGIN IMMEDIATE")
            identity.advance(self.connection)
            self._write_counters()
            self._merger.finish()
            self.connection.execute("COMMIT")
            self.committed = dict(self.counters)
            self._forget(committed=True)

    @property
    def is_due(self) -> bool:
        """Whether there is a batch that is full or old."""
        items, seconds = self._batch
        return self.connection.in_transaction and (
            self._items >= items
            or self._size >= BATCH_BYTES
            or time.monotonic() - self._began >= seconds
        )

    def commit_if_due(self) -> None:
        """Commit a batch that is full or old."""
        if self.is_due:
            self.commit()

    def end(self, *, outcome: str, exit_code: int, reason: str) -> None:
        """Close the run's row, commit all, and checkpoint."""
        with explained(self.path):
            if not self.connection.in_transaction:
                self.connection.execute("BEGIN IMMEDIATE")
            self.connection.execute(
                "UPDATE runs SET ended_at = ?, outcome = ?, exit_code = ?, reason = ? WHERE id = ?",
                (utc_now(), outcome, exit_code, reason, self.run_id),
            )
            self.commit()
            # Not before: what is written after it would merge pieces.
            with identity.transaction(self.connection):
                search_index.configure(self.connection)
            # A reader may hold an old snapshot: then some of the WAL stays, for the next run.
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @property
    def is_big_import(self) -> bool:
        """Whether the run wrote so much that its search index should be optimized.

        SQLite writes the index in pieces, and merges some; each costs every search. A run that
        doubles the archive may merge all of them, since that costs a tenth of what it has done.
        """
        new = self._last_number() - self._began_behind
        return new >= max(BIG_IMPORT, self._began_behind)

    def optimize_index(self) -> None:
        """Optimize the search index into one segment; what was committed is safe meanwhile.

        :raises StoreError: it cannot be written; what was optimized by then stays so.
        """
        with explained(self.path):
            search_index.optimize(self.connection)
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _last_number(self) -> int:
        """The number of the newest article: about how many there are, without counting them."""
        sql = "SELECT ifnull(max(first_seq), 0) FROM articles"
        return int(self.connection.execute(sql).fetchone()[0])

    def rollback(self) -> None:
        """Drop what was not committed."""
        with suppress(sqlite3.Error):
            self.connection.rollback()
        self._forget(committed=False)

    def close(self) -> None:
        """Close the file; what was not committed is gone."""
        self.rollback()
        self.db.close()

    def _write(self, work: Callable[[sqlite3.Connection], T], items: int = 1, size: int = 0) -> T:
        """Do what belongs together: all of it or nothing, also when a part of it fails."""
        with explained(self.path):
            if not self.connection.in_transaction:
                self._begin()
            try:
                done = work(self.connection)
            except BaseException:
                self._undo()
                raise
        self._work.append(work)
        self._items += items
        self._size += size
        return done

    def _begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self._began = time.monotonic()

    def _undo(self) -> None:
        """Drop what failed by doing the batch again without it.

        A savepoint for each page would say the same, and cost a fifth of the writer's time:
        SQLite copies each of its pages (16 KB) that is changed after one.
        """
        work, items, size = self._work, self._items, self._size
        self.rollback()
        self._begin()
        for each in work:
            each(self.connection)
        self._work, self._items, self._size = work, items, size

    def _forget(self, *, committed: bool) -> None:
        self._work = []
        self._items = self._size = 0
        self._merger.forget(committed=committed)

    def _reject(self, reject: Rejected, loader_version: int) -> None:
        rejects.write_reject(
            self.connection, reject, run_id=self.run_id, loader_version=loader_version
        )

    # -- the run's own rows -------------------------------------------------------------

    def _begin_run(
        self, spider: str, arguments: dict[str, Any], versions: dict[str, str], pid: int,
        *, importing: bool,
    ) -> int:  # fmt: skip
        with identity.transaction(self.connection):
            # An import that was killed has left its own way.
            search_index.configure(self.connection, importing=importing)
            # Only the holder of the archive's lock comes here: an open run is a dead one.
            self.connection.execute(
                "UPDATE runs SET outcome = 'killed', reason = ? WHERE outcome = 'running'",
                ("it did not finish; what was committed is stored",),
            )
            cursor = self.connection.execute(
                "INSERT INTO runs (spider, arguments, versions, pid, started_at, outcome)"
                " VALUES (?, ?, ?, ?, ?, 'running')",
                (
                    spider,
                    json.dumps(arguments, ensure_ascii=False),
                    json.dumps(versions),
                    pid,
                    self.began_at,
                ),
            )
        # Into the file itself, and not only its log: a copy of the file alone, made while the run
        # writes, then shows that the run has not ended.
        self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        if cursor.lastrowid is None:
            raise StoreError(f"{self.path} gave the run no number.")
        return cursor.lastrowid

    def _write_counters(self) -> None:
        names = [name for name, _ in COUNTERS]
        self.connection.execute(
            f"UPDATE runs SET {', '.join(f'{name} = ?' for name in names)}"  # noqa: S608
            " WHERE id = ?",
            (*(self.counters.get(name, 0) for name in names), self.run_id),
        )
