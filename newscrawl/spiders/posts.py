"""Loads post files from folders, git checkouts and tarballs, without a network."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

from scrapy.exceptions import UsageError

from newscrawl import sites
from newscrawl.addon import takes_batches
from newscrawl.items import (
    Article,
    BadArgument,
    Batch,
    Failed,
    Filtered,
    Message,
    OutOfRange,
    Page,
    PageKind,
    Rejected,
    RunOptions,
    Scheduled,
    Trouble,
)
from newscrawl.sites.finews import post_file
from newscrawl.sites.normalise import missing, normalise, published_in_utc
from newscrawl.sites.post_files import folders
from newscrawl.sites.post_files.folders import Found, Left, Lost, PostFile, Unsafe
from newscrawl.sites.post_files.git_dirs import NoCheckout, NoHistory
from newscrawl.sites.post_files.history import commit_times
from newscrawl.spiders.arguments import day
from newscrawl.spiders.base import NewsSpider
from newscrawl.store.clock import utc_now

logger = logging.getLogger(__name__)

Item = Article | Rejected | Failed | OutOfRange

TOGETHER = 200
"""Files that are read before the first of them is stored."""
TOGETHER_BYTES = 4 << 20
"""And bytes of them: memory stays flat."""


class PostsSpider(NewsSpider):
    """Loads Jekyll post files, of any generation.

    Arguments: ``paths`` (folders, tarballs and files, separated by commas, or one per line),
    ``since`` (a day; older posts are left out), ``git_dir`` (the git directory of the folders, if
    it is not their own ``.git``; it may belong to another user), ``limit`` (files to read) and
    ``site``.
    """

    name = "posts"
    argument_names: ClassVar[frozenset[str]] = frozenset(
        {"paths", "since", "git_dir", "limit", "site"}
    )

    page_kinds = (PageKind.POST_FILE,)

    custom_settings = {  # noqa: RUF012  as Scrapy declares it
        # It sends no requests.
        "ROBOTSTXT_OBEY": False,
        "AUTOTHROTTLE_ENABLED": False,
        # A copy of a file in another folder may differ or not: the writer decides. A set of all
        # file names would be the only thing here that grows.
        "ITEM_PIPELINES": {"newscrawl.pipelines.Dedupe": None},
        # Read, stored and committed together: the larger the batch, the less the search index
        # writes per file. Two thousand are about a second's work, which a kill would lose.
        "NEWSCRAWL_BATCH_PAGES": 2000,
    }

    def __init__(self, name: str | None = None, **arguments: str) -> None:
        super().__init__(name, **arguments)
        self.since = day("since", arguments["since"]) if "since" in arguments else None
        self._paths = _paths(arguments.get("paths", ""))
        self._git_dir = _git_dir(arguments.get("git_dir"), self._paths)
        self._troubles: list[Trouble] = []
        """What went wrong with the folder or tarball that is being read."""
        self._now = utc_now()
        self._uses = _Uses()
        self._outside = 0
        """Files that may be posts, but are outside the folders in which a site has its posts."""
        self._leading_out = 0
        """Links that point outside their folder, and are not posts by their names."""
        self._link = ""
        """The last of them."""

    def run_options(self) -> RunOptions:
        """Return the spider's ``options``: it brings many articles at once."""
        return replace(super().run_options(), is_import=True)

    async def start(self) -> AsyncIterator[Any]:
        """Yield the article of each file."""
        for path in self._paths:
            before = self._taken
            async for item in self._load(path):
                yield item
            is_readable = not self._troubles
            for trouble in self._troubles:
                yield trouble
            self._troubles.clear()
            if self._outside:
                logger.warning(
                    "%d Markdown files of %s are outside _posts/ and old_post/ and were skipped; "
                    "name their folders to load them, too", self._outside, path,
                )  # fmt: skip
                self._outside = 0
            if self._leading_out:
                logger.warning(
                    "%d symbolic links below %s point outside it and were skipped, such as %s; "
                    "name their targets if you trust them", self._leading_out, path, self._link,
                )  # fmt: skip
                self._leading_out = 0
            if self._taken == before and is_readable and not self.is_full:
                yield BadArgument(
                    f"{path} contains no post files; they are Markdown, with names like "
                    "2021-12-28-NW202112282228490028.md"
                )

    async def _load(self, path: Path) -> AsyncIterator[Article | Message | Batch]:
        files = folders.files(path, await self._committed(path))
        together = takes_batches(self.crawler.settings)
        try:
            batch_pages = self.crawler.settings.getint("NEWSCRAWL_BATCH_PAGES")
            for found in _batches(files, min(TOGETHER, batch_pages)):
                items = self._taken_of(self._read_all(found))
                for each in _apart(items) if together else items:
                    yield each
                if self.is_full or self._is_closing:
                    return
                await asyncio.sleep(0)  # signals are handled even while files are skipped
        except folders.DamagedTarball as error:
            self._troubles.append(Trouble(str(error)))
        except OSError as error:
            self._troubles.append(Trouble(f"{path} cannot be read: {error.strerror}"))

    @property
    def _is_closing(self) -> bool:
        # A closing engine would take all that is left without ever looking at it.
        return bool(self.crawler.engine.needs_backout())

    def _taken_of(self, read: list[tuple[str, Item | None]]) -> Iterator[Article | Message]:
        """Yield what was read of files, up to the limit."""
        for url, item in read:
            if self.is_full or self._is_closing:
                return
            if item is None:
                yield Filtered()
            else:
                self._taken += 1
                yield Scheduled(url)
                yield item

    async def _committed(self, path: Path) -> dict[str, str]:
        """When a folder's files were committed; empty if it has no history."""
        if not path.is_dir():
            return {}
        try:
            return await commit_times(path, self._git_dir)
        except NoHistory as error:
            sentence = f"Files of {path} count as observed when they were published: {error}"
            if self._git_dir is not None:
                self._troubles.append(Trouble(sentence))
            else:
                is_expected = isinstance(error, NoCheckout)
                logger.log(logging.INFO if is_expected else logging.WARNING, "%s", sentence)
            return {}

    def _read_all(self, found: list[Found]) -> list[tuple[str, Item | None]]:
        """Read files together: a fifth faster than in turns with what stores them."""
        self._now = utc_now()
        items = [(each.url, self._item(each)) for each in found]
        for rule, times_used in self._uses.items():
            self.crawler.stats.inc_value(rule, times_used)
        self._uses.clear()
        return items

    def _item(self, found: Found) -> Item | None:
        """Read a file; None for one that is left out."""
        match found:
            case Left():
                self._outside += found.is_outside
                if found.leads_out:
                    self._leading_out += 1
                    self._link = found.name
                return None
            case PostFile():
                return self._read(found)
            case Unsafe():
                if found.is_link:
                    link = found.name[-80:]
                    detail = f"{link!r} is a symbolic link that points outside its folder"
                    return Rejected(self._page(found.url), "unsafe_link", detail)
                detail = f"the name {found.name[:80]!r} points outside its tarball"
                return Rejected(self._page(found.url), "unsafe_name", detail)
            case Lost():
                return Failed(found.url, found.detail)

    def _page(self, url: str, body: bytes = b"") -> Page:
        return Page(
            kind=PageKind.POST_FILE, id=post_file.id_of(_path_in(url)), url=url, body=body,
            observed_at=self._now, site=self.site,
        )  # fmt: skip

    def _read(self, found: PostFile) -> Item:
        page = self._page(found.url, found.body)
        try:
            article = sites.read_page(page, stats=self._uses)
            page.observed_at = found.observed_at or page.observed_at
            if missing(article) is None:
                normalise(article)
        except sites.Unreadable as error:
            return Rejected(page, error.reason, error.detail)
        except Exception as error:
            # Here an exception would end the whole run.
            return Rejected(page, "crash", f"a bug in newscrawl: {error!r}")
        if article.published_raw is not None and article.published_precision == "day":
            self.crawler.stats.inc_value("posts/time_not_believed")
        page.observed_at = found.observed_at or published_in_utc(article) or page.observed_at
        is_old = (
            self.since
            and article.published_at
            and (article.published_at[:10] < self.since.isoformat())
        )
        return OutOfRange(page.url) if is_old else article


