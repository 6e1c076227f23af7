"""The one writer of an archive: everything that must hold together, in one transaction a batch."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Literal, TypeVar

from sqlite_utils import Database

from newscrawl.items import Article, Listed, Page, Reject
from newscrawl.store import known_pages, listings, raw, rows, rule_uses, search_index
from newscrawl.store.archive import Place
from newscrawl.store.clock import utc_now
from newscrawl.store.errors import StoreError, explain
from newscrawl.store.fold import FIELDS, REVISED, Fields, Sighting, carry_over, fold, suppliers
from newscrawl.store.schema import COUNTERS

T = TypeVar("T")
Verdict = Literal["new", "richer", "changed", "unchanged"]

BATCH_ITEMS = 200
"""Pages in one transaction: 319 µs a post, against 346 with 50 and 298 with 1,000."""
BATCH_BYTES = 16 << 20
"""And bytes, so that large ones do not fill the memory."""
BATCH_SECONDS = 2.0
"""Age at which a smaller batch is committed: what a kill may cost."""


class Writer:
    """Writes one run into one archive.

    Its methods are the seam for another database: :meth:`add`, :meth:`reject`, :meth:`list`,
    :meth:`commit`, :meth:`end`.
    """

    def __init__(
        self, db: Database, *, spider: str, arguments: dict[str, Any], versions: dict[str, str],
        pid: int, batch_items: int = BATCH_ITEMS, batch_seconds: float = BATCH_SECONDS,
    ) -> None:  # fmt: skip
        self.db = db
        self.connection: sqlite3.Connection = db.conn
        self.path = self.connection.execute("PRAGMA database_list").fetchone()[2] or ":memory:"
        self.counters: Mapping[str, int] = {}
        """The run's counters, committed with each batch; set by the run."""
        self.committed: Mapping[str, int] = {}
        """Those of the last commit: after a failure, they are what is stored."""
        self._place = Place(self.path)
        self._batch = batch_items, batch_seconds
        self._work: list[Callable[[sqlite3.Connection], object]] = []
        """What the batch has done, to do it again without a page that failed."""
        self._size = 0
        """Bytes of pages that it holds in memory."""
        self._began = 0.0
        self._texts: dict[int, tuple[Fields | None, Fields]] = {}
        """For each article that the batch changes: what the index holds, and what it should."""
        self._named: set[str] = set()
        """The categories for which the batch has met names."""
        self._seq = self._committed_seq = self._read_seq()
        self.run_id = self._begin_run(spider, arguments, versions, pid)

    # -- what a run finds ---------------------------------------------------------------

    def add(self, article: Article, *, loader_version: int) -> Verdict:
        """Take in what one page says of an article; return what it was worth.

        The article needs its ``info_code`` and its ``page``.

        :raises StoreError: it cannot be written. The writer is of no use afterwards.
        """
        if article.info_code is None or article.page is None:
            raise ValueError("an article needs its info_code and its page before it is stored")
        page = article.page
        self._size += len(page.body)
        return self._write(lambda db: self._add(db, article, page, loader_version))

    def reject(self, reject: Reject, *, loader_version: int) -> None:
        """Keep a page that gave no article: its address, its reason and its bytes."""
        self._size += len(reject.page.body)
        self._write(lambda db: self._reject(db, reject, loader_version))

    def list(self, listed: Listed) -> None:
        """Note that a listing shows a page under its category; the article may come later."""
        self._write(lambda db: self._list(db, listed))

    def touch(self, page: Page) -> None:
        """Note that a stored page is as it was: the site said so, without sending it."""
        self._write(lambda db: known_pages.touch(db, page))

    def lose(self, page: Page) -> None:
        """Note that the site says that a stored page is no more."""
        self._write(lambda db: known_pages.lose(db, page, utc_now()))

    def look(self, look: listings.Look) -> None:
        """Keep a good look at a listing."""
        self._write(lambda db: listings.write_look(db, look))

    def fail_look(self, key: listings.ListingKey, *, url: str, found_in: str, failure: str) -> None:
        """Note that a listing could not be had."""
        self._write(lambda db: listings.write_failure(db, key, url, found_in, utc_now(), failure))

    def count_rules(self, uses: Mapping[str, rule_uses.Uses]) -> None:
        """Add how often the run used the rules that pages are read by."""
        self._write(lambda db: rule_uses.add(db, uses, utc_now()))

    def rewrite(
        self, info_code: str, known: rows.Known, sightings: dict[rows.Key, Sighting], row: Fields,
        *, content_hashes: Mapping[rows.Key, str], loader_version: int,
    ) -> None:  # fmt: skip
        """Replace what the pages of an article say, as better rules read them: no revision."""

        def write(db: sqlite3.Connection) -> None:
            if row != known.row:
                self._write_article(db, info_code, known, row)
            rows.rewrite_differences(db, sightings, row)
            for key, content_hash in content_hashes.items():
                rows.note_reread(db, key, content_hash, sightings[key], loader_version)

        self._write(write)

    # -- transactions -------------------------------------------------------------------

    def commit(self) -> None:
        """Commit what was written, with the run's counters.

        :raises StoreError: it cannot be committed.
        """
        self._place.check()
        with self._explained():
            if not self.connection.in_transaction:
                self.connection.execute("BEGIN IMMEDIATE")
            self._write_counters()
            self._index()
            rows.name_categories(self.connection, self._named)
            self.connection.execute("UPDATE meta SET value = ? WHERE key = 'seq'", (self._seq,))
            self.connection.execute("COMMIT")
            self.committed = dict(self.counters)
            self._forget()

    @property
    def is_due(self) -> bool:
        """Whether there is a batch that is full or old."""
        items, seconds = self._batch
        return self.connection.in_transaction and (
            len(self._work) >= items
            or self._size >= BATCH_BYTES
            or time.monotonic() - self._began >= seconds
        )

    def commit_if_due(self) -> None:
        """Commit a batch that is full or old."""
        if self.is_due:
            self.commit()

    def _index(self) -> None:
        """Bring the search index up to the batch, in its transaction.

        At its end, and not page by page: FTS5 writes out what it has gathered at each savepoint
        that SQLite makes for a statement, which took a third of the writer's time.
        """
        for rowid, (old, new) in self._texts.items():
            search_index.replace(self.connection, rowid, old, new)
        self._texts.clear()

    def end(self, *, outcome: str, exit_code: int, reason: str) -> None:
        """Close the run's row, commit all, and checkpoint."""
        with self._explained():
            if not self.connection.in_transaction:
                self.connection.execute("BEGIN IMMEDIATE")
            self.connection.execute(
                "UPDATE runs SET ended_at = ?, outcome = ?, exit_code = ?, reason = ? WHERE id = ?",
                (utc_now(), outcome, exit_code, reason, self.run_id),
            )
            self.commit()
            # A reader may hold an old snapshot: then some of the WAL stays, for the next run.
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def rollback(self) -> None:
        """Drop what was not committed."""
        with suppress(sqlite3.Error):
            self.connection.rollback()
        self._seq = self._committed_seq
        self._forget()

    def close(self) -> None:
        """Close the file; what was not committed is gone."""
        self.rollback()
        self.db.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explain(error, self.path) from error

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do what belongs to one page: all of it or nothing, also when a part of it fails."""
        with self._explained():
            if not self.connection.in_transaction:
                self._begin()
            try:
                done = work(self.connection)
            except BaseException:
                self._undo()
                raise
        self._work.append(work)
        return done

    def _begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self._began = time.monotonic()

    def _undo(self) -> None:
        """Drop what failed by doing the batch again without it.

        A savepoint for each page would say the same, and cost a fifth of the writer's time:
        SQLite copies each of its pages (16 KB) that is changed after one.
        """
        work = self._work
        self.rollback()
        self._begin()
        for each in work:
            each(self.connection)
        self._work = work

    def _forget(self) -> None:
        self._work = []
        self._size = 0
        self._texts.clear()
        self._named.clear()
        self._committed_seq = self._seq

    # -- one page -----------------------------------------------------------------------

    def _add(
        self, db: sqlite3.Connection, article: Article, page: Page, loader_version: int
    ) -> Verdict:
        assert article.info_code is not None  # noqa: S101  add() has looked
        info_code = article.info_code
        incoming = sighting_of(article, page)
        known = rows.load(db, info_code)
        earlier = known.sightings.get(incoming.key)
        if earlier is not None:
            # Two copies of one file may be as old as each other: then their addresses decide.
            if (incoming.observed_at, incoming.url) < (earlier.observed_at, earlier.url):
                return self._add_older(db, info_code, known, earlier, incoming, page)
            said, incoming.fields = incoming.fields, carry_over(earlier.fields, incoming.fields)
            if incoming.fields == earlier.fields:
                return self._touch(db, incoming, page)
            if incoming.observed_at < known.evidence[incoming.key]["last_seen_at"]:
                # It says what it said now before that, and again after it.
                between = replace(incoming, fields=said)
                return self._add_older(db, info_code, known, earlier, between, page)
        content_hash = hash_content(incoming.fields)
        revised = False
        if earlier is not None:
            if content_hash == known.evidence[incoming.key]["content_hash"]:
                incoming.observed_at = earlier.observed_at
            else:
                revised = _supplied_what_changed(known, earlier, incoming)
        row = self._fold_in(db, info_code, known, incoming)
        if revised and earlier is not None:
            evidence = known.evidence[incoming.key]
            rows.write_revision(db, info_code, earlier, evidence, page.observed_at)
        if earlier is None and article.categories and article.tags:
            self._named |= rows.count_names(db, article.categories, article.tags)
        evidence = {
            "last_seen_at": page.observed_at,
            "content_hash": content_hash,
            "page_hash": raw.store(db, page),
            "content_type": page.content_type,
            "etag": page.etag,
            "last_modified": page.last_modified,
            "loader_version": loader_version,
            "unknown": json.dumps(article.unknown, ensure_ascii=False) if article.unknown else None,
        }
        rows.write_sighting(db, info_code, incoming, row, evidence)
        if not known.exists:
            return "new"
        if revised:
            return "changed"
        return "richer" if row != known.row else "unchanged"

    def _fold_in(
        self, db: sqlite3.Connection, info_code: str, known: rows.Known, incoming: Sighting
    ) -> Fields:
        """Write the row that all pages make with *incoming* among them; return it."""
        row = fold({**known.sightings, incoming.key: incoming}.values())
        if row != known.row or not known.exists:
            self._write_article(db, info_code, known, row)
            rows.rewrite_differences(db, known.sightings, row)
        return row

    def _write_article(
        self, db: sqlite3.Connection, info_code: str, known: rows.Known, row: Fields
    ) -> None:
        seq = self._next_seq()
        rows.write_article(db, info_code, known, row, seq=seq, now=utc_now())
        rowid, earlier = known.first_seq or seq, known.row if known.exists else None
        indexed, _ = self._texts.get(rowid, (earlier, row))
        self._texts[rowid] = indexed, row

    def _add_older(
        self, db: sqlite3.Connection, info_code: str, known: rows.Known, current: Sighting,
        incoming: Sighting, page: Page,
    ) -> Verdict:  # fmt: skip
        """An earlier state of a page that is known: it fills gaps, and is kept as a revision."""
        filled = replace(current, fields=carry_over(incoming.fields, current.fields))
        row = self._fold_in(db, info_code, known, filled)
        rows.rewrite_differences(db, {filled.key: filled}, row)
        if hash_content(incoming.fields) == known.evidence[current.key]["content_hash"]:
            rows.date_back(db, filled.key, incoming.observed_at)
        elif _supplied_what_changed(known, current, incoming) and not rows.has_revision(
            db, incoming.key, incoming.observed_at
        ):
            evidence = {
                "page_hash": raw.store(db, page),
                "last_seen_at": incoming.observed_at,
            }
            after = max(current.observed_at, incoming.observed_at)
            rows.write_revision(db, info_code, incoming, evidence, after)
            return "changed"
        return "richer" if row != known.row else "unchanged"

    def _touch(self, db: sqlite3.Connection, incoming: Sighting, page: Page) -> Verdict:
        """The page says what it said: only when it was last seen is new.

        The bytes are not stored again. The mirror stamps every page with the number of its
        build, so they differ every five minutes, and a young article is looked at often.
        """
        db.execute(
            "UPDATE sightings SET last_seen_at = ?, url = ?, etag = ?, last_modified = ?,"
            " gone_at = NULL"
            " WHERE source_site = ? AND page_kind = ? AND page_id = ? AND last_seen_at <= ?",
            (
                page.observed_at,
                page.url,
                page.etag,
                page.last_modified,
                *incoming.key,
                page.observed_at,
            ),
        )
        return "unchanged"

    def _reject(self, db: sqlite3.Connection, reject: Reject, loader_version: int) -> None:
        page, now = reject.page, utc_now()
        db.execute(
            "INSERT INTO rejects (run_id, url, source_site, page_kind, page_id, reason, detail,"
            " page_hash, content_type, first_seen_at, last_seen_at, times, loader_version)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)"
            " ON CONFLICT (url, reason) DO UPDATE SET run_id = excluded.run_id,"
            " detail = excluded.detail, page_hash = excluded.page_hash,"
            " content_type = excluded.content_type, last_seen_at = excluded.last_seen_at,"
            " times = times + 1, loader_version = excluded.loader_version",
            (
                self.run_id, page.url, page.site, page.kind, page.id, reject.reason,
                reject.detail, raw.store(db, page) if page.body else None,
                page.content_type, now, now, loader_version,
            ),
        )  # fmt: skip

    def _list(self, db: sqlite3.Connection, listed: Listed) -> None:
        now = utc_now()
        rows.meet_category(db, listed.category, now)
        if not rows.exists(db, listed.info_code):
            rows.expect(db, listed.info_code, listed.category)
        elif rows.add_listing(db, listed.info_code, listed.category):
            db.execute(
                "UPDATE articles SET seq = ?, changed_at = ? WHERE info_code = ?",
                (self._next_seq(), now, listed.info_code),
            )

    # -- the run's own rows -------------------------------------------------------------

    def _begin_run(
        self, spider: str, arguments: dict[str, Any], versions: dict[str, str], pid: int
    ) -> int:
        with self._explained():
            # Only the holder of the archive's lock comes here: an open run is a dead one.
            self.connection.execute(
                "UPDATE runs SET outcome = 'killed', reason = ? WHERE outcome = 'running'",
                ("it never ended; what it had committed is stored",),
            )
            cursor = self.connection.execute(
                "INSERT INTO runs (spider, arguments, versions, pid, started_at, outcome)"
                " VALUES (?, ?, ?, ?, ?, 'running')",
                (
                    spider,
                    json.dumps(arguments, ensure_ascii=False),
                    json.dumps(versions),
                    pid,
                    utc_now(),
                ),
            )
            # Into the file itself, and not only its log: a copy of the file alone, made while the
            # run writes, then says that it is none of a run's end.
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

    def _read_seq(self) -> int:
        with self._explained():
            return last_seq(self.connection)

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq


def last_seq(db: sqlite3.Connection) -> int:
    """Return the highest sequence number given: whatever meta says, no less than any article's."""
    sql = (
        "SELECT max(coalesce((SELECT value FROM meta WHERE key = 'seq'), 0),"
        " coalesce((SELECT max(seq) FROM articles), 0))"
    )
    return int(db.execute(sql).fetchone()[0])


