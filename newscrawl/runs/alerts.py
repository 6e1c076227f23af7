"""Alerts on new and changed articles: each is sent at least once, whenever the program is killed.

A file beside the watchlist, the cursor, says how much of the archive was seen and what is still to
be sent. What is found is written there before any of it is sent, and taken out once a service has
taken it. So a message comes twice only if the program ended between the service's answer and the
writing of the cursor; it has the same key then.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from newscrawl.archive.article import StoredArticle, read_article
from newscrawl.archive.events import Event, Position, events_since, position
from newscrawl.archive.watchlist import Rule
from newscrawl.runs.services import Service, send
from newscrawl.store import identity
from newscrawl.store.errors import AlreadyRunning
from newscrawl.text.china_time import CHINA

if TYPE_CHECKING:
    from newscrawl.store.connections import Connection

TITLE = Template("[$rules] $title")
BODY = Template("$source $time ($kind)\n$link")
"""What a message says of an article."""
MOST = 200
"""Articles in the mail of a day; of the rest it says how many there are."""


class BadCursor(ValueError):
    """A cursor that is not of this archive; the message says what to do."""


@dataclass(slots=True)
class Pending:
    """A message that a service has not taken yet."""

    kind: str
    article_id: str
    number: int
    rules: list[str]
    services: list[str]
    """The names of the services that it is still to be sent to."""


@dataclass(slots=True)
class Cursor:
    """What was seen of an archive, and what is still to be sent."""

    archive_id: str
    seq: int
    revision: int
    sent_on: str | None = None
    """The last day in China of which the mail was sent."""
    pending: list[Pending] = field(default_factory=list)
    run: int = 0
    """The last run that was seen; with the time at which it began, it tells a restored archive that
    has grown again."""
    began: str | None = None

    def key(self, *pending: Pending) -> str:
        """Return what is the same whenever the same is sent again."""
        said = [self.archive_id, *(f"{p.kind} {p.article_id} {p.number}" for p in pending)]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one call."""

    messages: int
    """Messages that services took."""
    waiting: int
    """Articles that are still to be sent to one service or more."""
    failed: tuple[str, ...]
    """The services that did not take a message, as they are shown."""
    is_first: bool = False
    """Whether only the end of the archive was noted."""


def alert(
    connection: Connection, rules: Sequence[Rule], services: Sequence[Service], file: Path, *,
    since: int | None = None, daily_at: str | None = None, body: Template = BODY,
    now: Callable[[], datetime] = lambda: datetime.now(CHINA),
) -> Sent:  # fmt: skip
    """Send what is new or changed since the last call, to each service.

    The first call only notes the present end of the archive; *since* begins after a sequence
    number instead. With *daily_at*, ``08:00`` in China, one message a day has all articles.

    :raises BadCursor: the cursor is not of this archive, or the archive is older than it.
    :raises BadFilter: a rule names a security that the archive does not know.
    :raises AlreadyRunning: another process has the cursor.
    """
    with _locked(file):
        is_first = since is None and not file.exists()
        cursor = _load(connection, file, since)
        cursor.run, cursor.began = _last_run(connection)
        found, until = events_since(connection, Position(cursor.seq, cursor.revision), rules)
        names = [each.name for each in services]
        cursor.pending += [_pending(each, names) for each in found]
        for each in cursor.pending:  # a service that is no longer named gets nothing
            each.services = [name for name in each.services if name in names]
        cursor.pending = [each for each in cursor.pending if each.services]
        cursor.seq, cursor.revision = until.seq, until.revision
        _store(cursor, file)
        if daily_at is None:
            sent = _send_each(connection, cursor, services, file, body)
        else:
            sent = _send_day(connection, cursor, services, file, body, daily_at, now())
        return replace(sent, is_first=is_first)


def _pending(event: Event, names: list[str]) -> Pending:
    return Pending(event.kind, event.article_id, event.number, [*event.rules], [*names])


# -- the cursor -----------------------------------------------------------------------------


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        with FileLock(f"{file}.lock", timeout=0):
            yield
    except Timeout:
        raise AlreadyRunning(f"Another process sends the alerts of {file}.") from None


def _load(connection: Connection, file: Path, since: int | None) -> Cursor:
    """Return the cursor of an archive; a new one at its end where there is none."""
    archive_id, end = str(identity.archive_id(connection)), position(connection)
    if not file.exists():
        return Cursor(archive_id, end.seq if since is None else since, end.revision)
    cursor = _read(file)
    if cursor.archive_id != archive_id:
        raise BadCursor(f"{file} is of another archive. Name another file with --cursor")
    if since is not None:  # what waits is still sent
        cursor.seq, cursor.revision = since, min(cursor.revision, end.revision)
    if cursor.seq > end.seq or cursor.revision > end.revision:
        raise BadCursor(
            f"The archive ends at seq {end.seq}, before the {cursor.seq} of {file}: it was "
            f"restored. Go on from a seq with --from, for example --from {end.seq}"
        )
    if since is None and not _has_run(connection, cursor):
        raise BadCursor(
            f"The archive does not have the last run that {file} has seen: it was restored, and "
            "may have grown since. Go on from the last seq of the copy with --from; "
            f"--from {end.seq} skips what was stored since"
        )
    return cursor


