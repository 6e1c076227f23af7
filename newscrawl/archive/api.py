"""The Python API: ``newscrawl.open("data/news.db")``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from newscrawl.archive.article import StoredArticle, read_article, resolve
from newscrawl.archive.filters import Filters
from newscrawl.archive.latest import Headline, latest
from newscrawl.archive.records import NAMES, Record, changes
from newscrawl.archive.search import Hit, Order, search
from newscrawl.archive.watchlist import read_watchlist
from newscrawl.store.connections import open_for_reading
from newscrawl.text.times import CHINA

if TYPE_CHECKING:
    import pandas as pd


class Archive:
    """An archive, read-only, also while a crawl writes it; a context manager.

    Days are :class:`datetime.date` or text such as ``"2022-01-01"``, in China.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the archive at *path*.

        :raises newscrawl.store.errors.StoreError: there is none that this version can read.
        """
        self.connection = open_for_reading(path)
        """For questions in SQL; see docs/schema.md."""

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def article(self, name: str) -> StoredArticle | None:
        """Return the article that an infoCode or an address names; None where there is none.

        :raises newscrawl.sites.eastmoney.info_code.BadInfoCode: it names none.
        """
        return read_article(self.connection, resolve(self.connection, name))

    def latest(self, *, limit: int | None = None, **filters: Any) -> Iterator[Headline]:
        """Yield the articles in a line each, the latest first.

        Filters, here and below, are those of :class:`newscrawl.archive.filters.Filters`, such as
        ``category``, ``source``, ``security``, ``listing``, ``words``, ``since``, ``until``; and
        ``watchlist``, the path of one, with ``:RULE`` behind it for one of its rules.

        :raises newscrawl.archive.names.BadFilter: one names what the archive does not have.
        """
        return latest(self.connection, _filters(filters), limit=limit)

    def articles(self, **filters: Any) -> Iterator[Record]:
        """Yield the articles, each whole, in the order in which they came or changed."""
        return changes(self.connection, _filters(filters))

    def search(
        self, text: str, *, order: Order = "newest", limit: int | None = None, **filters: Any
    ) -> Iterator[Hit]:
        """Yield the articles that *text* finds, as ``newscrawl search`` does.

        :raises newscrawl.archive.search_query.BadQuery: *text* is not a valid query.
        """
        return search(self.connection, text, _filters(filters), order=order, limit=limit)

    def changes(self, after_seq: int = 0) -> Iterator[Record]:
        """Yield the articles that were inserted or changed after *after_seq*, in that order.

        Keep the ``seq`` of the last one, and go on from it the next time.
        """
        return changes(self.connection, after_seq=after_seq)

    def to_pandas(self, **filters: Any) -> pd.DataFrame:
        """Return the articles as a table; times are times, with their zone.

        :raises ImportError: pandas is not installed.
        """
        import pandas as pd

        rows = [
            {name: getattr(each, name) for name in NAMES if name != "published_at"}
            | {"published_at": each.published}
            for each in self.articles(**filters)
        ]
        table = pd.DataFrame(rows, columns=list(NAMES))
        for name in ("published_at", "first_seen_at", "changed_at"):
            times = pd.to_datetime(table[name], utc=True)
            table[name] = times.dt.tz_convert("Asia/Shanghai") if name == "published_at" else times
        return table


def _filters(named: dict[str, Any]) -> Filters:
    days = {name: _day(name, named[name]) for name in ("since", "until") if named.get(name)}
    chosen: dict[str, Any] = {**named, **days}
    if watchlist := chosen.pop("watchlist", None):
        chosen["rules"] = tuple(each.filters for each in read_watchlist(str(watchlist)))
    return Filters(**chosen)


def _day(name: str, given: date | str) -> date:
    """Return the day in China that is meant.

    :raises ValueError: it is not a day.
    """
    if isinstance(given, datetime):
        return given.astimezone(CHINA).date() if given.tzinfo else given.date()
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise ValueError(f"{name}={given!r} is not a valid date; use YYYY-MM-DD") from None