def sighting_of(article: Article, page: Page) -> Sighting:
    """Return what *page* says as the fold takes it."""
    fields: Fields = {name: getattr(article, name) for name in FIELDS}
    fields["body_rank"] = None if article.body_rank is None else int(article.body_rank)
    fields["mentions"] = (
        sorted([m.market, m.code, m.name, m.kind, m.times] for m in article.mentions or ()) or None
    )
    for name in ("categories", "tags"):
        fields[name] = sorted(set(fields[name] or ())) or None
    fields["images"] = fields["images"] or None
    return Sighting(
        source_site=page.site, page_kind=page.kind, page_id=page.id, url=page.url,
        observed_at=page.observed_at, fields=fields,
    )  # fmt: skip


def hash_content(fields: Fields) -> str:
    """Return the hash of what a revision is made of, without white space."""
    text = "\x1f".join("".join(str(fields.get(name) or "").split()) for name in REVISED)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _supplied_what_changed(known: rows.Known, earlier: Sighting, incoming: Sighting) -> bool:
    """Whether *earlier* supplied a field of the row in which *incoming* says something else."""
    supplier = suppliers(known.sightings.values())
    return any(
        supplier.get(name) is earlier and earlier.fields[name] != incoming.fields[name]
        for name in REVISED
    )
