"""Keeps suspicious observations out of the merge until they are withdrawn, confirmed or accepted.

One row per page, with the last content that was doubted, and its reject, which counts it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from newscrawl.items import Page
from newscrawl.store import suspicion
from newscrawl.store.article_rows import Key
from newscrawl.store.observation import Fields
from newscrawl.store.stored_times import shifted
from newscrawl.store.suspicion import Doubt, Reason

FALSE: tuple[Reason, ...] = ("placeholder", "shared")
"""Doubts in a text that is of no article at all."""

REASON = "suspicious"
"""The reason of their rejects."""

HOURS_APART = 3
"""Hours between two visits that count as two. Maintenance and broken builds are over by then, or
are seen on more pages than one; the schedule of revisits brings the third after 13.5 hours."""
VISITS = 3
"""Visits that must find the same before a shrunken text is believed."""
SHRUNKEN_TOGETHER = 5
"""Other articles that may shrink in the same time: of more of them it is the site that is ill."""
REPEATED = 3
"""Articles that are new in one run and say the same: the last of them is doubted. A text that is
published twice under two ids is not a placeholder; three do not occur."""
MOST_SHOWN = 20_000
"""Texts of new articles that are held to tell: about 10 MB."""

State = Literal["pending", "withdrawn", "confirmed", "accepted"]

_KEY = "site = ? AND page_kind = ? AND page_id = ?"


@dataclass(slots=True)
class Suspect:
    """A page's observation on which a doubt fell."""

    article_id: str
    page: Page
    said: Fields
    content_hash: str
    page_hash: str


class Suspects:
    """The suspicious observations of an archive, in the transactions of its writer.

    Which pages have one is held in memory, so that all other pages cost no question.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.clock_difference = 0
        """Seconds by which the servers' clocks are ahead of ours: visits are counted by theirs."""
        self._shown: dict[str, dict[str, str]] = {}
        """Hashes of short texts that were new in this run: for each, the titles by the ids."""
        self.load()

    def load(self) -> None:
        """Read which pages have one, and which texts are known, as the archive has them."""
        rows = self._db.execute(
            "SELECT site, page_kind, page_id, text_hash, reason, state FROM suspicious_observations"
        ).fetchall()
        self._pending = {tuple(row[:3]) for row in rows if row[5] == "pending"}
        self._false = {row[3] for row in rows if row[4] in FALSE and row[5] != "accepted"}
        self._accepted = {row[3] for row in rows if row[5] == "accepted"}

    def doubt_in_new(self, article_id: str, page: Page, said: Fields) -> Doubt | None:
        """Return why the first page of an article is doubted; None where it is not."""
        if page.kind.is_local:
            return None  # the user's own
        doubt = suspicion.of_new(said)
        text = suspicion.text_hash(said) if suspicion.may_be_repeated(said) else None
        if text is not None and doubt is None and self._is_repeated(text, article_id, said):
            doubt = Doubt("shared", f"{suspicion.REASONS['shared']}: {suspicion.excerpt_of(said)}")
        return None if text in self._accepted else doubt

    def _is_repeated(self, text: str, article_id: str, said: Fields) -> bool:
        if text in self._false:
            # A site that mixes up its pages shows a story in many places, and in its own.
            is_short = len(suspicion.shown_text(said)) <= suspicion.FLASH
            return is_short or not suspicion.tells_of_title(said)
        if len(self._shown) > MOST_SHOWN:
            self._shown.clear()
        shown, title = self._shown.setdefault(text, {}), said.get("title") or ""
        if article_id in shown or len(shown) < REPEATED - 1:
            shown[article_id] = title
            return False
        return {*shown.values()} == {title} or not suspicion.tells_of_title(said)

    def doubt_in_change(self, page: Page, earlier: Fields, later: Fields) -> Doubt | None:
        """Return why a change of a page is doubted; None where it is not."""
        if page.kind.is_local:
            return suspicion.of_letters(earlier, later)
        if suspicion.text_hash(earlier) in self._false:
            return suspicion.of_new(later)  # at last it shows its article
        return suspicion.of_change(earlier, later)

    def note(self, told: Suspect, doubt: Doubt) -> str | None:
        """Keep an observation; return since when it is to be believed, where it now is."""
        text = suspicion.text_hash(told.said)
        if doubt.reason == "shrunken" and self._is_shared(text, told.article_id):
            doubt = Doubt("shared", doubt.detail)
        since = self._visit(told, doubt, text)
        if doubt.reason in FALSE:
            self._false.add(text)
        return since if doubt.reason == "shrunken" else None

    def _is_shared(self, text: str, article_id: str) -> bool:
        """Whether other articles say the same; what was taken for theirs alone is theirs no more.

        A visit of the same run to an article that was new with it counts.
        """
        if text in self._false or set(self._shown.get(text, {})) - {article_id}:
            return True
        others = self._db.execute(
            "UPDATE suspicious_observations SET reason = 'shared'"
            " WHERE text_hash = ? AND article_id <> ? AND state IN ('pending', 'withdrawn')",
            (text, article_id),
        ).rowcount
        return others > 0

    def _visit(self, told: Suspect, doubt: Doubt, text: str) -> str | None:
        page, key = told.page, told.page.identity
        row = self._db.execute(
            "SELECT first_seen_at, counted_at, visits FROM suspicious_observations"  # noqa: S608
            f" WHERE {_KEY} AND state = 'pending' AND content_hash = ?",
            (*key, told.content_hash),
        ).fetchone()
        present = shifted(page.observed_at, self.clock_difference)
        first, counted, visits = row or (page.observed_at, present, 1)
        if _hours(counted, present) >= HOURS_APART:
            counted, visits = present, visits + 1
        counted = min(counted, present)  # a clock that no server contradicted was ahead
        values = (
            *key, told.article_id, doubt.reason, suspicion.excerpt_of(told.said), text,
            told.content_hash, told.page_hash, first, page.observed_at, counted, visits,
        )  # fmt: skip
        self._db.execute(
            "INSERT OR REPLACE INTO suspicious_observations (site, page_kind, page_id,"
            " article_id, reason, excerpt, text_hash, content_hash, page_hash, first_seen_at,"
            " last_seen_at, counted_at, visits, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')",
            values,
        )
        self._pending.add(key)
        is_due = visits >= VISITS and self._shrunken_with(page, first) <= SHRUNKEN_TOGETHER
        return first if is_due else None

    def _shrunken_with(self, page: Page, first: str) -> int:
        """Count other articles of the site that shrank in the time since *first*."""
        sql = (
            "SELECT count(DISTINCT article_id) - 1 FROM suspicious_observations"
            " WHERE site = ? AND reason = 'shrunken' AND state = 'pending'"
            " AND last_seen_at >= ?"
        )
        return int(self._db.execute(sql, (page.site, first)).fetchone()[0])

    def settle(self, key: Key, state: State) -> None:
        """End the doubt in a page, if there is one: it is rejected no more."""
        if key not in self._pending:
            return
        self._pending.discard(key)
        self._db.execute(
            f"UPDATE suspicious_observations SET state = ? WHERE {_KEY}",  # noqa: S608
            (state, *key),
        )
        if state == "accepted":
            self.load()
        self._db.execute(
            f"DELETE FROM rejects WHERE {_KEY} AND reason = ?",  # noqa: S608  constant names
            (*key, REASON),
        )

    def seen(self, key: Key) -> tuple[str, str] | None:
        """Return when a page first and last had its suspicious content; None if it has none."""
        row: tuple[str, str] | None = self._db.execute(
            "SELECT first_seen_at, last_seen_at FROM suspicious_observations"  # noqa: S608
            f" WHERE {_KEY} AND state = 'pending'",
            key,
        ).fetchone()
        return row