def _last_run(connection: Connection) -> tuple[int, str | None]:
    sql = "SELECT id, started_at FROM runs ORDER BY id DESC LIMIT 1"
    number, began = connection.execute(sql).fetchone() or (0, None)
    return number, began


def _has_run(connection: Connection, cursor: Cursor) -> bool:
    """Whether the last run that was seen is there, or was pruned since."""
    sql = "SELECT started_at FROM runs WHERE id = ?"
    if row := connection.execute(sql, (cursor.run,)).fetchone():
        return bool(row[0] == cursor.began)
    return _last_run(connection)[0] >= cursor.run


def _read(file: Path) -> Cursor:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        pending = [Pending(**each) for each in read.pop("pending")]
        return Cursor(**read, pending=pending)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadCursor(f"{file} is not a cursor: {error}. Remove it, or name another") from None


def _store(cursor: Cursor, file: Path) -> None:
    """Write the cursor: whole, or not at all."""
    beside = Path(f"{file}.new")
    with beside.open("w", encoding="utf-8") as new:
        json.dump(asdict(cursor), new, ensure_ascii=False)
        new.flush()
        os.fsync(new.fileno())
    beside.replace(file)


# -- messages -------------------------------------------------------------------------------


def _send_each(
    connection: Connection, cursor: Cursor, services: Sequence[Service], file: Path, body: Template
) -> Sent:
    """Send a message for each article; a service that does not take one is left alone."""
    failed: dict[str, str] = {}
    messages = 0
    for each in [*cursor.pending]:
        wanted = set(each.services) - failed.keys()
        if not wanted:
            continue
        title, text = _message(connection, each, body)
        for service in (service for service in services if service.name in wanted):
            if send(service, title, text, cursor.key(each)):
                each.services.remove(service.name)
                messages += 1
                _settle(cursor, file)
            else:
                failed[service.name] = service.shown
    return Sent(messages, len(cursor.pending), tuple(failed.values()))


def _send_day(
    connection: Connection, cursor: Cursor, services: Sequence[Service], file: Path,
    body: Template, daily_at: str, now: datetime,
) -> Sent:  # fmt: skip
    """Send all articles in one message, once a day and not before its time."""
    today = now.date().isoformat()
    if not cursor.pending or cursor.sent_on == today or f"{now:%H:%M}" < daily_at:
        return Sent(0, len(cursor.pending), ())
    failed = []
    messages = 0
    for service in services:
        mine = [each for each in cursor.pending if service.name in each.services]
        if not mine:
            continue
        said = ["\n".join(_message(connection, each, body)) for each in mine[:MOST]]
        rest = f"\n\nand {len(mine) - MOST} more" if len(mine) > MOST else ""
        title = f"newscrawl: {len(mine)} articles, {today}"
        if send(service, title, "\n\n".join(said) + rest, cursor.key(*mine)):
            messages += 1
            for each in mine:
                each.services.remove(service.name)
            _settle(cursor, file)
        else:
            failed.append(service.shown)
    if not failed:
        cursor.sent_on = today
        _store(cursor, file)
    return Sent(messages, len(cursor.pending), tuple(failed))


def _settle(cursor: Cursor, file: Path) -> None:
    """Write that a service took a message."""
    cursor.pending = [each for each in cursor.pending if each.services]
    _store(cursor, file)


def _message(connection: Connection, pending: Pending, body: Template) -> tuple[str, str]:
    """Return title and text of the message on one article."""
    article = read_article(connection, pending.article_id)
    said = {"rules": ", ".join(pending.rules), "kind": pending.kind, **_said(article, pending)}
    return TITLE.safe_substitute(said), body.safe_substitute(said)


def _said(article: StoredArticle | None, pending: Pending) -> dict[str, str]:
    if article is None:
        return {"title": pending.article_id, "source": "", "time": "", "link": ""}
    return {
        "title": article.title or (article.summary or article.body_text or article.id)[:60],
        "source": article.source or "",
        "time": (article.published_at or "")[:16].replace("T", " "),
        "link": article.share_url or article.original_url or "",
    }


def send_test(services: Sequence[Service]) -> Sent:
    """Send each service a message that says it works."""
    text = "newscrawl can reach you here."
    key = hashlib.sha256(os.urandom(16)).hexdigest()[:32]
    failed = [each.shown for each in services if not send(each, "newscrawl: a test", text, key)]
    return Sent(len(services) - len(failed), 0, tuple(failed))
