"""What the spiders share: their arguments, and the way from a page's address to its article."""

from __future__ import annotations

import datetime
import logging
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote, urljoin, urlsplit

import scrapy
from scrapy.exceptions import UsageError
from scrapy.http import Request, Response

from newscrawl import sites
from newscrawl.items import DEFAULT_SITE, Article, Failure, Page, PageKind, Reject, Unchanged
from newscrawl.middlewares.addresses import PORTS, Place
from newscrawl.middlewares.credentials import credentials_of
from newscrawl.middlewares.failures import failure_reason, status_of
from newscrawl.middlewares.handler import HANDLER
from newscrawl.runs.clocks import answered_at
from newscrawl.runs.run import Run, run_of
from newscrawl.sites import finews
from newscrawl.sites.eastmoney.info_code import BadInfoCode, info_code_of_stem
from newscrawl.store.clock import utc_now
from newscrawl.store.errors import StoreError
from newscrawl.store.stored_times import is_future
from newscrawl.text.escape import is_utf8
from newscrawl.text.passwords import clean_arguments, unreadable_address
from newscrawl.text.urls import normalized_path, normalized_url

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure as TwistedFailure

    from newscrawl.store.known import KnownPage

logger = logging.getLogger(__name__)

_FILES = ("paths", "urls")
"""Arguments that name files, which may have any name."""


