"""Reads rejected pages again, from their stored bytes, with the present rules."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from newscrawl import sites
from newscrawl.items import ENDS, Article, End, Page
from newscrawl.runs.ledger import Ledger
from newscrawl.sites import REASONS, Unreadable
from newscrawl.sites.normalise import missing, normalise, published_in_utc
from newscrawl.store import article_rows
from newscrawl.store.clock import utc_now
from newscrawl.store.errors import Damaged, StoreError
from newscrawl.store.merge import carry_over
from newscrawl.store.merger import hash_content, observation_of
from newscrawl.store.raw_pages import load_raw_page
from newscrawl.store.writer import Writer


@dataclass(frozen=True, slots=True)
class Rejected:
    """A page that gave no article, as it is kept."""

    id: int
    reason: str
    page: Page
    """Still without its bytes."""
    page_hash: str


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


def count_rejected(db: sqlite3.Connection, reasons: Iterable[str] = ()) -> int:
    """Return the number of pages that can be read again."""
    return len(_ids(db, tuple(reasons)))


def retry(
    writer: Writer, reasons: Iterable[str] = (), *, each: Callable[[], None] | None = None
) -> Retried:
    """Read every rejected page again; store what is an article now, and forget its reject.

    What still is none keeps its row, with what the present rules say of it. *reasons* are the
    reasons to try, all of them where none is named; *each* is called after every page.
    """
    reasons = tuple(reasons)
    db, ledger, found = writer.connection, Ledger(), Retried()
    ids = _ids(db, reasons)
    found.untried = _count_all(db, reasons) - len(ids)
    for rejected in _load(db, ids):
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


def waiting(db: sqlite3.Connection) -> list[tuple[int, str, str]]:
    """Return what is suspicious and may be accepted: ids of rejects, addresses and details."""
    return db.execute(
        "SELECT id, url, detail FROM rejects WHERE reason = 'suspicious'"
        " AND page_hash IN (SELECT hash FROM raw_pages) ORDER BY id"
    ).fetchall()


def accept(
    writer: Writer, ids: Iterable[int], *, each: Callable[[], None] | None = None
) -> Retried:
    """Take in what pages show although it is suspicious: the user says that it is true.

    *ids* are those of :func:`waiting`. A page that the present rules cannot read stays.
    """
    ledger, found = Ledger(), Retried()
    for rejected in _load(writer.connection, [*ids]):
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


def _accept(writer: Writer, rejected: Rejected, found: Retried) -> End:
    page = rejected.page
    try:
        page.body = load_raw_page(writer.connection, rejected.page_hash)
        return writer.accept(_read(page), loader_version=sites.LOADER_VERSION)
    except (Unreadable, Damaged) as error:
        found.errors.append(f"{page.url}: {error}")
        return "rejected"


def _retry(writer: Writer, rejected: Rejected, found: Retried) -> End:
    page = rejected.page
    try:
        page.body = load_raw_page(writer.connection, rejected.page_hash)
        article = _read(page)
        if (says_so := _says_so_since(writer.connection, article, page)) is not None:
            found.overtaken += not says_so
            return _forget(writer, rejected, "unchanged") if says_so else "rejected"
        verdict = writer.add(article, loader_version=sites.LOADER_VERSION)
    except Unreadable as error:
        return _keep(writer, rejected, error.reason, error.detail)
    except Damaged as error:
        found.errors.append(f"{page.url}: {error}")
        return "rejected"
    except (StoreError, sqlite3.Error):
        raise
    except Exception as error:  # one page with a bug must not end the others
        found.errors.append(f"{page.url}: {error!r}")
        return _keep(writer, rejected, "crash", f"a bug in newscrawl: {error!r}")
    return _forget(writer, rejected, verdict)


def _read(page: Page) -> Article:
    """Return the article of a page as the pipelines would hand it on.

    :raises Unreadable: it has none.
    """
    article = sites.read_page(page)
    if reason := missing(article):
        raise Unreadable(reason, REASONS[reason])
    normalise(article)
    if page.kind == "post_file":  # as where it is loaded
        page.observed_at = published_in_utc(article) or page.observed_at
    return article


def _says_so_since(db: sqlite3.Connection, article: Article, page: Page) -> bool | None:
    """Whether a page that was read before and after it was rejected says the same then.

    None where it was not: else a look between two others would be stored as the last one.
    """
    assert article.info_code is not None  # noqa: S101  missing() has looked
    incoming = observation_of(article, page)
    known = article_rows.load_article(db, article.info_code)
    stored = known.observations.get(incoming.key)
    if stored is None:
        return None
    evidence = known.evidence[incoming.key]
    if not stored.observed_at <= page.observed_at < evidence["last_seen_at"]:
        return None
    said = carry_over(stored.fields, incoming.fields)
    return bool(hash_content(said) == evidence["content_hash"])


def _forget(writer: Writer, rejected: Rejected, end: End) -> End:
    """End a reject, in the transaction that stores what its page gives."""
    _begin(writer.connection)
    writer.connection.execute("DELETE FROM rejects WHERE id = ?", (rejected.id,))
    return end


def _keep(writer: Writer, rejected: Rejected, reason: str, detail: str) -> End:
    """Keep a reject, with what the present rules say of it."""
    db, same = writer.connection, (rejected.page.url, reason, rejected.id)
    _begin(db)
    # The same bytes may be there for that reason already: then that row tells nothing more.
    db.execute(
        "DELETE FROM rejects WHERE url = ? AND reason = ? AND id <> ? AND page_hash = ?",
        (*same, rejected.page_hash),
    )
    # Other bytes of that address stay, and then this row cannot have their reason, too.
    others = "SELECT 1 FROM rejects WHERE url = ? AND reason = ? AND id <> ?"
    if db.execute(others, same).fetchone() is not None:
        reason, detail = rejected.reason, f"{REASONS[reason]}: {detail}"
    db.execute(
        "UPDATE rejects SET reason = ?, detail = ?, loader_version = ? WHERE id = ?",
        (reason, detail, sites.LOADER_VERSION, rejected.id),
    )
    return "rejected"


def _begin(db: sqlite3.Connection) -> None:
    if not db.in_transaction:
        db.execute("BEGIN IMMEDIATE")


# Of an answer its text says which article it is. Of another page its address said so, when it led
# elsewhere: its bytes are a good page, and would be stored as an article that they are not. What
# is suspicious was read; accept() takes it.
_TRIED = (
    "page_hash IN (SELECT hash FROM raw_pages) AND page_kind <> 'list' AND reason <> 'suspicious'"
    " AND NOT (reason = 'wrong_id' AND page_kind <> 'api_answer')"
)


def _ids(db: sqlite3.Connection, reasons: tuple[str, ...]) -> list[int]:
    sql = f"SELECT id FROM rejects WHERE {_TRIED}{_among(reasons)} ORDER BY id"  # noqa: S608
    return [number for (number,) in db.execute(sql, reasons)]


def _count_all(db: sqlite3.Connection, reasons: tuple[str, ...]) -> int:
    sql = f"SELECT count(*) FROM rejects WHERE true{_among(reasons)}"  # noqa: S608  marks only
    return int(db.execute(sql, reasons).fetchone()[0])


def _among(reasons: tuple[str, ...]) -> str:
    return f" AND reason IN ({', '.join('?' * len(reasons))})" if reasons else ""


def _load(db: sqlite3.Connection, ids: list[int]) -> Iterator[Rejected]:
    for number in ids:
        row = db.execute(
            "SELECT reason, page_hash, page_kind, page_id, url, last_seen_at, site,"
            " content_type FROM rejects WHERE id = ?",
            (number,),
        ).fetchone()
        if row is None:
            continue  # it told of the same page as one before
        reason, page_hash, kind, page_id, url, seen, site, content_type = row
        page = Page(
            kind=kind, id=page_id, url=url, body=b"", observed_at=seen or utc_now(), site=site,
            content_type=content_type,
        )  # fmt: skip
        yield Rejected(number, reason, page, page_hash)
