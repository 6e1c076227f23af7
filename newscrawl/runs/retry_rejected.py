"""Parses rejected pages again by the present rules: the job behind ``retry-rejected``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newscrawl import sites
from newscrawl.items import ENDS, Article, End, Page
from newscrawl.runs.ledger import Ledger
from newscrawl.sites import REASONS, Unreadable
from newscrawl.sites.normalise import missing, normalise, published_in_utc
from newscrawl.store import article_rows
from newscrawl.store.errors import Damaged, is_store_error
from newscrawl.store.merge import carry_over
from newscrawl.store.merger import hash_content, observation_of
from newscrawl.store.raw_pages import load_raw_page
from newscrawl.store.rejects import (
    RejectedPage,
    count_rejects,
    ids_to_retry,
    load_rejects,
)

if TYPE_CHECKING:
    from newscrawl.store.connections import Connection
    from newscrawl.store.writer import Writer


@dataclass(slots=True)
class Retried:
    """What came of reading rejected pages again."""

    tried: int = 0
    stored: int = 0
    """Pages that give an article now."""
    remain: int = 0
    untried: int = 0
    """Rejects without bytes, answers that were to be lists, and pages of another article."""
    overtaken: int = 0
    """Of those that remain, pages that were seen since, and say something else by now."""
    errors: list[str] = field(default_factory=list)
    """Pages at which a rule fails by a bug, with the bug."""


def retry(
    writer: Writer, reasons: Iterable[str] = (), *, each: Callable[[], None] | None = None
) -> Retried:
    """Read every rejected page again; store what is an article now, and forget its reject.

    A page that still gives none keeps its row, with what the present rules say of it. *reasons*
    are the reasons to try, all of them if none is named; *each* is called after every page.
    """
    reasons = tuple(reasons)
    db, ledger, found = writer.connection, Ledger(), Retried()
    ids = ids_to_retry(db, reasons)
    found.untried = count_rejects(db, reasons) - len(ids)
    for rejected in load_rejects(db, ids):
        ledger.schedule(rejected.page.url + f"#{rejected.id}")
        end = _retry(writer, rejected, found)
        ledger.settle(rejected.page.url + f"#{rejected.id}", end)
        writer.counters = ledger.counters
        writer.commit_if_due()
        if each is not None:
            each()
    found.tried = ledger.counters["scheduled"]
    found.remain = ledger.counters["rejected"]
    found.stored = sum(ledger.counters[end] for end in ENDS) - found.remain
    return found


def accept(
    writer: Writer, ids: Iterable[int], *, each: Callable[[], None] | None = None
) -> Retried:
    """Take in what pages show although it is suspicious: the user says that it is true.

    *ids* are those of :func:`newscrawl.store.rejects.suspicious_rejects`. A page that the present
    rules cannot read stays.
    """
    ledger, found = Ledger(), Retried()
    for rejected in load_rejects(writer.connection, [*ids]):
        ledger.schedule(rejected.page.url)
        ledger.settle(rejected.page.url, _accept(writer, rejected, found))
        writer.counters = ledger.counters
        writer.commit_if_due()
        if each is not None:
            each()
    found.tried = ledger.counters["scheduled"]
    found.remain = ledger.counters["rejected"]
    found.stored = found.tried - found.remain
    return found


def _accept(writer: Writer, rejected: RejectedPage, found: Retried) -> End:
    page = rejected.page
    if not page.kind.is_read_again:
        return "rejected"
    try:
        page.body = load_raw_page(writer.connection, rejected.page_hash)
        return writer.accept(_read(page), loader_version=sites.LOADER_VERSION)
    except (Unreadable, Damaged) as error:
        found.errors.append(f"{page.url}: {error}")
        return "rejected"


def _retry(writer: Writer, rejected: RejectedPage, found: Retried) -> End:
    page = rejected.page
    if not page.kind.is_read_again:
        return "rejected"
    try:
        page.body = load_raw_page(writer.connection, rejected.page_hash)
        article = _read(page)
        if (says_so := _says_so_since(writer.connection, article, page)) is not None:
            found.overtaken += not says_so
            return _remove(writer, rejected, "unchanged") if says_so else "rejected"
        verdict = writer.add(article, loader_version=sites.LOADER_VERSION)
    except Unreadable as error:
        return _update(writer, rejected, error.reason, error.detail)
    except Damaged as error:
        found.errors.append(f"{page.url}: {error}")
        return "rejected"
    except Exception as error:  # one page with a bug must not end the others
        if is_store_error(error):
            raise
        found.errors.append(f"{page.url}: {error!r}")
        return _update(writer, rejected, "crash", f"a bug in newscrawl: {error!r}")
    return _remove(writer, rejected, verdict)


def _read(page: Page) -> Article:
    """Return the article of a page as the pipelines would hand it on.

    :raises Unreadable: it has none.
    """
    article = sites.read_page(page)
    if reason := missing(article):
        raise Unreadable(reason, REASONS[reason])
    normalise(article)
    if page.kind.is_local:  # as where it is loaded
        page.observed_at = published_in_utc(article) or page.observed_at
    return article


def _says_so_since(db: Connection, article: Article, page: Page) -> bool | None:
    """Whether a page that was read before and after it was rejected says the same then.

    None where it was not: otherwise a visit between two others would be stored as the latest.
    """
    assert article.id is not None  # noqa: S101  missing() has checked that
    incoming = observation_of(article, page)
    known = article_rows.load_article(db, article.id)
    stored = known.observations.get(incoming.key)
    if stored is None:
        return None
    evidence = known.evidence[incoming.key]
    if not stored.observed_at <= page.observed_at < evidence["last_seen_at"]:
        return None
    said = carry_over(stored.fields, incoming.fields)
    return bool(hash_content(said) == evidence["content_hash"])


def _remove(writer: Writer, rejected: RejectedPage, end: End) -> End:
    writer.remove_reject(rejected)
    return end


def _update(writer: Writer, rejected: RejectedPage, reason: str, detail: str) -> End:
    writer.update_reject(
        rejected, reason, detail, meaning=REASONS[reason], loader_version=sites.LOADER_VERSION
    )
    return "rejected"
