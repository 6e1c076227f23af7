"""The Python API: ``newscrawl.open("data/news.db")``."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, TypeVar, Unpack
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from newscrawl.archive.article import StoredArticle, read_article, resolve
from newscrawl.archive.filters import Filters, Names
from newscrawl.archive.latest import Headline, latest
from newscrawl.archive.mentions import mentions_by_day
from newscrawl.archive.records import NAMES, Record, changes
from newscrawl.archive.related import MOST as RELATED
from newscrawl.archive.related import Related, related
from newscrawl.archive.search import Hit, Order, search
from newscrawl.archive.watchlist import read_watchlist
from newscrawl.store.connections import Connection, open_for_reading, seen
from newscrawl.text.china_time import CHINA, read_day

if TYPE_CHECKING:
    import pandas as pd


class FilterNames(TypedDict, total=False):
    """The filters that methods take: see :class:`newscrawl.archive.filters.Filters`."""

    category: Names
    source: Names
    author: Names
    security: Names
    listing: Names
    since: date | str | None
    until: date | str | None
    mention_origin: Names
    words: str | None
    watchlist: str | Path | None


Method = TypeVar("Method", bound=Callable[..., Any])


def _shows_filters(method: Method) -> Method:
    """Let a notebook show each filter of a method, and not ``**filters``."""
    shown = inspect.signature(method)
    own = [each for each in shown.parameters.values() if each.kind is not each.VAR_KEYWORD]
    filters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in FilterNames.__annotations__.items()
    ]
    # What inspect asks for; a method as mypy knows it has no such attribute.
    method.__signature__ = shown.replace(parameters=[*own, *filters])  # type: ignore[attr-defined]
    return method


class Archive:
    """An archive, read-only, also while a crawl writes it; a context manager.

    Where another file is put in its place, by ``newscrawl restore`` for example, that is read from
    then on.

    Days are :class:`datetime.date` or text such as ``"2022-01-01"``, in China.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the archive at *path*.

        :raises newscrawl.store.errors.StoreError: there is none that this version can read.
        """
        self._path = os.path.abspath(path)
        self._open()

    def _open(self) -> None:
        found = seen(self._path)
        self._connection = open_for_reading(self._path)
        self._seen = found

    @property
    def connection(self) -> Connection:
        """For questions in SQL; see docs/schema.md.

        It is another one where the file was replaced, or written; within a transaction it stays.

        :raises newscrawl.store.errors.StoreError: the file that is in its place now cannot be
            read by this version.
        """
        if not self._connection.in_transaction and seen(self._path) not in (self._seen, None):
            # What is still being read is read to its end from the file that was there.
            self._open()
        return self._connection

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def article(self, name: str) -> StoredArticle | None:
        """Return the article that an infoCode or an address names; None where there is none.

        :raises newscrawl.sites.eastmoney.info_code.BadInfoCode: it names none.
        """
        return read_article(self.connection, resolve(self.connection, name))

    def related(self, name: str, *, most: int = RELATED) -> list[Related]:
        """Return the articles that belong to one: the same title or securities, within a day.

        :raises newscrawl.sites.eastmoney.info_code.BadInfoCode: *name* names no article.
        """
        return related(self.connection, resolve(self.connection, name), most=most)

    @_shows_filters
    def latest(
        self, *, limit: int | None = None, **filters: Unpack[FilterNames]
    ) -> Iterator[Headline]:
        """Yield the articles in a line each, the latest first.

        Filters, here and below, are those of :class:`newscrawl.archive.filters.Filters`, such as
        ``category``, ``source``, ``security``, ``listing``, ``words``, ``since``, ``until``; and
        ``watchlist``, the path of one, with ``:RULE`` behind it for one of its rules.

        :raises newscrawl.archive.names.BadFilter: one names what the archive does not have.
        """
        return latest(self.connection, _filters(filters), limit=limit)

    @_shows_filters
    def articles(self, **filters: Unpack[FilterNames]) -> Iterator[Record]:
        """Yield the articles, each whole, in the order in which they came or changed."""
        return changes(self.connection, _filters(filters))

    @_shows_filters
    def search(
        self,
        text: str,
        *,
        order: Order = "newest",
        limit: int | None = None,
        **filters: Unpack[FilterNames],
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

    @_shows_filters
    def to_pandas(self, **filters: Unpack[FilterNames]) -> pd.DataFrame:
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
            table[name] = times.dt.tz_convert(_china()) if name == "published_at" else times
        return table

    def mentions_df(
        self, securities: Names = None, *, since: date | str | None = None,
        until: date | str | None = None, freq: Literal["D", "W", "M"] = "D",
    ) -> pd.DataFrame:  # fmt: skip
        """Return how many articles mention each security, a row for each and each period.

        Columns: ``date`` (the first day of a day, week or month in China, by *freq*), ``security``
        (``1.600519``), ``name`` and ``articles``. Without *securities*, those that are mentioned
        most; without days, the last 30.

        :raises ImportError: pandas is not installed.
        :raises newscrawl.archive.names.BadFilter: a security is not known.
        """
        import pandas as pd

        wanted = _filters({"security": securities, "since": since, "until": until})
        rows = [
            (pd.Timestamp(day), each.security, each.name, count)
            for each in mentions_by_day(self.connection, wanted)
            for day, count in each.days.items()
        ]
        table = pd.DataFrame(rows, columns=["date", "security", "name", "articles"])
        if freq == "D" or not rows:
            return table
        table["date"] = table["date"].dt.to_period(freq).dt.start_time
        keys = ["date", "security", "name"]
        return table.groupby(keys, sort=False, as_index=False)["articles"].sum()


def _china() -> Any:
    """Return the zone of China; where there is no zone database, by its offset."""
    try:
        return ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        return CHINA


def _filters(named: Mapping[str, Any]) -> Filters:
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
        return read_day(given)
    except (TypeError, ValueError):
        raise ValueError(f"{name}={given!r} is not a valid date; use YYYY-MM-DD") from None
