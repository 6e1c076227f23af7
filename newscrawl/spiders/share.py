"""Resolves share links and infoCodes to their articles."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

from scrapy.exceptions import UsageError

from newscrawl.items import PageKind, Trouble
from newscrawl.sites.eastmoney.info_code import BadInfoCode, parse_info_code
from newscrawl.spiders.arguments import is_set
from newscrawl.spiders.base import NewsSpider
from newscrawl.spiders.share_links import ShareLinks
from newscrawl.text.files import read_text

logger = logging.getLogger(__name__)


class ShareSpider(ShareLinks):
    """Resolves share links and infoCodes through the sources' own answers.

    Arguments: ``info_code`` (infoCodes or share URLs, by commas), ``urls`` (a file with one per
    line, ``-`` for standard input), ``stored=1`` (every share link in the archive that was not
    yet resolved), ``limit``, ``base_url``, ``hosts``, ``site``.
    """

    name = "share"
    argument_names: ClassVar[frozenset[str]] = NewsSpider.argument_names | {
        "info_code", "urls", "stored",
    }  # fmt: skip

    page_kinds = (PageKind.API_ANSWER, PageKind.NEWSINFO_ANSWER, PageKind.ARTICLE_PAGE)

    def __init__(self, name: str | None = None, **arguments: str) -> None:
        super().__init__(name, **arguments)
        self.stored = is_set(arguments, "stored")
        self._malformed: list[str] = []
        named = [each.strip() for each in arguments.get("info_code", "").split(",")]
        self._links = [self._checked(each) for each in named if each]
        if "urls" in arguments:
            self._links += self._read(arguments["urls"])
        if not self._links and not self.stored:
            raise UsageError(
                "Nothing to resolve: name an infoCode or share URL, a file of them (urls), "
                "or ask for those in the archive (stored)"
                + "".join(f"\n{each}" for each in self._malformed[:3])
            )

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the article of each link."""
        if self._malformed:
            for each in self._malformed:
                logger.warning(each)
            lines = ", ".join(each.partition(":")[0] for each in self._malformed[:3])
            more = f" and {len(self._malformed) - 3} more" if len(self._malformed) > 3 else ""
            yield Trouble(f"no share link: {lines}{more}")
        for link, info_code in self._links:
            for request in self.resolve(info_code, link=link, trusted=True):
                yield request
        for link, info_code in self._stored_links():
            for request in self.resolve(info_code, link=link):
                yield request

    def _stored_links(self) -> Iterator[tuple[str, str]]:
        if self.stored:
            yield from self.known().unresolved_links()

    def _checked(self, link: str) -> tuple[str, str]:
        try:
            return link, parse_info_code(link)
        except BadInfoCode as error:
            raise UsageError(str(error)) from None

    def _read(self, name: str) -> list[tuple[str, str]]:
        """Read one link per line; note each invalid line, and go on."""
        try:
            text = read_text(name)
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"The file of links {name} cannot be read: {error}") from None
        links = []
        for number, line in enumerate(text.splitlines(), start=1):
            link = line.strip()
            if not link or link.startswith("#"):
                continue
            try:
                links.append((link, parse_info_code(link)))
            except BadInfoCode as error:
                self._malformed.append(f"line {number}: {error}")
        return links