def _hours(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds() / 3600


# -- what is said of them ------------------------------------------------------------------------

_SENTENCES: dict[Reason, tuple[str, str]] = {
    "shared": (
        "1 page shows a text of other articles in the place of its own",
        "{} pages show the same text in the place of their articles",
    ),
    "placeholder": (
        "1 page shows a placeholder in the place of its article",
        "{} pages show a placeholder in the place of their articles",
    ),
    "lost_letters": (
        "1 page has lost the letters of its article",
        "{} pages have lost the letters of their articles",
    ),
    "shrunken": (
        "1 page has lost most of its article's text",
        "{} pages have lost most of their articles' texts",
    ),
}


def sentences(db: sqlite3.Connection, *, run_id: int | None = None, since: str = "") -> list[str]:
    """Return sentences about what is suspicious, the most frequent first.

    *run_id* limits them to one run; *since* leaves out what was last seen before.
    """
    return [
        f"{_SENTENCES[reason][pages > 1].format(pages)}: {excerpt}"
        for reason, pages, excerpt in _groups(db, run_id, since)
    ]


def _groups(
    db: sqlite3.Connection, run_id: int | None, since: str
) -> list[tuple[Reason, int, str]]:
    """Return the reasons, how many pages each has, and what one of them says.

    A text that several share is a group of its own.
    """
    return db.execute(
        "SELECT suspicious_observations.reason, count(*) AS pages, min(excerpt)"
        " FROM suspicious_observations JOIN rejects USING (site, page_kind, page_id)"
        " WHERE state = 'pending' AND rejects.reason = 'suspicious'"
        " AND run_id = coalesce(?, run_id) AND suspicious_observations.last_seen_at >= ?"
        " GROUP BY 1, CASE suspicious_observations.reason WHEN 'shared' THEN text_hash END"
        " ORDER BY pages DESC, 3",
        (run_id, since),
    ).fetchall()
