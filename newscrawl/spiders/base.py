"""The base class of the spiders: their common arguments, requests and parsing of pages."""

from __future__ import annotations

import logging
import posixpath
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote, urlsplit

import scrapy
from scrapy.exceptions import UsageError
from scrapy.http import Request, Response

from newscrawl import sites
from newscrawl.items import (
    DEFAULT_SITE,
    Article,
    Failed,
    Message,
    OutOfRange,
    Page,
    PageKind,
    Rejected,
    RunOptions,
    Scheduled,
    Skipped,
    Trouble,
    Unchanged,
    Unresolved,
)
from newscrawl.middlewares.addresses import PORTS, Place
from newscrawl.middlewares.channel import of_errback
from newscrawl.middlewares.credentials import credentials_of
from newscrawl.middlewares.failures import failure_reason, status_of
from newscrawl.middlewares.handler import HANDLER
from newscrawl.middlewares.known import (
    find_known,
    known_of,
    make_conditional,
    schedule_of,
)
from newscrawl.sites.eastmoney.info_code import BadInfoCode, info_code_of_stem
from newscrawl.spiders.arguments import base_url, host_of, is_set, positive
from newscrawl.store.clock import utc_now
from newscrawl.store.errors import StoreError
from newscrawl.store.stored_times import is_future
from newscrawl.text.escape import is_utf8
from newscrawl.text.http_dates import read_http_date
from newscrawl.text.passwords import clean_arguments
from newscrawl.text.urls import normalized_path, normalized_url

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure as TwistedFailure

    from newscrawl.runs.schedule import Schedule
    from newscrawl.store.known import Known, KnownPage

logger = logging.getLogger(__name__)

_FILES = ("paths", "urls")
"""Arguments that name files, which may have any name."""


