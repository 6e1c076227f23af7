"""Merges pages into the rows of an archive, and returns a verdict on each page."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Literal

from newscrawl.items import FIELDS, Article, Listed, Page, Rejected
from newscrawl.store import article_rows, search_index
from newscrawl.store.clock import utc_now
from newscrawl.store.errors import Unexpected
from newscrawl.store.inserts import Inserts
from newscrawl.store.merge import REVISED, carry_over, merge, suppliers
from newscrawl.store.observation import Fields, Observation
from newscrawl.store.raw_pages import store_raw_page
from newscrawl.store.stored_times import is_future
from newscrawl.store.suspects import REASON, Suspect, Suspects
from newscrawl.store.suspicion import Doubt

Verdict = Literal["new", "extended", "changed", "unchanged", "rejected"]
"""The verdict on a page: ``rejected`` if its content is suspicious."""

LAST_SEQ = 1 << 53
"""Numbers up to this one are the same in every program that reads them."""

_FIELDS_OF = attrgetter(*FIELDS)


class Merger:
    """Takes pages into one archive, in the transactions of its writer.

    What is cheaper for a whole batch waits for :meth:`finish`: the search index, the names of
    categories and the highest ``seq``.
    """

    def __init__(self, db: sqlite3.Connection, reject: Callable[[Rejected, int], None]) -> None:
        self._db = db
        self._reject = reject
        """Keeps a page that gives no article, read by a version of the rules."""
        self._suspects = Suspects(db)
        self._texts: dict[int, tuple[Fields | None, Fields]] = {}
        """For each article that the batch changes: what the index holds, and what it should."""
        self._names: Counter[tuple[str, str]] = Counter()
        """On how many pages of the batch each name stands with its category."""
        self._seq = self._finished_seq = last_seq(db)

    def add_all(self, articles: Sequence[Article], loader_version: int) -> list[Verdict]:
        """Merge some pages, as if one after the other; return the verdict on each."""
        verdicts = self._insert_new(articles, loader_version)
        for place, article in enumerate(articles):
            if place not in verdicts:
                verdicts[place] = self._add(article, loader_version)
        return [verdicts[place] for place in range(len(articles))]

    def accept(self, article: Article, loader_version: int) -> Verdict:
        """Merge a page although it is suspicious; return the verdict."""
        page = page_of(article)
        since, page.observed_at = self._suspects.seen(page.identity) or (None, page.observed_at)
        self._suspects.settle(page.identity, "accepted")
        if article_rows.has_row(self._db, code_of(article)):
            return self._add(article, loader_version, believed_since=since or page.observed_at)
        [verdict] = self._insert_new([article], loader_version, believed=True).values()
        return verdict

    def seen(self, page: Page) -> None:
        """Note that a page has its stored content, or is gone: it is not suspicious."""
        self._suspects.settle(page.identity, "withdrawn")

    def rewrite(
        self, article_id: str, known: article_rows.ArticleRows,
        observations: Mapping[article_rows.Key, Observation], row: Fields,
        *, content_hashes: Mapping[article_rows.Key, str], loader_version: int,
    ) -> None:  # fmt: skip
        """Replace what the pages of an article say, as better rules read them: no revision."""
        if row != known.row:
            self._update(article_id, known, row)
        article_rows.rewrite_differences(self._db, observations, row)
        for key, content_hash in content_hashes.items():
            article_rows.note_reread(self._db, key, content_hash, observations[key], loader_version)

    def set_clock(self, difference: int) -> None:
        """Say by how many seconds the servers' clocks are ahead of this machine's."""
        self._suspects.clock_difference = difference

    def listed(self, listed: Listed) -> None:
        """Note that a listing shows a page under its category."""
        now = utc_now()
        article_rows.meet_category(self._db, listed.category, now)
        if not article_rows.has_row(self._db, listed.article_id):
            article_rows.note_listed(self._db, listed.article_id, listed.category)
        elif article_rows.add_listing(self._db, listed.article_id, listed.category):
            self._db.execute(
                "UPDATE articles SET seq = ?, changed_at = ? WHERE id = ?",
                (self._next_seq(), now, listed.article_id),
            )

    def finish(self) -> None:
        """Bring up to the batch what belongs to all of it, in its transaction.

        The index page by page took a third of the writer's time: FTS5 writes out what it has
        gathered at each savepoint that SQLite makes for a statement.
        """
        search_index.replace(self._db, self._texts)
        article_rows.count_names(self._db, self._names)
        self._db.execute("UPDATE meta SET value = ? WHERE key = 'seq'", (self._seq,))

    def forget(self, *, committed: bool) -> None:
        """Begin another batch, after the last one was committed or dropped."""
        if committed:
            self._finished_seq = self._seq
        else:
            self._suspects.load()
        self._seq = self._finished_seq
        self._texts.clear()
        self._names.clear()

    # -- articles that are new ------------------------------------------------------------

    def _insert_new(
        self, articles: Sequence[Article], loader_version: int, *, believed: bool = False
    ) -> dict[int, Verdict]:
        """Insert the articles that are not stored; return the verdict on each of their pages."""
        codes = [code_of(each) for each in articles]
        stored = article_rows.existing(self._db, list(dict.fromkeys(codes)))
        pages: dict[str, dict[article_rows.Key, int]] = {}
        verdicts: dict[int, Verdict] = {}
        for place, code in enumerate(codes):
            if code in stored:
                continue
            if not believed and self._is_doubted(articles[place], loader_version):
                verdicts[place] = "rejected"
                continue
            # A page that occurs again is compared with the archive.
            pages.setdefault(code, {}).setdefault(page_of(articles[place]).identity, place)
        inserts, now = Inserts(), utc_now()
        for code, places in pages.items():
            seen = [articles[place] for place in places.values()]
            said = self._insert(inserts, code, seen, now, loader_version)
            verdicts.update(zip(places.values(), _worth(said), strict=True))
        inserts.write(self._db)
        article_rows.add_listed_categories(self._db, list(pages))
        return verdicts

    def _insert(
        self, inserts: Inserts, article_id: str, articles: Sequence[Article], now: str,
        loader_version: int,
    ) -> list[Observation]:  # fmt: skip
        """Add a new article as each of its pages tells it; return what they say."""
        said = [observation_of(each, page_of(each)) for each in articles]
        row = merge(said)
        seq = self._next_seq()
        inserts.article(article_id, row, seq=seq, now=now)
        for article, observation in zip(articles, said, strict=True):
            evidence = _evidence(
                article, hash_content(observation.fields), inserts.page(page_of(article)),
                loader_version,
            )  # fmt: skip
            inserts.observation(article_id, observation, row, evidence)
            self._suspects.settle(observation.key, "withdrawn")
            self._count_names(article)
        self._texts[seq] = None, row
        return said

    def _count_names(self, article: Article) -> None:
        for name in article_rows.names_of(article.categories, article.tags):
            self._names[name] += 1

    # -- articles that are known ----------------------------------------------------------

    def _add(
        self, article: Article, loader_version: int, *, believed_since: str | None = None
    ) -> Verdict:
        article_id, page = code_of(article), page_of(article)
        incoming = observation_of(article, page)
        known = article_rows.load_article(self._db, article_id)
        earlier, said = known.observations.get(incoming.key), incoming.fields
        if earlier is not None:
            # Two copies of one file may be as old as each other: then their addresses decide.
            # What has just been fetched is the later word, whatever a clock has written before.
            is_older = (incoming.observed_at, incoming.url) < (earlier.observed_at, earlier.url)
            if is_older and not page.is_fetched:
                return self._add_older(article_id, known, earlier, incoming, page)
            incoming.fields = carry_over(earlier.fields, said)
            is_ahead = earlier.observed_at > incoming.observed_at
            if incoming.fields == earlier.fields and not (page.is_fetched and is_ahead):
                return self._touch(incoming, page)
            if (
                not page.is_fetched
                and incoming.observed_at < known.evidence[incoming.key]["last_seen_at"]
            ):
                # It says what it said now before that, and again after it.
                between = replace(incoming, fields=said)
                return self._add_older(article_id, known, earlier, between, page)
        content_hash = hash_content(incoming.fields)
        if believed_since is None:
            doubt = self._doubt(known, earlier, article_id, page, said)
            if doubt is not None:
                told = Suspect(article_id, page, said, content_hash, store_raw_page(self._db, page))
                believed_since = self._keep_suspicious(told, doubt, loader_version)
                if believed_since is None:
                    return "rejected"
        revised = False
        incoming.observed_at = believed_since or incoming.observed_at
        if earlier is not None:
            is_misdated = page.is_fetched and is_future(earlier.order[0], page.observed_at)
            if content_hash == known.evidence[incoming.key]["content_hash"]:
                incoming.observed_at = min(earlier.observed_at, page.observed_at)
                if not is_misdated:
                    incoming.ordered_at = earlier.ordered_at
            else:
                if incoming.order < earlier.order and not is_misdated:  # the clock was set back
                    incoming.ordered_at = earlier.order[0]
                revised = _supplied_what_changed(known, earlier, incoming)
        row = self._merge_in(article_id, known, incoming)
        if revised and earlier is not None:
            seen = _until(earlier, known, page)
            if page.is_fetched:
                article_rows.end_revisions(self._db, article_id, incoming.key, seen[0].observed_at)
            article_rows.write_revision(self._db, article_id, *seen, incoming.observed_at)
        if earlier is None:
            self._count_names(article)
        self._suspects.settle(incoming.key, "withdrawn")
        page_hash = store_raw_page(self._db, page)
        evidence = _evidence(article, content_hash, page_hash, loader_version)
        article_rows.write_observation(self._db, article_id, incoming, row, evidence)
        if revised:
            return "changed"
        return "extended" if row != known.row else "unchanged"

    def _doubt(
        self,
        known: article_rows.ArticleRows,
        earlier: Observation | None,
        article_id: str,
        page: Page,
        said: Fields,
    ) -> Doubt | None:
        """Return why what a page of a known article says is suspicious; None where it is not.

        A page is compared with what it said before; one that is seen for the first time, with the
        row whose text it would replace.
        """
        if earlier is not None:
            if _says_the_same(earlier.fields, said):
                return None
            return self._suspects.doubt_in_change(page, earlier.fields, said)
        rank = known.row["body_rank"]
        if rank and (said["body_rank"] or 0) >= rank:
            return self._suspects.doubt_in_change(page, known.row, said)
        return self._suspects.doubt_in_new(article_id, page, said)

    def _keep_suspicious(self, told: Suspect, doubt: Doubt, loader_version: int) -> str | None:
        """Keep what is suspicious apart; return since when it is to be believed, if it now is."""
        since = self._suspects.note(told, doubt)
        if since is not None:
            self._suspects.settle(told.page.identity, "confirmed")
        else:
            self._reject(Rejected(told.page, REASON, doubt.detail), loader_version)
        return since

    def _is_doubted(self, article: Article, loader_version: int) -> bool:
        """Whether the first page of an article is suspicious; then it is kept apart."""
        code, page = code_of(article), page_of(article)
        if page.kind.is_local:
            return False  # the user's own
        said = observation_of(article, page).fields
        doubt = self._suspects.doubt_in_new(code, page, said)
        if doubt is None:
            return False
        told = Suspect(code, page, said, hash_content(said), store_raw_page(self._db, page))
        self._keep_suspicious(told, doubt, loader_version)
        return True

    def _merge_in(
        self, article_id: str, known: article_rows.ArticleRows, incoming: Observation
    ) -> Fields:
        """Write the row that all pages make with *incoming* among them; return it."""
        row = merge({**known.observations, incoming.key: incoming}.values())
        if row != known.row:
            self._update(article_id, known, row)
            article_rows.rewrite_differences(self._db, known.observations, row)
        return row

    def _update(self, article_id: str, known: article_rows.ArticleRows, row: Fields) -> None:
        assert known.first_seq is not None  # noqa: S101  it is stored
        article_rows.update_article(
            self._db, article_id, known, row, seq=self._next_seq(), now=utc_now()
        )
        indexed, _ = self._texts.get(known.first_seq, (known.row, row))
        self._texts[known.first_seq] = indexed, row

    def _add_older(
        self,
        article_id: str,
        known: article_rows.ArticleRows,
        current: Observation,
        incoming: Observation,
        page: Page,
    ) -> Verdict:
        """An earlier state of a page that is known: it fills gaps, and is kept as a revision."""
        filled = replace(current, fields=carry_over(incoming.fields, current.fields))
        row = self._merge_in(article_id, known, filled)
        article_rows.rewrite_differences(self._db, {filled.key: filled}, row)
        if hash_content(incoming.fields) == known.evidence[current.key]["content_hash"]:
            article_rows.date_back(self._db, filled.key, incoming.observed_at)
        elif _supplied_what_changed(known, current, incoming) and not article_rows.has_revision(
            self._db, incoming.key, incoming.observed_at
        ):
            evidence = {
                "page_hash": store_raw_page(self._db, page),
                "last_seen_at": incoming.observed_at,
            }
            after = max(current.observed_at, incoming.observed_at)
            article_rows.write_revision(self._db, article_id, incoming, evidence, after)
            return "changed"
        return "extended" if row != known.row else "unchanged"

    def _touch(self, incoming: Observation, page: Page) -> Verdict:
        """The page says what it said: only when it was last seen is new.

        The bytes of a fetched page are not stored again. The site stamps every page with the number
        of its build, so they differ every five minutes, and a young article is revisited often. A
        file is exported byte for byte: its bytes are kept as they are now, if only the footer was
        edited.
        """
        page_hash = store_raw_page(self._db, page) if page.kind.is_local else None
        self._suspects.settle(incoming.key, "withdrawn")
        self._db.execute(
            "UPDATE observations SET last_seen_at = ?, url = ?, etag = ?, last_modified = ?,"
            " gone_at = NULL, page_hash = coalesce(?, page_hash)"
            " WHERE site = ? AND page_kind = ? AND page_id = ? AND (? OR last_seen_at <= ?)",
            (
                page.observed_at,
                page.url,
                page.etag,
                page.last_modified,
                page_hash,
                *incoming.key,
                page.is_fetched,
                page.observed_at,
            ),
        )
        return "unchanged"

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq


def _until(
    earlier: Observation, known: article_rows.ArticleRows, page: Page
) -> tuple[Observation, Fields]:
    """Return what a page said and its evidence, none of it later than what the page says now.

    A clock that was ahead may have written later times.
    """
    evidence, latest = known.evidence[earlier.key], page.observed_at
    seen = {**evidence, "last_seen_at": min(evidence["last_seen_at"], latest)}
    return replace(earlier, observed_at=min(earlier.observed_at, latest)), seen


def last_seq(db: sqlite3.Connection) -> int:
    """Return the highest sequence number given: whatever meta says, no less than any article's."""
    sql = (
        "SELECT max(coalesce((SELECT value FROM meta WHERE key = 'seq'), 0),"
        " coalesce((SELECT max(seq) FROM articles), 0))"
    )
    found = db.execute(sql).fetchone()[0]
    if type(found) is not int or found > LAST_SEQ:
        raise Unexpected(
            f"The last sequence number of the archive is {str(found)[:40]!r}, which no run has "
            "given. Nothing was written; `newscrawl verify` lists all problems."
        )
    return found


