"""Links to a mirror's posts: their URL on the crawled host, and whether they are too old."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar
from urllib.parse import quote, unquote, urljoin, urlsplit

from newscrawl.items import Article, Page, PageKind
from newscrawl.sites.eastmoney.info_code import (
    BadInfoCode,
    date_of_info_code,
    info_code_of_stem,
)
from newscrawl.sites.finews import listing_page
from newscrawl.sites.normalise import missing, normalise
from newscrawl.spiders.arguments import day
from newscrawl.spiders.base import NewsSpider, stem_of
from newscrawl.text.passwords import clean_address
from newscrawl.text.urls import normalized_path


class PostLinks(NewsSpider):
    """A spider that follows links to posts.

    Argument: ``since`` (a day; older posts are left out).
    """

    argument_names: ClassVar[frozenset[str]] = NewsSpider.argument_names | {"since"}

    def __init__(self, name: str | None = None, **arguments: str) -> None:
        super().__init__(name, **arguments)
        self.since = day("since", arguments["since"]) if "since" in arguments else None

    def own(self, link: str) -> str:
        """Return the address of *link* on the host that is being crawled."""
        parts = urlsplit(clean_address(urljoin(self.base_url, link)))
        if parts.hostname in self.crawler.settings.getlist("NEWSCRAWL_MIRROR_HOSTS"):
            return urljoin(self.base_url, quote(unquote(parts.path.lstrip("/"))))
        return parts._replace(path=quote(unquote(parts.path)), fragment="").geturl()

    def is_own_post(self, link: str) -> bool:
        """Whether *link* leads to a post on the host that is being crawled."""
        if not listing_page.is_post_link(link):
            return False
        return urlsplit(self.own(link)).hostname == urlsplit(self.base_url).hostname

    def post_at(self, link: str) -> tuple[Page, str]:
        """Return the page of the post that *link* leads to, still without its bytes, and its id.

        :raises BadInfoCode: it does not lead to a post, or is not the URL of a page.
        """
        try:
            url = self.own(link)
            parts = urlsplit(url)
            is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address:
            raise BadInfoCode(link, "is not the URL of a page")
        info_code = info_code_of_stem(stem_of(url), self.site)
        return Page(
            PageKind.POST_PAGE, normalized_path(url), url, b"", observed_at="", site=self.site
        ), info_code

    def is_too_old(self, info_code: str) -> bool:
        """Whether the id's date is before ``since``, with a day of grace: it may differ by one."""
        date = date_of_info_code(info_code)
        if self.since is None or date is None:
            return False
        return (self.since - date).days > 1

    def is_before_since(self, article: Article) -> bool:
        """Whether what a page says of its time is before ``since``; the article stays as it is."""
        if self.since is None or missing(article) is not None:
            return False
        published_at = normalise(replace(article)).published_at
        return published_at is not None and published_at[:10] < self.since.isoformat()
