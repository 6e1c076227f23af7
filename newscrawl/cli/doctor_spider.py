"""The spider of ``newscrawl doctor``: it requests a listing and an article, one after the other.

It is not in ``newscrawl.spiders``, whose spiders ``scrapy list`` shows and ``scrapy crawl`` runs.
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from scrapy.http import Request, Response
from scrapy.settings import Settings

from newscrawl import sites
from newscrawl.addon import add_contact
from newscrawl.archive.stale_lists import stale_since
from newscrawl.cli.doctor_requests import AskingSpider, Finding, with_period
from newscrawl.items import Article, Page, PageKind
from newscrawl.middlewares.credentials import credentials_of
from newscrawl.runs.doctor.diagnosis import Diagnosis
from newscrawl.runs.process import own_settings
from newscrawl.sites import Unreadable, list_entry
from newscrawl.sites.eastmoney.info_code import (
    date_of_info_code,
    digits_of,
    info_code_of_stem,
)
from newscrawl.sites.eastmoney.share_urls import (
    resolver_page,
    resolver_urls,
)
from newscrawl.sites.finews import atom_feed, listing_page
from newscrawl.sites.finews.retention import RETENTION_DAYS
from newscrawl.sites.list_answer import read_list_answer
from newscrawl.sites.lists import RequestedList
from newscrawl.spiders.base import header, received, stem_of
from newscrawl.spiders.share_links import resolvers_of
from newscrawl.store import article_rows, suspects, suspicion
from newscrawl.store.clock import utc_now
from newscrawl.store.known import Known
from newscrawl.store.merger import observation_of
from newscrawl.store.suspicion import Doubt
from newscrawl.text.times import is_day_to_come

if TYPE_CHECKING:
    from newscrawl.store.connections import Connection

TRIES = 3
"""Maximum number of posts that are requested to find one that can be read."""


def doctor_settings(**overrides: Any) -> Settings:
    """Return the settings of a crawl, without what writes an archive.

    Each address is requested once: what needs a third try is a finding, too.
    """
    settings = own_settings(**{"RETRY_TIMES": 0, **overrides})
    add_contact(settings)
    for name in ("ADDONS", "EXTENSIONS", "FEEDS", "ITEM_PIPELINES"):
        settings.set(name, {}, priority="cmdline")
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
    return settings


class DoctorSpider(AskingSpider):
    """Asks a source for its list and an article, one request after the other.

    Arguments: those of a spider, ``category`` (a slug: its listing is looked at, too), ``asked``
    (a list of :mod:`newscrawl.sites.lists`, in place of the mirror) and ``archive`` (a
    connection; without one nothing is known).
    """

    name = "doctor"

    def __init__(
        self, name: str | None = None, *, category: str | None = None,
        asked: RequestedList | None = None, archive: Connection | None = None,
        **arguments: str,
    ) -> None:  # fmt: skip
        super().__init__(name, **arguments)
        self.category = category
        self.asked = asked
        self.archive = archive
        self.diagnosis: Diagnosis | None = None
        self.error: Exception | None = None
        """What went wrong with the doctor itself."""

    async def start(self) -> AsyncIterator[Any]:
        """Examine the source; there is nothing to schedule."""
        await self._examine()
        return
        yield  # Scrapy takes a generator only

    async def _examine(self) -> None:
        """Keep what is found."""
        examination = self._check_mirror() if self.asked is None else self._check_feed(self.asked)
        try:
            finding = await examination
        except Finding as early:
            finding = early
        except Exception as error:  # Scrapy would log it, and end as if all were well
            self.error = error
            return
        self.diagnosis = finding.diagnosis(self.steps)

    # -- a mirror -----------------------------------------------------------------------

    async def _check_mirror(self) -> Finding:
        """Check the home page, the listing of the category if given, and a post.

        :raises Finding: it ends before a post.
        """
        home = await self._get_listing(Request(self.base_url), "The home page", "not_a_mirror")
        if self.category is None:
            return await self._check_posts("The home page", home.links)
        name = f"The list of {self.category}"
        found = await self._get_category(self.category, name, home.categories)
        return await self._check_posts(name, found.links)

    async def _get_category(
        self, slug: str, name: str, seen: list[str]
    ) -> listing_page.ListingPage:
        request = Request(urljoin(self.base_url, listing_page.path_of_slug(slug)))
        try:
            return await self._get_listing(request, name, "no_list", slug=slug)
        except Finding as finding:
            if finding.cause == "status" and self.steps[-1].status == 404:
                found = (
                    f"{self.base_url} has no category {slug}. Its home page shows, in small "
                    f"letters where a slug may have capitals: {', '.join(sorted(seen))}."
                )
                raise Finding("no_such_category", found, request.url) from finding
            raise

    async def _get_listing(
        self, request: Request, name: str, otherwise: str, *, slug: str | None = None
    ) -> listing_page.ListingPage:
        """Return what a listing says; *otherwise* is the cause if the page is not a listing.

        :raises Finding: it could not be fetched, or lists nothing.
        """
        response = await self.get_now(request)
        if slug is not None and stem_of(response.url) != slug:
            self.say("It is a different page.")
            found = f"{request.url} redirects to {response.url}, which is another page."
            raise Finding("redirect", found, request.url)
        page = self._page(PageKind.LISTING_PAGE, response)
        try:
            listed = listing_page.read_listing(page)
        except Unreadable as error:
            raise self._no_list(page, error, otherwise) from error
        if not listed.is_mirror:
            raise self._no_list(page, "it has no section with links to posts", otherwise)
        self.say(f"A page of such a mirror, with {counted(len(listed.links), 'link')} to posts.")
        if not listed.links:
            raise Finding("no_links", f"{name}, {page.url}, links to no post.", page.url)
        return listed

    def _no_list(self, page: Page, error: Unreadable | str, otherwise: str) -> Finding:
        """Return what a page is that should have been a list."""
        detail = error if isinstance(error, str) else error.detail
        cause = otherwise
        if listing_page.asks_for_password(page):
            cause, detail = "login_page", "it has a field for a password"
        elif isinstance(error, Unreadable) and error.reason == "cut_off":
            cause = "broken_off"
        self.say(f"It cannot be read as a list: {detail}.")
        return Finding(cause, f"{page.url} is not the list that is expected: {detail}.", page.url)

    async def _check_posts(self, name: str, links: list[str]) -> Finding:
        """Ask for a post, one that is not stored if there is any.

        :raises Finding: none could be fetched.
        """
        posts = self._posts(links)
        if not posts:
            shown = counted(len(links), "link")
            found = f"{name} has {shown}, but none to a post on an allowed host."
            return Finding("no_articles", found, self.base_url)
        unknown = [page for page in posts if not self._has_page(page)]
        tried = (unknown or posts)[:TRIES]
        article = await self._first_readable(tried)
        return self._well(name, len(posts), len(unknown), article)

    def _posts(self, links: list[str]) -> list[Page]:
        """Return the pages of the posts that are linked to, each once, the newest first."""
        found: dict[str, tuple[datetime.date, str, Page]] = {}
        for link in links:
            try:
                page, info_code = self.post_at(link)
            except ValueError:
                continue
            if self.is_allowed(page.url):
                day = date_of_info_code(info_code) or datetime.date.min
                if is_day_to_come(day, datetime.datetime.now(datetime.UTC)):
                    day = datetime.date.min  # it is not the newest, but none
                found.setdefault(page.key, (day, info_code, page))
        newest = sorted(found.values(), key=lambda each: each[:2], reverse=True)
        return [page for _, _, page in newest]

    async def _first_readable(self, asked: list[Page]) -> Article:
        """Return the first article of these pages.

        :raises Finding: none of them has one.
        """
        findings = []
        for page in asked:
            try:
                return await self._read(page)
            except Finding as finding:
                findings.append(finding)
        causes = {finding.cause for finding in findings}
        # A cause that all pages share, and that is not about single pages, is reported itself.
        cause = causes.pop() if len(causes) == 1 else "no_articles"
        cause = "no_articles" if cause == "status" else cause
        last = findings[-1]
        some = f"None of {len(asked)} articles could be fetched: " if len(asked) > 1 else ""
        raise Finding(cause, f"{some}{last.found}", last.url)

    async def _read(self, page: Page) -> Article:
        """Ask for a page, and return its article.

        :raises Finding: it could not be fetched, or has no article.
        """
        response = await self.get_now(Request(page.url, meta={"page": page}))
        page = received(response)
        if elsewhere := self.other_article(page, response.url):
            found = f"{page.url} redirects to {response.url}, the page of {elsewhere}."
            raise Finding("no_articles", found, page.url)
        try:
            article = sites.read_page(page)
        except Unreadable as error:
            self.say(f"No article: {error}.")
            raise Finding(
                "no_articles", f"{page.url} has no article: {error}.", page.url
            ) from error
        if doubt := self._doubt(article, page):
            self.say(f"Not the article: {doubt.detail}.")
            raise Finding(
                "suspicious", with_period(f"{page.url} is suspicious: {doubt.detail}"), page.url
            )
        self.say(f"The article {article.id}: {article.title or '(without a title)'}")
        return article

    def _doubt(self, article: Article, page: Page) -> Doubt | None:
        """Return why a page does not show its article; what is stored of it tells."""
        said = observation_of(article, page).fields
        stored_row = (
            article_rows.load_article(self.archive, article.id or "").row if self.archive else None
        )
        if stored_row is None or not stored_row["body_rank"]:
            return suspicion.of_new(said)
        return suspicion.of_change(stored_row, said)

    def _well(self, name: str, count: int, unknown: int, article: Article | None) -> Finding:
        """Return the finding of a source that gives articles."""
        read = f"; {article.id} was read" if article is not None else ""
        articles = counted(count, "article")
        if suspicious := self._suspicious():
            return Finding(
                "suspicious",
                with_period(f"{name} has {articles}, but {suspicious[0]}"),
                self.base_url,
            )
        if not unknown:
            found = f"{name} has {articles}, and all that it has is stored{read}."
            return Finding("all_known", found, self.base_url)
        found = f"{name} has {articles}, {unknown} not stored yet{read}."
        return Finding("healthy", found, self.base_url)

    def _suspicious(self) -> list[str]:
        """Return what recent crawls found instead of articles."""
        if self.archive is None:
            return []
        retention = datetime.timedelta(days=RETENTION_DAYS)
        lately = datetime.datetime.fromisoformat(utc_now()) - retention
        return suspects.sentences(self.archive, since=lately.isoformat(timespec="seconds"))

    # -- a list -------------------------------------------------------------------------

    async def _check_feed(self, asked: RequestedList) -> Finding:
        """Check a feed of :mod:`newscrawl.sites.lists`, and the article of an entry.

        :raises Finding: it ends before an article.
        """
        url = asked.list.address(
            self.base_url, is_own_base=self.is_own_base, argument=asked.argument
        )
        self._allow(url)
        response = await self.get_now(Request(url, headers=dict(asked.list.headers)))
        answer = self._page(PageKind.LIST_ANSWER, response)
        try:
            read = read_list_answer(asked.list, answer)
        except Unreadable as error:
            raise self._no_list(answer, error, "no_list") from error
        self.say(f"The list {asked.label}: {counted(len(read.records), 'record')}.")
        if not read.records:
            found = f"The list {asked.label} {read.lacks or 'is empty'}."
            return Finding("empty_list", found, answer.url)
        return await self._check_entries(asked, read.records, answer)

    async def _check_entries(
        self, asked: RequestedList, records: list[Any], answer: Page
    ) -> Finding:
        name = f"The list {asked.label}"
        entries = [made for each in records if (made := self._entry(asked, each, answer))]
        if not entries:
            found = f"{name} has {counted(len(records), 'record')}, and none with an article's id."
            return Finding("no_articles", found, answer.url)
        unknown = [places for places, is_known in entries if not is_known]
        # An entry without a URL is all there is of its article.
        places = next(filter(None, unknown or [places for places, _ in entries]), [])
        article = await self._first_readable(places) if places else None
        well = self._well(name, len(entries), len(unknown), article)
        since = self._stale_since(asked) if well.cause == "all_known" else None
        if since is None:
            return well
        found = f"{name} has shown nothing new since {since}, for longer than ever before."
        return Finding("stale_list", found, answer.url)

    def _stale_since(self, asked: RequestedList) -> str | None:
        return stale_since(self.archive, asked.label, utc_now()) if self.archive else None

    def _entry(
        self, asked: RequestedList, record: Any, answer: Page
    ) -> tuple[list[Page], bool] | None:
        """Return the pages that may have the article of an entry, and whether it is stored.

        None for an entry without an id.
        """
        shape = asked.list.shape
        try:
            if shape is atom_feed.SHAPE and self.is_own_post(record["link"]):
                page, _ = self.post_at(record["link"])
                return [page], self._has_page(page)
            now = datetime.datetime.now(datetime.UTC)
            page = list_entry.entry_page(
                shape, record, answer, answered_at=now, argument=asked.argument
            )
            info_code = info_code_of_stem(list_entry.printed_id(shape, page.id), self.site)
        except ValueError:
            return None
        if digits_of(info_code) is None:
            return [], self._has_page(page)
        is_known = self.archive is not None and Known(self.archive).has_article(info_code)
        return self._places(info_code), is_known

    def _places(self, info_code: str) -> list[Page]:
        """Return the pages that may have an article, in the order in which a crawl asks them."""
        base, hosts = (self.base_url, self.hosts) if self.is_own_base else (None, None)
        take = credentials_of(self.crawler).take
        resolvers = [(kind, take(url)) for kind, url in resolvers_of(self.crawler.settings)]
        found = list(resolver_urls(info_code, resolvers, base=base, hosts=hosts))
        for _, url in found:
            self._allow(url)
        return [resolver_page(info_code, kind, url, self.site) for kind, url in found]

    # -- what both need -----------------------------------------------------------------

    def _allow(self, url: str) -> None:
        """Let the host of a list, or of its articles, be asked; not with a site of the user's."""
        host = urlsplit(url).hostname
        if host and not self.is_own_base and host not in self.allowed_domains:
            self.allowed_domains.append(host)

    def _has_page(self, page: Page) -> bool:
        return self.archive is not None and Known(self.archive).has_page(page)

    def _page(self, kind: PageKind, response: Response) -> Page:
        return Page(
            kind=kind, id=response.url, url=response.url, body=response.body,
            observed_at=utc_now(), site=self.site,
            content_type=header(response, "Content-Type"),
        )  # fmt: skip


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 link``, ``24 links``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
