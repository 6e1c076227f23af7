"""Walks a mirror: home, categories, posts."""

from __future__ import annotations

import itertools
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin

from scrapy.http import Request, Response

from newscrawl.items import (
    Article,
    BadArgument,
    Filtered,
    HomeCame,
    Listed,
    ListingChecked,
    ListingConfirmed,
    ListingFailed,
    Message,
    Page,
    PageKind,
    Repeated,
    RunOptions,
    Scheduled,
    Skipped,
    ToResolve,
    Trouble,
    Unreachable,
    YoungToResolve,
)
from newscrawl.middlewares.channel import of_errback
from newscrawl.middlewares.failures import failure_reason, status_of
from newscrawl.middlewares.known import make_conditional
from newscrawl.sites import Unreadable
from newscrawl.sites.eastmoney.info_code import BadInfoCode
from newscrawl.sites.finews import listing_page
from newscrawl.sites.finews.retention import HOME_SHOWS, RETENTION_DAYS, forgotten_until
from newscrawl.spiders.arguments import is_set
from newscrawl.spiders.base import header, stem_of
from newscrawl.spiders.post_links import PostLinks
from newscrawl.spiders.share_links import ShareLinks
from newscrawl.store.clock import utc_now
from newscrawl.store.listings import Listing, ListingCheck, ListingKey, hash_links
from newscrawl.store.stored_times import shifted

if TYPE_CHECKING:
    from twisted.python.failure import Failure as TwistedFailure

logger = logging.getLogger(__name__)

LISTING, POST = 0, 10
"""Priorities: what a listing shows is stored before the next one is asked, so that a run which is
cut short has something to show for each request."""