class _Uses(Counter[str]):
    """Counts the rules of a batch: Scrapy's own counter takes ten times as long."""

    def inc_value(self, key: str, count: int = 1) -> None:
        self[key] += count


def _path_in(url: str) -> str:
    """The path of a file, or of a tarball's member within it."""
    path = unquote(url.removeprefix("file://"))  # invalid UTF-8 becomes U+FFFD
    return path.rpartition("!/")[2] if "!/" in path else path


def _apart(items: Iterator[Article | Message]) -> Iterator[Batch]:
    """Yield batches in none of which a file is twice, as it can be in one tarball."""
    batch, urls = Batch([]), set[str]()
    for each in items:
        if isinstance(each, Scheduled):
            if each.url in urls:
                yield batch
                batch, urls = Batch([]), set()
            urls.add(each.url)
        batch.items.append(each)
    yield batch


def _batches(files: Iterator[Found], most: int) -> Iterator[list[Found]]:
    """Yield files in batches, small ones if they are large; also those before an error."""
    batch: list[Found] = []
    size = 0
    try:
        for found in files:
            batch.append(found)
            size += len(found.body) if isinstance(found, PostFile) else 0
            if len(batch) >= most or size >= TOGETHER_BYTES:
                yield batch
                batch, size = [], 0
    except (folders.DamagedTarball, OSError):
        yield batch
        raise
    yield batch


def _paths(text: str) -> list[Path]:
    """Return the paths that the argument names.

    :raises UsageError: there is none, one does not exist, or one is not a source of posts.
    """
    split = text.splitlines() if "\n" in text else text.split(",")
    paths = [Path(each.strip()) for each in dict.fromkeys(split) if each.strip()]
    if not paths:
        raise UsageError("Nothing to load: name folders, tarballs or post files with paths=")
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist")
        if folders.kind_of_source(path) is None:
            raise UsageError(
                f"{path} is not a folder, a tarball (.tar, .tar.gz, .tar.bz2, .tar.xz, .zip) or "
                "a post file (.md)"
            )
    return paths


def _git_dir(named: str | None, paths: list[Path]) -> Path | None:
    """Return the git directory that the user named.

    :raises UsageError: it is not a folder, or there is no folder whose history it could have.
    """
    if named is None:
        return None
    if not Path(named).is_dir():
        raise UsageError(f"{named} is not a folder; git_dir names a git directory, such as a .git")
    if not any(path.is_dir() for path in paths):
        raise UsageError("git_dir is for folders, and paths names none")
    return Path(named)