class NewsSpider(scrapy.Spider):
    """A spider of one site. Subclasses say where to go next.

    Arguments: ``base_url`` (the site), ``hosts`` (further hosts that may be asked, by commas),
    ``site`` (the name under which observations are kept), ``limit`` (pages to get in the run),
    ``again=1`` (look again at what is stored, due or not).
    """

    argument_names: ClassVar[frozenset[str]] = frozenset(
        {"base_url", "hosts", "site", "limit", "again"}
    )

    page_kinds: ClassVar[tuple[str, ...]] = ()
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
        self.again = is_set(arguments, "again")
        self.base_url = ""
        self.allowed_domains: list[str] = []
        self.is_own_base = "base_url" in arguments
        self._asked: dict[str, str] = {}
        """The address of each page asked for in this run, by the one spelling of it."""

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Bring the guard of the network along into a project of other people's settings."""
        super().update_settings(settings)
        for scheme in PORTS:
            settings["DOWNLOAD_HANDLERS"].setdefault(scheme, HANDLER)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider; its hosts come from the arguments and the settings."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        base = spider._named_base or crawler.settings["NEWSCRAWL_BASE_URL"]
        spider.base_url = base_url(credentials_of(crawler).take(base))
        spider.allowed_domains = [urlsplit(spider.base_url).hostname or "", *spider.hosts]
        return spider

    @property
    def run(self) -> Run:
        """The run that counts what becomes of each page."""
        return run_of(self.crawler)

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
        return self.limit is not None and self.run.ledger.asked >= self.limit

    # -- one page -----------------------------------------------------------------------

    def asked_as(self, url: str) -> str | None:
        """Return the address under which the page at *url* was asked for in this run, if it was."""
        return self._asked.get(normalized_url(url))

    def get(self, page: Page, *, priority: int = 0, **cb_kwargs: Any) -> Request:
        """Return the request for *page*, which the ledger counts as scheduled.

        Whether it was asked for before is the caller's to find out, by :meth:`asked_as`: Scrapy
        would drop a second request without a word to the ledger.
        """
        self._asked[normalized_url(page.url)] = page.url
        request = Request(
            page.url,
            callback=self.parse_page,
            errback=self.page_failed,
            meta={"page": page},
            priority=priority,
            cb_kwargs=cb_kwargs,
            dont_filter=True,
        )
        # Now: an address of which Scrapy makes no request must not wait for its end.
        self.run.ledger.schedule(page.url)
        return request

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Any]:
        """Read the page at an address of its own: what `scrapy parse URL` asks for."""
        kind = self.kind_of(response.url)
        is_post = kind is PageKind.POST_PAGE
        id_ = normalized_path(response.url) if is_post else stem_of(response.url)
        page = Page(kind, id_, response.url, b"", "", self.site)
        if page.url not in self.run.ledger.under_way:
            self.run.ledger.schedule(page.url)
        response.meta["page"] = page
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
        return PageKind.ARTICLE_PAGE if "/a/" in urlsplit(url).path else PageKind.POST_PAGE

    def parse_page(self, response: Response, **cb_kwargs: Any) -> Iterator[Any]:
        """Read a page into its article; yield a :class:`Reject` where it has none."""
        if "page" not in response.meta:  # `scrapy parse -c parse_page`
            yield from self.parse(response)
            return
        page = received(response)
        page.ordered_at = self.run.began_at
        if response.status == 304:
            yield Unchanged(page)
            return
        self.crawler.stats.inc_value(f"pages/{page.kind}")
        if elsewhere := self.other_article(page, response.url):
            detail = f"it redirects to {response.url}, the page of {elsewhere}"
            yield from self.unreadable(Reject(page, "wrong_id", detail), **cb_kwargs)
            return
        try:
            article = sites.read_page(page, stats=self.crawler.stats)
        except sites.Unreadable as error:
            yield from self.unreadable(Reject(page, error.reason, error.detail), **cb_kwargs)
            return
        self.before(article)
        yield article
        try:
            yield from self.after(article, **cb_kwargs)
        except StoreError:
            raise  # the run ends by it
        except Exception as error:
            # The article is on its way to the archive: what fails here must not reject it.
            logger.exception("After %s", page.url)
            self.run.troubles.append(f"{page.url} leads to a bug of newscrawl's: {error!r}")

    def page_failed(self, failure: TwistedFailure) -> Iterator[Any]:
        """Count a page that never came."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        page: Page = request.meta["page"]
        failed = Failure(page.url, failure_reason(failure.value))
        known: KnownPage | None = request.meta.get("known")
        if known is not None and not known.is_rejected:
            failed.final = False  # it is stored
            failed.gone = page if status_of(failure.value) in (404, 410) else None
            yield failed
            return
        yield from self.failed(failed, **request.cb_kwargs)

    def before(self, article: Article) -> None:
        """Note what an article leads to, before it is stored: no kill must come between."""

    def after(self, article: Article, **cb_kwargs: Any) -> Iterable[Any]:
        """Yield what an article leads to."""
        return ()

    def unreadable(self, reject: Reject, **cb_kwargs: Any) -> Iterable[Any]:
        """Yield what a page without an article leads to."""
        yield reject

    def failed(self, failure: Failure, **cb_kwargs: Any) -> Iterable[Any]:
        """Yield what a page that never came leads to."""
        yield failure


def received(response: Response) -> Page:
    """Return the page that was asked for, with what came."""
    page: Page = response.meta["page"]
    known: KnownPage | None = response.meta.get("known")
    page.body = response.body
    page.is_fetched = True
    page.observed_at = _later(known.last_seen_at if known else "", response)
    page.content_type = header(response, "Content-Type")
    page.etag = header(response, "ETag")
    page.last_modified = header(response, "Last-Modified")
    return page


def _later(seen: str, response: Response) -> str:
    """Return the present time, and no earlier one than when the page was last seen.

    A clock that was set back must not make an edit look older than what it replaces. But what lies
    in the future, also by the server's clock, was written by one that was ahead.
    """
    now, theirs = utc_now(), answered_at(response)
    latest = max(now, theirs.isoformat(timespec="seconds")) if theirs else now
    return now if is_future(seen, latest) else max(now, seen)


def stem_of(url: str) -> str:
    """Return the file name in *url*, without its suffix."""
    return posixpath.splitext(posixpath.basename(unquote(urlsplit(url).path)))[0]


def header(response: Response, name: str) -> str | None:
    """Return a header as text; None where the response has none."""
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None


def base_url(text: str) -> str:
    """Return *text* as the base of a site: scheme, host, path with a slash at its end.

    :raises UsageError: it is no http or https URL.
    """
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(
            f"base_url {unreadable_address(text)!r} is no address of a site; it looks like "
            f"{finews.HOME} or http://127.0.0.1:8000/"
        )
    is_file = posixpath.splitext(parts.path)[1] != ""  # …/index.html
    path = parts.path if is_file or parts.path.endswith("/") else parts.path + "/"
    return urljoin(parts._replace(path=path, query="", fragment="").geturl(), ".")


def host_of(text: str) -> str:
    """Return *text* where it is the name of a host.

    :raises UsageError: it is none.
    """
    host = text.strip()
    if not re.fullmatch(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:]+", host):
        raise UsageError(
            f"hosts: {unreadable_address(text)!r} is no host; it looks like finance.eastmoney.com"
        )
    return host.lower()


def day(name: str, text: str) -> datetime.date:
    """Return the day that *text* names.

    :raises UsageError: it names none.
    """
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name} {text!r} is no day; it looks like 2021-12-01") from None


def is_set(arguments: Mapping[str, str], name: str) -> bool:
    """Whether an argument that is a switch is on."""
    return arguments.get(name, "0") not in ("0", "")


def positive(name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise UsageError(f"{name} {text!r} is no number above 0")
    return number
