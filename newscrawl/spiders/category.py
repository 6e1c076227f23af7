"""Walks a mirror: home, categories, posts."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urljoin

from scrapy.http import Request, Response
from scrapy.spidermiddlewares.httperror import HttpError

from newscrawl import ids
from newscrawl.base_spider import header, stem_of, why
from newscrawl.following import Following
from newscrawl.items import Article, Listed, Page
from newscrawl.outcome import Exit
from newscrawl.pages import Unreadable, listing
from newscrawl.resolving import Resolving
from newscrawl.store.clock import utc_now

if TYPE_CHECKING:
    from twisted.python.failure import Failure as TwistedFailure

logger = logging.getLogger(__name__)

LISTING, POST = 0, 10
"""Priorities: what a listing shows is stored before the next one is asked, so that a run which is
cut short has something to show for each request."""


class CategorySpider(Resolving, Following):
    """Walks a mirror from its home page over its categories to its posts.

    A mirror has no index of its categories: they are found on the home page, in the footer of
    each post and in the paths of posts.

    Arguments: ``category`` (only these slugs, by commas), ``since`` (a day; older posts are left
    out), ``limit`` (posts to get), ``share=1`` (resolve the share links met), ``base_url``,
    ``hosts``, ``site``.
    """

    name = "category"
    argument_names: ClassVar[frozenset[str]] = Following.argument_names | {"category", "share"}

    page_kinds = ("post",)

    def __init__(self, name: str | None = None, **arguments: str) -> None:
        super().__init__(name, **arguments)
        named = arguments.get("category", "").split(",")
        self.named = [slug.strip() for slug in named if slug.strip()]
        self.share = arguments.get("share", "0") not in ("0", "")
        self._listings: dict[str, str] = {}
        """Slug of each listing asked for, and how it was found."""
        self._missing: set[str] = set()
        """Slugs whose listing does not exist."""
        self.arrived = False
        """Whether the home page came: a run without it has seen nothing."""
        self._posts: set[str] = set()
        self._seen_slugs: set[str] = set()
        self._unknown: list[str] = []

    # -- home ---------------------------------------------------------------------------

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the home page: it shows whether this is such a mirror."""
        yield Request(self.base_url, callback=self.parse_home, errback=self.home_failed)

    def parse_home(self, response: Response) -> Iterator[Any]:
        """Take the posts of the home page, and the categories in their paths."""
        self.arrived = True
        try:
            found = listing.read_listing(self._listing_page(response))
        except Unreadable as error:
            self._no_mirror(response, error.detail)
            return
        if not found.is_mirror or not found.links:
            self._no_mirror(response, "its home page has no list of posts")
            return
        self._seen_slugs.update(found.categories)
        for slug in self.named or found.categories:
            yield from self.ask_listing(slug, found_in="name" if self.named else "path")
        if not self.named:
            for link in found.links:
                yield from self.ask_post(link)

    def home_failed(self, failure: TwistedFailure) -> None:
        """End the run: without its home page nothing is known of the mirror."""
        self.arrived = True
        self.run.stop(Exit.UNREACHABLE, f"{self.base_url} cannot be had: {why(failure)}")

    def _no_mirror(self, response: Response, found: str) -> None:
        self.run.stop(
            Exit.UNREACHABLE,
            f"{response.url} is no mirror of this kind: {found}. Expected a home page with links "
            "like /guojishangbao/2021/12/28/NW202112282228490028.html",
        )

    # -- listings -----------------------------------------------------------------------

    def ask_listing(self, slug: str, *, found_in: str) -> Iterator[Request]:
        """Ask for a category's page, once.

        *found_in* says how sure the slug is: ``name`` (the user's), ``footer`` (as the mirror
        spells it) or ``path`` (lower-cased: its page may not exist under that name).
        """
        url = urljoin(self.base_url, f"category/{quote(slug)}.html")
        if slug in self._listings:
            if found_in == "footer" and self._listings[slug] == "path":
                self._listings[slug] = found_in  # what was a guess is now known to exist
                if slug in self._missing:
                    self._list_lost(slug, "the server answered with status 404")
            return
        self._listings[slug] = found_in
        self.crawler.stats.inc_value("listings/asked")
        yield Request(
            url,
            callback=self.parse_listing,
            errback=self.listing_failed,
            priority=LISTING,
            cb_kwargs={"slug": slug},
        )

    def parse_listing(self, response: Response, slug: str) -> Iterator[Any]:
        """Take the posts of a category."""
        if stem_of(response.url) != slug:
            self._list_gone(slug, f"it redirects to {response.url}")
            return
        try:
            found = listing.read_listing(self._listing_page(response))
        except Unreadable as error:
            self._list_lost(slug, error.detail)
            return
        if not found.is_mirror:  # a login page in its place is no empty list
            self._list_lost(slug, "it is no page of such a mirror")
            return
        self.crawler.stats.inc_value("listings/read")
        for link in found.links:
            yield from self.ask_post(link, category=slug)

    def listing_failed(self, failure: TwistedFailure) -> None:
        """Note that a list could not be had; one that was only guessed at may not exist."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        slug = request.cb_kwargs["slug"]
        found_in = self._listings[slug]
        missing = isinstance(failure.value, HttpError) and failure.value.response.status == 404
        if missing and found_in == "name":
            self._unknown.append(slug)
            known = ", ".join(sorted(self._seen_slugs))
            self.run.fail_at_end(
                Exit.USAGE,
                f"{self.base_url} has no category {', '.join(self._unknown)}. Its home page "
                f"shows, in small letters where a slug may have capitals (TechWeb): {known}",
            )
        elif missing:
            self._list_gone(slug, why(failure))
        else:
            self._list_lost(slug, why(failure))

    def _list_gone(self, slug: str, reason: str) -> None:
        """Note that a list is not there; one that was only guessed at may never have been."""
        if self._listings[slug] == "path":
            self._missing.add(slug)
            self.crawler.stats.inc_value("listings/guessed_wrong")
        else:
            self._list_lost(slug, reason)

    def _list_lost(self, slug: str, reason: str) -> None:
        """Note that a list is not there: its posts may be missed, until the next run."""
        logger.warning("The list of %s cannot be had: %s", slug, reason)
        self.run.lost_lists.append(slug)

    def _listing_page(self, response: Response) -> Page:
        return Page(
            kind="listing", id=response.url, url=response.url, body=response.body,
            observed_at=utc_now(), site=self.site,
            content_type=header(response, "Content-Type"),
        )  # fmt: skip

    # -- posts --------------------------------------------------------------------------

    def ask_post(self, link: str, *, category: str | None = None) -> Iterator[Any]:
        """Ask for a post, once, unless ``since`` or ``limit`` leave it out."""
        try:
            page, info_code = self.post_at(link)
        except ids.BadInfoCode as error:
            self.run.trouble(f"The link {link} leads to no post: {error}")
            return
        if page.url in self._posts:
            self.run.ledger.link("repeated")
        elif not self.is_allowed(page.url) or self.is_too_old(info_code) or self.is_full:
            self.run.ledger.link("filtered")
            return
        else:
            self._posts.add(page.url)
            yield self.get(page, priority=POST)
        if category is not None:
            yield Listed(page.key, info_code, category)

    def after(self, article: Article, **cb_kwargs: Any) -> Iterable[Any]:
        """Go on to the categories that a post names, and to its share link when asked."""
        yield from super().after(article, **cb_kwargs)
        slugs = article.categories or ()
        # Jekyll splits a slug of two words into two categories; not each has a page of its own.
        found_in = "footer" if len(slugs) == 1 else "path"
        for slug in () if self.named else slugs:
            yield from self.ask_listing(slug, found_in=found_in)
        if self.share and article.share_url and article.info_code:
            yield from self.resolve(article.info_code, link=article.share_url)
