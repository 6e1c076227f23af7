"""Verifies an archive and repairs it: the job behind ``newscrawl verify``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from newscrawl import sites
from newscrawl.runs.reextract import can_reread, rewrite
from newscrawl.sites import Unreadable
from newscrawl.sites.normalise import normalise
from newscrawl.store import integrity, repair
from newscrawl.store.merger import observation_of

if TYPE_CHECKING:
    from newscrawl.items import Page
    from newscrawl.store.connections import Connection
    from newscrawl.store.observation import Fields
    from newscrawl.store.writer import Writer


class _ByPresentRules:
    """Reads stored pages again by the present rules, for :mod:`newscrawl.store.integrity`."""

    def can_reread(self, connection: Connection, article_id: str) -> bool:
        return can_reread(connection, article_id)

    def fields_of(self, page: Page) -> Fields | None:
        if not page.kind.is_read_again:
            return None
        try:
            return observation_of(normalise(sites.read_page(page)), page).fields
        except Unreadable:
            return None


def find_problems(
    connection: Connection, *, quick: bool = False, each: integrity.Step | None = None
) -> Iterator[integrity.Problem]:
    """Yield the problems of an archive; see :func:`newscrawl.store.integrity.problems_of`."""
    return integrity.problems_of(
        connection, _ByPresentRules(), quick=quick, each=each or (lambda: None)
    )


def repair_archive(db: str) -> int:
    """Rebuild what keeps a run from opening the archive, and all that is built from its rows.

    Return the number of raw pages that were found lost.
    """
    return repair.repair_file(db, _ByPresentRules())


def repair_articles(writer: Writer, article_ids: Iterable[str]) -> None:
    """Read the stored pages of these articles again, and write what they say."""
    with integrity.any_text(writer.connection):
        rewrite(writer, article_ids, damaged=True)
        writer.commit()