def code_of(article: Article) -> str:
    """Return the article's id.

    :raises ValueError: it has none.
    """
    if article.id is None:
        raise ValueError("an article needs its article_id before it is stored")
    return article.id


def page_of(article: Article) -> Page:
    """Return the page that the article was seen on.

    :raises ValueError: it has none.
    """
    if article.page is None:
        raise ValueError("an article needs its page before it is stored")
    return article.page


def _worth(said: Sequence[Observation]) -> Iterator[Verdict]:
    """Return the verdict on each page of a new article, in order."""
    row: Fields | None = None
    for count in range(1, len(said) + 1):
        earlier, row = row, merge(said[:count]) if len(said) > 1 else None
        yield "new" if count == 1 else "extended" if row != earlier else "unchanged"


def _evidence(article: Article, content_hash: str, page_hash: str, loader_version: int) -> Fields:
    """The columns of an observation that are not its fields."""
    page = page_of(article)
    return {
        "last_seen_at": page.observed_at,
        "content_hash": content_hash,
        "page_hash": page_hash,
        "content_type": page.content_type,
        "etag": page.etag,
        "last_modified": page.last_modified,
        "loader_version": loader_version,
        "unknown": json.dumps(article.unknown, ensure_ascii=False) if article.unknown else None,
    }