class NewsSpider(scrapy.Spider):
    """Base class of the spiders: crawls one site; subclasses follow its links.

    Arguments: ``base_url`` (the site), ``hosts`` (additional hosts, separated by commas),
    ``site`` (the name under which observations are kept), ``limit`` (maximum number of pages),
    ``revisit=1`` (revisit stored pages, due or not).
    """

    argument_names: ClassVar[frozenset[str]] = frozenset(
        {"base_url", "hosts", "site", "limit", "revisit"}
    )

    page_kinds: ClassVar[tuple[PageKind, ...]] = ()
    """Kinds of pages that it reads: the use of their rules shows in the run's stats."""

    def __init__(self, name: str | None = None, **arguments: str) -> None:
        # Scrapyd adds `_job`: the run's row says which it was.
        unknown = {each for each in arguments if not each.startswith("_")} - self.argument_names
        if unknown:
            raise UsageError(
                f"The spider {self.name} has no argument {', '.join(sorted(unknown))}; "
                f"it takes {', '.join(sorted(self.argument_names))}"
            )
        for each, text in arguments.items():
            if each not in _FILES and not is_utf8(text):
                raise UsageError(f"{each} {text!r} is not UTF-8")
        super().__init__(name)
        self.arguments = clean_arguments(arguments)
        """As they may be stored: without passwords."""
        self._named_base = arguments.get("base_url")
        self.site = arguments.get("site", DEFAULT_SITE)
        self.limit = positive("limit", arguments["limit"]) if "limit" in arguments else None
        self.revisit = is_set(arguments, "revisit")
        self.base_url = ""
        self.allowed_domains: list[str] = []
        self.is_own_base = "base_url" in arguments
        self._asked: dict[str, str] = {}
        """The URL of each page requested in this run, by its normalised URL."""
        self._known: Known | None = None
        self._schedule: Schedule | None = None
        self._taken = 0
        """Pages requested so far: what ``limit`` counts."""

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Bring the guard of the network along into a project of other people's settings."""
        super().update_settings(settings)
        for scheme in PORTS:
            settings["DOWNLOAD_HANDLERS"].setdefault(scheme, HANDLER)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider; its hosts come from the arguments and the settings.

        :raises UsageError: an argument is invalid, or JOBDIR is set.
        """
        if crawler.settings.get("JOBDIR"):
            # After a kill it resumes to nothing, and its filter drops every page of a second run.
            raise UsageError(
                "JOBDIR cannot be used: a crawl that was stopped is continued by the next, which "
                "fetches what is not stored. Remove the setting (in Scrapyd: jobs_dir)"
            )
        spider = super().from_crawler(crawler, *args, **kwargs)
        base = spider._named_base or crawler.settings["NEWSCRAWL_BASE_URL"]
        spider.base_url = base_url(credentials_of(crawler).take(base))
        spider.allowed_domains = [urlsplit(spider.base_url).hostname or "", *spider.hosts]
        spider.options = spider.run_options()
        return spider

    options: RunOptions
    """What the run and the middlewares need to know of the spider."""

    def run_options(self) -> RunOptions:
        """Return the spider's ``options``."""
        return RunOptions(
            site=self.site, arguments=self.arguments, page_kinds=self.page_kinds,
            allowed_domains=self.allowed_domains, named_places=self.named_places,
            revisit=self.revisit,
        )  # fmt: skip

    # No properties: Scrapy reads every attribute of a spider, before the archive is open.

    def known(self) -> Known:
        """What the archive knows, with all that was yielded so far."""
        if self._known is None:
            self._known = known_of(self.crawler)
        return self._known

    def schedule(self) -> Schedule:
        """What is due."""
        if self._schedule is None:
            self._schedule = schedule_of(self.crawler)
        return self._schedule

    @property
    def hosts(self) -> list[str]:
        """Hosts named by the user besides the site's own."""
        return [host_of(each) for each in self.arguments.get("hosts", "").split(",") if each]

    @property
    def named_places(self) -> list[Place]:
        """Places that the user named, which may be on this machine or in a private network."""
        parts = urlsplit(self.base_url)
        port = parts.port or PORTS[parts.scheme]
        return [(parts.hostname or "", port), *((host, None) for host in self.hosts)]

    def is_allowed(self, url: str) -> bool:
        """Whether *url* is on a host that may be asked."""
        return urlsplit(url).hostname in self.allowed_domains

    @property
    def is_full(self) -> bool:
        """Whether ``limit`` is reached."""
        return self.limit is not None and self._taken >= self.limit

    # -- one page -----------------------------------------------------------------------

    def asked_as(self, url: str) -> str | None:
        """Return the URL under which the page at *url* was requested in this run, if it was."""
        return self._asked.get(normalized_url(url))

    def ask(self, page: Page, *, priority: int = 0, **cb_kwargs: Any) -> Iterator[Any]:
        """Ask for *page* unless it is known and not due for a revisit.

        One that is due is fetched with the validators of its last response. The caller checks
        whether it was requested before, with :meth:`asked_as`: Scrapy would drop a second request
        without a word.
        """
        self._asked[normalized_url(page.url)] = page.url
        known = find_known(self.known(), page)
        if known is not None and not self.schedule().is_due(known):
            yield Skipped(page.url, known.is_rejected)
            if known.is_rejected and (info_code := cb_kwargs.get("info_code")):
                yield Unresolved(info_code)
            return
        self._taken += 1
        yield Scheduled(page.url)
        request = Request(
            page.url,
            callback=self.parse_page,
            errback=self.page_failed,
            meta={"page": page},
            priority=priority,
            cb_kwargs=cb_kwargs,
            dont_filter=True,
        )
        if known is not None:
            request.meta["known"] = known
            # A page whose times are to be corrected is read again.
            if known.url == request.url and not self.schedule().is_misdated(known):
                make_conditional(request, known.etag, known.last_modified)
        yield request

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Any]:
        """Read the page at an address of its own: what `scrapy parse URL` asks for."""
        kind = self.kind_of(response.url)
        is_post = kind is PageKind.POST_PAGE
        id_ = normalized_path(response.url) if is_post else stem_of(response.url)
        page = response.meta["page"] = Page(kind, id_, response.url, b"", "", self.site)
        yield Scheduled(page.url)
        yield from self.parse_page(response)

    def other_article(self, page: Page, url: str) -> str | None:
        """Return the id of the article at *url*, where it is not that of *page*."""
        if url == page.url or page.kind not in (PageKind.POST_PAGE, PageKind.ARTICLE_PAGE):
            return None
        try:
            found = info_code_of_stem(stem_of(url), page.site)
            return None if found == info_code_of_stem(stem_of(page.url), page.site) else found
        except BadInfoCode:
            return None

    def kind_of(self, url: str) -> PageKind:
        """Return the kind of page that is to be expected at *url*."""
        if "GetNewsText" in url:
            return PageKind.API_ANSWER
        if "/content/getnews?" in url:
            return PageKind.NEWSINFO_ANSWER
        return PageKind.ARTICLE_PAGE if "/a/" in urlsplit(url).path else PageKind.POST_PAGE

    def parse_page(self, response: Response, **cb_kwargs: Any) -> Iterator[Any]:
        """Read a page into its article; yield a :class:`Rejected` where it has none."""
        if "page" not in response.meta:  # `scrapy parse -c parse_page`
            yield from self.parse(response)
            return
        page = received(response)
        page.ordered_at = self.schedule().began_at
        if response.status == 304:
            yield Unchanged(page)
            return
        self.crawler.stats.inc_value(f"pages/{page.kind}")
        if elsewhere := self.other_article(page, response.url):
            detail = f"it redirects to {response.url}, the page of {elsewhere}"
            yield from self.unreadable(Rejected(page, "wrong_id", detail), **cb_kwargs)
            return
        try:
            article = sites.read_page(page, stats=self.crawler.stats)
        except sites.Unreadable as error:
            yield from self.unreadable(Rejected(page, error.reason, error.detail), **cb_kwargs)
            return
        yield from self.before(article)
        yield OutOfRange(page.url) if self.is_before_since(article) else article
        try:
            yield from self.after(article, **cb_kwargs)
        except StoreError:
            raise  # the run ends by it
        except Exception as error:
            # The article is on its way to the archive: what fails here must not reject it.
            logger.exception("After %s", page.url)
            yield Trouble(f"{page.url} leads to a bug in newscrawl: {error!r}")

    def page_failed(self, failure: TwistedFailure) -> Iterable[Any]:
        """Say that a page could not be fetched."""
        return of_errback(self.crawler, failure, self._page_failed(failure))

    def _page_failed(self, failure: TwistedFailure) -> Iterator[Any]:
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        page: Page = request.meta["page"]
        failed = Failed(page.url, failure_reason(failure.value))
        known: KnownPage | None = request.meta.get("known")
        if known is not None and not known.is_rejected:
            failed.final = False  # it is stored
            failed.gone = page if status_of(failure.value) in (404, 410) else None
            yield failed
            return
        yield from self.failed(failed, **request.cb_kwargs)

    def count_odd_bytes(self, response: Response, count: int) -> None:
        """Note how many bytes of a listing could not be decoded."""
        if count:
            self.crawler.stats.inc_value("listings/odd_bytes", count)
            logger.warning(
                "%d bytes of %s are in no charset: U+FFFD replaces them", count, response.url
            )

    def is_before_since(self, article: Article) -> bool:
        """Whether an article was published before the day that the user named."""
        return False

    def before(self, article: Article) -> Iterable[Message]:
        """Yield what is to be noted before an article is stored: no kill must come between."""
        return ()

    def after(self, article: Article, **cb_kwargs: Any) -> Iterable[Any]:
        """Yield what an article leads to."""
        return ()

    def unreadable(self, reject: Rejected, **cb_kwargs: Any) -> Iterable[Any]:
        """Yield what a page without an article leads to."""
        yield reject

    def failed(self, failure: Failed, **cb_kwargs: Any) -> Iterable[Any]:
        """Yield what a failed page leads to."""
        yield failure


def received(response: Response) -> Page:
    """Return the page that was requested, filled from the response."""
    page: Page = response.meta["page"]
    known: KnownPage | None = response.meta.get("known")
    page.body = response.body
    page.is_fetched = True
    theirs = read_http_date(response.headers.get("Date"))
    page.answered_at = theirs.isoformat(timespec="seconds") if theirs else None
    page.observed_at = _later(known.last_seen_at if known else "", page.answered_at)
    page.content_type = header(response, "Content-Type")
    page.etag = header(response, "ETag")
    page.last_modified = header(response, "Last-Modified")
    return page


def _later(seen: str, theirs: str | None) -> str:
    """Return the present time, and no earlier one than when the page was last seen.

    A clock that was set back must not make an edit look older than what it replaces. But what lies
    in the future, also by the server's clock, was written by one that was ahead.
    """
    now = utc_now()
    latest = max(now, theirs or now)
    return now if is_future(seen, latest) else max(now, seen)


def stem_of(url: str) -> str:
    """Return the file name in *url*, without its suffix."""
    return posixpath.splitext(posixpath.basename(unquote(urlsplit(url).path)))[0]


def header(response: Response, name: str) -> str | None:
    """Return a header as text; None where the response has none."""
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None
