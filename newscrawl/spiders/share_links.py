"""Resolves infoCodes and share links: requests URL after URL until one has the article."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.exceptions import UsageError

from newscrawl.items import Article, Failed, Filtered, PageKind, Rejected, Repeated, Unresolved
from newscrawl.middlewares.credentials import credentials_of
from newscrawl.sites.eastmoney.share_urls import (
    BadResolvers,
    parse_resolvers,
    resolver_page,
    resolver_urls,
)
from newscrawl.spiders.base import NewsSpider
from newscrawl.text.passwords import clean_address

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

Address = tuple[PageKind, str]
"""Kind of page, URL."""


class ShareLinks(NewsSpider):
    """A spider that resolves share links. A share page itself is an empty shell."""

    resolvers: list[tuple[PageKind, str]]
    """Kind of page and URL template of each place to ask, first one first."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Read the resolvers before the run begins."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        take = credentials_of(crawler).take
        spider.resolvers = [(kind, take(url)) for kind, url in resolvers_of(crawler.settings)]
        return spider

    def resolve(
        self, info_code: str, *, link: str | None = None, trusted: bool = False
    ) -> Iterator[Any]:
        """Ask for the article of *info_code*, at the first address that may have it.

        *link* is the share link that led here: its own host is asked first, unless the user
        named a site. A link that was met on a page may lead anywhere: only one that the user
        gave (*trusted*) leads to a host that is not known.
        """
        if self.is_full:
            yield Filtered()
            return
        if trusted and link:
            link = credentials_of(self.crawler).take(link)
        hosts = self.hosts if self.is_own_base else None
        base = self.base_url if self.is_own_base else share_host(link or "")
        if base and not (trusted or self.is_own_base) and not self._is_known(base):
            base = None
        found = list(resolver_urls(info_code, self.resolvers, base=base, hosts=hosts))
        if not self.is_own_base:
            for _, url in found:
                host = urlsplit(url).hostname
                if host and host not in self.allowed_domains:
                    self.allowed_domains.append(host)
        yield from self._ask(info_code, found)

    def _ask(self, info_code: str, rest: list[Address]) -> Iterator[Any]:
        """Ask the first of *rest*, unless it was asked before in this run; keep the others."""
        if not rest:
            return
        kind, url = rest[0]
        if asked := self.asked_as(url):
            yield Repeated(asked)
            return
        page = resolver_page(info_code, kind, url, self.site)
        yield from self.ask(page, info_code=info_code, rest=rest[1:])

    def _is_known(self, base: str) -> bool:
        """Whether a host is one of the sources' own."""
        known = {urlsplit(template).hostname for _, template in self.resolvers}
        mirrors = self.crawler.settings.getlist("NEWSCRAWL_MIRROR_HOSTS")
        return urlsplit(base).hostname in {*known, *mirrors}

    def after(self, article: Article, **cb_kwargs: Any) -> Iterable[Any]:
        """Ask the next address, too, where this one gave no text."""
        if article.body_text is None:
            yield from self._next(**cb_kwargs)

    def unreadable(self, reject: Rejected, **cb_kwargs: Any) -> Iterable[Any]:
        """Keep what came, and ask the next address."""
        reject.final = not cb_kwargs.get("rest")
        yield reject
        yield from self._next(**cb_kwargs)

    def failed(self, failure: Failed, **cb_kwargs: Any) -> Iterable[Any]:
        """Note that nothing came, and ask the next address."""
        failure.final = not cb_kwargs.get("rest")
        yield failure
        yield from self._next(**cb_kwargs)

    def _next(self, info_code: str = "", rest: list[Address] | None = None) -> Iterator[Any]:
        if rest:
            yield from self._ask(info_code, rest)
        elif info_code:
            yield Unresolved(info_code)


def resolvers_of(settings: BaseSettings) -> list[tuple[PageKind, str]]:
    """Return the page kind and URL template of each resolver, in the order of the setting.

    :raises UsageError: the setting is wrong.
    """
    try:
        return parse_resolvers(settings["NEWSCRAWL_RESOLVERS"])
    except BadResolvers as error:
        raise UsageError(str(error)) from None


def share_host(link: str) -> str | None:
    """Return the root of the host of a share page; None if *link* is not the URL of one."""
    parts = urlsplit(clean_address(link))
    is_share = "infocode=" in parts.query.casefold() and parts.path.casefold().endswith(".html")
    if not is_share or parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return f"{parts.scheme}://{parts.netloc}/"
