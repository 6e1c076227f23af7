"""Parses stored pages again by the present rules: the job behind ``newscrawl reextract``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from newscrawl import sites
from newscrawl.items import FIELDS, PageKind
from newscrawl.sites.normalise import missing, normalise
from newscrawl.store import article_rows, stored_pages
from newscrawl.store.errors import Damaged, Pruned
from newscrawl.store.merge import carry_over, merge
from newscrawl.store.merger import hash_content, observation_of
from newscrawl.store.observation import Fields, Observation
from newscrawl.store.stored_pages import states_of
from newscrawl.store.stored_times import StoredTimes

if TYPE_CHECKING:
    from newscrawl.store.connections import Connection
    from newscrawl.store.writer import Writer


@dataclass(slots=True)
class Reread:
    """One article whose pages were read again."""

    article_id: str
    known: article_rows.ArticleRows
    observations: dict[article_rows.Key, Observation]
    row: Fields

    @property
    def changed(self) -> list[str]:
        """Fields of the row that would change."""
        return [name for name in FIELDS if self.row[name] != self.known.row[name]]


@dataclass(slots=True)
class Survey:
    """What reading everything again would change."""

    articles: int = 0
    changed: int = 0
    older: int = 0
    """Pages that were last read by an earlier version of the rules."""
    fields: Counter[str] = field(default_factory=Counter)
    """For each field, the number of articles in which it would change."""
    pruned: int = 0
    """Pages whose bytes were pruned; they stay as they are."""
    unreadable: list[str] = field(default_factory=list)
    """Pages that the present rules cannot read, with the reason; they stay as they are."""


def survey(db: Connection, *, each: Callable[[], None] | None = None) -> Survey:
    """Read every stored page again and count what would change; write nothing.

    *each* is called after every article, to show progress.
    """
    found = Survey(older=stored_pages.count_older(db, sites.LOADER_VERSION))
    for reread in _reread_all(db, found):
        found.articles += 1
        found.changed += bool(reread.changed)
        found.fields.update(reread.changed)
        if each is not None:
            each()
    return found


def can_reread(db: Connection, article_id: str) -> bool:
    """Whether the stored pages of an article give it again."""
    found = Survey()
    reread = next(_reread_all(db, found, [article_id], damaged=True))
    kinds = [PageKind(each.page_kind) for each in reread.observations.values()]
    is_all_read = bool(kinds) and all(each.is_read_again for each in kinds)
    return is_all_read and not found.unreadable and not found.pruned


def rewrite(
    writer: Writer, article_ids: Iterable[str] | None = None, *,
    each: Callable[[], None] | None = None, damaged: bool = False,
) -> Survey:  # fmt: skip
    """Read stored pages again and write what changes; return what did.

    Those of *article_ids*, or of all articles; *damaged* says that their rows may be. Better rules
    are not an edit of the article: no revision is made. Articles that change get a new ``seq``.
    """
    found = Survey()
    for reread in _reread_all(writer.connection, found, article_ids, damaged=damaged):
        found.articles += 1
        if reread.changed:
            found.changed += 1
            found.fields.update(reread.changed)
        writer.rewrite(
            reread.article_id, reread.known, reread.observations, reread.row,
            content_hashes={
                key: hash_content(each.fields) for key, each in reread.observations.items()
            },
            loader_version=sites.LOADER_VERSION,
        )  # fmt: skip
        writer.commit_if_due()
        if each is not None:
            each()
    return found


def _reread_all(
    db: Connection, found: Survey, article_ids: Iterable[str] | None = None,
    *, damaged: bool = False,
) -> Iterator[Reread]:  # fmt: skip
    times = StoredTimes(db)
    for article_id in stored_pages.article_ids(db) if article_ids is None else article_ids:
        known = article_rows.load_article(db, article_id, damaged=damaged)
        observations = {key: _reread(db, key, known, found, times) for key in known.observations}
        yield Reread(article_id, known, observations, merge(observations.values()))


def _reread(
    db: Connection,
    key: article_rows.Key,
    known: article_rows.ArticleRows,
    found: Survey,
    times: StoredTimes,
) -> Observation:
    """Read a page as it was at each change, so that what it lacks now is still known."""
    observation = known.observations[key]
    if not PageKind(observation.page_kind).is_read_again:
        return observation
    said: Fields = dict.fromkeys(FIELDS)
    try:
        states = list(states_of(db, key, observation.url, times))
    except KeyError:
        found.unreadable.append(f"{observation.url}: its bytes are not in the archive")
        return observation
    except Pruned:
        found.pruned += 1
        return observation
    except Damaged as error:
        found.unreadable.append(f"{observation.url}: {error}")
        return observation
    for page in states:
        try:
            article = sites.read_page(page)
        except sites.Unreadable as error:
            found.unreadable.append(f"{page.url}: {error}")
            return observation
        if reason := missing(article):
            found.unreadable.append(f"{page.url}: {sites.REASONS[reason]}")
            return observation
        said = carry_over(said, observation_of(normalise(article), page).fields)
    return replace(observation, fields=said)