def observation_of(article: Article, page: Page) -> Observation:
    """Return what *page* says as an observation to merge."""
    fields: Fields = dict(zip(FIELDS, _FIELDS_OF(article), strict=True))
    fields["body_rank"] = None if article.body_rank is None else int(article.body_rank)
    fields["mentions"] = (
        sorted(
            [m.market, m.code, m.name, m.kind, m.times, str(m.origin)]
            for m in article.mentions or ()
        )
        or None
    )
    for name in ("categories", "tags"):
        fields[name] = sorted(set(fields[name] or ())) or None
    fields["images"] = fields["images"] or None
    return Observation(
        site=page.site, page_kind=page.kind, page_id=page.id, url=page.url,
        observed_at=page.observed_at, fields=fields, ordered_at=page.ordered_at,
    )  # fmt: skip


def hash_content(fields: Fields) -> str:
    """Return the hash of what a revision is made of, without white space."""
    text = "\x1f".join("".join(str(fields.get(name) or "").split()) for name in REVISED)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _says_the_same(earlier: Fields, said: Fields) -> bool:
    """Whether nothing is changed that a revision or a summary is made of, white space aside."""
    later = carry_over(earlier, said)
    return hash_content(earlier) == hash_content(later) and earlier["summary"] == later["summary"]


def _supplied_what_changed(
    known: article_rows.ArticleRows, earlier: Observation, incoming: Observation
) -> bool:
    """Whether *earlier* supplied a field of the row in which *incoming* says something else.

    So it does, too, where its post file supplies the field because both say the same.
    """
    supplier = suppliers(known.observations.values(), prefer_files=False)
    return any(
        supplier.get(name) is earlier and earlier.fields[name] != incoming.fields[name]
        for name in REVISED
    )
