"""What the archive knows, and what is due: for spiders, which then know what to ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newscrawl.runs.run import run_of
from newscrawl.sites import LOADER_VERSION

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Request

    from newscrawl.items import Page
    from newscrawl.runs.schedule import Schedule
    from newscrawl.store.known import Known, KnownPage


def known_of(crawler: Crawler) -> Known:
    """Return what the archive of a crawl knows.

    :raises StoreError: the store has failed, and the run is about to end.
    """
    return run_of(crawler).archive.known


def schedule_of(crawler: Crawler) -> Schedule:
    """Return what tells which pages and listings are due in a crawl."""
    return run_of(crawler).schedule


def find_known(known: Known, page: Page) -> KnownPage | None:
    """Return what is known of a page that need not be fetched; None if it must be."""
    found = known.page(page)
    if found is None:
        return known.rejected_page(page, loader_version=LOADER_VERSION)
    # A response without a text is fetched again.
    return found if found.has_body or page.kind.is_revisited else None


def make_conditional(request: Request, etag: str | None, last_modified: str | None) -> None:
    """Add validators: the server answers 304, without the page, if it is unchanged."""
    if etag:
        request.headers["If-None-Match"] = etag
    if last_modified:
        request.headers["If-Modified-Since"] = last_modified
    if etag or last_modified:
        request.meta["handle_httpstatus_list"] = [304]