class CategorySpider(ShareLinks, PostLinks):
    """Walks a mirror from its home page over its categories to its posts.

    A mirror has no index of its categories: they are found on the home page, in the footer of
    each post, in the paths of posts, and in the archive.

    Arguments: ``category`` (only these slugs, by commas), ``due=1`` (only the listings that are
    due), ``since`` (a day; older posts are left out), ``limit`` (posts to get),
    ``share=1`` (resolve the share links met), ``revisit=1`` (revisit stored posts, due or
    not), ``base_url``, ``hosts``, ``site``.
    """

    name = "category"
    argument_names: ClassVar[frozenset[str]] = PostLinks.argument_names | {
        "category", "share", "due",
    }  # fmt: skip

    page_kinds = (PageKind.POST_PAGE,)

    def __init__(self, name: str | None = None, **arguments: str) -> None:
        super().__init__(name, **arguments)
        named = arguments.get("category", "").split(",")
        self.named = [slug.strip() for slug in named if slug.strip()]
        self.share = is_set(arguments, "share")
        self.due = is_set(arguments, "due")
        # A later 304 must not hide what a limit or a date left out.
        self._keeps_checks = self.since is None and self.limit is None
        self._listings: dict[str, str] = {}
        """Slug of each requested listing, and how it was found."""
        self._missing: dict[str, str] = {}
        """Slugs whose listing does not exist, and why it is thought so."""
        self._shown: dict[str, list[bool]] = {}
        """For each slug in the paths of the home page's posts, which of them are known."""
        self._at_home: set[str] = set()
        """URLs of the posts that the home page shows: they are news of no other listing."""
        self._unknown: list[str] = []
        self._home: Listing | None = None
        self._stored: dict[str, Listing] = {}
        """What the archive knows of the listings, by slug."""
        self._left: list[tuple[str, str | None]] = []
        """What is to be resolved since before the run, with its share links."""

    def run_options(self) -> RunOptions:
        """Return the spider's ``options``: without a home page it has seen nothing."""
        return replace(
            super().run_options(),
            keeps_checks=self._keeps_checks,
            needs_home=True,
            crawls_all=not self.named,
            is_whole=self._keeps_checks and not self.named,
        )

    # -- home ---------------------------------------------------------------------------

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the home page: it shows whether this is such a mirror."""
        self._home = self.known().listings(self.site, "home").get("")
        self._stored = self.known().listings(self.site, "category")
        if self.share:
            if not self.named:
                yield YoungToResolve(self._young_since())
            self._left = self.known().due_links(self.site, utc_now())
        request = Request(self.base_url, callback=self.parse_home, errback=self.home_failed)
        yield request if self.named else self._conditional(request, self._home)

    def parse_home(self, response: Response) -> Iterator[Any]:
        """Take the posts of the home page, and the categories in their paths."""
        yield HomeCame()
        if response.status == 304 and self._home is not None:
            yield self._unchanged(response, ListingKey(self.site, "home", ""), self._home)
            yield from self._ask_listings()
            yield from self._revisit()
            yield from self._resolve_left()
            return
        try:
            found = listing_page.read_listing(self._listing_page(response))
        except Unreadable as error:
            yield _no_mirror(response, error.detail)
            return
        self.count_odd_bytes(response, found.odd_bytes)
        if not found.is_mirror or not found.links:
            yield _no_mirror(response, "its home page has no list of posts")
            return
        self._note_shown(found.links)
        if self.named:
            yield from self._ask_named()
        else:
            yield from self._ask_listings()
            check = self._check(response, ListingKey(self.site, "home", ""), "home", found.links)
            check.gap = self._gap(self._home, found.links)
            yield from self._ask_posts(found.links, check, self._home)
        yield from self._revisit()
        yield from self._resolve_left()

    def home_failed(self, failure: TwistedFailure) -> Iterable[Any]:
        """End the run: without its home page nothing is known of the mirror."""
        reason = failure_reason(failure.value)
        key = ListingKey(self.site, "home", "")
        said = [
            HomeCame(),
            ListingFailed(key, self.base_url, "home", reason),
            Unreachable(f"could not fetch {self.base_url}: {reason}", at_once=True),
        ]
        return of_errback(self.crawler, failure, said)

    # -- which listings -------------------------------------------------------------------

    def _ask_named(self) -> Iterator[Any]:
        for slug in self.named:
            stored = self._stored.get(slug)
            if not self.due or stored is None or self._is_due(slug, stored):
                yield from self.ask_listing(slug, found_in="name")

    def _ask_listings(self) -> Iterator[Any]:
        """Ask for the listings that are known, and for those that the home page hints at."""
        live = {slug: each for slug, each in self._stored.items() if not each.missing_since}
        for slug, stored in live.items():
            if not self.due or self._is_due(slug, stored):
                yield from self.ask_listing(slug, found_in=stored.found_in)
        # A killed run may have stored posts without requesting the listings that they name.
        named = self.known().young_categories(self.site, self._young_since())
        for slug, is_certain in named.items():
            if slug not in self._stored:
                yield from self.ask_listing(slug, found_in="footer" if is_certain else "path")
        known = {slug.casefold() for slug in live}
        for slug in self._shown:
            if slug.casefold() not in known:
                yield from self._ask_shown(slug)

    def _ask_shown(self, slug: str) -> Iterator[Any]:
        """Ask for a listing that a path on the home page names, and that is not known to exist."""
        gone = {
            name: stored
            for name, stored in self._stored.items()
            if name.casefold() == slug.casefold() and stored.found_in != "path"
        }
        for name, stored in gone.items():
            yield from self.ask_listing(name, found_in=stored.found_in)
        guess = self._stored.get(slug)
        # A path is in small letters, so this may be no listing's name: then ask seldom.
        if not gone and (guess is None or self.schedule().is_listing_due(guess)):
            yield from self.ask_listing(slug, found_in="path")

    def _is_due(self, slug: str, stored: Listing) -> bool:
        """Whether a listing is due: by how often it had news so far, or by the home page.

        Where the home page shows as many posts of it as it ever does, and none is known, there
        may be more.
        """
        shown = self._shown.get(slug.casefold(), [])
        return (
            stored.content_hash is None
            or stored.failed_at is not None
            or (len(shown) >= HOME_SHOWS and not any(shown))
            or self.schedule().is_listing_due(stored)
        )

    def _note_shown(self, links: list[str]) -> None:
        for link in links:
            try:
                page, _ = self.post_at(link)
            except BadInfoCode:
                continue
            if not self.named:
                self._at_home.add(page.url)
            is_known = self.known().has_page(page)
            for slug in listing_page.category_of_path(link):
                self._shown.setdefault(slug.casefold(), []).append(is_known)

    # -- listings -----------------------------------------------------------------------

    def ask_listing(self, slug: str, *, found_in: str) -> Iterator[Any]:
        """Ask for a category's page, once.

        *found_in* says how sure the slug is: ``name`` (the user's), ``footer`` (as the mirror
        spells it) or ``path`` (lower-cased: its page may not exist under that name).
        """
        if slug in self._listings:
            if found_in == "footer" and self._listings[slug] == "path":
                self._listings[slug] = found_in  # what was a guess is now known to exist
                yield ListingConfirmed(self._key(slug))
                if slug in self._missing:
                    yield self._list_lost(slug, self._missing[slug])
            return
        self._listings[slug] = found_in
        self.crawler.stats.inc_value("listings/asked")
        request = Request(
            self._url(slug),
            callback=self.parse_listing,
            errback=self.listing_failed,
            priority=LISTING,
            cb_kwargs={"slug": slug},
        )
        yield self._conditional(request, self._stored.get(slug))

    def parse_listing(self, response: Response, slug: str) -> Iterator[Any]:
        """Take the posts of a category."""
        if stem_of(response.url) != slug:
            yield from self._list_gone(slug, f"it redirects to {response.url}")
            return
        key, stored = self._key(slug), self._stored.get(slug)
        if response.status == 304 and stored is not None:
            yield self._unchanged(response, key, stored)
            return
        try:
            found = listing_page.read_listing(self._listing_page(response))
        except Unreadable as error:
            yield self._list_lost(slug, error.detail)
            return
        self.count_odd_bytes(response, found.odd_bytes)
        if not found.is_mirror:  # a login page is not an empty listing
            yield self._list_lost(slug, "it is not a page of a mirror")
            return
        # Its posts would be given a category that is not theirs. Hosts differ in case.
        if found.own is not None and found.own.casefold() != slug.casefold():
            yield self._list_lost(slug, f"it is the page of {found.own or 'the site'}")
            return
        self.crawler.stats.inc_value("listings/read")
        check = self._check(response, key, self._listings[slug], found.links)
        if stored is not None and stored.content_hash == check.content_hash and not self.revisit:
            yield ListingChecked(check, stored)
            return
        check.gap = self._gap(stored, found.links)
        yield from self._ask_posts(found.links, check, stored, category=slug)

    def _conditional(self, request: Request, stored: Listing | None) -> Request:
        """Return the request, with validators where all that the listing led to is stored."""
        if stored is not None and stored.url == request.url and not self.revisit:
            make_conditional(request, stored.etag, stored.last_modified)
        return request

    def _url(self, slug: str) -> str:
        return urljoin(self.base_url, listing_page.path_of_slug(slug))

    def _key(self, slug: str) -> ListingKey:
        return ListingKey(self.site, "category", slug)

    def _check(
        self, response: Response, key: ListingKey, found_in: str, links: list[str]
    ) -> ListingCheck:
        return ListingCheck(
            key, response.url, found_in, checked_at=utc_now(), etag=header(response, "ETag"),
            last_modified=header(response, "Last-Modified"), content_hash=hash_links(links),
        )  # fmt: skip

    def _unchanged(self, response: Response, key: ListingKey, stored: Listing) -> ListingChecked:
        """Return the check of a listing that the server reports as unchanged."""
        self.crawler.stats.inc_value("listings/unchanged")
        check = self._check(response, key, stored.found_in, [])
        check.etag, check.last_modified = (
            check.etag or stored.etag,
            (check.last_modified or stored.last_modified),
        )
        check.content_hash = stored.content_hash
        return ListingChecked(check, stored)

    def _gap(self, stored: Listing | None, links: list[str]) -> tuple[str, str] | None:
        """Return the time of which a listing has shown and dropped posts unseen; None where none.

        A post that was seen before that time ended and is shown still tells that the listing does
        not forget so soon. One that was seen since tells nothing: the home page may have shown it
        while the listing failed. The home page has posts of all categories, and most of them must
        be that old.
        """
        seen = self._last_seen(stored)
        until = forgotten_until(self.schedule().present)
        if seen is None or seen >= until:
            return None
        old = sum(self._was_seen_before(until, link) for link in links)
        is_whole = old > len(links) / 2 if stored is self._home else old > 0
        return None if is_whole else (seen, until)

    def _last_seen(self, stored: Listing | None) -> str | None:
        """Return up to when all that a listing showed was seen.

        The home page shows the newest posts of every category, so a successful check of it
        counts for a listing that was not failing then.
        """
        if stored is None or stored.checked_at is None:
            return None
        checked_at = self.schedule().times.true(stored.checked_at)
        if stored.failed_at is not None or self._home is None or self._home.checked_at is None:
            return checked_at
        return max(checked_at, self.schedule().times.true(self._home.checked_at))

    def _was_seen_before(self, moment: str, link: str) -> bool:
        try:
            page, _ = self.post_at(link)
        except BadInfoCode:
            return False
        known = self.known().page(page)
        return known is not None and self.schedule().times.true(known.observed_at) < moment

    def listing_failed(self, failure: TwistedFailure) -> Iterable[Any]:
        """Say that a listing could not be fetched."""
        return of_errback(self.crawler, failure, self._listing_failed(failure))

    def _listing_failed(self, failure: TwistedFailure) -> Iterator[Message]:
        """A listing that was only guessed at may not exist."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        slug = request.cb_kwargs["slug"]
        found_in = self._listings[slug]
        missing = status_of(failure.value) == 404
        if missing and found_in == "name" and slug not in self._stored:
            self._unknown.append(slug)
            known = ", ".join(sorted(self._shown))
            yield BadArgument(
                f"{self.base_url} has no category {', '.join(self._unknown)}. Its home page "
                f"shows, in small letters where a slug may have capitals (TechWeb): {known}"
            )
        elif missing:
            yield from self._list_gone(slug, failure_reason(failure.value))
        else:
            yield self._list_lost(slug, failure_reason(failure.value))

    def _list_gone(self, slug: str, reason: str) -> Iterator[Message]:
        """Say that a listing is not there.

        One that was only guessed at may never have been. One that was there, and of which the
        home page shows no post, has none: the mirror makes no page of it then.
        """
        if self._listings[slug] == "path":
            self._missing[slug] = reason
            self.crawler.stats.inc_value("listings/guessed_wrong")
        elif slug not in self._stored or slug.casefold() in self._shown:
            yield self._list_lost(slug, reason)
            return
        check = ListingCheck(
            self._key(slug), self._url(slug), self._listings[slug], utc_now(), is_missing=True
        )
        yield ListingChecked(check, self._stored.get(slug))

    def _list_lost(self, slug: str, reason: str) -> ListingFailed:
        """Say that a listing is not there: its posts may be missed, until the next run."""
        return ListingFailed(self._key(slug), self._url(slug), self._listings[slug], reason)

    def _listing_page(self, response: Response) -> Page:
        return Page(
            kind=PageKind.LISTING_PAGE, id=response.url, url=response.url, body=response.body,
            observed_at=utc_now(), site=self.site,
            content_type=header(response, "Content-Type"),
        )  # fmt: skip

    # -- posts --------------------------------------------------------------------------

    def _ask_posts(
        self, links: list[str], check: ListingCheck, stored: Listing | None,
        *, category: str | None = None,
    ) -> Iterator[Any]:  # fmt: skip
        """Ask for the posts of a listing; its check is kept when all of them have ended."""
        pages: list[str] = []
        for link in links:
            for each in self.ask_post(link, category=category):
                if isinstance(each, Scheduled | Skipped | Repeated):
                    pages.append(each.url)
                yield each
        is_home = check.key.kind == "home"
        yield ListingChecked(check, stored, pages, frozenset() if is_home else self._at_home)

    def ask_post(self, link: str, *, category: str | None = None) -> Iterator[Any]:
        """Ask for a post, once, unless ``since`` or ``limit`` leave it out."""
        try:
            page, info_code = self.post_at(link)
        except BadInfoCode as error:
            yield Trouble(f"The link {link} leads to no post: {error}")
            return
        if asked := self.asked_as(page.url):
            yield Repeated(asked)
        elif not self.is_allowed(page.url) or self.is_too_old(info_code) or self.is_full:
            yield Filtered()
            return
        else:
            yield from self.ask(page, priority=POST)
        if category is not None:
            yield Listed(page.key, info_code, category)

    def _revisit(self) -> Iterator[Any]:
        """Ask again for young posts that are due, whether a listing shows them or is as it was."""
        # And for those that a wrong clock has dated, whatever it wrote.
        spans = [(span.begin, span.end) for span in self.schedule().times.spans]
        young = itertools.chain.from_iterable(
            self.known().young_posts(self.site, *span)
            for span in [(self._young_since(), "9999"), *spans]
        )
        named = {slug.casefold() for slug in self.named}
        for page, info_code, known in young:
            page.url = self.own(page.url)
            is_ours = page.url.startswith(self.base_url) and not self.asked_as(page.url)
            slugs = {slug.casefold() for slug in listing_page.category_of_path(page.url)}
            if not is_ours or self.is_full or self.is_too_old(info_code):
                continue
            if not self.schedule().is_due(known):
                continue
            if named and not slugs & named:
                continue
            yield from self.ask(page, priority=POST)

    def _resolve_left(self) -> Iterator[Any]:
        """Resolve what an earlier run was to resolve and did not, and what none was asked to."""
        for info_code, link in self._left:
            if not self.is_too_old(info_code):
                yield from self.resolve(info_code, link=link)

    def _young_since(self) -> str:
        return shifted(self.schedule().present, -timedelta(days=RETENTION_DAYS).total_seconds())

    def before(self, article: Article) -> Iterator[Message]:
        """Say that the share link of a post is to be resolved."""
        if self._is_resolved(article) and article.id:
            yield ToResolve(article.id, article.share_url)

    def _is_resolved(self, article: Article) -> bool:
        """Whether the share link of an article is to be resolved."""
        is_link = bool(self.share and article.share_url and article.id)
        return is_link and not self.is_before_since(article)

    def after(self, article: Article, **cb_kwargs: Any) -> Iterable[Any]:
        """Go on to the categories that a post names, and to its share link when asked."""
        yield from super().after(article, **cb_kwargs)
        slugs = article.categories or ()
        # Jekyll splits a slug of two words into two categories; not each has a page of its own.
        found_in = "footer" if len(slugs) == 1 else "path"
        for slug in () if self.named else slugs:
            yield from self.ask_listing(slug, found_in=found_in)
        if self._is_resolved(article) and article.id:
            yield from self.resolve(article.id, link=article.share_url)


def _no_mirror(response: Response, found: str) -> Unreachable:
    return Unreachable(
        f"{response.url} is not a mirror: {found}. Expected a home page with links "
        "like /guojishangbao/2021/12/28/NW202112282228490028.html",
        at_once=True,
    )
