"""Asks for lists of news: the mirror's feed, and those that the mirror itself is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from scrapy.exceptions import UsageError
from scrapy.http import Request, Response

from newscrawl.items import (
    Article,
    Failed,
    Filtered,
    InList,
    ListingChecked,
    ListingFailed,
    Message,
    Page,
    PageKind,
    Rejected,
    Repeated,
    Resolved,
    RunOptions,
    Scheduled,
    Skipped,
    ToResolve,
    Trouble,
    Unreachable,
)
from newscrawl.middlewares.channel import of_errback
from newscrawl.middlewares.failures import failure_reason
from newscrawl.middlewares.known import make_conditional
from newscrawl.sites import Unreadable, list_entry
from newscrawl.sites.eastmoney.info_code import BadInfoCode, digits_of, parse_info_code
from newscrawl.sites.finews import atom_feed
from newscrawl.sites.list_answer import ListAnswer, read_list_answer
from newscrawl.sites.lists import (
    DEFAULT,
    LISTS,
    RequestedList,
    UnknownList,
    find_lists,
    read_list_entry,
)
from newscrawl.spiders.arguments import is_set, positive
from newscrawl.spiders.base import NewsSpider, header
from newscrawl.spiders.list_reading import ListReading, is_deeper
from newscrawl.spiders.post_links import PostLinks
from newscrawl.spiders.share_links import ShareLinks
from newscrawl.store.clock import utc_now
from newscrawl.store.listings import Listing, ListingCheck, ListingKey
from newscrawl.text.escape import is_utf8
from newscrawl.text.http_dates import read_http_date

if TYPE_CHECKING:
    from twisted.python.failure import Failure as TwistedFailure

LISTING = 100
"""Priority: the lists come first, since what leaves them is gone."""


class FeedSpider(ShareLinks, PostLinks):
    """Asks for lists, keeps what they say of each article, and asks for those not yet stored.

    An entry of the mirror's feed leads to its post, every other one to its article by the ways
    of the spider ``share``. Ids of notices, reports and users' columns (AN, AP, CFH) are kept as
    entries: no address is known that has them.

    Arguments: ``name`` (lists, by commas; see :data:`newscrawl.sites.lists.LISTS`), ``pages``
    (maximum number of pages of each list; else as :mod:`newscrawl.spiders.list_reading` has it),
    ``due=1`` (only the lists that are due), ``since``, ``limit``, ``revisit``, ``base_url`` (then
    every list is requested from that host), ``hosts``, ``site``.
    """

    name = "feed"
    argument_names: ClassVar[frozenset[str]] = (
        NewsSpider.argument_names | PostLinks.argument_names | {"name", "pages", "due"}
    )
    page_kinds = (
        PageKind.LIST_ENTRY, PageKind.POST_PAGE, PageKind.API_ANSWER,
        PageKind.NEWSINFO_ANSWER, PageKind.ARTICLE_PAGE,
    )  # fmt: skip

    def __init__(self, name: str | None = None, **arguments: str) -> None:
        # Scrapy takes `name` for the spider's own.
        super().__init__(None, **arguments)
        if name is not None and not is_utf8(name):
            raise UsageError(f"name {name!r} is not UTF-8")
        if name is not None:
            self.arguments = {"name": name, **self.arguments}
        try:
            self.lists = find_lists(name if name is not None else DEFAULT)
        except UnknownList as error:
            raise UsageError(str(error)) from None
        if not self.lists:
            raise UsageError(f"No list is named; there are {', '.join(LISTS)}")
        self.pages = positive("pages", arguments["pages"]) if "pages" in arguments else None
        self.due = is_set(arguments, "due")
        # A later 304 must not hide what a limit or a date left out.
        self._keeps_checks = self.since is None and self.limit is None
        self._goes_back = self.revisit or self.since is not None
        """Whether the lists are read as far back as they go."""
        self._stored: dict[str, Listing] = {}
        """What the archive knows of the lists, by name."""
        self._readings: dict[str, ListReading] = {}
        """How far each list was read in this run, by its name."""
        self._seen: set[str] = set()
        """Keys of the entries met in this run."""
        self._posts_asked: set[str] = set()
        """The articles whose post was requested in this run."""
        self._checked: list[RequestedList] = []
        """The lists that this run checks."""
        self._lost: list[str] = []
        """What became of the lists of which nothing could be read."""

    def run_options(self) -> RunOptions:
        """Return the spider's ``options``."""
        return replace(super().run_options(), keeps_checks=self._keeps_checks)

    async def start(self) -> AsyncIterator[Any]:
        """Ask for each list, and for what earlier runs met and could not have."""
        left_over = self.known().entries_only()
        self._stored = self.known().listings(self.site, "list")
        self._checked = [each for each in self.lists if self._is_to_check(each)]
        for asked in self._checked:
            yield self._ask_list(asked, 1, "")
        for info_code in left_over:
            for request in self._ask_article(info_code):
                yield request
        for info_code, link in self.known().due_links(self.site, utc_now()):
            if self._is_to_ask(info_code):
                for request in self.resolve(info_code, link=link):
                    yield request
            elif link is None:
                yield Resolved(info_code)

    # -- lists --------------------------------------------------------------------------

    def _is_to_check(self, asked: RequestedList) -> bool:
        """Whether a list is due, or all are wanted."""
        stored = self._stored.get(asked.label)
        return (
            not self.due
            or stored is None
            or stored.failed_at is not None
            or self.schedule().is_listing_due(stored)
        )

    def _ask_list(self, asked: RequestedList, number: int, cursor: str) -> Request:
        url = asked.list.address(
            self.base_url, is_own_base=self.is_own_base, page=number, cursor=cursor,
            argument=asked.argument,
        )  # fmt: skip
        self._allow(url)
        self.crawler.stats.inc_value("listings/asked")
        request = Request(
            url, callback=self.parse_list, errback=self.list_failed, priority=LISTING,
            headers=dict(asked.list.headers), cb_kwargs={"asked": asked, "number": number},
        )  # fmt: skip
        known = self._stored.get(asked.label)
        goes_back = self._goes_back or is_deeper(known, self.pages)
        if number == 1 and known is not None and known.url == url and not goes_back:
            make_conditional(request, known.etag, known.last_modified)
        return request

    def parse_list(self, response: Response, asked: RequestedList, number: int) -> Iterator[Any]:
        """Take the entries of a list, and go on to its next page as far as it is to be read."""
        reading = self._reading_of(asked, response)
        if response.status == 304 and reading.stored is not None:
            check, stored = reading.check, reading.stored
            check.etag, check.last_modified = stored.etag, stored.last_modified
            yield ListingChecked(check, stored)
            return
        page = Page(
            kind=PageKind.LIST_ANSWER, id=asked.label, url=response.url, body=response.body,
            observed_at=utc_now(), ordered_at=self.schedule().began_at, site=self.site,
            content_type=header(response, "Content-Type"), is_fetched=True,
        )  # fmt: skip
        try:
            answer = read_list_answer(asked.list, page)
        except Unreadable as error:
            yield from self._unreadable(asked, number, Rejected(page, error.reason, error.detail))
            return
        if number == 1 and answer.lacks:
            yield from self._unreadable(asked, number, Rejected(page, "refused", answer.lacks))
            return
        self.crawler.stats.inc_value("listings/read")
        self.count_odd_bytes(response, answer.odd_bytes)
        reading.begin_page(number)
        for record in answer.records:
            for each in self._take(asked, record, page, _answered_at(response)):
                if isinstance(each, Request) and "page" in each.meta:
                    reading.links.append(each.meta["page"].url)
                yield each
        reading.end_page()
        yield from self._go_on(asked, answer)

    def _reading_of(self, asked: RequestedList, response: Response) -> ListReading:
        """Return how far a list was read in this run; it begins with the first page."""
        if asked.label not in self._readings:
            check = ListingCheck(
                ListingKey(self.site, "list", asked.label), response.url, "name",
                checked_at=utc_now(), etag=header(response, "ETag"),
                last_modified=header(response, "Last-Modified"),
            )  # fmt: skip
            self._readings[asked.label] = ListReading(
                check, self._stored.get(asked.label), most=self.pages,
                goes_back=self._goes_back,
            )  # fmt: skip
        return self._readings[asked.label]

    def _go_on(self, asked: RequestedList, answer: ListAnswer) -> Iterator[Any]:
        """Ask for the next page, or say that the list was read."""
        reading = self._readings[asked.label]
        has_next = asked.list.has_pages and (answer.cursor or not asked.list.cursor)
        if has_next and reading.wants_more and not self.is_full:
            yield self._ask_list(asked, reading.number + 1, answer.cursor)
            return
        is_short = reading.finish(
            utc_now(), is_at_end=not has_next, has_pages=asked.list.has_pages
        )  # fmt: skip
        if is_short and self._keeps_checks:
            yield Trouble(
                f"The list {asked.label} has more news since {reading.read_at} than "
                f"{reading.number} pages; a check without --pages reads on to what is stored"
            )
        yield ListingChecked(reading.check, reading.stored, reading.links)

    def list_failed(self, failure: TwistedFailure) -> Iterable[Any]:
        """Say that a list could not be fetched."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        reason = f"could not be fetched: {failure_reason(failure.value)}"
        said = self._lose(**request.cb_kwargs, reason=reason)
        return of_errback(self.crawler, failure, said)

    def _unreadable(self, asked: RequestedList, number: int, reject: Rejected) -> Iterator[Message]:
        """Rejected a response that is not a listing, with the reason."""
        yield Scheduled(reject.page.url)
        yield reject
        yield from self._lose(asked, number, f"cannot be read: {reject.detail}")

    def _lose(self, asked: RequestedList, number: int, reason: str) -> Iterator[Message]:
        nth = f", page {number}," if number > 1 else ""
        sentence = f"The list {asked.label}{nth} {reason}"
        yield Trouble(sentence)
        key = ListingKey(self.site, "list", asked.label)
        if number > 1 and (reading := self._readings.get(asked.label)):
            reading.check.is_complete = False  # its validators would hide what is still to be read
            yield ListingChecked(reading.check, reading.stored, reading.links)
        yield ListingFailed(key, self.base_url, "name", sentence)
        self._lost += [sentence] if number == 1 else []
        if len(self._lost) == len(self._checked):
            yield Unreachable("; ".join(self._lost))

    # -- entries ------------------------------------------------------------------------

    def _take(
        self, asked: RequestedList, record: Any, answer: Page, answered_at: datetime
    ) -> Iterator[Any]:
        """Yield what an entry says and leads to."""
        shape, reading = asked.list.shape, self._readings[asked.label]
        if shape is atom_feed.SHAPE and (
            atom_feed.is_broken(record) or not self.is_own_post(record["link"])
        ):
            yield from self._follow(record["link"])
            return
        try:
            page = list_entry.entry_page(
                shape, record, answer, answered_at=answered_at, argument=asked.argument
            )
        except BadInfoCode as error:
            page = list_entry.page_of_nothing(shape, record, answer)
            if page.key not in self._seen:
                yield from self._reject_entry(page, "no_id", str(error))
            return
        article = yield from self._read_entry(page)
        if article is None:
            return
        assert article.id is not None  # noqa: S101  the reader has it from the page's id
        is_stored = self._was_stored(article.id)
        if self.is_before_since(article):
            reading.leave_out()
        else:
            since = self.known().in_list_since(article.id, asked.label)
            reading.meet(page.id, since, is_stored=is_stored)
        if is_stored or not (self.is_before_since(article) or self.is_full):
            yield InList(article.id, asked.label, page.observed_at)
        info_code = yield from self._yield_entry(article, page, is_post=shape is atom_feed.SHAPE)
        if info_code is None:
            return
        if shape is atom_feed.SHAPE:
            yield from self._follow(record["link"])
        elif digits_of(info_code) is not None:
            yield from self._ask_article(info_code)

    def _is_to_ask(self, info_code: str) -> bool:
        """Whether an article is to be resolved as the spider `share` does."""
        is_news = digits_of(info_code) is not None and not self.is_too_old(info_code)
        return is_news and not self._was_stored(info_code)

    def _was_stored(self, info_code: str) -> bool:
        """Whether an article was stored before this run, or is resolved.

        An article whose post is requested in this run is resolved as well if a list names it: what
        is stored must not depend on whether the post or the list comes first.
        """
        return info_code not in self._posts_asked and self.known().has_article(info_code)

    def _read_entry(self, page: Page) -> Generator[Any, None, Article | None]:
        """Return the article of an entry; None if it is rejected."""
        try:
            return read_list_entry(page, stats=self.crawler.stats)
        except Unreadable as error:
            if page.key not in self._seen:
                yield from self._reject_entry(page, error.reason, error.detail)
            return None

    def _yield_entry(
        self, article: Article, page: Page, *, is_post: bool
    ) -> Generator[Any, None, str | None]:
        """Yield an entry's own article, once; return its id, None where it leads no further."""
        if page.key in self._seen:
            yield Repeated(page.url)
            return None
        self._seen.add(page.key)
        assert article.id is not None  # noqa: S101  as above
        if self.is_before_since(article) or self.is_full:
            yield Filtered()
            return None
        yield Scheduled(page.url)
        if not is_post and self._is_to_ask(article.id):
            yield ToResolve(article.id, None)
        yield article
        return article.id

    def _reject_entry(self, page: Page, reason: str, detail: str) -> Iterator[Message]:
        self._seen.add(page.key)
        yield Scheduled(page.url)
        yield Rejected(page, reason, detail)

    # -- articles -----------------------------------------------------------------------

    def _ask_article(self, info_code: str) -> Iterator[Any]:
        """Ask for an article unless it is stored."""
        if self._was_stored(info_code):
            yield Skipped(info_code)
        elif self.is_too_old(info_code) or self.is_full:
            yield Filtered()
        else:
            yield from self.resolve(info_code)

    def _follow(self, link: str) -> Iterator[Any]:
        """Request the post of an entry, or its article if it is not a post of the mirror."""
        try:
            page, info_code = self.post_at(link)
            elsewhere = None if self.is_own_post(link) else parse_info_code(link)
        except ValueError as error:
            yield Trouble(f"The link {link} leads to no post: {error}")
            return
        if elsewhere is not None:
            yield from self._ask_article(elsewhere)
        elif asked := self.asked_as(page.url):
            yield Repeated(asked)
        elif self.known().has_page(page):
            yield Skipped(page.url)
        elif self.is_too_old(info_code) or self.is_full:
            yield Filtered()
        else:
            self._posts_asked.add(info_code)
            yield from self.ask(page, post_of=info_code)

    def unreadable(self, reject: Rejected, **cb_kwargs: Any) -> Iterable[Any]:
        """Ask the share addresses for a post that cannot be read."""
        if info_code := self._other_way(cb_kwargs):
            reject.final = False
            yield reject
            yield from self.resolve(info_code)
        else:
            yield from super().unreadable(reject, **_without_post(cb_kwargs))

    def failed(self, failure: Failed, **cb_kwargs: Any) -> Iterable[Any]:
        """Ask the share addresses for a post that is gone: they leave the mirror in days."""
        if info_code := self._other_way(cb_kwargs):
            failure.final = False
            yield failure
            yield from self.resolve(info_code)
        else:
            yield from super().failed(failure, **_without_post(cb_kwargs))

    def after(self, article: Article, **cb_kwargs: Any) -> Iterable[Any]:
        """Go on as the spider ``share`` does where an answer has no text."""
        return super().after(article, **_without_post(cb_kwargs))

    def _other_way(self, cb_kwargs: dict[str, Any]) -> str | None:
        info_code: str | None = cb_kwargs.get("post_of")
        return info_code if info_code and digits_of(info_code) else None

    # -- hosts --------------------------------------------------------------------------

    def _allow(self, url: str) -> None:
        host = urlsplit(url).hostname
        if host and not self.is_own_base and host not in self.allowed_domains:
            self.allowed_domains.append(host)


def _without_post(cb_kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in cb_kwargs.items() if name != "post_of"}


def _answered_at(response: Response) -> datetime:
    """Return the list's own clock, which its relative times are relative to; else ours."""
    return read_http_date(response.headers.get("Date")) or datetime.now(UTC)
